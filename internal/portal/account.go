package portal

import (
	"bytes"
	"encoding/base64"
	"image/png"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"

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

// AccountPage is the account and how it proves who it is.
type AccountPage struct {
	Base
	HasTOTP bool
	Codes   int // recovery codes that are left
	Tokens  int
}

func (p *portal) showAccount(w http.ResponseWriter, r *http.Request, session access.Session) error {
	base, err := p.accountBase(w, r, "Your account", "account", session)
	if err != nil {
		return err
	}
	page := AccountPage{Base: base}
	if page.HasTOTP, page.Codes, err = p.Access.HasTOTP(r.Context(), session.Account.ID); err != nil {
		return err
	}
	tokens, err := p.Access.PersonalTokens(r.Context(), session.Account.ID)
	if err != nil {
		return err
	}
	page.Tokens = len(tokens)
	return p.render(w, r, http.StatusOK, page.view())
}

// PasswordPage changes the account's password.
type PasswordPage struct {
	Base
	Fields
}

func (p *portal) showPassword(w http.ResponseWriter, r *http.Request, session access.Session) error {
	return p.passwordPage(w, r, session, http.StatusOK, fieldsOf(r))
}

func (p *portal) passwordPage(w http.ResponseWriter, r *http.Request, session access.Session, status int, f Fields) error {
	base, err := p.accountBase(w, r, "Change your password", "account", session)
	if err != nil {
		return err
	}
	return p.render(w, r, status, PasswordPage{base, f}.view())
}

func (p *portal) changePassword(w http.ResponseWriter, r *http.Request, session access.Session) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	f, password := fieldsOf(r), r.PostForm.Get("password")
	if password != r.PostForm.Get("password_again") {
		f.Errors["password_again"] = "The two passwords differ."
		return p.passwordPage(w, r, session, http.StatusUnprocessableEntity, f)
	}
	fresh, token, err := p.Access.ChangePassword(r.Context(), web.Request(r), session, r.PostForm.Get("current"), password)
	if refused, failure := f.refused(err); failure != nil {
		return failure
	} else if refused {
		return p.passwordPage(w, r, session, statusOf(err), f)
	}
	p.setSession(w, fresh, token)
	p.flash(w, "password-changed")
	return redirect(w, r, "/account")
}

// SecondFactorPage adds a second factor, or says what there is of it.
type SecondFactorPage struct {
	Base
	Fields
	Has   bool
	Codes int // recovery codes that are left
	// Setup and QR are of the seed that is offered; QR is a data URL of a PNG.
	Setup access.TOTPSetup
	QR    string
}

// secondFactorPath is the page of the second factor; whoever changes it has just confirmed
// their password, lest a session left open lock its account out.
const secondFactorPath = "/account/second-factor"

func (p *portal) showSecondFactor(w http.ResponseWriter, r *http.Request, session access.Session) error {
	has, _, err := p.Access.HasTOTP(r.Context(), session.Account.ID)
	if err != nil {
		return err
	}
	if !has && !p.fresh(w, r, session, secondFactorPath) {
		return nil
	}
	setup, err := p.Access.NewTOTP(session.Account)
	if err != nil {
		return err
	}
	return p.secondFactorPage(w, r, session, http.StatusOK, setup, fieldsOf(r))
}

func (p *portal) secondFactorPage(w http.ResponseWriter, r *http.Request, session access.Session, status int, setup access.TOTPSetup, f Fields) (err error) {
	page := SecondFactorPage{Fields: f, Setup: setup}
	if page.Has, page.Codes, err = p.Access.HasTOTP(r.Context(), session.Account.ID); err != nil {
		return err
	}
	if page.QR, err = qrCode(setup.URI); err != nil {
		return err
	}
	if page.Base, err = p.accountBase(w, r, "Second factor", "account", session); err != nil {
		return err
	}
	return p.render(w, r, status, page.view())
}

// qrCode is a data URL of a PNG (RFC 2397) of a QR code (ISO/IEC 18004), level M.
func qrCode(text string) (string, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err == nil {
		code, err = barcode.Scale(code, 300, 300)
	}
	var b bytes.Buffer
	if err == nil {
		err = png.Encode(&b, code)
	}
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes()), err
}

