package directory_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sealog/sealog/internal/directory"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/storetest"
)

func TestCreate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	from, until := time.Now().Add(-day), time.Now().Add(day)
	u := w.createWith(directory.CreateInput{
		LoginID: directory.LoginID{Key: "email", Value: " Jane@EXAMPLE.org "}, Password: ptr("correct horse"),
		SendPassword: true, SetPasswordExpired: true, AccountValidFrom: &from, AccountValidUntil: &until,
	})
	rows := w.expect(0, u.ID, "user.created succeeded", "admin_api.mutation.create_user.executed succeeded")
	snapshot := w.payload(rows[1], "user")
	if diff := cmp.Diff(w.payload(rows[0], "user"), snapshot); diff != "" {
		t.Errorf("the two events differ:\n%s", diff)
	}
	if snapshot["id"] != u.ID.String() || snapshot["can_reauthenticate"] != true || snapshot["is_disabled"] != false {
		t.Errorf("snapshot: %v", snapshot)
	}
	attributes := snapshot["standard_attributes"].(map[string]any)
	if attributes["email"] != "jane@example.org" || attributes["email_verified"] != false || attributes["updated_at"] == nil {
		t.Errorf("attributes: %v", attributes)
	}
	identities, err := w.s.IdentitiesOf(t.Context(), "acme", []event.ID{u.ID})
	if err != nil || len(identities[u.ID]) != 1 {
		t.Fatal(identities, err)
	}
	want := `{"email":"jane@example.org","https://authgear.com/claims/login_id/key":"email",` +
		`"https://authgear.com/claims/login_id/original_value":"Jane@EXAMPLE.org",` +
		`"https://authgear.com/claims/login_id/type":"email","https://authgear.com/claims/login_id/value":"jane@example.org"}`
	if got := string(identities[u.ID][0].Claims()); got != want {
		t.Errorf("claims are %s", got)
	}
	authenticators, err := w.s.AuthenticatorsOf(t.Context(), "acme", []event.ID{u.ID})
	if err != nil || len(authenticators[u.ID]) != 1 || authenticators[u.ID][0].ExpireAfter == nil {
		t.Fatal(authenticators, err)
	}
	if o := authenticators[u.ID][0].Object(); o.Type != "password" || o.Kind != "primary" {
		t.Errorf("authenticator: %+v", o)
	}
	if diff := cmp.Diff(w.get(u.ID), u); diff != "" {
		t.Errorf("what is returned is not what is stored:\n%s", diff)
	}
	mails := w.mails()
	if len(mails) != 1 || mails[0].Kind != "send-password-to-new-user" || mails[0].Recipient != "jane@example.org" ||
		!strings.Contains(mails[0].Text, "correct horse") || mails[0].UserID != u.ID || mails[0].By.Actor.ID != "kid-1" {
		t.Errorf("mails: %+v", mails)
	}
	w.absent("correct horse")
	w.absent("argon2id")
}

func TestCreateWithoutAndWithGeneratedPassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.p.Config.Password.SymbolRequired, w.p.Config.Password.DigitRequired = true, true
	plain := w.createWith(directory.CreateInput{LoginID: directory.LoginID{Key: "username", Value: "Jane"}, SendPassword: true})
	if plain.HasPassword || len(w.mails()) != 0 {
		t.Errorf("a user without a password has one: %+v", plain)
	}
	w.createWith(directory.CreateInput{
		LoginID: directory.LoginID{Key: "email", Value: "a@example.org"}, Password: ptr(""), SendPassword: true,
	})
	_, password, _ := strings.Cut(w.mails()[0].Text, "Your password is: ")
	password = strings.TrimSpace(password)
	if len(password) != 20 || !strings.ContainsAny(password, "0123456789") || !strings.ContainsAny(password, "!#$%*+-=?@_") {
		t.Errorf("generated %q", password)
	}
	w.absent(password)
	w.p.Config.Password.MinLength = 5000
	_, err := w.s.Create(t.Context(), by, w.p, directory.CreateInput{
		LoginID: directory.LoginID{Key: "username", Value: "joe"}, Password: ptr(""),
	})
	refused(t, err, "PasswordGenerateError", fault.Internal, "")
}

func TestCreateRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create("email", "taken@example.org")
	now := time.Now()
	email := directory.LoginID{Key: "email", Value: "new@example.org"}
	validation := func(kind, details string) string {
		return `{"causes":[{"location":"/login_id","kind":"` + kind + `","details":{` + details + `}}]}`
	}
	cases := []struct {
		name       string
		in         directory.CreateInput
		code, info string
	}{
		{"no key", directory.CreateInput{LoginID: directory.LoginID{Value: "a"}}, "Invalid", ""},
		{"no value", directory.CreateInput{LoginID: directory.LoginID{Key: "email"}}, "Invalid", ""},
		{"unknown key", directory.CreateInput{LoginID: directory.LoginID{Key: "badge", Value: "1"}}, "InvariantViolated", `{"cause":{"kind":"InvalidLoginIDKey"}}`},
		{
			"taken", directory.CreateInput{LoginID: directory.LoginID{Key: "email", Value: "TAKEN@example.ORG"}}, "InvariantViolated",
			`{"cause":{"kind":"DuplicatedIdentity"},"IdentityTypeIncoming":"login_id","IdentityTypeExisting":"login_id","LoginIDTypeIncoming":"email","LoginIDTypeExisting":"email"}`,
		},
		{"no email", directory.CreateInput{LoginID: directory.LoginID{Key: "email", Value: "jane"}}, "ValidationFailed", validation("format", `"format":"email"`)},
		{"no phone", directory.CreateInput{LoginID: directory.LoginID{Key: "phone", Value: "12"}}, "ValidationFailed", validation("format", `"format":"phone"`)},
		{"no username", directory.CreateInput{LoginID: directory.LoginID{Key: "username", Value: "a b"}}, "ValidationFailed", validation("format", `"format":"username"`)},
		{"too long", directory.CreateInput{LoginID: directory.LoginID{Key: "username", Value: strings.Repeat("a", 41)}}, "ValidationFailed", validation("maxLength", `"expected":40,"actual":41`)},
		{"far too long", directory.CreateInput{LoginID: directory.LoginID{Key: "username", Value: strings.Repeat("a", 4100)}}, "ValidationFailed", validation("maxLength", `"expected":1000,"actual":4100`)},
		{"NUL", directory.CreateInput{LoginID: directory.LoginID{Key: "username", Value: "a\x00"}}, "ValidationFailed", validation("format", `"format":"text"`)},
		{"no UTF-8", directory.CreateInput{LoginID: directory.LoginID{Key: "username", Value: "a\xff"}}, "ValidationFailed", validation("format", `"format":"text"`)},
		{"weak password", directory.CreateInput{LoginID: email, Password: ptr("abc")}, "PasswordPolicyViolated", `{"causes":[{"Name":"PasswordTooShort","Info":{"min_length":8,"pw_length":3}}]}`},
		{"no target", directory.CreateInput{LoginID: directory.LoginID{Key: "username", Value: "joe"}, Password: ptr(""), SendPassword: true}, "SendPasswordNoTarget", ""},
		{"period", directory.CreateInput{LoginID: email, AccountValidFrom: &now, AccountValidUntil: &now}, "InvalidAccountStatusTransition", `{"cause":{"kind":"AccountValidFromShouldBeBeforeAccountValidUntil"}}`},
		{"year", directory.CreateInput{LoginID: email, AccountValidUntil: ptr(now.AddDate(9000, 0, 0))}, "ValidationFailed", `{"causes":[{"location":"/accountValidUntil","kind":"format","details":{"format":"date-time"}}]}`},
	}
	for _, c := range cases {
		before := len(w.events())
		_, err := w.s.Create(t.Context(), by, w.p, c.in)
		kind := fault.Invalid
		t.Run(c.name, func(t *testing.T) { refused(t, err, c.code, kind, c.info) })
		w.expect(before, event.ID{}, "admin_api.mutation.create_user.executed failed")
	}
	if n := w.count(`SELECT count(*) FROM users WHERE project_id = $1`, "acme"); n != 1 {
		t.Errorf("%d users", n)
	}
	if n := w.count(`SELECT count(*) FROM identities WHERE project_id = $1`, "acme"); n != 1 {
		t.Errorf("%d identities", n)
	}
	if n := w.count(`SELECT count(*) FROM outbox WHERE project_id = $1`, "acme"); n != 0 {
		t.Errorf("%d mails", n)
	}
}

// A duplicate is found after the user's row and before the mail: neither may stay.
func TestDuplicateLeavesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := directory.CreateInput{LoginID: directory.LoginID{Key: "email", Value: "a@example.org"}, Password: ptr("correct horse"), SendPassword: true}
	w.createWith(in)
	if _, err := w.s.Create(t.Context(), by, w.p, in); err == nil {
		t.Fatal("created twice")
	}
	for _, table := range []string{"users", "identities", "authenticators", "outbox"} {
		if n := w.count(`SELECT count(*) FROM ` + table); n != 1 {
			t.Errorf("%d rows in %s", n, table)
		}
	}
}

func TestOneEmailOneUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const n = 8
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			value := []string{"same@example.org", "SAME@example.org"}[i%2]
			_, errs[i] = w.s.Create(t.Context(), by, w.p, directory.CreateInput{LoginID: directory.LoginID{Key: "email", Value: value}})
		})
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		refused(t, err, "InvariantViolated", fault.Invalid,
			`{"cause":{"kind":"DuplicatedIdentity"},"IdentityTypeIncoming":"login_id","IdentityTypeExisting":"login_id","LoginIDTypeIncoming":"email","LoginIDTypeExisting":"email"}`)
	}
	counts := map[string]int{}
	for _, r := range w.events() {
		counts[r.Type+" "+event.Outcome(r.Outcome).String()]++
	}
	want := map[string]int{
		"user.created succeeded": 1, "admin_api.mutation.create_user.executed succeeded": 1,
		"admin_api.mutation.create_user.executed failed": n - 1,
	}
	if diff := cmp.Diff(want, counts); won != 1 || diff != "" {
		t.Errorf("%d won; events (-want +got):\n%s", won, diff)
	}
	if users := w.count(`SELECT count(*) FROM users`); users != 1 {
		t.Errorf("%d users", users)
	}
}

func TestTwoProjectsShareNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.create("email", "a@example.org")
	storetest.Project(t, w.db, "other")
	p, err := project.New(w.db, project.Settings{PublicURL: storetest.PublicURL()}).Get(t.Context(), "other")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.s.Create(t.Context(), by, p, directory.CreateInput{LoginID: directory.LoginID{Key: "email", Value: "a@example.org"}}); err != nil {
		t.Errorf("the same address in another project: %v", err)
	}
	_, err = w.s.Get(t.Context(), "other", u.ID)
	refused(t, err, "UserNotFound", fault.NotFound, "")
	_, err = w.s.Delete(t.Context(), by, p, u.ID, "")
	refused(t, err, "UserNotFound", fault.NotFound, "")
}
