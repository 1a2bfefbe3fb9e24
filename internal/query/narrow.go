package query

import (
	"slices"
	"time"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
)

// narrowing is a filter to which conditions are added. None of them changes what the slices of
// the filter that it began with hold.
type narrowing struct {
	auditlog.Filter
	contradicts bool
}

// choose narrows a column to some values. A column that nothing is chosen of can have any.
func choose[T comparable](n *narrowing, column *[]T, values []T) {
	if len(*column) == 0 {
		*column = values
		return
	}
	*column = slices.DeleteFunc(slices.Clone(*column), func(v T) bool { return !slices.Contains(values, v) })
	n.contradicts = n.contradicts || len(*column) == 0
}

// exclude adds to the values that a column may not have.
func exclude[T comparable](column *[]T, values []T) {
	*column = unique(append(slices.Clip(*column), values...))
}

// narrow chooses values of a column, or excludes them.
func narrow[T comparable](n *narrowing, not bool, chosen, excluded *[]T, values []T) {
	if not {
		exclude(excluded, values)
		return
	}
	choose(n, chosen, values)
}

// types narrows the types. Of those that the Admin API has no name for only known ones can be
// chosen.
func (n *narrowing) types(not bool, values []event.Type) {
	if n.OtherTypes && !not {
		others := slices.DeleteFunc(slices.Clone(knownTypes), event.Type.InContract)
		n.Types, n.OtherTypes = append(others, n.Types...), false
	}
	narrow(n, not, &n.Types, &n.Not.Types, values)
}

// categories narrows the categories, of which a filter has one or both.
func (n *narrowing) categories(not bool, words []string) {
	left := slices.DeleteFunc([]event.Category{event.Users, event.Admin}, func(c event.Category) bool {
		said := slices.ContainsFunc(words, func(word string) bool { return categories[word] == c })
		return said == not || n.Category != 0 && n.Category != c
	})
	switch len(left) {
	case 0:
		n.contradicts = true
	case 1:
		n.Category = left[0]
	}
}

// mention adds a group of which something must hold, or nothing may. No single event is excluded.
func (n *narrowing) mention(not bool, m auditlog.Mention) {
	if !not {
		n.Mentions = append(slices.Clip(n.Mentions), m)
		return
	}
	exclude(&n.Not.Users, m.Users)
	exclude(&n.Not.Actors, m.Actors)
	exclude(&n.Not.Refs, m.Refs)
}

// created narrows the time. Without a time that is open at one end there is what was before it
// began, or what came when it had ended.
func (n *narrowing) created(not bool, value string, now time.Time, zone *time.Location) {
	s, _ := parseSpan(value) // Parse has seen to it
	if not {
		s.from, s.to = s.to, s.from
	}
	if s.from != nil {
		if from := instant(s.from(now, zone)); from.After(n.From) {
			n.From = from
		}
	}
	if s.to != nil {
		if to := instant(s.to(now, zone)); n.To.IsZero() || to.Before(n.To) {
			n.To = to
		}
	}
	n.contradicts = n.contradicts || !n.From.IsZero() && !n.To.IsZero() && !n.From.Before(n.To)
}

// instant is a time as events have it: to the microsecond, and not before 1970.
func instant(t time.Time) time.Time {
	if t = t.UTC().Truncate(time.Microsecond); t.Before(time.Unix(0, 0)) {
		return time.Unix(0, 0).UTC()
	}
	return t
}

// filter is what all of it comes to.
func (n *narrowing) filter() auditlog.Filter {
	if n.contradicts {
		n.Mentions = append(slices.Clip(n.Mentions), auditlog.Mention{})
	}
	return n.Filter
}
