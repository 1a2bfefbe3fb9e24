package portal

import (
	"context"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/message"
	"github.com/sealog/sealog/internal/store"
)

// pollOf returns the address that an open page asks for newer events, or "".
func pollOf(t *testing.T, body string) string {
	t.Helper()
	at := strings.Index(body, `id="newer-poll"`)
	if at < 0 {
		return ""
	}
	_, address, _ := strings.Cut(body[at:], `hx-get="`)
	address, _, _ = strings.Cut(address, `"`)
	return html.UnescapeString(address)
}

// asks sends what htmx sends.
func (b browser) asks(path string) reply {
	b.t.Helper()
	r := b.request("GET", path, nil)
	r.Header.Set("HX-Request", "true")
	return b.send(r)
}

func TestAnOpenPageHintsAtNewerEvents(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.project("acme", s.account(ownerEmail, false))
	s.account("stranger@acme.example", false)
	b := s.signedIn(ownerEmail)
	list := "/projects/acme/audit-log?tab=admin&type=admin_api.mutation.set_disabled_status.executed&outcome=succeeded"
	page := b.get(list).want(t, 200, `<div id="newer" role="status"></div>`, "every 30s", `hx-indicator="#log,#log-loading"`, "Loading…")
	poll := pollOf(t, page.body)
	if !strings.HasPrefix(poll, "/projects/acme/audit-log/newer?") || !strings.Contains(poll, "until=") || !strings.Contains(poll, "outcome=succeeded") {
		t.Fatalf("the page asks for %q", poll)
	}
	if err := s.reads.Record(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := s.count()
	if got := b.asks(poll).want(t, http.StatusNoContent); got.body != "" {
		t.Errorf("it hints at nothing: %s", got.body)
	}
	b.post("/projects/acme/admin-api/keys").want(t, http.StatusSeeOther) // is not what the filter asks for
	b.asks(poll).want(t, http.StatusNoContent)
	s.disable("acme", "kim@shop.example", event.Request{})
	hint := b.asks(poll).want(t, stopPolling, "Newer events — show them")
	if strings.Contains(hint.body, "kim@") || strings.Contains(hint.body, "<html") || hint.header.Get("Content-Security-Policy") != contentSecurityPolicy {
		t.Errorf("the hint is %v\n%s", hint.header, hint.body)
	}
	b.get(link(t, hint.body, "btn")).want(t, 200, "1 event<", "kim@shop.example")
	if err := s.reads.Record(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := s.count() - before; got != 3 { // the key, and the disabling with its user's event
		t.Errorf("%d events more", got)
	}
	if got := b.get(list+"&until=2020-01-01T00:00:00Z").want(t, 200, "1 newer event"); pollOf(t, got.body) != "" {
		t.Error("a page that hints already asks again")
	}
	if got := b.get("/projects/acme/audit-log?to=2020-01-01T00:00").want(t, 200); pollOf(t, got.body) != "" {
		t.Error("a page that nothing can be added to asks")
	}
	b.get("/projects/acme/audit-log/newer?until=never").want(t, http.StatusBadRequest, "FilterMalformed")

	x := s.signedIn("stranger@acme.example")
	x.get(poll).want(t, http.StatusNotFound, "ProjectNotFound")
	if got := x.asks(poll).want(t, stopPolling); got.body != "" {
		t.Errorf("a stranger is told %s", got.body)
	}
	b.post("/signout").want(t, http.StatusSeeOther)
	ended := b.asks(poll).want(t, stopPolling, "Your session has ended", `hx-boost="false"`)
	again, err := url.Parse(link(t, ended.body, "btn"))
	if err != nil {
		t.Fatal(err)
	}
	if next := again.Query().Get("next"); again.Path != "/signin" || !strings.HasPrefix(next, "/projects/acme/audit-log?") {
		t.Errorf("leads to %s", again)
	}
}

func TestThePageDoesNotNeedItsCounts(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *Config) { c.countFor = time.Nanosecond })
	s.project("acme", s.account(ownerEmail, false))
	b := s.signedIn(ownerEmail)
	s.disable("acme", "kim@shop.example", event.Request{})
	b.get("/projects/acme/audit-log").want(t, 200, "kim@shop.example", "1 event<", "There may be newer events")
}

