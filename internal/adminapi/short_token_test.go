package adminapi_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
)

// TestTokensOfTheExplorer: what is done with one is done by the account, while its session
// lasts and it may act; the ids in other tokens mean nothing.
func TestTokensOfTheExplorer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	session, _, err := w.access.SignIn(t.Context(), event.Request{IP: "192.0.2.1"}, "owner@example.org", "correct horse battery")
	if err != nil {
		t.Fatal(err)
	}
	mint := func() string {
		t.Helper()
		token, expiresAt, err := w.access.MintToken(t.Context(), session, event.Request{IP: "192.0.2.1"}, "acme", "explorer")
		if err != nil || expiresAt.After(w.db.Now().Add(access.ShortLifetime)) {
			t.Fatal(expiresAt, err)
		}
		return token
	}
	ask := func(token string) int {
		return w.send("Bearer "+token, "application/json",
			`{"query":"mutation { createUser(input: {definition: {loginID: {key: \"username\", value: \"u`+event.NewID().Hex()[20:]+`\"}}}) { user { id } } }"}`).Code
	}
	token := mint()
	if rows := w.events(event.Succeeded); string(rows[0].Type) != "project.admin_api_token.created" || rows[0].ActorID != session.Account.ID.String() {
		t.Errorf("making it left %s by %s", rows[0].Type, rows[0].ActorID)
	}
	if status := ask(token); status != http.StatusOK {
		t.Fatal(status)
	}
	row := w.events(event.Succeeded)[0]
	c, err := row.Context()
	if err != nil {
		t.Fatal(err)
	}
	if string(row.Type) != mutation+"create_user.executed" || c.Actor.Type != event.Account || c.Actor.ID != session.Account.ID.String() ||
		c.TriggeredBy != string(event.ViaAdminAPI) || len(c.Claimed) > 0 {
		t.Errorf("%s by %+v", row.Type, c)
	}
	foreign := sign(t, "RS256", w.kid, w.key, map[string]any{"aud": "acme", "exp": time.Now().Add(time.Minute).Unix(), "jti": event.NewID().String()})
	if status := ask(foreign); status != http.StatusOK || w.events(event.Succeeded)[0].ActorID != w.kid {
		t.Errorf("a token with an id of its own: %d", status)
	}
	if err := access.SweepTokens(t.Context(), w.db, w.db.Now()); err != nil {
		t.Fatal(err)
	}
	token = mint()
	w.exec(`UPDATE collaborators SET role = 'VIEWER' WHERE project_id = $1`, "acme")
	if status := ask(token); status != http.StatusForbidden {
		t.Errorf("a viewer's token: %d", status)
	}
	if _, _, err := w.access.MintToken(t.Context(), session, event.Request{}, "acme", "explorer"); !fault.Is(err, "RoleTooLow") {
		t.Errorf("for a viewer: %v", err)
	}
	w.exec(`UPDATE collaborators SET role = 'OWNER' WHERE project_id = $1`, "acme")
	if status := ask(token); status != http.StatusOK {
		t.Errorf("an owner's again: %d", status)
	}
	if err := w.access.SignOut(t.Context(), event.Request{}, session); err != nil {
		t.Fatal(err)
	}
	if status := ask(token); status != http.StatusForbidden {
		t.Errorf("after the session: %d", status)
	}
	found := false
	for _, line := range w.attempts() {
		found = found || strings.Contains(line, "TokenRevoked")
	}
	if !found {
		t.Errorf("the refusal is not on the record: %v", w.attempts())
	}
}
