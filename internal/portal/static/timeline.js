// The timeline: how many events there were when, drawn by uPlot. A stretch that is dragged over
// becomes the filter's time. Who sees no pictures has the same numbers as a table.
(function () {
  "use strict";
  // by is what the viewer has chosen that the bars are told apart by.
  let by = "", plot = null, drawn = null, watched = null;

  const grouped = (n) => String(n).replace(/\B(?=([0-9]{3})+$)/g, "\u202f");
  const minutes = new Intl.DateTimeFormat(undefined, { year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" });
  const days = new Intl.DateTimeFormat(undefined, { year: "numeric", month: "short", day: "numeric", timeZone: "UTC" });
  const months = new Intl.DateTimeFormat(undefined, { year: "numeric", month: "long", timeZone: "UTC" });
  const at = (seconds) => new Date(seconds * 1000);
  const place = () => document.getElementById("timeline");
  const part = (name) => place().querySelector("[data-" + name + "]");

  // during is a bar's time in words. Days, weeks and months are those of UTC.
  function during(data, i) {
    const from = at(data.starts[i]), to = at(data.starts[i + 1]);
    switch (data.step) {
      case "day": return days.format(from) + " (UTC)";
      case "week": return days.formatRange(from, at(data.starts[i + 1] - 1)) + " (UTC)";
      case "month": return months.format(from) + " (UTC)";
      default: return minutes.formatRange(from, to);
    }
  }

  const total = (data, i) => data.series.reduce((sum, s) => sum + s.counts[i], 0);
  const inParts = (data, i) => data.series.filter((s) => s.counts[i] > 0).map((s) => grouped(s.counts[i]) + " " + s.name);

  function colour(name) {
    return getComputedStyle(place()).getPropertyValue("--bar-" + name).trim();
  }

  // zoom makes a stretch the filter's time, to the minute, as its fields have it.
  function zoom(from, to) {
    const form = document.querySelector(".filter-form");
    const local = (seconds) => {
      const t = at(seconds - at(seconds).getTimezoneOffset() * 60);
      return t.toISOString().slice(0, 16);
    };
    form.elements.from.value = local(Math.floor(from / 60) * 60);
    form.elements.to.value = local(Math.ceil(to / 60) * 60);
    form.elements.tz.value = Intl.DateTimeFormat().resolvedOptions().timeZone || String(new Date().getTimezoneOffset());
    form.requestSubmit();
  }

  // stacked are the heights of the bars, that of the whole bar first: each next one is drawn
  // over it and leaves what lies above of another colour.
  function stacked(data) {
    const layers = [], sums = data.starts.slice(0, -1).map(() => 0);
    for (const s of data.series) {
      s.counts.forEach((n, i) => { sums[i] += n; });
      layers.unshift(sums.slice());
    }
    return layers;
  }

  function draw(data) {
    const chart = part("chart");
    if (plot) plot.destroy();
    plot = null;
    chart.replaceChildren();
    if (data.total === 0) {
      const none = document.createElement("p");
      none.className = "timeline-none";
      none.textContent = "No events in this time.";
      chart.append(none);
      return;
    }
    const bars = uPlot.paths.bars({ size: [0.86, 40], align: 1 });
    const axis = { stroke: colour("text"), font: "11px system-ui, sans-serif", ticks: { show: false } };
    const series = data.series.slice().reverse().map((s) => ({
      label: s.name, fill: colour(s.colour), width: 0, points: { show: false }, paths: bars,
    }));
    plot = new uPlot({
      width: chart.clientWidth, height: chart.clientHeight, legend: { show: false }, padding: [8, 14, 0, 0],
      cursor: {
        y: false, points: { show: false }, drag: { x: true, y: false, setScale: false },
      },
      select: { show: true },
      scales: {
        x: { time: true, range: () => [data.starts[0], data.starts[data.starts.length - 1]] },
        y: { range: (u, low, high) => [0, Math.max(1, high * 1.05)] },
      },
      axes: [
        Object.assign({ grid: { show: false }, size: 36 }, axis),
        Object.assign({ grid: { stroke: colour("grid"), width: 1 }, size: 52, incrs: [1, 2, 5, 1e1, 2e1, 5e1, 1e2, 2e2, 5e2, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 2e6, 5e6], space: 28, values: (u, all) => all.map(short) }, axis),
      ],
      series: [{}].concat(series),
      hooks: {
        setCursor: [(u) => {
          const i = u.cursor.left >= 0 ? barAt(data, u.posToVal(u.cursor.left, "x")) : -1;
          part("at").textContent = i < 0 ? "" : during(data, i) + ": " + (total(data, i) === 0 ? "no events" : inParts(data, i).join(", "));
        }],
        setSelect: [(u) => {
          if (u.select.width < 4) return;
          zoom(u.posToVal(u.select.left, "x"), u.posToVal(u.select.left + u.select.width, "x"));
        }],
      },
    }, [data.starts.slice(0, -1)].concat(stacked(data)), chart);
    touched(plot);
  }

  // touched makes a finger's drag what the mouse's is, since uPlot hears the mouse alone. The page
  // still scrolls under a finger that goes up or down.
  function touched(u) {
    let from = -1;
    const x = (e) => Math.max(0, Math.min(u.over.clientWidth, e.clientX - u.over.getBoundingClientRect().left));
    const select = (left, width, done) => u.setSelect({ left: left, width: width, top: 0, height: u.over.clientHeight }, done);
    u.over.addEventListener("pointerdown", (e) => {
      if (e.pointerType === "touch" && e.isPrimary) from = x(e);
    });
    u.over.addEventListener("pointermove", (e) => {
      if (from < 0 || !e.isPrimary) return;
      u.setCursor({ left: x(e), top: 0 });
      select(Math.min(from, x(e)), Math.abs(x(e) - from), false);
    });
    u.over.addEventListener("pointerup", (e) => {
      if (from < 0 || !e.isPrimary) return;
      select(Math.min(from, x(e)), Math.abs(x(e) - from), true);
      from = -1;
    });
    u.over.addEventListener("pointercancel", () => {
      from = -1;
      select(0, 0, false);
    });
  }

  const short = (n) => n >= 1e6 ? n / 1e6 + " M" : n >= 1e4 ? n / 1e3 + " k" : grouped(n);

  function barAt(data, seconds) {
    for (let i = data.starts.length - 2; i >= 0; i--) {
      if (seconds >= data.starts[i]) return seconds < data.starts[i + 1] ? i : -1;
    }
    return -1;
  }

  function element(name, text) {
    const e = document.createElement(name);
    e.textContent = text;
    return e;
  }

  function tell(data) {
    const time = data.title || minutes.formatRange(at(data.from), at(data.to));
    part("title").textContent = "· " + time;
    let most = 0;
    for (let i = 1; i < data.starts.length - 1; i++) {
      if (total(data, i) > total(data, most)) most = i;
    }
    part("chart").setAttribute("aria-label", grouped(data.total) + " events, " + time + ", one bar for each " + data.step +
      (data.total > 0 ? "; most of them, " + grouped(total(data, most)) + ", in " + during(data, most) + "." : "."));
    part("note").textContent = data.note || "";
    part("note").hidden = !data.note;
    part("legend").replaceChildren(...data.series.map((s) => {
      const item = element("li", s.name + " ");
      item.dataset.colour = s.colour;
      item.append(element("span", grouped(s.counts.reduce((a, b) => a + b, 0))));
      return item;
    }));
    part("table").hidden = data.total === 0;
    const head = document.createElement("tr");
    head.append(element("th", "Time"), ...data.series.map((s) => element("th", s.name)));
    const rows = data.starts.slice(0, -1).map((_, i) => i).filter((i) => total(data, i) > 0).map((i) => {
      const row = document.createElement("tr");
      row.append(element("th", during(data, i)), ...data.series.map((s) => element("td", grouped(s.counts[i]))));
      row.firstChild.scope = "row";
      return row;
    });
    for (const cell of head.children) cell.scope = "col";
    part("table").querySelector("thead").replaceChildren(head);
    part("table").querySelector("tbody").replaceChildren(...rows);
  }

  async function load() {
    const mine = place();
    if (!mine || mine.dataset.state) return;
    mine.dataset.state = "loading";
    for (const button of mine.querySelectorAll("[data-by]")) {
      button.setAttribute("aria-pressed", String(button.dataset.by === (by || mine.dataset.first)));
    }
    try {
      const answer = await fetch(mine.dataset.timeline + "&by=" + (by || mine.dataset.first), { redirect: "error", headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error("status " + answer.status);
      const data = await answer.json();
      if (mine !== place()) return;
      mine.dataset.state = "drawn";
      drawn = data;
      tell(data);
      draw(data);
      if (watched) watched.disconnect();
      const chart = part("chart");
      watched = new ResizeObserver(() => {
        if (plot && chart.clientWidth > 0) plot.setSize({ width: chart.clientWidth, height: chart.clientHeight });
      });
      watched.observe(chart);
    } catch (e) {
      if (mine !== place()) return;
      mine.dataset.state = "failed";
      part("chart").removeAttribute("role");
      part("chart").replaceChildren(element("p", "The timeline could not be loaded."));
    }
  }

  document.addEventListener("click", (e) => {
    const button = e.target instanceof Element && e.target.closest("#timeline [data-by]");
    if (!button || button.getAttribute("aria-pressed") === "true") return;
    by = button.dataset.by;
    delete place().dataset.state;
    load();
  });
  document.addEventListener("htmx:afterSettle", load);
  // The colours are the page's.
  new MutationObserver(() => {
    if (place() && place().dataset.state === "drawn") draw(drawn);
  }).observe(document.documentElement, { attributes: true, attributeFilter: ["data-bs-theme"] });
  load();
})();
