package adminapi_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sealog/sealog/internal/adminapi/model"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
)

// exec changes the database behind Sealog's back.
func (w *world) exec(statement string, args ...any) {
	w.t.Helper()
	_, err := store.Record(w.t.Context(), w.db, storetest.Operator(), event.InProject("acme"),
		func(ctx context.Context, tx *store.Tx) (event.ProjectAppCreated, error) {
			_, err := tx.Exec(ctx, statement, args...)
			return event.ProjectAppCreated{Name: "acme"}, err
		})
	if err != nil {
		w.t.Fatal(err)
	}
}

func TestMutations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var created struct {
		CreateUser struct{ User map[string]any }
	}
	w.get(&created, `mutation { createUser(input: {
		definition: {loginID: {key: "email", value: "Kim@Shop.Example"}}, password: "a long password", setPasswordExpired: true
		accountValidUntil: "2099-01-01T00:00:00.120Z" }) { user { ...u } } }`+userFragment, nil)
	user := created.CreateUser.User
	id := user["id"].(string)
	if user["endUserAccountID"] != "kim@shop.example" || user["isDisabled"] != false || user["accountValidUntil"] != "2099-01-01T00:00:00.12Z" ||
		user["formattedName"] != nil || user["__typename"] != "User" {
		t.Errorf("created %v", user)
	}
	password := user["primaryPassword"].(map[string]any)
	if password["type"] != "PASSWORD" || password["kind"] != "PRIMARY" || password["expireAfter"] == nil || password["isDefault"] != true {
		t.Errorf("password: %v", password)
	}
	identity := user["loginIDs"].([]any)[0].(map[string]any)
	if identity["type"] != "LOGIN_ID" || identity["claims"].(map[string]any)["email"] != "kim@shop.example" {
		t.Errorf("identity: %v", identity)
	}
	var updated struct{ UpdateUser struct{ User map[string]any } }
	w.get(&updated, `mutation($id: ID!, $s: UserStandardAttributes, $c: UserCustomAttributes) {
		updateUser(input: {userID: $id, standardAttributes: $s, customAttributes: $c}) { user { formattedName standardAttributes customAttributes } } }`,
		map[string]any{"id": id, "s": map[string]any{"given_name": "Kim", "family_name": "Lee"}, "c": nil})
	if u := updated.UpdateUser.User; u["formattedName"] != "Kim Lee" || u["standardAttributes"].(map[string]any)["email"] != "kim@shop.example" {
		t.Errorf("updated %v", u)
	}
	for _, literal := range []string{`"{\"name\":\"Kim L.\"}"`, `{name: "Kim L."}`} {
		w.get(&updated, `mutation($id: ID!) { updateUser(input: {userID: $id, standardAttributes: `+literal+`}) { user { formattedName } } }`, map[string]any{"id": id})
		if updated.UpdateUser.User["formattedName"] != "Kim L." {
			t.Errorf("%s: %v", literal, updated)
		}
	}
	var disabled struct {
		SetDisabledStatus struct{ User map[string]any }
	}
	w.get(&disabled, `mutation($id: ID!) { setDisabledStatus(input: {userID: $id, isDisabled: true, reason: "chargeback"}) {
		user { isDisabled disableReason } } }`, map[string]any{"id": id})
	if diff := cmp.Diff(map[string]any{"isDisabled": true, "disableReason": "chargeback"}, disabled.SetDisabledStatus.User); diff != "" {
		t.Error(diff)
	}
	r := w.do(`mutation($id: ID!) {
		a: setDisabledStatus(input: {userID: $id, isDisabled: false}) { user { isDisabled } }
		b: resetPassword(input: {userID: $id, password: "another long one"}) { user { primaryPassword { expireAfter } } }
		c: deleteUser(input: {userID: $id, reason: "asked"}) { deletedUserID } }`, map[string]any{"id": id})
	want := `{"a":{"user":{"isDisabled":false}},"b":{"user":{"primaryPassword":{"expireAfter":null}}},"c":{"deletedUserID":"` + id + `"}}`
	if string(r.Data) != want || len(r.Errors) > 0 || !slices.Equal(r.Extensions.Committed, []string{"a", "b", "c"}) {
		t.Errorf("%s %+v", r.Data, r)
	}
	if got := w.attempts(); len(got) > 0 {
		t.Errorf("attempts: %v", got)
	}
	var types []string
	for _, row := range w.events(event.Succeeded) {
		types = append(types, string(row.Type))
	}
	for _, kind := range []string{"create_user", "update_user", "set_disabled_status", "reset_password", "delete_user"} {
		if !slices.Contains(types, "admin_api.mutation."+kind+".executed") {
			t.Errorf("%s left no event", kind)
		}
	}
}

func TestMutationErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	kim := w.create("kim@shop.example")
	anonymized := w.create("gone@shop.example")
	_, raw, _ := model.ParseGlobalID(anonymized)
	w.exec(`UPDATE users SET is_anonymized = TRUE WHERE project_id = $1 AND id = $2`, "acme", raw)
	nobody := model.GlobalID(model.TypeUser, event.NewID())
	create := func(input string) string { return `mutation { createUser(input: {` + input + `}) { user { id } } }` }
	login := func(key, value string) string {
		return `definition: {loginID: {key: "` + key + `", value: "` + value + `"}}`
	}
	disable := func(id, input string) string {
		return `mutation { setDisabledStatus(input: {userID: "` + id + `", ` + input + `}) { user { id } } }`
	}
	reset := func(id, input string) string {
		return `mutation { resetPassword(input: {userID: "` + id + `"` + input + `}) { user { id } } }`
	}
	updateUser := func(id, input string) string {
		return `mutation { updateUser(input: {userID: "` + id + `"` + input + `}) { user { id } } }`
	}
	remove := func(id, input string) string {
		return `mutation { deleteUser(input: {userID: "` + id + `"` + input + `}) { deletedUserID } }`
	}
	for _, c := range []struct{ name, document, errorName, reason, info string }{
		{"no member", create(`definition: {}`), "Invalid", "Invalid", ""},
		{"no value", create(login("email", "")), "Invalid", "Invalid", ""},
		{"unknown key", create(login("fax", "1")), "Invalid", "InvariantViolated", `"kind":"InvalidLoginIDKey"`},
		{"no address", create(login("email", "x")), "Invalid", "ValidationFailed", `"location":"/login_id"`},
		{"taken", create(login("email", "KIM@shop.example")), "Invalid", "InvariantViolated", `"kind":"DuplicatedIdentity"`},
		{"weak password", create(login("username", "lee") + ` password: "x"`), "Invalid", "PasswordPolicyViolated", `"Name":"PasswordTooShort"`},
		{"nowhere to send", create(login("username", "lee") + ` password: "a long password" sendPassword: true`), "Invalid", "SendPasswordNoTarget", ""},
		{"period", create(login("username", "lee") + ` accountValidFrom: "2030-01-01T00:00:00Z" accountValidUntil: "2029-01-01T00:00:00Z"`),
			"Invalid", "InvalidAccountStatusTransition", "AccountValidFromShouldBeBeforeAccountValidUntil"},
		{"date", create(login("username", "lee") + ` accountValidFrom: "tomorrow"`), "BadRequest", "InvalidArgument", ""},
		{"wrongly padded id", disable(kim+"==", `isDisabled: true`), "Invalid", "Invalid", ""},
		{"id of an event", disable(model.GlobalID(model.TypeAuditLog, event.NewID()), `isDisabled: true`), "Invalid", "Invalid", ""},
		{"nobody to disable", disable(nobody, `isDisabled: true`), "NotFound", "UserNotFound", ""},
		{"not disabled", disable(kim, `isDisabled: false`), "Invalid", "InvalidAccountStatusTransition", `"from":"normal","to":"normal"`},
		{"no end", disable(kim, `isDisabled: true temporarilyDisabledFrom: "2030-01-01T00:00:00Z"`), "Invalid", "InvalidAccountStatusTransition", "MissingUntil"},
		{"no begin", disable(kim, `isDisabled: true temporarilyDisabledUntil: "2030-01-01T00:00:00Z"`), "Invalid", "InvalidAccountStatusTransition", "MissingFrom"},
		{"backwards", disable(kim, `isDisabled: true temporarilyDisabledFrom: "2031-01-01T00:00:00Z" temporarilyDisabledUntil: "2030-01-01T00:00:00Z"`),
			"Invalid", "InvalidAccountStatusTransition", "TemporarilyDisabledFromShouldBeBefore"},
		{"long reason", disable(kim, `isDisabled: true reason: "`+strings.Repeat("x", 1001)+`"`), "Invalid", "ValidationFailed", `"kind":"maxLength"`},
		{"anonymized", disable(anonymized, `isDisabled: true`), "Invalid", "InvalidAccountStatusTransition", `"from":"anonymized"`},
		{"reset nobody", reset(nobody, ""), "NotFound", "UserNotFound", ""},
		{"reset bad id", reset("x", ""), "Invalid", "Invalid", ""},
		{"reset weak", reset(kim, ` password: "x"`), "Invalid", "PasswordPolicyViolated", `"causes":[`},
		{"reset anonymized", reset(anonymized, ""), "Invalid", "UserIsAnonymized", ""},
		{"update nobody", updateUser(nobody, ` standardAttributes: {name: "x"}`), "NotFound", "UserNotFound", ""},
		{"update bad id", updateUser("x", ""), "Invalid", "Invalid", ""},
		{"update anonymized", updateUser(anonymized, ` standardAttributes: {name: "x"}`), "Invalid", "UserIsAnonymized", ""},
		{"no such attribute", updateUser(kim, ` standardAttributes: {shoe_size: "x"}`), "Invalid", "ValidationFailed", `"location":"/shoe_size"`},
		{"somebody else's address", updateUser(kim, ` standardAttributes: {email: "lee@shop.example"}`), "Invalid", "ValidationFailed", `"/email"`},
		{"attributes no object", updateUser(kim, ` standardAttributes: "[]"`), "BadRequest", "InvalidArgument", ""},
		{"attributes no JSON", updateUser(kim, ` customAttributes: "{"`), "BadRequest", "InvalidArgument", ""},
		{"delete nobody", remove(nobody, ""), "NotFound", "UserNotFound", ""},
		{"delete bad id", remove("x", ""), "Invalid", "Invalid", ""},
		{"delete long reason", remove(kim, ` reason: "`+strings.Repeat("x", 1001)+`"`), "Invalid", "ValidationFailed", ""},
	} {
		before := len(w.attempts())
		r := w.do(c.document, nil)
		if len(r.Errors) != 1 || string(r.Data) != "null" || len(r.Extensions.Committed) > 0 {
			t.Errorf("%s: %s %+v", c.name, r.Data, r.Errors)
			continue
		}
		e := r.Errors[0]
		if e.Extensions.ErrorName != c.errorName || e.Extensions.Reason != c.reason || !strings.Contains(string(e.Extensions.Info), c.info) ||
			(c.info == "" && e.Extensions.Info != nil && c.reason == "Invalid") {
			t.Errorf("%s: %+v %s", c.name, e, e.Extensions.Info)
		}
		if len(e.Path) != 1 || len(e.Locations) != 1 || e.Message == "" {
			t.Errorf("%s: at %v, %v: %q", c.name, e.Path, e.Locations, e.Message)
		}
		attempts := w.attempts()
		mutation := strings.Fields(c.document)[2]
		mutation = mutation[:strings.Index(mutation, "(")]
		for _, upper := range "USPD" {
			mutation = strings.ReplaceAll(mutation, string(upper), "_"+strings.ToLower(string(upper)))
		}
		if want := "admin_api.mutation." + mutation + ".executed failed " + c.reason + " key"; len(attempts) != before+1 || attempts[0] != want {
			t.Errorf("%s: left %d events, the last %q, want %q", c.name, len(attempts)-before, attempts[0], want)
		}
	}
	// Where the input is at fault, the answer says which.
	for document, field := range map[string]string{
		create(login("username", "lee") + ` accountValidFrom: "tomorrow"`): "accountValidFrom",
		updateUser(kim, ` standardAttributes: "[]"`):                       "standardAttributes",
		remove("x", ""):          "userID",
		create(`definition: {}`): "definition",
	} {
		if e := w.do(document, nil).Errors[0]; e.Extensions.Field != field {
			t.Errorf("%s: field %q", document, e.Extensions.Field)
		}
	}
	if got := w.do(remove("x", ""), nil).Errors[0].Message; got != "invalid user ID" {
		t.Errorf("message %q", got)
	}
}

