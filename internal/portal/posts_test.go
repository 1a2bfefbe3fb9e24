package portal

import (
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/sealog/sealog/internal/billing"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/message"
	"github.com/sealog/sealog/internal/outsidetest"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/settings"
	"github.com/sealog/sealog/internal/store"
)

const stripeSecret = "whsec_test_secret_of_web_hooks"

var testPlans = project.Plans{
	{Name: "free", Title: "Free", Collaborators: 3, Domains: 1, RetrievalDays: 30},
	{Name: "team", Title: "Team", StripePrice: "price_team", Price: "EUR 49 a month", Collaborators: 20, Domains: 5, RetrievalDays: 365},
	{Name: "firm", Title: "Firm", StripePrice: "price_firm", Price: "EUR 199 a month", Collaborators: -1, Domains: -1, RetrievalDays: -1},
}

// withStripe is what a project pays through, with a stripe-mock and plans that can be bought.
func (s *site) withStripe(t *testing.T) *billing.Service {
	t.Helper()
	s.projects.Plans = testPlans
	return billing.New(s.db, s.projects, billing.Config{
		SecretKey: "sk_test_123", WebhookSecret: stripeSecret, APIBase: outsidetest.Stripe(t), Refused: func(string, string) {},
	}, slog.New(slog.DiscardHandler))
}

// hear has Stripe post its news.
func (s *site) hear(paying *billing.Service, n outsidetest.News) {
	s.t.Helper()
	answer := httptest.NewRecorder()
	paying.Webhook(answer, outsidetest.StripePost(s.t, billing.WebhookPath, stripeSecret, n.Body(), time.Now()))
	if answer.Code != http.StatusOK {
		s.t.Fatalf("news %s: status %d", n.ID, answer.Code)
	}
}

var linkInMail = regexp.MustCompile(`/(?:reset\?token|invitation\?code)=([\w-]+)`)

// mailed is what the link in the last waiting mail of a project carries.
func (s *site) mailed(id string) string {
	s.t.Helper()
	entries, err := message.New(s.db).List(s.t.Context(), id, message.Queued, event.ID{}, 20)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, e := range entries {
		content, err := message.Open(s.t.Context(), s.db, s.db, id, e.ID)
		if err != nil {
			s.t.Fatal(err)
		}
		if m := linkInMail.FindStringSubmatch(content.Text); m != nil {
			return m[1]
		}
	}
	s.t.Fatal("no mail with a link")
	return ""
}

