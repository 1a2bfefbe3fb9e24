package adminapi_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sealog/sealog/internal/adminapi/gql"
	"github.com/sealog/sealog/internal/adminapi/model"
	"github.com/sealog/sealog/internal/directory"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/session"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
)

// covered is a mutation: a call that goes well with the events it leaves, in their order,
// and what makes the same call a refused one.
type covered struct {
	input   string // of the good call; $user, $identity … are variables
	records []string
	// bad replaces variables, or with the key "input" the whole input.
	bad    map[string]any
	reason string
}

const mutation = "admin_api.mutation."

// coverage has a row for each mutation of the schema.
var coverage = map[string]covered{
	"createUser": {`{definition: {loginID: {key: "email", value: "new@shop.example"}}, password: "a long password", sendPassword: true}`,
		[]string{"user.created", mutation + "create_user.executed"},
		map[string]any{"input": `{definition: {loginID: {key: "email", value: "kim@shop.example"}}}`}, "InvariantViolated"},
	"updateUser": {`{userID: $user, standardAttributes: "{\"name\":\"Kim\"}"}`,
		[]string{"user.profile.updated", mutation + "update_user.executed"}, nobody, "UserNotFound"},
	"setDisabledStatus": {`{userID: $user, isDisabled: true, reason: "chargeback"}`,
		[]string{"user.disabled", mutation + "set_disabled_status.executed"}, nobody, "UserNotFound"},
	"resetPassword": {`{userID: $user, password: "another password", sendPassword: true}`,
		[]string{mutation + "reset_password.executed"}, map[string]any{"input": `{userID: $user, password: "short"}`}, "PasswordPolicyViolated"},
	"deleteUser": {`{userID: $user, reason: "asked"}`,
		[]string{"user.deleted", mutation + "delete_user.executed"}, nobody, "UserNotFound"},
	"anonymizeUser": {`{userID: $user}`,
		[]string{"user.anonymized", mutation + "anonymize_user.executed"}, nobody, "UserNotFound"},
	"createIdentity": {`{userID: $user, definition: {loginID: {key: "username", value: "kim"}}}`,
		[]string{"identity.username.added", mutation + "create_identity.executed"},
		map[string]any{"input": `{userID: $user, definition: {loginID: {key: "email", value: "lee@shop.example"}}}`}, "InvariantViolated"},
	"updateIdentity": {`{userID: $user, identityID: $identity, definition: {loginID: {key: "email", value: "kim2@shop.example"}}}`,
		[]string{"identity.email.updated", mutation + "update_identity.executed"},
		map[string]any{"identity": model.GlobalID(model.TypeIdentity, event.NewID())}, "IdentityNotFound"},
	"deleteIdentity": {`{identityID: $identity}`,
		[]string{"identity.email.removed", mutation + "delete_identity.executed"},
		map[string]any{"identity": model.GlobalID(model.TypeIdentity, event.NewID())}, "IdentityNotFound"},
	"setVerifiedStatus": {`{userID: $user, claimName: "email", claimValue: "kim@shop.example", isVerified: true}`,
		[]string{"identity.email.verified", mutation + "set_verified_status.executed"},
		map[string]any{"input": `{userID: $user, claimName: "email", claimValue: "lee@shop.example", isVerified: true}`}, "IdentityNotFound"},
	"createAuthenticator": {`{userID: $user, definition: {kind: SECONDARY, type: OOB_OTP_EMAIL, oobOtpEmail: {email: "Codes@shop.example"}}}`,
		[]string{mutation + "create_authenticator.executed"},
		map[string]any{"input": `{userID: $user, definition: {kind: PRIMARY, type: PASSWORD, password: {password: "another password"}}}`}, "InvariantViolated"},
	"deleteAuthenticator": {`{authenticatorID: $authenticator}`,
		[]string{mutation + "delete_authenticator.executed"},
		map[string]any{"authenticator": model.GlobalID(model.TypeAuthenticator, event.NewID())}, "AuthenticatorNotFound"},
	"generateOOBOTPCode": {`{target: "kim@shop.example", purpose: VERIFICATION}`,
		[]string{mutation + "generate_oob_otp_code.executed"}, map[string]any{"input": `{target: "nothing"}`}, "ValidationFailed"},
	"sendResetPasswordMessage": {`{loginID: "kim@shop.example"}`,
		[]string{mutation + "send_reset_password_message.executed"}, map[string]any{"input": `{loginID: "nobody@shop.example"}`}, "ForgotPasswordFailed"},
	"setPasswordExpired": {`{userID: $user, expired: true}`,
		[]string{mutation + "set_password_expired.executed"}, nobody, "UserNotFound"},
	"resetAccountLockout": {`{userID: $user}`, []string{mutation + "reset_account_lockout.executed"}, nobody, "UserNotFound"},
	"setMFAGracePeriod": {`{userID: $user, endAt: "2099-01-01T00:00:00Z"}`,
		[]string{mutation + "set_mfa_grace_period.executed"}, map[string]any{"input": `{userID: $user, endAt: "2001-01-01T00:00:00Z"}`}, "ValidationFailed"},
	"removeMFAGracePeriod": {`{userID: $user}`, []string{mutation + "remove_mfa_grace_period.executed"}, nobody, "UserNotFound"},
	"createSession": {`{userID: $user, clientID: "shop"}`,
		[]string{mutation + "create_session.executed"}, map[string]any{"input": `{userID: $user, clientID: "partner"}`}, "Forbidden"},
	"revokeSession": {`{sessionID: $session}`,
		[]string{"user.session.terminated", mutation + "revoke_session.executed"},
		map[string]any{"session": model.GlobalID(model.TypeSession, event.NewID())}, "SessionNotFound"},
	"revokeAllSessions": {`{userID: $user}`,
		[]string{"user.session.terminated", mutation + "revoke_all_sessions.executed"}, nobody, "UserNotFound"},
	"deleteAuthorization": {`{authorizationID: $authorization}`,
		[]string{mutation + "delete_authorization.executed"},
		map[string]any{"authorization": model.GlobalID(model.TypeAuthorization, event.NewID())}, "AuthorizationNotFound"},
	"scheduleAccountDeletion": {`{userID: $user, reason: "asked"}`,
		[]string{"user.deletion_scheduled", mutation + "schedule_account_deletion.executed"},
		map[string]any{"user": "$deleting"}, "InvalidAccountStatusTransition"},
	"unscheduleAccountDeletion": {`{userID: $deleting}`,
		[]string{"user.deletion_unscheduled", mutation + "unschedule_account_deletion.executed"},
		map[string]any{"deleting": "$user"}, "InvalidAccountStatusTransition"},
	"scheduleAccountAnonymization": {`{userID: $user}`,
		[]string{"user.anonymization_scheduled", mutation + "schedule_account_anonymization.executed"},
		map[string]any{"user": "$anonymizing"}, "InvalidAccountStatusTransition"},
	"unscheduleAccountAnonymization": {`{userID: $anonymizing}`,
		[]string{"user.anonymization_unscheduled", mutation + "unschedule_account_anonymization.executed"},
		map[string]any{"anonymizing": "$user"}, "InvalidAccountStatusTransition"},
	"setAccountValidFrom": {`{userID: $user, accountValidFrom: "2020-01-01T00:00:00Z"}`,
		[]string{mutation + "set_account_valid_from.executed"}, nobody, "UserNotFound"},
	"setAccountValidUntil": {`{userID: $user, accountValidUntil: "2099-01-01T00:00:00Z"}`,
		[]string{mutation + "set_account_valid_until.executed"}, nobody, "UserNotFound"},
	"setAccountValidPeriod": {`{userID: $user, accountValidFrom: "2020-01-01T00:00:00Z", accountValidUntil: "2099-01-01T00:00:00Z"}`,
		[]string{mutation + "set_account_valid_period.executed"},
		map[string]any{"input": `{userID: $user, accountValidFrom: "2099-01-01T00:00:00Z", accountValidUntil: "2020-01-01T00:00:00Z"}`}, "InvalidAccountStatusTransition"},
}

