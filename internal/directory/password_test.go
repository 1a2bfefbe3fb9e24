package directory_test

import (
	"github.com/sealog/sealog/internal/settings"
	"strings"
	"sync"
	"testing"

	"github.com/sealog/sealog/internal/directory"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/vault"
)

func TestPasswordPolicy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.create("username", "jane")
	all := settings.PasswordConfig{MinLength: 8, UppercaseRequired: true, LowercaseRequired: true, DigitRequired: true, SymbolRequired: true}
	for _, c := range []struct {
		password, info string
	}{
		{"Abcdef1!", ""},
		{"Äbcdé1 x", ""},
		{"ABCDEFGH", `{"causes":[{"Name":"PasswordLowercaseRequired"},{"Name":"PasswordDigitRequired"},{"Name":"PasswordSymbolRequired"}]}`},
		{"abc1!", `{"causes":[{"Name":"PasswordTooShort","Info":{"min_length":8,"pw_length":5}},{"Name":"PasswordUppercaseRequired"}]}`},
		{"Äé1!", `{"causes":[{"Name":"PasswordTooShort","Info":{"min_length":8,"pw_length":4}}]}`},
	} {
		w.p.Config.Password = all
		_, err := w.s.ResetPassword(t.Context(), by, w.p, u.ID, directory.ResetPasswordInput{Password: &c.password})
		if c.info == "" {
			if err != nil {
				t.Errorf("%q: %v", c.password, err)
			}
			continue
		}
		refused(t, err, "PasswordPolicyViolated", fault.Invalid, c.info)
		w.absent(c.password)
	}
	_, err := w.s.ResetPassword(t.Context(), by, w.p, u.ID, directory.ResetPasswordInput{Password: ptr(strings.Repeat("aA1!", 251))})
	refused(t, err, "ValidationFailed", fault.Invalid, `{"causes":[{"location":"/password","kind":"maxLength","details":{"expected":1000,"actual":1004}}]}`)
	_, err = w.s.ResetPassword(t.Context(), by, w.p, u.ID, directory.ResetPasswordInput{Password: ptr("aA1!aA1!\x00")})
	refused(t, err, "ValidationFailed", fault.Invalid, `{"causes":[{"location":"/password","kind":"format","details":{"format":"text"}}]}`)
}

// reset resets a password and returns the error.
func (w world) reset(id event.ID, password string) error {
	w.Helper()
	_, err := w.s.ResetPassword(w.Context(), by, w.p, id, directory.ResetPasswordInput{Password: &password})
	return err
}

const reused = `{"causes":[{"Name":"PasswordReused","Info":{"history_size":2,"history_days":0}}]}`

func TestPasswordHistory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.p.Config.Password.HistorySize = 2
	u := w.createWith(directory.CreateInput{LoginID: directory.LoginID{Key: "username", Value: "jane"}, Password: ptr("password 1")})
	for i, password := range []string{"password 2", "password 3", "password 4"} {
		if err := w.reset(u.ID, password); err != nil {
			t.Fatal(i, err)
		}
	}
	for _, password := range []string{"password 4", "password 3", "password 2"} {
		refused(t, w.reset(u.ID, password), "PasswordPolicyViolated", fault.Invalid, reused)
	}
	if n := w.count(`SELECT count(*) FROM password_history`); n != 2 {
		t.Errorf("%d former passwords are kept", n)
	}
	if err := w.reset(u.ID, "password 1"); err != nil {
		t.Errorf("a password older than the history: %v", err)
	}
	for _, r := range []string{"password 1", "password 4"} {
		w.absent(r)
	}
	w.p.Config.Password.HistorySize = 0
	hash := w.secret(u.ID)
	if err := w.reset(u.ID, "password 1"); err != nil {
		t.Errorf("no history, the same password: %v", err)
	}
	if w.secret(u.ID) != hash {
		t.Error("the same password was hashed anew")
	}
	if err := w.reset(u.ID, "password 4"); err != nil || w.secret(u.ID) == hash {
		t.Errorf("no history, a former password: %v", err)
	}
	if n := w.count(`SELECT count(*) FROM password_history`); n != 0 {
		t.Errorf("%d former passwords are kept though there is no history", n)
	}
}

func (w world) secret(user event.ID) string {
	w.Helper()
	s, err := store.Column[string](w.Context(), w.db, `
		SELECT secret FROM authenticators WHERE project_id = $1 AND user_id = $2 ORDER BY id`, "acme", user)
	if err != nil || len(s) != 1 {
		w.Fatal(s, err)
	}
	return s[0]
}

func TestResetPassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.create("email", "jane@example.org")
	before := len(w.events())
	got, err := w.s.ResetPassword(t.Context(), by, w.p, u.ID, directory.ResetPasswordInput{SendPassword: true, SetPasswordExpired: true})
	if err != nil || !got.HasPassword {
		t.Fatal(got, err)
	}
	rows := w.expect(before, u.ID, "admin_api.mutation.reset_password.executed succeeded")
	for key, want := range map[string]string{"password_generated": "true", "password_sent": "true", "password_expired": "true"} {
		if got, err := event.PayloadKey(rows[0].Disclosures, key); err != nil || string(got) != want {
			t.Errorf("%s is %s, %v", key, got, err)
		}
	}
	if user := w.payload(rows[0], "user"); user["can_reauthenticate"] != true {
		t.Errorf("snapshot: %v", user)
	}
	mails := w.mails()
	_, password, _ := strings.Cut(mails[0].Text, "Your password is: ")
	password = strings.TrimSpace(password)
	if len(mails) != 1 || mails[0].Kind != "send-password-to-existing-user" {
		t.Fatalf("mails: %+v", mails)
	}
	if ok, err := vault.NewPasswords().Matches(t.Context(), vault.Unknown, w.secret(u.ID), password); !ok || err != nil {
		t.Errorf("the password that was mailed is not the one that was set: %v", err)
	}
	w.absent(password)
	authenticators := func() []directory.Authenticator {
		a, err := w.s.AuthenticatorsOf(t.Context(), "acme", []event.ID{u.ID})
		if err != nil {
			t.Fatal(err)
		}
		return a[u.ID]
	}
	first := authenticators()
	if len(first) != 1 || first[0].ExpireAfter == nil {
		t.Errorf("authenticators: %+v", first)
	}
	if err := w.reset(u.ID, "another password"); err != nil {
		t.Fatal(err)
	}
	second := authenticators()
	if len(second) != 1 || second[0].ID != first[0].ID || second[0].ExpireAfter != nil {
		t.Errorf("not replaced in place: %+v", second)
	}
	// Several primary passwords become one.
	w.exec(`
		INSERT INTO authenticators (project_id, id, user_id, created_at, updated_at, type, kind, is_default, secret, target)
		SELECT project_id, $1, user_id, created_at, updated_at, type, kind, is_default, secret, target FROM authenticators WHERE user_id = $2`,
		event.NewID(), u.ID)
	if err := w.reset(u.ID, "a third password"); err != nil {
		t.Fatal(err)
	}
	if third := authenticators(); len(third) != 1 || third[0].ID == first[0].ID {
		t.Errorf("several passwords: %+v", third)
	}
}

func TestResetPasswordRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.create("username", "jane")
	nobody := event.NewID()
	before := len(w.events())
	refused(t, w.reset(nobody, "password 1"), "UserNotFound", fault.NotFound, "")
	w.expect(before, nobody, "admin_api.mutation.reset_password.executed failed")
	before = len(w.events())
	_, err := w.s.ResetPassword(t.Context(), by, w.p, u.ID, directory.ResetPasswordInput{SendPassword: true})
	refused(t, err, "SendPasswordNoTarget", fault.Invalid, "")
	w.exec(`UPDATE users SET is_anonymized = TRUE WHERE project_id = $1 AND id = $2`, "acme", u.ID)
	refused(t, w.reset(u.ID, "password 1"), "UserIsAnonymized", fault.Invalid, "")
	w.expect(before, u.ID, "admin_api.mutation.reset_password.executed failed", "admin_api.mutation.reset_password.executed failed")
	if n := w.count(`SELECT count(*) FROM authenticators`) + w.count(`SELECT count(*) FROM outbox`); n != 0 {
		t.Errorf("%d rows", n)
	}
}

// Whoever resets a password that was changed since it was compared is refused.
func TestResetPasswordAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.createWith(directory.CreateInput{LoginID: directory.LoginID{Key: "username", Value: "jane"}, Password: ptr("password 0")})
	before := len(w.events())
	const n = 4
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { errs[i] = w.reset(u.ID, "the same password") })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case fault.Is(err, "DataRace"):
			refused(t, err, "DataRace", fault.Conflict, "")
		default: // it came late and saw the new password
			refused(t, err, "PasswordPolicyViolated", fault.Invalid, strings.Replace(reused, ":2,", ":3,", 1))
		}
	}
	if won != 1 || len(w.events())-before != n {
		t.Errorf("%d won, %d events", won, len(w.events())-before)
	}
}
