package portal

import (
	"net/http"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/web"
)

// SessionsPage lists where the account is signed in.
type SessionsPage struct {
	Base
	Sessions []access.Session
}

func (p *portal) showSessions(w http.ResponseWriter, r *http.Request, session access.Session) error {
	base, err := p.accountBase(w, r, "Your sessions", "sessions", session)
	if err != nil {
		return err
	}
	all, err := p.Access.Sessions(r.Context(), session.Account.ID)
	if err != nil {
		return err
	}
	return p.render(w, r, http.StatusOK, SessionsPage{Base: base, Sessions: all}.view())
}

func (p *portal) revokeSession(w http.ResponseWriter, r *http.Request, session access.Session) error {
	id, err := event.ParseID(r.PathValue("id"))
	if err != nil {
		return fault.New(fault.NotFound, "SessionNotFound", "There is no such session any more.").Because(err)
	}
	if id == session.ID {
		return p.signOut(w, r, session)
	}
	if err := p.Access.RevokeSession(r.Context(), web.Request(r), session, id); err != nil {
		return err
	}
	p.flash(w, "session-revoked")
	return redirect(w, r, "/account/sessions")
}
