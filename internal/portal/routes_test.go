package portal

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/store"
)

var update = flag.Bool("update", false, "write the golden files")

// everyRole are those whose rights a row of the matrix says.
var everyRole = []access.Role{access.None, access.Viewer, access.Editor, access.Owner}

// may is whether an account with a role in the project gets beyond the door of a route.
func (r route) may(role access.Role) bool {
	switch r.audience {
	case strangers, accounts:
		return true
	case exporters:
		return role.May(access.Export)
	default:
		return role.May(r.need)
	}
}

// TestRoutes compares every route, who may ask for it, and the bound of its body with a file that
// people have looked at: a new route, or one that lets in others, fails until somebody has.
func TestRoutes(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, r := range (&portal{}).routes() {
		var in []string
		for _, role := range everyRole {
			if r.may(role) {
				name := string(role)
				if role == access.None {
					name = [...]string{"everybody", "accounts"}[r.audience]
				}
				in = append(in, name)
			}
		}
		post := strings.HasPrefix(r.pattern, "POST ")
		if post != (r.body.Most > 0) {
			t.Errorf("%s: the bound of the body is %d", r.pattern, r.body.Most)
		}
		if inProject := strings.Contains(r.pattern, "{project}"); inProject != (r.audience >= members) {
			t.Errorf("%s is for audience %d", r.pattern, r.audience)
		}
		body := ""
		if post {
			body = r.body.Amount()
		}
		fmt.Fprintf(&b, "%-90s %-32s %s\n", r.pattern, strings.Join(in, " "), body)
	}
	file := filepath.Join("testdata", "routes.txt")
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("routes (-want, +got), look at it and run go test ./internal/portal -run TestRoutes -update:\n%s", diff)
	}
}

// path is the route's path in a project, with ids that are of nothing.
func (r route) path(project string) (method, path string) {
	method, path, _ = strings.Cut(r.pattern, " ")
	for name, value := range map[string]string{
		"{project}": project, "{hash}": "0", "{name}": "x.css", "{event}": event.NewID().String(), "{user}": event.NewID().String(),
		"{id}": event.NewID().String(), "{kid}": event.NewID().String(), "{action}": "disable", "{$}": "",
	} {
		path = strings.ReplaceAll(path, name, value)
	}
	return method, path
}

// TestRoleMatrix asks for every route as everybody who must not have it: strangers, a session that
// has ended, accounts without a part in the project, and roles that are too low, in their own project,
// in another one and in the Portal's own. Each is refused with the right status and code, and nothing
// is done.
func TestRoleMatrix(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	owner := s.account(ownerEmail, false)
	s.project("acme", owner)
	s.project("shop", s.account("other@shop.example", false))
	browsers := map[access.Role]browser{access.Owner: s.signedIn(ownerEmail), access.None: s.signedIn("other@shop.example")}
	for _, role := range []access.Role{access.Viewer, access.Editor} {
		email := strings.ToLower(string(role)) + "@acme.example"
		s.join("acme", s.account(email, false), role)
		browsers[role] = s.signedIn(email)
	}
	ended := s.signedIn("editor@acme.example")
	ended.post("/signout").want(t, http.StatusSeeOther)
	before := s.done()
	cells := 0
	ask := func(b browser, method, path string, status int, code string) {
		t.Helper()
		cells++
		got := b.get
		if method == http.MethodPost {
			got = func(path string) reply { return b.post(path) }
		}
		answer := got(path)
		if answer.status != status || !strings.Contains(answer.body+answer.header.Get("Location"), code) {
			t.Errorf("%s %s: %d, want %d with %s\n%.400s", method, path, answer.status, status, code, answer.body)
		}
	}
	stranger := s.browser()
	for _, r := range (&portal{Config: s.config}).routes() {
		method, path := r.path("acme")
		if r.audience == strangers {
			continue
		}
		for _, nobody := range []browser{stranger, ended} {
			if method == http.MethodGet {
				ask(nobody, method, path, http.StatusSeeOther, "/signin")
			} else {
				ask(nobody, method, path, http.StatusUnauthorized, "SessionInvalid")
			}
		}
		if r.audience < members {
			continue
		}
		for _, role := range everyRole {
			if r.may(role) {
				continue
			}
			if role == access.None {
				ask(browsers[role], method, path, http.StatusNotFound, "ProjectNotFound")
			} else {
				ask(browsers[role], method, path, http.StatusForbidden, "RoleTooLow")
			}
		}
		for _, project := range []string{"shop", "nosuch", event.PortalProject} { // of others, none, and the Portal's own
			method, path := r.path(project)
			ask(browsers[access.Owner], method, path, http.StatusNotFound, "ProjectNotFound")
		}
	}
	t.Logf("%d cells", cells)
	if after := s.done(); after != before {
		t.Errorf("%d events of something done before, %d after", before, after)
	}
}

// done is how many events of all projects say that something was done.
func (s *site) done() int64 {
	s.t.Helper()
	n, err := store.Column[int64](s.t.Context(), s.db, `SELECT count(*) FROM events WHERE outcome = $1`, event.Succeeded)
	if err != nil {
		s.t.Fatal(err)
	}
	return n[0]
}

// TestBodiesAreBound posts more than each route takes.
func TestBodiesAreBound(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.project("acme", s.account(ownerEmail, false))
	b := s.signedIn(ownerEmail)
	before := s.count()
	for _, r := range (&portal{Config: s.config}).routes() {
		method, path := r.path("acme")
		if method != http.MethodPost {
			continue
		}
		request := b.request(method, path, strings.NewReader("x="+strings.Repeat("x", r.body.Most)))
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		b.send(request).want(t, http.StatusRequestEntityTooLarge, r.body.Code, r.body.Amount())
	}
	if s.count() != before {
		t.Error("something happened")
	}
}
