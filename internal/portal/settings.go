package portal

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/settings"
	"github.com/sealog/sealog/internal/web"
)

// SettingsPage is the project's name and the secrets that are no Admin API keys.
type SettingsPage struct {
	Base
	Fields
	Recent          Recent
	SMTP            *project.SMTP // nil when the project has none of its own
	Clients         []settings.Client
	ClientSecrets   []project.ClientSecret
	Asked           string // the secret that was asked for before the password was confirmed
	MayAct, MayView bool
}

func (p *portal) showSettings(w http.ResponseWriter, r *http.Request, v visit) error {
	return p.settingsPage(w, r, v, http.StatusOK, fieldsOf(r))
}

func (p *portal) settingsPage(w http.ResponseWriter, r *http.Request, v visit, status int, f Fields) error {
	masked, err := p.Projects.MaskedSecrets(r.Context(), v.project.ID)
	if err != nil {
		return err
	}
	page := SettingsPage{
		Fields: f, SMTP: masked.SMTP, Clients: v.project.Config.OAuth.Clients, ClientSecrets: masked.ClientSecrets,
		MayAct: v.role.May(access.Act), MayView: v.role.May(access.ViewSecrets),
	}
	given := func(name, value string) {
		if _, typed := f.Values[name]; !typed {
			f.Values[name] = value
		}
	}
	given("name", v.project.Name)
	given("security", "starttls")
	given("port", "587")
	if m := masked.SMTP; m != nil && r.Method != http.MethodPost {
		f.Values["host"], f.Values["port"], f.Values["username"] = m.Host, strconv.Itoa(m.Port), m.Username
		f.Values["sender"], f.Values["security"] = m.Sender, m.Security
	}
	if v.session.IsFresh(p.Now()) {
		page.Asked = r.URL.Query().Get("view")
	}
	if page.Recent, err = p.recent(r, v, "project.app.renamed", "project.app.secret.viewed", "project.app.updated"); err != nil {
		return err
	}
	if page.Base, err = p.projectBase(w, r, "Settings", "settings", v); err != nil {
		return err
	}
	return p.render(w, r, status, page.view())
}

// secretsOf are the secrets that a client has.
func (s SettingsPage) secretsOf(client string) []project.ClientSecret {
	var own []project.ClientSecret
	for _, c := range s.ClientSecrets {
		if c.ClientID == client {
			own = append(own, c)
		}
	}
	return own
}

// changedSettings ends a change that may have been refused.
func (p *portal) changedSettings(w http.ResponseWriter, r *http.Request, v visit, f Fields, err error, done string) error {
	if refused, failure := f.refused(err); failure != nil {
		return failure
	} else if refused {
		return p.settingsPage(w, r, v, statusOf(err), f)
	}
	p.flash(w, done)
	return redirect(w, r, v.path("/settings"))
}

func (p *portal) rename(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	f := fieldsOf(r, "name")
	return p.changedSettings(w, r, v, f, p.Projects.Rename(r.Context(), v.by, v.project.ID, f.Values["name"]), "renamed")
}

// viewable are the secrets that this page lets be viewed.
var viewable = []string{project.WebhookSecret, project.SMTPSecret, project.OAuthClientSecrets}

// viewSecrets shows secrets, when the password was confirmed just now. The view has been
// recorded before the first byte leaves.
func (p *portal) viewSecrets(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	name := r.PostForm.Get("secret")
	if !slices.Contains(viewable, name) {
		return fault.New(fault.Malformed, "SecretUnknown", "There is no such secret.")
	}
	if !p.fresh(w, r, v.session, v.path("/settings?"+query("view", name))) {
		return nil
	}
	found, err := p.Projects.ViewSecrets(r.Context(), v.by, v.project.ID, []string{name})
	if err != nil {
		return err
	}
	var list []shown
	if found.Webhook != "" {
		list = append(list, shown{"Secret of the web hooks", found.Webhook})
	}
	if found.SMTP != nil {
		list = append(list, shown{"Password of " + first(found.SMTP.Username, "nobody") + " at " + found.SMTP.Host, first(found.SMTP.Password, "none")})
	}
	for _, c := range found.ClientSecrets {
		list = append(list, shown{"Client " + c.ClientID + ", made " + stamp(c.CreatedAt), c.Value})
	}
	base, err := p.projectBase(w, r, "Secrets", "settings", v)
	if err != nil {
		return err
	}
	return p.render(w, r, http.StatusOK, SecretsPage{base, list}.view())
}

// SecretsPage shows secrets that can be viewed again.
type SecretsPage struct {
	Base
	Secrets []shown
}

func (p *portal) changeWebhookSecret(w http.ResponseWriter, r *http.Request, v visit) error {
	err := p.Projects.ChangeSecret(r.Context(), v.by, v.project.ID, p.Projects.WebhookChange(v.project.ID), nil)
	return p.changedSettings(w, r, v, fieldsOf(r), err, "webhook-rotated")
}

func (p *portal) changeSMTP(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	f := fieldsOf(r, "host", "port", "username", "sender", "security")
	port, err := strconv.Atoi(f.Values["port"])
	if err != nil {
		port = 0 // which no port is
	}
	change, refusal := p.Projects.SMTPChange(r.Context(), v.project.ID, &project.SMTP{
		Host: f.Values["host"], Port: port, Username: f.Values["username"], Password: r.PostForm.Get("password"),
		Sender: f.Values["sender"], Security: f.Values["security"],
	})
	return p.changedSettings(w, r, v, f, p.Projects.ChangeSecret(r.Context(), v.by, v.project.ID, change, refusal), "smtp-set")
}

func (p *portal) removeSMTP(w http.ResponseWriter, r *http.Request, v visit) error {
	change, refusal := p.Projects.SMTPChange(r.Context(), v.project.ID, nil)
	err := p.Projects.ChangeSecret(r.Context(), v.by, v.project.ID, change, refusal)
	return p.changedSettings(w, r, v, fieldsOf(r), err, "smtp-removed")
}

func (p *portal) addClientSecret(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	change, refusal := p.Projects.NewClientSecret(v.project, r.PostForm.Get("client"))
	err := p.Projects.ChangeSecret(r.Context(), v.by, v.project.ID, change, refusal)
	return p.changedSettings(w, r, v, fieldsOf(r), err, "client-secret-made")
}

func (p *portal) removeClientSecret(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	change := p.Projects.DropClientSecret(v.project.ID, r.PostForm.Get("client"), r.PostForm.Get("key"))
	err := p.Projects.ChangeSecret(r.Context(), v.by, v.project.ID, change, nil)
	return p.changedSettings(w, r, v, fieldsOf(r), err, "client-secret-gone")
}
