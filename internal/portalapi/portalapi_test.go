package portalapi_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/adminapi"
	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/billing"
	"github.com/sealog/sealog/internal/directory"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/message"
	"github.com/sealog/sealog/internal/portalapi"
	"github.com/sealog/sealog/internal/portalapi/gql"
	"github.com/sealog/sealog/internal/portalapi/model"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/session"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
	"github.com/sealog/sealog/internal/vault"
	"github.com/sealog/sealog/internal/web"
	"github.com/sealog/sealog/internal/webhook"
)

const password = "correct horse battery staple"

type world struct {
	t        *testing.T
	db       *store.DB
	access   *access.Service
	projects *project.Service
	handler  http.Handler
	cookies  map[string]string // by e-mail address
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, db: storetest.Open(t), cookies: map[string]string{}}
	log := slog.New(slog.DiscardHandler)
	// A resolver that nobody answers: what it takes to verify a domain is a test of package project.
	w.projects = project.New(w.db, project.Settings{PublicURL: storetest.PublicURL(), Resolver: project.ResolverAt(closedPort(t))})
	if err := w.projects.Bootstrap(t.Context()); err != nil {
		t.Fatal(err)
	}
	passwords := vault.NewPasswords()
	w.access = access.New(w.db, w.projects, passwords, access.NewRefusals(), log)
	users := directory.New(w.db, passwords, storetest.PublicURL(), webhook.New(webhook.Config{AllowPrivate: true}))
	admin := adminapi.New(adminapi.Config{
		Access: w.access, Directory: users, Sessions: session.New(w.db), Log: auditlog.New(w.db), Reads: auditlog.NewReads(w.db), DB: w.db, Logger: log,
	})
	h := portalapi.New(portalapi.Config{
		Access: w.access, Projects: w.projects, Billing: billing.New(w.db, w.projects, billing.Config{}, log), DB: w.db, Logger: log, AdminAPI: admin.ServeAs,
	})
	w.handler = web.Door{Log: log, Metrics: web.NewMetrics(web.NewRegistry(w.db))}.Handle(h)
	owner := w.account("owner@acme.example")
	if _, err := w.projects.Create(t.Context(), access.ByOperator("test"), "acme", "Acme Shop", owner.Object()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.projects.Configure(t.Context(), access.ByOperator("test"), "acme", "# ours\nid: acme\noauth: {clients: [{client_id: shop}]}\n", 0); err != nil {
		t.Fatal(err)
	}
	return w
}

func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func (w *world) account(email string) access.Account {
	w.t.Helper()
	a, err := w.access.CreateAccount(w.t.Context(), access.ByOperator("test"), email, password, false)
	if err != nil {
		w.t.Fatal(err)
	}
	_, token, err := w.access.SignIn(w.t.Context(), event.Request{IP: "192.0.2.1"}, email, password)
	if err != nil {
		w.t.Fatal(err)
	}
	w.cookies[email] = token
	return a
}

type answer struct {
	Data   json.RawMessage `json:"data"`
	Errors []struct {
		Message    string `json:"message"`
		Extensions struct {
			ErrorName string          `json:"errorName"`
			Reason    string          `json:"reason"`
			Info      json.RawMessage `json:"info"`
		} `json:"extensions"`
	} `json:"errors"`
}

// reason is the reason of the first error, or "".
func (a answer) reason() string {
	if len(a.Errors) == 0 {
		return ""
	}
	return a.Errors[0].Extensions.ErrorName + "/" + a.Errors[0].Extensions.Reason
}

