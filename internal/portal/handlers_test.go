package portal

import (
	"html"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/store"
)

func TestSetUp(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser()
	b.get("/signin").want(t, 200, "There is no account yet")
	b.get("/setup?token=wrong").want(t, http.StatusForbidden, "This set-up link does not work")
	token, err := s.access.NewSetupLink(t.Context(), access.ByOperator("test"))
	if err != nil {
		t.Fatal(err)
	}
	before := s.count()
	b.get("/setup?token="+token).want(t, 200, "Your first project")
	form := func(pairs ...string) []string {
		return append([]string{"token", token, "email", ownerEmail, "password", password, "password_again", password, "id", "acme", "name", "Acme"}, pairs...)
	}
	differ := form()
	differ[7] = "another one altogether"
	kept := b.post("/setup", differ...).want(t, http.StatusUnprocessableEntity, "The two passwords differ.", `value="acme"`, `value="`+ownerEmail+`"`)
	if strings.Contains(kept.body, password) {
		t.Error("the page holds the password")
	}
	badID := form()
	badID[9] = "A!"
	b.post("/setup", badID...).want(t, http.StatusUnprocessableEntity, "A project id has 3 to 40")
	if s.count() != before {
		t.Error("input that is not fit used something up")
	}
	b.post("/setup", form()...).leadsTo(t, "/projects/acme/audit-log?tab=admin")
	b.get("/projects/acme/audit-log?tab=admin").want(t, 200, "Welcome.", "created the project Acme", ownerEmail)
	b.get("/projects/_portal/audit-log").want(t, 200, "signed in")
	s.browser().get("/setup?token="+token).want(t, http.StatusForbidden)
	s.browser().post("/setup", form()...).want(t, http.StatusForbidden, "This set-up link does not work")
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.project("acme", s.account(ownerEmail, false))
	b := s.browser()
	b.get("/").leadsTo(t, "/signin")
	b.get("/projects/acme/audit-log?tab=admin").leadsTo(t, "/signin?next="+url.QueryEscape("/projects/acme/audit-log?tab=admin"))
	b.post("/signin", "email", ownerEmail, "password", "not the password").
		want(t, http.StatusUnauthorized, "The e-mail address or the password is wrong.", `value="`+ownerEmail+`"`)
	b.post("/signin", "email", ownerEmail, "password", password, "next", "/account/sessions").leadsTo(t, "/account/sessions")
	b.get("/account/sessions").want(t, 200, "this session")
	b.get("/projects/_portal/audit-log").want(t, http.StatusNotFound, "ProjectNotFound") // no operator

	other := s.signedIn(ownerEmail)
	list := b.get("/account/sessions").want(t, 200, "/revoke").body
	_, rest, _ := strings.Cut(list, `action="/account/sessions/`)
	id, _, _ := strings.Cut(rest, "/")
	b.post("/account/sessions/"+id+"/revoke").leadsTo(t, "/account/sessions")
	other.get("/projects").leadsTo(t, "/signin?next=%2Fprojects")

	b.post("/signout").leadsTo(t, "/signin")
	b.get("/signin").want(t, 200, "You have signed out.")
	b.get("/projects").leadsTo(t, "/signin?next=%2Fprojects")
}

func TestNextStaysHere(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "/f", "https://evil.example/": "/f", "//evil.example": "/f", `/\evil.example`: "/f", "/%2F/evil.example": "/f",
		"javascript:alert(1)": "/f", "/\t/evil.example": "/f", "evil": "/f", "/projects?a=b": "/projects?a=b", "/": "/",
		"/projects#x": "/projects",
	} {
		if got := localPath(text, "/f"); got != want {
			t.Errorf("%q leads to %q, want %q", text, got, want)
		}
	}
}