var nobody = map[string]any{"user": model.GlobalID(model.TypeUser, event.NewID())}

// coverageConfig is a project in which every mutation can go well.
const coverageConfig = `id: acme
admin_api: {create_session_enabled: true}
oauth:
  clients:
    - {client_id: shop, name: Shop}
    - {client_id: partner, name: Partner, third_party: true}
`

// populate makes users of whom something can be changed, and returns the variables.
func (w *world) populate() map[string]any {
	w.t.Helper()
	w.exec(`UPDATE projects SET config = $2, version = version + 1 WHERE project_id = $1`, "acme", coverageConfig)
	ctx, by := w.t.Context(), storetest.Operator()
	p, err := w.projects.Get(ctx, "acme")
	if err != nil {
		w.t.Fatal(err)
	}
	password := "the first password"
	kim, err := w.users.Create(ctx, by, p, directory.CreateInput{LoginID: directory.LoginID{Key: "email", Value: "kim@shop.example"}, Password: &password})
	if err != nil {
		w.t.Fatal(err)
	}
	_, _, err = w.users.CreateIdentity(ctx, by, p, kim.ID, directory.CreateIdentityInput{LoginID: directory.LoginID{Key: "phone", Value: "+14155552671"}})
	if err != nil {
		w.t.Fatal(err)
	}
	totp, _, err := w.users.EnrolTOTP(ctx, by, p, kim.ID, "Phone")
	if err != nil {
		w.t.Fatal(err)
	}
	idp, _, err := w.users.SignIn(ctx, by, p, kim.ID, session.Session{Type: session.IDP, AMR: []string{"pwd"}})
	if err != nil {
		w.t.Fatal(err)
	}
	consent, err := w.users.Authorize(ctx, by, p, kim.ID, "partner", []string{"openid"})
	if err != nil {
		w.t.Fatal(err)
	}
	identities, err := w.users.IdentitiesOf(ctx, p.ID, []event.ID{kim.ID})
	if err != nil {
		w.t.Fatal(err)
	}
	w.create("lee@shop.example")
	v := map[string]any{
		"user": model.GlobalID(model.TypeUser, kim.ID), "identity": model.GlobalID(model.TypeIdentity, identities[kim.ID][0].ID),
		"authenticator": model.GlobalID(model.TypeAuthenticator, totp.ID), "session": model.GlobalID(model.TypeSession, idp.ID),
		"authorization": model.GlobalID(model.TypeAuthorization, consent.ID),
		"deleting":      w.create("deleting@shop.example"), "anonymizing": w.create("anonymizing@shop.example"),
	}
	w.get(&struct{}{}, `mutation($deleting: ID!, $anonymizing: ID!) {
		scheduleAccountDeletion(input: {userID: $deleting}) { user { id } }
		scheduleAccountAnonymization(input: {userID: $anonymizing}) { user { id } } }`,
		map[string]any{"deleting": v["deleting"], "anonymizing": v["anonymizing"]})
	return v
}

