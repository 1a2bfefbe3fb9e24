// Checks on the page of a proof what the page says: it trusts the verifier key and nothing else.
(function () {
  "use strict";
  const place = document.getElementById("check");
  const verdict = document.getElementById("verdict");
  const text = (id) => {
    const found = document.getElementById(id);
    return found ? found.textContent : "";
  };

  // step says how a step went: state is ok, bad or open.
  function step(name, state, words) {
    const line = place.querySelector("[data-step=" + name + "]");
    line.dataset.state = state;
    line.querySelector("[data-words]").textContent = words;
  }

  function conclude(state, words) {
    place.dataset.state = state;
    verdict.textContent = words;
  }

  // ours looks whether the entry is of this page's event and of the log that signed it.
  function ours(entry, origin) {
    const said = JSON.parse(entry);
    return said.id === place.dataset.event && said.log === origin.replace(/\/e[0-9]+$/, "");
  }

  // inclusion walks from the entry to the signed root; it gives the time of the signature, null
  // when the note has none, or undefined when anything is wrong.
  async function inclusion(entry) {
    const proof = merkle.proof(text("proof-text"));
    const leaf = await merkle.leaf(merkle.utf8.encode(entry));
    if (!ours(entry, proof.checkpoint.origin)) {
      step("leaf", "bad", "The entry is not of this event, or not of this log.");
      return undefined;
    }
    if (merkle.encode(leaf) !== text("leaf-hash")) {
      step("leaf", "bad", "The entry has another hash: " + merkle.encode(leaf) + ".");
      return undefined;
    }
    step("leaf", "ok", "The entry has the leaf hash.");
    let root;
    try {
      root = await merkle.root(proof.index, proof.checkpoint.size, leaf, proof.path);
    } catch (e) {
      step("path", "bad", "There is no such path: " + e.message + ".");
      return undefined;
    }
    if (!merkle.same(root, proof.checkpoint.root)) {
      step("path", "bad", "The path leads to another root: " + merkle.encode(root) + ".");
      return undefined;
    }
    step("path", "ok", "The path of " + proof.path.length + " hashes leads from the leaf to the root in the checkpoint.");
    const at = await merkle.signed(proof.checkpoint, place.dataset.key);
    if (at === undefined) step("signature", "bad", "The log’s key has not signed the checkpoint.");
    else step("signature", "ok", "The log’s key has signed the checkpoint.");
    return at;
  }

  // disclosures compares what can be read of the event with the digests in its entry. It gives
  // whether all is well.
  async function disclosures(entry) {
    const digests = JSON.parse(entry).c;
    const n = { opens: 0, erased: 0, wrong: 0 };
    const seen = new Set();
    for (const row of document.querySelectorAll("[data-disclosure]")) {
      const cell = row.querySelector("[data-words]");
      const name = row.dataset.disclosure;
      let state = "erased";
      if (row.hasAttribute("data-encoded")) {
        const array = JSON.parse(new TextDecoder().decode(Uint8Array.from(
          atob(row.dataset.encoded.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0))));
        const opens = !seen.has(name) && array[1] === name && digests[name] === await merkle.digest(row.dataset.encoded);
        state = opens ? "opens" : "wrong";
        seen.add(name);
      }
      n[state]++;
      row.dataset.state = state;
      cell.textContent = { opens: "opens its digest", erased: "erased", wrong: "does not match" }[state];
    }
    const words = n.opens + " of " + Object.keys(digests).length + " parts open their digests" +
      (n.erased ? ", " + n.erased + " erased" : "") + (n.wrong ? ", " + n.wrong + " DO NOT MATCH" : "") + ".";
    step("disclosures", n.wrong ? "bad" : "ok", words);
    return n.wrong === 0;
  }

  async function check() {
    const entry = text("entry");
    const readable = await disclosures(entry);
    const pending = !document.getElementById("proof-text");
    if (pending) {
      if (readable) return;
      conclude("bad", "NOT VERIFIED. What this page shows of the event is not what was recorded.");
      return;
    }
    let at;
    try {
      at = await inclusion(entry);
    } catch (e) {
      if (!(e instanceof merkle.Unsupported)) throw e;
      step("signature", "open", e.message);
      conclude(readable ? "open" : "bad", readable ?
        "The event is in the tree of the checkpoint, but whether the log has signed that was not checked. " + e.message : "NOT VERIFIED.");
      return;
    }
    if (at === undefined || !readable) {
      conclude("bad", "NOT VERIFIED. Somebody has changed the event, its proof or this page. Keep a copy of this page, and tell whoever answers for the log.");
      return;
    }
    const when = at ? ", signed " + at.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" }) : "";
    conclude("ok", "Verified by this browser: the event is in the log at this place, unchanged" + when + ".");
  }

  if (merkle.missing) {
    conclude("open", merkle.missing + " Nothing was checked. How to check it otherwise stands at the end of this page.");
    return;
  }
  verdict.textContent = "Checking…";
  check().catch((e) => conclude("bad", "NOT VERIFIED. The proof on this page cannot be read: " + e.message + "."));
})();
