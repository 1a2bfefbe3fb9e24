package auditlog

import (
	"context"
	"slices"

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
	ids, err := uncounted(ctx, q, f.Project, from)
	if err != nil {
		return tail{}, err
	}
	for some := range slices.Chunk(ids, idsAtOnce) {
		rows, err := rowsOf(ctx, q, f.Project, some)
		if err != nil {
			return tail{}, err
		}
		for _, row := range rows {
			d, err := event.Derive(row.entry, row.disclosures)
			if err == nil && f.matches(row.ID, d) {
				t.rows = append(t.rows, row)
			}
		}
	}
	return t, nil
}

// derived is the filter without the tail.
func (t tail) derived(f Filter) Filter {
	f.below = &t.projected
	return f
}

// projected is the position from which on counts and references don't know of a project's events.
func projected(ctx context.Context, q store.Querier, project string) (int64, error) {
	return one(ctx, q, `SELECT projected FROM logs WHERE project_id = $1 AND NOT closed`, project)
}

// idsAtOnce bounds how many ids one statement names.
const idsAtOnce = 500

// uncounted returns the ids of the events that counts and references don't know of, mostly none.
// They are read before anything else of them is: an engine that is asked at once for those of
// them that a filter chooses may begin with all that the filter chooses.
func uncounted(ctx context.Context, q store.Querier, project string, projected int64) ([]event.ID, error) {
	return store.Column[event.ID](ctx, q, `
		SELECT id FROM leaves WHERE project_id = $1 AND position >= $2
		UNION ALL
		SELECT id FROM events_pending WHERE project_id = $1`, project, projected)
}
