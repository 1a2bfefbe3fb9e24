// The search line: what may be written next is offered while somebody types, as a combobox
// (WAI-ARIA Authoring Practices, "Combobox with listbox popup"). "/" leads to it.
(function () {
  "use strict";
  let offers = [], chosen = -1, asked = 0, timer = 0;

  const line = () => document.getElementById("q");
  const list = () => document.getElementById("q-suggestions");

  function close() {
    asked++; // what is still on its way comes too late
    clearTimeout(timer);
    offers = [];
    chosen = -1;
    const input = line();
    if (!input) return;
    list().hidden = true;
    list().replaceChildren();
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function choose(i) {
    chosen = i;
    const input = line();
    input.removeAttribute("aria-activedescendant");
    for (const [n, item] of Array.from(list().children).entries()) {
      item.setAttribute("aria-selected", String(n === i));
      if (n === i) {
        input.setAttribute("aria-activedescendant", item.id);
        item.scrollIntoView({ block: "nearest" });
      }
    }
  }

  function show() {
    list().replaceChildren(...offers.map((offer, i) => {
      const item = document.createElement("li");
      item.id = "q-suggestion-" + i;
      item.className = "suggestion";
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", "false");
      const word = document.createElement("code");
      word.textContent = offer.word;
      const about = document.createElement("span");
      about.textContent = offer.about;
      item.append(word, about);
      return item;
    }));
    list().hidden = offers.length === 0;
    line().setAttribute("aria-expanded", String(offers.length > 0));
  }

  async function ask() {
    const mine = ++asked, input = line();
    const query = new URLSearchParams({ q: input.value, at: input.selectionStart });
    try {
      const answer = await fetch(input.dataset.suggest + "?" + query, { redirect: "error" });
      if (!answer.ok) return;
      const found = await answer.json();
      if (mine !== asked || document.activeElement !== line()) return;
      // What somebody has chosen meanwhile stays chosen.
      const kept = chosen < 0 ? "" : offers[chosen].word;
      offers = found;
      show();
      choose(offers.findIndex((offer) => offer.word === kept));
    } catch (e) { /* one can write without being told what */ }
  }

  function askSoon() {
    clearTimeout(timer);
    timer = setTimeout(ask, 80);
  }

  function take(i) {
    const offer = offers[i], input = line();
    input.value = offer.line;
    input.setSelectionRange(offer.at, offer.at);
    close();
    if (offer.word.endsWith(":")) askSoon(); // for its values
  }

  document.addEventListener("input", (e) => {
    if (e.target === line()) askSoon();
  });
  document.addEventListener("focusin", (e) => {
    if (e.target === line() && line().value === "") askSoon();
  });
  document.addEventListener("focusout", (e) => {
    if (e.target === line()) close();
  });

  document.addEventListener("keydown", (e) => {
    if (e.target !== line()) {
      const typing = e.target instanceof Element && e.target.closest("input, textarea, select, [contenteditable]");
      if (e.key === "/" && !e.ctrlKey && !e.metaKey && !e.altKey && !typing && line()) {
        e.preventDefault();
        line().focus();
        line().select();
      }
      return;
    }
    const n = offers.length;
    switch (e.key) {
      case "ArrowDown":
        if (n === 0) askSoon();
        else choose(chosen === n - 1 ? -1 : chosen + 1);
        break;
      case "ArrowUp":
        if (n > 0) choose(chosen < 0 ? n - 1 : chosen - 1);
        break;
      case "Tab":
        // It leads out of the line, unless a word is begun or an offer chosen.
        if (n === 0 || e.shiftKey || (chosen < 0 && !/\S$/.test(line().value.slice(0, line().selectionStart)))) return;
        take(Math.max(0, chosen));
        break;
      case "Enter":
        if (chosen < 0) {
          close();
          return;
        }
        take(chosen);
        break;
      case "Escape":
        if (n === 0) return;
        close();
        break;
      default:
        return;
    }
    e.preventDefault();
  });

  // A press on an offer must not take the line's focus away.
  document.addEventListener("mousedown", (e) => {
    const item = e.target instanceof Element && e.target.closest(".suggestion");
    if (!item) return;
    e.preventDefault();
    take(Array.from(list().children).indexOf(item));
  });

  document.addEventListener("htmx:beforeSwap", (e) => {
    if (e.detail.target && e.detail.target.id === "log") close();
  });
})();
