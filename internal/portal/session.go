package portal

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/web"
)

func (p *portal) sessionCookie() string { return access.SessionCookie(p.PublicURL) }

// setCookie sets a cookie that scripts cannot read; a negative age removes it, zero keeps it
// until the browser is closed.
func (p *portal) setCookie(w http.ResponseWriter, name, value string, age time.Duration) {
	c := &http.Cookie{
		Name: name, Value: value, Path: "/", HttpOnly: true, Secure: p.isHTTPS(),
		SameSite: http.SameSiteLaxMode, MaxAge: int(age / time.Second),
	}
	http.SetCookie(w, c)
}

func (p *portal) setSession(w http.ResponseWriter, session access.Session, token string) {
	p.setCookie(w, p.sessionCookie(), token, session.ExpiresAt.Sub(p.Now()))
}

// session returns the session that a request proves, or SessionInvalid.
func (p *portal) session(r *http.Request) (access.Session, error) {
	cookie, err := r.Cookie(p.sessionCookie())
	if err != nil {
		return access.Session{}, fault.New(fault.Unauthenticated, "SessionInvalid", "Please sign in.")
	}
	if r.Pattern == newerRoute || r.Pattern == progressRoute || r.Pattern == liveRoute {
		// A page left open is nobody's being there, and keeps no session alive.
		return p.Access.PeekSession(r.Context(), cookie.Value)
	}
	return p.Access.SessionByToken(r.Context(), cookie.Value)
}

// signedIn lets through who has signed in.
func (p *portal) signedIn(next func(http.ResponseWriter, *http.Request, access.Session) error) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		session, err := p.session(r)
		if err != nil {
			return err
		}
		return next(w, r, session)
	}
}

// visit is a request for a page of a project, by an account that may make it.
type visit struct {
	session access.Session
	by      event.By
	role    access.Role
	project project.Project
}

// allowed lets through whose role in the request's project has the permission.
func (p *portal) allowed(need access.Permission, next func(http.ResponseWriter, *http.Request, visit) error) func(http.ResponseWriter, *http.Request, access.Session) error {
	return func(w http.ResponseWriter, r *http.Request, session access.Session) error {
		request, id := web.Request(r), r.PathValue("project")
		if project.CheckID(id) != nil && id != event.PortalProject {
			return fault.New(fault.NotFound, "ProjectNotFound", "There is no such project.")
		}
		role, err := p.Access.Authorize(r.Context(), session, request, id, need)
		if err != nil {
			return err
		}
		found, err := p.Projects.Get(r.Context(), id)
		if err != nil {
			return err
		}
		return next(w, r, visit{session: session, by: session.By(request), role: role, project: found})
	}
}

// path returns a path below the project of the visit.
func (v visit) path(rest string) string { return "/projects/" + v.project.ID + rest }

// fresh reports whether the password was confirmed just now, and sends who has not done so
// to do it first and then to go on at next.
func (p *portal) fresh(w http.ResponseWriter, r *http.Request, session access.Session, next string) bool {
	if session.IsFresh(p.Now()) {
		return true
	}
	http.Redirect(w, r, "/confirm?"+url.Values{"next": {next}}.Encode(), http.StatusSeeOther)
	return false
}