func (s *site) get(id string) project.Project {
	s.t.Helper()
	p, err := s.projects.Get(s.t.Context(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

// value is the value of a hidden field of a page.
func (r reply) value(t *testing.T, name string) string {
	t.Helper()
	_, rest, ok := strings.Cut(r.body, `name="`+name+`" value="`)
	if !ok {
		t.Fatalf("no field %s in\n%s", name, r.body)
	}
	value, _, _ := strings.Cut(rest, `"`)
	return html.UnescapeString(value)
}

// code is a code of an app with a seed, for the step that is so many steps away.
func (s *site) code(seed string, steps int) string {
	s.t.Helper()
	code, err := totp.GenerateCode(seed, time.Now().Add(time.Duration(steps)*30*time.Second))
	if err != nil {
		s.t.Fatal(err)
	}
	return code
}

var seedInPage = regexp.MustCompile(`id="seed">([A-Z2-7]+)<`)

// portalPosts are the rows of the pages on which a project and an account are administered.
func (s *site) portalPosts(b browser) []postTest {
	t := s.t
	t.Helper()
	paying := s.withStripe(t)
	names := outsidetest.NewNameServer(t)
	s.projects.Resolver = project.ResolverAt(names.Address)
	s.restart(func(c *Config) { c.Billing = paying })

	collaborator := func(email string) project.Collaborator {
		all, err := s.projects.Collaborators(t.Context(), "acme")
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range all {
			if c.Email == email {
				return c
			}
		}
		t.Fatalf("%s is no collaborator", email)
		return project.Collaborator{}
	}
	domain := func() project.Domain {
		all, err := s.projects.Domains(t.Context(), s.get("acme"))
		if err != nil || len(all) != 2 {
			t.Fatal(all, err)
		}
		return all[1]
	}
	clientSecret := func() string {
		masked, err := s.projects.MaskedSecrets(t.Context(), "acme")
		if err != nil || len(masked.ClientSecrets) != 1 {
			t.Fatal(masked, err)
		}
		return masked.ClientSecrets[0].KeyID
	}
	invite := func(email string) {
		b.post("/projects/acme/collaborators/invite", "email", email, "role", "EDITOR").want(t, http.StatusSeeOther)
	}
	seed := ""
	return []postTest{
		{"POST /projects/{project}/configuration", nil, func() []string {
			return []string{"step", "save", "text", "# ours\r\nid: acme\r\noauth: {clients: [{client_id: shop}]}\r\n", "checksum", settings.Checksum(s.get("acme").ConfigYML)}
		}, "acme project.app.updated"},
		{"POST /projects/{project}/settings/name", nil, []string{"name", "Acme Two"}, "acme project.app.renamed"},
		{"POST /projects/{project}/settings/secrets/view", nil, []string{"secret", "webhookSecret"}, "acme project.app.secret.viewed"},
		{"POST /projects/{project}/settings/webhook", nil, nil, "acme project.app.updated"},
		{"POST /projects/{project}/settings/smtp", nil, []string{"host", "mail.acme.example", "port", "587", "sender", "Acme <shop@acme.example>", "security", "starttls", "username", "shop", "password", "a mail password"}, "acme project.app.updated"},
		{"POST /projects/{project}/settings/smtp/remove", nil, nil, "acme project.app.updated"},
		{"POST /projects/{project}/settings/client-secrets", nil, []string{"client", "shop"}, "acme project.app.updated"},
		{"POST /projects/{project}/settings/client-secrets/remove", nil, func() []string { return []string{"client", "shop", "key", clientSecret()} }, "acme project.app.updated"},

		{"POST /projects/{project}/domains", nil, []string{"domain", "auth.acme-shop.example"}, "acme project.domain.created"},
		{"POST /projects/{project}/domains/{id}/verify", func() string {
			d := domain()
			names.Set(d.Apex, d.Record())
			return d.ID()
		}, nil, "acme project.domain.verified"},
		{"POST /projects/{project}/domains/{id}/delete", func() string { return domain().ID() }, nil, "acme project.domain.deleted"},

		{"POST /projects/{project}/billing/checkout", nil, []string{"plan", "team"}, "acme project.billing.checkout.created"},
		{"POST /projects/{project}/billing/checkout/{id}/check", func() string {
			ids, err := store.Column[event.ID](t.Context(), s.db, `SELECT id FROM checkouts`)
			if err != nil || len(ids) != 1 {
				t.Fatal(ids, err)
			}
			return ids[0].String()
		}, nil, ""}, // the example of a checkout is one that nobody has paid
		{"POST /projects/{project}/billing/change", nil, func() []string {
			s.hear(paying, outsidetest.News{ID: "evt_1", Kind: "created", At: 100})
			return []string{"plan", "firm"}
		}, "acme project.billing.subscription.updated"},
		{"POST /projects/{project}/billing/cancellation", nil, []string{"cancelled", "yes"}, "acme project.billing.subscription.status.updated"},
		{"POST /projects/{project}/billing/cancel-failed", nil, func() []string {
			s.hear(paying, outsidetest.News{ID: "evt_2", Kind: "updated", At: time.Now().Unix() + 10, Plan: "firm", Status: "past_due"})
			return nil
		}, "acme project.billing.subscription.cancelled"},

		{"POST /projects/{project}/collaborators/invite", nil, []string{"email", "kim@acme.example", "role", "VIEWER"}, "acme project.collaborator.invitation.created"},
		{"POST /projects/{project}/collaborators/invitations/{id}/withdraw", func() string {
			all, err := s.projects.Invitations(t.Context(), "acme")
			if err != nil || len(all) != 1 {
				t.Fatal(all, err)
			}
			return all[0].ID.String()
		}, nil, "acme project.collaborator.invitation.deleted"},
		{"POST /invitation", nil, func() (browser, []string) {
			s.account("lee@acme.example", false)
			invite("lee@acme.example")
			return s.signedIn("lee@acme.example"), []string{"code", s.mailed("acme")}
		}, "acme project.collaborator.invitation.accepted"},
		{"POST /projects/{project}/collaborators/{id}/role", func() string { return collaborator("lee@acme.example").ID.String() }, []string{"role", "VIEWER"}, "acme project.collaborator.role.updated"},
		{"POST /projects/{project}/collaborators/leave", nil, func() (browser, []string) { return s.signedIn("lee@acme.example"), nil }, "acme project.collaborator.deleted"},
		{"POST /invitation/sign-up", nil, func() (browser, []string) {
			invite("kim@acme.example")
			return s.browser(), []string{"code", s.mailed("acme"), "password", password, "password_again", password}
		}, "_portal account.created, _portal account.signed_in, acme project.collaborator.invitation.accepted"},
		{"POST /projects/{project}/collaborators/{id}/remove", func() string { return collaborator("kim@acme.example").ID.String() }, nil, "acme project.collaborator.deleted"},

		{"POST /forgot-password", nil, func() (browser, []string) { return s.browser(), []string{"email", "kim@acme.example"} }, "_portal account.password_reset.requested"},
		{"POST /reset", nil, func() (browser, []string) {
			return s.browser(), []string{"token", s.mailed(event.PortalProject), "password", password + " 2", "password_again", password + " 2"}
		}, "_portal account.password.reset"},

		{"POST /account/tokens", nil, []string{"name", "ci", "scope", "ACT", "days", "30"}, "_portal account.access_token.created"},
		{"POST /account/tokens/{id}/revoke", func() string {
			a, err := s.access.AccountByEmail(t.Context(), ownerEmail)
			if err != nil {
				t.Fatal(err)
			}
			all, err := s.access.PersonalTokens(t.Context(), a.ID)
			if err != nil || len(all) != 1 {
				t.Fatal(all, err)
			}
			return all[0].ID.String()
		}, nil, "_portal account.access_token.revoked"},
		{"POST /account/second-factor", nil, func() []string {
			page := b.get("/account/second-factor").want(t, 200, "data:image/png;base64,")
			seed = seedInPage.FindStringSubmatch(page.body)[1]
			return []string{"sealed", page.value(t, "sealed"), "code", s.code(seed, 0)}
		}, "_portal account.totp.added"},
		{"POST /account/second-factor/recovery-codes", nil, nil, "_portal account.recovery_codes.created"},
		{"POST /signin/code", nil, func() (browser, []string) {
			other := s.browser()
			other.post("/signin", "email", ownerEmail, "password", password, "next", "/account").
				leadsTo(t, "/signin/code?"+url.Values{"next": {"/account"}}.Encode())
			return other, []string{"code", s.code(seed, 1), "next", "/account"}
		}, "_portal account.signed_in"},
		{"POST /account/second-factor/remove", nil, nil, "_portal account.totp.removed"},
		{"POST /account/password", nil, []string{"current", password, "password", password + " 3", "password_again", password + " 3"}, "_portal account.password.changed"},
	}
}
