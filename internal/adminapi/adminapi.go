// Package adminapi serves the Admin API: GraphQL over HTTP for the programs of a project,
// proven by a key of that project (package access).
//
// Invariant: nothing of a document runs before its caller is proven, and whoever is proven
// and then refused leaves an event, written in one place: call.refuse for whole documents,
// mutations.go for single mutations. Resolvers decode, call a service, and return.
//
// The schema is in the .graphqls files, one for each noun; package gql is generated from
// them, package model has the objects it binds.
//
// Start reading at handler.serve, then graph.Call.Run.
package adminapi

import (
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/directory"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/graph"
	"github.com/sealog/sealog/internal/limit"
	"github.com/sealog/sealog/internal/session"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/web"
)

// Config is what the Admin API stands on; all of it is required.
type Config struct {
	Access    *access.Service
	Directory *directory.Service
	Sessions  *session.Service
	Log       *auditlog.Reader
	Reads     *auditlog.Reads
	DB        *store.DB
	Logger    *slog.Logger
}

// The paths of the Admin API: GraphQL, and all that is REST next to it.
const (
	restPath    = "/_api/admin/"
	graphqlPath = restPath + "graphql"
)

// Paths are where the handler is to be mounted.
var Paths = []string{restPath, "/graphql"}

// Handler is the Admin API.
type Handler struct{ *handler }

// ServeHTTP implements http.Handler: it proves the caller by the token of the request.
func (h Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, restPath) && r.URL.Path != graphqlPath {
		h.rest(w, r)
		return
	}
	h.serve(w, r)
}

// ServeAs serves a request of a caller who was let in otherwise.
func (h Handler) ServeAs(w http.ResponseWriter, r *http.Request, caller access.Caller) {
	if h.head(w, r) {
		h.answer(w, r, caller)
	}
}

type handler struct {
	Config
	documents graph.Documents
	answers   *limit.Answers
}

// New returns the Admin API.
func New(c Config) Handler {
	return Handler{&handler{Config: c, documents: graph.NewDocuments(), answers: limit.NewAnswers()}}
}

// head sets what every answer has, and reports whether the request is one to look at.
func (h *handler) head(w http.ResponseWriter, r *http.Request) bool {
	header := w.Header()
	setHeaders(header)
	if r.Method != http.MethodPost {
		header.Set("Allow", http.MethodPost)
		http.Error(w, "The Admin API takes GraphQL by POST.", http.StatusMethodNotAllowed)
		return false
	}
	return true
}

func setHeaders(header http.Header) {
	header.Set("Cache-Control", "no-store")
	header.Set("Pragma", "no-cache")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Frame-Options", "DENY")
	header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
}

func (h *handler) serve(w http.ResponseWriter, r *http.Request) {
	if !h.head(w, r) {
		return
	}
	req := requestOf(r)
	caller, err := h.Access.VerifyToken(r.Context(), r.Header.Get("Authorization"), req)
	if err != nil {
		h.turnAway(w, r, req, err)
		return
	}
	h.answer(w, r, caller)
}

// rest answers for what Authgear's Admin API has as REST next to GraphQL (imports and exports
// of users, uploads of images) and Sealog has not: with an error that a program can read.
func (h *handler) rest(w http.ResponseWriter, r *http.Request) {
	setHeaders(w.Header())
	req := requestOf(r)
	if _, err := h.Access.VerifyToken(r.Context(), r.Header.Get("Authorization"), req); err != nil {
		h.turnAway(w, r, req, err)
		return
	}
	graph.WriteFault(r.Context(), w, fault.New(fault.NotFound, "NotSupported",
		"Sealog's Admin API is GraphQL at "+graphqlPath+"; %s is not supported.", web.Clean(r.URL.Path, 200)))
}

// answer serves a request of a proven caller.
func (h *handler) answer(w http.ResponseWriter, r *http.Request, caller access.Caller) {
	c := &call{handler: h, by: caller.By, project: caller.Project}
	params, err := graph.ReadParams(r)
	if err != nil {
		graph.WriteFault(r.Context(), w, c.refuse(r.Context(), err))
		return
	}
	c.run(w, r, params)
}

// turnAway answers a caller who was not let in; who has not proven to belong here learns
// no reason.
func (h *handler) turnAway(w http.ResponseWriter, r *http.Request, req event.Request, err error) {
	f := fault.Of(err)
	switch f.Kind {
	case fault.Unauthenticated, fault.Denied:
		web.CountError(r.Context(), f)
		http.Error(w, "Forbidden", http.StatusForbidden)
		return
	case fault.Exhausted:
		w.Header().Set("Retry-After", "1")
	default:
		graph.LogCause(r.Context(), h.Logger, req.ID, err)
	}
	graph.WriteFault(r.Context(), w, f)
}

// requestOf is web.Request with what the URL says about the event to be recorded.
func requestOf(r *http.Request) event.Request {
	req := web.Request(r)
	q := r.URL.Query()
	req.ClientID, req.State, req.XState = parameter(q.Get("client_id")), parameter(q.Get("state")), parameter(q.Get("x_state"))
	var locales []string
	for _, word := range strings.Fields(parameter(q.Get("ui_locales"))) {
		if tag, err := language.Parse(word); err == nil {
			locales = append(locales, tag.String())
		}
	}
	if len(locales) > 0 {
		req.Languages = slices.Concat(locales, req.Languages)
		req.Languages = req.Languages[:min(len(req.Languages), 10)]
		req.Language = req.Languages[0]
	}
	return req
}

// parameter makes a URL parameter fit to be stored.
func parameter(text string) string { return web.Clean(text, maxParameter) }

// maxParameter bounds a URL parameter that is kept, in bytes.
const maxParameter = 256
