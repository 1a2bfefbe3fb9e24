// Package portalapi serves the Portal API: GraphQL over HTTP for what accounts do to their
// projects, and the way through which they reach a project's Admin API.
//
// Invariant: a caller is an account, proven by a session of the Portal or a personal access
// token, and every mutation leaves an event, done or refused. The services are those that
// the Portal's pages use; resolvers decode, call one of them, and return.
//
// Start reading at handler.graphql, then mutations.go.
package portalapi

import (
	"context"
	"log/slog"
	"net/http"
	"strings"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/billing"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/graph"
	"github.com/sealog/sealog/internal/limit"
	"github.com/sealog/sealog/internal/portalapi/gql"
	"github.com/sealog/sealog/internal/portalapi/model"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/web"
)

// Config is what the Portal API stands on; all of it is required.
type Config struct {
	Access   *access.Service
	Projects *project.Service
	Billing  *billing.Service
	DB       *store.DB
	Logger   *slog.Logger
	// AdminAPI serves a request of a caller who has been let in.
	AdminAPI func(http.ResponseWriter, *http.Request, access.Caller)
}

type handler struct {
	Config
	documents graph.Documents
	answers   *limit.Answers
}

// New returns the handler of /api/graphql and /api/apps/.
func New(c Config) http.Handler {
	h := &handler{Config: c, documents: graph.NewDocuments(), answers: limit.NewAnswers()}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/graphql", h.graphql)
	for _, method := range []string{"GET", "POST", "OPTIONS"} {
		mux.HandleFunc(method+" /api/apps/{app}/{path...}", h.proxy)
	}
	crossOrigin := http.NewCrossOriginProtection()
	crossOrigin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		graph.WriteFault(r.Context(), w, fault.New(fault.Denied, "CrossOrigin", "This request was sent from another site, so nothing was done."))
	}))
	guarded := crossOrigin.Handler(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Cache-Control", "no-store")
		header.Set("Pragma", "no-cache")
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("X-Frame-Options", "DENY")
		header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		if web.Request(r).Host != strings.ToLower(c.Projects.PublicURL.Hostname()) {
			http.Error(w, "The Portal API is not served under this name.", http.StatusMisdirectedRequest)
			return
		}
		guarded.ServeHTTP(w, r)
	})
}

// session proves who is calling: by a personal access token, or the cookie of the Portal.
//
// Errors: SessionInvalid.
func (h *handler) session(r *http.Request) (access.Session, error) {
	if authorization := r.Header.Get("Authorization"); authorization != "" {
		token, _ := strings.CutPrefix(authorization, "Bearer ")
		return h.Access.SessionByPersonalToken(r.Context(), web.Request(r), token)
	}
	cookie, err := r.Cookie(access.SessionCookie(h.Projects.PublicURL))
	if err != nil {
		return access.Session{}, fault.New(fault.Unauthenticated, "SessionInvalid", "Please sign in.")
	}
	return h.Access.SessionByToken(r.Context(), cookie.Value)
}

// call is one request of an account; it is the root of the resolvers.
type call struct {
	*handler
	session access.Session
	req     event.Request
	by      event.By
}

// Query implements gql.ResolverRoot.
func (c *call) Query() gql.QueryResolver { return c }

// Mutation implements gql.ResolverRoot.
func (c *call) Mutation() gql.MutationResolver { return c }

// App implements gql.ResolverRoot.
func (c *call) App() gql.AppResolver { return app{c} }

func (h *handler) graphql(w http.ResponseWriter, r *http.Request) {
	req := web.Request(r)
	session, err := h.session(r)
	if err != nil {
		if fault.Is(err, "SessionInvalid") {
			err = fault.New(fault.Unauthenticated, "Unauthenticated", "%s", fault.Of(err).Message).Because(err)
		} else {
			graph.LogCause(r.Context(), h.Logger, req.ID, err)
		}
		graph.WriteFault(r.Context(), w, fault.Of(err))
		return
	}
	c := &call{handler: h, session: session, req: req, by: session.By(req)}
	params, err := graph.ReadParams(r)
	if err != nil {
		graph.WriteFault(r.Context(), w, c.refuse(r.Context(), err))
		return
	}
	run := graph.Call{
		Documents: h.documents, Answers: h.answers, Owner: session.Account.ID.String(), Logger: h.Logger, RequestID: req.ID, Refuse: c.refuse, RefuseMutation: c.refuseMutation,
	}
	run.Run(w, r, gql.NewExecutableSchema(gql.Config{Resolvers: c, Complexity: costs()}), params)
}

// refuse records that a request was refused before anything ran, and returns the error to
// answer with.
func (c *call) refuse(ctx context.Context, err error) *fault.Error {
	about := event.About(event.PortalProject, "surface", "portal_api")
	return fault.Of(store.Refuse[event.AccessDenied](ctx, c.DB, c.by, about, err))
}

// allowed finds a project in which the account's role has a permission.
//
// Errors: Invalid (no project's id), Forbidden (no part in it, or none that allows this).
func (c *call) allowed(ctx context.Context, global string, need access.Permission) (project.Project, error) {
	id, ok := model.ParseAppID(global)
	if !ok {
		return project.Project{}, fault.New(fault.Invalid, "Invalid", "invalid app ID").On("appID")
	}
	return c.allowedIn(ctx, id, need)
}

func (c *call) allowedIn(ctx context.Context, id string, need access.Permission) (project.Project, error) {
	if _, err := c.Access.Authorize(ctx, c.session, c.req, id, need); fault.Is(err, "ProjectNotFound") {
		return project.Project{}, fault.New(fault.Denied, "Forbidden", "You have no part in this project.").Because(err)
	} else if err != nil {
		return project.Project{}, err
	}
	return c.Projects.Get(ctx, id)
}

// again is a project as it is after a change.
func (c *call) again(ctx context.Context, id string) (*model.App, error) {
	p, err := c.Projects.Get(ctx, id)
	return &model.App{Project: p}, err
}

// proxy lets an account through to its project's Admin API, with itself as the actor.
func (h *handler) proxy(w http.ResponseWriter, r *http.Request) {
	session, err := h.session(r)
	if err != nil {
		h.turnAway(w, r, err)
		return
	}
	id, ok := model.ParseAppID(r.PathValue("app"))
	if !ok {
		http.Error(w, "invalid app ID", http.StatusBadRequest)
		return
	}
	if r.PathValue("path") != "graphql" {
		http.NotFound(w, r)
		return
	}
	caller, err := h.Access.Through(r.Context(), session, web.Request(r), id)
	if err != nil {
		h.turnAway(w, r, err)
		return
	}
	h.AdminAPI(w, r, caller)
}

func (h *handler) turnAway(w http.ResponseWriter, r *http.Request, err error) {
	switch f := fault.Of(err); f.Kind {
	case fault.Unauthenticated, fault.Denied, fault.NotFound:
		web.CountError(r.Context(), f)
		http.Error(w, "unauthorized", http.StatusUnauthorized)
	case fault.Exhausted:
		w.Header().Set("Retry-After", "1")
		graph.WriteFault(r.Context(), w, f)
	default:
		graph.LogCause(r.Context(), h.Logger, web.Request(r).ID, err)
		graph.WriteFault(r.Context(), w, f)
	}
}
