package ledger

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/merkle"
)

// Conn is a connection inside a transaction.
type Conn interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Log is the open epoch of a project's log. Start and size count positions, which go on from
// epoch to epoch; the epoch's tree has size - start leaves.
type Log struct {
	project            string
	epoch, start, size int64
	frontier           merkle.Frontier
	openedBy           event.ID // zero when any event may be the first leaf
}

// Origin is how the checkpoints of an epoch name their log: its id, and from the second epoch
// on "/e" and the epoch.
func Origin(log string, epoch int64) string {
	if epoch <= 1 {
		return log
	}
	return fmt.Sprintf("%s/e%d", log, epoch)
}

// open reads the open epoch of a project's log; false when it has none. lock is what the
// SELECT ends with.
func open(ctx context.Context, c Conn, project, lock string) (_ *Log, ok bool, err error) {
	l := &Log{project: project}
	var frontier []byte
	ok, err = row(ctx, c, []any{&l.epoch, &l.start, &l.size, &frontier, &l.openedBy}, `
		SELECT epoch, start, size, frontier, opened_by
		FROM logs
		WHERE project_id = $1 AND NOT closed`+lock, project)
	if err != nil || !ok {
		return nil, false, err
	}
	l.frontier, err = merkle.ParseFrontier(l.size-l.start, frontier)
	return l, true, err
}

// create makes a log's first epoch unless there is one.
func create(ctx context.Context, c Conn, project string) error {
	_, err := c.ExecContext(ctx, `
		INSERT INTO logs (project_id, epoch, start, size, frontier, signed_size, derived, closed)
		VALUES ($1, 1, 0, 0, $2, 0, 0, FALSE)
		ON CONFLICT DO NOTHING`, project, []byte{})
	return err
}

// NewEpoch closes the open epoch of a project's log and opens the one of a later number, whose
// first leaf has to be the event opener, which the same transaction records. It returns the
// tree of the epoch that ended.
func NewEpoch(ctx context.Context, c Conn, project, lock string, number int64, opener event.ID) (ended merkle.Frontier, err error) {
	l, ok, err := open(ctx, c, project, lock)
	if err != nil {
		return merkle.Frontier{}, err
	}
	if !ok || number <= l.epoch {
		return merkle.Frontier{}, fmt.Errorf("ledger: the log of %s has no epoch before %d to close", project, number)
	}
	if _, err := c.ExecContext(ctx, `UPDATE logs SET closed = TRUE WHERE project_id = $1 AND epoch = $2`, project, l.epoch); err != nil {
		return merkle.Frontier{}, err
	}
	_, err = c.ExecContext(ctx, `
		INSERT INTO logs (project_id, epoch, start, size, frontier, signed_size, derived, opened_by, closed)
		SELECT project_id, $3, size, size, $4, size, derived, $5, FALSE
		FROM logs
		WHERE project_id = $1 AND epoch = $2`, project, l.epoch, number, []byte{}, opener)
	return l.frontier, err
}

// row reads one row into places; false when there is none.
func row(ctx context.Context, c Conn, places []any, query string, args ...any) (ok bool, err error) {
	err = each(ctx, c, func(rows *sql.Rows) error {
		ok = true
		return rows.Scan(places...)
	}, query, args...)
	return ok, err
}

// each runs a query and calls f for every row.
func each(ctx context.Context, c Conn, f func(*sql.Rows) error, query string, args ...any) error {
	rows, err := c.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows); err != nil {
			return fmt.Errorf("ledger: scan: %w", err)
		}
	}
	return rows.Err()
}
