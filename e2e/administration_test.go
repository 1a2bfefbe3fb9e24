package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/pquerna/otp/totp"

	"github.com/sealog/sealog/internal/outsidetest"
)

const (
	stripeSecret = "whsec_a_secret_of_news"
	plansFile    = `plans:
  - {name: free, title: Free, collaborators: 3, domains: 2, retrieval_days: 30}
  - {name: team, title: Team, price: EUR 49 a month, stripe_price: price_team, collaborators: 20, domains: 5, retrieval_days: 365}
  - {name: firm, title: Firm, price: EUR 199 a month, stripe_price: price_firm}
`
)

// paying starts a stripe-mock and returns the flags by which a server reaches it.
func paying(t *testing.T) []string {
	t.Helper()
	plans := filepath.Join(t.TempDir(), "plans.yaml")
	if err := os.WriteFile(plans, []byte(plansFile), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"--plans", plans, "--stripe-secret-key", "sk_test_123", "--stripe-webhook-secret", stripeSecret, "--stripe-api-base", outsidetest.Stripe(t)}
}

// hear has Stripe post its news to a server and returns the status.
func (s *server) hear(t *testing.T, n outsidetest.News, secret string) int {
	t.Helper()
	answer, err := http.DefaultClient.Do(outsidetest.StripePost(t, s.url+"/api/subscription/webhook/stripe", secret, n.Body(), time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	return answer.StatusCode
}

// put replaces what a field holds.
func (b *tab) put(selector, value string) {
	b.t.Helper()
	b.do(chromedp.SetValue(chromedp.CSS(selector), value))
}

// evaluate runs a script in the page that gives text.
func (b *tab) evaluate(script string) string {
	b.t.Helper()
	text, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](script))
	if err != nil {
		b.t.Fatal(err)
	}
	return text
}

func (b *tab) signIn(as, with string) {
	b.t.Helper()
	b.open("/signin")
	b.fill(map[string]string{"email": as, "password": with})
	b.submit()
}

// fits fails the test when the page is wider than its window.
func (b *tab) fits() {
	b.t.Helper()
	if wide := b.evaluate(`document.documentElement.scrollWidth > innerWidth ? String(document.documentElement.scrollWidth) : ""`); wide != "" {
		b.shot("too-wide")
		b.t.Errorf("%s is %s px wide", b.location(), wide)
	}
}

