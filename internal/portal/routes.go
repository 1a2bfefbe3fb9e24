package portal

import (
	"net/http"
	"strings"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/limit"
	"github.com/sealog/sealog/internal/web"
)

// audience is who may ask for a route.
type audience uint8

// The audiences, from the widest to the narrowest.
const (
	strangers audience = iota // anyone
	accounts                  // an account that has signed in
	members                   // an account whose role in the project {project} has the permission
	tenants                   // members, for pages that the Portal's own project has not
	exporters                 // members who may take the project's log away
)

// route is a page, or what a page asks for.
type route struct {
	pattern  string // of http.ServeMux
	audience audience
	need     access.Permission // of members, tenants and exporters
	body     limit.Bound       // of the body of a POST; a GET has none
	handler  http.Handler
}

type routes []route

func (l *routes) add(r route) {
	if r.body.Most == 0 && strings.HasPrefix(r.pattern, "POST ") {
		r.body = limit.BodyOfForm
		if r.audience == strangers {
			r.body = limit.BodyOfStranger
		}
	}
	*l = append(*l, r)
}

// mux returns what serves the routes.
func (p *portal) mux() http.Handler {
	mux := http.NewServeMux()
	for _, r := range p.routes() {
		if r.body.Most > 0 {
			r.handler = p.bounded(r.body, r.handler)
		}
		mux.Handle(r.pattern, r.handler)
	}
	return p.orNoPage(mux)
}

