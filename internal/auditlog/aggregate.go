package auditlog

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/store"
)

// Dimension is what aggregates are told apart by.
type Dimension string

// The dimensions.
const (
	ByType     Dimension = "TYPE"
	ByActor    Dimension = "ACTOR"
	ByCategory Dimension = "CATEGORY"
	ByOutcome  Dimension = "OUTCOME"
)

// Range is what an aggregate looks at: events of a project and, if one is named, of a category,
// that have one of some outcomes, and From <= time < To.
type Range struct {
	Project  string
	Category event.Category
	From, To time.Time
	Outcomes []event.Outcome
}

func (r Range) filter() Filter {
	return Filter{Project: r.Project, Category: r.Category, From: r.From, To: r.To, Outcomes: r.Outcomes}
}

// Bar is how many events there were in one interval that began at Start, by the value of a
// dimension: a type, "users" or "admin", an outcome's word.
type Bar struct {
	Start  time.Time
	Counts []ValueCount // descending by count; values without events are left out
}

// ValueCount is how many events had a value.
type ValueCount struct {
	Value string
	Count int64
}

// maxBars bounds a histogram.
const maxBars = 2000

// Histogram counts the events of a range in intervals of one span, in UTC. Intervals without
// events are left out. The range is widened to whole minutes: what it costs does not depend on
// how many events there are.
//
// Errors: InvalidQuery (no end or no beginning, too many intervals, a dimension without bars).
func (l *Reader) Histogram(ctx context.Context, r Range, interval Span, by Dimension) (_ []Bar, err error) {
	defer fault.Wrap(&err, "auditlog.Histogram(%q)", r.Project)
	if r.From.IsZero() || r.To.IsZero() || !r.From.Before(r.To) {
		return nil, fault.New(fault.Malformed, "InvalidQuery", "A timeline needs a beginning and a later end.")
	}
	low, high := Minute.Start(r.From), Minute.ceil(r.To.UTC())
	bars := 0
	for start := interval.Start(low); start.Before(high); start = interval.next(start) {
		if bars++; bars > maxBars {
			return nil, fault.New(fault.Malformed, "InvalidQuery", "A timeline has at most %d intervals; take longer ones or a shorter time.", maxBars)
		}
	}
	if by != ByType && by != ByCategory && by != ByOutcome {
		return nil, fault.New(fault.Malformed, "InvalidQuery", "A timeline is told apart by type, category or outcome.")
	}
	cells, err := l.cells(ctx, r, by, low, high, interval)
	if err != nil {
		return nil, err
	}
	byStart := map[int64]map[string]int64{}
	for _, c := range cells {
		start := Minutes(interval.Start(AtMinute(c.start)))
		if byStart[start] == nil {
			byStart[start] = map[string]int64{}
		}
		byStart[start][c.value] += c.n
	}
	all := make([]Bar, 0, len(byStart))
	for start, counts := range byStart {
		all = append(all, Bar{AtMinute(start), ranked(counts)})
	}
	slices.SortFunc(all, func(a, b Bar) int { return a.Start.Compare(b.Start) })
	return all, nil
}

// Top returns the values of a dimension that most events of a range have, types or actors who
// are no end users, at most n of them. The range is widened to whole minutes.
//
// Errors: InvalidQuery.
func (l *Reader) Top(ctx context.Context, r Range, by Dimension, n int) (_ []ValueCount, err error) {
	defer fault.Wrap(&err, "auditlog.Top(%q)", r.Project)
	if by != ByType && by != ByActor || n < 1 || n > MaxPage {
		return nil, fault.New(fault.Malformed, "InvalidQuery", "Ask for the first 1 to %d types or actors.", MaxPage)
	}
	from, _, _, to := r.filter().bounds()
	cells, err := l.cells(ctx, r, by, Minute.Start(from), Minute.ceil(to), Month)
	if err != nil {
		return nil, err
	}
	counts := map[string]int64{}
	for _, c := range cells {
		counts[c.value] += c.n
	}
	all := ranked(counts)
	return all[:min(len(all), n)], nil
}

func ranked(counts map[string]int64) []ValueCount {
	all := make([]ValueCount, 0, len(counts))
	for value, n := range counts {
		all = append(all, ValueCount{value, n})
	}
	slices.SortFunc(all, func(a, b ValueCount) int { return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Value, b.Value)) })
	return all
}

