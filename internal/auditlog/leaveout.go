package auditlog

import (
	"context"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/store"
)

// maxLeftOut bounds how many events that a filter leaves out are taken away from what the counts say, each
// by its id.
const maxLeftOut = 100_000

// without is the filter without those of its exclusions that the counts do not know of, and what these leave
// out; false when there are none, or when the counts do not cover the rest either.
func (f Filter) without() (rest Filter, out Mention, ok bool) {
	if len(f.Not.Users)+len(f.Not.Refs)+len(f.Not.Actors) == 0 {
		return f, Mention{}, false
	}
	rest, out = f, Mention{Users: f.Not.Users, Refs: f.Not.Refs}
	rest.below, rest.lead, rest.Not.Users, rest.Not.Refs = nil, anyLead, nil, nil
	if _, _, ok := rest.countKeys(); !ok {
		rest.Not.Actors, out.Actors = nil, f.Not.Actors
	} else if slices.ContainsFunc(f.Not.Actors, event.MayBeEndUser) {
		rest.Not.Actors = nil
		for _, actor := range f.Not.Actors {
			if event.MayBeEndUser(actor) {
				out.Actors = append(out.Actors, actor)
			} else {
				rest.Not.Actors = append(rest.Not.Actors, actor)
			}
		}
	}
	_, _, ok = rest.countKeys()
	return rest, out, ok && len(out.Users)+len(out.Refs)+len(out.Actors) > 0
}

// mayLeaveOut reports whether the counts may have to be told what the filter leaves out.
func (f Filter) mayLeaveOut() bool {
	_, _, ok := f.without()
	return ok
}

// counting is the filter as the counts cover it, without what they may have to be told.
func (f Filter) counting() Filter {
	rest, _, ok := f.without()
	if !ok {
		return f
	}
	if _, _, covered := f.countKeys(); covered {
		return f
	}
	return rest
}

// leaveOut lets the counts cover the filter, if they would but for what it leaves out and that is not much:
// those events are found by their indexes, and c takes them away. All that c reads has to be of one state.
func (c *counter) leaveOut(ctx context.Context) error {
	rest, out, ok := c.f.without()
	_, low, high, _ := rest.bounds()
	if c.keys != nil || !ok || !low.Before(high) {
		return nil
	}
	keys, minus, ok, err := c.covering(ctx, rest)
	if err != nil || !ok {
		return err
	}
	of := (&counter{l: c.l, q: c.q, f: rest, keys: keys, minus: minus}).between(low, high)
	b := c.l.builder()
	n, tail, err := uncounted(ctx, c.l.kept(c.q), c.f.Project, b, of.sumOf(b, segments(low, high)))
	if err != nil {
		return err
	}
	limit := c.l.maxLeftOut
	if !rest.thinned() {
		limit = min(limit, n) // else what they have is looked at along an index, which has nothing else
	} else if n == 0 {
		c.keys, c.minus = keys, minus
		return nil
	}
	ids, ok, err := of.all(ctx, out, limit)
	if err != nil || !ok {
		return err
	}
	if ids, err = of.among(ctx, except(ids, tail)); err != nil {
		return err
	}
	slices.SortFunc(ids, event.ID.Compare)
	c.keys, c.minus, c.out = keys, minus, slices.Compact(ids)
	return nil
}

// among returns those of some events, which are in the filter's time, that it chooses. Those of a type to be
// excluded, and attempts, are looked for in their own indexes, which are a tenth as large as the rows.
func (c *counter) among(ctx context.Context, ids []event.ID) (_ []event.ID, err error) {
	f := c.f
	f.From, f.To = time.Time{}, time.Time{}
	var not []Filter
	if len(f.Not.Types) > 0 {
		not = append(not, Filter{Project: f.Project, Types: f.Not.Types, lead: leadTypes})
		f.Not.Types = nil
	}
	if slices.Equal(f.Outcomes, []event.Outcome{event.Succeeded}) {
		not = append(not, Filter{Project: f.Project, Outcomes: attempts(), lead: leadAttempts})
		f.Outcomes = nil
	}
	chosen := func(f Filter) ([]event.ID, error) { return (&counter{l: c.l, q: c.q, f: f}).chosen(ctx, ids) }
	if !reflect.DeepEqual(f, Filter{Project: f.Project}) {
		if ids, err = chosen(f); err != nil {
			return nil, err
		}
	}
	for _, f := range not {
		others, err := chosen(f)
		if err != nil {
			return nil, err
		}
		ids = except(ids, others)
	}
	return ids, nil
}

// except returns those of some ids that are not among others, which it puts in order.
func except(ids, others []event.ID) []event.ID {
	slices.SortFunc(others, event.ID.Compare)
	return slices.DeleteFunc(ids, func(id event.ID) bool {
		_, among := slices.BinarySearchFunc(others, id, event.ID.Compare)
		return among
	})
}

// leavesFew reports whether the counts cover the filter but for few events, so that a walk does not go
// through many in vain.
func (c *counter) leavesFew(ctx context.Context) (bool, error) {
	rest, out, ok := c.f.without()
	if !ok {
		return false, nil
	}
	if _, _, ok, err := c.covering(ctx, rest); err != nil || !ok {
		return false, err
	}
	_, few, err := c.all(ctx, out, c.l.maxLeftOut)
	return few, err
}

// all returns the ids of the events, within the filter's time, that a group of mentions holds for, by the
// indexes alone, some of them twice; false when there are more than the limit. Of references it knows those
// that are derived.
func (c *counter) all(ctx context.Context, m Mention, limit int64) (_ []event.ID, ok bool, err error) {
	b := c.l.builder()
	within := Filter{Project: c.f.Project, From: c.f.From, To: c.f.To}
	var texts []string
	if len(m.Users) > 0 {
		users := within
		users.Users, users.lead = m.Users, leadUsers
		texts = append(texts, c.chosenBy(b, users, "e.id")...)
	}
	if len(m.Actors) > 0 {
		actors := within
		actors.Actors, actors.lead = m.Actors, leadActors
		texts = append(texts, c.chosenBy(b, actors, "e.id")...)
	}
	if len(m.Refs) > 0 {
		ref, part := c.l.refOf(c.f.Project), b.part()
		part.add(in(part, "e.ref", m.Refs, func(r event.Ref) any { return ref(r) }))
		within.restrictTime(part)
		texts, b.args = append(texts, "SELECT e.id FROM event_refs e WHERE "+part.text()), part.args
	}
	for i, text := range texts {
		texts[i] = "SELECT id FROM (" + text + " LIMIT " + strconv.FormatInt(limit+1, 10) + ") AS found"
	}
	ids, err := store.Column[event.ID](ctx, c.q, strings.Join(texts, " UNION ALL "), b.args...)
	if err != nil || int64(len(ids)) > limit {
		return nil, false, err
	}
	return ids, true, nil
}

// outWithin is how many events of a time the filter leaves out, of those that the counts have.
func (c *counter) outWithin(from, to time.Time) int64 {
	before := func(t time.Time) int {
		i, _ := slices.BinarySearchFunc(c.out, event.Floor(t), event.ID.Compare)
		return i
	}
	return int64(before(to) - before(from))
}
