// The Admin API's explorer: GraphiQL with a token of the account that has signed in.
(() => {
  "use strict";
  const place = document.getElementById("explorer");
  let token = "";
  let until = 0;

  const renew = async () => {
    const answer = await fetch(place.dataset.token, { method: "POST", credentials: "same-origin" });
    if (!answer.ok) throw new Error("No token: status " + answer.status + ". Sign in again.");
    const made = await answer.json();
    token = made.token;
    until = Date.parse(made.expires_at) - 15000;
  };

  const call = async (params) => {
    if (Date.now() > until) await renew();
    return fetch(place.dataset.api, {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: "Bearer " + token },
      body: JSON.stringify(params),
    });
  };

  const fetcher = async (params) => {
    let answer = await call(params);
    if (answer.status === 403) {
      until = 0;
      answer = await call(params);
    }
    const text = await answer.text();
    try {
      return JSON.parse(text);
    } catch {
      return { errors: [{ message: answer.status + " " + text }] };
    }
  };

  const first = "query {\n  auditLogs(first: 5) {\n    edges {\n      node {\n        activityType\n        createdAt\n        data\n      }\n    }\n  }\n}\n";
  const nothing = { getItem: () => null, setItem: () => {}, removeItem: () => {}, clear: () => {}, length: 0 };
  ReactDOM.createRoot(place).render(
    React.createElement(GraphiQL, { fetcher, defaultQuery: first, storage: nothing, shouldPersistHeaders: false }),
  );
})();
