package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
)

// EnsurePartitions makes the monthly partitions of the events table from the month of now to
// the given number of months ahead. It does nothing on SQLite.
func EnsurePartitions(ctx context.Context, db *DB, now time.Time, ahead int) error {
	if db.engine != PostgreSQL {
		return nil
	}
	now = now.UTC()
	month := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	for range ahead + 1 {
		next := month.AddDate(0, 1, 0)
		// Identifiers and bounds cannot be parameters; all of them are made from a date.
		_, err := db.pools.write.ExecContext(ctx, fmt.Sprintf(
			`CREATE TABLE IF NOT EXISTS %s PARTITION OF events FOR VALUES FROM ('%s') TO ('%s')`,
			partition(month), event.Floor(month), event.Floor(next)))
		if err != nil {
			return translate(err)
		}
		month = next
	}
	return nil
}

// rebuildAfter is how long a month is over before the indexes of its events are rebuilt.
const rebuildAfter = 24 * time.Hour

// RebuildPastIndexes rebuilds, once after a month has ended, the indexes of its events, and that of
// the counts: nothing comes to these places any more, and they take about half the room then. In an
// index that begins with a type or a user, events come to the ends of as many places; PostgreSQL
// splits a full page in the middle, as if events came everywhere, so that the first half, to which
// nothing is added, stays half full. It does nothing on SQLite, which moves rows to the pages beside.
//
// Reading and recording go on meanwhile. It may take minutes, waits for transactions that are older
// than its own, and Compact waits for it. Of several processes one does it. What is broken off is begun
// again by the next call.
func RebuildPastIndexes(ctx context.Context, db *DB, now time.Time) (err error) {
	defer fault.Wrap(&err, "store.RebuildPastIndexes")
	if db.engine != PostgreSQL {
		return nil
	}
	// REINDEX runs in no transaction, and the lock is the connection's.
	conn, err := db.pools.write.Conn(ctx)
	if err != nil {
		return translate(err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	var mine bool
	if err := conn.QueryRowContext(ctx, `SELECT pg_try_advisory_lock($1)`, rebuildLock).Scan(&mine); err != nil || !mine {
		return translate(err)
	}
	defer func() {
		_, unlockErr := conn.ExecContext(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1)`, rebuildLock)
		err = errors.Join(err, translate(unlockErr))
	}()
	due, err := Column[string](ctx, onConn{conn}, `
		SELECT c.relname::text
		FROM pg_inherits h
		JOIN pg_class c ON c.oid = h.inhrelid
		WHERE h.inhparent = 'events'::regclass AND c.relkind = 'r' AND c.relname ~ '^events_[0-9]{4}_[0-9]{2}$' AND c.relname < $1
			AND NOT EXISTS (SELECT 1 FROM instance i WHERE i.key = $2 || c.relname)
		ORDER BY 1`, partition(now.Add(-rebuildAfter)), rebuilt)
	if err != nil || len(due) == 0 {
		return err
	}
	var errs []error
	some := false
	for _, table := range due {
		err := rebuild(ctx, conn, table)
		if err == nil {
			some = true
			_, err = conn.ExecContext(ctx, `INSERT INTO instance (key, value) VALUES ($1, $2) ON CONFLICT DO NOTHING`, rebuilt+table, now.UTC().Format(time.RFC3339))
		}
		errs = append(errs, err)
	}
	if some {
		errs = append(errs, rebuild(ctx, conn, "event_counts"))
	}
	return translate(errors.Join(errs...))
}

// rebuilt begins the names of the settings that say what was rebuilt when.
const rebuilt = "rebuilt "

// rebuildLock is the number of the advisory lock of whoever rebuilds.
const rebuildLock = 0x5ea106

// rebuild rebuilds the indexes of a table that is named by this program. A rebuilding that was broken
// off has left indexes that are not valid; they go first.
func rebuild(ctx context.Context, conn *sql.Conn, table string) error {
	broken, err := Column[string](ctx, onConn{conn}, `
		SELECT x.indexrelid::regclass::text
		FROM pg_class t
		JOIN pg_index x ON x.indrelid IN (t.oid, t.reltoastrelid)
		JOIN pg_class c ON c.oid = x.indexrelid
		WHERE t.oid = $1::regclass AND NOT x.indisvalid AND c.relname ~ '_cc(new|old)[0-9]*$'`, table)
	if err != nil {
		return err
	}
	for _, index := range broken {
		if _, err := conn.ExecContext(ctx, `DROP INDEX CONCURRENTLY IF EXISTS `+index); err != nil {
			return err
		}
	}
	_, err = conn.ExecContext(ctx, `REINDEX TABLE CONCURRENTLY `+table)
	return err
}

// onConn is a Querier over one connection.
type onConn struct{ *sql.Conn }

func (c onConn) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return c.QueryContext(ctx, query, args...)
}

// partition is the name of the partition that has the events of a time.
func partition(t time.Time) string { return "events_" + t.UTC().Format("2006_01") }
