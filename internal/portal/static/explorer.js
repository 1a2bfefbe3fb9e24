// The Admin API's explorer: GraphiQL with a token of the account that has signed in.
(function () {
  "use strict";
  const place = document.getElementById("explorer");
  // The dialogs look for it under this name.
  window.__webpack_nonce__ = place.dataset.styleNonce;

  // The token, or the promise of one: calls made at once share it. It is asked for when there
  // is something to do, so that a page left open makes none.
  let token = null;
  let until = 0;

  async function makeToken() {
    const answer = await fetch(place.dataset.token, { method: "POST" });
    if (answer.status === 401) throw new Error("Your session has ended. Sign in again, and reload this page.");
    if (!answer.ok) throw new Error("There is no token for this page: status " + answer.status + ".");
    const made = await answer.json();
    // By the server's clock, since this one may be wrong.
    const lives = Date.parse(made.expires_at) - Date.parse(answer.headers.get("Date"));
    until = performance.now() + lives - 30000;
    return made.token;
  }

  function currentToken() {
    if (token === null || performance.now() > until) {
      until = Infinity; // until the answer says so
      token = makeToken();
      token.catch(() => { token = null; });
    }
    return token;
  }

  async function send(params) {
    return fetch(place.dataset.api, {
      method: "POST",
      credentials: "omit",
      headers: { "Content-Type": "application/json", Authorization: "Bearer " + await currentToken() },
      body: JSON.stringify(params),
    });
  }

  async function fetcher(params) {
    let answer = await send(params);
    if (answer.status === 403) { // nothing was done; the token may have ended early
      token = null;
      answer = await send(params);
    }
    const text = await answer.text();
    try {
      return JSON.parse(text);
    } catch {
      throw new Error("Status " + answer.status + ": " + text);
    }
  }

  // What is typed may name users: it is forgotten with the page.
  const kept = new Map();
  const storage = {
    getItem: (name) => kept.has(name) ? kept.get(name) : null,
    setItem: (name, value) => { kept.set(name, value); },
    removeItem: (name) => { kept.delete(name); },
    clear: () => { kept.clear(); },
    get length() { return kept.size; },
  };

  const defaultQuery = `query {
  auditLogs(first: 5) {
    edges {
      node {
        activityType
        createdAt
        data
      }
    }
  }
}
`;

  const root = ReactDOM.createRoot(place);
  const theme = () => document.documentElement.getAttribute("data-bs-theme") === "dark" ? "dark" : "light";
  function render() {
    root.render(React.createElement(GraphiQL, {
      fetcher, storage, defaultQuery, isHeadersEditorEnabled: false, showPersistHeadersSettings: false, forcedTheme: theme(),
    }));
  }
  new MutationObserver(render).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
  render();
})();
