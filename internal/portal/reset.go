package portal

import (
	"net/http"
	"net/url"
	"time"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/web"
)

// What people do who cannot sign in with a password alone: prove a second factor, ask for a
// link, set a new password with it.

// challengeCookie holds what goes on between the password and the second factor.
const challengeCookie = "sealog-challenge"

// SignInCodePage asks for the second factor.
type SignInCodePage struct {
	Base
	Fields
	Next string
}

func (p *portal) toSecondFactor(w http.ResponseWriter, r *http.Request, challenge, next string) error {
	p.setCookie(w, challengeCookie, challenge, access.ChallengeLifetime)
	return redirect(w, r, "/signin/code?"+url.Values{"next": {next}}.Encode())
}

func (p *portal) showSignInCode(w http.ResponseWriter, r *http.Request) error {
	next := localPath(r.URL.Query().Get("next"), "/projects")
	if _, err := r.Cookie(challengeCookie); err != nil {
		return redirect(w, r, "/signin?"+url.Values{"next": {next}}.Encode())
	}
	return p.signInCodePage(w, r, http.StatusOK, next, fieldsOf(r))
}

func (p *portal) signInCodePage(w http.ResponseWriter, r *http.Request, status int, next string, f Fields) error {
	page := SignInCodePage{p.base(w, r, "Second factor"), f, next}
	page.Here = "/signin"
	return p.render(w, r, status, page.view())
}

func (p *portal) signInWithCode(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	f, next, challenge := fieldsOf(r), localPath(r.PostForm.Get("next"), "/projects"), ""
	if cookie, err := r.Cookie(challengeCookie); err == nil {
		challenge = cookie.Value
	}
	session, token, err := p.Access.SignInWithCode(r.Context(), web.Request(r), challenge, r.PostForm.Get("code"))
	if fault.Is(err, "ChallengeInvalid") {
		p.setCookie(w, challengeCookie, "", -time.Second)
	}
	if refused, failure := f.refused(err); failure != nil {
		return failure
	} else if refused {
		return p.signInCodePage(w, r, statusOf(err), next, f)
	}
	p.setCookie(w, challengeCookie, "", -time.Second)
	p.setSession(w, session, token)
	return redirect(w, r, next)
}

// ForgotPage asks for the address to which a link is sent.
type ForgotPage struct {
	Base
	Fields
}

// forgotTakes is how long the answer takes at least, so that it does not tell whether there
// is such an account.
const forgotTakes = 400 * time.Millisecond

func (p *portal) showForgot(w http.ResponseWriter, r *http.Request) error {
	return p.render(w, r, http.StatusOK, ForgotPage{p.base(w, r, "Forgotten password"), fieldsOf(r)}.view())
}

func (p *portal) forgot(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	f, done := fieldsOf(r, "email"), time.After(forgotTakes)
	err := p.Access.RequestPasswordReset(r.Context(), web.Request(r), f.Values["email"])
	select {
	case <-done:
	case <-r.Context().Done():
		return r.Context().Err()
	}
	if refused, failure := f.refused(err); failure != nil {
		return failure
	} else if refused {
		return p.render(w, r, statusOf(err), ForgotPage{p.base(w, r, "Forgotten password"), f}.view())
	}
	p.flash(w, "reset-sent")
	return redirect(w, r, "/signin")
}

// ResetPage sets a new password with a link.
type ResetPage struct {
	Base
	Fields
	Token string
	// Valid is whether the link can still be used.
	Valid bool
}

func (p *portal) showReset(w http.ResponseWriter, r *http.Request) error {
	token := r.URL.Query().Get("token")
	return p.resetPage(w, r, http.StatusOK, token, fieldsOf(r), p.Access.CheckResetLink(r.Context(), web.Request(r), token))
}

// resetPage shows the form, or that the link is not good, as link says.
func (p *portal) resetPage(w http.ResponseWriter, r *http.Request, status int, token string, f Fields, link error) error {
	if link != nil && !fault.Is(link, "ResetLinkInvalid") {
		return link
	}
	page := ResetPage{Base: p.base(w, r, "New password"), Fields: f, Token: token, Valid: link == nil}
	if !page.Valid {
		status = http.StatusForbidden
	}
	return p.render(w, r, status, page.view())
}

func (p *portal) resetPassword(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	f, token, password := fieldsOf(r), r.PostForm.Get("token"), r.PostForm.Get("password")
	if password != r.PostForm.Get("password_again") {
		f.Errors["password_again"] = "The two passwords differ."
		return p.resetPage(w, r, http.StatusUnprocessableEntity, token, f, p.Access.CheckResetLink(r.Context(), web.Request(r), token))
	}
	err := p.Access.ResetPassword(r.Context(), web.Request(r), token, password)
	if fault.Is(err, "ResetLinkInvalid") {
		return p.resetPage(w, r, http.StatusForbidden, token, f, err)
	}
	if refused, failure := f.refused(err); failure != nil {
		return failure
	} else if refused {
		return p.resetPage(w, r, statusOf(err), token, f, nil)
	}
	p.setCookie(w, p.sessionCookie(), "", -time.Second) // whatever session this browser had has ended
	p.flash(w, "password-reset")
	return redirect(w, r, "/signin")
}
