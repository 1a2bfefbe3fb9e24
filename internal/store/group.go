package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/ledger"
)

// maxGroup bounds how many changes are committed together.
const maxGroup = 256

// groupDeadline bounds one transaction of the writer, however many changes it holds.
const groupDeadline = 30 * time.Second

// group is SQLite's one writer: a goroutine that owns the write connection and commits together the
// changes that wait, and those that come while these run. A savepoint for each costs much, since it
// copies every page before it is written to, so recordings do without as long as none fails: when one
// does, all is rolled back, and they run again, each in a savepoint. Other changes have one unless
// they are alone; after one, which may be long, nobody joins.
//
// Recordings of one project that follow each other without savepoints share one promise of an
// event. Their events are inserted together, and made by other goroutines while the next change runs.
// Within a savepoint each keeps its own promise before the next begins.
//
// The rules, each of which has cost somebody data:
//   - A caller's context is looked at before its change and not within. Statements run under the
//     writer's own context, because one that expires inside a savepoint rolls back the whole
//     transaction, and what follows would commit by itself.
//   - If ROLLBACK TO fails, nothing more is issued in that transaction; every change of the
//     group runs again alone.
//   - The engine may have ended the transaction within a change, which swallowed the error. So the
//     writer looks after each that has no savepoint.
//   - Nobody is answered before COMMIT.
//   - A panic in a change is that caller's error.
type group struct {
	jobs   chan *groupJob
	pauses chan func() // what runs between two transactions
	done   chan struct{}

	mu      sync.RWMutex
	stopped bool // guarded by mu; jobs is closed when it is set
}

type groupJob struct {
	ctx    context.Context // the caller's
	run    change
	answer chan error // of capacity 1
	err    error      // what the change ended with; owned by the writer
}

var errClosed = fault.New(fault.Unavailable, "DatabaseClosed", "The server is shutting down.")

func startGroup(db *sql.DB, log *slog.Logger, place *place) *group {
	g := &group{jobs: make(chan *groupJob, maxGroup), pauses: make(chan func()), done: make(chan struct{})}
	w := &groupWriter{db: db, log: log, place: place}
	go func() {
		defer close(g.done)
		defer w.release()
		for {
			select {
			case pause := <-g.pauses:
				pause()
			case first, ok := <-g.jobs:
				if !ok {
					return
				}
				w.commit(g.gather(first))
			}
		}
	}()
	return g
}

// pause runs something between two transactions.
func (g *group) pause(run func()) error {
	ended := make(chan struct{})
	select {
	case g.pauses <- func() { defer close(ended); run() }:
		<-ended
		return nil
	case <-g.done:
		return errClosed
	}
}

// gather takes what waits beside the first.
func (g *group) gather(first *groupJob) *batch {
	b := &batch{group: g, jobs: append(make([]*groupJob, 0, maxGroup), first)}
	letOthersCome()
	b.join()
	return b
}

// letOthersCome lets other goroutines run a few times: callers who have just been answered may have
// another change each, and the more there are in a transaction, the less its COMMIT costs.
func letOthersCome() {
	const patience = 3
	for range patience {
		runtime.Gosched()
	}
}

// batch is what is committed together.
type batch struct {
	group *group // from which others may join; nil when none may
	jobs  []*groupJob
}

// only is a batch that others do not join.
func only(jobs ...*groupJob) *batch { return &batch{jobs: jobs} }

// join takes what waits, and reports whether there was anything.
func (b *batch) join() bool {
	before := len(b.jobs)
	for b.group != nil && len(b.jobs) < maxGroup {
		select {
		case job, ok := <-b.group.jobs:
			if ok {
				b.jobs = append(b.jobs, job)
				continue
			}
		default:
		}
		break
	}
	return len(b.jobs) > before
}

// stop lets the changes that wait be committed and ends the writer; later changes are refused.
func (g *group) stop() {
	g.mu.Lock()
	if !g.stopped {
		g.stopped = true
		close(g.jobs)
	}
	g.mu.Unlock()
	<-g.done
}

// do runs a change in the next group and returns after the group's COMMIT. It waits for the answer
// even when ctx ends, since the change may have committed.
func (g *group) do(ctx context.Context, run change) error {
	job := &groupJob{ctx: ctx, run: run, answer: make(chan error, 1)}
	if err := g.enqueue(job); err != nil {
		return err
	}
	return <-job.answer
}

