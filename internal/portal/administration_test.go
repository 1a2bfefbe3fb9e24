package portal

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/settings"
)

// acme makes a project with an owner and returns the owner's browser.
func (s *site) acme() browser {
	s.t.Helper()
	s.project("acme", s.account(ownerEmail, true))
	return s.signedIn(ownerEmail)
}

const configurationPath = "/projects/acme/configuration"

func TestConfigurationInTwoWindows(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.acme()
	sum := settings.Checksum(s.get("acme").ConfigYML)
	mine, theirs := "id: acme\npassword: {min_length: 20} # mine\n", "id: acme\npassword: {min_length: 30} # theirs\n"
	b.post(configurationPath, "step", "save", "checksum", sum, "text", theirs).leadsTo(t, configurationPath)
	for _, step := range []string{"preview", "save"} {
		again := b.post(configurationPath, "step", step, "checksum", sum, "text", mine).want(t, http.StatusConflict, "Somebody else has changed", "min_length: 20} # mine")
		if got := again.value(t, "checksum"); got != settings.Checksum(theirs) {
			t.Errorf("%s: the page goes on from %s", step, got)
		}
	}
	b.post(configurationPath, "step", "form", "checksum", sum, "/password/min_length", "20").want(t, http.StatusUnprocessableEntity, "That is not a number.")
	b.post(configurationPath, formPairs(s, "/password/min_length", "20", "checksum", sum)...).want(t, http.StatusConflict, "Somebody else has changed")
	if got := s.get("acme").ConfigYML; got != theirs {
		t.Errorf("the configuration is %q", got)
	}
	// Knowing of the other, it is saved.
	now := settings.Checksum(theirs)
	b.post(configurationPath, "step", "preview", "checksum", now, "text", mine).want(t, 200, "/password/min_length", ">30<", ">20<")
	b.post(configurationPath, "step", "save", "checksum", now, "text", mine).leadsTo(t, configurationPath)
	b.get(configurationPath+"?tab=history").want(t, 200, "Version 3", "/password/min_length")
}

// formPairs are what a browser sends of the form as it stands, with some fields changed.
func formPairs(s *site, change ...string) []string {
	s.t.Helper()
	p := s.get("acme")
	values := formOf(p.Config).Values
	values["checksum"], values["step"] = settings.Checksum(p.ConfigYML), "form"
	for i := 0; i < len(change); i += 2 {
		values[change[i]] = change[i+1]
	}
	var pairs []string
	for name, value := range values {
		if name == "/password/digit_required" && value == "" {
			continue // a box that is not checked is not sent
		}
		pairs = append(pairs, name, value)
	}
	return pairs
}

func TestConfigurationByForm(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.acme()
	text := "# ours\nid: acme # always\npassword:\n  min_length: 12 # long\nuser_profile:\n  custom_attributes:\n    - {pointer: /size, type: number, minimum: 0}\n"
	if err := s.configure(text); err != nil {
		t.Fatal(err)
	}
	b.post(configurationPath, formPairs(s)...).want(t, 200, "Nothing of what is in force changes")
	preview := b.post(configurationPath, formPairs(s, "/password/min_length", "14", "/password/excluded_keywords", "acme\r\nshop",
		"/user_profile/custom_attributes/1/pointer", "/hobby", "/user_profile/custom_attributes/1/type", "string")...).
		want(t, 200, "/password/min_length", "/password/excluded_keywords", "/user_profile/custom_attributes")
	edited := between(t, preview.body, `<textarea name="text"`, "</textarea>")
	for _, kept := range []string{"# ours", "# always", "min_length: 14 # long", "/size", "/hobby"} {
		if !strings.Contains(edited, kept) {
			t.Errorf("no %q in\n%s", kept, edited)
		}
	}
	b.post(configurationPath, formPairs(s, "/password/min_length", "0")...).want(t, http.StatusUnprocessableEntity, "field-error")
	b.post(configurationPath, formPairs(s, "/password/min_length", "x")...).want(t, http.StatusUnprocessableEntity, "That is not a number.")
	b.post(configurationPath, formPairs(s, "/identity/login_id_keys/0/key", "phone")...).want(t, http.StatusUnprocessableEntity, "field-error")
	b.post(configurationPath, formPairs(s, "/user_profile/custom_attributes/0/minimum", "many")...).want(t, http.StatusUnprocessableEntity, "That is not a number.")
	if got := s.get("acme").ConfigYML; got != text {
		t.Errorf("a preview changed the configuration to %q", got)
	}
}

