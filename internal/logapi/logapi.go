// Package logapi hands out the projects' logs as files that others check by themselves: signed
// checkpoints, tiles of hashes and bundles of entries, at the addresses that C2SP tlog-tiles
// gives them. A log is found below its origin: <public URL>/log/<32 digits>, and a later epoch's
// tree below …/e2.
//
// Invariant: nothing is handed out beyond what the newest checkpoint covers, so whatever a file
// says has been signed. Entries have no personal data and no values, only digests of them.
//
// Files are for whoever may read the project; the operator can open checkpoints and hash tiles
// to everybody, but never entries. Who may not read a log does not learn whether there is one.
// Start reading at handler.serve.
package logapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/limit"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/web"
)

// Config is what the files stand on; all of it is required but PublicCheckpoints.
type Config struct {
	Access   *access.Service
	Refusals *access.Refusals
	Projects *project.Service
	Reads    *auditlog.Reads
	DB       *store.DB
	Logger   *slog.Logger
	// PublicCheckpoints opens the checkpoints and hash tiles of all logs to everybody.
	PublicCheckpoints bool
}

// Path is where the handler is to be mounted.
const Path = "/log/"

// deadline bounds the work for one file.
const deadline = 20 * time.Second

type handler struct {
	Config
	calls *limit.Keyed // by account or address; keys of the Admin API have limits of their own
}

// New returns the handler.
func New(c Config) http.Handler {
	h := &handler{c, limit.New()}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Path+"{log}/{path...}", func(w http.ResponseWriter, r *http.Request) {
		if err := h.serve(w, r); err != nil {
			h.fail(w, r, err)
		}
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Cache-Control", "no-store") // a file says otherwise
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("X-Robots-Tag", "noindex")
		header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		if web.Request(r).Host != strings.ToLower(c.Projects.PublicURL.Hostname()) {
			http.Error(w, "Logs are not served under this name.", http.StatusMisdirectedRequest)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// serve answers with one file, to whom it is for.
func (h *handler) serve(w http.ResponseWriter, r *http.Request) error {
	f, ok := parse(r.PathValue("log"), r.PathValue("path"))
	if !ok {
		return errNoFile()
	}
	ctx, cancel := context.WithTimeout(r.Context(), deadline)
	defer cancel()
	public := h.PublicCheckpoints && !f.entries()
	var from reader
	var err error
	if public {
		from, err = h.anybody(ctx, r, f)
	} else {
		from, err = h.prove(ctx, r, f)
	}
	if err != nil {
		return err
	}
	body, err := h.read(ctx, from, f)
	if err != nil {
		return err
	}
	f.send(w, r, body, public)
	return nil
}

// fail answers an error, and logs what is not the caller's doing.
func (h *handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	f := fault.Of(err)
	web.CountError(r.Context(), f)
	switch f.Kind {
	case fault.Exhausted:
		w.Header().Set("Retry-After", "1")
	case fault.Unauthenticated:
		w.Header().Set("WWW-Authenticate", "Bearer")
	case fault.Internal, fault.Unavailable:
		if !errors.Is(err, context.Canceled) {
			h.Logger.ErrorContext(r.Context(), "file of a log not served", "request", web.Request(r).ID, "error", err)
		}
	}
	http.Error(w, f.Message, web.Status(f.Kind))
}

func errNoFile() error {
	return fault.New(fault.NotFound, "FileNotFound", "The log has no such file, or not yet.")
}
