package auditlog

import (
	"context"
	"slices"
	"strconv"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/store"
)

// fewEvents is how many events a group of references may lead to, to be looked up before
// everything else.
const fewEvents = 100

// looked returns the filter with the events in place of the references, in each group where few
// events mention any of them: one look at event_refs where walks would be as many as references.
// Actors of whom there is no event are left out: a word that somebody looks for is mostly none. It is a
// filter of the state that q sees, without the tail.
func (l *Reader) looked(ctx context.Context, q store.Querier, f Filter) (Filter, error) {
	f.Mentions = slices.Clone(f.Mentions)
	for i, m := range f.Mentions {
		if len(m.Refs) == 0 {
			continue
		}
		b := l.builder()
		ref := l.refOf(f.Project)
		b.add(in(b, "ref", m.Refs, func(r event.Ref) any { return ref(r) }))
		ids, err := store.Column[event.ID](ctx, l.kept(q), `SELECT id FROM event_refs WHERE `+b.text()+` LIMIT `+strconv.Itoa(l.few+1), b.args...)
		if err != nil {
			return Filter{}, err
		}
		if len(ids) <= l.few {
			f.Mentions[i].Events, f.Mentions[i].Refs = unique(slices.Concat(m.Events, ids)), nil
		}
		if f.Mentions[i].Actors, err = l.known(ctx, q, f.Project, m.Actors); err != nil {
			return Filter{}, err
		}
	}
	return f, nil
}

// known returns those of some actors of whom there may be events that are derived.
func (l *Reader) known(ctx context.Context, q store.Querier, project string, actors []string) ([]string, error) {
	may, others := []string{}, []string{}
	for _, actor := range actors {
		if event.MayBeEndUser(actor) {
			may = append(may, actor)
		} else {
			others = append(others, actor)
		}
	}
	if len(others) == 0 {
		return may, nil
	}
	b := l.builder()
	b.add("project_id = " + b.bind(project))
	b.add(in(b, "actor_id", others, asIs))
	have, err := store.Column[string](ctx, l.kept(q), `SELECT DISTINCT actor_id FROM event_actors WHERE `+b.text(), b.args...)
	return append(may, have...), err
}

// isFew reports whether a group holds for few events, whose ids are known.
func (m Mention) isFew() bool {
	return len(m.Users)+len(m.Actors)+len(m.Refs) == 0 && len(m.Events) <= 2*fewEvents
}
