package store_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
)

type create = func(context.Context, *store.Tx) (event.CreateUserExecuted, error)

// crowd are callers who record together.
type crowd struct {
	t       *testing.T
	db      *store.DB
	release func()
	waiting func() int
	wg      sync.WaitGroup
	mu      sync.Mutex
	runs    map[string]int
	errs    map[string]error
}

func newCrowd(t *testing.T, db *store.DB) *crowd {
	t.Helper()
	c := &crowd{t: t, db: db, runs: map[string]int{}, errs: map[string]error{}}
	c.waiting, c.release = store.HoldTogether(db)
	return c
}

// record lets a caller record, and returns when it waits.
func (c *crowd) record(ctx context.Context, name string, change create) {
	c.t.Helper()
	before := c.waiting()
	c.wg.Go(func() {
		_, err := store.Record(ctx, c.db, storetest.Operator(), event.InProject("acme"),
			func(ctx context.Context, tx *store.Tx) (event.CreateUserExecuted, error) {
				c.mu.Lock()
				c.runs[name]++
				c.mu.Unlock()
				return change(ctx, tx)
			})
		c.mu.Lock()
		defer c.mu.Unlock()
		c.errs[name] = err
	})
	soon(c.t, name+" waits", func() bool { return c.waiting() != before })
}

// soon waits until something holds; it fails the test when that takes very long.
func soon(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); {
		if time.Now().After(deadline) {
			t.Fatal("not after 20 seconds: ", what)
		}
		time.Sleep(time.Millisecond)
	}
}

func (c *crowd) finish() {
	c.release()
	c.wg.Wait()
}

func (c *crowd) want(name, code string, runs int) {
	c.t.Helper()
	if err := c.errs[name]; code == "" && err != nil || code != "" && !fault.Is(err, code) {
		c.t.Errorf("%s was answered with %v, not %q", name, err, code)
	}
	if c.runs[name] != runs {
		c.t.Errorf("%s ran %d times, not %d", name, c.runs[name], runs)
	}
}

// transactions is in how many transactions the events of users were queued, whom the sequencer of
// no test has taken.
func transactions(t *testing.T, db *store.DB) int64 {
	t.Helper()
	return count(t, db, `
		SELECT count(DISTINCT q.xid)
		FROM events_pending q
		JOIN events e ON e.project_id = q.project_id AND e.id = q.id
		WHERE q.project_id = $1 AND e.type = '`+event.Type("user.created").Code()+`'`, "acme")
}

func users(t *testing.T, db *store.DB) int64 {
	t.Helper()
	return count(t, db, `SELECT count(*) FROM users WHERE project_id = $1`, "acme")
}

func TestWhoWaitsIsCommittedTogether(t *testing.T) {
	t.Parallel()
	db := acmeOnPostgreSQL(t)
	if db == nil {
		return
	}
	c := newCrowd(t, db)
	names := []string{"ann", "ben", "cid", "dan", "eve"}
	for _, name := range names {
		c.record(t.Context(), name, createUser(event.NewID()))
	}
	c.finish()
	for _, name := range names {
		c.want(name, "", 1)
	}
	wantUsers(t, db, 5)
	if n := transactions(t, db); n != 1 {
		t.Errorf("%d transactions", n)
	}
	if n := count(t, db, `SELECT count(*) FROM events WHERE project_id = $1 AND outcome = 1 AND type IN ($2, $3)`,
		"acme", event.Type("user.created").Code(), event.Type("admin_api.mutation.create_user.executed").Code()); n != 10 {
		t.Errorf("%d events of five changes with two each", n)
	}
}

