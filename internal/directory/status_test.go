package directory_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sealog/sealog/internal/directory"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/store"
)

// The whole table of contract 3.3, with its quirk put right: a period in the future can be cancelled.
func TestStatusTransitions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.p.Config.Identity.LoginIDKeys[2].MaxLength = 100
	now := time.Now()
	at := func(d time.Duration) int64 { return store.Micros(now.Add(d)) }
	states := []struct {
		name, set         string
		args              []any
		status            directory.Status
		good, temp, again bool // to disabled, to temporarily disabled, to enabled
	}{
		{"normal", "is_disabled = FALSE", nil, directory.Normal, true, true, false},
		{
			"future period", "temporarily_disabled_from = $3, temporarily_disabled_until = $4",
			[]any{at(time.Hour), at(2 * time.Hour)}, directory.Normal, true, true, true,
		},
		{
			"past period", "temporarily_disabled_from = $3, temporarily_disabled_until = $4",
			[]any{at(-2 * time.Hour), at(-time.Hour)}, directory.Normal, true, true, false,
		},
		{"disabled", "is_disabled = TRUE", nil, directory.Disabled, false, true, true},
		{
			"temporarily", "temporarily_disabled_from = $3, temporarily_disabled_until = $4",
			[]any{at(-time.Hour), at(time.Hour)}, directory.DisabledTemporarily, true, true, true,
		},
		{"deletion", "is_disabled = TRUE, delete_at = $3", []any{at(day)}, directory.ScheduledDeletionDisabled, false, false, false},
		{
			"deletion by the user", "is_disabled = TRUE, is_deactivated = TRUE, delete_at = $3", []any{at(day)},
			directory.ScheduledDeletionDeactivated, false, false, false,
		},
		{
			"anonymization", "is_disabled = TRUE, anonymize_at = $3", []any{at(day)},
			directory.ScheduledAnonymizationDisabled, false, false, false,
		},
		{"anonymized", "is_disabled = TRUE, is_anonymized = TRUE", nil, directory.Anonymized, false, false, false},
		{"not yet valid", "account_valid_from = $3", []any{at(time.Hour)}, directory.OutsideValidPeriod, true, true, false},
		{"no longer valid", "account_valid_until = $3", []any{at(-time.Hour)}, directory.OutsideValidPeriod, true, false, false},
	}
	from, until := now.Add(2*time.Hour), now.Add(3*time.Hour)
	for _, c := range states {
		for _, to := range []struct {
			status  directory.Status
			allowed bool
			in      directory.DisableInput
		}{
			{directory.Disabled, c.good, directory.DisableInput{IsDisabled: true, Reason: "spam"}},
			{directory.DisabledTemporarily, c.temp, directory.DisableInput{IsDisabled: true, From: &from, Until: &until}},
			{directory.Normal, c.again, directory.DisableInput{Reason: "ignored"}},
		} {
			name := c.name + " to " + string(to.status)
			u := w.create("username", strings.NewReplacer(" ", "_").Replace(name))
			w.exec(`UPDATE users SET `+c.set+` WHERE project_id = $1 AND id = $2`, append([]any{"acme", u.ID}, c.args...)...)
			if got := w.get(u.ID).Status(now); got != c.status {
				t.Errorf("%s: status is %s", name, got)
			}
			before := len(w.events())
			got, err := w.s.SetDisabledStatus(t.Context(), by, w.p, u.ID, to.in)
			switch {
			case !to.allowed:
				info := `{"from":"` + string(c.status) + `","to":"` + string(to.status) + `"}`
				if c.name == "no longer valid" && to.status == directory.DisabledTemporarily {
					info = `{"cause":{"kind":"TemporarilyDisabledUntilShouldBeBeforeAccountValidUntil"}}`
				}
				refused(t, err, "InvalidAccountStatusTransition", fault.Invalid, info)
				w.expect(before, u.ID, "admin_api.mutation.set_disabled_status.executed failed")
			case err != nil:
				t.Errorf("%s: %v", name, err)
			default:
				first := "user.disabled succeeded"
				if !to.in.IsDisabled {
					first = "user.reenabled succeeded"
				}
				w.expect(before, u.ID, first, "admin_api.mutation.set_disabled_status.executed succeeded")
				if got.IsDisabled != (to.status == directory.Disabled) || (got.TemporarilyDisabledFrom != nil) != (to.status == directory.DisabledTemporarily) {
					t.Errorf("%s: now %+v", name, got)
				}
				if (got.DisableReason != nil) != (to.in.IsDisabled && to.in.Reason != "") {
					t.Errorf("%s: reason %v", name, got.DisableReason)
				}
			}
		}
	}
}

