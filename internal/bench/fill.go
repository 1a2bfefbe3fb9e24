package bench

import (
	"context"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/ledger"
	"github.com/sealog/sealog/internal/store"
)

// batch is how many rows are written in one transaction, as many as sequencer seals in one.
const batch = 1024

// fill writes n events into the project's queue.
func (p *place) fill(ctx context.Context, m *maker, n int) error {
	for n > 0 {
		events, err := m.some(min(n, batch))
		if err != nil {
			return err
		}
		n -= len(events)
		if err := queue(ctx, p.db, m.project, events); err != nil {
			return err
		}
	}
	return nil
}

// queue writes events into a project's queue, as recording leaves them on an engine that queues.
func queue(ctx context.Context, db *store.DB, project string, events []event.Event) error {
	rows := ready(events)
	leaves := ledger.Leaves(rows)
	return store.Bookkeep(ctx, db, func(ctx context.Context, b *store.Book) error {
		if err := b.Insert(ctx, project, rows); err != nil {
			return err
		}
		return b.InsertMany(ctx, `INSERT INTO events_pending (project_id, id, hash) VALUES `, "", len(leaves), func(i int) []any {
			return []any{project, leaves[i].ID, leaves[i].Hash[:]}
		})
	})
}

// ready makes events ready for being inserted.
func ready(events []event.Event) []ledger.Row {
	rows := make([]ledger.Row, len(events))
	for i, e := range events {
		rows[i] = ledger.NewRow(e)
	}
	return rows
}

// timed is how long f took.
func timed(f func() error) (time.Duration, error) {
	begun := time.Now()
	err := f()
	return time.Since(begun), err
}
