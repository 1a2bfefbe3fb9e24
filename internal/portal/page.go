package portal

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/project"
)

// Base is what every page has.
type Base struct {
	Title   string
	Theme   string // "light", "dark", or "" for what the system prefers
	Here    string // path and query of this page
	Flash   string // what has just been done
	Version string

	Account   *access.Session // nil when nobody has signed in
	Projects  []project.Membership
	ProjectID string // the project that the page is about, or ""
	Project   string // its name
	Section   string // of the navigation: "log", "keys", "projects", "sessions"

	assets *assets
}

// asset returns the URL of a static file.
func (b Base) asset(name string) string { return b.assets.url(name) }

// base returns what every page has, for a request of whomever.
func (p *portal) base(w http.ResponseWriter, r *http.Request, title string) Base {
	here := r.URL.RequestURI()
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		here = r.URL.Path
	}
	return Base{
		Title: title, Theme: theme(r), Here: localPath(here, "/"), Version: p.Version, assets: p.assets,
		Flash: p.takeFlash(w, r),
	}
}

// accountBase is base for who has signed in.
func (p *portal) accountBase(w http.ResponseWriter, r *http.Request, title, section string, session access.Session) (Base, error) {
	b := p.base(w, r, title)
	b.Account, b.Section = &session, section
	var err error
	b.Projects, err = p.Projects.Memberships(r.Context(), session.Account.ID)
	return b, err
}

// projectBase is base for a page of a project.
func (p *portal) projectBase(w http.ResponseWriter, r *http.Request, title, section string, v visit) (Base, error) {
	b, err := p.accountBase(w, r, title, section, v.session)
	b.ProjectID, b.Project = v.project.ID, v.project.Name
	return b, err
}

// isPortalLog reports whether the page is about the Portal's own project.
func (b Base) isPortalLog() bool { return b.ProjectID == event.PortalProject }

// isOwner reports whether the account owns the page's project.
func (b Base) isOwner() bool {
	return slices.ContainsFunc(b.Projects, func(m project.Membership) bool {
		return m.ProjectID == b.ProjectID && access.Role(m.Role) == access.Owner
	})
}

// path returns a path below the page's project.
func (b Base) path(rest string) string { return "/projects/" + b.ProjectID + rest }

// query is one parameter of a URL's query, escaped.
func query(name, value string) string { return url.Values{name: {value}}.Encode() }

// render answers with a page; nothing is sent until the whole of it is there.
func (p *portal) render(w http.ResponseWriter, r *http.Request, status int, page templ.Component) error {
	var b bytes.Buffer
	if err := page.Render(r.Context(), &b); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = b.WriteTo(w) // a client that has left needs no answer
	return nil
}

// Fields are a form's values and what is wrong with them, by field.
type Fields struct {
	Values map[string]string
	Errors map[string]string
	// Error is what is wrong with no field in particular.
	Error string
}

// fieldsOf keeps a form's values, but for passwords.
func fieldsOf(r *http.Request, names ...string) Fields {
	f := Fields{Values: map[string]string{}, Errors: map[string]string{}}
	for _, name := range names {
		f.Values[name] = strings.TrimSpace(r.PostForm.Get(name))
	}
	return f
}

func (f Fields) wrong() bool { return f.Error != "" || len(f.Errors) > 0 }

// stamp is a time as pages show it until a script rewrites it to the viewer's zone.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") + " UTC" }

func machine(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

// exact is a time as the log has it.
func exact(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.000000") + " UTC" }

// shortAgent says in a few words what a User-Agent header says in many.
func shortAgent(agent string) string {
	if agent == "" {
		return ""
	}
	if !strings.HasPrefix(agent, "Mozilla/") {
		first, _, _ := strings.Cut(agent, " ")
		if len([]rune(first)) > 40 {
			first = string([]rune(first)[:40]) + "…"
		}
		return first
	}
	browser := "Browser"
	for _, b := range [][2]string{
		{"Edg", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"}, {"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"},
		{"HeadlessChrome/", "Headless Chrome"}, {"Chrome/", "Chrome"}, {"CriOS/", "Chrome"}, {"Safari/", "Safari"},
	} {
		if strings.Contains(agent, b[0]) {
			browser = b[1]
			break
		}
	}
	for _, s := range [][2]string{
		{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"Windows", "Windows"}, {"CrOS", "ChromeOS"},
		{"Mac OS X", "macOS"}, {"Linux", "Linux"},
	} {
		if strings.Contains(agent, s[0]) {
			return browser + " on " + s[1]
		}
	}
	return browser
}

// ErrorPage says what went wrong, as far as it is anybody's business.
type ErrorPage struct {
	Base
	Status    int
	Code      string
	Message   string
	RequestID string
}