// bounded bounds the body of a request, before anything else is done with it.
func (p *portal) bounded(body limit.Bound, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := web.BoundBody(w, r, body); err != nil {
			p.fail(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// routes lists every route of the Portal.
func (p *portal) routes() routes {
	var list routes
	anyone := func(pattern string, h web.Handler) {
		list.add(route{pattern: pattern, handler: p.handle(h)})
	}
	account := func(pattern string, h func(http.ResponseWriter, *http.Request, access.Session) error) {
		list.add(route{pattern: pattern, audience: accounts, handler: p.handle(p.signedIn(h))})
	}
	member := func(pattern string, need access.Permission, h func(http.ResponseWriter, *http.Request, visit) error) {
		list.add(route{pattern: pattern, audience: members, need: need, handler: p.handle(p.signedIn(p.allowed(need, h)))})
	}
	tenant := func(pattern string, need access.Permission, h func(http.ResponseWriter, *http.Request, visit) error) {
		list.add(route{pattern: pattern, audience: tenants, need: need, handler: p.handle(p.signedIn(p.allowed(need, ofTenant(h))))})
	}
	exporter := func(pattern string, h func(http.ResponseWriter, *http.Request, visit) error) {
		list.add(route{pattern: pattern, audience: exporters, need: access.Read, handler: p.handle(p.signedIn(p.allowed(access.Read, p.exporting(h))))})
	}

	list.add(route{pattern: "GET /static/{hash}/{name}", handler: p.assets})
	anyone("GET /{$}", p.home)
	anyone("POST /theme", p.setTheme)

	anyone("GET /setup", p.showSetup)
	anyone("POST /setup", p.setUp)
	anyone("GET /signin", p.showSignIn)
	anyone("POST /signin", p.signIn)
	account("POST /signout", p.signOut)
	anyone("GET /signin/code", p.showSignInCode)
	anyone("POST /signin/code", p.signInWithCode)
	anyone("GET /forgot-password", p.showForgot)
	anyone("POST /forgot-password", p.forgot)
	anyone("GET /reset", p.showReset)
	anyone("POST /reset", p.resetPassword)
	anyone("GET /invitation", p.showInvitation)
	account("POST /invitation", p.acceptInvitation)
	anyone("POST /invitation/sign-up", p.signUp)
	account("GET /confirm", p.showConfirm)
	account("POST /confirm", p.confirm)
	account("GET /account", p.showAccount)
	account("GET /account/password", p.showPassword)
	account("POST /account/password", p.changePassword)
	account("GET /account/second-factor", p.showSecondFactor)
	account("POST /account/second-factor", p.addSecondFactor)
	account("POST /account/second-factor/recovery-codes", p.newRecoveryCodes)
	account("POST /account/second-factor/remove", p.removeSecondFactor)
	account("GET /account/tokens", p.showTokens)
	account("POST /account/tokens", p.createToken)
	account("POST /account/tokens/{id}/revoke", p.revokeToken)
	account("GET /account/sessions", p.showSessions)
	account("POST /account/sessions/{id}/revoke", p.revokeSession)

	account("GET /projects", p.showProjects)
	account("GET /projects/new", p.showNewProject)
	account("POST /projects/new", p.createProject)
	member("GET /projects/{project}", access.Read, p.showProject)
	member("GET /projects/{project}/audit-log", access.Read, p.showLog)
	list.add(route{pattern: newerRoute, audience: members, need: access.Read, handler: p.polled(p.signedIn(p.allowed(access.Read, p.showNewer)))})
	list.add(route{pattern: liveRoute, audience: members, need: access.Read, handler: p.streamed(p.signedIn(p.allowed(access.Read, p.showLive)))})
	member("GET /projects/{project}/audit-log/suggest", access.Read, p.showSuggestions)
	member("GET /projects/{project}/audit-log/timeline", access.Read, p.showTimeline)
	member("GET /projects/{project}/audit-log/top", access.Read, p.showTop)
	member("GET /projects/{project}/audit-log/checkpoint", access.Read, p.showCheckpoint)
	member("GET /projects/{project}/audit-log/consistency", access.Read, p.showConsistency)
	exporter("GET /projects/{project}/audit-log/export", p.showExport)
	exporter("POST /projects/{project}/audit-log/export", p.exportLog)
	exporter(progressRoute, p.showProgress)
	exporter("POST /projects/{project}/audit-log/export/table", p.exportTable)
	tenant("POST /projects/{project}/audit-log/export/access", access.Export, p.allowExport)
	tenant("GET /projects/{project}/audit-log/erase", access.Erase, p.showErase)
	tenant("POST /projects/{project}/audit-log/erase", access.Erase, p.erase)
	member("GET /projects/{project}/audit-log/{event}", access.Read, p.showEvent)
	member("GET /projects/{project}/audit-log/{event}/proof", access.Read, p.showProof)
	member("GET /projects/{project}/audit-log/{event}/proof.tlog-proof", access.Read, p.downloadProof)
	member("GET /projects/{project}/users", access.Read, p.showUsers)
	member("GET /projects/{project}/users/new", access.Act, p.showNewUser)
	member("POST /projects/{project}/users/new", access.Act, p.createUser)
	member("GET /projects/{project}/users/{user}", access.Read, p.showUser)
	member("GET /projects/{project}/users/{user}/{action}", access.Act, p.showUserAction)
	member("POST /projects/{project}/users/{user}/{action}", access.Act, p.doUserAction)
	member("GET /projects/{project}/outbox", access.SeeOutbox, p.showOutbox)
	member("POST /projects/{project}/outbox/{id}/read", access.SeeOutbox, p.readMessage)
	member("POST /projects/{project}/outbox/{id}/retry", access.SeeOutbox, p.retryMessage)
	tenant("GET /projects/{project}/configuration", access.Read, p.showConfiguration)
	list.add(route{
		pattern: "POST /projects/{project}/configuration", audience: tenants, need: access.Act, body: limit.BodyOfConfig,
		handler: p.handle(p.signedIn(p.allowed(access.Act, ofTenant(p.configure)))),
	})
	tenant("GET /projects/{project}/configuration/at/{event}", access.Read, p.showConfigurationAt)
	tenant("GET /projects/{project}/configuration/schema.json", access.Read, p.showSchema)
	tenant("GET /projects/{project}/collaborators", access.Read, p.showCollaborators)
	tenant("POST /projects/{project}/collaborators/invite", access.Act, p.invite)
	tenant("POST /projects/{project}/collaborators/invitations/{id}/withdraw", access.Act, p.uninvite)
	tenant("GET /projects/{project}/collaborators/{id}", access.Act, p.showCollaborator)
	tenant("POST /projects/{project}/collaborators/{id}/role", access.Act, p.setRole)
	tenant("POST /projects/{project}/collaborators/{id}/remove", access.Act, p.removeCollaborator)
	tenant("POST /projects/{project}/collaborators/leave", access.Read, p.leave)
	tenant("GET /projects/{project}/domains", access.Read, p.showDomains)
	tenant("POST /projects/{project}/domains", access.Act, p.addDomain)
	tenant("POST /projects/{project}/domains/{id}/verify", access.Act, p.verifyDomain)
	tenant("GET /projects/{project}/domains/{id}/delete", access.Act, p.showDeleteDomain)
	tenant("POST /projects/{project}/domains/{id}/delete", access.Act, p.deleteDomain)
	tenant("GET /projects/{project}/billing", access.Read, p.showBilling)
	tenant("POST /projects/{project}/billing/checkout", access.Act, p.checkout)
	tenant("POST /projects/{project}/billing/checkout/{id}/check", access.Act, p.reconcile)
	tenant("GET /projects/{project}/billing/change", access.Act, p.showChangePlan)
	tenant("POST /projects/{project}/billing/change", access.Act, p.changePlan)
	tenant("POST /projects/{project}/billing/cancellation", access.Act, p.cancelSubscription)
	tenant("POST /projects/{project}/billing/cancel-failed", access.Act, p.cancelFailed)
	tenant("GET /projects/{project}/settings", access.Read, p.showSettings)
	tenant("POST /projects/{project}/settings/name", access.Act, p.rename)
	tenant("POST /projects/{project}/settings/secrets/view", access.ViewSecrets, p.viewSecrets)
	tenant("POST /projects/{project}/settings/webhook", access.Act, p.changeWebhookSecret)
	tenant("POST /projects/{project}/settings/smtp", access.Act, p.changeSMTP)
	tenant("POST /projects/{project}/settings/smtp/remove", access.Act, p.removeSMTP)
	tenant("POST /projects/{project}/settings/client-secrets", access.Act, p.addClientSecret)
	tenant("POST /projects/{project}/settings/client-secrets/remove", access.Act, p.removeClientSecret)
	member("GET /projects/{project}/admin-api", access.Read, p.showKeys)
	member("GET /projects/{project}/admin-api/explorer", access.Act, p.showExplorer)
	member("POST /projects/{project}/admin-api/explorer/token", access.Act, p.explorerToken)
	member("POST /projects/{project}/admin-api/keys", access.Act, p.generateKey)
	member("GET /projects/{project}/admin-api/keys/{kid}/delete", access.Act, p.showDeleteKey)
	member("POST /projects/{project}/admin-api/keys/{kid}/delete", access.Act, p.deleteKey)
	member("POST /projects/{project}/admin-api/keys/{kid}/private-key", access.ViewSecrets, p.downloadKey)

	return list
}

// ofTenant keeps the Portal's own project, which has a log and nothing else, from a page.
func ofTenant(next func(http.ResponseWriter, *http.Request, visit) error) func(http.ResponseWriter, *http.Request, visit) error {
	return func(w http.ResponseWriter, r *http.Request, v visit) error {
		if v.project.ID == event.PortalProject {
			return fault.New(fault.NotFound, "PageNotFound", "The Portal’s own project has only its log.")
		}
		return next(w, r, v)
	}
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