func (s *site) configure(text string) error {
	_, err := s.projects.Configure(s.t.Context(), access.ByOperator("test"), "acme", text, 0)
	return err
}

func between(t *testing.T, text, from, to string) string {
	t.Helper()
	_, rest, ok := strings.Cut(text, from)
	if !ok {
		t.Fatalf("no %s in\n%s", from, text)
	}
	found, _, _ := strings.Cut(rest, to)
	return found
}

func TestConfigurationThatIsRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.acme()
	sum := settings.Checksum(s.get("acme").ConfigYML)
	for name, test := range map[string]struct{ text, words string }{
		"unknown key":   {"id: acme\nretention_days: 3\n", "there is no such key"},
		"duplicate key": {"id: acme\nid: acme\n", "Line 2"},
		"anchor":        {"id: &a acme\nidentity: *a\n", "Line"},
		"no YAML":       {"id: [\n", "alert-danger"},
		"another id":    {"id: other\n", "/id"},
		"tabs":          {"id: acme\npassword:\n\tmin_length: 8\n", "Line 3"},
		"too long":      {"id: acme\n#" + strings.Repeat("x", 300<<10), "256 KiB"},
	} {
		for _, step := range []string{"preview", "save"} {
			got := b.post(configurationPath, "step", step, "checksum", sum, "text", test.text).want(t, http.StatusUnprocessableEntity, test.words)
			if !strings.Contains(got.body, `id="text"`) {
				t.Errorf("%s, %s: the text is lost", name, step)
			}
		}
	}
	b.post(configurationPath, "step", "save", "text", strings.Repeat("x", 5<<20)).want(t, http.StatusRequestEntityTooLarge, "BodyTooLarge")
	b.get(configurationPath+"/at/nonsense").want(t, http.StatusNotFound, "EventNotFound")
	b.get(configurationPath+"/at/01890000-0000-7000-8000-000000000000").want(t, http.StatusNotFound, "VersionNotFound")
	b.get(configurationPath+"?from=x").want(t, http.StatusNotFound)
	b.get(configurationPath+"?tab=history&before=x").want(t, http.StatusBadRequest, "InvalidCursor")
	b.get(configurationPath+"/schema.json").want(t, 200, `"$schema"`)
}

func TestViewersOnlyLook(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.acme()
	viewer := s.account("viewer@acme.example", false)
	s.join("acme", viewer, access.Viewer)
	b := s.signedIn("viewer@acme.example")
	for _, page := range []string{"configuration", "configuration?tab=yaml", "configuration?tab=history", "collaborators", "domains", "billing", "settings", "admin-api"} {
		got := b.get("/projects/acme/"+page).want(t, 200, "Who did what here")
		for _, button := range []string{"Preview the changes", "Send the invitation", "Add the domain", "Buy", "Rename", "Use this mail server", "Generate a key"} {
			if strings.Contains(got.body, ">"+button+"<") {
				t.Errorf("%s offers a viewer to %s", page, button)
			}
		}
	}
	for _, path := range []string{
		"configuration", "collaborators/invite", "domains", "billing/checkout", "billing/change", "billing/cancellation", "billing/cancel-failed",
		"settings/name", "settings/secrets/view", "settings/webhook", "settings/smtp", "settings/smtp/remove", "settings/client-secrets",
	} {
		b.post("/projects/acme/"+path).want(t, http.StatusForbidden, "RoleTooLow")
	}
	for _, page := range []string{"configuration", "collaborators", "domains", "billing", "settings"} {
		s.signedIn(ownerEmail).get("/projects/_portal/"+page).want(t, http.StatusNotFound, "PageNotFound")
	}
}

