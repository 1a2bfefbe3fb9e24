package directory_test

import (
	"testing"
	"time"

	"github.com/sealog/sealog/internal/directory"
	"github.com/sealog/sealog/internal/event"
)

// TestUpdatedAtNeverGoesBack: whatever changes a user after a server whose clock is ahead has, the
// times in rows and answers do not go back.
func TestUpdatedAtNeverGoesBack(t *testing.T) {
	t.Parallel()
	w, ahead := later(t)
	id := w.create("username", "kim").ID
	fresh := func() string { return event.NewID().Hex()[24:] }
	update := func() error {
		_, err := w.s.Update(t.Context(), by, w.p, id, directory.UpdateInput{StandardAttributes: raw(`{"given_name": "` + fresh() + `"}`)})
		return err
	}
	reset := func() error { return w.reset(id, "correct horse battery "+fresh()) }
	expire := func() error { _, err := w.s.SetPasswordExpired(t.Context(), by, w.p, id, true); return err }
	rename := func() error {
		_, _, err := w.s.UpdateIdentity(t.Context(), by, w.p, id, w.identities(id)[0].ID, directory.LoginID{Key: "username", Value: "kim" + fresh()})
		return err
	}
	disable := func(to bool) func() error {
		return func() error {
			_, err := w.s.SetDisabledStatus(t.Context(), by, w.p, id, directory.DisableInput{IsDisabled: to})
			return err
		}
	}
	anonymize := func() error { _, err := w.s.Anonymize(t.Context(), by, w.p, id); return err }
	last := map[string]int64{}
	for i, step := range []struct {
		clock  time.Duration
		change func() error
	}{
		{time.Hour, reset}, {time.Hour, rename}, {0, update}, {0, reset}, {0, expire}, {0, rename}, {0, disable(true)}, {0, disable(false)},
		{2 * time.Hour, expire}, {time.Minute, reset}, {time.Minute, update}, {0, anonymize},
	} {
		ahead.Store(int64(step.clock))
		if err := step.change(); err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
		for _, table := range []string{"users", "identities", "authenticators"} {
			now := w.count(`SELECT coalesce(max(updated_at), 0) FROM `+table+` WHERE project_id = $1`, "acme")
			if now != 0 && now < last[table] { // nothing is left of an anonymized user's
				t.Errorf("step %d: updated_at of %s went back by %d µs", i, table, last[table]-now)
			}
			last[table] = now
		}
		if got := w.get(id).UpdatedAt.UnixMicro(); got != last["users"] {
			t.Errorf("step %d: the user's is %d, want %d", i, got, last["users"])
		}
	}
}