func (w *world) request(method, path, credential string, body []byte) *httptest.ResponseRecorder {
	w.t.Helper()
	r := httptest.NewRequest(method, "https://sealog.example"+path, bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	if cookie, ok := w.cookies[credential]; ok {
		r.AddCookie(&http.Cookie{Name: "__Host-sealog", Value: cookie})
	} else if credential != "" {
		r.Header.Set("Authorization", "Bearer "+credential)
	}
	recorder := httptest.NewRecorder()
	w.handler.ServeHTTP(recorder, r)
	return recorder
}

// ask runs a document as whoever has the credential: an e-mail address or a token.
func (w *world) ask(credential, query string, variables map[string]any) answer {
	w.t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		w.t.Fatal(err)
	}
	got := w.request(http.MethodPost, "/api/graphql", credential, body)
	var a answer
	if err := json.Unmarshal(got.Body.Bytes(), &a); err != nil || got.Code != http.StatusOK {
		w.t.Fatalf("%s: status %d, %s", query, got.Code, got.Body)
	}
	return a
}

func (w *world) log(projectID string) []string {
	w.t.Helper()
	page, err := auditlog.New(w.db).List(w.t.Context(), auditlog.Filter{Project: projectID}, auditlog.Paging{Ascending: true})
	if err != nil {
		w.t.Fatal(err)
	}
	var all []string
	for _, r := range page.Rows {
		all = append(all, string(r.Type)+" "+r.Outcome.String())
	}
	return all
}

// find is the first thing in an answer that a pattern matches.
func (w *world) find(a answer, pattern string) string {
	w.t.Helper()
	m := regexp.MustCompile(pattern).FindSubmatch(a.Data)
	if m == nil {
		w.t.Fatalf("no %s in %s %+v", pattern, a.Data, a.Errors)
	}
	return string(m[1])
}