// cell is a row of event_counts in the words of a dimension.
type cell struct {
	key, value     string
	start, outcome int64
	n              int64
}

func (c *cell) fields() []any { return []any{&c.key, &c.start, &c.outcome, &c.n} }

// cells reads the counts of whole minutes in a dimension, those of the tail too, in spans that
// are no longer than longest.
func (l *Reader) cells(ctx context.Context, r Range, by Dimension, low, high time.Time, longest Span) (cells []cell, err error) {
	ctx, cancel := context.WithTimeout(ctx, queryDeadline)
	defer cancel()
	err = store.InSnapshot(ctx, l.db, func(ctx context.Context, q *store.Snapshot) error {
		f := r.filter()
		f.From, f.To = low, high
		c := &counter{l: l, q: q, f: f}
		if c.keys, err = c.keysOf(ctx, by); err != nil {
			return err
		}
		stretches := segments(low, high)
		for i, s := range stretches {
			stretches[i].span = min(s.span, longest)
		}
		if cells, err = c.cells(ctx, stretches); err != nil {
			return err
		}
		tail, err := l.tail(ctx, q, f)
		if err != nil {
			return err
		}
		for _, row := range tail.rows {
			d := event.Derived{Category: row.Category, Type: row.Type, Outcome: row.Outcome, ActorID: row.ActorID}
			if c, err := row.Context(); err == nil {
				d.ActorType = c.Actor.Type
			}
			for _, key := range CountKeys(d) {
				cells = append(cells, cell{key: key, start: Minutes(row.CreatedAt()), outcome: int64(row.Outcome), n: 1})
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	chosen := cells[:0]
	for _, c := range cells {
		if c.name(by, r.Category) {
			chosen = append(chosen, c)
		}
	}
	return chosen, nil
}

// name gives a cell its value in a dimension; false when it is not one of the range's.
func (c *cell) name(by Dimension, category event.Category) bool {
	kind, rest, _ := strings.Cut(c.key, ":")
	switch by {
	case ByType:
		t := event.TypeOfCode(rest)
		c.value = string(t)
		return kind == "t" && (category == 0 || event.CategoryOf(t) == category)
	case ByActor:
		c.value = rest
		return kind == "a1" && category != event.Admin || kind == "a2" && category != event.Users
	case ByCategory:
		c.value = map[string]string{"1": "users", "2": "admin"}[rest]
		return kind == "c" && (category == 0 || c.key == keyCategory(category))
	default:
		c.value = event.Outcome(c.outcome).String()
		return c.key == keyAll && category == 0 || category != 0 && c.key == keyCategory(category)
	}
}

// keysOf are the keys that have counts in a dimension. There are few rows of months.
func (c *counter) keysOf(ctx context.Context, by Dimension) ([]string, error) {
	switch by {
	case ByCategory:
		return []string{keyCategory(event.Users), keyCategory(event.Admin)}, nil
	case ByOutcome:
		if c.f.Category != 0 {
			return []string{keyCategory(c.f.Category)}, nil
		}
		return []string{keyAll}, nil
	}
	first, end := "a", "b"
	if by == ByType {
		first, end = "t:", "t;"
	}
	return store.Column[string](ctx, c.q, `
		SELECT DISTINCT key
		FROM event_counts
		WHERE project_id = $1 AND span = $2 AND key >= $3 AND key < $4`, c.f.Project, int64(Month), first, end)
}

// keysAtOnce bounds how many keys one statement names.
const keysAtOnce = 1000

// cells reads the rows of event_counts of some stretches of time.
func (c *counter) cells(ctx context.Context, stretches []stretch) (all []cell, err error) {
	if len(stretches) == 0 {
		return nil, nil
	}
	for keys := range slices.Chunk(c.keys, keysAtOnce) {
		part, b := *c, c.l.builder()
		part.keys = keys
		rows, err := store.Collect(ctx, c.q, (*cell).fields, part.countsIn(b, "key, start, outcome", stretches), b.args...)
		if err != nil {
			return nil, err
		}
		all = append(all, rows...)
	}
	return all, nil
}
