package auditlog

import (
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/store"
)

// at finds the event at a zero-based place of a filter's result; false when the result has fewer.
func (l *Reader) at(ctx context.Context, f Filter, place int64, ascending bool) (id event.ID, found bool, err error) {
	pool := store.Pool(l.db)
	if _, _, counted := f.countKeys(); counted && !slices.ContainsFunc(slices.Concat(f.Actors, f.Not.Actors), event.MayBeEndUser) {
		pool = l.db.KeepingPlans() // the counts cover the filter: nothing is read but these, and a minute
	}
	err = store.InSnapshot(ctx, pool, func(ctx context.Context, q *store.Snapshot) error {
		c, err := l.counter(ctx, q, f)
		if err == nil {
			id, found, err = c.at(ctx, place, ascending)
		}
		return err
	})
	return id, found, err
}

// at finds an event where the counts cover the filter by walking them, from the longest spans to the
// minute in which the event must be, and counts nothing but that minute.
func (c *counter) at(ctx context.Context, place int64, ascending bool) (event.ID, bool, error) {
	if err := c.leaveOut(ctx); err != nil {
		return event.ID{}, false, err
	}
	from, low, high, to := c.f.bounds()
	if c.keys == nil || !low.Before(high) {
		return c.within(ctx, place, ascending)
	}
	b := c.l.builder()
	_, tail, err := uncounted(ctx, c.q, c.f.Project, b, "NULL")
	if err == nil {
		tail, err = c.between(low, high).chosen(ctx, tail)
	}
	if err != nil {
		return event.ID{}, false, err
	}
	parts := segments(low, high)
	edges := [2][2]time.Time{{from, low}, {high, to}}
	if !ascending {
		slices.Reverse(parts)
		edges[0], edges[1] = edges[1], edges[0]
	}
	if edge := edges[0]; edge[0].Before(edge[1]) {
		first := c.between(edge[0], edge[1])
		n, err := first.walked(ctx)
		if err != nil {
			return event.ID{}, false, err
		}
		if place < n {
			return first.within(ctx, place, ascending)
		}
		place -= n
	}
	for _, part := range parts {
		id, ok, err := c.descend(ctx, part, &place, ascending, tail)
		if ok || err != nil {
			return id, ok, err
		}
	}
	edge := edges[1]
	if !edge[0].Before(edge[1]) {
		return event.ID{}, false, nil
	}
	return c.between(edge[0], edge[1]).within(ctx, place, ascending)
}

// bucket is how many events one span has.
type bucket struct{ start, n int64 } // start in minutes since 1970

func (b *bucket) fields() []any { return []any{&b.start, &b.n} }

// descend looks for a place in a stretch of time: it takes from place what the stretch has, or
// finds the event in it.
func (c *counter) descend(ctx context.Context, s stretch, place *int64, ascending bool, tail []event.ID) (event.ID, bool, error) {
	buckets, err := c.buckets(ctx, s, tail)
	if err != nil {
		return event.ID{}, false, err
	}
	if !ascending {
		slices.Reverse(buckets)
	}
	for _, b := range buckets {
		if *place >= b.n {
			*place -= b.n
			continue
		}
		start := AtMinute(b.start)
		end := s.span.next(start)
		if s.span == Minute {
			return c.between(start, end).within(ctx, *place, ascending)
		}
		return c.descend(ctx, stretch{s.span - 1, start, end}, place, ascending, tail)
	}
	return event.ID{}, false, nil
}

// buckets returns the spans of a stretch that have events, in order, those of the tail counted in and those
// that the filter leaves out taken away.
func (c *counter) buckets(ctx context.Context, s stretch, tail []event.ID) ([]bucket, error) {
	b := c.l.builder()
	sum := c.signed(b)
	buckets, err := store.Collect(ctx, c.q, (*bucket).fields, `
		SELECT start, CAST(SUM(`+sum+`) AS BIGINT)
		FROM event_counts
		WHERE `+c.counts(b, s)+`
		GROUP BY start
		ORDER BY start`, b.args...)
	if err != nil {
		return nil, err
	}
	for _, id := range tail {
		if at := id.Time(); at.Before(s.from) || !at.Before(s.to) {
			continue
		}
		start := Minutes(s.span.Start(id.Time()))
		i, ok := slices.BinarySearchFunc(buckets, start, func(b bucket, start int64) int { return int(max(-1, min(1, b.start-start))) })
		if !ok {
			buckets = slices.Insert(buckets, i, bucket{start, 0})
		}
		buckets[i].n++
	}
	for i, b := range buckets {
		start := AtMinute(b.start)
		buckets[i].n = max(0, b.n-c.outWithin(start, s.span.next(start)))
	}
	return buckets, nil
}

// within finds the event at a place by walking an index.
func (c *counter) within(ctx context.Context, place int64, ascending bool) (event.ID, bool, error) {
	w := window{ascending: ascending}
	if c.f.refers() {
		return c.withinReferences(ctx, w, int(min(place, math.MaxInt32)))
	}
	b := c.l.builder()
	ids, err := store.Column[event.ID](ctx, c.q, strings.Join(c.chosenBy(b, c.f, "e.id AS id"), " UNION ALL ")+`
		ORDER BY id`+w.order()+`
		LIMIT 1 OFFSET `+b.bind(place), b.args...)
	if err != nil || len(ids) == 0 {
		return event.ID{}, false, err
	}
	return ids[0], true, nil
}

// withinReferences reads the ids that a filter finds by what events mention, up to the place,
// and those of the tail.
func (c *counter) withinReferences(ctx context.Context, w window, place int) (event.ID, bool, error) {
	w.size = place
	b := c.l.builder()
	found := idsOf(b, c.l.refOf(c.f.Project), c.derived, w)
	ids, err := store.Column[event.ID](ctx, c.q, "SELECT id FROM ("+found+") AS found ORDER BY id"+w.order()+" LIMIT "+w.limit(), b.args...)
	if err != nil {
		return event.ID{}, false, err
	}
	ids = append(ids, c.tail.chosen(c.f)...)
	slices.SortFunc(ids, w.compare)
	if place >= len(ids) {
		return event.ID{}, false, nil
	}
	return ids[place], true, nil
}
