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
	rows      []Row      // those that the filter chooses
	ids       []event.ID // theirs
}

// tail reads the tail and derives what its events mention.
func (l *Reader) tail(ctx context.Context, q store.Querier, f Filter) (tail, error) {
	b := &builder{}
	projected, ids, err := uncounted(ctx, l.kept(q), f.Project, b, projectedOf(b.bind(f.Project)))
	if err != nil {
		return tail{}, err
	}
	t := tail{projected: projected}
	for some := range slices.Chunk(ids, idsAtOnce) {
		rows, err := rowsOf(ctx, l.kept(q), f.Project, some)
		if err != nil {
			return tail{}, err
		}
		for _, row := range rows {
			d, err := event.Derive(row.entry.Plain(), row.disclosures)
			if err == nil && f.matches(row.ID, d) {
				t.rows = append(t.rows, row)
				t.ids = append(t.ids, row.ID)
			}
		}
	}
	return t, nil
}

// chosen are those of the tail that are within the time of a filter, by which it was read.
func (t tail) chosen(f Filter) []event.ID {
	return slices.DeleteFunc(slices.Clone(t.ids), func(id event.ID) bool { return !f.inTime(id) })
}

// derived is the filter without the tail.
func (t tail) derived(f Filter) Filter {
	f.below = &t.projected
	return f
}

// projectedOf selects the position from which on counts and references don't know of a project's
// events.
func projectedOf(project string) string {
	return "SELECT derived FROM logs WHERE project_id = " + project + " AND NOT closed"
}

// sizeOf selects the position after the last. It bounds what is looked at for PostgreSQL, which does
// not know how few positions are above another one, and takes them for a third of all.
func sizeOf(project string) string {
	return "SELECT size FROM logs WHERE project_id = " + project + " AND NOT closed"
}

// idsAtOnce bounds how many ids one statement names.
const idsAtOnce = 500

// uncounted returns the number that a query selects, or 0, and the ids of the events that counts
// and references don't know of, mostly none: both of the same state of the database, since they
// are one statement. Which of the events a filter chooses is asked afterwards, when their ids are
// known: an engine that is asked at once may begin with all that the filter chooses.
func uncounted(ctx context.Context, q store.Querier, project string, b *builder, number string) (n int64, ids []event.ID, err error) {
	of := b.bind(project)
	rows, err := store.Collect(ctx, q, (*numberOrID).fields, `
		SELECT `+orZero(number)+`, NULL
		UNION ALL
		SELECT 0, id FROM leaves WHERE project_id = `+of+` AND position >= (`+projectedOf(of)+`) AND position < (`+sizeOf(of)+`)
		UNION ALL
		SELECT 0, id FROM events_pending WHERE project_id = `+of, b.args...)
	for _, row := range rows {
		n += row.n
		if row.id != nil {
			ids = append(ids, *row.id)
		}
	}
	return n, ids, err
}

type numberOrID struct {
	n  int64
	id *event.ID
}

func (r *numberOrID) fields() []any { return []any{&r.n, &r.id} }
