package auditlog

import "time"

// reach is the length of the spans by which a walk goes on PostgreSQL, that of a partition: of each one
// in which there may be rows the engine opens every index before it begins, which takes longer than
// the rows of a page do.
const reach = Month

// nearFirst splits a filter by time into what is at the beginning of the walk (two spans, of which the
// first has begun or is about to end), what is farther away (a dozen), and the rest: enough is mostly
// found in the first. A walk upwards from an unknown time is left whole.
func (w window) nearFirst(f Filter, span Span, now time.Time) (parts []Filter) {
	from, to := w.timeOf(f)
	if w.descending() {
		bound := span.Start(earlierOf(to, now))
		for _, n := range []int{1, 12} {
			for range n {
				bound = span.Start(bound.Add(-1))
			}
			if !from.Before(bound) {
				break
			}
			near := f
			near.From = bound
			parts = append(parts, near)
			f.To = bound
		}
		return append(parts, f)
	}
	if from.Unix() <= 0 {
		return []Filter{f}
	}
	bound := span.Start(from)
	for _, n := range []int{2, 12} {
		for range n {
			bound = span.next(bound)
		}
		if !bound.Before(earlierOf(to, now)) {
			break // nothing is later
		}
		near := f
		near.To = bound
		parts = append(parts, near)
		f.From = bound
	}
	return append(parts, f)
}

func earlierOf(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
