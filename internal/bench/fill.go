package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/ledger"
	"github.com/sealog/sealog/internal/merkle"
	"github.com/sealog/sealog/internal/store"
)

// batch is how many rows are written in one transaction, as many as sequencer seals in one.
const batch = 1024

// maker makes events as the Admin API leaves them: users who are made, changed and disabled,
// with a request's context. Each project's events are made by one maker.
type maker struct {
	project, log string
	clock        event.Clock
	made         int
}

// next makes one event.
func (m *maker) next() (event.Event, error) {
	n := m.made
	m.made++
	by := access.ByOperator("bench")
	by.Surface = event.ViaAdminAPI
	by.Request.IP, by.Request.UserAgent = "192.0.2.7", "shop-backend/4.2 (linux; amd64)"
	by.Request.URL, by.Request.Languages = "https://id.shop.example/_api/admin/graphql", []string{"en"}
	at := m.clock.Next()
	email := fmt.Sprintf("kim.%d@shop.example", n)
	user := event.UserObject{
		ID: at, CreatedAt: at.Time(), UpdatedAt: at.Time(), Roles: []string{}, Groups: []string{},
		StandardAttributes: fmt.Appendf(nil, `{"email":%q,"email_verified":true,"name":"Kim Example","locale":"de-CH"}`, email),
		CustomAttributes:   []byte(`{"tier":"gold"}`), Web3: []byte(`{}`),
	}
	about := event.AboutUser(m.project, user.ID)
	switch n % 3 {
	case 0:
		return event.New(event.CreateUserExecuted{User: user}, at, m.log, by, about)
	case 1:
		return event.New(event.UpdateUserExecuted{User: user, Original: user}, at, m.log, by, about)
	default:
		return event.New(event.SetDisabledStatusExecuted{User: user, IsDisabled: true, Reason: "chargeback"}, at, m.log, by, about)
	}
}

// fill writes n events into the project's queue, as recording leaves them on an engine that
// queues.
func (p *place) fill(ctx context.Context, m *maker, n int) error {
	for n > 0 {
		events := make([]event.Event, min(n, batch))
		n -= len(events)
		for i := range events {
			var err error
			if events[i], err = m.next(); err != nil {
				return err
			}
		}
		err := store.Bookkeep(ctx, p.db, func(ctx context.Context, b *store.Book) error {
			if err := insertEvents(ctx, b, m.project, events); err != nil {
				return err
			}
			return b.InsertMany(ctx, `INSERT INTO events_pending (project_id, id, hash) VALUES `, "", m.project, len(events), func(i int) []any {
				hash := merkle.LeafHash(events[i].Entry)
				return []any{events[i].ID, hash[:]}
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
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
