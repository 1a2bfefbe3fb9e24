package project_test

import (
	"strings"
	"testing"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/project"
)

// logText is everything that the log of a project says.
func logText(t *testing.T, p *people, projectID string) string {
	t.Helper()
	page, err := auditlog.New(p.db).List(t.Context(), auditlog.Filter{Project: projectID}, auditlog.Paging{})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, r := range page.Rows {
		text, err := r.Data()
		if err != nil {
			t.Fatal(err)
		}
		b.Write(append(text, '\n'))
	}
	return b.String()
}

func (p *people) setSMTP(m *project.SMTP) error {
	change, err := p.SMTPChange(p.t.Context(), "acme", m)
	return p.ChangeSecret(p.t.Context(), by(p.owner), "acme", change, err)
}

func (p *people) newClientSecret(client string) error {
	change, err := p.NewClientSecret(p.get("acme"), client)
	return p.ChangeSecret(p.t.Context(), by(p.owner), "acme", change, err)
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	p := newPeople(t, unlimited)
	ctx, owner := t.Context(), by(p.owner)
	if _, err := p.Configure(ctx, owner, "acme", "id: acme\noauth: {clients: [{client_id: shop}]}\n", 0); err != nil {
		t.Fatal(err)
	}
	all := []string{project.AdminAPISecrets, project.WebhookSecret, project.SMTPSecret, project.OAuthClientSecrets}
	before, err := p.ViewSecrets(ctx, owner, "acme", all)
	if err != nil || len(before.PrivateKeys) != 1 || !strings.HasPrefix(before.Webhook, "whsec_") || before.SMTP != nil || before.ClientSecrets != nil {
		t.Fatalf("%+v, %v", before, err)
	}
	if used, err := project.WebhookSecretOf(ctx, p.db, "acme"); err != nil || used != before.Webhook {
		t.Errorf("hooks are signed with another secret, %v", err)
	}
	if ok, err := p.ClientSecretMatches(ctx, "acme", "shop", ""); err != nil || !ok {
		t.Errorf("a public client has to show a secret: %v", err)
	}
	if err := p.ChangeSecret(ctx, owner, "acme", p.WebhookChange("acme"), nil); err != nil {
		t.Fatal(err)
	}
	server := project.SMTP{Host: "mail.acme.example", Port: 587, Username: "acme", Password: "hush-mail-hush", Sender: "no-reply@acme.example", Security: "starttls"}
	if err := p.setSMTP(&server); err != nil {
		t.Fatal(err)
	}
	kept := server
	kept.Password, kept.Sender = "", "Acme <no-reply@acme.example>"
	if err := p.setSMTP(&kept); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := p.newClientSecret("shop"); err != nil {
			t.Fatal(err)
		}
	}
	p.want(p.newClientSecret("shop"), "ClientSecretLimitReached")
	p.want(p.newClientSecret("unknown"), "ClientNotFound")
	after, err := p.ViewSecrets(ctx, owner, "acme", all)
	if err != nil || after.SMTP == nil || after.SMTP.Password != "hush-mail-hush" || after.Webhook == before.Webhook || len(after.ClientSecrets) != 2 {
		t.Fatalf("%+v, %v", after, err)
	}
	if used, err := project.WebhookSecretOf(ctx, p.db, "acme"); err != nil || used != after.Webhook {
		t.Errorf("hooks are signed with another secret, %v", err)
	}
	for _, c := range after.ClientSecrets {
		if ok, err := p.ClientSecretMatches(ctx, "acme", "shop", c.Value); err != nil || !ok {
			t.Errorf("its secret does not prove the client: %v", err)
		}
	}
	if ok, err := p.ClientSecretMatches(ctx, "acme", "shop", "wrong"); err != nil || ok {
		t.Errorf("a wrong secret proves the client: %v", err)
	}
	masked, err := p.MaskedSecrets(ctx, "acme")
	if err != nil || masked.SMTP.Password != "" || masked.SMTP.Sender != kept.Sender || len(masked.ClientSecrets) != 2 || masked.ClientSecrets[0].Value != "" || masked.Webhook != "" {
		t.Errorf("masked: %+v, %v", masked, err)
	}
	gone := after.ClientSecrets[0]
	if err := p.ChangeSecret(ctx, owner, "acme", p.DropClientSecret("acme", gone.ClientID, gone.KeyID), nil); err != nil {
		t.Fatal(err)
	}
	p.want(p.ChangeSecret(ctx, owner, "acme", p.DropClientSecret("acme", gone.ClientID, gone.KeyID), nil), "SecretNotFound")
	if ok, err := p.ClientSecretMatches(ctx, "acme", "shop", gone.Value); err != nil || ok {
		t.Errorf("a deleted secret proves the client: %v", err)
	}
	if err := p.setSMTP(nil); err != nil {
		t.Fatal(err)
	}
	p.want(p.setSMTP(nil), "SecretNotFound")
	_, err = p.ViewSecrets(ctx, owner, "acme", []string{"everything"})
	p.want(err, "SecretUnknown")
	_, err = p.ViewSecrets(ctx, owner, "acme", nil)
	p.want(err, "SecretUnknown")

	said := logText(t, p, "acme")
	if strings.Count(said, `"type":"project.app.secret.viewed"`) != 4 || !strings.Contains(said, `"fingerprint":`) {
		t.Errorf("the log says\n%s", said)
	}
	for _, secret := range []string{"hush", before.Webhook, after.Webhook, gone.Value, after.ClientSecrets[1].Value} {
		if strings.Contains(said, secret) {
			t.Errorf("the log holds the secret %q", secret)
		}
	}
}

