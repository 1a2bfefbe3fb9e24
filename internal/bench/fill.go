package bench

import (
	"context"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/ledger"
	"github.com/sealog/sealog/internal/merkle"
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
	return store.Bookkeep(ctx, db, func(ctx context.Context, b *store.Book) error {
		if err := insertEvents(ctx, b, project, events); err != nil {
			return err
		}
		return b.InsertMany(ctx, `INSERT INTO events_pending (project_id, id, hash) VALUES `, "", project, len(events), func(i int) []any {
			hash := merkle.LeafHash(events[i].Entry)
			return []any{events[i].ID, hash[:]}
		})
	})
}

func insertEvents(ctx context.Context, b *store.Book, project string, events []event.Event) error {
	return b.InsertMany(ctx, `INSERT INTO events (project_id, id, category, type, outcome, actor_id, user_id, entry, disclosures) VALUES `, "",
		project, len(events), func(i int) []any {
			e := events[i]
			return []any{e.ID, int64(e.Category), string(e.Type), int64(e.Outcome), e.ActorID, e.User, ledger.Packed(e.Entry), ledger.Packed(e.Disclosures)}
		})
}

// timed is how long f took.
func timed(f func() error) (time.Duration, error) {
	begun := time.Now()
	err := f()
	return time.Since(begun), err
}
