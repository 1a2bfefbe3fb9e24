package portal

import (
	"net/http"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/fault"
)

// routes lists every route of the Portal.
func (p *portal) routes() http.Handler {
	mux := http.NewServeMux()
	anyone := func(pattern string, h func(http.ResponseWriter, *http.Request) error) {
		mux.Handle(pattern, p.handle(h))
	}
	// An account that has signed in.
	account := func(pattern string, h func(http.ResponseWriter, *http.Request, access.Session) error) {
		mux.Handle(pattern, p.handle(p.signedIn(h)))
	}
	// An account whose role in the project {project} has the permission.
	member := func(pattern string, need access.Permission, h func(http.ResponseWriter, *http.Request, visit) error) {
		mux.Handle(pattern, p.handle(p.signedIn(p.allowed(need, h))))
	}

	mux.Handle("GET /static/{hash}/{name}", p.assets)
	anyone("GET /{$}", p.home)
	anyone("POST /theme", p.setTheme)

	anyone("GET /setup", p.showSetup)
	anyone("POST /setup", p.setUp)
	anyone("GET /signin", p.showSignIn)
	anyone("POST /signin", p.signIn)
	account("POST /signout", p.signOut)
	account("GET /confirm", p.showConfirm)
	account("POST /confirm", p.confirm)
	account("GET /account/sessions", p.showSessions)
	account("POST /account/sessions/{id}/revoke", p.revokeSession)

	account("GET /projects", p.showProjects)
	account("GET /projects/new", p.showNewProject)
	account("POST /projects/new", p.createProject)
	member("GET /projects/{project}", access.Read, p.showProject)
	member("GET /projects/{project}/audit-log", access.Read, p.showLog)
	mux.Handle(newerRoute, p.polled(p.signedIn(p.allowed(access.Read, p.showNewer))))
	member("GET /projects/{project}/audit-log/{event}", access.Read, p.showEvent)
	member("GET /projects/{project}/users", access.Read, p.showUsers)
	member("GET /projects/{project}/users/new", access.Act, p.showNewUser)
	member("POST /projects/{project}/users/new", access.Act, p.createUser)
	member("GET /projects/{project}/users/{user}", access.Read, p.showUser)
	member("GET /projects/{project}/users/{user}/{action}", access.Act, p.showUserAction)
	member("POST /projects/{project}/users/{user}/{action}", access.Act, p.doUserAction)
	member("GET /projects/{project}/outbox", access.SeeOutbox, p.showOutbox)
	member("POST /projects/{project}/outbox/{id}/read", access.SeeOutbox, p.readMessage)
	member("POST /projects/{project}/outbox/{id}/retry", access.SeeOutbox, p.retryMessage)
	member("GET /projects/{project}/admin-api", access.Read, p.showKeys)
	member("GET /projects/{project}/admin-api/explorer", access.Act, p.showExplorer)
	member("POST /projects/{project}/admin-api/explorer/token", access.Act, p.explorerToken)
	member("POST /projects/{project}/admin-api/keys", access.Act, p.generateKey)
	member("GET /projects/{project}/admin-api/keys/{kid}/delete", access.Act, p.showDeleteKey)
	member("POST /projects/{project}/admin-api/keys/{kid}/delete", access.Act, p.deleteKey)
	member("POST /projects/{project}/admin-api/keys/{kid}/private-key", access.ViewSecrets, p.downloadKey)

	return p.orNoPage(mux)
}

// orNoPage answers with a page of ours what no route takes.
func (p *portal) orNoPage(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		refuse, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		answer := unsent{header: http.Header{}}
		refuse.ServeHTTP(&answer, r)
		if answer.status != http.StatusMethodNotAllowed {
			p.fail(w, r, fault.New(fault.NotFound, "PageNotFound", "There is no such page."))
			return
		}
		w.Header()["Allow"] = answer.header["Allow"]
		p.fail(w, r, &answered{answer.status, fault.New(fault.Malformed, "MethodNotAllowed", "This page is not asked for in that way.")})
	})
}

// unsent is an answer of which only its head is of interest.
type unsent struct {
	header http.Header
	status int
}

// Header implements http.ResponseWriter.
func (u *unsent) Header() http.Header { return u.header }

// WriteHeader implements http.ResponseWriter.
func (u *unsent) WriteHeader(status int) { u.status = status }

// Write implements http.ResponseWriter.
func (u *unsent) Write(b []byte) (int, error) { return len(b), nil }
