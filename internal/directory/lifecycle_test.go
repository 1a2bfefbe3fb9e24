package directory_test

import (
	"context"
	"fmt"
	"github.com/sealog/sealog/internal/settings"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sealog/sealog/internal/directory"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/message"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/session"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
	"github.com/sealog/sealog/internal/vault"
	"github.com/sealog/sealog/internal/webhook"
)

type step func(w world, id event.ID) (directory.User, error)

var steps = map[string]step{
	"disable": func(w world, id event.ID) (directory.User, error) {
		return w.s.SetDisabledStatus(w.Context(), by, w.p, id, directory.DisableInput{IsDisabled: true, Reason: "r"})
	},
	"disable for now": func(w world, id event.ID) (directory.User, error) {
		now := w.db.Now()
		return w.s.SetDisabledStatus(w.Context(), by, w.p, id, directory.DisableInput{IsDisabled: true, From: ptr(now.Add(-time.Hour)), Until: ptr(now.Add(time.Hour))})
	},
	"enable": func(w world, id event.ID) (directory.User, error) {
		return w.s.SetDisabledStatus(w.Context(), by, w.p, id, directory.DisableInput{})
	},
	"schedule deletion": func(w world, id event.ID) (directory.User, error) {
		return w.s.ScheduleDeletion(w.Context(), by, w.p, id, "asked")
	},
	"unschedule deletion": func(w world, id event.ID) (directory.User, error) {
		return w.s.UnscheduleDeletion(w.Context(), by, w.p, id)
	},
	"schedule anonymization": func(w world, id event.ID) (directory.User, error) {
		return w.s.ScheduleAnonymization(w.Context(), by, w.p, id)
	},
	"unschedule anonymization": func(w world, id event.ID) (directory.User, error) {
		return w.s.UnscheduleAnonymization(w.Context(), by, w.p, id)
	},
	"anonymize": func(w world, id event.ID) (directory.User, error) { return w.s.Anonymize(w.Context(), by, w.p, id) },
}

// TestEveryStepFromEveryState: the state that each step leads to, or the error.
func TestEveryStepFromEveryState(t *testing.T) {
	t.Parallel()
	const (
		no   = "InvalidAccountStatusTransition"
		gone = "UserIsAnonymized"
	)
	order := []string{
		"disable", "disable for now", "enable", "schedule deletion", "unschedule deletion", "schedule anonymization", "unschedule anonymization", "anonymize",
	}
	const (
		normal, disabled, now = string(directory.Normal), string(directory.Disabled), string(directory.DisabledTemporarily)
		deletion, anonymizing = string(directory.ScheduledDeletionDisabled), string(directory.ScheduledAnonymizationDisabled)
		anonymized            = string(directory.Anonymized)
	)
	for state, c := range map[string]struct {
		before []string
		want   []string
	}{
		normal:                      {nil, []string{disabled, now, no, deletion, no, anonymizing, no, anonymized}},
		disabled:                    {[]string{"disable"}, []string{no, now, normal, deletion, no, anonymizing, no, anonymized}},
		now:                         {[]string{"disable for now"}, []string{disabled, now, normal, deletion, no, anonymizing, no, anonymized}},
		deletion:                    {[]string{"schedule deletion"}, []string{no, no, no, no, normal, anonymizing, no, deletion}},
		anonymizing:                 {[]string{"schedule anonymization"}, []string{no, no, no, deletion, no, no, normal, anonymized}},
		anonymized:                  {[]string{"anonymize"}, []string{no, no, no, deletion, no, gone, gone, gone}},
		"anonymized, to be deleted": {[]string{"anonymize", "schedule deletion"}, []string{no, no, no, no, anonymized, gone, gone, gone}},
	} {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for i, name := range order {
				u := w.create("username", fmt.Sprint("user", i))
				for _, first := range c.before {
					if _, err := steps[first](w, u.ID); err != nil {
						t.Fatal(first, err)
					}
				}
				if _, _, err := w.s.SignIn(t.Context(), by, w.p, u.ID, session.Session{Type: session.IDP}); (err == nil) != (state == normal) {
					t.Errorf("signing in: %v", err)
				}
				before := w.get(u.ID)
				after, err := steps[name](w, u.ID)
				got := string(after.Status(w.db.Now()))
				if err != nil {
					got = fault.Of(err).Code
					if diff := cmp.Diff(before, w.get(u.ID)); diff != "" {
						t.Errorf("a refused %s changed the user:\n%s", name, diff)
					}
				} else if diff := cmp.Diff(w.get(u.ID), after); diff != "" {
					t.Errorf("%s: what is returned is not what is stored:\n%s", name, diff)
				}
				if got != c.want[i] {
					t.Errorf("%s leads to %s, want %s", name, got, c.want[i])
				}
				sessions, err := session.New(w.db).Of(t.Context(), "acme", []event.ID{u.ID})
				if err != nil {
					t.Fatal(err)
				}
				if goesOn := len(sessions) == 1; goesOn != (w.get(u.ID).Status(w.db.Now()) == directory.Normal && state == normal) {
					t.Errorf("after %s the session goes on: %t", name, goesOn)
				}
			}
		})
	}
}

