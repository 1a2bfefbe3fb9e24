// The browser as a witness: it keeps, for each log, the last checkpoint that it saw, and checks
// at its next visit that the log of today is that log, only grown. Whoever rewrites a log would
// have to rewrite the browsers of all who look at it.
(function () {
  "use strict";
  const forCheckpoint = "sealog.checkpoint ";
  const forProject = "sealog.project ";

  function load(key) {
    try {
      return JSON.parse(localStorage.getItem(key));
    } catch (e) {
      return null;
    }
  }

  function keep(key, value) {
    try {
      localStorage.setItem(key, JSON.stringify(value));
    } catch (e) { /* a browser that keeps nothing is no witness */ }
  }

  const epochOf = (origin) => Number((/\/e([0-9]+)$/.exec(origin) || [0, 1])[1]);

  // newest is the last checkpoint that was seen of the log's latest epoch that was seen.
  function newest(log) {
    let found = null;
    for (let i = 0; i < localStorage.length; i++) {
      const origin = localStorage.key(i).slice(forCheckpoint.length);
      if (localStorage.key(i) !== forCheckpoint + origin || origin.replace(/\/e[0-9]+$/, "") !== log) continue;
      if (!found || epochOf(origin) > epochOf(found.origin)) found = load(forCheckpoint + origin);
    }
    return found;
  }

  const grouped = (n) => n.toString().replace(/\B(?=([0-9]{3})+$)/g, "\u202f");

  // Different is a log that is not the one that was seen before.
  class Different extends Error {
    constructor(words, kept) {
      super(words);
      this.kept = kept;
    }
  }

  // Unproven is a log of which nothing bad is known, nor what should be.
  class Unproven extends Error {}

  async function ask(url) {
    let answer;
    try {
      answer = await fetch(url, { redirect: "error", headers: { Accept: "application/json" } });
    } catch (e) {
      throw new Unproven("The server could not be asked.");
    }
    if (!answer.ok) throw new Unproven("The server gave no proof (status " + answer.status + ").");
    return answer.json();
  }

  // opened is a checkpoint that the log's key has signed, with the time of that.
  async function opened(text, seal, kept) {
    const note = merkle.note(text);
    if (note.origin !== seal.origin) throw new Unproven("The log went on in another tree just now. Load the page again.");
    const at = await merkle.signed(note, seal.key);
    if (at === undefined) throw new Different("Its newest checkpoint is not signed with the log’s key.", kept);
    return { note, at, text };
  }

  // compare looks whether the log is the one that was kept. It gives the checkpoint that is to be
  // kept from now on, and in words what was compared.
  async function compare(seal, text) {
    const log = load(forProject + seal.project);
    const kept = newest(log || seal.log);
    if (log && log !== seal.log) throw new Different("The project has another log now.", kept);
    let now = await opened(text, seal, kept);
    if (!kept) return { now, words: "This browser had not seen the log before; it keeps this checkpoint and compares with it from now on." };
    if (epochOf(kept.origin) > epochOf(seal.origin)) {
      throw new Different("It is a tree of the log that had ended when this browser was last here.", kept);
    }
    if (kept.origin !== seal.origin) return { now, began: true, words: "The log began a new tree since this browser was last here. The event that opened it says why." };
    if (kept.key !== seal.key) throw new Different("Its key is another one now.", kept);
    const size = merkle.number(kept.size), root = merkle.hash(kept.root);
    if (now.note.size < size) {
      // Another tab may have loaded its page later than this one.
      now = await opened((await ask(seal.checkpoint)).checkpoint, seal, kept);
    }
    if (now.note.size < size) throw new Different("It has fewer events now.", kept);
    if (now.note.size === size) {
      if (!merkle.same(root, now.note.root)) throw new Different("It has other events now.", kept);
      return { now, words: "It is as this browser saw it before." };
    }
    const answer = await ask(seal.consistency + "?from=" + size + "&to=" + now.note.size + "&epoch=" + epochOf(seal.origin));
    let proven = false;
    try {
      proven = await merkle.grew(size, now.note.size, root, now.note.root, answer.path.map(merkle.hash));
    } catch (e) { /* what is no path proves nothing */ }
    if (!proven) throw new Different("What this browser saw of it is not the beginning of it any more.", kept);
    return { now, words: "It has only grown since this browser saw it before, at event " + grouped(BigInt(seal.start) + size) + "." };
  }

  // remember keeps a checkpoint, unless another tab keeps a newer one already.
  function remember(seal, now) {
    const kept = load(forCheckpoint + seal.origin);
    if (kept && merkle.number(kept.size) > now.note.size) return;
    keep(forCheckpoint + seal.origin, {
      origin: seal.origin, size: now.note.size.toString(), root: merkle.encode(now.note.root), note: now.text, key: seal.key,
    });
    keep(forProject + seal.project, seal.log);
  }

  function show(seal, state, verb, words) {
    seal.place.dataset.state = state;
    if (verb) seal.place.querySelector("[data-verb]").textContent = verb;
    seal.place.querySelector("[data-why]").textContent = words;
  }

  function showVerified(seal, found) {
    const time = seal.place.querySelector("time");
    seal.place.querySelector("[data-number]").textContent = grouped(BigInt(seal.start) + found.now.note.size);
    if (found.now.at) {
      time.dateTime = found.now.at.toISOString();
      time.dataset.local = "brief";
      document.dispatchEvent(new Event("sealog:times"));
    }
    seal.place.querySelector("[data-note]").textContent = found.now.text;
    // A new tree is worth a look; its event is linked below.
    if (found.began) seal.place.open = true;
    show(seal, found.began ? "open" : "ok", found.began ? "a new tree, verified" : "verified",
      "This browser has checked that the log’s key has signed this. " + found.words);
  }

  function alarm(seal, e) {
    const place = document.getElementById("seal-alarm");
    place.querySelector("[data-words]").textContent = e.message;
    document.getElementById("seal-kept").textContent = e.kept ? e.kept.note : "(none)";
    document.getElementById("seal-now").textContent = document.getElementById("seal-note").textContent;
    place.hidden = false;
    show(seal, "bad", "NOT verified: signed", e.message);
  }

  async function look() {
    const place = document.getElementById("seal");
    if (!place || place.dataset.state || !place.dataset.key) return;
    place.dataset.state = "checking";
    const seal = Object.assign({ place }, place.dataset);
    if (merkle.missing) {
      show(seal, "open", "", merkle.missing + " What the server says was not checked.");
      return;
    }
    try {
      const found = await compare(seal, place.querySelector("[data-note]").textContent);
      remember(seal, found.now);
      showVerified(seal, found);
    } catch (e) {
      if (e instanceof Different) alarm(seal, e);
      else if (e instanceof Unproven) show(seal, "open", "not verified: signed", e.message + " Whether this is the log that this browser saw before is not known.");
      else if (e instanceof merkle.Unsupported) show(seal, "open", "", e.message + " What the server says was not checked.");
      else show(seal, "open", "not verified: signed", "The checkpoint cannot be read: " + e.message + ".");
    }
  }

  // forget gives up what was kept of a project's log, on the viewer's word alone.
  function forget(project, log) {
    for (const of of new Set([log, load(forProject + project)])) {
      for (const key of Object.keys(localStorage)) {
        const origin = key.slice(forCheckpoint.length);
        if (key === forCheckpoint + origin && origin.replace(/\/e[0-9]+$/, "") === of) localStorage.removeItem(key);
      }
    }
    localStorage.removeItem(forProject + project);
  }

  document.addEventListener("click", (e) => {
    if (!(e.target instanceof Element) || !e.target.closest("[data-forget]")) return;
    const place = document.getElementById("seal");
    forget(place.dataset.project, place.dataset.log);
    document.getElementById("seal-alarm").hidden = true;
    delete place.dataset.state;
    look();
  });
  document.addEventListener("htmx:afterSettle", look);
  look();
})();
