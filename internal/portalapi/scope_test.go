package portalapi_test

import (
	"strings"
	"testing"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/event"
)

// TestATokenGivesAwayNoMoreThanItsScope tries everything with which a token of scope ACT could get at
// what its scope excludes, and the same without that, which it may do.
func TestATokenGivesAwayNoMoreThanItsScope(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pat := w.collaborator("pat@shop.example")
	session, _, err := w.access.SignIn(t.Context(), event.Request{}, "owner@acme.example", password)
	if err != nil {
		t.Fatal(err)
	}
	tokens := map[access.Scope]string{}
	for _, scope := range []access.Scope{access.ActScope, access.SecretsScope} {
		if tokens[scope], _, err = w.access.NewPersonalToken(t.Context(), event.Request{}, session, "ci", scope, 1); err != nil {
			t.Fatal(err)
		}
	}
	invite := func(email, role string) string {
		return `createCollaboratorInvitation(input: {appID: "` + app + `", inviteeEmail: "` + email + `"` + role + `}) { app { id } }`
	}
	role := func(role string) string {
		return `updateCollaboratorRole(input: {collaboratorID: "` + pat + `", role: ` + role + `}) { app { id } }`
	}
	secrets := func(what string) string {
		return `updateApp(input: {appID: "` + app + `", secretConfigUpdateInstructions: {` + what + `}}) { app { id } }`
	}
	for _, mutation := range []string{
		invite("a@shop.example", ", role: OWNER"), invite("b@shop.example", ", role: EDITOR"), invite("c@shop.example", ""),
		role("OWNER"), role("EDITOR"),
		secrets(`smtpSecret: {action: "set", data: {host: "mail.shop.example", port: 587, username: "u", password: "p", sender: "a@shop.example"}}`),
		secrets(`smtpSecret: {action: "unset"}`),
		secrets(`webhookSecret: {action: "generate"}`), secrets(`adminAPIAuthKey: {action: "generate"}`),
		secrets(`oauthClientSecrets: {action: "generate", generateData: {clientID: "shop"}}`),
		`generateAppSecretVisitToken(input: {id: "` + app + `", secrets: [ADMIN_API_SECRETS]}) { token }`,
		`generateShortLivedAdminAPIToken(input: {appID: "` + app + `", appSecretVisitToken: "wrong"}) { token }`,
	} {
		if a := w.ask(tokens[access.ActScope], "mutation { "+mutation+" }", nil); a.reason() != "Forbidden/ScopeTooNarrow" {
			t.Errorf("ACT: %q %s", a.reason(), mutation)
		}
		if a := w.ask(tokens[access.SecretsScope], "mutation { "+mutation+" }", nil); strings.HasSuffix(a.reason(), "ScopeTooNarrow") {
			t.Errorf("SECRETS: %s %s", a.reason(), mutation)
		}
	}
	for _, mutation := range []string{
		invite("d@shop.example", ", role: VIEWER"), role("VIEWER"),
		`updateApp(input: {appID: "` + app + `", appConfig: "{\"id\":\"acme\",\"oauth\":{\"clients\":[{\"client_id\":\"shop\"}]}}"}) { app { id } }`,
		`deleteCollaborator(input: {collaboratorID: "` + pat + `"}) { app { id } }`,
	} {
		if a := w.ask(tokens[access.ActScope], "mutation { "+mutation+" }", nil); len(a.Errors) > 0 {
			t.Errorf("ACT: %+v %s", a.Errors, mutation)
		}
	}
}
