package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/sealog/sealog/internal/fault"
)

// compactTries is how often the readers of SQLite's write-ahead log are waited for.
const compactTries = 5

// Compact makes the database forget what was overwritten and deleted in the tables of the log.
//
// On SQLite the write-ahead log is brought into the database file and emptied; the file itself
// holds nothing of it, since what is deleted there is overwritten (secure_delete). On PostgreSQL
// the dead rows of the tables are removed and their room is free for others, as soon as no older
// transaction can see them; until it is taken, their bytes may stand in the files.
//
// Errors: DatabaseBusy (readers kept the write-ahead log in use; nothing is lost, try again).
func Compact(ctx context.Context, db *DB) (err error) {
	defer fault.Wrap(&err, "store.Compact")
	if db.engine == PostgreSQL {
		_, err := db.pools.write.ExecContext(ctx, `VACUUM events, event_refs`)
		return translate(err)
	}
	// A connection of its own: the writer's is in the hands of the writer, who has to wait for as
	// long as this waits for readers. So it waits several times, for a short while.
	conn, err := openFile(db, "rw", "busy_timeout(400)", "synchronous(FULL)")
	if err != nil {
		return err
	}
	defer conn.Close()
	var busy, frames, moved int64
	for range compactTries {
		if err := conn.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &frames, &moved); err != nil {
			return translate(err)
		}
		if busy == 0 {
			return nil
		}
	}
	return fault.New(fault.Unavailable, "DatabaseBusy", "The database is busy; nothing was changed.").
		Because(fmt.Errorf("store: the write-ahead log has %d frames, of which %d were moved", frames, moved))
}

// openFile opens the file of a SQLite database once more, with one connection.
func openFile(db *DB, mode string, pragmas ...string) (*sql.DB, error) {
	return openPlaced(db.place, sqliteDSN(db.place.path, mode, pragmas...), 1)
}