func (w *world) code() string {
	w.t.Helper()
	entries, err := message.New(w.db).List(w.t.Context(), "acme", message.Queued, event.ID{}, 1)
	if err != nil || len(entries) != 1 {
		w.t.Fatal(err, len(entries))
	}
	content, err := message.Open(w.t.Context(), w.db, w.db, "acme", entries[0].ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return regexp.MustCompile(`code=([A-Z2-7]{32})`).FindStringSubmatch(content.Text)[1]
}

var app = model.AppID("acme")

// deed is a row of the coverage test: a mutation, well and refused.
type deed struct {
	input func(w *world) string // of the mutation that does well; "" where that needs the outside
	ask   string                // the fields of the payload
	event string                // what is recorded
	bad   string                // an input that is refused
	why   string                // with which reason
}

var deeds = map[string]deed{
	"generateAppSecretVisitToken": {func(*world) string { return `{id: "` + app + `", secrets: [WEBHOOK_SECRET]}` }, "token",
		"project.secret_visit.created", `{id: "` + app + `", secrets: []}`, "Invalid/SecretUnknown"},
	"updateApp": {func(*world) string {
		return `{appID: "` + app + `", appConfig: "{\"id\":\"acme\",\"password\":{\"min_length\":11},\"oauth\":{\"clients\":[{\"client_id\":\"shop\"}]}}", secretConfigUpdateInstructions: {webhookSecret: {action: "generate"}}}`
	}, "app { id }", "project.app.updated", `{appID: "` + app + `", appConfig: "{\"id\":\"acme\",\"password\":{\"min_length\":0}}"}`, "Invalid/ValidationFailed"},
	"createCollaboratorInvitation": {func(*world) string { return `{appID: "` + app + `", inviteeEmail: "kim@shop.example"}` }, "app { id } collaboratorInvitation { id inviteeEmail expireAt invitedBy { email } }",
		"project.collaborator.invitation.created", `{appID: "` + app + `", inviteeEmail: "kim"}`, "Invalid/ValidationFailed"},
	"deleteCollaboratorInvitation": {func(w *world) string {
		a := w.ask("owner@acme.example", `mutation { createCollaboratorInvitation(input: {appID: "`+app+`", inviteeEmail: "x@shop.example"}) { collaboratorInvitation { id } } }`, nil)
		return `{collaboratorInvitationID: "` + w.find(a, `"id":"([^"]+)"`) + `"}`
	}, "app { id }", "project.collaborator.invitation.deleted", `{collaboratorInvitationID: "` + event.NewID().String() + `"}`, "NotFound/CollaboratorInvitationNotFound"},
	"acceptCollaboratorInvitation": {func(w *world) string {
		w.account("kim@shop.example")
		w.ask("owner@acme.example", `mutation { createCollaboratorInvitation(input: {appID: "`+app+`", inviteeEmail: "kim@shop.example"}) { app { id } } }`, nil)
		return `{code: "` + w.code() + `"}`
	}, "app { id }", "project.collaborator.invitation.accepted", `{code: "wrong"}`, "Invalid/CollaboratorInvitationInvalidCode"},
	"deleteCollaborator": {func(w *world) string { return `{collaboratorID: "` + w.collaborator("pat@shop.example") + `"}` }, "app { id }",
		"project.collaborator.deleted", `{collaboratorID: "nonsense"}`, "NotFound/CollaboratorNotFound"},
	"updateCollaboratorRole": {func(w *world) string {
		return `{collaboratorID: "` + w.collaborator("lee@shop.example") + `", role: VIEWER}`
	}, "app { id }",
		"project.collaborator.role.updated", `{collaboratorID: "` + event.NewID().String() + `", role: VIEWER}`, "NotFound/CollaboratorNotFound"},
	"createDomain": {func(*world) string { return `{appID: "` + app + `", domain: "auth.shop.example"}` }, "app { id } domain { id domain apexDomain verificationDNSRecord isVerified isCustom }",
		"project.domain.created", `{appID: "` + app + `", domain: "localhost"}`, "Invalid/InvalidDomain"},
	"verifyDomain": {nil, "app { id } domain { id }", "project.domain.verified", `{appID: "` + app + `", domainID: "x"}`, "NotFound/DomainNotFound"},
	"deleteDomain": {func(w *world) string {
		a := w.ask("owner@acme.example", `mutation { createDomain(input: {appID: "`+app+`", domain: "old.shop.example"}) { domain { id } } }`, nil)
		return `{appID: "` + app + `", domainID: "` + w.find(a, `"id":"([^"]+)"`) + `"}`
	}, "app { id domains { domain isCustom } }", "project.domain.deleted", `{appID: "` + app + `", domainID: "x"}`, "NotFound/DomainNotFound"},
	"createCheckoutSession":    {nil, "url", "project.billing.checkout.created", `{appID: "` + app + `", planName: "team"}`, "ServiceUnavailable/BillingNotConfigured"},
	"reconcileCheckoutSession": {nil, "app { id }", "", `{appID: "` + app + `", checkoutSessionID: "x"}`, "ServiceUnavailable/BillingNotConfigured"},
	"updateSubscription":       {nil, "app { id }", "project.billing.subscription.updated", `{appID: "` + app + `", planName: "team"}`, "ServiceUnavailable/BillingNotConfigured"},
	"setSubscriptionCancelledStatus": {nil, "app { id }", "project.billing.subscription.status.updated", `{appID: "` + app + `", cancelled: true}`,
		"ServiceUnavailable/BillingNotConfigured"},
	"cancelFailedSubscription": {nil, "app { id }", "project.billing.subscription.cancelled", `{appID: "` + app + `"}`, "ServiceUnavailable/BillingNotConfigured"},
	"generateShortLivedAdminAPIToken": {func(w *world) string {
		a := w.ask("owner@acme.example", `mutation { generateAppSecretVisitToken(input: {id: "`+app+`", secrets: [ADMIN_API_SECRETS]}) { token } }`, nil)
		return `{appID: "` + app + `", appSecretVisitToken: "` + w.find(a, `"token":"([A-Z2-7]{64})"`) + `"}`
	}, "token", "project.admin_api_token.created", `{appID: "` + app + `", appSecretVisitToken: "wrong"}`, "Forbidden/SecretVisitInvalid"},
}

// collaborator is the id of an editor who has joined.
func (w *world) collaborator(email string) string {
	w.t.Helper()
	w.account(email)
	w.ask("owner@acme.example", `mutation { createCollaboratorInvitation(input: {appID: "`+app+`", inviteeEmail: "`+email+`"}) { app { id } } }`, nil)
	a := w.ask(email, `mutation { acceptCollaboratorInvitation(input: {code: "`+w.code()+`"}) { app { viewer { id role } } } }`, nil)
	return w.find(a, `"id":"([^"]+)"`)
}

// TestEveryMutation does each mutation well, badly, and as somebody else, and looks at the log.
func TestEveryMutation(t *testing.T) {
	t.Parallel()
	for _, field := range gql.NewExecutableSchema(gql.Config{}).Schema().Mutation.Fields {
		d, ok := deeds[field.Name]
		if !ok {
			t.Errorf("%s has no row", field.Name)
			continue
		}
		t.Run(field.Name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.account("stranger@else.example")
			document := func(input string) string {
				return "mutation { " + field.Name + "(input: " + input + ") { " + d.ask + " } }"
			}
			as := "owner@acme.example"
			if d.input != nil {
				input := d.input(w)
				if field.Name == "acceptCollaboratorInvitation" {
					as = "kim@shop.example"
				}
				if a := w.ask(as, document(input), nil); len(a.Errors) > 0 {
					t.Fatalf("%+v", a.Errors)
				}
				if got := w.log("acme"); got[len(got)-1] != d.event+" succeeded" {
					t.Errorf("the log ends with %s", got[len(got)-1])
				}
			}
			if a := w.ask(as, document(d.bad), nil); a.reason() != d.why {
				t.Errorf("refused with %s: %+v", a.reason(), a.Errors)
			}
			all := append(w.log("acme"), w.log(event.PortalProject)...)
			if d.event != "" && !strings.Contains(strings.Join(all, " "), d.event+" failed") && !strings.Contains(strings.Join(all, " "), d.event+" denied") {
				t.Errorf("the refusal is not on the record: %v", all)
			}
			before := len(w.log("acme"))
			a := w.ask("stranger@else.example", document(d.bad), nil)
			if strings.Contains(d.bad, app) && a.reason() != "Forbidden/Forbidden" || a.reason() == "" {
				t.Errorf("a stranger gets %s", a.reason())
			}
			if len(w.log("acme")) != before {
				t.Error("a stranger writes into the project's log")
			}
		})
	}
}

