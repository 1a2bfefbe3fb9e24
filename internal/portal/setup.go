package portal

import (
	"net/http"
	"slices"
	"unicode/utf8"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/web"
)

// SetupPage makes the first account and its project.
type SetupPage struct {
	Base
	Fields
	Token string
	// Valid is whether the link can still be used.
	Valid bool
}

func (p *portal) showSetup(w http.ResponseWriter, r *http.Request) error {
	token := r.URL.Query().Get("token")
	return p.setupPage(w, r, http.StatusOK, token, fieldsOf(r), p.Access.CheckSetupLink(r.Context(), web.Request(r), token))
}

// setupPage shows the form, or that the link is not good, as link says.
func (p *portal) setupPage(w http.ResponseWriter, r *http.Request, status int, token string, fields Fields, link error) error {
	if link != nil && !fault.Is(link, "SetupLinkInvalid") {
		return link
	}
	page := SetupPage{Base: p.base(w, r, "Set up Sealog"), Fields: fields, Token: token, Valid: link == nil}
	if !page.Valid {
		status = http.StatusForbidden
	}
	return p.render(w, r, status, page.view())
}

func (p *portal) setUp(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	token, password := r.PostForm.Get("token"), r.PostForm.Get("password")
	f := fieldsOf(r, "email", "id", "name")
	if password != r.PostForm.Get("password_again") {
		f.Errors["password_again"] = "The two passwords differ."
	}
	// The link is used up by the account, so the project must be fit before.
	f.checkProject()
	if f.wrong() {
		return p.setupPage(w, r, http.StatusUnprocessableEntity, token, f, p.Access.CheckSetupLink(r.Context(), web.Request(r), token))
	}
	session, sessionToken, err := p.Access.SetUp(r.Context(), web.Request(r), token, f.Values["email"], password)
	if fault.Is(err, "SetupLinkInvalid") {
		return p.setupPage(w, r, http.StatusForbidden, token, f, err)
	}
	if refused, err := f.refused(err); err != nil {
		return err
	} else if refused {
		return p.setupPage(w, r, http.StatusUnprocessableEntity, token, f, nil)
	}
	p.setSession(w, session, sessionToken)
	by := session.By(web.Request(r))
	made, err := p.Projects.Create(r.Context(), by, f.Values["id"], f.Values["name"], session.Account.Object())
	if err != nil {
		if kind := fault.Of(err).Kind; kind != fault.Invalid && kind != fault.Conflict {
			return err
		}
		p.flash(w, "setup-no-project")
		return redirect(w, r, "/projects/new")
	}
	p.flash(w, "setup-done")
	return redirect(w, r, "/projects/"+made.ID+"/audit-log?tab=admin")
}

// checkProject notes what is wrong with the fields that describe a new project.
func (f Fields) checkProject() {
	if err := project.CheckNewID(f.Values["id"]); err != nil {
		f.Errors["id"] = fault.Of(err).Message
	}
	if utf8.RuneCountInString(f.Values["name"]) > 80 {
		f.Errors["name"] = "A project's name has at most 80 characters."
	}
}

// refused notes an error that the person at the form can do something about, beside the
// field it is about. Any other error is returned.
func (f *Fields) refused(err error) (bool, error) {
	if err == nil {
		return false, nil
	}
	e := fault.Of(err)
	switch e.Kind {
	case fault.Invalid, fault.Conflict, fault.Denied, fault.Exhausted, fault.Unauthenticated:
	default:
		return false, err
	}
	if f.has(e.Field) {
		f.Errors[e.Field] = e.Message
	} else {
		f.Error = e.Message
	}
	return true, nil
}

// unkept are fields whose values no form keeps.
var unkept = []string{"password", "password_again", "current", "code"}

// has reports whether the form has a field, beside which an error can stand.
func (f *Fields) has(field string) bool {
	_, kept := f.Values[field]
	return kept || slices.Contains(unkept, field)
}

// SignInPage asks for e-mail address and password.
type SignInPage struct {
	Base
	Fields
	Next string
	// New is whether there is no account yet.
	New bool
}

func (p *portal) home(w http.ResponseWriter, r *http.Request) error {
	if _, err := p.session(r); err != nil {
		return err
	}
	return redirect(w, r, "/projects")
}

func (p *portal) showSignIn(w http.ResponseWriter, r *http.Request) error {
	next := localPath(r.URL.Query().Get("next"), "/projects")
	if _, err := p.session(r); err == nil {
		return redirect(w, r, next)
	}
	return p.signInPage(w, r, http.StatusOK, next, fieldsOf(r))
}

func (p *portal) signInPage(w http.ResponseWriter, r *http.Request, status int, next string, fields Fields) error {
	has, err := p.Access.HasAccounts(r.Context())
	if err != nil {
		return err
	}
	page := SignInPage{Base: p.base(w, r, "Sign in"), Fields: fields, Next: next, New: !has}
	page.Here = "/signin"
	return p.render(w, r, status, page.view())
}

func (p *portal) signIn(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	f, next := fieldsOf(r, "email"), localPath(r.PostForm.Get("next"), "/projects")
	session, token, err := p.Access.SignIn(r.Context(), web.Request(r), f.Values["email"], r.PostForm.Get("password"))
	if fault.Is(err, "SecondFactorRequired") {
		return p.toSecondFactor(w, r, token, next)
	}
	if refused, failure := f.refused(err); failure != nil {
		return failure
	} else if refused {
		return p.signInPage(w, r, statusOf(err), next, f)
	}
	p.setSession(w, session, token)
	return redirect(w, r, next)
}

func (p *portal) signOut(w http.ResponseWriter, r *http.Request, session access.Session) error {
	err := p.Access.SignOut(r.Context(), web.Request(r), session)
	if err != nil && !fault.Is(err, "SessionNotFound") {
		return err
	}
	p.setCookie(w, p.sessionCookie(), "", -1e9)
	p.flash(w, "signed-out")
	return redirect(w, r, "/signin")
}

// ConfirmPage asks for the password once more.
type ConfirmPage struct {
	Base
	Fields
	Next string
}

func (p *portal) showConfirm(w http.ResponseWriter, r *http.Request, session access.Session) error {
	next := localPath(r.URL.Query().Get("next"), "/projects")
	return p.confirmPage(w, r, session, http.StatusOK, next, fieldsOf(r))
}

func (p *portal) confirmPage(w http.ResponseWriter, r *http.Request, session access.Session, status int, next string, fields Fields) error {
	base, err := p.accountBase(w, r, "Confirm your password", "", session)
	if err != nil {
		return err
	}
	return p.render(w, r, status, ConfirmPage{Base: base, Fields: fields, Next: next}.view())
}

func (p *portal) confirm(w http.ResponseWriter, r *http.Request, session access.Session) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	f, next := fieldsOf(r), localPath(r.PostForm.Get("next"), "/projects")
	fresh, token, err := p.Access.Confirm(r.Context(), web.Request(r), session, r.PostForm.Get("password"))
	if refused, failure := f.refused(err); failure != nil {
		return failure
	} else if refused {
		return p.confirmPage(w, r, session, statusOf(err), next, f)
	}
	p.setSession(w, fresh, token)
	p.flash(w, "confirmed")
	return redirect(w, r, next)
}
