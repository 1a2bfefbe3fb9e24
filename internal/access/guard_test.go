package access_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/limit"
	"github.com/sealog/sealog/internal/message"
)

// TestGuessedCodes: whoever has the password guesses codes from as many addresses as they like, with
// as many sign-ins. After ten in an hour none is looked at, the owner is told once, and it is over
// an hour after the first.
func TestGuessedCodes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	account := w.account(t, "ops@acme.example")
	secret, codes := w.withTOTP(t, "ops@acme.example")
	begun := w.now
	guess := func(i int, code string) error {
		t.Helper()
		from := request
		from.IP = fmt.Sprintf("198.51.100.%d", i)
		_, challenge, err := w.access.SignIn(t.Context(), from, "ops@acme.example", password)
		wantCode(t, err, "SecondFactorRequired")
		_, _, err = w.access.SignInWithCode(t.Context(), from, challenge, code)
		return err
	}
	for i := range limit.CodesOfAccount.Most {
		wantCode(t, guess(i, "000000"), "CodeWrong")
	}
	w.now = w.now.Add(time.Minute)
	wantCode(t, guess(50, "000000"), "TooManyCodes")
	wantCode(t, guess(51, w.code(t, secret)), "TooManyCodes") // a right one is not looked at
	wantCode(t, guess(52, codes[0]), "TooManyCodes")
	got := strings.Join(w.types(t, event.PortalProject), ", ")
	if strings.Count(got, "account.codes_exhausted succeeded") != 1 {
		t.Errorf("the log has %s", got)
	}
	entries, err := message.New(w.db).List(t.Context(), event.PortalProject, "", event.ID{}, 10)
	if err != nil || len(entries) != 1 || entries[0].Kind != message.KindCodesWrong || !entries[0].ForPortal() {
		t.Fatalf("mails: %+v, %v", entries, err)
	}
	mail, err := message.Open(t.Context(), w.db, w.db, event.PortalProject, entries[0].ID)
	if err != nil || mail.Recipient != account.Email || !strings.Contains(mail.Text, "set a new one at once") {
		t.Errorf("the mail: %+v, %v", mail, err)
	}
	w.now = begun.Add(time.Hour + 2*time.Minute)
	if err := guess(60, w.code(t, secret)); err != nil {
		t.Errorf("an hour later: %v", err)
	}
	// A right code gives all of them back.
	w.now = w.now.Add(time.Minute)
	for i := range limit.CodesOfAccount.Most {
		wantCode(t, guess(100+i, "000000"), "CodeWrong")
	}
}

// TestAPendingSignInEndsWithItsPassword: whoever has shown a password and not yet the second factor
// gets no further when the password, the second factor or the account has changed.
func TestAPendingSignInEndsWithItsPassword(t *testing.T) {
	t.Parallel()
	const other = "another long password"
	for name, change := range map[string]func(*testing.T, *world, access.Session){
		"changed": func(t *testing.T, w *world, s access.Session) {
			if _, _, err := w.access.ChangePassword(t.Context(), request, s, password, other); err != nil {
				t.Fatal(err)
			}
		},
		"reset": func(t *testing.T, w *world, s access.Session) {
			link, err := w.access.NewResetLink(t.Context(), access.ByOperator("test"), s.Account)
			if err != nil {
				t.Fatal(err)
			}
			_, token, _ := strings.Cut(link, "token=")
			if err := w.access.ResetPassword(t.Context(), request, token, other); err != nil {
				t.Fatal(err)
			}
		},
		"disabled": func(t *testing.T, w *world, s access.Session) {
			if err := w.access.Disable(t.Context(), access.ByOperator("test"), s.Account); err != nil {
				t.Fatal(err)
			}
		},
		"sessions ended": func(t *testing.T, w *world, s access.Session) {
			if n, err := w.access.EndSessions(t.Context(), access.ByOperator("test"), s.Account); err != nil || n == 0 {
				t.Fatal(n, err)
			}
		},
		"second factor replaced": func(t *testing.T, w *world, s access.Session) {
			if err := w.access.RemoveTOTPByOperator(t.Context(), access.ByOperator("test"), s.Account); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.account(t, "ops@acme.example")
			session, _ := w.signIn(t, "ops@acme.example")
			secret, _ := w.withTOTP(t, "ops@acme.example")
			w.now = w.now.Add(time.Minute)
			challenge := w.challenge(t, "ops@acme.example")
			change(t, w, session)
			_, _, err := w.access.SignInWithCode(t.Context(), request, challenge, w.code(t, secret))
			wantCode(t, err, "ChallengeInvalid")
		})
	}
}

