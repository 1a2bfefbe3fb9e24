package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
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
	e, err := event.New(fact, t.nextEventID(), log, t.by, about)
	if err != nil {
		return err
	}
	return t.insert(ctx, e)
}

func (t *Tx) insert(ctx context.Context, e event.Event) error {
	_, err := t.Exec(ctx, `
		INSERT INTO events (project_id, id, category, type, outcome, actor_id, user_id, entry, disclosures)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		e.Project, e.ID, int64(e.Category), string(e.Type), int64(e.Outcome), e.ActorID, e.User, e.Entry, e.Disclosures)
	if err != nil {
		return err
	}
	_, err = t.Exec(ctx, `INSERT INTO events_pending (project_id, id) VALUES ($1, $2)`, e.Project, e.ID)
	return err
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
