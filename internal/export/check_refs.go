package export

import (
	"context"
	"maps"
	"math"
	"slices"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/store"
)

// reference is a row of event_refs.
type reference struct {
	ref int64
	id  event.ID
}

func (r *reference) fields() []any { return []any{&r.ref, &r.id} }

// references compares event_refs, a page of events at a time.
type references struct {
	*checker
	derived     map[reference]bool // of this page
	first, last event.ID           // of this page's events, in their order
}

func newReferences(c *checker) *references {
	return &references{checker: c, derived: map[reference]bool{}}
}

func (r *references) add(id event.ID, d event.Derived) {
	if r.first.IsZero() {
		r.first = id
	}
	r.last = id
	for _, ref := range d.Refs {
		r.derived[reference{r.db.Vault().Reference(r.project, ref), id}] = true
	}
}

// compare compares the page's references with those that are stored. A page's events follow
// each other, so that each ref is one range of the index.
func (r *references) compare(ctx context.Context) error {
	refs := map[int64]bool{}
	for d := range r.derived {
		refs[d.ref] = true
	}
	const some = 250
	for part := range slices.Chunk(slices.Sorted(maps.Keys(refs)), some) {
		list, args := store.InList(part, r.first, r.last)
		rows, err := store.Collect(ctx, r.q, (*reference).fields, `
			SELECT ref, id
			FROM event_refs
			WHERE id >= $1 AND id <= $2 AND ref IN (`+list+`)`, args...)
		if err != nil {
			return err
		}
		for _, row := range rows {
			// One that was not derived is found in the end, by their number.
			if r.derived[row] {
				r.rep.Checked.References++
				delete(r.derived, row)
			}
		}
	}
	missing := map[event.ID]int{}
	for d := range r.derived {
		missing[d.id]++
	}
	for _, id := range slices.SortedFunc(maps.Keys(missing), event.ID.Compare) {
		r.rep.add(KindReference, id, "%d of the identifiers that it mentions do not lead to it", missing[id])
	}
	clear(r.derived)
	r.first, r.last = none, none
	return nil
}

// ofProject are the rows of event_refs that lead to events of a project.
const ofProject = `
	FROM event_refs r
	JOIN events e ON e.project_id = $1 AND e.id = r.id`

// checkReferences looks for references to events that do not have them: when there are more than
// were compared, it goes through all of them.
func (c *checker) checkReferences(ctx context.Context) error {
	all, err := c.count(ctx, `SELECT count(*)`+ofProject)
	if err != nil || all == c.rep.Checked.References {
		return err
	}
	strange, found := all-c.rep.Checked.References, int64(0)
	c.rep.Checked.References = all
	for after := (reference{math.MinInt64, none}); found < min(strange, maxFindings); {
		rows, err := store.Collect(ctx, c.q, (*reference).fields, `
			SELECT r.ref, r.id`+ofProject+`
			WHERE (r.ref, r.id) > ($2, $3)
			ORDER BY r.ref, r.id
			LIMIT $4`, c.project, after.ref, after.id, int64(checkPage))
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			break
		}
		derived, err := c.derive(ctx, rows)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if !derived[row] {
				c.rep.add(KindReference, row.id, "the identifier %016x leads to it, and it does not mention it, or is too new", uint64(row.ref))
				found++
			}
		}
		after = rows[len(rows)-1]
	}
	c.rep.more(KindReference, max(0, strange-found))
	return nil
}

// derive returns the references that the events of some rows should have.
func (c *checker) derive(ctx context.Context, rows []reference) (map[reference]bool, error) {
	ids := map[event.ID]bool{}
	for _, row := range rows {
		ids[row.id] = true
	}
	list, args := store.InList(slices.Collect(maps.Keys(ids)), c.project, c.projected)
	events, err := store.Collect(ctx, c.q, (*sealedEvent).fields, `
		SELECT p.position, p.id, p.hash, e.entry, e.disclosures
		FROM leaves p
		JOIN events e ON e.project_id = p.project_id AND e.id = p.id
		WHERE p.project_id = $1 AND p.position < $2 AND p.id IN (`+list+`)`, args...)
	if err != nil {
		return nil, err
	}
	derived := map[reference]bool{}
	for _, e := range events {
		if err := e.unpack(); err != nil {
			continue // found already
		}
		d, err := event.Derive(e.entry, e.disclosures)
		if err != nil {
			continue
		}
		for _, ref := range d.Refs {
			derived[reference{c.db.Vault().Reference(c.project, ref), e.id}] = true
		}
	}
	return derived, nil
}