func TestQueries(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const fields = `id name planName rawAppConfig effectiveAppConfig rawAppConfigChecksum secretConfigChecksum isProcessingSubscription lastStripeError
		collaborators { id role createdAt user { id email } } collaboratorInvitations { id } domains { domain isCustom isVerified cookieDomain }
		resources(paths: ["authgear.yaml"]) { path data checksum } subscription { id } viewer { role }
		secretConfig { adminAPISecrets { keyID publicKeyPEM privateKeyPEM } webhookSecret { secret } smtpSecret { host } oauthClientSecrets { clientID } }`
	a := w.ask("owner@acme.example", `{ node(id: "`+app+`") { ... on App { `+fields+` } } appList { id } viewer { id email }
		nodes(ids: ["`+app+`", "`+model.AppID("other")+`", "x"]) { id } }`, nil)
	if len(a.Errors) > 0 {
		t.Fatalf("%+v", a.Errors)
	}
	for _, part := range []string{
		`"rawAppConfig":{"id":"acme","oauth":`, `"min_length":8`, `"role":"OWNER"`, `"privateKeyPEM":null`, `"secret":null`, `"domain":"acme.sealog.example"`,
		`"nodes":[{"id":"` + app + `"},null,null]`, `"email":"owner@acme.example"`, `"planName":"free"`,
	} {
		if !strings.Contains(string(a.Data), part) {
			t.Errorf("no %s in %s", part, a.Data)
		}
	}
	w.account("stranger@else.example")
	if a := w.ask("stranger@else.example", `{ node(id: "`+app+`") { id } }`, nil); string(a.Data) != `{"node":null}` {
		t.Errorf("a stranger sees %s", a.Data)
	}
	if a := w.ask("owner@acme.example", `mutation { createDomain(input: {appID: "QXBwOmFjbWU=", domain: "a.example"}) { app { id } } }`, nil); a.reason() != "Invalid/Invalid" || a.Errors[0].Message != "invalid app ID" {
		t.Errorf("%+v", a.Errors)
	}
}