func TestWhatIsNoText(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.project("acme", s.account(ownerEmail, true))
	b := s.signedIn(ownerEmail)
	for _, name := range []string{"actor", "actor_id", "user", "outcome", "type", "from", "to", "tz", "until", "after", "before", "q", "page"} {
		for _, value := range []string{"%00", "%ff", "a%00b", "a%ffb", strings.Repeat("x", 199) + "%ff"} {
			got := b.get("/projects/acme/audit-log?" + name + "=" + value)
			if got.status != http.StatusBadRequest || !strings.Contains(got.body, `id="log"`) {
				t.Errorf("%s=%s: %d", name, value, got.status)
			}
			if strings.Contains(got.body, "\x00") {
				t.Errorf("%s=%s stands in the page", name, value)
			}
			if name != "after" && name != "before" { // of which the hint takes no notice
				b.get("/projects/acme/audit-log/newer?"+name+"="+value).want(t, http.StatusBadRequest)
			}
		}
	}
	b.get("/projects/acme/audit-log?actor_id="+strings.Repeat("%C3%A9", 100)).want(t, 200)
	b.get("/projects/acme/audit-log?actor_id="+strings.Repeat("%C3%A9", 101)).want(t, http.StatusBadRequest, "not an actor")
	keys, err := s.projects.Keys(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"%00", "a%00b", "%ff", "a%2Fb", "..%2F..", "A", strings.Repeat("a", 5000)} {
		for _, path := range []string{"", "/audit-log", "/audit-log/newer", "/audit-log/" + keys[0].ID, "/admin-api", "/admin-api/keys/" + keys[0].ID + "/delete"} {
			b.get("/projects/"+bad+path).want(t, http.StatusNotFound, "ProjectNotFound")
		}
		b.post("/projects/"+bad+"/admin-api/keys").want(t, http.StatusNotFound, "ProjectNotFound")
		b.get("/projects/acme/audit-log/"+bad).want(t, http.StatusNotFound, "EventNotFound")
		key := "/projects/acme/admin-api/keys/" + bad
		b.get(key+"/delete").want(t, http.StatusNotFound, "KeyNotFound")
		b.post(key+"/delete").want(t, http.StatusNotFound, "KeyNotFound")
		b.post(key+"/private-key").want(t, http.StatusNotFound, "KeyNotFound")
		b.post("/account/sessions/"+bad+"/revoke").want(t, http.StatusNotFound, "SessionNotFound")
	}
	for _, path := range []string{"/projects/new", "/signin", "/setup", "/confirm", "/theme"} {
		for _, text := range []string{"a\x00b", "\xff"} {
			b.post(path, "name", text, "id", "other", "email", text, "token", text, "password", text).
				want(t, http.StatusBadRequest, "FormMalformed")
		}
	}
	b.get("/setup?token=%00%ff").want(t, http.StatusForbidden)
	b.get("/signin?next=%2F%00%ff").leadsTo(t, "/projects")
}

// recorded returns "project type" of all events, oldest first.
func (s *site) recorded() []string {
	s.t.Helper()
	type row struct {
		project string
		typ     event.Type
	}
	rows, err := store.Collect(s.t.Context(), s.db, func(r *row) []any { return []any{&r.project, &r.typ} }, `SELECT project_id, type FROM events ORDER BY id`)
	if err != nil {
		s.t.Fatal(err)
	}
	list := []string{}
	for _, r := range rows {
		list = append(list, r.project+" "+string(r.typ))
	}
	return list
}

// postTest is what a route's POST leaves in the logs.
type postTest struct {
	route string
	of    func() string // what stands in the path for {id} or {kid}
	// form is []string, func() []string, or func() (browser, []string) for who posts it.
	form   any
	events string // exactly these, each with its log
}