func TestMailServersThatAreNone(t *testing.T) {
	t.Parallel()
	p := newPeople(t, unlimited)
	good := project.SMTP{Host: "mail.acme.example", Port: 587, Sender: "no-reply@acme.example", Security: "starttls"}
	for name, spoil := range map[string]func(*project.SMTP){
		"no host":          func(m *project.SMTP) { m.Host = "" },
		"a host with port": func(m *project.SMTP) { m.Host = "mail:25" },
		"a line break":     func(m *project.SMTP) { m.Host = "mail\r\nRCPT" },
		"no port":          func(m *project.SMTP) { m.Port = 0 },
		"no sender":        func(m *project.SMTP) { m.Sender = "nobody" },
		"two senders":      func(m *project.SMTP) { m.Sender = "a@b.example, c@d.example" },
		"no security":      func(m *project.SMTP) { m.Security = "" },
		"in clear":         func(m *project.SMTP) { m.Security, m.Username, m.Password = "none", "u", "p" },
		"no password":      func(m *project.SMTP) { m.Username = "u" },
		"much too long":    func(m *project.SMTP) { m.Username, m.Password = "u", strings.Repeat("p", 3000) },
	} {
		m := good
		spoil(&m)
		if err := p.setSMTP(&m); err == nil {
			t.Errorf("%s: taken", name)
		} else {
			p.want(err, "SMTPInvalid")
		}
	}
}

func TestVisits(t *testing.T) {
	t.Parallel()
	p := newPeople(t, unlimited)
	ctx, owner := t.Context(), by(p.owner)
	token, err := p.OpenVisit(ctx, owner, "acme", p.owner.ID, []string{project.WebhookSecret, project.AdminAPISecrets, project.WebhookSecret})
	if err != nil || len(token) != 64 {
		t.Fatalf("%q, %v", token, err)
	}
	for range 2 { // it can be used again
		if names, err := p.Visit(ctx, "acme", p.owner.ID, token); err != nil || strings.Join(names, " ") != "adminAPISecrets webhookSecret" {
			t.Errorf("%v, %v", names, err)
		}
	}
	_, err = p.Visit(ctx, "acme", event.NewID(), token)
	p.want(err, "SecretVisitInvalid")
	_, err = p.Visit(ctx, "beta", p.owner.ID, token)
	p.want(err, "SecretVisitInvalid")
	_, err = p.OpenVisit(ctx, owner, "acme", p.owner.ID, []string{"everything"})
	p.want(err, "SecretUnknown")
	if err := project.SweepVisits(ctx, p.db, p.db.Now().Add(project.VisitLifetime)); err != nil {
		t.Fatal(err)
	}
	_, err = p.Visit(ctx, "acme", p.owner.ID, token)
	p.want(err, "SecretVisitInvalid")
	if got := types(t, p.db, "acme"); !strings.HasSuffix(got, "project.secret_visit.created succeeded, project.secret_visit.created failed") {
		t.Errorf("the log has %s", got)
	}
}

func TestRename(t *testing.T) {
	t.Parallel()
	p := newPeople(t, unlimited)
	if err := p.Rename(t.Context(), by(p.owner), "acme", " Acme & Sons "); err != nil || p.get("acme").Name != "Acme & Sons" {
		t.Errorf("%q, %v", p.get("acme").Name, err)
	}
	for _, name := range []string{"", "  ", strings.Repeat("x", 81)} {
		p.want(p.Rename(t.Context(), by(p.owner), "acme", name), "ProjectNameInvalid")
	}
}