// toSignIn sends the browser to sign in and then back to where it wanted to be.
func (p *portal) toSignIn(w http.ResponseWriter, r *http.Request) {
	to := "/signin?" + url.Values{"next": {r.URL.RequestURI()}}.Encode()
	if r.URL.Path == "/" {
		to = "/signin"
	}
	if r.Header.Get("HX-Request") != "" {
		w.Header().Set("HX-Redirect", to)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// localPath returns a path and query on this server, or fallback when text is anything else.
func localPath(text, fallback string) string {
	if !strings.HasPrefix(text, "/") || len(text) > 4000 || strings.ContainsAny(text, "\\\r\n\t\x00") {
		return fallback
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || strings.HasPrefix(u.Path, "//") || strings.HasPrefix(text, "//") {
		return fallback
	}
	return u.RequestURI()
}

// The flashes: what the page after a redirect says has been done. The cookie holds only the
// code, so nobody can make the Portal say something else.
const flashCookie = "sealog-flash"

var flashes = map[string]string{
	"signed-out":       "You have signed out.",
	"key-generated":    "A new Admin API key was generated. Download its private key for the program that will use it.",
	"key-deleted":      "The Admin API key was deleted. Tokens signed with it are refused from now on.",
	"user-created":     "The user was created.",
	"user-changed":     "Done, and put on the record.",
	"message-queued":   "The message is in the queue again.",
	"session-revoked":  "The session was ended.",
	"project-created":  "The project was created, with a log and a first Admin API key of its own.",
	"setup-done":       "Welcome. Your account and your first project are ready.",
	"setup-no-project": "Your account is ready, but the project could not be made. Make one here.",
	"confirmed":        "Your password is confirmed. For the next five minutes you can view secrets and erase personal data.",

	"configured":           "The configuration was saved and is in force.",
	"invited":              "The invitation is on its way. Its link works for three days.",
	"uninvited":            "The invitation was withdrawn; its link does not work any more.",
	"role-changed":         "The role was changed.",
	"collaborator-removed": "The collaborator was removed and has no access to the project any more.",
	"left":                 "You have left the project.",
	"joined":               "Welcome: you are now in the project.",
	"domain-added":         "The domain was added. Verify it by a TXT record.",
	"domain-verified":      "The domain is verified and leads to this project from now on.",
	"domain-deleted":       "The domain was deleted.",
	"checked-paid":         "The payment has arrived, and the plan is in force.",
	"checked-open":         "Stripe has no payment yet. The plan comes into force by itself when it arrives.",
	"plan-changed":         "The plan was changed.",
	"plan-cancelled":       "The subscription ends with the period that is paid for. Until then you can undo this.",
	"plan-resumed":         "The subscription goes on.",
	"plan-ended":           "The subscription has ended.",
	"renamed":              "The project was renamed.",
	"webhook-rotated":      "Web hooks are signed with a new secret from now on.",
	"smtp-set":             "Mail to the project’s users now goes through this mail server.",
	"smtp-removed":         "Mail to the project’s users goes through the server’s own mail server again.",
	"client-secret-made":   "The client has a new secret. View it to give it to the application.",
	"client-secret-gone":   "The secret was deleted; it is refused from now on.",
	"reset-sent":           "If there is an account with this address, a mail with a link is on its way to it. The link works for 30 minutes.",
	"password-reset":       "Your new password is set, and every session of yours was ended. Sign in with it.",
	"password-changed":     "Your password was changed. Every other session and all your access tokens were ended.",
	"second-factor-off":    "Signing in asks for your password only, from now on.",
	"export-access":        "The right to export was changed.",
	"token-revoked":        "The access token was revoked and is refused from now on.",
}

func (p *portal) flash(w http.ResponseWriter, code string) {
	p.setCookie(w, flashCookie, code, time.Minute)
}

// takeFlash returns the waiting message, if any, and removes it.
func (p *portal) takeFlash(w http.ResponseWriter, r *http.Request) string {
	cookie, err := r.Cookie(flashCookie)
	if err != nil {
		return ""
	}
	p.setCookie(w, flashCookie, "", -time.Second)
	return flashes[cookie.Value]
}

// redirect ends a POST.
func redirect(w http.ResponseWriter, r *http.Request, to string) error {
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

const themeCookie = "sealog-theme"

// theme is "light", "dark", or "" for what the system prefers.
func theme(r *http.Request) string {
	if c, err := r.Cookie(themeCookie); err == nil && (c.Value == "light" || c.Value == "dark") {
		return c.Value
	}
	return ""
}

func (p *portal) setTheme(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	switch chosen := r.PostForm.Get("theme"); chosen {
	case "light", "dark":
		p.setCookie(w, themeCookie, chosen, 365*24*time.Hour)
	default:
		p.setCookie(w, themeCookie, "", -time.Second)
	}
	return redirect(w, r, localPath(r.PostForm.Get("next"), "/"))
}
