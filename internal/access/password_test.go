package access_test

import (
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/message"
)

const another = "another horse, another battery"

func TestChangePassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.account(t, "ops@acme.example")
	elsewhere, elsewhereToken := w.signIn(t, "ops@acme.example")
	here, hereToken := w.signIn(t, "ops@acme.example")
	pat, _, err := w.access.NewPersonalToken(t.Context(), request, here, "ci", access.ReadScope, 30)
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = w.access.ChangePassword(t.Context(), request, here, "wrong", another)
	wantCode(t, err, "PasswordWrong")
	_, _, err = w.access.ChangePassword(t.Context(), request, here, password, "short")
	wantCode(t, err, "PasswordUnfit")
	_, token, err := w.access.ChangePassword(t.Context(), request, here, password, another)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.access.SessionByToken(t.Context(), token); err != nil {
		t.Errorf("the new session: %v", err)
	}
	for _, old := range []string{hereToken, elsewhereToken} {
		_, err := w.access.SessionByToken(t.Context(), old)
		wantCode(t, err, "SessionInvalid")
	}
	_, err = w.access.SessionByPersonalToken(t.Context(), request, pat)
	wantCode(t, err, "SessionInvalid")
	_, _, err = w.access.SignIn(t.Context(), request, "ops@acme.example", password)
	wantCode(t, err, "SignInFailed")
	if _, _, err := w.access.SignIn(t.Context(), request, "ops@acme.example", another); err != nil {
		t.Error(err)
	}
	got := w.types(t, event.PortalProject)
	got = got[len(got)-4:]
	if strings.Join(got, ", ") != "account.password.changed denied, account.password.changed failed, account.password.changed succeeded, account.signed_in succeeded" {
		t.Errorf("the log ends with %v", got)
	}
	_ = elsewhere
}

var linkInMail = regexp.MustCompile(`https://sealog\.example/reset\?token=([\w-]{43})\n`)

// links are the links in the outbox, the newest first.
func (w *world) links(t *testing.T) []string {
	t.Helper()
	entries, err := message.New(w.db).List(t.Context(), event.PortalProject, message.Queued, event.ID{}, 100)
	if err != nil {
		t.Fatal(err)
	}
	var links []string
	for _, e := range entries {
		content, err := message.Open(t.Context(), w.db, w.db, event.PortalProject, e.ID)
		if err != nil {
			t.Fatal(err)
		}
		found := linkInMail.FindStringSubmatch(content.Text)
		if found == nil || content.Recipient != "ops@acme.example" {
			t.Fatalf("a mail to %s says %q", content.Recipient, content.Text)
		}
		links = append(links, found[1])
	}
	return links
}

func TestResetPassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.account(t, "ops@acme.example")
	_, session := w.signIn(t, "ops@acme.example")
	for _, email := range []string{"nobody@acme.example", "no address", "", "OPS@acme.example "} {
		if err := w.access.RequestPasswordReset(t.Context(), request, email); err != nil {
			t.Errorf("%q: %v", email, err)
		}
	}
	links := w.links(t)
	if len(links) != 1 {
		t.Fatalf("%d mails", len(links))
	}
	wantCode(t, w.access.CheckResetLink(t.Context(), event.Request{}, "wrong"), "ResetLinkInvalid")
	if err := w.access.CheckResetLink(t.Context(), event.Request{}, links[0]); err != nil {
		t.Fatal(err)
	}
	wantCode(t, w.access.ResetPassword(t.Context(), request, links[0], "short"), "PasswordUnfit")
	var wg sync.WaitGroup
	errs := make([]error, 6)
	for i := range errs {
		wg.Go(func() { errs[i] = w.access.ResetPassword(t.Context(), request, links[0], another) })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else {
			wantCode(t, err, "ResetLinkInvalid")
		}
	}
	if won != 1 {
		t.Errorf("%d won", won)
	}
	_, err := w.access.SessionByToken(t.Context(), session)
	wantCode(t, err, "SessionInvalid")
	if _, _, err := w.access.SignIn(t.Context(), request, "ops@acme.example", another); err != nil {
		t.Error(err)
	}
	if got := strings.Join(w.types(t, event.PortalProject), ", "); strings.Count(got, "account.password.reset succeeded") != 1 ||
		strings.Count(got, "account.password_reset.requested succeeded") != 1 || !strings.Contains(got, "account.password.reset failed") {
		t.Errorf("the log has %s", got)
	}
}

func TestResetLinksEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.account(t, "ops@acme.example")
	ask := func() {
		t.Helper()
		if err := w.access.RequestPasswordReset(t.Context(), request, "ops@acme.example"); err != nil {
			t.Fatal(err)
		}
	}
	ask()
	w.now = w.now.Add(access.ResetLifetime + time.Second)
	wantCode(t, w.access.ResetPassword(t.Context(), request, w.links(t)[0], another), "ResetLinkInvalid")
	for range 8 { // of which the fifth in an hour is the last that goes out
		w.now = w.now.Add(time.Minute)
		ask()
	}
	if n := len(w.links(t)); n != 5 {
		t.Errorf("%d mails in an hour", n)
	}
	first := w.links(t)[1]
	session, _ := w.signIn(t, "ops@acme.example")
	if _, _, err := w.access.ChangePassword(t.Context(), request, session, password, another); err != nil {
		t.Fatal(err)
	}
	wantCode(t, w.access.CheckResetLink(t.Context(), event.Request{}, first), "ResetLinkInvalid")
	w.now = w.now.Add(3 * time.Hour)
	if err := access.SweepChallenges(t.Context(), w.db, w.now); err != nil {
		t.Fatal(err)
	}
	ask()
	if n := len(w.links(t)); n != 6 {
		t.Errorf("%d mails, later", n)
	}
}