// document is the mutation with an input.
func document(field, input string) string {
	schema := gql.NewExecutableSchema(gql.Config{}).Schema()
	// What a payload gives is asked for, with everything that its objects say of themselves.
	var selected func(typeName string, depth int) string
	selected = func(typeName string, depth int) string {
		object := schema.Types[typeName]
		if len(object.Fields) == 0 {
			return ""
		}
		parts := []string{"__typename"}
		for _, f := range object.Fields {
			leaf := len(schema.Types[f.Type.Name()].Fields) == 0
			if !strings.HasPrefix(f.Name, "__") && (leaf || depth > 0) {
				parts = append(parts, f.Name+selected(f.Type.Name(), depth-1))
			}
		}
		return " { " + strings.Join(parts, " ") + " }"
	}
	selection := selected(schema.Mutation.Fields.ForName(field).Type.Name(), 2)
	declared := []string{}
	for _, name := range []string{"user", "identity", "authenticator", "session", "authorization", "deleting", "anonymizing"} {
		if strings.Contains(input, "$"+name) {
			declared = append(declared, "$"+name+": ID!")
		}
	}
	head := ""
	if len(declared) > 0 {
		head = "(" + strings.Join(declared, ", ") + ")"
	}
	return "mutation" + head + " { " + field + "(input: " + input + ")" + selection + " }"
}

