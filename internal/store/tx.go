package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/ledger"
	"github.com/sealog/sealog/internal/merkle"
)

// executor is a connection inside a transaction.
type executor interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Tx is a transaction that records an event. Only Record makes one. It belongs to the
// goroutine that runs the change and is dead when the change returns.
type Tx struct {
	conn    executor
	engine  Engine
	clock   *event.Clock
	by      event.By
	project string
	// first is the event id that the transaction promised: its first event takes it.
	first     event.ID
	firstUsed bool
	logs      *logNames
	// drafts are the events to be inserted when the change has returned.
	drafts []*draft
}

// Now is the time of the transaction: that of its first event, to the microsecond.
func (t *Tx) Now() time.Time { return t.first.Time() }

// EventID is the id of the transaction's first event.
func (t *Tx) EventID() event.ID { return t.first }

// NewID returns a fresh id for something that the change makes.
func (t *Tx) NewID() event.ID { return event.NewID() }

// Exec runs a statement and returns how many rows it changed.
func (t *Tx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	return exec(ctx, t.conn, query, args)
}

func exec(ctx context.Context, conn executor, query string, args []any) (int64, error) {
	result, err := conn.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, translate(err)
	}
	n, err := result.RowsAffected()
	return n, translate(err)
}

func (t *Tx) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return t.conn.QueryContext(ctx, query, args...)
}

// ForUpdate is what a SELECT in this transaction ends with to lock the rows it reads until
// the transaction ends. Name one project_id in such a SELECT.
func (t *Tx) ForUpdate() string { return t.engine.forUpdate() }

func (t *Tx) nextEventID() event.ID {
	if !t.firstUsed {
		t.firstUsed = true
		return t.first
	}
	return t.clock.Next()
}

// add writes down a fact as the transaction's next event.
func add[P event.Payload[P]](ctx context.Context, t *Tx, about event.Target, fact P) error {
	if about.Project != t.project {
		return fault.New(fault.Internal, "ForeignEvent", "An event of another project in one transaction.").
			Because(fmt.Errorf("store: event about %q in a transaction of %q", about.Project, t.project))
	}
	log, err := t.logs.name(ctx, t, about.Project)
	if err != nil {
		return err
	}
	id, by := t.nextEventID(), t.by
	t.drafts = append(t.drafts, &draft{write: func() (event.Event, error) { return event.New(fact, id, log, by, about) }})
	return nil
}

// OpenEpoch closes the open epoch of the log of the transaction's project and opens that of a
// later number, whose first leaf will be the transaction's first event. It returns the tree of
// the epoch that ended.
func (t *Tx) OpenEpoch(ctx context.Context, number int64) (ended merkle.Frontier, err error) {
	ended, err = ledger.NewEpoch(ctx, t.conn, t.project, t.engine.forUpdate(), number, t.first)
	return ended, translate(err)
}

// Book is a transaction of bookkeeping: it writes what is nobody's action, such as the time
// a session was last seen. Audited tables refuse it.
type Book struct {
	conn   executor
	engine Engine
}

// Exec runs a statement and returns how many rows it changed.
func (b *Book) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	return exec(ctx, b.conn, query, args)
}

func (b *Book) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return b.conn.QueryContext(ctx, query, args...)
}

// Drain gives positions to at most limit events of a project's queue, and returns to how many.
// What another process is draining is left to it.
func (b *Book) Drain(ctx context.Context, project string, limit int) (int, error) {
	n, err := ledger.Drain(ctx, b.conn, project, b.engine.skipLocked(), limit)
	return n, translate(err)
}

// Insert writes down events of a project that come without a change.
func (b *Book) Insert(ctx context.Context, project string, rows []ledger.Row) error {
	return translate(ledger.Insert(ctx, b.conn, project, rows))
}

// Append gives leaves the next positions of a project's log, without the queue. Nobody else may
// append to it meanwhile: of two that do, one fails.
func (b *Book) Append(ctx context.Context, project string, leaves []ledger.Leaf) error {
	return translate(ledger.Append(ctx, b.conn, project, leaves))
}

// InsertMany writes n rows. head ends with VALUES, tail is what follows the rows; row gives the
// values of one, of which every row has equally many.
func (b *Book) InsertMany(ctx context.Context, head, tail string, n int, row func(i int) []any) error {
	return translate(ledger.InsertMany(ctx, b.conn, head, tail, n, row))
}