// TestASessionOfTheOldPassword: a session that ended between its request and the change makes no token,
// and what was proven by a password that has changed since opens nothing.
func TestASessionOfTheOldPassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.account(t, "ops@acme.example")
	session, _ := w.signIn(t, "ops@acme.example")
	if _, _, err := w.access.ChangePassword(t.Context(), request, session, password, "another long password"); err != nil {
		t.Fatal(err)
	}
	// The session is as a request had it that was let in just before.
	_, _, err := w.access.NewPersonalToken(t.Context(), request, session, "ci", access.ReadScope, 30)
	wantCode(t, err, "SessionInvalid")
	_, _, err = w.access.Confirm(t.Context(), request, session, password)
	wantCode(t, err, "SignInFailed")
	_, _, err = w.access.ChangePassword(t.Context(), request, session, password, "one more long password")
	wantCode(t, err, "SignInFailed")
}

func TestDisabledAccounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	account := w.account(t, "ops@acme.example")
	session, cookie := w.signIn(t, "ops@acme.example")
	token, _, err := w.access.NewPersonalToken(t.Context(), request, session, "ci", access.ReadScope, 30)
	if err != nil {
		t.Fatal(err)
	}
	by := access.ByOperator("test")
	wantCode(t, w.access.Enable(t.Context(), by, account), "AccountNotDisabled")
	if err := w.access.Disable(t.Context(), by, account); err != nil {
		t.Fatal(err)
	}
	wantCode(t, w.access.Disable(t.Context(), by, account), "AccountDisabled")
	_, err = w.access.SessionByToken(t.Context(), cookie)
	wantCode(t, err, "SessionInvalid")
	_, err = w.access.SessionByPersonalToken(t.Context(), request, token)
	wantCode(t, err, "SessionInvalid")
	_, _, err = w.access.SignIn(t.Context(), request, "ops@acme.example", password)
	wantCode(t, err, "SignInFailed") // as a wrong password
	if err := w.access.RequestPasswordReset(t.Context(), request, "ops@acme.example"); err != nil {
		t.Fatal(err)
	}
	if mails := w.links(t); len(mails) != 0 {
		t.Errorf("a link was sent: %v", mails)
	}
	disabled, err := w.access.AccountByEmail(t.Context(), "ops@acme.example")
	if err != nil || disabled.DisabledAt == nil {
		t.Fatal(disabled, err)
	}
	_, err = w.access.NewResetLink(t.Context(), by, disabled)
	wantCode(t, err, "AccountDisabled")
	if err := w.access.Enable(t.Context(), by, account); err != nil {
		t.Fatal(err)
	}
	w.signIn(t, "ops@acme.example")
	if all, err := w.access.Accounts(t.Context(), ""); err != nil || len(all) != 1 || all[0].DisabledAt != nil {
		t.Errorf("accounts: %+v, %v", all, err)
	}
	got := strings.Join(w.types(t, event.PortalProject), ", ")
	for _, want := range []string{"account.disabled succeeded", "account.disabled failed", "account.enabled succeeded", "account.enabled failed", "account.reset_link.created failed"} {
		if strings.Count(got, want) != 1 {
			t.Errorf("%s is not once in %s", want, got)
		}
	}
}