func TestEditorsAndOwners(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	owner := s.acme()
	editor := s.account("editor@acme.example", false)
	s.join("acme", editor, access.Editor)
	b := s.signedIn("editor@acme.example")
	page := b.get("/projects/acme/collaborators").want(t, 200, ownerEmail)
	if strings.Contains(page.body, `value="OWNER"`) {
		t.Error("an editor is offered to invite owners")
	}
	b.post("/projects/acme/collaborators/invite", "email", "x@acme.example", "role", "OWNER").want(t, http.StatusForbidden, "owner")
	b.post("/projects/acme/collaborators/invite", "email", "no address", "role", "EDITOR").want(t, http.StatusUnprocessableEntity, "field-error")
	for range 2 {
		b.post("/projects/acme/collaborators/invite", "email", "Twice@acme.example", "role", "VIEWER")
	}
	b.post("/projects/acme/collaborators/invite", "email", "twice@acme.example", "role", "VIEWER").
		want(t, http.StatusConflict, "There is an invitation for this address already.")
	b.post("/projects/acme/collaborators/invite", "email", ownerEmail, "role", "VIEWER").want(t, http.StatusConflict, "They are a collaborator")
	id := between(t, page.body, "/projects/acme/collaborators/", `"`)
	b.post("/projects/acme/collaborators/"+id+"/role", "role", "VIEWER").want(t, http.StatusForbidden)
	owner.post("/projects/acme/collaborators/leave").want(t, http.StatusConflict, "owner")
	owner.get("/projects/acme/collaborators/01890000-0000-7000-8000-000000000000").want(t, http.StatusNotFound, "CollaboratorNotFound")
	b.post("/projects/acme/collaborators/leave").leadsTo(t, "/projects")
	b.get("/projects/acme/collaborators").want(t, http.StatusNotFound, "ProjectNotFound")
}

func TestSecretsNeedAFreshPassword(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.acme()
	b.get("/projects/acme/audit-log").want(t, 200)
	s.later = 10 * time.Minute
	before := s.count()
	b.post("/projects/acme/settings/secrets/view", "secret", "webhookSecret").
		leadsTo(t, "/confirm?"+url.Values{"next": {"/projects/acme/settings?view=webhookSecret"}}.Encode())
	if s.count() != before {
		t.Error("a view that did not happen is on the record")
	}
	b.post("/projects/acme/settings/secrets/view", "secret", "adminAPISecrets").want(t, http.StatusBadRequest, "SecretUnknown")
	b.get("/account/second-factor").leadsTo(t, "/confirm?next=%2Faccount%2Fsecond-factor")
	b.post("/account/second-factor", "code", "123456").leadsTo(t, "/confirm?next=%2Faccount%2Fsecond-factor")
	b.post("/account/second-factor/remove").leadsTo(t, "/confirm?next=%2Faccount%2Fsecond-factor")
}

// TestOnlyTheBillingPageSendsToStripe looks at where the forms of pages may lead.
func TestOnlyTheBillingPageSendsToStripe(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.acme()
	for page, may := range map[string]bool{"billing": true, "settings": false, "audit-log": false} {
		policy := b.get("/projects/acme/"+page).want(t, 200).header.Get("Content-Security-Policy")
		if strings.Contains(policy, "form-action 'self' https://checkout.stripe.com;") != may {
			t.Errorf("%s: %s", page, policy)
		}
	}
	b.get("/projects/acme/billing").want(t, 200, "Nothing can be bought here", "--stripe-secret-key-file", "from its beginning")
	b.post("/projects/acme/billing/checkout", "plan", "team").want(t, http.StatusServiceUnavailable, "Stripe")
}

func TestForgottenPasswordTellsNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.acme()
	b := s.browser()
	for _, email := range []string{ownerEmail, "nobody@acme.example"} {
		began := time.Now()
		b.post("/forgot-password", "email", email).leadsTo(t, "/signin")
		if took := time.Since(began); took < forgotTakes {
			t.Errorf("%s: answered after %s", email, took) // a lower bound, which holds on any machine
		}
		b.get("/signin").want(t, 200, "If there is an account with this address")
	}
	b.get("/reset?token=nonsense").want(t, http.StatusForbidden, "This link does not work")
	b.get("/invitation?code=nonsense").want(t, http.StatusForbidden, "This invitation does not work")
	b.post("/signin/code", "code", "123456").want(t, http.StatusUnauthorized, "alert-danger")
	b.get("/signin/code").leadsTo(t, "/signin?next=%2Fprojects")
}

func TestThePlanBoundsWhatIsRead(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.projects.Plans = testPlans
	b := s.acme()
	b.post("/projects/acme/settings/name", "name", "Acme Two").want(t, http.StatusSeeOther)
	b.get("/projects/acme/settings").want(t, 200, "renamed the project to Acme Two")
	b.get("/projects/acme/audit-log?tab=admin").want(t, 200, "renamed the project", "the plan lets the log be read 30 days back")
}