// TestEveryPostLeavesItsEvents posts to every route that takes it; a route that is not in
// the table fails.
func TestEveryPostLeavesItsEvents(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	token, err := s.access.NewSetupLink(t.Context(), access.ByOperator("test"))
	if err != nil {
		t.Fatal(err)
	}
	b := s.browser()
	keyAt := func(i int) func() string {
		return func() string {
			keys, err := s.projects.Keys(t.Context(), "acme")
			if err != nil {
				t.Fatal(err)
			}
			return keys[i].ID
		}
	}
	otherSession := func() string {
		s.signedIn(ownerEmail)
		list := b.get("/account/sessions").want(t, 200).body
		_, rest, _ := strings.Cut(list, `action="/account/sessions/`)
		id, _, _ := strings.Cut(rest, "/")
		return id
	}
	tests := append([]postTest{
		{"POST /theme", nil, []string{"theme", "dark"}, ""},
		{"POST /setup", nil, []string{"token", token, "email", ownerEmail, "password", password, "password_again", password, "id", "acme", "name", "Acme"}, "_portal account.created, _portal account.signed_in, acme project.app.created"},
		{"POST /signout", nil, nil, "_portal account.signed_out"},
		{"POST /signin", nil, []string{"email", ownerEmail, "password", password}, "_portal account.signed_in"},
		{"POST /confirm", nil, []string{"password", password}, "_portal account.reauthenticated"},
		{"POST /account/sessions/{id}/revoke", otherSession, nil, "_portal account.session.revoked"},
		{"POST /projects/new", nil, []string{"id", "other", "name", "Other"}, "other project.app.created"},
		{"POST /projects/{project}/users/new", nil, []string{"key", "email", "value", "kim@shop.example", "passwords", "generated", "send", "yes"},
			"acme user.created, acme admin_api.mutation.create_user.executed"},
		{"POST /projects/{project}/users/{user}/{action}", func() string { return s.user("acme").ID.String() }, []string{"reason", "chargeback"},
			"acme user.disabled, acme admin_api.mutation.set_disabled_status.executed"}, // every action: TestUserActions
		{"POST /projects/{project}/audit-log/export", nil, []string{"id", "0123456789abcdef"}, "acme audit_log.exported"},
		{"POST /projects/{project}/audit-log/export/table", nil, []string{"tab", "admin", "format", "csv"}, "acme audit_log.exported"},
		{"POST /projects/{project}/audit-log/export/access", nil, []string{"editors", "yes"}, "acme project.export_access.updated"},
		{"POST /projects/{project}/audit-log/erase", nil, func() []string {
			return []string{"user", s.disable("acme", "gone@shop.example", event.Request{}).String(), "reason", "They asked for it."}
		}, "acme audit.redacted"},
		{"POST /projects/{project}/outbox/{id}/read", func() string { return s.message("acme", message.Queued) }, nil, "acme project.message.read"},
		{"POST /projects/{project}/outbox/{id}/retry", func() string { return s.message("acme", message.Dead) }, nil, "acme project.message.requeued"},
		{"POST /projects/{project}/admin-api/explorer/token", nil, nil, "acme project.admin_api_token.created"},
		{"POST /projects/{project}/admin-api/keys", nil, nil, "acme project.app.updated"},
		{"POST /projects/{project}/admin-api/keys/{kid}/private-key", keyAt(1), nil, "acme project.app.secret.viewed"},
		{"POST /projects/{project}/admin-api/keys/{kid}/delete", keyAt(1), nil, "acme project.app.updated"},
	}, s.portalPosts(b)...)
	tested := map[string]bool{}
	for _, test := range tests {
		tested[test.route] = true
		path := strings.Replace(strings.TrimPrefix(test.route, "POST "), "{project}", "acme", 1)
		if test.of != nil {
			path = regexp.MustCompile(`\{(k?id|user)\}`).ReplaceAllLiteralString(strings.Replace(path, "{action}", "disable", 1), test.of())
		}
		by, form := b, []string(nil)
		switch given := test.form.(type) {
		case []string:
			form = given
		case func() []string:
			form = given()
		case func() (browser, []string):
			by, form = given()
		}
		before := len(s.recorded())
		if got := by.post(path, form...); got.status != http.StatusSeeOther && got.status != http.StatusOK {
			t.Fatalf("%s: %d\n%s", test.route, got.status, got.body)
		}
		if got := strings.Join(s.recorded()[before:], ", "); got != test.events {
			t.Errorf("%s leaves %q, want %q", test.route, got, test.events)
		}
	}
	for _, r := range (&portal{}).routes() {
		if strings.HasPrefix(r.pattern, "POST ") && !tested[r.pattern] {
			t.Errorf("%s is not in the table", r.pattern)
		}
	}
}

func TestAnOpenPageKeepsNoSessionAlive(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.project("acme", s.account(ownerEmail, false))
	b := s.signedIn(ownerEmail)
	page := b.get("/projects/acme/audit-log").want(t, 200)
	poll := pollOf(t, page.body)
	err := store.Bookkeep(t.Context(), s.db, func(ctx context.Context, book *store.Book) error {
		_, err := book.Exec(ctx, `UPDATE account_sessions SET last_seen_at = last_seen_at - 3600000000`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	seen := func() int64 {
		t.Helper()
		at, err := store.Column[int64](t.Context(), s.db, `SELECT last_seen_at FROM account_sessions`)
		if err != nil || len(at) != 1 {
			t.Fatal(at, err)
		}
		return at[0]
	}
	before := seen()
	b.asks(poll).want(t, http.StatusNoContent)
	b.live(liveOf(t, page), "").leave()
	if seen() != before {
		t.Error("the page's own question counted as its account being there")
	}
	b.get("/projects/acme/audit-log").want(t, 200)
	if seen() == before {
		t.Error("looking at the page did not count")
	}
}
