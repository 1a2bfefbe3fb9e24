package auditlog

import "time"

// stretch is time that consists of whole spans of one length.
type stretch struct {
	span     Span
	from, to time.Time
}

// next is the beginning of the span after the one that begins at start.
func (s Span) next(start time.Time) time.Time {
	switch s {
	case Minute:
		return start.Add(time.Minute)
	case Hour:
		return start.Add(time.Hour)
	case Day:
		return start.AddDate(0, 0, 1)
	default:
		return start.AddDate(0, 1, 0)
	}
}

// ceil is the first beginning of a span at or after a time.
func (s Span) ceil(t time.Time) time.Time {
	if start := s.Start(t); start.Before(t) {
		return s.next(start)
	}
	return t
}

// segments splits time between two whole minutes into stretches of the longest spans, in
// order: minutes up to the full hour, hours up to midnight, and so on, and back.
func segments(from, to time.Time) []stretch { return split(Minute, from, to) }

func split(span Span, from, to time.Time) []stretch {
	if !from.Before(to) {
		return nil
	}
	if span == Month {
		return []stretch{{span, from, to}}
	}
	longer := span + 1
	low, high := longer.ceil(from), longer.Start(to)
	if !low.Before(high) {
		return []stretch{{span, from, to}}
	}
	var all []stretch
	if from.Before(low) {
		all = append(all, stretch{span, from, low})
	}
	all = append(all, split(longer, low, high)...)
	if high.Before(to) {
		all = append(all, stretch{span, high, to})
	}
	return all
}