func TestRoles(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	owner, viewer := s.account(ownerEmail, false), s.account("viewer@acme.example", false)
	s.account("stranger@acme.example", false)
	s.project("acme", owner)
	s.join("acme", viewer, access.Viewer)
	keys, err := s.projects.Keys(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	key := "/projects/acme/admin-api/keys/" + keys[0].ID
	posts := []string{"/projects/acme/admin-api/keys", key + "/delete", key + "/private-key"}

	v := s.signedIn("viewer@acme.example")
	v.get("/projects/acme/audit-log").want(t, 200)
	page := v.get("/projects/acme/admin-api").want(t, 200, keys[0].ID, "BEGIN PUBLIC KEY")
	if strings.Contains(page.body, "private-key") || strings.Contains(page.body, "/delete") {
		t.Error("a viewer is offered what a viewer may not do")
	}
	for _, path := range posts {
		v.post(path).want(t, http.StatusForbidden, "RoleTooLow")
	}
	x := s.signedIn("stranger@acme.example")
	for _, path := range []string{"/projects/acme/audit-log", "/projects/acme/admin-api", "/projects/nothing/audit-log"} {
		x.get(path).want(t, http.StatusNotFound, "ProjectNotFound")
	}
	for _, path := range posts {
		x.post(path).want(t, http.StatusNotFound, "ProjectNotFound")
	}
	x.get("/projects").want(t, 200, "You are in no project yet.")
	// Who has a role is denied in the project's log, who has none in the Portal's.
	type denial struct {
		Project, Actor, Kind, ID, Code string
	}
	got := map[denial]int{}
	for _, log := range []string{"acme", event.PortalProject} {
		page, err := s.log.List(t.Context(), auditlog.Filter{Project: log, Types: []event.Type{"access.denied"}}, auditlog.Paging{})
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range page.Rows {
			c, err := row.Context()
			if err != nil {
				t.Fatal(err)
			}
			if c.Target == nil || c.Error == nil || row.Outcome != event.Denied {
				t.Fatalf("denied what, and why? %+v", c)
			}
			got[denial{log, c.Actor.Name, c.Target.Kind, c.Target.ID, c.Error.Code}]++
		}
	}
	want := map[denial]int{
		{"acme", "viewer@acme.example", "permission", string(access.Act), "RoleTooLow"}:         2,
		{"acme", "viewer@acme.example", "permission", string(access.ViewSecrets), "RoleTooLow"}: 1,
		{event.PortalProject, "stranger@acme.example", "project", "acme", "ProjectNotFound"}:    5,
		{event.PortalProject, "stranger@acme.example", "project", "nothing", "ProjectNotFound"}: 1,
	}
	if !maps.Equal(got, want) {
		t.Errorf("denials are %v, want %v", got, want)
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.project("acme", s.account(ownerEmail, false))
	b := s.signedIn(ownerEmail)
	b.post("/projects/acme/admin-api/keys").leadsTo(t, "/projects/acme/admin-api")
	b.get("/projects/acme/admin-api").want(t, 200, "A new Admin API key was generated.", "at most two keys", "/_api/admin/graphql")
	b.post("/projects/acme/admin-api/keys").want(t, http.StatusConflict, "KeyLimitReached")
	keys, err := s.projects.Keys(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	path := "/projects/acme/admin-api/keys/" + keys[0].ID

	s.later = access.FreshFor + time.Second
	next := "/projects/acme/admin-api?download=" + keys[0].ID
	b.post(path+"/private-key").leadsTo(t, "/confirm?next="+url.QueryEscape(next))
	if slices.Contains(s.types("acme"), "project.app.secret.viewed") {
		t.Error("a view is recorded that did not happen")
	}
	b.post("/confirm", "password", "not the password", "next", next).want(t, http.StatusForbidden, "The password is wrong.")
	b.post("/confirm", "password", password, "next", next).leadsTo(t, next)
	s.later = 0
	b.get(next).want(t, 200, "Your password is confirmed")
	secret := b.post(path+"/private-key").want(t, 200, "-----BEGIN PRIVATE KEY-----")
	if got := secret.header.Get("Content-Type") + secret.header.Get("Content-Disposition") + secret.header.Get("Cache-Control"); got !=
		`application/x-pem-fileattachment; filename="`+keys[0].ID+`.pem"no-store` {
		t.Errorf("headers are %s", got)
	}
	if types := s.types("acme"); types[len(types)-1] != "project.app.secret.viewed" {
		t.Errorf("the last event is %s", types[len(types)-1])
	}

	b.get(path+"/delete").want(t, 200, "It cannot be undone.")
	b.post(path+"/delete").leadsTo(t, "/projects/acme/admin-api")
	b.get(path+"/delete").want(t, http.StatusNotFound, "KeyNotFound")
	last := "/projects/acme/admin-api/keys/" + keys[1].ID + "/delete"
	b.get(last).want(t, 200, "only key")
	b.post(last).want(t, http.StatusConflict, "LastKey")
}

func TestOtherSitesAndHosts(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.project("acme", s.account(ownerEmail, false))
	b := s.signedIn(ownerEmail)
	before := s.count()
	foreign := b.request("POST", "/projects/acme/admin-api/keys", nil)
	foreign.Header.Set("Sec-Fetch-Site", "cross-site")
	b.send(foreign).want(t, http.StatusForbidden, "CrossOrigin")
	foreign = b.request("POST", "/projects/acme/admin-api/keys", nil)
	foreign.Header.Set("Origin", "https://evil.example")
	b.send(foreign).want(t, http.StatusForbidden, "CrossOrigin")
	misdirected := b.request("GET", "/signin", nil)
	misdirected.Host = "evil.example"
	b.send(misdirected).want(t, http.StatusMisdirectedRequest, "HostUnknown")
	if s.count() != before {
		t.Error("something happened")
	}
	answer := b.get("/projects").want(t, 200)
	if answer.header.Get("Content-Security-Policy") != contentSecurityPolicy || answer.header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers are %v", answer.header)
	}
}

func TestReadingChangesNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.project("acme", s.account(ownerEmail, true))
	b := s.signedIn(ownerEmail)
	keys, err := s.projects.Keys(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	before := s.count()
	for _, path := range []string{
		"/projects", "/projects/new", "/projects/acme/audit-log", "/projects/acme/admin-api", "/account/sessions", "/confirm",
		"/projects/acme/admin-api/keys/" + keys[0].ID + "/delete", "/projects/_portal/audit-log",
		"/projects/acme/audit-log/export", "/projects/acme/audit-log/export/progress", "/projects/acme/audit-log/erase?user=" + event.NewID().String(),
	} {
		b.get(path).want(t, 200)
	}
	for _, path := range []string{"/signout", "/projects/acme/admin-api/keys", "/projects/acme/admin-api/keys/" + keys[0].ID + "/private-key"} {
		if got := b.get(path).want(t, http.StatusMethodNotAllowed, "MethodNotAllowed").header.Get("Allow"); got != "POST" {
			t.Errorf("%s allows %s", path, got)
		}
	}
	b.get("/nothing").want(t, http.StatusNotFound, "PageNotFound")
	if after := s.count(); after != before {
		t.Errorf("%d events more", after-before)
	}
	// What was read is noted, and put on the record later.
	if err := s.reads.Record(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(s.types("acme"), "audit_log.read") {
		t.Error("the reading is not on the record")
	}
}

// TestReadingIsTraced opens, one after the other, the pages that show users, or what the log knows.
func TestReadingIsTraced(t *testing.T) {
	t.Parallel()
	for page, want := range map[string]string{
		"/users": "project.users.read", "/users?q=kim": "project.users.read", "/users/USER": "project.users.read",
		"/users/USER/disable": "project.users.read", "/audit-log/erase?user=USER": "project.users.read",
		"/audit-log/suggest?q=actor:": "audit_log.read", "/audit-log/EVENT/proof": "audit_log.read",
		"/audit-log/EVENT/proof.tlog-proof": "audit_log.read",
	} {
		s := newSite(t)
		s.project("acme", s.account(ownerEmail, false))
		b := s.signedIn(ownerEmail)
		user := s.user("acme").ID.String()
		s.seal()
		events, err := store.Column[event.ID](t.Context(), s.db, `SELECT id FROM events WHERE project_id = 'acme' ORDER BY id LIMIT 1`)
		if err != nil {
			t.Fatal(err)
		}
		b.get("/projects/acme"+strings.NewReplacer("USER", user, "EVENT", events[0].String()).Replace(page)).want(t, 200)
		if err := s.reads.Record(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(s.types("acme"), want) {
			t.Errorf("%s leaves no %s", page, want)
		}
	}
}

func TestLog(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.project("acme", s.account(ownerEmail, false))
	b := s.signedIn(ownerEmail)
	b.get("/projects/acme/audit-log").want(t, 200, "No activity in the selected range.")
	agent := `Evil"><script>alert(1)</script>`
	var users []event.ID
	for range 60 {
		req := event.Request{ID: event.NewID().String(), IP: "203.0.113.9", UserAgent: agent}
		users = append(users, s.disable("acme", "<b>kim</b>@shop.example", req))
	}
	first := b.get("/projects/acme/audit-log").want(t, 200, "60 events", "&lt;b&gt;kim&lt;/b&gt;@shop.example", "203.0.113.9")
	if strings.Contains(first.body, "<b>kim") || strings.Contains(first.body, "<script>alert") {
		t.Error("text of others is markup")
	}
	// Pages do not shift when events come in between.
	s.disable("acme", "new@shop.example", event.Request{})
	second := b.get("/projects/acme/audit-log"+link(t, first.body, `rel="next"`)).want(t, 200, "60 events", "1 newer event")
	if got := strings.Count(second.body, `class="sentence"`); got != 10 {
		t.Errorf("the second page has %d rows", got)
	}
	back := b.get("/projects/acme/audit-log"+link(t, second.body, `rel="prev"`)).want(t, 200)
	if got := strings.Count(back.body, `class="sentence"`); got != 50 {
		t.Errorf("the first page has %d rows", got)
	}

	one := b.get("/projects/acme/audit-log?tab=admin&user="+users[3].String()).want(t, 200, "1 event<", "Outcome", "Clear all")
	detail := link(t, one.body, `class="sentence"`)
	b.get(detail).want(t, 200, "Claimed by the caller, not verified", "support_agent", "In the same request", "this event",
		"&lt;script&gt;alert", users[3].String(), "user="+users[3].String())
	b.get("/projects/acme/audit-log/"+event.NewID().String()).want(t, http.StatusNotFound, "EventNotFound")
	b.get("/projects/acme/audit-log/nothing").want(t, http.StatusNotFound, "EventNotFound")

	future := url.QueryEscape(time.Now().Add(time.Hour).UTC().Format("2006-01-02T15:04"))
	b.get("/projects/acme/audit-log?from="+future).want(t, 200, "No activity in the selected range.", "Clear all filters")
	wrong := b.get("/projects/acme/audit-log?user=kim&from=soon&outcome=failed&actor_id=xyz&type=user.disabled").want(t, http.StatusBadRequest,
		"That is not a user id", "That is not a date and time", `value="kim"`, `value="soon"`, `value="xyz"`, `<option value="failed" selected`)
	if !strings.Contains(wrong.body, `value="user.disabled" checked`) {
		t.Error("the chosen type is lost")
	}
	for _, query := range []string{"type=x", "tab=admin&type=user.created", "until=never", "after=!!", "outcome=maybe", "from=2026-02-01T00:00&to=2026-01-01T00:00", "from=2026-01-01T00:00&tz=../etc"} {
		b.get("/projects/acme/audit-log?"+query).want(t, http.StatusBadRequest)
	}
}

// link returns the address in the tag that holds a text.
func link(t *testing.T, body, text string) string {
	t.Helper()
	at := strings.Index(body, text)
	if at < 0 {
		t.Fatalf("there is no %s in\n%s", text, body)
	}
	start := strings.LastIndex(body[:at], "<a")
	end := strings.Index(body[at:], ">") + at
	_, address, ok := strings.Cut(body[start:end], `href="`)
	if !ok {
		t.Fatalf("no link: %s", body[start:end])
	}
	address, _, _ = strings.Cut(address, `"`)
	return html.UnescapeString(address)
}

func TestAssets(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser()
	body := b.get("/signin").want(t, 200).body
	_, rest, _ := strings.Cut(body, `<script src="`)
	path, _, _ := strings.Cut(rest, `"`)
	got := b.get(path).want(t, 200, "use strict")
	if got.header.Get("Cache-Control") != "public, max-age=31536000, immutable" {
		t.Errorf("headers are %v", got.header)
	}
	b.get("/static/0000/portal.js").want(t, http.StatusNotFound)
	b.post("/theme", "theme", "dark", "next", "/signin").leadsTo(t, "/signin")
	b.get("/signin").want(t, 200, `data-bs-theme="dark"`)
}
