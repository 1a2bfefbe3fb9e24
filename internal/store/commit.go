package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
)

// rolledBack reports whether the error of a COMMIT says for certain that the transaction did not take
// place. After every other error it may have: PostgreSQL may have committed before its answer was lost,
// and SQLite may have written the whole transaction to its write-ahead log before fsync failed, where
// it is found after a crash.
func rolledBack(err error) bool {
	if errors.Is(err, sql.ErrTxDone) || errors.Is(err, pgx.ErrTxCommitRollback) {
		return true // database/sql rolled back before COMMIT was sent, or the server says that it did
	}
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		switch lite.Code() & 0xff {
		case sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_READONLY:
			return true // refused before anything was written
		case sqlite3.SQLITE_FULL:
			return true // the frame that commits is written last, and was not
		}
		return false
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		// An ERROR means that the server rolled back. With FATAL and PANIC it ends the connection and says
		// why, as it can after it has committed too (pg_terminate_backend, a shutdown).
		return pg.SeverityUnlocalized == "ERROR"
	}
	return false
}

// How long an ambiguous COMMIT is looked for on PostgreSQL: a server that lost its client may still
// be writing, or waiting for a standby. SQLite is this process, so that one look is enough.
const (
	lookTimes = 10
	lookEvery = 200 * time.Millisecond
	// lookWithin bounds each look. The caller has waited for long.
	lookWithin = 5 * time.Second
)

// settleCommit finds out whether a COMMIT took place that ended with err. run is a change of the
// transaction; as all of them commit together, one tells of all. When the server said by itself
// that it ends, the transaction is over, and one look tells; else absence proves nothing, however
// often one looks.
func settleCommit(err error, run change, times int) error {
	if run.committed == nil {
		return errCommitUnknown(err)
	}
	server, said := errors.AsType[*pgconn.PgError](err)
	said = said && server.SeverityUnlocalized == "FATAL"
	for try := range times {
		found, lookErr := run.committed()
		switch {
		case found:
			return nil
		case lookErr != nil:
			return errCommitUnknown(errors.Join(err, lookErr))
		case said:
			return fault.New(fault.Unavailable, "DatabaseUnavailable", "The database cannot be reached; nothing was changed.").Because(err)
		case try+1 < times:
			time.Sleep(lookEvery)
		}
	}
	return errCommitUnknown(err)
}

func errCommitUnknown(cause error) error {
	return fault.New(fault.Unavailable, "CommitUnknown",
		"The database did not say whether the change took place; look before you repeat it.").Because(cause)
}

// hasEvent reports whether an event has been committed. It asks with a context of its own,
// since the caller's may be what ended the commit.
func (db *DB) hasEvent(project string, id event.ID) (bool, error) {
	ctx, cancel := context.WithTimeout(context.Background(), lookWithin)
	defer cancel()
	n, err := Column[int64](ctx, db, `SELECT 1 FROM events WHERE project_id = $1 AND id = $2`, project, id)
	return len(n) == 1, err
}
