// What a browser needs to check a log by itself: the hashes of RFC 6962, the proofs of RFC 9162,
// and the signed notes of C2SP. It trusts nothing of what it is given. Sizes are BigInt.
const merkle = (function () {
  "use strict";
  const utf8 = new TextEncoder();

  // missing says in words why nothing can be checked here, or is "".
  const missing = window.isSecureContext && window.crypto && crypto.subtle ? "" :
    "This page was not served securely (HTTPS), so this browser has no cryptography for it.";

  function concat(...parts) {
    const all = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
    let at = 0;
    for (const p of parts) {
      all.set(p, at);
      at += p.length;
    }
    return all;
  }

  async function sha256(...parts) {
    return new Uint8Array(await crypto.subtle.digest("SHA-256", concat(...parts)));
  }

  const same = (a, b) => a.length === b.length && a.every((v, i) => v === b[i]);
  const encode = (bytes) => btoa(String.fromCharCode(...bytes));

  // decode reads base64 strictly: what it gives back is written the same again.
  function decode(text) {
    const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    if (encode(bytes) !== text) throw new Error("not base64: " + text);
    return bytes;
  }

  function hash(text) {
    const bytes = decode(text);
    if (bytes.length !== 32) throw new Error("not a hash: " + text);
    return bytes;
  }

  function number(text) {
    if (!/^(0|[1-9][0-9]{0,18})$/.test(text)) throw new Error("not a number: " + text);
    return BigInt(text);
  }

  const leaf = (entry) => sha256([0], entry);
  const node = (left, right) => sha256([1], left, right);

  // root is the root to which a path leads from a leaf (RFC 9162, section 2.1.3.2).
  async function root(index, size, leafHash, path) {
    if (index >= size) throw new Error("the tree is too small for the leaf");
    let fn = index, sn = size - 1n, r = leafHash;
    for (const p of path) {
      if (sn === 0n) throw new Error("the path is too long");
      if ((fn & 1n) === 1n || fn === sn) {
        r = await node(p, r);
        while ((fn & 1n) === 0n && fn !== 0n) {
          fn >>= 1n;
          sn >>= 1n;
        }
      } else {
        r = await node(r, p);
      }
      fn >>= 1n;
      sn >>= 1n;
    }
    if (sn !== 0n) throw new Error("the path is too short");
    return r;
  }

  // grew tells whether a path proves that the tree of the first size only grew to be that of the
  // second (RFC 9162, section 2.1.4.2).
  async function grew(first, second, firstRoot, secondRoot, path) {
    if (first > second) return false;
    if (first === second) return path.length === 0 && same(firstRoot, secondRoot);
    if (first === 0n) return path.length === 0;
    const steps = path.slice();
    if ((first & (first - 1n)) === 0n) steps.unshift(firstRoot);
    if (steps.length === 0) return false;
    let fn = first - 1n, sn = second - 1n;
    while ((fn & 1n) === 1n) {
      fn >>= 1n;
      sn >>= 1n;
    }
    let fr = steps[0], sr = steps[0];
    for (const c of steps.slice(1)) {
      if (sn === 0n) return false;
      if ((fn & 1n) === 1n || fn === sn) {
        fr = await node(c, fr);
        sr = await node(c, sr);
        while ((fn & 1n) === 0n && fn !== 0n) {
          fn >>= 1n;
          sn >>= 1n;
        }
      } else {
        sr = await node(sr, c);
      }
      fn >>= 1n;
      sn >>= 1n;
    }
    return sn === 0n && same(fr, firstRoot) && same(sr, secondRoot);
  }

  // note reads a signed checkpoint (C2SP signed-note, tlog-checkpoint).
  function note(signed) {
    const at = signed.lastIndexOf("\n\n");
    if (at < 0 || !signed.endsWith("\n")) throw new Error("not a signed note");
    const text = signed.slice(0, at + 1);
    const lines = text.split("\n");
    if (lines.length < 4) throw new Error("not a checkpoint");
    const signatures = signed.slice(at + 2, -1).split("\n").map((line) => {
      const m = /^\u2014 ([^ +]+) ([A-Za-z0-9+/=]+)$/.exec(line);
      if (!m) throw new Error("not a signature: " + line);
      const bytes = decode(m[2]);
      return { name: m[1], id: bytes.slice(0, 4), bytes: bytes.slice(4) };
    });
    return { text, signatures, origin: lines[0], size: number(lines[1]), root: hash(lines[2]) };
  }

  // proof reads a C2SP tlog-proof.
  function proof(text) {
    const at = text.indexOf("\n\n");
    const lines = text.slice(0, at).split("\n");
    if (at < 0 || lines.shift() !== "c2sp.org/tlog-proof@v1") throw new Error("not a proof");
    if (lines[0] && lines[0].startsWith("extra ")) lines.shift();
    const index = /^index ([0-9]+)$/.exec(lines.shift() || "");
    if (!index) throw new Error("the proof has no index");
    return { index: number(index[1]), path: lines.map(hash), checkpoint: note(text.slice(at + 2)) };
  }

  // verifier reads a verifier key: NAME+ID+BASE64. The bytes are a type and the public half.
  async function verifier(text) {
    const m = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(text);
    if (!m) throw new Error("not a verifier key");
    const [, name, id, encoded] = m;
    const bytes = decode(encoded);
    const idOf = async (type) => (await sha256(utf8.encode(name + "\n"), [type], bytes.slice(1))).slice(0, 4);
    const plain = await idOf(1);
    const hex = Array.from(plain, (b) => b.toString(16).padStart(2, "0")).join("");
    if (bytes.length !== 33 || bytes[0] !== 1 || hex !== id) throw new Error("not a verifier key");
    return { name, plain, timed: await idOf(4), public: bytes.slice(1) };
  }

  // Unsupported is a browser that has no Ed25519.
  class Unsupported extends Error {}

  async function ed25519(raw) {
    try {
      return await crypto.subtle.importKey("raw", raw, { name: "Ed25519" }, false, ["verify"]);
    } catch (e) {
      throw new Unsupported("This browser cannot check Ed25519 signatures.");
    }
  }

  // signed tells whether the log's key has signed a note, and when by the log's own cosignature
  // (C2SP tlog-cosignature): a Date, null when the note has none, or undefined when the
  // signature itself is wrong or missing.
  async function signed(n, keyText) {
    const v = await verifier(keyText);
    if (v.name !== n.origin) return undefined;
    const key = await ed25519(v.public);
    const text = utf8.encode(n.text);
    let plain = false, at = null;
    for (const s of n.signatures) {
      if (s.name !== v.name) continue;
      if (same(s.id, v.plain)) {
        if (!await crypto.subtle.verify({ name: "Ed25519" }, key, s.bytes, text)) return undefined;
        plain = true;
      } else if (same(s.id, v.timed)) {
        if (s.bytes.length !== 72) return undefined;
        const seconds = new DataView(s.bytes.buffer, s.bytes.byteOffset).getBigUint64(0);
        const head = utf8.encode("cosignature/v1\ntime " + seconds + "\n");
        if (!await crypto.subtle.verify({ name: "Ed25519" }, key, s.bytes.slice(8), concat(head, text))) return undefined;
        at = new Date(Number(seconds) * 1000);
      }
    }
    return plain ? at : undefined;
  }

  // digest is that of a disclosure in its encoded form (RFC 9901, section 4.2.3).
  async function digest(encoded) {
    const sum = await sha256(utf8.encode(encoded));
    return encode(sum).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }

  return { missing, utf8, same, encode, hash, number, leaf, root, grew, note, proof, signed, digest, Unsupported };
})();
