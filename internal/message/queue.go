package message

import (
	"context"
	"time"

	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/store"
)

// The functions here are for package delivery, which sends, and schedule, which sweeps.

// due is the condition of a message that waits to be sent and that no process has taken; $1 is the
// time.
const due = `state = 'queued' AND next_attempt_at <= $1 AND leased_until <= $1`

// DueForPortal returns at most limit messages of all projects that are due and are for people who
// sign in to the Portal, oldest first.
func DueForPortal(ctx context.Context, db *store.DB, now time.Time, limit int) ([]Entry, error) {
	return store.Collect(ctx, db, (*Entry).fields, `
		SELECT `+entryColumns+`
		FROM outbox
		WHERE `+due+` AND for_portal = 1
		ORDER BY next_attempt_at
		LIMIT $2`, store.Micros(now), limit)
}

// Due returns at most limit messages of a channel of a project that are due and are not for the
// Portal, oldest first.
func Due(ctx context.Context, db *store.DB, channel Channel, project string, now time.Time, limit int) ([]Entry, error) {
	return store.Collect(ctx, db, (*Entry).fields, `
		SELECT `+entryColumns+`
		FROM outbox
		WHERE `+due+` AND project_id = $2 AND channel = $3 AND for_portal = 0
		ORDER BY next_attempt_at, id
		LIMIT $4`, store.Micros(now), project, string(channel), limit)
}

// Waiting returns at most limit projects with queued messages, in the order of their ids: those
// after a project, "" for the first. It looks at one row for each.
func Waiting(ctx context.Context, db *store.DB, after string, limit int) ([]string, error) {
	var projects []string
	for len(projects) < limit {
		next, err := store.Column[string](ctx, db, `
			SELECT project_id
			FROM outbox
			WHERE state = 'queued' AND project_id > $1
			ORDER BY project_id
			LIMIT 1`, after)
		if err != nil || len(next) == 0 {
			return projects, err
		}
		after = next[0]
		projects = append(projects, after)
	}
	return projects, nil
}

// Take leases a message until a time, and reports whether it was still to be had: the UPDATE
// looks again, so of several processes one gets it.
func Take(ctx context.Context, db *store.DB, e Entry, now, until time.Time) (taken bool, err error) {
	err = store.Bookkeep(ctx, db, func(ctx context.Context, book *store.Book) error {
		n, err := book.Exec(ctx, `
			UPDATE outbox
			SET leased_until = $4
			WHERE project_id = $1 AND id = $2 AND state = 'queued' AND leased_until <= $3 AND next_attempt_at <= $3 AND attempts = $5`,
			e.Project, e.ID, store.Micros(now), store.Micros(until), e.Attempts)
		taken = n == 1
		return err
	})
	return taken, err
}

// PutOff gives a message back for a later attempt, with the reason.
func PutOff(ctx context.Context, db *store.DB, e Entry, next time.Time, reason string) error {
	return store.Bookkeep(ctx, db, func(ctx context.Context, book *store.Book) error {
		_, err := book.Exec(ctx, `
			UPDATE outbox
			SET attempts = attempts + 1, next_attempt_at = $3, leased_until = 0, last_error = $4
			WHERE project_id = $1 AND id = $2 AND state = 'queued'`, e.Project, e.ID, store.Micros(next), reason)
		return err
	})
}

// Settle says in the transaction of the event that tells of it that a message was sent, which
// erases its body, or given up, which keeps it for another try. It is store.ErrNoChange when
// the message is gone or was settled before.
func Settle(ctx context.Context, tx *store.Tx, e Entry, state, reason string) error {
	var sentAt any
	body := `body`
	if state == Sent {
		sentAt, body = store.Micros(tx.Now()), `NULL`
	}
	n, err := tx.Exec(ctx, `
		UPDATE outbox
		SET state = $3, attempts = attempts + 1, sent_at = $4, last_error = $5, leased_until = 0, body = `+body+`
		WHERE project_id = $1 AND id = $2 AND state = 'queued'`, e.Project, e.ID, state, sentAt, reason)
	if err == nil && n == 0 {
		err = store.ErrNoChange
	}
	return err
}

// sentFor is how many days the row of a sent message stays, without its text.
const sentFor = 30

// Sweep removes the rows of messages that were sent 30 days ago; that they were stands in the log.
func Sweep(ctx context.Context, db *store.DB, now time.Time) (err error) {
	defer fault.Wrap(&err, "message.Sweep")
	return store.Bookkeep(ctx, db, func(ctx context.Context, book *store.Book) error {
		_, err := book.Exec(ctx, `DELETE FROM outbox WHERE state = 'sent' AND sent_at < $1`, store.Micros(now.AddDate(0, 0, -sentFor)))
		return err
	})
}
