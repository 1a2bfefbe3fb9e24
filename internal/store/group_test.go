package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/vault"
)

// These tests give SQLite's writer batches made by hand, so that what is committed together
// does not depend on chance. They run on SQLite whatever engine the others run on.

// openWriter opens a database whose writer is the test; its own goroutine gets no change
// and so never takes the connection.
func openWriter(t *testing.T) (*DB, *groupWriter) {
	t.Helper()
	v, err := vault.New(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, nil))
	db, err := Open(t.Context(), Config{Dir: t.TempDir(), Log: log}, v)
	if err != nil {
		t.Fatal(err)
	}
	w := &groupWriter{db: db.pools.write, log: log}
	t.Cleanup(func() {
		w.release()
		if err := db.Close(); err != nil {
			t.Error(err)
		}
		t.Log(strings.TrimSpace(out.String()))
	})
	return db, w
}

func newJob(ctx context.Context, run func(context.Context, executor) error) *groupJob {
	return &groupJob{ctx: ctx, run: bare(run), answer: make(chan error, 1)}
}

// bare is a change that records nothing.
func bare(run func(context.Context, executor) error) change {
	return change{run: func(ctx context.Context, conn executor, _ func(event.ID) error) ([]*draft, error) {
		return nil, run(ctx, conn)
	}}
}

// put is a change that writes one row.
func put(key string) func(context.Context, executor) error {
	return func(ctx context.Context, conn executor) error {
		_, err := conn.ExecContext(ctx, `INSERT INTO instance (key, value) VALUES ($1, 'put')`, key)
		return err
	}
}

// answers returns what each caller was answered; a second answer or none is a failure.
func answers(t *testing.T, batch []*groupJob) []error {
	t.Helper()
	var all []error
	for i, job := range batch {
		select {
		case err := <-job.answer:
			all = append(all, err)
		default:
			t.Fatalf("caller %d was not answered", i)
		}
		if len(job.answer) != 0 {
			t.Errorf("caller %d was answered twice", i)
		}
	}
	return all
}

