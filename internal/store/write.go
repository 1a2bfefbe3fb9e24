package store

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
)

// maxRuns is how often a transaction is run when the engine keeps rolling it back.
const maxRuns = 4

// write runs a recording transaction of a project on either engine and commits it.
func (db *DB) write(ctx context.Context, by event.By, project string, run func(context.Context, *Tx) error) error {
	if err := db.refusal(); err != nil {
		return err
	}
	_, err := db.logs.known(ctx, db, project)
	if err != nil {
		return err
	}
	var first event.ID
	var drafts []*draft // of the run that was committed
	record := db.recording(by, project, &first, func(ctx context.Context, tx *Tx) error {
		err := run(ctx, tx)
		drafts = tx.drafts
		return err
	})
	if db.group != nil {
		err = db.group.do(ctx, record)
	} else {
		err = db.joint.do(ctx, record)
	}
	if err == nil {
		db.usage.add(project, first.Time(), drafts)
		db.recorded.ring()
	}
	return err
}

// change is what runs inside a transaction. It may run again in another one.
type change struct {
	// project is whose events it records; empty for bookkeeping, which records none.
	project string
	// run calls promise, where the engine wants one, with the id of the first event before it
	// writes anything.
	run func(ctx context.Context, conn executor, promise func(event.ID) error) ([]*draft, error)
	// committed looks up, when COMMIT got no clear answer, whether it took place; nil where nothing
	// tells, as with bookkeeping.
	committed func() (bool, error)
}

// runChange turns a panic of a change into its caller's error.
func runChange(ctx context.Context, conn executor, run change, promise func(event.ID) error) (_ []*draft, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errPanic(p)
		}
	}()
	return run.run(ctx, conn, promise)
}

func errPanic(p any) error {
	return fault.New(fault.Internal, "Unexpected", "Something went wrong on the server.").
		Because(fmt.Errorf("store: panic in a change: %v\n%s", p, debug.Stack()))
}

// recording is what a recording transaction of a project runs. first is set to the id of its
// first event.
func (db *DB) recording(by event.By, project string, first *event.ID, run func(context.Context, *Tx) error) change {
	return change{project: project, committed: func() (bool, error) { return db.hasEvent(project, *first) }, run: func(ctx context.Context, conn executor, promise func(event.ID) error) ([]*draft, error) {
		if project == "" {
			return nil, fault.New(fault.Internal, "NoProject", "A change of no project.")
		}
		*first = db.clock.Next()
		if promise != nil {
			if err := promise(*first); err != nil {
				return nil, err
			}
		}
		tx := &Tx{
			conn: conn, engine: db.engine, clock: db.clock, by: by, project: project, logs: db.logs, first: *first,
		}
		if err := run(ctx, tx); err != nil {
			return nil, err
		}
		if len(tx.drafts) == 0 {
			return nil, fault.New(fault.Internal, "NothingRecorded", "A change came without its event.")
		}
		return tx.drafts, nil
	}}
}

// bell wakes whoever waits for something to have happened; many rings may be heard as one.
type bell chan struct{}

func (b bell) ring() {
	select {
	case b <- struct{}{}:
	default:
	}
}

// Recorded is heard from after events have been recorded by this process. It has one listener.
func (db *DB) Recorded() <-chan struct{} { return db.recorded }

// transact runs a transaction on PostgreSQL, again when the engine rolled it back through no
// fault of its own.
func (db *DB) transact(ctx context.Context, run change) (err error) {
	for range maxRuns {
		if err = db.transactOnce(ctx, run); !mayRunAgain(err) {
			return translate(err)
		}
	}
	return translate(err)
}

func (db *DB) transactOnce(ctx context.Context, run change) error {
	// The transaction lives under a context that the caller cannot end: its statements end with
	// the caller, but a COMMIT once sent is waited for.
	deadline := time.Now().Add(groupDeadline)
	if callers, ok := ctx.Deadline(); ok && callers.Before(deadline) {
		deadline = callers
	}
	unbroken, cancel := context.WithDeadline(context.WithoutCancel(ctx), deadline)
	defer cancel()
	if err := ctx.Err(); err != nil {
		return err
	}
	tx, err := db.pools.write.BeginTx(unbroken, nil)
	if err != nil {
		return translate(err)
	}
	drafts, err := runChange(ctx, tx, run, nil)
	if err == nil {
		err = recorded{run.project, drafts}.queue(ctx, tx)
	}
	if err != nil {
		// A context that has ended has rolled back already; whatever it says, nothing commits.
		_ = tx.Rollback()
		return err
	}
	if err := ctx.Err(); err != nil {
		_ = tx.Rollback()
		return err
	}
	err = tx.Commit()
	if err == nil || rolledBack(err) {
		return err
	}
	return settleCommit(err, run, lookTimes)
}

// Bookkeep runs a transaction that records nothing because nobody acts in it. Audited
// tables refuse it. It may run twice.
func Bookkeep(ctx context.Context, db *DB, run func(context.Context, *Book) error) error {
	if err := db.refusal(); err != nil {
		return err
	}
	book := change{run: func(ctx context.Context, conn executor, _ func(event.ID) error) ([]*draft, error) {
		return nil, run(ctx, &Book{conn, db.engine})
	}}
	if db.group != nil {
		return db.group.do(ctx, book)
	}
	return db.transact(ctx, book)
}
