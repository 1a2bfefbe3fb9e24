package auditlog

import (
	"context"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/store"
)

// ActorsByID returns those of some actors of a project who have, or had, a name, by their ids,
// each with one of the names. End users are not among them.
func (l *Reader) ActorsByID(ctx context.Context, project string, ids []string) (_ map[string]event.Actor, err error) {
	defer fault.Wrap(&err, "auditlog.ActorsByID(%q)", project)
	if len(ids) == 0 {
		return nil, nil
	}
	b := l.builder()
	b.add("project_id = " + b.bind(project))
	b.add(in(b, "actor_id", ids, asIs))
	actors, err := store.Collect(ctx, l.db, func(a *event.Actor) []any { return []any{&a.ID, &a.Name, &a.Type} }, `
		SELECT actor_id, max(name), max(type)
		FROM event_actors
		WHERE `+b.text()+`
		GROUP BY actor_id`, b.args...)
	byID := make(map[string]event.Actor, len(actors))
	for _, a := range actors {
		byID[a.ID] = a
	}
	return byID, err
}
