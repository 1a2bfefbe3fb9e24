// Package portal is the web pages on which people look at a project's log, see to its Admin
// API keys, and see to their own sessions.
//
// Pages are rendered here, on the server; without scripts every one of them still works.
// A GET changes nothing, a POST ends in a redirect or in what is shown or sent once, and who may
// do what is asked of package access for every request. Nothing of the Portal runs inline, and
// the Content-Security-Policy says so.
//
// What scripts alone can do is to check the log: static/merkle.js has the proofs, proof.js checks
// that of one event, and witness.js compares the log with what the browser saw of it before.
//
// Start reading at routes.go, which lists every route.
package portal

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/billing"
	"github.com/sealog/sealog/internal/directory"
	"github.com/sealog/sealog/internal/erasure"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/message"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/session"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/web"
)

// Config is what the Portal stands on; everything in it is required.
type Config struct {
	Access    *access.Service
	Billing   *billing.Service
	Projects  *project.Service
	Log       *auditlog.Reader
	Feed      *auditlog.Feed // of new events; who made it closes it
	Reads     *auditlog.Reads
	Directory *directory.Service
	Sessions  *session.Service
	Messages  *message.Service
	Erasure   *erasure.Service
	DB        *store.DB // for package export, which takes the log away
	// Settle has what was recorded sealed and signed, as sequencer.Service.Finish does.
	Settle    func(context.Context) error
	PublicURL *url.URL // scheme and host under which people reach the Portal
	Logger    *slog.Logger
	Now       func() time.Time
	Version   string
	// MailConfigured and SMSConfigured are whether messages go out, or wait in the outbox.
	MailConfigured, SMSConfigured bool

	// MaxStreams is how many live pages an account may have open; 0 is no bound.
	MaxStreams int

	countFor, liveBeat time.Duration // tests set them
}

// portal answers the Portal's requests.
type portal struct {
	Config
	assets    *assets
	downloads *downloads // how far they are
	writers   *writers
	lives     *lives
}

// New returns the Portal. It answers for the host of the public URL only.
func New(c Config) http.Handler {
	if c.countFor == 0 {
		c.countFor = countFor
	}
	if c.liveBeat == 0 {
		c.liveBeat = liveBeat
	}
	p := &portal{Config: c, assets: loadAssets(), downloads: newDownloads(), writers: newWriters(), lives: newLives(c.MaxStreams)}
	crossOrigin := http.NewCrossOriginProtection()
	crossOrigin.SetDenyHandler(p.handle(func(http.ResponseWriter, *http.Request) error {
		return fault.New(fault.Denied, "CrossOrigin", "This form was sent from another site, so nothing was done.")
	}))
	return p.guarded(crossOrigin.Handler(p.mux()))
}

// contentSecurityPolicy lets pages load our own files and nothing else, and run nothing inline.
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// guarded sets the headers of every answer and turns other hosts away.
func (p *portal) guarded(next http.Handler) http.Handler {
	misdirected := p.handle(func(http.ResponseWriter, *http.Request) error {
		err := fault.New(fault.NotFound, "HostUnknown", "The Portal is not served under this name.")
		return &answered{http.StatusMisdirectedRequest, err}
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentSecurityPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("X-Robots-Tag", "noindex")
		h.Set("Cache-Control", "no-store") // an asset says otherwise
		h.Add("Vary", "Cookie, HX-Request")
		if p.isHTTPS() {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		if hostOf(p.PublicURL.Scheme, r.Host) != hostOf(p.PublicURL.Scheme, p.PublicURL.Host) {
			misdirected.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (p *portal) isHTTPS() bool { return p.PublicURL.Scheme == "https" }

// hostOf returns a host in lower case, with its port unless that is the scheme's own.
func hostOf(scheme, host string) string {
	host = strings.ToLower(host)
	if name, port, err := net.SplitHostPort(host); err == nil {
		if scheme == "https" && port == "443" || scheme == "http" && port == "80" {
			return name
		}
	}
	return host
}

// answered is an error whose HTTP status is not its kind's.
type answered struct {
	status int
	err    error
}

// Error implements error.
func (a *answered) Error() string { return a.err.Error() }

// Unwrap returns the error itself.
func (a *answered) Unwrap() error { return a.err }

func statusOf(err error) int {
	if a, ok := errors.AsType[*answered](err); ok {
		return a.status
	}
	return web.Status(fault.Of(err).Kind)
}

// handle makes an http.Handler of a web.Handler: it answers an error with a page, and logs it.
func (p *portal) handle(next web.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := next(w, r); err != nil {
			p.fail(w, r, err)
		}
	})
}

// fail is where errors are answered, and logged once.
func (p *portal) fail(w http.ResponseWriter, r *http.Request, err error) {
	f, status, id := fault.Of(err), statusOf(err), web.Request(r).ID
	p.note(r, f, status, err)
	if f.Kind == fault.Unauthenticated && r.Method == http.MethodGet && f.Code == "SessionInvalid" {
		p.toSignIn(w, r)
		return
	}
	page := ErrorPage{
		Base: p.errorBase(w, r, http.StatusText(status), f.Kind), Status: status,
		Code: f.Code, Message: f.Message, RequestID: id,
	}
	if r.Header.Get("HX-Request") != "" {
		// A part of a page was asked for; the whole of it gives way to the error.
		w.Header().Set("HX-Retarget", "#main")
		w.Header().Set("HX-Reselect", "#main")
		w.Header().Set("HX-Reswap", "outerHTML")
	}
	if err := p.render(w, r, status, page.view()); err != nil {
		p.Logger.ErrorContext(r.Context(), "error page not rendered", "request", id, "error", err)
		http.Error(w, http.StatusText(status), status)
	}
}

// note logs an error that is answered.
func (p *portal) note(r *http.Request, f *fault.Error, status int, err error) {
	web.CountError(r.Context(), f)
	level := slog.LevelInfo
	if f.Kind == fault.Internal || f.Kind == fault.Unavailable {
		level = slog.LevelError
	}
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		level = slog.LevelInfo // the client has left
	}
	p.Logger.LogAttrs(r.Context(), level, "portal request failed",
		slog.String("request", web.Request(r).ID), slog.String("method", r.Method), slog.String("path", web.HarmlessPath(r.URL.Path)),
		slog.Int("status", status), slog.String("code", f.Code), slog.Any("error", err))
}

// errorBase is the base of an error page: with the account's navigation where that can be had.
func (p *portal) errorBase(w http.ResponseWriter, r *http.Request, title string, kind fault.Kind) Base {
	if kind == fault.Internal || kind == fault.Unavailable {
		return p.base(w, r, title) // asks nothing of the database
	}
	session, err := p.session(r)
	if err != nil {
		return p.base(w, r, title)
	}
	base, err := p.accountBase(w, r, title, "", session)
	if err != nil {
		base.Account = nil // the failure that is answered counts, not this one
	}
	return base
}