// dump is the tables that mutations write to, as text, but for the log.
func (w *world) dump() string {
	w.t.Helper()
	var b strings.Builder
	for _, table := range []string{
		"projects", "users", "identities", "authenticators", "password_history", "verified_claims", "sessions", "authorizations",
		"access_tokens", "one_time_codes", "password_resets", "recovery_codes", "account_lockouts", "outbox",
	} {
		count := `SELECT count(*) FROM pragma_table_info($1)`
		if storetest.Engine() == store.PostgreSQL {
			count = `SELECT count(*) FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = $1`
		}
		n, err := store.Column[int](w.t.Context(), w.db, count, table)
		if err != nil || n[0] == 0 {
			w.t.Fatal(table, n, err)
		}
		rows, err := store.Collect(w.t.Context(), w.db, func(row *[]any) []any {
			*row = make([]any, n[0])
			places := make([]any, n[0])
			for i := range places {
				places[i] = &(*row)[i]
			}
			return places
		}, `SELECT * FROM `+table)
		if err != nil {
			w.t.Fatal(err)
		}
		lines := []string{}
		for _, row := range rows {
			lines = append(lines, fmt.Sprintf("%s %v", table, row))
		}
		slices.Sort(lines)
		b.WriteString(strings.Join(lines, "\n") + "\n")
	}
	return b.String()
}

// sabotage makes every successful event of a type impossible, until the function it returns is called.
func (w *world) sabotage(t string) (repair func()) {
	w.t.Helper()
	t = event.Type(t).Code()
	if storetest.Engine() == store.PostgreSQL {
		w.exec(`CREATE FUNCTION sabotage() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'sabotage'; END $$`)
		w.exec(`CREATE TRIGGER sabotage BEFORE INSERT ON events FOR EACH ROW WHEN (NEW.type = '` + t + `' AND NEW.outcome = 1) EXECUTE FUNCTION sabotage()`)
		return func() { w.exec(`DROP TRIGGER sabotage ON events`) }
	}
	w.exec(`CREATE TRIGGER sabotage BEFORE INSERT ON events WHEN NEW.type = '` + t + `' AND NEW.outcome = 1
		BEGIN SELECT RAISE(ABORT, 'sabotage'); END`)
	return func() { w.exec(`DROP TRIGGER sabotage`) }
}

func (w *world) types(outcomes ...event.Outcome) []string {
	all := []string{}
	for _, row := range w.events(outcomes...) {
		all = append(all, string(row.Type))
	}
	slices.Reverse(all)
	return all
}