func (g *group) enqueue(job *groupJob) error {
	g.mu.RLock()
	defer g.mu.RUnlock()
	if g.stopped {
		return errClosed
	}
	select {
	case g.jobs <- job:
		return nil
	case <-job.ctx.Done():
		return job.ctx.Err()
	}
}

// groupWriter owns the write connection and its prepared statements.
type groupWriter struct {
	db      *sql.DB
	log     *slog.Logger
	place   *place // of the files; nil when nobody looks
	conn    *preparedConn
	careful int // how many of the next transactions have savepoints from the beginning

	open   recorded                 // what the promise that stands is kept with; of no project when none does
	leaves map[string][]ledger.Leaf // what is to have positions before COMMIT, by project
}

// carefulFor is how many transactions have savepoints after one in which a change failed: such
// changes come in a row.
const carefulFor = 20

func (w *groupWriter) release() {
	if w.conn != nil {
		w.conn.close()
		w.conn = nil
	}
}

// commit runs a batch in one transaction and answers everybody.
func (w *groupWriter) commit(b *batch) {
	err := w.try(b)
	if errors.Is(err, errSavepointLost) && len(b.jobs) > 1 {
		for _, job := range b.jobs {
			job.err = nil
			w.commit(only(job))
		}
		return
	}
	for _, job := range b.jobs {
		if err != nil && job.err == nil {
			job.err = err
		}
		job.answer <- job.err
	}
}

// unwatched is a context that ends a transaction between two statements, and none within: for each
// statement that could be interrupted the driver starts a goroutine, a tenth of what recording takes.
// Those of recordings are short. Bookkeeping's may not be, and it gets the context itself.
type unwatched struct{ context.Context }

// Done returns nil, which says that there is nothing to wait for.
func (unwatched) Done() <-chan struct{} { return nil }

// interruptible is the context itself.
func interruptible(ctx context.Context) context.Context {
	if u, ok := ctx.(unwatched); ok {
		return u.Context
	}
	return ctx
}

var errSavepointLost = errors.New("store: a savepoint could not be rolled back")

// try runs a batch in one transaction. Afterwards each job's err says how its change ended, and
// the result how the transaction did.
func (w *groupWriter) try(b *batch) (err error) {
	if err := w.place.check(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), groupDeadline)
	defer cancel()
	if w.conn == nil {
		if w.conn, err = newPreparedConn(ctx, w.db); err != nil {
			return translate(err)
		}
	}
	ctx = unwatched{ctx}
	if _, err := w.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		w.release()
		return translate(err)
	}
	w.open, w.leaves = recorded{}, map[string][]ledger.Leaf{}
	trusting := w.careful == 0
	w.careful = max(0, w.careful-1)
	if err := w.run(ctx, b, trusting); err != nil {
		w.rollback()
		switch {
		case len(b.jobs) == 1 && errors.Is(err, errOneFailed):
			return nil
		case w.conn == nil || !errors.Is(err, errOneFailed):
			return errors.Join(errSavepointLost, err)
		}
		w.careful = carefulFor
		return w.try(b)
	}
	if err := w.seal(ctx); err != nil {
		w.rollback()
		return translate(err)
	}
	if err := ctx.Err(); err != nil {
		w.rollback()
		return translate(err)
	}
	if _, err := w.conn.ExecContext(ctx, "COMMIT"); err != nil {
		w.rollback()
		if rolledBack(err) {
			return translate(err)
		}
		return settleCommit(err, b.recording(), 1)
	}
	if err := w.place.check(); err != nil {
		return errCommitUnknown(err) // into which file, the old or the new one?
	}
	return nil
}

// recording returns a change of the batch that recorded an event, by which its COMMIT can be looked
// up; one of bookkeeping when there is none.
func (b *batch) recording() change {
	for _, job := range b.jobs {
		if job.err == nil && job.run.committed != nil {
			return job.run
		}
	}
	return change{}
}

// errOneFailed is what ends a transaction without savepoints, of which nothing can be kept.
var errOneFailed = errors.New("store: a change failed")

