package access_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
)

func (w *world) code(t *testing.T, secret string) string {
	t.Helper()
	code, err := totp.GenerateCode(secret, w.now)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// withTOTP gives an account a second factor and returns its seed and recovery codes.
func (w *world) withTOTP(t *testing.T, email string) (string, []string) {
	t.Helper()
	session, _ := w.signIn(t, email)
	setup, err := w.access.NewTOTP(session.Account)
	if err != nil || !strings.HasPrefix(setup.URI, "otpauth://totp/") || !strings.Contains(setup.URI, setup.Secret) {
		t.Fatalf("%+v, %v", setup, err)
	}
	codes, err := w.access.AddTOTP(t.Context(), request, session, setup.Sealed, w.code(t, setup.Secret))
	if err != nil || len(codes) != 10 {
		t.Fatalf("%d codes, %v", len(codes), err)
	}
	return setup.Secret, codes
}

func (w *world) challenge(t *testing.T, email string) string {
	t.Helper()
	session, challenge, err := w.access.SignIn(t.Context(), request, email, password)
	wantCode(t, err, "SecondFactorRequired")
	if !session.ID.IsZero() || challenge == "" {
		t.Fatalf("a session %s before the second factor", session.ID)
	}
	return challenge
}

func TestSecondFactor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.account(t, "ops@acme.example")
	session, _ := w.signIn(t, "ops@acme.example")
	other := w.account(t, "other@acme.example")
	foreign, err := w.access.NewTOTP(other)
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.access.AddTOTP(t.Context(), request, session, foreign.Sealed, w.code(t, foreign.Secret))
	wantCode(t, err, "SetupExpired") // another account's
	own, err := w.access.NewTOTP(session.Account)
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.access.AddTOTP(t.Context(), request, session, own.Sealed, "000000")
	wantCode(t, err, "CodeWrong")
	w.now = w.now.Add(time.Hour)
	_, err = w.access.AddTOTP(t.Context(), request, session, own.Sealed, w.code(t, own.Secret))
	wantCode(t, err, "SetupExpired")
	if has, _, err := w.access.HasTOTP(t.Context(), session.Account.ID); err != nil || has {
		t.Errorf("a second factor that nobody confirmed: %v", err)
	}

	secret, codes := w.withTOTP(t, "ops@acme.example")
	again, err := w.access.NewTOTP(session.Account)
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.access.AddTOTP(t.Context(), request, session, again.Sealed, w.code(t, again.Secret))
	wantCode(t, err, "SecondFactorExists")

	// The code that confirmed the seed is used up.
	challenge := w.challenge(t, "ops@acme.example")
	_, _, err = w.access.SignInWithCode(t.Context(), request, challenge, w.code(t, secret))
	wantCode(t, err, "CodeWrong")
	w.now = w.now.Add(time.Minute)
	signedIn, token, err := w.access.SignInWithCode(t.Context(), request, challenge, w.code(t, secret)[:3]+" "+w.code(t, secret)[3:])
	if err != nil {
		t.Fatal(err)
	}
	if found, err := w.access.SessionByToken(t.Context(), token); err != nil || found.ID != signedIn.ID {
		t.Errorf("session %s, %v", found.ID, err)
	}
	_, _, err = w.access.SignInWithCode(t.Context(), request, challenge, w.code(t, secret))
	wantCode(t, err, "ChallengeInvalid")
	challenge = w.challenge(t, "ops@acme.example")
	_, _, err = w.access.SignInWithCode(t.Context(), request, challenge, w.code(t, secret))
	wantCode(t, err, "CodeWrong") // replayed
	if _, _, err := w.access.SignInWithCode(t.Context(), request, challenge, " "+strings.ToUpper(codes[0])); err != nil {
		t.Fatal(err)
	}
	challenge = w.challenge(t, "ops@acme.example")
	_, _, err = w.access.SignInWithCode(t.Context(), request, challenge, codes[0])
	wantCode(t, err, "CodeWrong")
	if has, left, err := w.access.HasTOTP(t.Context(), session.Account.ID); err != nil || !has || left != 9 {
		t.Errorf("%v, %d codes left, %v", has, left, err)
	}
	got := strings.Join(w.types(t, event.PortalProject), ", ")
	if strings.Count(got, "account.signed_in denied") != 3 || strings.Count(got, "account.totp.added denied") != 1 ||
		strings.Count(got, "account.totp.added failed") != 3 || strings.Count(got, "account.totp.added succeeded") != 1 {
		t.Errorf("the log has %s", got)
	}
	// Nothing of the seed or the codes is in the log.
	page, err := w.log.List(t.Context(), auditlog.Filter{Project: event.PortalProject}, auditlog.Paging{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range page.Rows {
		text, err := r.Data()
		if err != nil {
			t.Fatal(err)
		}
		for _, hidden := range append(codes, secret, password) {
			if strings.Contains(string(text), hidden) {
				t.Errorf("%s holds a secret", r.Type)
			}
		}
	}
}

func TestChallengesEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.account(t, "ops@acme.example")
	secret, codes := w.withTOTP(t, "ops@acme.example")
	w.now = w.now.Add(time.Minute)
	challenge := w.challenge(t, "ops@acme.example")
	for range 5 {
		_, _, err := w.access.SignInWithCode(t.Context(), request, challenge, "000000")
		wantCode(t, err, "CodeWrong")
	}
	_, _, err := w.access.SignInWithCode(t.Context(), request, challenge, w.code(t, secret))
	wantCode(t, err, "ChallengeInvalid")
	challenge = w.challenge(t, "ops@acme.example")
	w.now = w.now.Add(access.ChallengeLifetime + time.Second)
	_, _, err = w.access.SignInWithCode(t.Context(), request, challenge, w.code(t, secret))
	wantCode(t, err, "ChallengeInvalid")
	_, _, err = w.access.SignInWithCode(t.Context(), request, "nonsense", w.code(t, secret))
	wantCode(t, err, "ChallengeInvalid")

	challenge = w.challenge(t, "ops@acme.example")
	for _, code := range []string{w.code(t, secret), codes[3]} {
		challenges := [4]string{challenge, w.challenge(t, "ops@acme.example"), challenge, challenge}
		var wg sync.WaitGroup
		errs := make([]error, len(challenges))
		for i, c := range challenges {
			wg.Go(func() { _, _, errs[i] = w.access.SignInWithCode(t.Context(), request, c, code) })
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			}
		}
		if won != 1 {
			t.Errorf("%d sign in with one code: %v", won, errs)
		}
		challenge = w.challenge(t, "ops@acme.example")
	}
}