// TestWhoComesMeanwhileIsCommittedToo: the last change of a transaction lets another come before it ends.
func TestWhoComesMeanwhileIsCommittedToo(t *testing.T) {
	t.Parallel()
	db := acmeOnPostgreSQL(t)
	if db == nil {
		return
	}
	store.Unhurried(db)
	c := newCrowd(t, db)
	c.record(t.Context(), "ann", createUser(event.NewID()))
	come := sync.OnceFunc(func() {
		c.wg.Go(func() {
			if _, err := store.Record(t.Context(), db, storetest.Operator(), event.InProject("acme"), createUser(event.NewID())); err != nil {
				t.Errorf("who comes meanwhile: %v", err)
			}
		})
	})
	c.record(t.Context(), "ben", func(ctx context.Context, tx *store.Tx) (event.CreateUserExecuted, error) {
		come()
		for deadline := time.Now().Add(20 * time.Second); c.waiting() == 0 && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond)
		}
		return createUser(event.NewID())(ctx, tx)
	})
	c.finish()
	c.want("ann", "", 1)
	c.want("ben", "", 1)
	wantUsers(t, db, 3)
	if n := transactions(t, db); n != 1 {
		t.Errorf("%d transactions", n)
	}
}

// TestOneOfThemFails: the others are committed all the same, whatever it fails with.
func TestOneOfThemFails(t *testing.T) {
	t.Parallel()
	if !onPostgreSQL(t) {
		return
	}
	taken := event.NewID()
	for name, c := range map[string]struct {
		code   string
		change create
	}{
		"an error": {"No", func(context.Context, *store.Tx) (event.CreateUserExecuted, error) {
			return event.CreateUserExecuted{}, fault.New(fault.Invalid, "No", "No.")
		}},
		"a panic": {"Unexpected", func(context.Context, *store.Tx) (event.CreateUserExecuted, error) { panic("boom") }},
		"an error that is swallowed": {"DatabaseError", func(ctx context.Context, tx *store.Tx) (event.CreateUserExecuted, error) {
			_, _ = createUser(taken)(ctx, tx)
			return event.CreateUserExecuted{}, nil
		}},
		// Only COMMIT finds that no event of that project is there.
		"a write to another project": {"DatabaseError", func(ctx context.Context, tx *store.Tx) (event.CreateUserExecuted, error) {
			_, err := tx.Exec(ctx, insertUser, "other", event.NewID(), store.Micros(tx.Now()))
			return event.CreateUserExecuted{}, err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := storetest.Open(t)
			storetest.Project(t, db, "acme")
			storetest.Project(t, db, "other")
			if _, err := store.Record(t.Context(), db, storetest.Operator(), event.InProject("acme"), createUser(taken)); err != nil {
				t.Fatal(err)
			}
			crowd := newCrowd(t, db)
			crowd.record(t.Context(), "before", createUser(event.NewID()))
			crowd.record(t.Context(), "wrong", c.change)
			crowd.record(t.Context(), "after", createUser(event.NewID()))
			crowd.finish()
			if crowd.errs["wrong"] == nil || c.code != "DatabaseError" && !fault.Is(crowd.errs["wrong"], c.code) {
				t.Errorf("the one that fails was answered with %v", crowd.errs["wrong"])
			}
			crowd.want("before", "", 2)
			if n := crowd.runs["after"]; n < 1 || n > 2 || crowd.errs["after"] != nil {
				t.Errorf("the one after it ran %d times and was answered with %v", n, crowd.errs["after"])
			}
			if n := users(t, db); n != 3 {
				t.Errorf("%d users", n)
			}
			if n := count(t, db, `SELECT count(*) FROM events WHERE project_id = $1 AND outcome <> 1`, "acme"); n != 1 {
				t.Errorf("%d attempts", n)
			}
		})
	}
}

// TestAfterAFailureFewWait: joint transactions hold few then, and nobody queues up behind them.
func TestAfterAFailureFewWait(t *testing.T) {
	t.Parallel()
	db := acmeOnPostgreSQL(t)
	if db == nil {
		return
	}
	c := newCrowd(t, db)
	c.record(t.Context(), "fails", func(context.Context, *store.Tx) (event.CreateUserExecuted, error) {
		return event.CreateUserExecuted{}, fault.New(fault.Invalid, "No", "No.")
	})
	c.record(t.Context(), "ann", createUser(event.NewID()))
	c.finish()
	c.want("fails", "No", 2)

	c = newCrowd(t, db)
	c.record(t.Context(), "ben", createUser(event.NewID()))
	c.record(t.Context(), "cid", createUser(event.NewID()))
	// Two wait, and nobody lets them go yet.
	if _, err := store.Record(t.Context(), db, storetest.Operator(), event.InProject("acme"), createUser(event.NewID())); err != nil {
		t.Error(err)
	}
	if n := users(t, db); n != 2 {
		t.Errorf("%d users", n)
	}
	c.finish()
	c.want("ben", "", 1)
	c.want("cid", "", 1)
	if n := users(t, db); n != 4 {
		t.Errorf("%d users", n)
	}
}

