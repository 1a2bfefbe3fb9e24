package portal

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/event"
)

const (
	explorerPath = "/projects/acme/admin-api/explorer"
	tokenPath    = explorerPath + "/token"
)

func TestExplorer(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.project("acme", s.account(ownerEmail, false))
	b := s.signedIn(ownerEmail)
	b.get("/projects/acme/admin-api").want(t, 200, `href="`+explorerPath+`"`)
	before := s.count()
	page := b.get(explorerPath).want(t, 200, `data-token="`+tokenPath+`"`, "graphiql.min.js", "put on the record as done by you")
	if s.count() != before || strings.Contains(page.body, "eyJ") {
		t.Errorf("looking at the page makes a token:\n%s", page.body)
	}
	answer := b.post(tokenPath).want(t, 200)
	var made struct {
		Token     string
		ExpiresAt time.Time `json:"expires_at"`
	}
	if err := json.Unmarshal([]byte(answer.body), &made); err != nil || answer.header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%v: %v %s", err, answer.header, answer.body)
	}
	if left := time.Until(made.ExpiresAt); left <= 0 || left > access.ShortLifetime {
		t.Errorf("the token expires at %s", made.ExpiresAt)
	}
	caller, err := s.access.VerifyToken(t.Context(), "Bearer "+made.Token, event.Request{})
	if err != nil || caller.Project.ID != "acme" || caller.By.Actor.Name != ownerEmail {
		t.Errorf("it stands for %+v (%v)", caller.By.Actor, err)
	}
	types := s.types("acme")
	if got := types[len(types)-1]; got != "project.admin_api_token.created" {
		t.Errorf("it left %s", got)
	}
	b.post("/signout").want(t, http.StatusSeeOther)
	b.post(tokenPath).want(t, http.StatusUnauthorized)
	if _, err := s.access.VerifyToken(t.Context(), "Bearer "+made.Token, event.Request{}); err == nil {
		t.Error("the token outlives the session")
	}
}

func TestExplorerIsForThoseWhoMayAct(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.project("acme", s.account(ownerEmail, true))
	s.join("acme", s.account("viewer@acme.example", false), access.Viewer)
	v := s.signedIn("viewer@acme.example")
	if keys := v.get("/projects/acme/admin-api").want(t, 200); strings.Contains(keys.body, explorerPath) {
		t.Error("a viewer is shown the way to it")
	}
	v.get(explorerPath).want(t, http.StatusForbidden, "RoleTooLow")
	v.post(tokenPath).want(t, http.StatusForbidden, "RoleTooLow")
	types := s.types("acme")
	if got := strings.Join(types[len(types)-2:], " "); got != "access.denied access.denied" {
		t.Errorf("recorded %s", got)
	}
	b := s.signedIn(ownerEmail)
	b.get("/projects/_portal/admin-api/explorer").want(t, http.StatusForbidden)
	forged := b.request("POST", tokenPath, nil)
	forged.Header.Set("Sec-Fetch-Site", "cross-site")
	b.send(forged).want(t, http.StatusForbidden, "CrossOrigin")
}

// TestOnlyTheExplorerHasItsOwnPolicy: no page runs anything inline, and this one alone may
// bring styles of its own, those with the nonce of this very answer.
func TestOnlyTheExplorerHasItsOwnPolicy(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.project("acme", s.account(ownerEmail, false))
	b := s.signedIn(ownerEmail)
	seen := map[string]bool{}
	for range 2 {
		page := b.get(explorerPath).want(t, 200)
		_, rest, _ := strings.Cut(page.body, `data-style-nonce="`)
		nonce, _, _ := strings.Cut(rest, `"`)
		want := "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-" + nonce + "'; style-src-attr 'unsafe-inline'; font-src data:; " +
			"img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
		if got := page.header.Get("Content-Security-Policy"); got != want || len(nonce) < 20 || seen[nonce] {
			t.Errorf("the policy is %s", got)
		}
		seen[nonce] = true
	}
	for _, other := range []string{"/projects/acme/admin-api", explorerPath + "/nowhere"} {
		if got := b.get(other).header.Get("Content-Security-Policy"); got != contentSecurityPolicy {
			t.Errorf("the policy of %s is %s", other, got)
		}
	}
}