func TestScheduledThings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.p.Config.AccountDeletion.GracePeriodDays = 7
	u := w.create("email", "kim@shop.example")
	n := len(w.events())
	got, err := w.s.ScheduleDeletion(t.Context(), by, w.p, u.ID, "asked")
	if err != nil {
		t.Fatal(err)
	}
	if d := got.DeleteAt.Sub(got.UpdatedAt); d != 7*day || *got.DeleteReason != "asked" || !got.IsDisabled {
		t.Errorf("deletion in %s: %+v", d, got)
	}
	rows := w.expect(n, u.ID, "user.deletion_scheduled succeeded", "admin_api.mutation.schedule_account_deletion.executed succeeded")
	if user := w.payload(rows[1], "user"); user["delete_at"] == nil {
		t.Errorf("the event's user: %v", user)
	}
	if got, err = w.s.ScheduleAnonymization(t.Context(), by, w.p, u.ID); err != nil || got.DeleteAt != nil || got.DeleteReason != nil || got.AnonymizeAt == nil {
		t.Errorf("anonymization in its place: %+v %v", got, err)
	}
	if got, err = w.s.UnscheduleAnonymization(t.Context(), by, w.p, u.ID); err != nil || got.IsDisabled || got.AnonymizeAt != nil {
		t.Errorf("called off: %+v %v", got, err)
	}
}

// TestAnonymizeLeavesNothing: nothing personal of the user is left in any table but the log.
func TestAnonymizeLeavesNothing(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(w world, id event.ID) error{
		"anonymize": func(w world, id event.ID) error { _, err := w.s.Anonymize(w.Context(), by, w.p, id); return err },
		"delete":    func(w world, id event.ID) error { _, err := w.s.Delete(w.Context(), by, w.p, id, "asked"); return err },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.p.Config.OAuth.Clients = []settings.Client{{ClientID: "partner", ThirdParty: true}}
			password := "the first password"
			u := w.createWith(directory.CreateInput{LoginID: directory.LoginID{Key: "email", Value: "kim@shop.example"}, Password: &password, SendPassword: true})
			other := w.create("email", "lee@shop.example")
			_, err := w.s.ResetPassword(t.Context(), by, w.p, u.ID, directory.ResetPasswordInput{})
			check := func(_ any, err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
			}
			check(nil, err)
			_, _, err = w.s.EnrolTOTP(t.Context(), by, w.p, u.ID, "Phone")
			check(nil, err)
			check(w.s.NewRecoveryCodes(t.Context(), by, w.p, u.ID))
			check(w.s.Authorize(t.Context(), by, w.p, u.ID, "partner", []string{"openid"}))
			_, _, err = w.s.SignIn(t.Context(), by, w.p, u.ID, session.Session{Type: session.IDP})
			check(nil, err)
			check(w.s.SetVerifiedStatus(t.Context(), by, w.p, u.ID, directory.Claim{Name: "email", Value: "kim@shop.example"}, true))
			check(w.s.GenerateCode(t.Context(), by, w.p, "kim@shop.example", directory.ForLogin))
			check(nil, w.s.SendResetPasswordMessage(t.Context(), by, w.p, "kim@shop.example"))
			check(nil, end(w, u.ID))
			for _, table := range []string{
				"identities", "authenticators", "password_history", "verified_claims", "sessions", "authorizations", "access_tokens",
				"password_resets", "recovery_codes", "account_lockouts", "outbox",
			} {
				if n := w.count(`SELECT count(*) FROM `+table+` WHERE project_id = $1`, "acme"); n != 0 && !(table == "identities" && n == 1) {
					t.Errorf("%d rows are left in %s", n, table)
				}
			}
			if n := w.count(`SELECT count(*) FROM one_time_codes`); n != 0 {
				t.Error("a code is left")
			}
			if n := w.count(`SELECT count(*) FROM users WHERE search LIKE '%kim%' OR standard_attributes LIKE '%kim%'`); n != 0 {
				t.Error("the user's row tells who it was")
			}
			if w.get(other.ID).AccountName() != "lee@shop.example" {
				t.Error("another user has changed")
			}
			if name == "anonymize" {
				if last := w.get(u.ID); !last.IsAnonymized || last.Name() != "" || !last.CreatedAt.Equal(u.CreatedAt) {
					t.Errorf("left is %+v", last)
				}
				rows := w.events()
				if user := w.payload(rows[len(rows)-1], "user"); user["is_anonymized"] != true || len(user["standard_attributes"].(map[string]any)) > 1 {
					t.Errorf("the event's user: %v", user)
				}
			}
		})
	}
}

