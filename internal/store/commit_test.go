package store_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
)

// acmeOnSQLite opens an embedded database with a project, or returns nil on the other engine.
func acmeOnSQLite(t *testing.T) (*store.DB, store.Config) {
	t.Helper()
	if storetest.Engine() != store.SQLite {
		t.Log("nothing to see on this engine")
		return nil, store.Config{}
	}
	db, config := storetest.OpenWith(t, store.Config{})
	storetest.Project(t, db, "acme")
	return db, config
}

// TestACommitThatFailsOnSQLite: an error of COMMIT says that nothing is known, unless the event is
// found.
func TestACommitThatFailsOnSQLite(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		late   bool
		asking bool
		code   string
		users  int64
	}{
		{"before it took place", false, true, "CommitUnknown", 0},
		{"after it took place", true, true, "", 1},
		{"after it took place, and nobody can be asked", true, false, "CommitUnknown", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			db, config := acmeOnSQLite(t)
			if db == nil {
				return
			}
			met := &store.CommitFault{Err: errors.New("disk I/O error"), Late: c.late}
			if !c.asking {
				met.Then = func() { store.CloseReaders(db) }
			}
			next := store.FailCommits(t, db, config.Dir)
			next.Store(met)
			runs := 0
			_, err := store.Record(t.Context(), db, storetest.Operator(), event.InProject("acme"),
				func(ctx context.Context, tx *store.Tx) (event.CreateUserExecuted, error) {
					runs++
					return createUser(event.NewID())(ctx, tx)
				})
			if c.code == "" && err != nil || c.code != "" && !fault.Is(err, c.code) || runs != 1 {
				t.Errorf("got %v after %d runs, want %q after one", err, runs, c.code)
			}
			if next.Load() != nil {
				t.Error("no COMMIT was seen")
			}
			again, err := store.Open(t.Context(), config, storetest.Vault(t))
			if err != nil {
				t.Fatal(err)
			}
			defer again.Close()
			wantUsers(t, again, c.users)
			if n := count(t, again, `SELECT count(*) FROM events WHERE outcome <> 1`); n != 0 {
				t.Errorf("%d attempts are recorded as failed", n)
			}
		})
	}
}

// TestAFailedCommitIsTheSameForAllInIt: recordings and bookkeeping that commit together are all looked
// up, or none of them.
func TestAFailedCommitIsTheSameForAllInIt(t *testing.T) {
	t.Parallel()
	db, config := acmeOnSQLite(t)
	if db == nil {
		return
	}
	next := store.FailCommits(t, db, config.Dir)
	for _, late := range []bool{false, true} {
		var (
			wg      sync.WaitGroup
			unknown atomic.Int64
			users   = count(t, db, `SELECT count(*) FROM users`)
		)
		const callers = 8
		next.Store(&store.CommitFault{Err: errors.New("disk I/O error"), Late: late})
		for range callers {
			wg.Go(func() {
				_, err := store.Record(t.Context(), db, storetest.Operator(), event.InProject("acme"), createUser(event.NewID()))
				if fault.Is(err, "CommitUnknown") {
					unknown.Add(1)
				} else if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if late && unknown.Load() != 0 || !late && unknown.Load() == 0 {
			t.Errorf("late %t: %d heard CommitUnknown", late, unknown.Load())
		}
		wantUsers(t, db, users+callers-unknown.Load())
	}
	next.Store(&store.CommitFault{Err: errors.New("disk I/O error"), Late: true})
	err := store.SetSetting(t.Context(), db, "a key", "a value")
	if !fault.Is(err, "CommitUnknown") {
		t.Errorf("bookkeeping, which cannot be looked up: %v", err)
	}
}