// TestAdministration is an owner's work on a project, in a browser: its configuration, its
// people, its domains and what it pays for, with a real mail, a real look-up in the DNS and
// signed news of a Stripe.
func TestAdministration(t *testing.T) {
	t.Parallel()
	chromium(t)
	mails, flags := startMail(t)
	names := outsidetest.NewNameServer(t)
	flags = append(append(flags, paying(t)...), "--dns-server", names.Address)
	s, srv, _ := prepared(t, flags...)
	b := newTab(t, srv)
	b.signIn(email, password)
	project := "/projects/acme"

	b.open(project + "/configuration")
	b.sees("Password policy", "Login ids", "Who did what here")
	b.shot("configuration-form")
	b.put(`[name="/password/min_length"]`, "14")
	b.do(chromedp.Click(chromedp.CSS(`[name="/password/digit_required"]`)))
	b.put(`[name="/user_profile/custom_attributes/0/pointer"]`, "/hobby")
	b.submit()
	b.sees("What changes", "/password/min_length", "14", "/user_profile/custom_attributes")
	b.shot("configuration-preview")
	b.follow(`button[value="save"]`)
	b.sees("The configuration was saved", "changed the project's settings")
	b.open(project + "/configuration?tab=yaml")
	b.put("#text", "# What we want\nid: acme\npassword:\n  min_length: 15 # long\noauth: {clients: [{client_id: shop, name: The shop}]}\n")
	b.follow(`button[value="preview"]`)
	b.follow(`button[value="save"]`)
	b.open(project + "/configuration?tab=yaml")
	b.put("#text", "id: acme\npassword:\n  min_length: many\nnothing: 1\n")
	b.follow(`button[value="preview"]`)
	b.sees("Line 3", "/password/min_length", "Line 4", "/nothing")
	b.shot("configuration-problems")
	if text := b.evaluate(`document.getElementById("text").value`); text != "id: acme\npassword:\n  min_length: many\nnothing: 1\n" {
		t.Errorf("the text became %q", text)
	}
	b.open(project + "/configuration?tab=history")
	b.sees("Who made each setting what it is", "/password/min_length", "15", email, "Version 3")
	b.shot("configuration-history")
	b.follow(`a[href*="/configuration/at/"]`)
	b.sees("# What we want", "Nothing.")
	b.open(project + "/configuration?tab=history")
	b.open(b.evaluate(`[...document.querySelectorAll('a[href*="/configuration/at/"]')].find(a => a.textContent.includes("version 2")).href`))
	b.sees("min_length: 14", "Taken again, it would change")
	b.shot("configuration-then")
	b.follow(`a[href*="from="]`)
	b.follow(`button[value="preview"]`)
	b.sees("/password/min_length", "14")

	b.open(project + "/collaborators")
	b.fill(map[string]string{"email": "kim@acme.example"})
	b.choose("role", "EDITOR")
	b.follow(`form[action$="/invite"] button`)
	b.sees("The invitation is on its way", "kim@acme.example as Editor")
	b.shot("collaborators")
	link := mails.wait(t, `(http://\S+/invitation\?code=\w+)`)
	kim := newTab(t, srv)
	kim.open(link)
	kim.sees(email+" invites kim@acme.example", "as Editor")
	kim.shot("invitation")
	kim.fill(map[string]string{"password": "another long passphrase", "password_again": "another long passphrase"})
	kim.submit()
	kim.sees("Welcome: you are now in the project", "kim@acme.example")
	kim.open(link)
	kim.sees("This invitation does not work")

	b.open(project + "/domains")
	b.fill(map[string]string{"domain": "Auth.Shop.example"})
	b.follow(`form[action$="/domains"] button`)
	b.sees("auth.shop.example", "not verified", "TXT")
	b.shot("domains")
	b.follow(`form[action$="/verify"] button`)
	b.sees("auth.shop.example", "not verified", "denied: domain verified")
	names.Set("shop.example", "v=spf1 -all", b.evaluate(`document.getElementById("record-0").textContent`))
	b.follow(`form[action$="/verify"] button`)
	b.sees("The domain is verified")
	b.shot("domain-verified")

	b.open(project + "/billing")
	b.sees("Plan: Free", "Team", "EUR 49 a month", "2 of 3", "30 days back")
	b.shot("billing")
	if status := srv.hear(t, outsidetest.News{ID: "evt_0", Kind: "created", At: 100}, "whsec_another"); status != http.StatusBadRequest {
		t.Errorf("news of a stranger: %d", status)
	}
	for range 2 {
		if status := srv.hear(t, outsidetest.News{ID: "evt_1", Kind: "created", At: 100}, stripeSecret); status != http.StatusOK {
			t.Errorf("news: %d", status)
		}
	}
	b.open(project + "/billing")
	b.sees("Plan: Team", "active", "Renews", "2 of 20")
	b.follow(`a[href*="plan=firm"]`)
	b.sees("Change to “Firm”?", "Due at once, by Stripe")
	b.shot("billing-change")
	b.submit()
	b.sees("The plan was changed", "Plan: Firm")
	b.follow(`button[value="yes"]`)
	b.sees("The subscription ends with the period", "Ends")
	b.follow(`button[value="no"]`)
	b.sees("The subscription goes on", "Renews")
	b.shot("billing-paying")

	b.open(project + "/settings")
	b.sees("Web hooks", "Mail server of its own", "The shop")
	b.shot("settings")
	b.follow(`form[action$="/client-secrets"] button`)
	b.sees("The client has a new secret")
	b.follow(`form[action$="/secrets/view"] button`)
	b.sees("Secret of the web hooks", "whsec_")
	b.open(project + "/admin-api")
	b.sees("Who did what here")

	b.open("/account/second-factor")
	b.sees("Scan this")
	b.shot("second-factor")
	seed := b.evaluate(`document.getElementById("seed").textContent`)
	b.fill(map[string]string{"code": "000000"})
	b.submit()
	if again := b.evaluate(`document.getElementById("seed").textContent`); again != seed {
		t.Error("a mistyped code changes the seed")
	}
	code := func(ahead time.Duration) string {
		code, err := totp.GenerateCode(seed, time.Now().Add(ahead))
		if err != nil {
			t.Fatal(err)
		}
		return code
	}
	b.fill(map[string]string{"code": code(0)})
	b.submit()
	b.sees("Shown this once", "Recovery codes")
	recovery := regexp.MustCompile(`[a-zA-Z0-9-]{9,}`).FindString(b.evaluate(`document.getElementById("secret-0").textContent`))
	b.shot("recovery-codes")
	again := newTab(t, srv)
	again.signIn(email, password)
	again.sees("Code of your app")
	again.shot("sign-in-code")
	again.fill(map[string]string{"code": "123456"})
	again.submit()
	again.sees("Code of your app")
	again.fill(map[string]string{"code": recovery})
	again.submit()
	again.sees("Acme Shop")

	b.open("/account/tokens")
	b.fill(map[string]string{"name": "ci"})
	b.follow(`form[action="/account/tokens"] button`)
	b.sees("Shown this once", "sealog_pat_")
	token := b.evaluate(`document.getElementById("secret-0").textContent`)
	answer := srv.post(t, "/api/graphql", token, "application/json", strings.NewReader(`{"query":"{ appList { name planName } viewer { email } }"}`), nil)
	if !strings.Contains(answer.body, `"planName":"firm"`) || !strings.Contains(answer.body, email) {
		t.Errorf("the Portal API says %s", answer.body)
	}
	b.open("/account/tokens")
	b.shot("tokens")
	b.open("/account")
	b.shot("account")

	s.must(t, "", "account", "remove-second-factor", email)
	b.open("/account")
	b.sees("Add a second factor")

	forgot := newTab(t, srv)
	forgot.open("/forgot-password")
	forgot.fill(map[string]string{"email": "kim@acme.example"})
	forgot.submit()
	forgot.sees("If there is an account with this address")
	forgot.open(mails.wait(t, `(http://\S+/reset\?token=[\w-]+)`))
	forgot.fill(map[string]string{"password": "a third long passphrase", "password_again": "a third long passphrase"})
	forgot.submit()
	forgot.sees("Your new password is set")
	forgot.signIn("kim@acme.example", "a third long passphrase")
	forgot.sees("Acme Shop")

	b.open(project + "/collaborators")
	b.follow(`a[href*="/collaborators/"]:not([href$="/collaborators"])`)
	b.sees("Remove from the project")
	b.follow(`form[action$="/remove"] button`)
	b.sees("The collaborator was removed")
	forgot.open(project + "/configuration")
	forgot.sees("ProjectNotFound")

	b.scheme("dark")
	b.do(chromedp.EmulateViewport(390, 844))
	for _, page := range []string{"configuration", "configuration?tab=history", "configuration?tab=yaml", "collaborators", "domains", "billing", "settings", "admin-api", "audit-log?tab=admin"} {
		b.open(project + "/" + page)
		b.fits()
		b.shot("phone-" + regexp.MustCompile(`\W`).ReplaceAllString(page, "-"))
	}
	b.scheme("light")
	b.do(chromedp.EmulateViewport(1280, 900))
	b.open(project + "/audit-log?tab=admin")
	for _, words := range []string{"settings", "invited", "domain", "plan"} {
		b.sees(words)
	}
	b.shot("log")
}
