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
// It is a filter of the state that q sees, without the tail.
func (l *Reader) looked(ctx context.Context, q store.Querier, f Filter) (Filter, error) {
	f.Mentions = slices.Clone(f.Mentions)
	for i, m := range f.Mentions {
		if len(m.Refs) == 0 {
			continue
		}
		b := &builder{}
		ref := l.refOf(f.Project)
		b.add(in(b, "ref", m.Refs, func(r event.Ref) any { return ref(r) }))
		ids, err := store.Column[event.ID](ctx, q, `SELECT id FROM event_refs WHERE `+b.text()+` LIMIT `+strconv.Itoa(l.few+1), b.args...)
		if err != nil {
			return Filter{}, err
		}
		if len(ids) <= l.few {
			f.Mentions[i].Events, f.Mentions[i].Refs = unique(slices.Concat(m.Events, ids)), nil
		}
	}
	return f, nil
}

// isFew reports whether a group holds for few events, whose ids are known.
func (m Mention) isFew() bool {
	return len(m.Users)+len(m.Actors)+len(m.Refs) == 0 && len(m.Events) <= 2*fewEvents
}