// TestCoverage: after a mutation that failed in the middle, was refused, or went well, there
// are its change and its events, or neither.
func TestCoverage(t *testing.T) {
	t.Parallel()
	for _, field := range gql.NewExecutableSchema(gql.Config{}).Schema().Mutation.Fields {
		t.Run(field.Name, func(t *testing.T) {
			t.Parallel()
			c, ok := coverage[field.Name]
			if !ok {
				t.Fatal("the mutation has no row in coverage")
			}
			w := newWorld(t)
			all := w.populate()
			variables := func(input string) map[string]any {
				used := map[string]any{}
				for name, v := range all {
					if strings.Contains(input, "$"+name) {
						used[name] = v
					}
				}
				return used
			}
			own := c.records[len(c.records)-1]

			repair := w.sabotage(own)
			before, done := w.dump(), w.types(event.Succeeded)
			r := w.do(document(field.Name, c.input), variables(c.input))
			if len(r.Errors) == 0 || len(r.Extensions.Committed) > 0 {
				t.Errorf("in the middle: %s %+v", r.Data, r)
			}
			if diff := cmp.Diff(before, w.dump()); diff != "" {
				t.Errorf("what failed in the middle has changed (-before, +after):\n%s", diff)
			}
			if diff := cmp.Diff(done, w.types(event.Succeeded)); diff != "" {
				t.Errorf("what failed in the middle is recorded as done:\n%s", diff)
			}
			repair()

			input, refused := c.input, variables(c.input)
			for name, v := range c.bad {
				if name == "input" {
					input = v.(string)
					refused = variables(input)
				} else if text, ok := v.(string); ok && strings.HasPrefix(text, "$") {
					refused[name] = all[text[1:]]
				} else {
					refused[name] = v
				}
			}
			before, attempts := w.dump(), len(w.events(event.Failed, event.Denied))
			r = w.do(document(field.Name, input), refused)
			if len(r.Errors) != 1 || r.Errors[0].Extensions.Reason != c.reason {
				t.Errorf("refused: %+v, want %s", r.Errors, c.reason)
			}
			if diff := cmp.Diff(before, w.dump()); diff != "" {
				t.Errorf("what was refused has changed (-before, +after):\n%s", diff)
			}
			if rows := w.events(event.Failed, event.Denied); len(rows) != attempts+1 || string(rows[0].Type) != own {
				t.Errorf("the refused call left %d attempts", len(rows)-attempts)
			}

			done = w.types(event.Succeeded)
			r = w.do(document(field.Name, c.input), variables(c.input))
			if len(r.Errors) > 0 {
				t.Fatalf("went not well: %+v", r.Errors)
			}
			if diff := cmp.Diff(append(done, c.records...), w.types(event.Succeeded)); diff != "" {
				t.Errorf("events (-want, +got):\n%s", diff)
			}
			if field.Name != "resetAccountLockout" && before == w.dump() {
				t.Error("the good call changed nothing")
			}
			for _, row := range w.events(event.Succeeded)[:len(c.records)] {
				if context, err := row.Context(); err != nil || row.ActorID != w.kid || row.User.IsZero() || context.TriggeredBy != string(event.ViaAdminAPI) {
					t.Errorf("%s is by %s about %s: %v", row.Type, row.ActorID, row.User, err)
				}
			}
		})
	}
	if n := len(gql.NewExecutableSchema(gql.Config{}).Schema().Mutation.Fields); n != len(coverage) {
		t.Errorf("%d mutations and %d rows", n, len(coverage))
	}
}

// TestTwoAdministrators: both changes happen and are on the record, whoever was first.
func TestTwoAdministrators(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.create("kim@shop.example")
	documents := []string{
		`mutation($id: ID!) { updateUser(input: {userID: $id, customAttributes: "{\"hobby\":\"chess\"}"}) { user { id } } }`,
		`mutation($id: ID!) { setDisabledStatus(input: {userID: $id, isDisabled: true, reason: "chargeback"}) { user { id } } }`,
	}
	answers := make(chan response)
	for _, query := range documents {
		go func() { answers <- w.do(query, map[string]any{"id": id}) }()
	}
	for range documents {
		if r := <-answers; len(r.Errors) > 0 {
			t.Error(r.Errors)
		}
	}
	var found struct{ Node map[string]any }
	w.get(&found, `query($id: ID!) { node(id: $id) { ... on User { disableReason customAttributes } } }`, map[string]any{"id": id})
	want := map[string]any{"disableReason": "chargeback", "customAttributes": map[string]any{"hobby": "chess"}}
	if diff := cmp.Diff(want, found.Node); diff != "" {
		t.Errorf("one change is lost (-want, +got):\n%s", diff)
	}
	for _, name := range []string{mutation + "update_user.executed", mutation + "set_disabled_status.executed"} {
		if !slices.Contains(w.types(event.Succeeded), name) {
			t.Errorf("%s is not recorded", name)
		}
	}
	// Of two passwords at once one wins, and the other is told.
	for range 2 {
		go func() {
			answers <- w.do(`mutation($id: ID!) { resetPassword(input: {userID: $id}) { user { id } } }`, map[string]any{"id": id})
		}()
	}
	ok := 0
	for range 2 {
		switch r := <-answers; {
		case len(r.Errors) == 0:
			ok++
		case r.Errors[0].Extensions.ErrorName != "DataRace":
			t.Error(r.Errors)
		}
	}
	if ok == 0 {
		t.Error("neither password was set")
	}
	if n := slices.DeleteFunc(w.types(), func(name string) bool { return name != mutation+"reset_password.executed" }); len(n) != 2 {
		t.Errorf("%d resets are on the record, of two", len(n))
	}
}
