package export

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/store"
)

// checkActors compares event_actors with the actors that events name. Of one who appears by the
// same id and name as two types, which should not be, either type will do.
func (c *checker) checkActors(ctx context.Context) error {
	stored, err := store.Collect(ctx, c.q, func(a *event.Actor) []any { return []any{&a.ID, &a.Name, &a.Type} }, `
		SELECT actor_id, name, type
		FROM event_actors
		WHERE project_id = $1
		ORDER BY actor_id, name`, c.project)
	if err != nil {
		return err
	}
	c.rep.Checked.Actors = int64(len(stored))
	known := map[event.Actor]bool{}
	for _, a := range stored {
		if !c.actors[a] {
			c.rep.add(KindActor, none, "no event is by %q, named %q (%s)", a.ID, a.Name, a.Type)
		}
		known[event.Actor{ID: a.ID, Name: a.Name}] = true
	}
	for _, a := range slices.SortedFunc(maps.Keys(c.actors), func(a, b event.Actor) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Name, b.Name))
	}) {
		if !known[event.Actor{ID: a.ID, Name: a.Name}] {
			c.rep.add(KindActor, none, "%q, named %q, is not among the actors", a.ID, a.Name)
		}
	}
	return nil
}
