package auditlog

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/store"
)

// maxWalked is how many events, on an average, the walk to one page may go through. Where the
// counts say that it would go through more, they say where the few events are, too.
const maxWalked = 10_000

// maxLed bounds the keys of the counts that lead to events, and what is left out of these: on SQLite each is
// a parameter for every stretch that a statement looks at, of which there may be a hundred.
const maxLed = 100

// thinned reports whether the index that the filter is walked along has events that the filter
// does not choose, though the counts cover both.
func (f Filter) thinned() bool {
	excluded := len(f.Not.Users) + 2*len(f.Not.Actors) + len(f.Not.Refs)
	f = f.counting()
	keys, minus, covered := f.countKeys()
	covered = covered && len(keys)+2*len(minus)+excluded <= maxLed
	types, others := f.reduceTypes()
	alongCategory := !others && areManyOfAdmin(types) && len(types) < typesOfAdmin
	some := len(f.Types)+len(f.Actors) > 0 // of whom all may have failed
	attempts := len(f.Outcomes) > 0 && !slices.Contains(f.Outcomes, event.Succeeded)
	excludes := len(f.Not.Types)+len(f.Not.Actors) > 0
	return covered && (f.Category == event.Users || attempts || excludes || alongCategory || some && (len(f.Outcomes) > 0 || f.Category != 0) || len(f.Actors) > mergedPeople)
}

// sparse reads the rows of a window, and one more, of a filter that chooses few of the events
// along every index: the counts lead to the minutes in which those are, and only these are walked.
// It is false when there are so many that walking finds them soon, or when the counts cannot tell.
func (l *Reader) sparse(ctx context.Context, f Filter, w window) (rows []Row, ok bool, err error) {
	if !f.thinned() {
		return nil, false, nil
	}
	few, err := (&counter{l: l, q: l.db, f: f}).isSparse(ctx, w)
	if err != nil || !few {
		return nil, false, err
	}
	err = store.InSnapshot(ctx, l.db, func(ctx context.Context, q *store.Snapshot) error {
		c, err := l.counter(ctx, q, f)
		if err == nil {
			err = c.leaveOut(ctx)
		}
		if err != nil {
			return err
		}
		rows, ok, err = c.sparse(ctx, w)
		return err
	})
	return rows, ok, err
}

func (c *counter) sparse(ctx context.Context, w window) (rows []Row, ok bool, err error) {
	if c.keys == nil {
		return nil, false, nil
	}
	from, to := w.timeOf(c.f)
	// The minute that begins with a cursor's event is not a whole one.
	low, high := Minute.ceil(from.Add(time.Microsecond)), Minute.Start(to)
	minutes, enough, err := c.minutes(ctx, segments(low, high), w)
	if err != nil {
		return nil, false, err
	}
	// What is no whole minute is walked on the near side, and on the far one if it comes to that.
	near, far := stretch{Minute, high, Minute.ceil(to).Add(time.Minute)}, stretch{Minute, Minute.Start(from), low}
	if !w.descending() {
		near, far = far, near
	}
	minutes = append(minutes, near)
	if !enough {
		minutes = append(minutes, far)
	}
	ids, err := c.idsIn(ctx, minutes, w)
	if err != nil {
		return nil, false, err
	}
	ids = ids[:min(len(ids), w.size+1)]
	if len(ids) > 0 {
		rows, err = rowsOf(ctx, c.q, c.f.Project, ids)
	}
	slices.SortFunc(rows, func(a, b Row) int { return w.compare(a.ID, b.ID) })
	return rows, true, err
}

// roughly is a stretch of long spans that covers a time, where exact numbers are not worth the
// reading of many short ones.
func roughly(from, to time.Time) []stretch {
	span := Minute
	switch length := to.Sub(from); {
	case length >= 60*24*time.Hour:
		span = Month
	case length >= 48*time.Hour:
		span = Day
	case length >= 2*time.Hour:
		span = Hour
	}
	return []stretch{{span, span.Start(from), span.ceil(to)}}
}