func TestCommitted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	kim := w.create("kim@shop.example")
	nobody := model.GlobalID(model.TypeUser, event.NewID())
	for name, bad := range map[string]string{"unknown": nobody, "malformed": "x"} {
		before := len(w.attempts())
		r := w.do(`mutation($kim: ID!, $bad: ID!) {
			...f
			second: deleteUser(input: {userID: $bad}) { deletedUserID }
			third: deleteUser(input: {userID: $kim}) { deletedUserID }
			fourth: deleteUser(input: {userID: $kim}) { deletedUserID }
		}
		fragment f on Mutation { first: updateUser(input: {userID: $kim, standardAttributes: "{\"name\":\"Kim\"}"}) { user { id } } }`,
			map[string]any{"kim": kim, "bad": bad})
		if string(r.Data) != "null" || !slices.Equal(r.Extensions.Committed, []string{"first"}) || len(r.Errors) != 3 {
			t.Fatalf("%s: %s %+v", name, r.Data, r)
		}
		for i, want := range []string{"second ", "third NotExecuted", "fourth NotExecuted"} {
			e := r.Errors[i]
			if got := e.Path[0].(string) + " " + e.Extensions.Reason; !strings.HasPrefix(got, want) || len(e.Locations) != 1 {
				t.Errorf("%s: error %d is %s at %v", name, i, got, e.Locations)
			}
		}
		if left := len(w.attempts()) - before; left != 1 {
			t.Errorf("%s: left %d attempts", name, left)
		}
	}
	var data struct {
		Node struct{ FormattedName string }
	}
	w.get(&data, `query($id: ID!) { node(id: $id) { ... on User { formattedName } } }`, map[string]any{"id": kim})
	if data.Node.FormattedName != "Kim" {
		t.Error("what was committed is not there, or what was not executed was")
	}
	// Without a mutation there is nothing to say.
	if body := w.post(`{"query":"{__typename}"}`).Body.String(); strings.Contains(body, "committed") {
		t.Error(body)
	}
}

func TestInternalErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	kim := w.create("kim@shop.example")
	_, raw, _ := model.ParseGlobalID(kim)
	w.exec(`UPDATE users SET standard_attributes = '"secret"' WHERE project_id = $1 AND id = $2`, "acme", raw)
	r := w.do(`{ users { edges { node { id formattedName } } } }`, nil)
	if len(r.Errors) != 1 {
		t.Fatalf("%s %+v", r.Data, r)
	}
	e := r.Errors[0]
	if e.Message != "unexpected error" || e.Extensions.ErrorName != "InternalError" || e.Extensions.Reason != "UnexpectedError" || e.Extensions.RequestID == "" {
		t.Errorf("%+v", e)
	}
	if n := strings.Count(w.logged.String(), e.Extensions.RequestID); n != 1 {
		t.Errorf("logged %d times: %s", n, w.logged)
	}
	var data json.RawMessage
	if err := json.Unmarshal(r.Data, &data); err != nil || !strings.Contains(string(data), kim) {
		t.Errorf("one field takes the others with it: %s", data)
	}
}