// run runs a batch, and what comes meanwhile. Alone, a change needs no savepoint, since the
// transaction does what it is for.
func (w *groupWriter) run(ctx context.Context, b *batch, trusting bool) error {
	for i := 0; i < len(b.jobs) || b.join(); i++ {
		job := b.jobs[i]
		if job.run.project == "" {
			b.group = nil
		}
		if job.err = translate(job.ctx.Err()); job.err != nil {
			continue // gone before its turn
		}
		if len(b.jobs) == 1 || trusting && job.run.project != "" {
			var drafts []*draft
			if drafts, job.err = w.change(ctx, job.run); job.err != nil {
				return errOneFailed
			}
			if !w.stands(ctx) {
				return errSavepointLost
			}
			if len(b.jobs) > 1 || b.join() {
				begin(drafts) // while the others run
			}
			continue
		}
		if err := w.keep(ctx); err != nil {
			return errOneFailed
		}
		if job.err = w.savepoint(ctx, job.run); errors.Is(job.err, errSavepointLost) {
			return job.err
		}
	}
	if err := w.keep(ctx); err != nil {
		if len(b.jobs) == 1 {
			b.jobs[0].err = err
		}
		return errOneFailed
	}
	return nil
}

// change runs a change, leaves its promise open and returns its drafts.
func (w *groupWriter) change(ctx context.Context, run change) ([]*draft, error) {
	if run.project == "" {
		ctx = interruptible(ctx)
	}
	drafts, err := runChange(ctx, w.conn, run, func(first event.ID) error { return w.promise(ctx, run.project, first) })
	if err == nil {
		w.open.drafts = append(w.open.drafts, drafts...)
	}
	return drafts, err
}

// The engine lets a project's audited tables be written while an event of it is promised, refuses to
// drop the promise before that event is there, and to commit while it stands.
const (
	openPromise  = `INSERT INTO recording (one, project_id, event_id) VALUES (1, $1, $2)`
	closePromise = `DELETE FROM recording`
)

// promise opens the promise of an event of a project, unless that of an earlier one stands.
func (w *groupWriter) promise(ctx context.Context, project string, first event.ID) error {
	if w.open.project == project {
		return nil
	}
	if err := w.keep(ctx); err != nil {
		return err
	}
	_, err := w.conn.ExecContext(ctx, openPromise, project, first)
	if err == nil {
		w.open.project = project
	}
	return translate(err)
}

// keep inserts the events that were promised.
func (w *groupWriter) keep(ctx context.Context) error {
	if w.open.project == "" {
		return nil
	}
	leaves, err := w.open.insert(ctx, w.conn)
	if err != nil {
		return err
	}
	if _, err := w.conn.ExecContext(ctx, closePromise); err != nil {
		return translate(err)
	}
	w.leaves[w.open.project] = append(w.leaves[w.open.project], leaves...)
	w.open = recorded{}
	return nil
}

// stands reports whether the transaction has not ended by itself: within one, the engine refuses
// to begin another.
func (w *groupWriter) stands(ctx context.Context) bool {
	_, err := w.conn.ExecContext(ctx, "BEGIN")
	return err != nil
}

// rollback ends a transaction under a context of its own. A connection that will not even
// do that is thrown away, which rolls back too.
func (w *groupWriter) rollback() {
	ctx, cancel := context.WithTimeout(context.Background(), groupDeadline)
	defer cancel()
	if _, err := w.conn.ExecContext(ctx, "ROLLBACK"); err != nil {
		w.log.Warn("rollback failed; the write connection is opened anew", "error", err)
		w.conn.discard()
		w.conn = nil
	}
}

// seal gives positions to what was recorded: one step for each project, however many changes
// there were, since it reads and writes the log's row.
func (w *groupWriter) seal(ctx context.Context) error {
	for _, project := range slices.Sorted(maps.Keys(w.leaves)) {
		if err := ledger.Append(ctx, w.conn, project, w.leaves[project]); err != nil {
			return err
		}
	}
	return nil
}

func (w *groupWriter) savepoint(ctx context.Context, run change) error {
	if _, err := w.conn.ExecContext(ctx, "SAVEPOINT change"); err != nil {
		return fmt.Errorf("%w: %w", errSavepointLost, translate(err))
	}
	_, cause := w.change(ctx, run)
	if cause == nil {
		cause = w.keep(ctx)
	}
	end := "RELEASE change"
	if cause != nil {
		w.open = recorded{}
		end = "ROLLBACK TO change; RELEASE change"
	}
	if _, err := w.conn.ExecContext(ctx, end); err != nil {
		return fmt.Errorf("%w: %w", errSavepointLost, errors.Join(cause, translate(err)))
	}
	return cause
}
