package erasure

import (
	"context"
	"maps"
	"slices"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/store"
)

// references are rows of event_refs to be removed: the events, by the reference as it is stored.
type references map[int64][]event.ID

// add adds what an event referred to and does not refer to any more with the disclosures that
// are kept. What a public part says too, such as the id of a session, can still be found.
func (r references) add(db *store.DB, project string, e stored, kept []byte) error {
	before, err := event.Derive(e.entry, e.disclosures)
	if err != nil {
		return err
	}
	after, err := event.Derive(e.entry, kept)
	if err != nil {
		return err
	}
	for _, ref := range before.Refs {
		if !slices.Contains(after.Refs, ref) {
			key := db.Vault().Reference(project, ref)
			r[key] = append(r[key], e.id)
		}
	}
	return nil
}

// remove takes the rows away, in the order of their keys, so that no two transactions wait for
// each other in a circle.
func (r references) remove(ctx context.Context, tx *store.Tx) error {
	for _, ref := range slices.Sorted(maps.Keys(r)) {
		list, args := in(r[ref], ref)
		if _, err := tx.Exec(ctx, `DELETE FROM event_refs WHERE ref = $1 AND id IN (`+list+`)`, args...); err != nil {
			return err
		}
	}
	return nil
}
