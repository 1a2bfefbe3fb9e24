package auditlog

import (
	"bytes"
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
	rest, out = f, Mention{Users: f.Not.Users, Refs: f.Not.Refs}
	rest.below, rest.lead, rest.Not.Users, rest.Not.Refs = nil, anyLead, nil, nil
	if _, _, ok := rest.countKeys(); !ok || slices.ContainsFunc(f.Not.Actors, event.MayBeEndUser) {
		rest.Not.Actors, out.Actors = nil, f.Not.Actors
	}
	_, _, ok = rest.countKeys()
	return rest, out, ok && len(out.Users)+len(out.Refs)+len(out.Actors) > 0
}

// leavesOut reports whether the counts may have to be told what the filter leaves out.
func (f Filter) leavesOut() bool {
	_, _, ok := f.without()
	return ok
}

// leaveOut lets the counts cover the filter, if they would but for what it leaves out and that is less than
// what they have: those events are found by their indexes, and c takes them away. All that c reads has to be
// of one state.
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
	ids, ok, err := of.all(ctx, out, min(n, c.l.maxLeftOut))
	if err != nil || !ok {
		return err
	}
	slices.SortFunc(tail, compareIDs)
	ids = slices.DeleteFunc(ids, func(id event.ID) bool {
		_, ok := slices.BinarySearchFunc(tail, id, compareIDs)
		return ok
	})
	if !reflect.DeepEqual(of.f, Filter{Project: rest.Project, From: low, To: high}) {
		of.f.From, of.f.To = time.Time{}, time.Time{} // in which they are
		if ids, err = of.chosen(ctx, ids); err != nil {
			return err
		}
	}
	slices.SortFunc(ids, compareIDs)
	c.keys, c.minus, c.out = keys, minus, slices.Compact(ids)
	return nil
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

// leftOut is how many events of a time the filter leaves out, of those that the counts have.
func (c *counter) leftOut(from, to time.Time) int64 {
	before := func(t time.Time) int {
		i, _ := slices.BinarySearchFunc(c.out, event.Floor(t), compareIDs)
		return i
	}
	return int64(before(to) - before(from))
}

func compareIDs(a, b event.ID) int { return bytes.Compare(a[:], b[:]) }