func TestTemporaryPeriods(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := time.Now()
	in := func(d time.Duration) *time.Time { return ptr(now.Add(d)) }
	u := w.createWith(directory.CreateInput{
		LoginID: directory.LoginID{Key: "username", Value: "jane"}, AccountValidFrom: in(-time.Hour), AccountValidUntil: in(time.Hour),
	})
	for _, c := range []struct {
		from, until *time.Time
		cause       string
	}{
		{in(0), nil, "TemporarilyDisabledPeriodMissingUntilTimestamp"},
		{nil, in(0), "TemporarilyDisabledPeriodMissingFromTimestamp"},
		{in(time.Minute), in(time.Minute), "TemporarilyDisabledFromShouldBeBeforeTemporarilyDisabledUntil"},
		{in(-time.Hour), in(time.Minute), "AccountValidFromShouldBeBeforeTemporarilyDisabledFrom"},
		{in(time.Minute), in(time.Hour), "TemporarilyDisabledUntilShouldBeBeforeAccountValidUntil"},
	} {
		_, err := w.s.SetDisabledStatus(t.Context(), by, w.p, u.ID, directory.DisableInput{IsDisabled: true, From: c.from, Until: c.until})
		refused(t, err, "InvalidAccountStatusTransition", fault.Invalid, `{"cause":{"kind":"`+c.cause+`"}}`)
	}
	before := len(w.events())
	got, err := w.s.SetDisabledStatus(t.Context(), by, w.p, u.ID,
		directory.DisableInput{IsDisabled: true, Reason: "over", From: in(-30 * time.Minute), Until: in(-20 * time.Minute)})
	if err != nil || got.TemporarilyDisabledFrom != nil || got.DisableReason != nil || got.Disabled(now) {
		t.Errorf("a period in the past: %+v, %v", got, err)
	}
	rows := w.expect(before, u.ID, "admin_api.mutation.set_disabled_status.executed succeeded")
	if reason, err := event.PayloadKey(rows[0].Disclosures, "reason"); err != nil || string(reason) != `"over"` {
		t.Errorf("reason on the record: %s, %v", reason, err)
	}
	before = len(w.events())
	got, err = w.s.SetDisabledStatus(t.Context(), by, w.p, u.ID,
		directory.DisableInput{IsDisabled: true, Reason: "pause", From: in(-time.Minute), Until: in(time.Minute)})
	if err != nil || !got.Disabled(now) || got.IsDisabled || got.Disabled(now.Add(2*time.Minute)) || *got.DisableReason != "pause" {
		t.Errorf("a period that has begun: %+v, %v", got, err)
	}
	if user := w.payload(w.events()[before], "user"); user["is_disabled"] != true || user["disable_reason"] != "pause" {
		t.Errorf("snapshot: %v", user)
	}
}

func TestDisableRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.create("username", "jane")
	_, err := w.s.SetDisabledStatus(t.Context(), by, w.p, u.ID, directory.DisableInput{IsDisabled: true, Reason: strings.Repeat("ä", 1001)})
	refused(t, err, "ValidationFailed", fault.Invalid, `{"causes":[{"location":"/reason","kind":"maxLength","details":{"expected":1000,"actual":1001}}]}`)
	_, err = w.s.SetDisabledStatus(t.Context(), by, w.p, u.ID, directory.DisableInput{IsDisabled: true, Reason: "a\x00"})
	refused(t, err, "ValidationFailed", fault.Invalid, `{"causes":[{"location":"/reason","kind":"format","details":{"format":"text"}}]}`)
	before := len(w.events())
	nobody := event.NewID()
	_, err = w.s.SetDisabledStatus(t.Context(), by, w.p, nobody, directory.DisableInput{IsDisabled: true})
	refused(t, err, "UserNotFound", fault.NotFound, "")
	w.expect(before, nobody, "admin_api.mutation.set_disabled_status.executed failed")
	if _, err := w.s.SetDisabledStatus(t.Context(), by, w.p, u.ID, directory.DisableInput{IsDisabled: true, Reason: strings.Repeat("ä", 1000)}); err != nil {
		t.Error(err)
	}
}
