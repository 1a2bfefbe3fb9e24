package store

import (
	"context"
	"errors"
	"strings"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
)

// ErrNoChange is what a change of a background job returns when there was nothing to do:
// the transaction is rolled back and nothing is recorded, not even an attempt. The
// mutations of the Admin API never return it; they record even when nothing changes.
var ErrNoChange = errors.New("store: no change")

// Record runs change in one transaction and records, with it, the fact that it returns: the
// two commit together or not at all, and the answer comes after the commit.
//
// by is who acts, about is whom or what the event is about and in which project's log it
// stands; the project must exist when change returns. When change fails, everything is
// rolled back and the attempt is recorded in a transaction of its own, with outcome failed
// or denied and the error's code.
//
// change may run twice. Inside it there is no network, no sleeping, no password hashing,
// and no clock or random source but tx.Now and tx.NewID.
func Record[P event.Payload[P]](ctx context.Context, db *DB, by event.By, about event.Target,
	change func(context.Context, *Tx) (P, error),
) (P, error) {
	var fact P
	err := db.admit(ctx, by, fact.Type(), about.Project)
	if err != nil {
		return fact, db.attempt(ctx, fact.Type(), by, about, err)
	}
	err = db.write(ctx, by, about.Project, func(ctx context.Context, tx *Tx) (err error) {
		if fact, err = change(ctx, tx); err != nil {
			return err
		}
		return add(ctx, tx, about, fact)
	})
	if err == nil {
		return fact, nil
	}
	var none P
	if errors.Is(err, ErrNoChange) {
		return none, err
	}
	return none, db.attempt(ctx, none.Type(), by, about, err)
}

// Also records a further fact in the transaction of a change, such as user.created beside
// the mutation that an administrator called; it takes an earlier id than the change's own fact.
// What the fact refers to must not be changed afterwards: the event is made of it later.
func Also[P event.Payload[P]](ctx context.Context, tx *Tx, about event.Target, fact P) error {
	return add(ctx, tx, about, fact)
}

// Refuse records an attempt at P that never came to a transaction and returns err. It does
// nothing when err has been recorded already, so that a surface can call it, in one place,
// for every error that it answers with.
func Refuse[P event.Payload[P]](ctx context.Context, db *DB, by event.By, about event.Target, err error) error {
	var none P
	return db.attempt(ctx, none.Type(), by, about, err)
}

// recordedError marks an error whose attempt stands in the log.
type recordedError struct{ error }

// Unwrap returns the error itself.
func (e recordedError) Unwrap() error { return e.error }

// attempt records, in a transaction of its own, that an action came to nothing because of
// cause, and returns cause, marked as recorded. A cancelled caller and a database that
// cannot be reached leave no attempt, nor does one that is read-only; that it cannot be reached is logged.
func (db *DB) attempt(ctx context.Context, t event.Type, by event.By, about event.Target, cause error) error {
	if _, ok := errors.AsType[recordedError](cause); ok || cause == nil || errors.Is(cause, context.Canceled) {
		return cause
	}
	if db.ReadOnly() {
		return cause
	}
	f := fault.Of(cause)
	outcome := event.Failed
	if f.Kind == fault.Denied || f.Kind == fault.Unauthenticated {
		outcome = event.Denied
	}
	if f.Kind == fault.Unavailable && (strings.HasPrefix(f.Code, "Database") || f.Code == "CommitUnknown") {
		db.log.ErrorContext(ctx, "attempt not recorded: the database is unavailable", "type", t, "actor", by.Actor.ID, "code", f.Code)
		return cause
	}
	known, err := db.logs.known(ctx, db, about.Project)
	if err != nil || !known {
		// A project that is not there has no log; its name becomes the target.
		about = event.About(event.PortalProject, "project", about.Project)
	}
	exceeded, err := db.exceeded(ctx, about.Project)
	caller, what := attemptCaller{about.Project, by.Actor.ID}, attempted{tryOf(t, about), f.Code}
	if !db.attempts.allow(caller, what, err == nil && exceeded != nil, db.clock.Next().Time()) {
		return recordedError{cause}
	}
	failure := event.ContextError{Kind: f.Kind.String(), Code: f.Code}
	// The caller may be gone; the attempt stands all the same.
	err = db.write(context.WithoutCancel(ctx), by, about.Project, func(ctx context.Context, tx *Tx) error {
		log, err := tx.logs.name(ctx, tx, about.Project)
		if err != nil {
			return err
		}
		id := tx.nextEventID()
		tx.drafts = append(tx.drafts, &draft{write: func() (event.Event, error) {
			return event.NewAttempt(t, id, log, by, about, outcome, failure)
		}})
		return nil
	})
	if err != nil {
		db.log.ErrorContext(ctx, "attempt not recorded", "type", t, "actor", by.Actor.ID, "code", f.Code, "error", err)
		return cause
	}
	return recordedError{cause}
}
