// Shows how far a download is. Its answer is the file itself, so the page has to ask.
(function () {
  "use strict";
  const form = document.querySelector("form[data-export]");
  const place = document.getElementById("export-progress");
  const words = place.querySelector("[data-words]");
  const bar = place.querySelector("progress");
  const every = 400; // milliseconds
  let round = 0;

  function newID() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
  }

  const grouped = (n) => String(n).replace(/\B(?=([0-9]{3})+$)/g, "\u202f");

  // show says what is known, and whether there will be more.
  function show(p) {
    switch (p.state) {
      case "done":
        words.textContent = "Done: " + grouped(p.total) + " events. The file is with your browser’s downloads.";
        bar.max = bar.value = 1;
        return false;
      case "failed":
        words.textContent = "The download broke off. What has arrived is not whole and does not pass verification; try again.";
        bar.hidden = true;
        return false;
      case "running":
        if (p.total > 0) {
          words.textContent = grouped(p.done) + " of " + grouped(p.total) + " events written";
          bar.max = p.total;
          bar.value = p.done;
        }
    }
    return true;
  }

  async function follow(id, mine) {
    for (let misses = 0; mine === round && misses < 30;) {
      await new Promise((resolve) => setTimeout(resolve, every));
      try {
        const answer = await fetch(form.dataset.export + "?id=" + id, { redirect: "error" });
        const p = await answer.json();
        if (mine !== round || !show(p)) return;
        misses = p.state === "unknown" ? misses + 1 : 0;
      } catch (e) {
        misses++;
      }
    }
    if (mine === round) words.textContent = "How far the download is cannot be told; your browser shows it.";
  }

  form.addEventListener("submit", () => {
    const id = newID();
    form.elements.id.value = id;
    words.textContent = "Starting…";
    bar.removeAttribute("value");
    bar.hidden = false;
    place.hidden = false;
    follow(id, ++round);
  });
})();
