package auditlog

import (
	"context"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/store"
)

// tail is what counts and references do not know of yet: the events without a position and
// those at or above the log's projected position, about a second's worth.
type tail struct {
	// projected is the position from which on events are in the tail.
	projected int64
	rows      []Row // those that the filter chooses
}

// tail reads the tail and derives what its events mention.
func (l *Reader) tail(ctx context.Context, q store.Querier, f Filter) (tail, error) {
	from, err := projected(ctx, q, f.Project)
	if err != nil {
		return tail{}, err
	}
	t := tail{projected: from}
	sealed, err := store.Collect(ctx, q, (*Row).fields, `
		SELECT `+columns+`
		FROM leaves p JOIN events e ON e.project_id = p.project_id AND e.id = p.id
		WHERE p.project_id = $1 AND p.position >= $2`, f.Project, from)
	if err != nil {
		return tail{}, err
	}
	queued, err := store.Collect(ctx, q, (*Row).fields, `
		SELECT `+queuedColumns+`
		FROM events_pending q JOIN events e ON e.project_id = q.project_id AND e.id = q.id
		WHERE q.project_id = $1`, f.Project)
	if err != nil {
		return tail{}, err
	}
	for _, row := range append(sealed, queued...) {
		d, err := event.Derive(row.entry, row.disclosures)
		if err == nil && f.matches(row.ID, d) {
			t.rows = append(t.rows, row)
		}
	}
	return t, nil
}

// derived is the filter without the tail.
func (t tail) derived(f Filter) Filter {
	f.below = &t.projected
	return f
}