// isSparse reports whether the walk through a window would go through too many other events, by
// the counts alone, whether or not they cover the filter.
func (c *counter) isSparse(ctx context.Context, w window) (bool, error) {
	from, to := w.timeOf(c.f)
	low, high := Minute.ceil(from), Minute.Start(to)
	if !low.Before(high) {
		return false, nil // it is all within two minutes
	}
	c.f = c.f.counting()
	c.keys, c.minus, _ = c.f.countKeys()
	parts, wanted := roughly(low, high), int64(w.size+1)
	walked := *c
	walked.f.Types, walked.f.OtherTypes = c.f.reduceTypes() // of the category, which goes next
	if !walked.f.OtherTypes && areManyOfAdmin(walked.f.Types) {
		walked.f.Types, walked.f.Category = nil, event.Admin // whose index they have in common
	}
	walked.f.Outcomes, walked.f.Not = nil, Exclusion{}
	if walked.f.Category == event.Users {
		walked.f.Category = 0 // which has no index of its own, since most events are of it
	}
	if len(walked.f.Actors) > mergedPeople {
		walked.f.Actors = nil // they are not a walk each
	}
	walked.keys, walked.minus, _ = walked.f.countKeys()
	if len(walked.f.Actors) > 0 {
		walked.keys = actorKeys(0, walked.f.Actors) // the index knows no category
	}
	b := c.l.builder()
	found, among := orZero(c.sumOf(b, parts)), orZero(walked.sumOf(b, parts))
	n, err := store.Collect(ctx, c.l.kept(c.q), func(n *[2]int64) []any { return []any{&n[0], &n[1]} },
		`SELECT `+found+`, `+among, b.args...)
	if err != nil || len(n) == 0 {
		return false, err
	}
	return n[0][1] > c.l.maxWalked && n[0][1]*wanted > c.l.maxWalked*n[0][0], nil
}

// minutes returns the minutes of some stretches that have events, in the order of the walk, until
// there are events enough for the window; enough is false when there are not.
func (c *counter) minutes(ctx context.Context, parts []stretch, w window) (_ []stretch, enough bool, err error) {
	for {
		spans, found, err := c.spans(ctx, parts, w)
		if err != nil {
			return nil, false, err
		}
		whole := true
		for i, s := range spans {
			if s.span > Minute {
				spans[i].span, whole = s.span-1, false
			}
		}
		if whole {
			return spans, found > int64(w.size), nil
		}
		parts = spans
	}
}

// spans returns the single spans of some stretches that have events, in the order of the walk,
// until there are events enough, and how many those are.
func (c *counter) spans(ctx context.Context, parts []stretch, w window) (all []stretch, found int64, err error) {
	if len(parts) == 0 {
		return nil, 0, nil
	}
	b := c.l.builder()
	buckets, err := store.Collect(ctx, c.q, (*bucket).fields, `
		SELECT start, CAST(SUM(n) AS BIGINT)
		FROM (`+c.countsIn(b, "start", parts)+`) AS counts
		GROUP BY start
		HAVING SUM(n) > 0
		ORDER BY start`+w.order(), b.args...)
	if err != nil {
		return nil, 0, err
	}
	for _, bucket := range buckets {
		start := AtMinute(bucket.start)
		i := slices.IndexFunc(parts, func(s stretch) bool { return !start.Before(s.from) && start.Before(s.to) })
		end := parts[i].span.next(start)
		if bucket.n -= c.outWithin(start, end); bucket.n <= 0 {
			continue
		}
		all = append(all, stretch{parts[i].span, start, end})
		if found += bucket.n; found > int64(w.size) {
			break
		}
	}
	return all, found, nil
}

// idsIn returns the ids of the filter's events that are in some stretches or that the counts do
// not know of, in the order of the walk.
func (c *counter) idsIn(ctx context.Context, parts []stretch, w window) ([]event.ID, error) {
	b, f := c.l.builder(), c.f
	if f.refers() {
		f = c.derived
	}
	texts := make([]string, len(parts))
	for i, s := range parts {
		one := b.part()
		f.where(one, c.l.refOf(f.Project))
		one.add("e.id >= " + one.bind(event.Floor(s.from)) + " AND e.id < " + one.bind(event.Floor(s.to)))
		w.restrict(one, "e.id")
		texts[i], b.args = "SELECT e.id FROM "+f.counted(b)+" WHERE "+one.text(), one.args
	}
	ids, err := store.Column[event.ID](ctx, c.q, strings.Join(texts, " UNION ALL "), b.args...)
	if err != nil {
		return nil, err
	}
	b = c.l.builder()
	_, tail, err := uncounted(ctx, c.q, c.f.Project, b, "NULL")
	if err == nil {
		tail, err = c.chosen(ctx, tail)
	}
	if err != nil {
		return nil, err
	}
	ids = append(ids, slices.DeleteFunc(tail, func(id event.ID) bool { return !w.contains(id) })...)
	slices.SortFunc(ids, w.compare)
	return slices.Compact(ids), nil
}
