package auditlog

import "time"

// reach is the length of the spans by which a walk goes on PostgreSQL, that of a partition: for each
// partition in which there may be rows the engine makes a plan and opens every index, which takes
// longer than the rows of a page do.
const reach = Month

// far is how many spans the second part of a walk has.
const far = 12

// nearFirst splits a filter by time into what is at the beginning of the walk, what is farther away
// and what is farther still, by spans of a length: enough is mostly found in the first. A walk upwards
// from an unknown time is left whole.
func (w window) nearFirst(f Filter, span Span, now time.Time) (parts []Filter) {
	from, to := w.timeOf(f)
	if w.descending() {
		bound := span.Start(earlierOf(to, now))
		for _, n := range []int{1, far} {
			for range n {
				bound = span.Start(bound.Add(-1))
			}
			if !from.Before(bound) {
				break
			}
			near := f
			near.From, f.To = bound, bound
			parts = append(parts, near)
		}
		return append(parts, f)
	}
	if from.Unix() <= 0 {
		return []Filter{f}
	}
	bound := span.Start(from)
	for _, n := range []int{2, far} {
		for range n {
			bound = span.next(bound)
		}
		if !bound.Before(to) {
			break
		}
		near := f
		near.To, f.From = bound, bound
		parts = append(parts, near)
	}
	return append(parts, f)
}

func earlierOf(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
