package store

import (
	"context"

	"github.com/sealog/sealog/internal/event"
)

// RecordUnsealed is Record on SQLite, whose writer gives positions, without them: what they cost
// is the difference. The log of a database in which it was used is no log any more.
func RecordUnsealed[P event.Payload[P]](ctx context.Context, db *DB, by event.By, about event.Target,
	run func(context.Context, *Tx) (P, error),
) error {
	if _, err := db.logs.known(ctx, db, about.Project); err != nil {
		return err
	}
	var first event.ID
	record := db.recording(by, about.Project, &first, func(ctx context.Context, tx *Tx) error {
		fact, err := run(ctx, tx)
		if err != nil {
			return err
		}
		return add(ctx, tx, about, fact)
	})
	// It writes its events down by itself, so that the writer has none to give positions to.
	err := db.group.do(ctx, change{project: about.Project, run: func(ctx context.Context, conn executor, promise func(event.ID) error) ([]*draft, error) {
		drafts, err := record.run(ctx, conn, promise)
		if err != nil {
			return nil, err
		}
		_, err = recorded{about.Project, drafts}.insert(ctx, conn)
		return nil, err
	}})
	if err == nil {
		db.recorded.ring()
	}
	return err
}