func TestSecretsLeaveWithTheirEvent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.ask("owner@acme.example", `mutation { generateAppSecretVisitToken(input: {id: "`+app+`", secrets: [ADMIN_API_SECRETS, WEBHOOK_SECRET]}) { token } }`, nil)
	token := w.find(a, `"token":"([^"]+)"`)
	look := `query ($token: String) { node(id: "` + app + `") { ... on App { secretConfig(token: $token) { adminAPISecrets { privateKeyPEM } webhookSecret { secret } } } } }`
	for n := 1; n <= 2; n++ {
		a = w.ask("owner@acme.example", look, map[string]any{"token": token})
		if !strings.Contains(string(a.Data), "BEGIN PRIVATE KEY") || !strings.Contains(string(a.Data), "whsec_") {
			t.Fatalf("%s %+v", a.Data, a.Errors)
		}
		if got := strings.Count(strings.Join(w.log("acme"), " "), "project.app.secret.viewed succeeded"); got != n {
			t.Errorf("%d looks, %d events", n, got)
		}
	}
	kim := w.collaborator("kim@shop.example")
	if a := w.ask("kim@shop.example", look, map[string]any{"token": token}); a.reason() != "Forbidden/SecretVisitInvalid" {
		t.Errorf("another's token: %s", a.reason())
	}
	w.ask("owner@acme.example", `mutation { updateCollaboratorRole(input: {collaboratorID: "`+kim+`", role: VIEWER}) { app { id } } }`, nil)
	if a := w.ask("kim@shop.example", `mutation { generateAppSecretVisitToken(input: {id: "`+app+`", secrets: [ADMIN_API_SECRETS]}) { token } }`, nil); a.reason() != "Forbidden/RoleTooLow" {
		t.Errorf("a viewer: %s", a.reason())
	}
	// A database that cannot record the look lets no secret out.
	own, _, err := w.access.SignIn(t.Context(), event.Request{IP: "192.0.2.7"}, "owner@acme.example", password)
	if err != nil {
		t.Fatal(err)
	}
	read, _, err := w.access.NewPersonalToken(t.Context(), event.Request{}, own, "ci", access.ActScope, 1)
	if err != nil {
		t.Fatal(err)
	}
	if a := w.ask(read, `mutation { generateAppSecretVisitToken(input: {id: "`+app+`", secrets: [ADMIN_API_SECRETS]}) { token } }`, nil); a.reason() != "Forbidden/ScopeTooNarrow" {
		t.Errorf("a narrow token: %s", a.reason())
	}
	if a := w.ask(read, look, map[string]any{"token": token}); a.reason() != "Forbidden/ScopeTooNarrow" {
		t.Errorf("a narrow token looks: %s", a.reason())
	}
}