// TestALockThatSomebodyHolds keeps nobody waiting who does not want it, and those who want it as
// long as they like.
func TestALockThatSomebodyHolds(t *testing.T) {
	t.Parallel()
	db := acmeOnPostgreSQL(t)
	if db == nil {
		return
	}
	kim := event.NewID()
	if _, err := store.Record(t.Context(), db, storetest.Operator(), event.InProject("acme"), createUser(kim)); err != nil {
		t.Fatal(err)
	}
	touch := func(ctx context.Context, tx *store.Tx) (event.CreateUserExecuted, error) {
		_, err := tx.Exec(ctx, `UPDATE users SET last_login_at = 1 WHERE project_id = $1 AND id = $2`, "acme", kim)
		return event.CreateUserExecuted{}, err
	}
	held, free := make(chan struct{}), make(chan struct{})
	var holder sync.WaitGroup
	holder.Go(func() {
		_, err := store.Record(t.Context(), db, storetest.Operator(), event.InProject("acme"), func(ctx context.Context, tx *store.Tx) (event.CreateUserExecuted, error) {
			fact, err := touch(ctx, tx)
			close(held)
			<-free
			return fact, err
		})
		if err != nil {
			t.Errorf("the holder: %v", err)
		}
	})
	<-held
	c := newCrowd(t, db)
	leaving, leave := context.WithCancel(t.Context())
	gone, goes := context.WithCancel(t.Context())
	c.record(t.Context(), "ann", createUser(event.NewID()))
	c.record(leaving, "leaving", touch)
	c.record(t.Context(), "patient", touch)
	c.record(gone, "gone", createUser(event.NewID()))
	goes()
	c.release()
	// ann is committed although those beside her wait; so is who comes meanwhile.
	if _, err := store.Record(t.Context(), db, storetest.Operator(), event.InProject("acme"), createUser(event.NewID())); err != nil {
		t.Error(err)
	}
	soon(t, "who wants no lock is committed", func() bool { return users(t, db) == 3 })
	leave()
	soon(t, "who leaves is answered", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		_, left := c.errs["leaving"]
		return left
	})
	close(free)
	c.wg.Wait()
	holder.Wait()
	c.want("ann", "", 2)
	if !errors.Is(c.errs["leaving"], context.Canceled) {
		t.Errorf("who left was answered with %v", c.errs["leaving"])
	}
	if c.errs["patient"] != nil || !errors.Is(c.errs["gone"], context.Canceled) || c.runs["gone"] != 0 {
		t.Errorf("the patient one was answered with %v, the one that was gone with %v after %d runs", c.errs["patient"], c.errs["gone"], c.runs["gone"])
	}
	if n := users(t, db); n != 3 {
		t.Errorf("%d users", n)
	}
}

// TestAJointCommitWithoutAnAnswer: nobody is told what is not so, and nothing is repeated.
func TestAJointCommitWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	if !onPostgreSQL(t) {
		return
	}
	for _, c := range []struct {
		name  string
		fault wireFault
		code  string
		users int64
	}{
		{"the request is lost", loseRequest, "CommitUnknown", 0},
		{"the answer is lost", loseAnswer, "", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWire(t, storetest.URL(t))
			db := w.open(t)
			crowd := newCrowd(t, db)
			crowd.record(t.Context(), "ann", createUser(event.NewID()))
			crowd.record(t.Context(), "ben", createUser(event.NewID()))
			w.fault.Store(int32(c.fault))
			crowd.finish()
			if w.fault.Load() == int32(c.fault) {
				t.Error("no COMMIT was seen")
			}
			w.fault.Store(int32(sound))
			crowd.want("ann", c.code, 1)
			crowd.want("ben", c.code, 1)
			wantUsers(t, db, c.users)
		})
	}
}