// later is a world whose clock the test sets.
func later(t *testing.T) (world, *atomic.Int64) {
	t.Helper()
	ahead := &atomic.Int64{}
	db, _ := storetest.OpenWith(t, store.Config{Now: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }})
	storetest.Project(t, db, "acme")
	p, err := project.New(db, project.Settings{PublicURL: storetest.PublicURL()}).Get(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	return world{t, db, p, directory.New(db, vault.NewPasswords(), &url.URL{Scheme: "https", Host: "sealog.example"}, webhook.New(webhook.Config{AllowPrivate: true}))}, ahead
}

// TestRunDue: what is due happens once, however many processes look for it; what was called
// off does not.
func TestRunDue(t *testing.T) {
	t.Parallel()
	w, ahead := later(t)
	var deleted, anonymized, kept []event.ID
	for i := range 12 {
		u := w.create("username", fmt.Sprint("user", i))
		var err error
		switch i % 3 {
		case 0:
			_, err = w.s.ScheduleDeletion(t.Context(), by, w.p, u.ID, "asked")
			deleted = append(deleted, u.ID)
		case 1:
			_, err = w.s.ScheduleAnonymization(t.Context(), by, w.p, u.ID)
			anonymized = append(anonymized, u.ID)
		default:
			if _, err = w.s.ScheduleDeletion(t.Context(), by, w.p, u.ID, ""); err == nil {
				_, err = w.s.UnscheduleDeletion(t.Context(), by, w.p, u.ID)
			}
			kept = append(kept, u.ID)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	ahead.Store(int64(29 * day))
	if n, err := w.s.RunDue(t.Context(), w.db.Now()); n != 0 || err != nil {
		t.Errorf("a day early: %d %v", n, err)
	}
	ahead.Store(int64(31 * day))
	n := len(w.events())
	// One that is cut off in the middle leaves the rest to the others.
	cut, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.s.RunDue(cut, w.db.Now()); err == nil {
		t.Error("a run that was cut off said nothing")
	}
	var all sync.WaitGroup
	var done atomic.Int64
	for range 3 {
		other := directory.New(w.db, vault.NewPasswords(), &url.URL{}, webhook.New(webhook.Config{}))
		all.Go(func() {
			n, err := other.RunDue(t.Context(), w.db.Now())
			if err != nil {
				t.Error(err)
			}
			done.Add(int64(n))
		})
	}
	all.Wait()
	if done.Load() != 8 {
		t.Errorf("%d were done", done.Load())
	}
	got := map[event.ID]string{}
	for _, r := range w.events()[n:] {
		got[r.User] += r.Type
		c, err := event.ContextOf(r.Disclosures)
		if err != nil {
			t.Fatal(err)
		}
		if c.TriggeredBy != string(event.ViaSystem) {
			t.Errorf("%s: %+v", r.Type, c)
		}
	}
	want := map[event.ID]string{}
	for _, id := range deleted {
		want[id] = "user.deleted"
		if _, err := w.s.Get(t.Context(), "acme", id); !fault.Is(err, "UserNotFound") {
			t.Errorf("%s is still there", id)
		}
	}
	for _, id := range anonymized {
		want[id] = "user.anonymized"
		if !w.get(id).IsAnonymized {
			t.Errorf("%s has a name", id)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want, +got):\n%s", diff)
	}
	for _, id := range kept {
		if w.get(id).Disabled(w.db.Now()) {
			t.Errorf("%s was called off", id)
		}
	}
}

func TestCodesAndLinksExpire(t *testing.T) {
	t.Parallel()
	w, ahead := later(t)
	u := w.create("email", "kim@shop.example")
	code, err := w.s.GenerateCode(t.Context(), by, w.p, "kim@shop.example", directory.ForVerification)
	if err != nil || len(code) != 6 {
		t.Fatal(code, err)
	}
	again, err := w.s.GenerateCode(t.Context(), by, w.p, "KIM@shop.example", directory.ForVerification)
	if err != nil {
		t.Fatal(err)
	}
	who := func(event.ID, event.ID) event.By { return by }
	verify := func(code string) error {
		_, err := w.s.VerifyCode(t.Context(), by, who, w.p, "kim@shop.example", directory.ForVerification, code)
		return err
	}
	if code != again {
		refused(t, verify(code), "CodeInvalid", fault.Denied, "")
	}
	ahead.Store(int64(301 * time.Second))
	refused(t, verify(again), "CodeInvalid", fault.Denied, "")
	if err := w.s.SendResetPasswordMessage(t.Context(), by, w.p, "kim@shop.example"); err != nil {
		t.Fatal(err)
	}
	entries, err := message.New(w.db).List(t.Context(), "acme", "", event.ID{}, 1)
	if err != nil || entries[0].User != u.ID {
		t.Fatal(entries, err)
	}
	ahead.Store(int64(48 * time.Hour))
	if err := directory.Sweep(t.Context(), w.db, w.db.Now()); err != nil {
		t.Fatal(err)
	}
	if n := w.count(`SELECT (SELECT count(*) FROM one_time_codes) + (SELECT count(*) FROM password_resets)`); n != 0 {
		t.Errorf("%d are left", n)
	}
}

func TestSessionsExpire(t *testing.T) {
	t.Parallel()
	w, ahead := later(t)
	w.p.Config.AdminAPI.CreateSessionEnabled = true
	w.p.Config.OAuth.Clients = []settings.Client{{ClientID: "shop", RefreshTokenIdleLifetimeSeconds: 3600, RefreshTokenLifetimeSeconds: 7200, AccessTokenLifetimeSeconds: 60}}
	u := w.create("email", "kim@shop.example")
	tokens, err := w.s.CreateSession(t.Context(), by, w.p, u.ID, directory.CreateSessionInput{ClientID: "shop", DeviceInfo: "eyJpb3MiOnt9fQ"})
	if err != nil || tokens.ExpiresIn != 60 || tokens.TokenType != "Bearer" {
		t.Fatal(tokens, err)
	}
	sessions := session.New(w.db)
	good := func(token string) bool {
		t.Helper()
		_, ok, err := sessions.Lookup(t.Context(), token)
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	if !good(tokens.AccessToken) || !good(tokens.RefreshToken) || good("nonsense") || good("a.b") {
		t.Error("at once")
	}
	ahead.Store(int64(61 * time.Second))
	if good(tokens.AccessToken) || !good(tokens.RefreshToken) {
		t.Error("after the access token")
	}
	ahead.Store(int64(50 * time.Minute))
	found, _, err := sessions.Lookup(t.Context(), tokens.RefreshToken)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sessions.Renew(t.Context(), found.Session, "192.0.2.1", time.Minute); err != nil {
		t.Fatal(err)
	}
	ahead.Store(int64(100 * time.Minute))
	if !good(tokens.RefreshToken) {
		t.Error("it was used in between")
	}
	ahead.Store(int64(112 * time.Minute))
	if good(tokens.RefreshToken) {
		t.Error("it was not used for an hour")
	}
	if err := session.Sweep(t.Context(), w.db, w.db.Now()); err != nil {
		t.Fatal(err)
	}
	if n := w.count(`SELECT count(*) FROM access_tokens`); n != 0 {
		t.Errorf("%d access tokens are left", n)
	}
	w.absent(tokens.AccessToken)
	w.absent(tokens.RefreshToken)
}
