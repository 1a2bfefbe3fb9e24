package e2e

import (
	"crypto/rand"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/sealog/sealog/internal/outsidetest"
)

// unreachableStripe returns flags for a Stripe whose secrets are known and that does not answer.
func unreachableStripe(t *testing.T, keep func(name, value string) string) []string {
	t.Helper()
	key, news := keep("Stripe key", "sk_test_"+rand.Text()), keep("secret of Stripe's news", "whsec_"+rand.Text())
	flags := paying(t)
	flags = flags[:2] // the plans
	return append(flags, "--stripe-secret-key", key, "--stripe-webhook-secret", news, "--stripe-api-base", "http://127.0.0.1:1")
}

var (
	shownSecret = regexp.MustCompile(`(?s)id="secret-\d+">(.*?)</code>`)
	sealedInput = regexp.MustCompile(`name="sealed" value="([^"]+)"`)
	seedOnPage  = regexp.MustCompile(`id="seed">(\w+)<`)
	checksumOn  = regexp.MustCompile(`name="checksum" value="(\w+)"`)
)

func match(t *testing.T, re *regexp.Regexp, text string) string {
	t.Helper()
	m := re.FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no %s in\n%s", re, text)
	}
	return html.UnescapeString(m[1])
}

// portalCanaries goes through the pages of the Portal that take, make or show secrets: well,
// refused, and with links that are used twice. v is signed in as the owner, with own as
// password.
func portalCanaries(t *testing.T, s *site, srv *server, v *visitor, mails *mailbox, own string, keep func(name, value string) string) {
	canary := func(name string) string {
		return keep(name, "Canary<"+strings.ReplaceAll(name, " ", "-")+">&"+rand.Text()[:16])
	}
	const settings = "/projects/acme/settings"

	// Secrets of the project.
	page := v.open(t, "/projects/acme/configuration?tab=yaml")
	v.send(t, 303, "/projects/acme/configuration", "step", "save", "checksum", match(t, checksumOn, page), "text", "id: acme\noauth: {clients: [{client_id: shop}]}\n")
	view := func(secret string, names ...string) {
		t.Helper()
		page, _ := v.send(t, 200, settings+"/secrets/view", "secret", secret)
		found := shownSecret.FindAllStringSubmatch(page, -1)
		if len(found) != len(names) {
			t.Fatalf("%s shows %d secrets", secret, len(found))
		}
		for i, name := range names {
			keep(name, html.UnescapeString(found[i][1]))
		}
	}
	view("webhookSecret", "first secret of web hooks")
	v.send(t, 303, settings+"/webhook")
	view("webhookSecret", "second secret of web hooks")
	server := []string{"host", "mail.acme.example", "sender", "shop@acme.example", "username", "shop", "security", "starttls"}
	v.send(t, 422, settings+"/smtp", append(server, "port", "0", "password", canary("refused mail password"))...)
	v.send(t, 303, settings+"/smtp", append(server, "port", "587", "password", canary("mail password"))...)
	view("smtpSecret", "mail password as shown")
	v.send(t, 303, settings+"/smtp/remove")
	v.send(t, 303, settings+"/client-secrets", "client", "shop")
	v.send(t, 303, settings+"/client-secrets", "client", "shop")
	v.send(t, 409, settings+"/client-secrets", "client", "shop")
	view("oauthClientSecrets", "first client secret", "second client secret")

	// Stripe does not answer; its news is forged.
	v.send(t, 503, "/projects/acme/billing/checkout", "plan", "team")
	if status := srv.hear(t, outsidetest.News{ID: "evt_1", Kind: "created", At: 100}, canary("forged secret of news")); status != http.StatusBadRequest {
		t.Errorf("forged news: %d", status)
	}

	// People.
	v.send(t, 303, "/projects/acme/collaborators/invite", "email", "lee@acme.example", "role", "EDITOR")
	code := keep("invitation code", mails.wait(t, `/invitation\?code=(\w+)`))
	lee := newVisitor(t, srv)
	lee.open(t, "/invitation?code="+code)
	lee.open(t, "/signin?"+url.Values{"next": {"/invitation?code=" + code}}.Encode())
	lee.send(t, 401, "/signin", "email", "lee@acme.example", "password", canary("password before the invitation"), "next", "/invitation?code="+code)
	lee.do(t, http.MethodGet, "/invitation/"+code, nil)
	lee.open(t, "/invitation?code="+code)
	theirs := canary("invited password")
	lee.send(t, 422, "/invitation/sign-up", "code", code, "password", theirs, "password_again", canary("mistyped invited password"))
	v.send(t, 422, "/invitation", "code", code) // is for another address
	lee.send(t, 303, "/invitation/sign-up", "code", code, "password", theirs, "password_again", theirs)
	lee.send(t, 403, "/invitation", "code", code)
	lee.do(t, http.MethodGet, "/invitation?code="+code, nil)
	v.send(t, 303, "/forgot-password", "email", "lee@acme.example")
	token := keep("reset token", mails.wait(t, `/reset\?token=([\w-]+)`))
	lee.open(t, "/reset?token="+token)
	changed := canary("reset password")
	lee.send(t, 422, "/reset", "token", token, "password", changed, "password_again", canary("mistyped reset password"))
	lee.send(t, 303, "/reset", "token", token, "password", changed, "password_again", changed)
	lee.send(t, 403, "/reset", "token", token, "password", changed, "password_again", changed)
	lee.signIn(t, "lee@acme.example", changed)
	lee.send(t, 403, "/account/password", "current", canary("wrong current password"), "password", own, "password_again", own)
	last := canary("last password")
	lee.send(t, 303, "/account/password", "current", changed, "password", last, "password_again", last)

	// The second factor.
	page = lee.open(t, "/account/second-factor")
	seed, sealed := keep("seed", match(t, seedOnPage, page)), keep("sealed seed", match(t, sealedInput, page))
	now, err := totp.GenerateCode(seed, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	lee.send(t, 403, "/account/second-factor", "sealed", sealed, "code", canary("wrong code"))
	page, _ = lee.send(t, 200, "/account/second-factor", "sealed", sealed, "code", now)
	codes := strings.Fields(match(t, shownSecret, page))
	if len(codes) < 8 {
		t.Fatalf("%d recovery codes", len(codes))
	}
	for i, code := range codes {
		keep(fmt.Sprint("recovery code ", i), code)
	}
	lee.send(t, 303, "/signout")
	lee.send(t, 303, "/signin", "email", "lee@acme.example", "password", last)
	lee.send(t, 403, "/signin/code", "code", canary("wrong recovery code"))
	lee.send(t, 303, "/signin/code", "code", codes[0])

	// Access tokens.
	page, _ = lee.send(t, 200, "/account/tokens", "name", "ci", "scope", "SECRETS", "days", "30")
	personal := keep("access token", match(t, shownSecret, page))
	for _, with := range []string{personal, keep("forged access token", personal[:len(personal)-8]+"AAAAAAAA")} {
		srv.post(t, "/api/graphql", with, "application/json", strings.NewReader(`{"query":"{ viewer { email } }"}`), nil)
	}
	var seen []string
	seen = append(seen, lee.seen...)
	for i, value := range seen {
		keep(fmt.Sprint("session of the invited ", i), value)
	}
	for _, path := range []string{settings, "/projects/acme/collaborators", "/projects/acme/billing", "/projects/acme/configuration?tab=history"} {
		v.open(t, path)
	}
}