func (p *portal) addSecondFactor(w http.ResponseWriter, r *http.Request, session access.Session) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	if !p.fresh(w, r, session, secondFactorPath) {
		return nil
	}
	f := fieldsOf(r)
	codes, err := p.Access.AddTOTP(r.Context(), web.Request(r), session, r.PostForm.Get("sealed"), r.PostForm.Get("code"))
	if refused, failure := f.refused(err); failure != nil {
		return failure
	} else if refused {
		// The seed that the app has already is offered again, unless it cannot be.
		setup, failure := p.Access.SameTOTP(session.Account, r.PostForm.Get("sealed"))
		if failure != nil {
			if setup, failure = p.Access.NewTOTP(session.Account); failure != nil {
				return failure
			}
		}
		return p.secondFactorPage(w, r, session, statusOf(err), setup, f)
	}
	return p.showRecoveryCodes(w, r, session, codes)
}

func (p *portal) showRecoveryCodes(w http.ResponseWriter, r *http.Request, session access.Session, codes []string) error {
	base, err := p.accountBase(w, r, "Recovery codes", "account", session)
	if err != nil {
		return err
	}
	list := []shown{{"Recovery codes, each for one sign-in without your app", strings.Join(codes, "\n")}}
	return p.render(w, r, http.StatusOK, ShownOncePage{base, list, secondFactorPath, "I have copied them"}.view())
}

func (p *portal) newRecoveryCodes(w http.ResponseWriter, r *http.Request, session access.Session) error {
	if !p.fresh(w, r, session, secondFactorPath) {
		return nil
	}
	codes, err := p.Access.NewRecoveryCodes(r.Context(), web.Request(r), session)
	if err != nil {
		return err
	}
	return p.showRecoveryCodes(w, r, session, codes)
}

func (p *portal) removeSecondFactor(w http.ResponseWriter, r *http.Request, session access.Session) error {
	if !p.fresh(w, r, session, secondFactorPath) {
		return nil
	}
	if err := p.Access.RemoveTOTP(r.Context(), web.Request(r), session); err != nil {
		return err
	}
	p.flash(w, "second-factor-off")
	return redirect(w, r, "/account")
}

// TokensPage lists the account's personal access tokens.
type TokensPage struct {
	Base
	Fields
	Tokens   []access.PersonalToken
	Now      time.Time
	Endpoint string // of the Portal API
}

func (p *portal) showTokens(w http.ResponseWriter, r *http.Request, session access.Session) error {
	f := fieldsOf(r)
	f.Values["scope"], f.Values["days"] = string(access.ReadScope), "90"
	return p.tokensPage(w, r, session, http.StatusOK, f)
}

func (p *portal) tokensPage(w http.ResponseWriter, r *http.Request, session access.Session, status int, f Fields) (err error) {
	page := TokensPage{Fields: f, Now: p.Now(), Endpoint: strings.TrimSuffix(p.PublicURL.String(), "/") + portalAPIPath}
	if page.Tokens, err = p.Access.PersonalTokens(r.Context(), session.Account.ID); err != nil {
		return err
	}
	if page.Base, err = p.accountBase(w, r, "Access tokens", "tokens", session); err != nil {
		return err
	}
	return p.render(w, r, status, page.view())
}

// portalAPIPath is where package portalapi answers.
const portalAPIPath = "/api/graphql"

func (p *portal) createToken(w http.ResponseWriter, r *http.Request, session access.Session) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	f := fieldsOf(r, "name", "scope", "days")
	days, err := strconv.Atoi(f.Values["days"])
	if err != nil {
		days = 0 // which is refused
	}
	token, _, err := p.Access.NewPersonalToken(r.Context(), web.Request(r), session, f.Values["name"], access.Scope(f.Values["scope"]), days)
	if fault.Is(err, "NotFresh") && !p.fresh(w, r, session, "/account/tokens") {
		return nil
	}
	if refused, failure := f.refused(err); failure != nil {
		return failure
	} else if refused {
		return p.tokensPage(w, r, session, statusOf(err), f)
	}
	base, err := p.accountBase(w, r, "Access token", "tokens", session)
	if err != nil {
		return err
	}
	return p.render(w, r, http.StatusOK, ShownOncePage{base, []shown{{f.Values["name"], token}}, "/account/tokens", "I have copied it"}.view())
}

func (p *portal) revokeToken(w http.ResponseWriter, r *http.Request, session access.Session) error {
	id, err := event.ParseID(r.PathValue("id"))
	if err != nil {
		return fault.New(fault.NotFound, "TokenNotFound", "There is no such access token.").Because(err)
	}
	if err := p.Access.RevokePersonalToken(r.Context(), web.Request(r), session, id); err != nil {
		return err
	}
	p.flash(w, "token-revoked")
	return redirect(w, r, "/account/tokens")
}