func TestSecondFactorIsRemoved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	account := w.account(t, "ops@acme.example")
	session, _ := w.signIn(t, "ops@acme.example")
	wantCode(t, w.access.RemoveTOTP(t.Context(), request, session), "SecondFactorMissing")
	_, err := w.access.NewRecoveryCodes(t.Context(), request, session)
	wantCode(t, err, "SecondFactorMissing")
	_, codes := w.withTOTP(t, "ops@acme.example")
	fresh, err := w.access.NewRecoveryCodes(t.Context(), request, session)
	if err != nil || len(fresh) != 10 || fresh[0] == codes[0] {
		t.Fatalf("%v, %v", fresh, err)
	}
	_, _, err = w.access.SignInWithCode(t.Context(), request, w.challenge(t, "ops@acme.example"), codes[0])
	wantCode(t, err, "CodeWrong")
	w.now = w.now.Add(access.FreshFor + time.Second)
	wantCode(t, w.access.RemoveTOTP(t.Context(), request, session), "NotFresh")
	_, err = w.access.NewRecoveryCodes(t.Context(), request, session)
	wantCode(t, err, "NotFresh")
	if err := w.access.RemoveTOTPByOperator(t.Context(), access.ByOperator("account remove-second-factor"), account); err != nil {
		t.Fatal(err)
	}
	w.signIn(t, "ops@acme.example")
}
