package adminapi_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sealog/sealog/internal/adminapi/model"
	"github.com/sealog/sealog/internal/directory"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/storetest"
)

// TestErrorsOfMutations provokes each error that a mutation can give and that
// TestMutationErrors does not.
func TestErrorsOfMutations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	hook := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Webhook-Signature") == "" {
			t.Error("a web hook was not signed")
		}
		switch r.URL.Path {
		case "/refuse":
			_ = json.NewEncoder(rw).Encode(map[string]any{"is_allowed": false, "title": "No", "reason": "Because."})
		case "/broken":
			rw.WriteHeader(http.StatusInternalServerError)
		default:
			_ = json.NewEncoder(rw).Encode(map[string]any{"is_allowed": true})
		}
	}))
	t.Cleanup(hook.Close)
	v := w.populate()
	ctx, by := t.Context(), storetest.Operator()
	_, kim, _ := model.ParseGlobalID(v["user"].(string))
	p, err := w.projects.Get(ctx, "acme")
	if err != nil {
		t.Fatal(err)
	}
	passkey, err := w.users.Enrol(ctx, by, p, kim, directory.ForeignIdentity{Type: "passkey", UniqueKey: "credential", Claims: json.RawMessage(`{}`)})
	if err != nil || passkey.ID.IsZero() {
		t.Fatal(err)
	}
	authenticators, err := w.users.AuthenticatorsOf(ctx, "acme", []event.ID{kim})
	if err != nil {
		t.Fatal(err)
	}
	var passkeyAuthenticator string
	for _, a := range authenticators[kim] {
		if a.Type == "passkey" {
			passkeyAuthenticator = model.GlobalID(model.TypeAuthenticator, a.ID)
		}
	}
	lee := w.create("lee2@shop.example")
	var found struct {
		Node struct{ LoginIDs []struct{ ID string } }
	}
	w.get(&found, `query($id: ID!) { node(id: $id) { ... on User { loginIDs { id } } } }`, map[string]any{"id": lee})
	leesIdentity := found.Node.LoginIDs[0].ID
	anonymized := w.create("gone@shop.example")
	w.get(&struct{}{}, `mutation($id: ID!) { anonymizeUser(input: {userID: $id}) { anonymizedUserID } }`, map[string]any{"id": anonymized})
	bounded := w.create("bounded@shop.example")
	w.get(&struct{}{}, `mutation($id: ID!) { setAccountValidPeriod(input: {userID: $id,
		accountValidFrom: "2090-01-01T00:00:00Z", accountValidUntil: "2099-01-01T00:00:00Z"}) { user { id } } }`, map[string]any{"id": bounded})
	user := func(id, rest string) string { return `(input: {userID: "` + id + `"` + rest + `})` }
	u := " { user { id } }"
	nobody := model.GlobalID(model.TypeUser, event.NewID())
	newUser := func(rest string) string {
		return `createUser(input: {definition: {loginID: {key: "username", value: "` + event.NewID().Hex()[20:] + `"}}` + rest + `})` + u
	}
	for _, c := range []struct{ name, config, mutation, errorName, reason, info string }{
		{"identity id", "", `deleteIdentity(input: {identityID: "x"})` + u, "Invalid", "Invalid", ""},
		{"authenticator id", "", `deleteAuthenticator(input: {authenticatorID: "x"})` + u, "Invalid", "Invalid", ""},
		{"authorization id", "", `deleteAuthorization(input: {authorizationID: "x"})` + u, "Invalid", "Invalid", ""},
		{"session id", "", `revokeSession(input: {sessionID: "x"})` + u, "Invalid", "Invalid", ""},
		{"client id", "", `createSession` + user(v["user"].(string), `, clientID: "none"`) + ` { tokenType }`, "Invalid", "Invalid", ""},
		{"device info", "", `createSession` + user(v["user"].(string), `, clientID: "shop", deviceInfo: "e30"`) + ` { tokenType }`, "Invalid", "Invalid", ""},
		{"claim name", "", `setVerifiedStatus` + user(v["user"].(string), `, claimName: "shoe", claimValue: "x", isVerified: true`) + u, "Invalid", "Invalid", ""},
		{"no such identity", "", `setVerifiedStatus` + user(v["user"].(string), `, claimName: "email", claimValue: "x@y.example", isVerified: true`) + u, "NotFound", "IdentityNotFound", ""},
		{"no such authenticator", "", `deleteAuthenticator(input: {authenticatorID: "` + model.GlobalID(model.TypeAuthenticator, event.NewID()) + `"})` + u, "NotFound", "AuthenticatorNotFound", ""},
		{"no such session", "", `revokeSession(input: {sessionID: "` + model.GlobalID(model.TypeSession, event.NewID()) + `"})` + u, "NotFound", "SessionNotFound", ""},
		{"no such authorization", "", `deleteAuthorization(input: {authorizationID: "` + model.GlobalID(model.TypeAuthorization, event.NewID()) + `"})` + u, "NotFound", "AuthorizationNotFound", ""},
		{"another's identity", "", `updateIdentity` + user(v["user"].(string), `, identityID: "`+leesIdentity+`", definition: {loginID: {key: "email", value: "a@b.example"}}`) + u, "Invalid", "InvariantViolated", `"kind":"IdentityNotBelongToUser"`},
		{"last identity", "", `deleteIdentity(input: {identityID: "` + leesIdentity + `"})` + u, "Invalid", "InvariantViolated", `"kind":"RemoveLastIdentity"`},
		{"passkey", "", `deleteAuthenticator(input: {authenticatorID: "` + passkeyAuthenticator + `"})` + u, "Invalid", "InvariantViolated", `"kind":"RemovePasskeyAuthenticator"`},
		{"duplicate", "", `createIdentity` + user(v["user"].(string), `, definition: {loginID: {key: "email", value: "lee2@shop.example"}}`) + u, "Invalid", "InvariantViolated", `"LoginIDTypeExisting":"email"`},
		{"blocked", `identity: {login_id_keys: [{key: email, type: email}], blocked_email_domains: [spam.example]}`,
			`createIdentity` + user(v["user"].(string), `, definition: {loginID: {key: "email", value: "a@spam.example"}}`) + u, "Invalid", "ValidationFailed", `"kind":"blocked"`},
		{"free mail", `identity: {login_id_keys: [{key: email, type: email}], block_free_email: true}`,
			`createIdentity` + user(v["user"].(string), `, definition: {loginID: {key: "email", value: "a@gmail.com"}}`) + u, "Invalid", "ValidationFailed", `"kind":"blocked"`},
		{"reserved", `identity: {login_id_keys: [{key: username, type: username}], blocked_usernames: [root]}`,
			`createIdentity` + user(v["user"].(string), `, definition: {loginID: {key: "username", value: "Root"}}`) + u, "Invalid", "ValidationFailed", `"kind":"blocked"`},
		{"custom attribute", `user_profile: {custom_attributes: [{pointer: /age, type: integer, minimum: 0}]}`,
			`updateUser` + user(v["user"].(string), `, customAttributes: "{\"age\":-1}"`) + u, "Invalid", "ValidationFailed", `"location":"/age"`},
		{"access control", `user_profile: {access_control: [{pointer: /name, admin_api: readonly}]}`,
			`updateUser` + user(v["user"].(string), `, standardAttributes: "{\"name\":\"x\"}"`) + u, "Forbidden", "AccessControlViolated", ""},
		{"no primary authenticator", `authentication: {primary_authenticators: []}`, newUser(""), "InternalError", "InvalidConfiguration", ""},
		{"no password to make", `password: {min_length: 8, excluded_keywords: ["` + strings.Join(strings.Split("ABCDEFGHJKLMNPQRSTUVWXYZ23456789", ""), `","`) + `"]}`,
			newUser(`, password: ""`), "InternalError", "PasswordGenerateError", ""},
		{"upper case", `password: {uppercase_required: true}`, newUser(`, password: "abcdefgh1!"`), "Invalid", "PasswordPolicyViolated", `"Name":"PasswordUppercaseRequired"`},
		{"lower case", `password: {lowercase_required: true}`, newUser(`, password: "ABCDEFGH1!"`), "Invalid", "PasswordPolicyViolated", `"Name":"PasswordLowercaseRequired"`},
		{"letter", `password: {alphabet_required: true}`, newUser(`, password: "12345678!"`), "Invalid", "PasswordPolicyViolated", `"Name":"PasswordAlphabetRequired"`},
		{"digit", `password: {digit_required: true}`, newUser(`, password: "abcdefghi"`), "Invalid", "PasswordPolicyViolated", `"Name":"PasswordDigitRequired"`},
		{"symbol", `password: {symbol_required: true}`, newUser(`, password: "abcdefgh1"`), "Invalid", "PasswordPolicyViolated", `"Name":"PasswordSymbolRequired"`},
		{"keyword", `password: {excluded_keywords: [acme]}`, newUser(`, password: "MyAcmePassword"`), "Invalid", "PasswordPolicyViolated", `"Name":"PasswordContainingExcludedKeywords"`},
		{"guessable", `password: {minimum_guessable_level: 4}`, newUser(`, password: "password1"`), "Invalid", "PasswordPolicyViolated", `"min_level":4,"pw_level":1`},
		{"reused", "", `resetPassword` + user(v["user"].(string), `, password: "the first password"`) + u, "Invalid", "PasswordPolicyViolated", `"Name":"PasswordReused","Info":{"history_size":3`},
		{"reused by days", `password: {history_size: 0, history_days: 30}`, `resetPassword` + user(v["user"].(string), `, password: "the first password"`) + u,
			"Invalid", "PasswordPolicyViolated", `"history_days":30`},
		{"feature off", `forgot_password: {enabled: false}`, `sendResetPasswordMessage(input: {loginID: "kim@shop.example"})`, "Invalid", "ForgotPasswordFailed", `"kind":"FeatureDisabled"`},
		{"forgot, nobody", "", `sendResetPasswordMessage(input: {loginID: "x@y.example"})`, "Invalid", "ForgotPasswordFailed", `"kind":"UserNotFound"`},
		{"anonymized twice", "", `anonymizeUser` + user(anonymized, "") + ` { anonymizedUserID }`, "Invalid", "UserIsAnonymized", ""},
		{"anonymize later", "", `scheduleAccountAnonymization` + user(anonymized, "") + u, "Invalid", "UserIsAnonymized", ""},
		{"anonymize never", "", `unscheduleAccountAnonymization` + user(anonymized, "") + u, "Invalid", "UserIsAnonymized", ""},
		{"identity of nobody any more", "", `createIdentity` + user(anonymized, `, definition: {loginID: {key: "email", value: "a@b.example"}}`) + u, "Invalid", "UserIsAnonymized", ""},
		{"deletion twice", "", `scheduleAccountDeletion` + user(v["deleting"].(string), "") + u, "Invalid", "InvalidAccountStatusTransition", `"from":"scheduled_deletion_disabled","to":"scheduled_deletion_disabled"`},
		{"disable who is deleted", "", `setDisabledStatus` + user(v["deleting"].(string), ", isDisabled: true") + u, "Invalid", "InvalidAccountStatusTransition", `"from":"scheduled_deletion_disabled","to":"disabled"`},
		{"enable who is anonymized", "", `setDisabledStatus` + user(v["anonymizing"].(string), ", isDisabled: false") + u, "Invalid", "InvalidAccountStatusTransition", `"from":"scheduled_anonymization_disabled"`},
		{"period before the account", "", `setDisabledStatus` + user(bounded, `, isDisabled: true, temporarilyDisabledFrom: "2080-01-01T00:00:00Z", temporarilyDisabledUntil: "2091-01-01T00:00:00Z"`) + u,
			"Invalid", "InvalidAccountStatusTransition", "AccountValidFromShouldBeBeforeTemporarilyDisabledFrom"},
		{"period after the account", "", `setDisabledStatus` + user(bounded, `, isDisabled: true, temporarilyDisabledFrom: "2091-01-01T00:00:00Z", temporarilyDisabledUntil: "2100-01-01T00:00:00Z"`) + u,
			"Invalid", "InvalidAccountStatusTransition", "TemporarilyDisabledUntilShouldBeBeforeAccountValidUntil"},
		{"sessions off", `admin_api: {create_session_enabled: false}`, `createSession` + user(v["user"].(string), `, clientID: "shop"`) + ` { tokenType }`, "Forbidden", "Forbidden", ""},
		{"session of a disabled user", "", `createSession` + user(v["deleting"].(string), `, clientID: "shop"`) + ` { tokenType }`, "Forbidden", "UserDisabled", ""},
		{"hook, create", `hook: {blocking_handlers: [{event: user.pre_create, url: "` + hook.URL + `/refuse"}]}`, newUser(""), "Forbidden", "HookDisallowed",
			`"event_type":"user.pre_create","reasons":[{"title":"No","reason":"Because."}]`},
		{"hook, update", `hook: {blocking_handlers: [{event: user.profile.pre_update, url: "` + hook.URL + `/refuse"}]}`,
			`updateUser` + user(v["user"].(string), `, customAttributes: "{}"`) + u, "Forbidden", "HookDisallowed", ""},
		{"hook, deletion", `hook: {blocking_handlers: [{event: user.pre_schedule_deletion, url: "` + hook.URL + `/refuse"}]}`,
			`scheduleAccountDeletion` + user(v["user"].(string), "") + u, "Forbidden", "HookDisallowed", ""},
		{"hook, anonymization", `hook: {blocking_handlers: [{event: user.pre_schedule_anonymization, url: "` + hook.URL + `/refuse"}]}`,
			`scheduleAccountAnonymization` + user(v["user"].(string), "") + u, "Forbidden", "HookDisallowed", ""},
		{"hook that is broken", `hook: {blocking_handlers: [{event: user.pre_create, url: "` + hook.URL + `/broken"}]}`, newUser(""), "InternalError", "HookUnavailable", ""},
		{"hook that nobody is at", `hook: {blocking_handlers: [{event: user.pre_create, url: "http://127.0.0.1:1/"}]}`, newUser(""), "InternalError", "HookUnavailable", ""},
		{"grace period of nobody", "", `removeMFAGracePeriod` + user(nobody, "") + u, "NotFound", "UserNotFound", ""},
		{"authenticator of a wrong type", "", `createAuthenticator` + user(v["user"].(string), `, definition: {kind: PRIMARY, type: TOTP}`) + ` { authenticator { id } }`, "Invalid", "Invalid", ""},
		{"authenticator without an address", "", `createAuthenticator` + user(v["user"].(string), `, definition: {kind: PRIMARY, type: OOB_OTP_SMS}`) + ` { authenticator { id } }`, "Invalid", "ValidationFailed", `"format":"phone"`},
	} {
		config := coverageConfig
		if c.config != "" {
			key, _, _ := strings.Cut(c.config, ":")
			if key == "admin_api" {
				config = "id: acme\n"
			}
			config += c.config + "\n"
		}
		w.exec(`UPDATE projects SET config = $2, version = version + 1 WHERE project_id = $1`, "acme", config)
		before, attempts := w.dump(), len(w.attempts())
		r := w.do("mutation { "+c.mutation+" }", nil)
		if len(r.Errors) != 1 {
			t.Errorf("%s: %s %+v", c.name, r.Data, r.Errors)
			continue
		}
		e := r.Errors[0].Extensions
		if e.ErrorName != c.errorName || e.Reason != c.reason || !strings.Contains(string(e.Info), c.info) {
			t.Errorf("%s: %+v %s, want %s %s %s", c.name, e, e.Info, c.errorName, c.reason, c.info)
		}
		if w.dump() != before {
			t.Errorf("%s changed something", c.name)
		}
		// Of one caller only so many are recorded one by one; what the limit swallows is counted.
		if n := len(w.attempts()); attempts < 25 && n != attempts+1 {
			t.Errorf("%s left %d attempts", c.name, n-attempts)
		}
	}
	w.exec(`UPDATE projects SET config = $2, version = version + 1 WHERE project_id = $1`, "acme", coverageConfig+
		"forgot_password: {per_hour: 2}\nhook: {blocking_handlers: [{event: user.pre_create, url: \""+hook.URL+"/allow\"}]}\n")
	w.get(&struct{}{}, "mutation { "+newUser("")+" }", nil)
	for i := range 3 {
		r := w.do(`mutation { sendResetPasswordMessage(input: {loginID: "kim@shop.example"}) }`, nil)
		if limited := len(r.Errors) == 1 && r.Errors[0].Extensions.ErrorName == "TooManyRequest" && r.Errors[0].Extensions.Reason == "RateLimited"; limited != (i == 2) {
			t.Errorf("message %d: %+v", i, r.Errors)
		}
	}
	for literal, want := range map[string]string{
		"deleteIdentity(input: {identityID: \"x\"}) { user { id } }": "invalid identity ID", "revokeSession(input: {sessionID: \"x\"}) { user { id } }": "invalid session ID",
		"deleteAuthenticator(input: {authenticatorID: \"x\"}) { user { id } }": "invalid authenticator ID", "deleteAuthorization(input: {authorizationID: \"x\"}) { user { id } }": "invalid authorization ID",
	} {
		if got := w.do("mutation { "+literal+" }", nil).Errors[0].Message; got != want {
			t.Errorf("%s: %q", literal, got)
		}
	}
}
