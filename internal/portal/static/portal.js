// What the pages do beyond what the server rendered: the system's colours, local times,
// copy buttons, menus that close. Every page works without it.
(function () {
  "use strict";
  const root = document.documentElement;
  root.classList.add("js");

  // Without a choice of the viewer's, the colours are the system's.
  if (!root.hasAttribute("data-bs-theme")) {
    const dark = window.matchMedia("(prefers-color-scheme: dark)");
    const apply = () => root.setAttribute("data-bs-theme", dark.matches ? "dark" : "light");
    dark.addEventListener("change", apply);
    apply();
  }

  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "";
  const format = new Intl.DateTimeFormat(undefined, {
    year: "numeric", month: "short", day: "numeric",
    hour: "2-digit", minute: "2-digit", second: "2-digit",
  });
  // A time of today needs no date where there is little room.
  const brief = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const isToday = (at) => at.toDateString() === new Date().toDateString();

  function refresh(part) {
    for (const t of part.querySelectorAll("time[data-local]")) {
      const at = new Date(t.dateTime);
      if (!isNaN(at)) {
        t.textContent = (t.dataset.local === "brief" && isToday(at) ? brief : format).format(at);
        t.removeAttribute("data-local");
      }
    }
    for (const button of part.querySelectorAll("[data-copy][hidden]")) {
      button.hidden = !navigator.clipboard;
    }
    // Times are typed in the viewer's zone, unless the page came with times in another.
    for (const input of part.querySelectorAll("input[data-zone]")) {
      const form = input.form;
      const typed = (name) => form.elements[name] && form.elements[name].value;
      if (zone && !input.value && !typed("from") && !typed("to")) {
        input.value = zone;
        for (const name of form.querySelectorAll("[data-zone-name]")) {
          name.textContent = "(" + zone + ")";
        }
      }
    }
  }

  document.addEventListener("DOMContentLoaded", () => {
    refresh(document);
    document.body.addEventListener("htmx:afterSettle", () => refresh(document));
    document.addEventListener("sealog:times", () => refresh(document));
  });

  // While the log is loaded, those who cannot see it hear so.
  const loads = (e) => e.detail.target && e.detail.target.id === "log";
  function loading(busy, words) {
    const log = document.getElementById("log");
    const status = document.getElementById("log-status");
    if (busy) log.setAttribute("aria-busy", "true");
    else log.removeAttribute("aria-busy");
    if (words) status.textContent = words;
  }
  document.addEventListener("htmx:beforeRequest", (e) => {
    if (loads(e)) loading(true, "Loading…");
  });
  document.addEventListener("htmx:afterRequest", (e) => {
    if (loads(e) && document.getElementById("log")) loading(false, e.detail.xhr.status ? "" : "The log could not be loaded.");
  });

  // A page that nobody can see does not ask for newer events.
  document.addEventListener("htmx:beforeRequest", (e) => {
    if (e.detail.elt.id === "newer-poll" && document.hidden) e.preventDefault();
  });

  document.addEventListener("click", (e) => {
    const target = e.target instanceof Element ? e.target : null;
    for (const menu of document.querySelectorAll("details[data-menu][open]")) {
      if (!menu.contains(target)) menu.open = false;
    }
    const button = target && target.closest("[data-copy]");
    if (!button) return;
    const from = document.getElementById(button.dataset.copy);
    navigator.clipboard.writeText(from.textContent).then(() => {
      const label = button.querySelector("[data-copied]");
      const before = label.innerHTML;
      label.textContent = label.dataset.copied;
      label.setAttribute("role", "status");
      setTimeout(() => { label.innerHTML = before; label.removeAttribute("role"); }, 2000);
    });
  });

  document.addEventListener("keydown", (e) => {
    if (e.key !== "Escape") return;
    const menu = e.target instanceof Element && e.target.closest("details[data-menu][open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });

  // Empty fields say nothing; they need not stand in the URL.
  document.addEventListener("htmx:configRequest", (e) => {
    if (e.detail.verb !== "get") return;
    const data = e.detail.formData;
    for (const [name, value] of Array.from(data.entries())) {
      if (value === "") data.delete(name);
    }
    if (!data.has("from") && !data.has("to") && !data.has("q")) data.delete("tz");
  });
})();