func TestUpdateApp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	update := func(input string, variables map[string]any) answer {
		types := ""
		for name := range variables {
			types += "$" + name + map[string]string{"config": ": AppConfig ", "data": ": String ", "sum": ": String "}[name]
		}
		if types != "" {
			types = "(" + types + ")"
		}
		return w.ask("owner@acme.example", `mutation `+types+` { updateApp(input: {appID: "`+app+`", `+input+`}) { app { rawAppConfigChecksum } } }`, variables)
	}
	sum := func() string {
		return w.find(w.ask("owner@acme.example", `{ node(id: "`+app+`") { ... on App { rawAppConfigChecksum } } }`, nil), `"([0-9a-f]{8})"`)
	}
	config := map[string]any{"id": "acme", "oauth": map[string]any{"clients": []any{map[string]any{"client_id": "shop"}}}, "password": map[string]any{"min_length": 14}}
	if a := update(`appConfig: $config, appConfigChecksum: "00000000"`, map[string]any{"config": config}); a.reason() != "Forbidden/ResourceUpdateConflict" || !strings.Contains(string(a.Errors[0].Extensions.Info), "authgear.yaml") {
		t.Errorf("an old checksum: %+v", a.Errors)
	}
	if a := update(`appConfig: $config, appConfigChecksum: $sum`, map[string]any{"config": config, "sum": sum()}); len(a.Errors) > 0 {
		t.Fatalf("%+v", a.Errors)
	}
	p, err := w.projects.Get(t.Context(), "acme")
	if err != nil || p.Config.Password.MinLength != 14 || !strings.HasPrefix(p.ConfigYML, "# ours\nid: acme\n") {
		t.Errorf("%q, %v", p.ConfigYML, err)
	}
	encode := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	text := "# theirs\nid: acme\noauth: {clients: [{client_id: shop}]}\n"
	if a := update(`updates: [{path: "authgear.yaml", data: $data, checksum: $sum}]`, map[string]any{"data": encode(text), "sum": sum()}); len(a.Errors) > 0 {
		t.Fatalf("%+v", a.Errors)
	}
	if p, err := w.projects.Get(t.Context(), "acme"); err != nil || p.ConfigYML != text {
		t.Errorf("%q, %v", p.ConfigYML, err)
	}
	for input, reason := range map[string]string{
		`updates: [{path: "authgear.secrets.yaml", data: ""}]`:                                                   "Invalid/ResourceForbidden",
		`updates: [{path: "authgear.yaml"}]`:                                                                     "Invalid/ResourceForbidden",
		`updates: [{path: "templates/x", data: ""}]`:                                                             "Invalid/ResourceUnknown",
		`updates: [{path: "authgear.yaml", data: "*"}]`:                                                          "Invalid/ResourceMalformed",
		`updates: [{path: "authgear.yaml", data: "` + encode("id: acme\nx: 1\n") + `"}]`:                         "Invalid/ValidationFailed",
		`updates: [{path: "authgear.yaml", data: "` + encode("id: acme\nid: acme\n") + `"}]`:                     "Invalid/ValidationFailed",
		`updates: [{path: "authgear.yaml", data: "` + encode("id: acme\nx: &a 1\ny: *a\n") + `"}]`:               "Invalid/ValidationFailed",
		`updates: [{path: "authgear.yaml", data: "` + encode("id: acme\n#"+strings.Repeat("x", 300<<10)) + `"}]`: "Invalid/ValidationFailed",
		``: "Invalid/NothingToUpdate",
		`secretConfigUpdateInstructions: {adminAPIAuthKey: {action: "steal"}}`:                                                          "Invalid/Invalid",
		`secretConfigUpdateInstructions: {adminAPIAuthKey: {action: "delete", deleteData: {keyID: "x"}}}`:                               "NotFound/KeyNotFound",
		`secretConfigUpdateInstructions: {oauthClientSecrets: {action: "generate", generateData: {clientID: "nobody"}}}`:                "NotFound/ClientNotFound",
		`secretConfigUpdateInstructions: {smtpSecret: {action: "set", data: {host: "", port: 1, username: "", sender: "a@b.example"}}}`: "Invalid/SMTPInvalid",
		`secretConfigUpdateInstructionsChecksum: "00000000", secretConfigUpdateInstructions: {webhookSecret: {action: "generate"}}`:     "Forbidden/ResourceUpdateConflict",
	} {
		if a := update(input, nil); a.reason() != reason {
			t.Errorf("%.80s: %s, want %s", input, a.reason(), reason)
		}
	}
	if a := update(`secretConfigUpdateInstructions: {adminAPIAuthKey: {action: "generate"}, oauthClientSecrets: {action: "generate", generateData: {clientID: "shop"}},
		smtpSecret: {action: "set", data: {host: "mail.acme.example", port: 587, username: "u", password: "hush", sender: "no-reply@acme.example"}}}`, nil); len(a.Errors) > 0 {
		t.Fatalf("%+v", a.Errors)
	}
	if keys, err := w.projects.Keys(t.Context(), "acme"); err != nil || len(keys) != 2 {
		t.Errorf("%d keys, %v", len(keys), err)
	}
	if a := update(`secretConfigUpdateInstructions: {adminAPIAuthKey: {action: "generate"}, webhookSecret: {action: "generate"}}`, nil); a.reason() != "AlreadyExists/KeyLimitReached" {
		t.Errorf("a third key: %s", a.reason())
	}
}

func TestWhoCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, credential := range []string{"", "sealog_pat_wrong", "wrong"} {
		got := w.request(http.MethodPost, "/api/graphql", credential, []byte(`{"query":"{ viewer { id } }"}`))
		if got.Code != http.StatusUnauthorized || !strings.Contains(got.Body.String(), `"reason":"Unauthenticated"`) {
			t.Errorf("%q: %d %s", credential, got.Code, got.Body)
		}
	}
	other := httptest.NewRequest(http.MethodPost, "https://acme.sealog.example/api/graphql", strings.NewReader(`{}`))
	answer := httptest.NewRecorder()
	w.handler.ServeHTTP(answer, other)
	if answer.Code != http.StatusMisdirectedRequest {
		t.Errorf("on another host: %d", answer.Code)
	}
	foreign := httptest.NewRequest(http.MethodPost, "https://sealog.example/api/graphql", strings.NewReader(`{}`))
	foreign.Header.Set("Sec-Fetch-Site", "cross-site")
	answer = httptest.NewRecorder()
	w.handler.ServeHTTP(answer, foreign)
	if answer.Code != http.StatusForbidden {
		t.Errorf("from another site: %d", answer.Code)
	}
}

func TestThrough(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.account("stranger@else.example")
	path := "/api/apps/" + app + "/graphql"
	create := []byte(`{"query":"mutation { createUser(input: {definition: {loginID: {key: \"email\", value: \"kim@shop.example\"}}}) { user { id } } }"}`)
	for _, c := range []struct {
		method, path, credential string
		status                   int
		says                     string
	}{
		{"POST", path, "", 401, "unauthorized\n"}, {"GET", path, "", 401, "unauthorized\n"}, {"OPTIONS", path, "", 401, "unauthorized\n"},
		{"POST", path, "stranger@else.example", 401, "unauthorized\n"},
		{"POST", "/api/apps/x/graphql", "owner@acme.example", 400, "invalid app ID\n"},
		{"POST", "/api/apps/" + app + "/other", "owner@acme.example", 404, ""},
		{"GET", path, "owner@acme.example", 405, ""},
		{"POST", path, "owner@acme.example", 200, `{"data":{"createUser":`},
	} {
		got := w.request(c.method, c.path, c.credential, create)
		if got.Code != c.status || !strings.HasPrefix(got.Body.String(), c.says) {
			t.Errorf("%s %s as %q: %d %s", c.method, c.path, c.credential, got.Code, got.Body)
		}
	}
	page, err := auditlog.New(w.db).List(t.Context(), auditlog.Filter{Project: "acme", Types: []event.Type{"admin_api.mutation.create_user.executed"}}, auditlog.Paging{})
	if err != nil || len(page.Rows) != 1 {
		t.Fatal(err, len(page.Rows))
	}
	text, err := page.Rows[0].Data()
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`"triggered_by":"admin_api"`, `"usage":"proxy"`, `"name":"owner@acme.example"`} {
		if !strings.Contains(string(text), part) {
			t.Errorf("no %s in %s", part, text)
		}
	}
}
