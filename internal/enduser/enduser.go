// Package enduser is what end users and their applications reach: the page behind a link to
// set a new password, the check of one-time codes, and the endpoints that say whether a
// token is good and whose it is.
//
// Invariant: nobody here is believed but for what they show: a link's or a code's secret, an
// access token, an Admin API token. A GET changes nothing. Whoever shows nothing good is
// counted in access.Refusals and limited by address.
//
// Start reading at New, which lists every route.
package enduser

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"log/slog"
	"net/http"
	"time"

	"github.com/a-h/templ"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/directory"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/limit"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/session"
	"github.com/sealog/sealog/internal/web"
)

// Config is what the surface stands on; all of it is required.
type Config struct {
	Access    *access.Service
	Refusals  *access.Refusals
	Directory *directory.Service
	Sessions  *session.Service
	Projects  *project.Service
	Logger    *slog.Logger
	Now       func() time.Time
}

// Paths are where the handler is to be mounted.
var Paths = []string{"/reset-password", "/verify", "/enduser/", "/oauth2/", "/api/v1/"}

type handler struct {
	Config

	// The limits, each with a memory of its own, so that flooding one forgets nothing of another.
	tries     *limit.Keyed // links and codes, by address
	wrong     *limit.Keyed // wrong tokens and client secrets, by address
	refreshes *limit.Keyed // access tokens made, by session
}

//go:embed style.css
var style []byte

// stylePath holds the hash of the style sheet, so that browsers may keep it.
var stylePath = func() string {
	sum := sha256.Sum256(style)
	return "/enduser/" + hex.EncodeToString(sum[:8]) + "/style.css"
}()

// New returns the handler.
func New(c Config) http.Handler {
	h := &handler{c, limit.New(), limit.New(), limit.New()}
	pages := http.NewServeMux()
	page := func(pattern string, next web.Handler) { pages.Handle(pattern, h.page(next)) }
	page("GET /reset-password", h.showReset)
	page("POST /reset-password", h.reset)
	page("GET /verify", h.showVerify)
	page("POST /verify", h.verify)
	crossOrigin := http.NewCrossOriginProtection()
	crossOrigin.SetDenyHandler(h.page(func(http.ResponseWriter, *http.Request) error {
		return fault.New(fault.Denied, "CrossOrigin", "This form was sent from another site, so nothing was done.")
	}))

	mux := http.NewServeMux()
	mux.Handle("/reset-password", crossOrigin.Handler(pages))
	mux.Handle("/verify", crossOrigin.Handler(pages))
	mux.HandleFunc("GET "+stylePath, serveStyle)
	mux.Handle("POST /api/v1/projects/{project}/verify-code", h.api(h.verifyCode))
	mux.Handle("GET /oauth2/userinfo", h.api(h.userinfo))
	mux.Handle("POST /oauth2/userinfo", h.api(h.userinfo))
	mux.Handle("POST /oauth2/introspect", h.api(h.introspect))
	mux.Handle("POST /oauth2/token", h.api(h.token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Cache-Control", "no-store")      // the style sheet says otherwise
		header.Set("Referrer-Policy", "same-origin") // the page of a link has a secret in its address
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("X-Robots-Tag", "noindex")
		header.Set("Content-Security-Policy",
			"default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
		mux.ServeHTTP(w, r)
	})
}

func serveStyle(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write(style) // a client that has left needs no answer
}

// page answers an error with a page.
func (h *handler) page(next web.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := web.BoundBody(w, r, limit.BodyOfStranger)
		if err == nil {
			err = next(w, r)
		}
		if err == nil {
			return
		}
		f := h.note(r, err)
		h.render(w, r, web.Status(f.Kind), failed(f, web.Request(r).ID))
	})
}

// note logs an error that is answered.
func (h *handler) note(r *http.Request, err error) *fault.Error {
	f := fault.Of(err)
	web.CountError(r.Context(), f)
	level := slog.LevelInfo
	if f.Kind == fault.Internal || f.Kind == fault.Unavailable {
		level = slog.LevelError
	}
	h.Logger.LogAttrs(r.Context(), level, "end user's request failed", slog.String("request", web.Request(r).ID),
		slog.String("path", web.HarmlessPath(r.URL.Path)), slog.String("code", f.Code), slog.Any("error", err))
	return f
}

// render answers with a page; nothing is sent until the whole of it is there.
func (h *handler) render(w http.ResponseWriter, r *http.Request, status int, page templ.Component) {
	var b bytes.Buffer
	if err := page.Render(r.Context(), &b); err != nil {
		h.note(r, err)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = b.WriteTo(w) // a client that has left needs no answer
}

// admit limits how often an address may try a link or a code, which is right or wrong.
func (h *handler) admit(req event.Request) error {
	return h.tries.Take(limit.Neighbourhood(req.IP), limit.SecretsFromAddress, h.Now())
}

// admitProgram turns an address away that has shown too many wrong tokens. Servers show the tokens of
// many users from one address, so good ones are not counted.
func (h *handler) admitProgram(req event.Request) error {
	if h.wrong.Exhausted(limit.Neighbourhood(req.IP), limit.WrongFromAddress, h.Now()) {
		return h.count("", req, limit.WrongFromAddress.Exceeded())
	}
	return nil
}

// countWrong counts a token or secret of a program that was not good, and returns the error.
func (h *handler) countWrong(projectID, reason string, req event.Request, err error) error {
	_ = h.wrong.Take(limit.Neighbourhood(req.IP), limit.WrongFromAddress, h.Now()) // the next request is turned away
	if projectID == "" {
		projectID = event.PortalProject
	}
	h.Refusals.Count(projectID, reason, req.IP, h.Now())
	return err
}

// count counts what a stranger showed that was not good, and returns the error.
func (h *handler) count(projectID string, req event.Request, err error) error {
	if err == nil {
		return nil
	}
	if f := fault.Of(err); f.Kind == fault.Denied || f.Kind == fault.Unauthenticated || f.Kind == fault.Exhausted {
		if projectID == "" {
			projectID = event.PortalProject
		}
		h.Refusals.Count(projectID, f.Code, req.IP, h.Now())
	}
	return err
}
