// New events in the list as they come, by a stream of server-sent events that the server keeps
// open. A page that nobody sees lets go of it, and catches up later.
(function () {
  "use strict";
  const most = 500; // rows in the list
  let wanted = false, paused = false, wasLive = false, source = null, opened = 0, retried = false;
  let last = null; // position up to which everything has come
  let waiting = [], news = 0, told = 0, telling = 0;

  const box = () => document.getElementById("live");
  const part = (name) => box().querySelector("[data-" + name + "]");
  const list = () => document.querySelector("table.log tbody");
  const inWords = (n) => n + (n === 1 ? " new event" : " new events");

  function refresh() {
    wanted = true;
    document.querySelector("a[data-refresh]").click();
  }

  function show(words) {
    if (!box()) return;
    const live = source !== null;
    box().classList.toggle("is-live", live && !paused);
    part("toggle").setAttribute("aria-pressed", String(live));
    part("pause").hidden = !live;
    part("pause").setAttribute("aria-pressed", String(paused));
    part("count").textContent = words || (paused && waiting.length > 0 ? waiting.length + " waiting" : news > 0 ? news + " new" : "");
    tell();
  }

  // tell says to those who cannot see it how many have come, and not more often than they can listen.
  function tell() {
    const n = news + waiting.length;
    if (n === told || telling) return;
    telling = setTimeout(() => {
      telling = 0;
      if (!box() || !source) return;
      told = news + waiting.length;
      part("said").textContent = inWords(told) + (paused ? ", paused" : "");
    }, 2000);
  }

  // insert puts rows where their time is, the newest first. Ids are in the order of time.
  function insert(rows) {
    const body = list();
    for (const row of rows) {
      const id = row.dataset.id;
      if (body.querySelector('tr[data-id="' + id + '"]')) continue;
      let before = body.firstElementChild;
      while (before && before.dataset.id > id) before = before.nextElementSibling;
      row.classList.add("fresh");
      body.insertBefore(row, before);
      htmx.process(row);
      news++;
    }
    while (body.children.length > most) body.lastElementChild.remove();
    document.dispatchEvent(new Event("sealog:times"));
  }

  function came(e) {
    last = e.lastEventId;
    retried = false;
    const parsed = document.createElement("template");
    parsed.innerHTML = e.data;
    const rows = Array.from(parsed.content.querySelectorAll("tr"));
    if (!list()) return refresh(); // the first events of all
    if (paused) waiting = waiting.concat(rows).slice(-most);
    else insert(rows);
    show();
  }

  function stop() {
    if (source) source.close();
    source = null;
  }

  function start() {
    if (!box() || source) return;
    if (box().dataset.after === undefined && last === null) return refresh();
    wasLive = true;
    const [path, query] = box().dataset.live.split("?");
    const params = new URLSearchParams(query);
    if (last !== null) params.delete("until");
    params.set("after", last === null ? box().dataset.after : last);
    opened = Date.now();
    const mine = source = new EventSource(path + "?" + params);
    source.addEventListener("open", () => show());
    source.addEventListener("rows", came);
    source.addEventListener("behind", () => { stop(); refresh(); });
    source.addEventListener("ended", (e) => {
      stop();
      // Who has confirmed their password just now has another session.
      if (Date.now() - opened > 3000 && !retried) {
        retried = true;
        return start();
      }
      wanted = false;
      document.getElementById("newer").innerHTML = e.data;
      show();
    });
    source.addEventListener("error", () => {
      if (mine !== source) return;
      if (source.readyState === EventSource.CLOSED) {
        stop();
        wanted = false;
        show("Live has ended");
      } else {
        show("Reconnecting…");
      }
    });
    show();
  }

  // begin is for a list that has just been loaded.
  function begin() {
    if (source || !box() || box().dataset.state) return;
    box().dataset.state = "ready";
    last = null;
    waiting = [];
    paused = wasLive = false;
    news = told = 0;
    if (wanted && box().dataset.after === undefined) wanted = false; // an older page was gone to
    if (wanted) start();
  }

  document.addEventListener("click", (e) => {
    const button = e.target instanceof Element && e.target.closest("#live button");
    if (!button) return;
    if (button.hasAttribute("data-pause")) {
      paused = !paused;
      if (!paused) {
        insert(waiting);
        waiting = [];
      }
      show();
    } else if (source) {
      wanted = false;
      insert(waiting);
      waiting = [];
      paused = false;
      stop();
      show();
    } else {
      wanted = true;
      start();
    }
  });

  document.addEventListener("visibilitychange", () => {
    if (!wanted) return;
    if (document.hidden) stop();
    else start();
  });

  document.addEventListener("htmx:beforeSwap", (e) => {
    if (e.detail.target && e.detail.target.id === "log") stop();
  });
  document.addEventListener("htmx:afterSettle", begin);
  // What has come live needs no hint that it is there.
  document.addEventListener("htmx:beforeRequest", (e) => {
    if (e.detail.elt.id === "newer-poll" && wasLive) e.preventDefault();
  });
  begin();
})();
