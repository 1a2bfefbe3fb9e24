package logapi

import (
	"context"
	"net/http"
	"path"
	"strings"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/limit"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/web"
)

// How often an account, or somebody unknown at an address, may ask for files.
const (
	callsPerSecond = 100
	callsAtOnce    = 400
)

// reader is who gets a file, and the project whose log it is of.
type reader struct {
	project string
	by      event.By // nobody for what is public
}

// errForbidden is the answer to who is known and may not read this log, be there one or not.
func errForbidden(cause error) error {
	return fault.New(fault.Denied, "Forbidden", "Forbidden").Because(cause)
}

func errRate() error {
	return fault.New(fault.Exhausted, "RateLimited", "Too many requests by this caller.")
}

// anybody lets everybody in.
//
// Errors: FileNotFound (there is no such log), RateLimited.
func (h *handler) anybody(ctx context.Context, r *http.Request, f file) (reader, error) {
	req := web.Request(r)
	if !h.calls.Allow("from "+limit.Neighbourhood(req.IP), callsPerSecond, callsAtOnce, h.DB.Now()) {
		h.Refusals.Count(event.PortalProject, "RateLimited", req.IP, h.DB.Now())
		return reader{}, errRate()
	}
	id, ok, err := h.Projects.ByLog(ctx, f.log)
	if err == nil && !ok {
		err = errNoFile()
	}
	return reader{project: id}, err
}

// prove lets in who may read the log's project: by a token of the project's Admin API, a
// personal access token, or a session of the Portal.
//
// Errors: Unauthenticated (nothing good was shown), Forbidden, RateLimited.
func (h *handler) prove(ctx context.Context, r *http.Request, f file) (reader, error) {
	req := web.Request(r)
	authorization := r.Header.Get("Authorization")
	personal, isPersonal := strings.CutPrefix(authorization, "Bearer "+access.TokenPrefix)
	var session access.Session
	var err error
	switch {
	case isPersonal:
		session, err = h.Access.SessionByPersonalToken(ctx, req, access.TokenPrefix+personal)
	case authorization != "":
		return h.proveProgram(ctx, authorization, req, f)
	default:
		session, err = h.cookieSession(ctx, r)
	}
	if fault.Is(err, "SessionInvalid") {
		err = fault.New(fault.Unauthenticated, "Unauthenticated", "%s", fault.Of(err).Message).Because(err)
	}
	if err != nil {
		return reader{}, err
	}
	return h.proveAccount(ctx, session, req, f)
}

// cookieSession finds the session of the request's cookie. Who has none is counted.
func (h *handler) cookieSession(ctx context.Context, r *http.Request) (session access.Session, err error) {
	cookie, missing := r.Cookie(access.SessionCookie(h.Projects.PublicURL))
	if missing != nil {
		err = fault.New(fault.Unauthenticated, "TokenMissing", "Show a token, or sign in.")
	} else {
		session, err = h.Access.SessionByToken(ctx, cookie.Value)
	}
	if known := fault.Of(err); known != nil && known.Kind == fault.Unauthenticated {
		h.Refusals.Count(event.PortalProject, known.Code, web.Request(r).IP, h.DB.Now())
	}
	return session, err
}

// proveAccount asks whether an account may read the log's project.
func (h *handler) proveAccount(ctx context.Context, session access.Session, req event.Request, f file) (reader, error) {
	by := session.By(req)
	about := event.About(event.PortalProject, "log", f.log)
	if !h.calls.Allow("account "+session.Account.ID.String(), callsPerSecond, callsAtOnce, h.DB.Now()) {
		return reader{}, store.Refuse[event.AccessDenied](ctx, h.DB, by, about, errRate())
	}
	id, ok, err := h.Projects.ByLog(ctx, f.log)
	if err != nil {
		return reader{}, err
	}
	if !ok {
		return reader{}, store.Refuse[event.AccessDenied](ctx, h.DB, by, about, errForbidden(nil))
	}
	_, err = h.Access.Authorize(ctx, session, req, id, access.Read)
	if refused := fault.Of(err); refused != nil && (refused.Kind == fault.NotFound || refused.Kind == fault.Denied) {
		err = errForbidden(err)
	}
	return reader{id, by}, err
}

// proveProgram asks whether a token is of the Admin API of the log's project.
func (h *handler) proveProgram(ctx context.Context, authorization string, req event.Request, f file) (reader, error) {
	caller, err := h.Access.VerifyToken(ctx, authorization, req)
	if refused := fault.Of(err); refused != nil && (refused.Kind == fault.Unauthenticated || refused.Kind == fault.Denied) {
		err = errForbidden(err)
	}
	if err != nil {
		return reader{}, err
	}
	if path.Base(caller.Project.LogID) != f.log {
		// It is on the record of the project that the caller has a part in.
		return reader{}, store.Refuse[event.AccessDenied](ctx, h.DB, caller.By, event.About(caller.Project.ID, "log", f.log), errForbidden(nil))
	}
	return reader{caller.Project.ID, caller.By}, nil
}