// committed returns the keys that put has written, as the read pool sees them.
func committed(t *testing.T, db *DB) []string {
	t.Helper()
	keys, err := Column[string](t.Context(), db, `SELECT key FROM instance WHERE value = 'put' ORDER BY key`)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func wantCommitted(t *testing.T, db *DB, want ...string) {
	t.Helper()
	if diff := cmp.Diff(append([]string{}, want...), committed(t, db)); diff != "" {
		t.Errorf("committed (-want, +got):\n%s", diff)
	}
}

func TestGroupIsCommittedBeforeAnybodyIsAnswered(t *testing.T) {
	t.Parallel()
	db, w := openWriter(t)
	var batch []*groupJob
	for _, key := range []string{"a", "b", "c"} {
		batch = append(batch, newJob(t.Context(), func(ctx context.Context, conn executor) error {
			for i, job := range batch {
				if len(job.answer) != 0 {
					t.Errorf("caller %d was answered before COMMIT", i)
				}
			}
			if keys := committed(t, db); len(keys) != 0 {
				t.Errorf("readers see %v before COMMIT", keys)
			}
			return put(key)(ctx, conn)
		}))
	}
	w.commit(only(batch...))
	if err := errors.Join(answers(t, batch)...); err != nil {
		t.Error(err)
	}
	wantCommitted(t, db, "a", "b", "c")
}

func TestGroupAnswersEachWithItsOwnError(t *testing.T) {
	t.Parallel()
	db, w := openWriter(t)
	refused := fault.New(fault.Invalid, "No", "No.")
	batch := []*groupJob{
		newJob(t.Context(), put("a")),
		newJob(t.Context(), func(ctx context.Context, conn executor) error {
			return errors.Join(put("undone")(ctx, conn), refused)
		}),
		newJob(t.Context(), func(ctx context.Context, conn executor) error {
			if err := put("undone")(ctx, conn); err != nil {
				t.Error(err)
			}
			panic("boom")
		}),
		newJob(t.Context(), put("a")), // there already
		newJob(t.Context(), put("b")),
	}
	w.commit(only(batch...))
	got := answers(t, batch)
	if got[0] != nil || !errors.Is(got[1], refused) || !fault.Is(got[2], "Unexpected") || !IsUnique(got[3]) || got[4] != nil {
		t.Errorf("answers are %v", got)
	}
	wantCommitted(t, db, "a", "b")
}

// TestAContextThatExpiresDuringAChange: it rolls back nothing of others, and of its own
// change neither, since the caller may be told only what is true.
func TestAContextThatExpiresDuringAChange(t *testing.T) {
	t.Parallel()
	db, w := openWriter(t)
	gone, leave := context.WithCancel(t.Context())
	leave()
	leaving, leave := context.WithCancel(t.Context())
	batch := []*groupJob{
		newJob(t.Context(), put("a")),
		newJob(gone, func(context.Context, executor) error {
			t.Error("a change ran whose caller was gone before its turn")
			return nil
		}),
		newJob(leaving, func(ctx context.Context, conn executor) error {
			if err := put("b")(ctx, conn); err != nil {
				return err
			}
			leave()
			if ctx.Err() != nil {
				t.Error("the change runs under its caller's context")
			}
			return put("c")(ctx, conn)
		}),
		newJob(t.Context(), put("d")),
	}
	w.commit(only(batch...))
	got := answers(t, batch)
	if got[0] != nil || !errors.Is(got[1], context.Canceled) || got[2] != nil || got[3] != nil {
		t.Errorf("answers are %v", got)
	}
	wantCommitted(t, db, "a", "b", "c", "d")
}

// TestStatementsOfRecordingsAreNotWatched: the driver has nothing to wait for while a recording runs, which
// ends all the same when the transaction's time is over; bookkeeping can be interrupted.
func TestStatementsOfRecordingsAreNotWatched(t *testing.T) {
	t.Parallel()
	_, w := openWriter(t)
	watched := map[string]bool{}
	look := func(name string) func(context.Context, executor) error {
		return func(ctx context.Context, conn executor) error {
			watched[name] = ctx.Done() != nil
			if _, ok := ctx.Deadline(); !ok {
				t.Errorf("%s has no end", name)
			}
			return put(name)(ctx, conn)
		}
	}
	recording, bookkeeping := newJob(t.Context(), look("recording")), newJob(t.Context(), look("bookkeeping"))
	recording.run.project, bookkeeping.run.project = "acme", ""
	w.commit(only(recording))
	w.commit(only(bookkeeping))
	if watched["recording"] || !watched["bookkeeping"] {
		t.Errorf("watched are %v", watched)
	}
	ctx, end := context.WithCancel(t.Context())
	if _, err := w.conn.ExecContext(unwatched{ctx}, "SELECT 1"); err != nil {
		t.Fatal(err)
	}
	end()
	if _, err := w.conn.ExecContext(unwatched{ctx}, "SELECT 1"); !errors.Is(err, context.Canceled) {
		t.Errorf("a statement after the end: %v", err)
	}
}

// TestALostSavepoint has changes that destroy the transaction around them, as the engine
// itself does on some errors. The others are run again, each alone, and are committed once.
// Alone there is no savepoint to release, and without a transaction nothing to commit.
func TestALostSavepoint(t *testing.T) {
	t.Parallel()
	for _, statement := range []string{"ROLLBACK", "RELEASE change"} {
		for name, after := range map[string]error{"and succeeds": nil, "and fails": errors.New("own error")} {
			t.Run(statement+" "+name, func(t *testing.T) {
				t.Parallel()
				db, w := openWriter(t)
				runs := map[string]int{}
				counted := func(key string) *groupJob {
					return newJob(t.Context(), func(ctx context.Context, conn executor) error {
						runs[key]++
						return put(key)(ctx, conn)
					})
				}
				batch := []*groupJob{
					counted("a"),
					counted("b"),
					newJob(t.Context(), func(ctx context.Context, conn executor) error {
						if err := put("lost")(ctx, conn); err != nil {
							t.Error(err)
						}
						if _, err := conn.ExecContext(ctx, statement); err != nil {
							return errors.Join(err, after)
						}
						return after
					}),
					counted("c"),
				}
				w.commit(only(batch...))
				got := answers(t, batch)
				if got[0] != nil || got[1] != nil || got[3] != nil {
					t.Errorf("the others heard %v", got)
				}
				if got[2] == nil || after != nil && !errors.Is(got[2], after) {
					t.Errorf("the destroyer heard %v", got[2])
				}
				wantCommitted(t, db, "a", "b", "c")
				if diff := cmp.Diff(map[string]int{"a": 2, "b": 2, "c": 1}, runs); diff != "" {
					t.Errorf("runs (-want, +got):\n%s", diff)
				}
				// The writer goes on with a connection that is in no transaction.
				next := []*groupJob{counted("d")}
				w.commit(only(next...))
				if err := answers(t, next)[0]; err != nil {
					t.Errorf("afterwards: %v", err)
				}
			})
		}
	}
}

// TestCommitInsideARecordingIsRefused: what has promised an event cannot be committed by
// the change itself.
func TestCommitInsideARecordingIsRefused(t *testing.T) {
	t.Parallel()
	db, w := openWriter(t)
	batch := []*groupJob{
		newJob(t.Context(), put("a")),
		newJob(t.Context(), func(ctx context.Context, conn executor) error {
			if _, err := conn.ExecContext(ctx, openPromise, "acme", event.NewID()); err != nil {
				t.Error(err)
			}
			_, err := conn.ExecContext(ctx, "COMMIT")
			if err == nil {
				t.Error("COMMIT went through while an event was promised")
			}
			return err
		}),
		newJob(t.Context(), func(ctx context.Context, conn executor) error {
			if _, err := conn.ExecContext(ctx, openPromise, "acme", event.NewID()); err != nil {
				t.Errorf("the promise of the change before was not taken back: %v", err)
			}
			_, err := conn.ExecContext(ctx, closePromise)
			if err == nil {
				t.Error("a promise was dropped without its event")
			}
			return err
		}),
		newJob(t.Context(), put("b")),
	}
	w.commit(only(batch...))
	got := answers(t, batch)
	if got[0] != nil || got[1] == nil || got[2] == nil || got[3] != nil {
		t.Errorf("answers are %v", got)
	}
	wantCommitted(t, db, "a", "b")
}

// TestARefusedCommitIsEverybodysError: a promise that is left standing makes COMMIT fail.
func TestARefusedCommitIsEverybodysError(t *testing.T) {
	t.Parallel()
	db, w := openWriter(t)
	own := errors.New("own error")
	batch := []*groupJob{
		newJob(t.Context(), put("a")),
		newJob(t.Context(), func(ctx context.Context, conn executor) error {
			_, err := conn.ExecContext(ctx, openPromise, "acme", event.NewID())
			return err
		}),
		newJob(t.Context(), func(context.Context, executor) error { return own }),
	}
	w.commit(only(batch...))
	got := answers(t, batch)
	if got[0] == nil || got[1] == nil || !errors.Is(got[2], own) {
		t.Errorf("answers are %v", got)
	}
	wantCommitted(t, db)
	next := []*groupJob{newJob(t.Context(), put("b"))}
	w.commit(only(next...))
	if err := answers(t, next)[0]; err != nil {
		t.Errorf("afterwards: %v", err)
	}
	wantCommitted(t, db, "b")
}

// TestAFullDatabase: SQLite rolls back the whole transaction when there is no space; the
// others are committed all the same.
func TestAFullDatabase(t *testing.T) {
	t.Parallel()
	db, w := openWriter(t)
	runs := 0
	batch := []*groupJob{
		newJob(t.Context(), put("a")),
		newJob(t.Context(), func(ctx context.Context, conn executor) error {
			runs++
			// The limit is the connection's, and the smallest possible: what there is now.
			if _, err := conn.ExecContext(ctx, "PRAGMA max_page_count = 1"); err != nil {
				t.Error(err)
			}
			_, err := exec(ctx, conn, `INSERT INTO outbox (project_id, id, channel, message, body, state, created_at)
				VALUES ('acme', 'x', 'email', '', zeroblob($1), 'waiting', 0)`, []any{1 << 20})
			_, limitErr := conn.ExecContext(ctx, "PRAGMA max_page_count = 1000000")
			return errors.Join(err, limitErr)
		}),
		newJob(t.Context(), put("b")),
	}
	w.commit(only(batch...))
	got := answers(t, batch)
	if got[0] != nil || got[2] != nil || !fault.Is(got[1], "DatabaseFull") || fault.Of(got[1]).Kind != fault.Unavailable {
		t.Errorf("answers are %v", got)
	}
	wantCommitted(t, db, "a", "b")
	if n, err := Column[int64](t.Context(), db, `SELECT count(*) FROM outbox`); err != nil || n[0] != 0 {
		t.Errorf("%v messages, %v", n, err)
	}
	if runs != 2 {
		t.Errorf("the large change ran %d times, want twice: with the others and alone", runs)
	}
	next := []*groupJob{newJob(t.Context(), put("c"))}
	w.commit(only(next...))
	if err := answers(t, next)[0]; err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestAWaitingCallerMayLeave(t *testing.T) {
	t.Parallel()
	g := &group{jobs: make(chan *groupJob)} // nobody takes from it
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := g.do(ctx, bare(func(context.Context, executor) error {
		t.Error("ran")
		return nil
	}))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestStopCommitsWhatWaits: what was taken in before the end is committed and answered.
func TestStopCommitsWhatWaits(t *testing.T) {
	t.Parallel()
	db, w := openWriter(t)
	g := startGroup(w.db, w.log, nil)
	entered, proceed := make(chan struct{}), make(chan struct{})
	jobs := []*groupJob{newJob(t.Context(), func(ctx context.Context, conn executor) error {
		close(entered)
		<-proceed
		return put("first")(ctx, conn)
	})}
	if err := g.enqueue(jobs[0]); err != nil {
		t.Fatal(err)
	}
	<-entered
	for i := range 2 * maxGroup / 3 {
		job := newJob(t.Context(), put(fmt.Sprintf("waiting %03d", i)))
		if err := g.enqueue(job); err != nil {
			t.Fatal(err)
		}
		jobs = append(jobs, job)
	}
	stopped := make(chan struct{})
	go func() { g.stop(); close(stopped) }()
	close(proceed)
	<-stopped
	if err := errors.Join(answers(t, jobs)...); err != nil {
		t.Error(err)
	}
	if keys := committed(t, db); len(keys) != len(jobs) || !slices.Contains(keys, "first") {
		t.Errorf("%d changes of %d are there", len(keys), len(jobs))
	}
	if err := g.do(t.Context(), bare(put("late"))); !fault.Is(err, "DatabaseClosed") {
		t.Errorf("after the end: %v", err)
	}
}

// scribe makes recordings of one project for a batch, and counts how often each runs.
type scribe struct {
	t     *testing.T
	db    *DB
	runs  map[string]int
	watch func(context.Context, *Tx) error // called in each change
}

func newScribe(t *testing.T, db *DB, w *groupWriter) *scribe {
	t.Helper()
	s := &scribe{t, db, map[string]int{}, nothing}
	first := []*groupJob{s.records("project", func(ctx context.Context, tx *Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO projects (project_id, name, log_id, config, version, created_at) VALUES ('acme', 'Acme', 'log/1', '', 1, 0)`)
		return err
	})}
	w.commit(only(first...))
	if err := answers(t, first)[0]; err != nil {
		t.Fatal(err)
	}
	clear(s.runs)
	return s
}

// records is a recording that does something, writes one row and records one event.
func (s *scribe) records(key string, do func(context.Context, *Tx) error) *groupJob {
	var first event.ID
	by := event.BySystem("test")
	run := s.db.recording(by, "acme", &first, func(ctx context.Context, tx *Tx) error {
		s.runs[key]++
		if err := errors.Join(s.watch(ctx, tx), do(ctx, tx)); err != nil {
			return err
		}
		if err := put(key)(ctx, tx.conn); err != nil {
			return err
		}
		id := tx.nextEventID()
		tx.drafts = append(tx.drafts, &draft{write: func() (event.Event, error) {
			if key == "is no event" {
				return event.Event{}, errors.New("it cannot be made")
			}
			return event.New(event.ProjectAppRenamed{Name: key}, id, "log/1", by, event.InProject("acme"))
		}})
		return nil
	})
	return &groupJob{ctx: s.t.Context(), run: run, answer: make(chan error, 1)}
}

// wantRuns also looks whether every event has its one leaf.
func (s *scribe) wantRuns(want map[string]int) {
	s.t.Helper()
	if diff := cmp.Diff(want, s.runs); diff != "" {
		s.t.Errorf("runs (-want, +got):\n%s", diff)
	}
	clear(s.runs)
	n, err := Column[int64](s.t.Context(), s.db, `
		SELECT (SELECT count(*) FROM events)
		UNION ALL SELECT count(*) FROM events e JOIN leaves l ON l.project_id = e.project_id AND l.id = e.id
		UNION ALL SELECT count(*) FROM leaves
		UNION ALL SELECT size FROM logs`)
	if err != nil || len(n) != 4 || n[0] != n[1] || n[0] != n[2] || n[0] != n[3] {
		s.t.Errorf("events, their leaves, all leaves, size: %v, %v", n, err)
	}
}

// TestWhatComesMeanwhileIsCommittedToo: a recording that comes while those before it run is in their
// transaction, and when it fails, they are not lost. After a change that is no recording nobody joins.
func TestWhatComesMeanwhileIsCommittedToo(t *testing.T) {
	t.Parallel()
	db, w := openWriter(t)
	s := newScribe(t, db, w)
	refused := errors.New("no")
	came := []*groupJob{
		s.records("fine", nothing), s.records("no", func(context.Context, *Tx) error { return refused }),
		newJob(t.Context(), put("other")), s.records("late", nothing),
	}
	b := only()
	b.group = &group{jobs: make(chan *groupJob, len(came))}
	come := sync.OnceFunc(func() {
		for _, job := range came {
			b.group.jobs <- job
		}
	})
	b.jobs = []*groupJob{s.records("first", func(context.Context, *Tx) error { come(); return nil })}
	waiting := b.group
	w.commit(b)
	if got := answers(t, b.jobs); len(got) != 5 || got[0] != nil || got[1] != nil || !errors.Is(got[2], refused) || got[3] != nil || got[4] != nil {
		t.Errorf("answers are %v", got)
	}
	s.wantRuns(map[string]int{"first": 2, "fine": 2, "no": 2, "late": 1})
	w.careful = 0

	after := s.records("after it", nothing)
	b = only(newJob(t.Context(), func(ctx context.Context, conn executor) error {
		waiting.jobs <- after
		return put("long")(ctx, conn)
	}))
	b.group = waiting
	w.commit(b)
	if got := answers(t, b.jobs); len(got) != 1 || got[0] != nil || len(after.answer) != 0 {
		t.Errorf("answers are %v", got)
	}
	wantCommitted(t, db, "fine", "first", "late", "long", "other", "project")
}

func TestABatchHasItsLimit(t *testing.T) {
	t.Parallel()
	b := only()
	b.group = &group{jobs: make(chan *groupJob, maxGroup+10)}
	if b.join() {
		t.Error("nobody waits, and somebody joins")
	}
	for range maxGroup + 10 {
		b.group.jobs <- &groupJob{}
	}
	if !b.join() || len(b.jobs) != maxGroup || b.join() {
		t.Errorf("%d are together, of at most %d", len(b.jobs), maxGroup)
	}
	close(b.group.jobs)
	b.jobs = nil
	if !b.join() || len(b.jobs) != 10 || b.join() {
		t.Errorf("%d are together after the end, not the 10 who were left", len(b.jobs))
	}
}

func nothing(context.Context, *Tx) error { return nil }

// TestRecordingsHaveNoSavepoints as long as none fails; then all run again, each in one.
func TestRecordingsHaveNoSavepoints(t *testing.T) {
	t.Parallel()
	db, w := openWriter(t)
	s := newScribe(t, db, w)
	fine := []*groupJob{s.records("a", nothing), s.records("b", nothing)}
	w.commit(only(fine...))
	if err := errors.Join(answers(t, fine)...); err != nil {
		t.Fatal(err)
	}
	if _, ok := w.conn.stmts["SAVEPOINT change"]; ok {
		t.Error("there was a savepoint")
	}
	s.wantRuns(map[string]int{"a": 1, "b": 1})

	refused := fault.New(fault.Invalid, "No", "No.")
	fails := func(context.Context, *Tx) error { return refused }
	for i, runs := range []int{2, 1} { // the second time one is careful
		key := func(name string) string { return fmt.Sprint(name, i) }
		batch := []*groupJob{s.records(key("c"), nothing), s.records(key("no"), fails), newJob(t.Context(), put(key("d"))), s.records(key("e"), nothing)}
		w.commit(only(batch...))
		got := answers(t, batch)
		if got[0] != nil || !errors.Is(got[1], refused) || got[2] != nil || got[3] != nil {
			t.Errorf("answers are %v", got)
		}
		s.wantRuns(map[string]int{key("c"): runs, key("no"): runs, key("e"): 1})
	}
	wantCommitted(t, db, "a", "b", "c0", "c1", "d0", "d1", "e0", "e1", "project")
	w.careful = 1
	for range 2 {
		one := []*groupJob{s.records(fmt.Sprint("f", w.careful), nothing), newJob(t.Context(), put(fmt.Sprint("g", w.careful)))}
		w.commit(only(one...))
		if err := errors.Join(answers(t, one)...); err != nil || w.careful != 0 {
			t.Errorf("%v; careful for %d", err, w.careful)
		}
	}
}

// TestEventsAreInsertedTogether: recordings of one project that follow each other share a promise,
// and an event that cannot be made is its own change's error alone.
func TestEventsAreInsertedTogether(t *testing.T) {
	t.Parallel()
	db, w := openWriter(t)
	s := newScribe(t, db, w)
	promises := 0
	s.watch = func(ctx context.Context, tx *Tx) error {
		n, err := Column[int64](ctx, tx, `SELECT count(*) FROM recording WHERE event_id = $1`, tx.EventID())
		if err == nil {
			promises += int(n[0])
		}
		return err
	}
	const odd = "is no event"
	for _, c := range []struct {
		batch    []*groupJob
		promises int
		fails    int
		runs     map[string]int
	}{
		{[]*groupJob{s.records("a", nothing), s.records("b", nothing), s.records("c", nothing)}, 1, -1, map[string]int{"a": 1, "b": 1, "c": 1}},
		{[]*groupJob{s.records("d", nothing), newJob(t.Context(), put("e")), s.records("f", nothing)}, 2, -1, map[string]int{"d": 1, "f": 1}},
		{[]*groupJob{s.records("g", nothing), s.records(odd, nothing), s.records("h", nothing)}, 1 + 3, 1, map[string]int{"g": 2, odd: 2, "h": 2}},
	} {
		promises = 0
		w.commit(only(c.batch...))
		for i, err := range answers(t, c.batch) {
			if failed := i == c.fails; failed != (err != nil) {
				t.Errorf("caller %d heard %v", i, err)
			}
		}
		if promises != c.promises {
			t.Errorf("%d changes had a promise of their own, not %d", promises, c.promises)
		}
		s.wantRuns(c.runs)
	}
	wantCommitted(t, db, "a", "b", "c", "d", "e", "f", "g", "h", "project")
}

// TestARecordingThatEndsTheTransaction, as the engine does by itself on some errors, and says
// nothing about it: whatever comes after it in the batch, nothing of it is kept outside of a
// transaction, and the others are committed once.
func TestARecordingThatEndsTheTransaction(t *testing.T) {
	t.Parallel()
	ends := func(ctx context.Context, tx *Tx) error {
		_, err := tx.conn.ExecContext(ctx, "ROLLBACK")
		return err
	}
	for name, after := range map[string][]string{"last": nil, "before a recording": {"record c"}, "before another change": {"c"}, "before both": {"c", "record d"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, w := openWriter(t)
			s := newScribe(t, db, w)
			before := len(committed(t, db))
			batch := []*groupJob{s.records("a", nothing), s.records("end", func(ctx context.Context, tx *Tx) error {
				return errors.Join(ends(ctx, tx), ErrNoChange)
			})}
			// The same, and the error is swallowed.
			swallows := batch[1].run.run
			batch[1].run.run = func(ctx context.Context, conn executor, promise func(event.ID) error) ([]*draft, error) {
				_, err := swallows(ctx, conn, promise)
				if !errors.Is(err, ErrNoChange) {
					t.Errorf("the end came to nothing: %v", err)
				}
				return nil, nil
			}
			for _, key := range after {
				if name, ok := strings.CutPrefix(key, "record "); ok {
					batch = append(batch, s.records(name, nothing))
				} else {
					batch = append(batch, newJob(t.Context(), put(key)))
				}
			}
			w.commit(only(batch...))
			got := answers(t, batch)
			if got[1] == nil {
				t.Error("the one that ended the transaction heard nothing of it")
			}
			if err := errors.Join(slices.Delete(got, 1, 2)...); err != nil {
				t.Errorf("the others heard %v", err)
			}
			if n := len(committed(t, db)) - before; n != len(batch)-1 {
				t.Errorf("%d are committed of %d", n, len(batch)-1)
			}
			delete(s.runs, "end")
			want := map[string]int{}
			for key, n := range s.runs {
				want[key] = min(n, 2)
			}
			s.wantRuns(want)
		})
	}
}
