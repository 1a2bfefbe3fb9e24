package export

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/store"
)

// tally counts events again, as event_counts does, and compares when a day, and a month, is
// over: events come in the order of their times.
type tally struct {
	*checker
	day, month map[auditlog.Count]int64 // spans up to a day; a month
	daily      time.Time                // beginnings of the two; zero before the first event
	monthly    time.Time
	rows       map[series]int64 // how many were compared of each
}

// series are the rows of event_counts of one key and one length of spans.
type series struct {
	key  string
	span auditlog.Span
}

func newTally(c *checker) *tally {
	return &tally{checker: c, day: map[auditlog.Count]int64{}, month: map[auditlog.Count]int64{}, rows: map[series]int64{}}
}

// add counts an event.
func (t *tally) add(ctx context.Context, id event.ID, d event.Derived) error {
	at := id.Time()
	if day := auditlog.Day.Start(at); day != t.daily {
		if err := t.compare(ctx, t.day, t.daily, t.daily.AddDate(0, 0, 1), auditlog.Minute, auditlog.Day); err != nil {
			return err
		}
		t.daily = day
	}
	if month := auditlog.Month.Start(at); month != t.monthly {
		if err := t.compare(ctx, t.month, t.monthly, t.monthly.AddDate(0, 1, 0), auditlog.Month, auditlog.Month); err != nil {
			return err
		}
		t.monthly = month
	}
	for _, c := range auditlog.CountsOf(id, d) {
		if c.Span == auditlog.Month {
			t.month[c]++
		} else {
			t.day[c]++
		}
	}
	return nil
}

// end compares the last day and month.
func (t *tally) end(ctx context.Context) error {
	if err := t.compare(ctx, t.day, t.daily, t.daily.AddDate(0, 0, 1), auditlog.Minute, auditlog.Day); err != nil {
		return err
	}
	return t.compare(ctx, t.month, t.monthly, t.monthly.AddDate(0, 1, 0), auditlog.Month, auditlog.Month)
}

type countRow struct {
	auditlog.Count
	n int64
}

func (r *countRow) fields() []any { return []any{&r.Key, &r.Span, &r.Start, &r.Outcome, &r.n} }

// compare compares the rows of some time with what was counted, and forgets that. The index of
// the rows begins with their keys, so it looks for the keys that were counted; rows of others
// are found in the end by their number.
func (t *tally) compare(ctx context.Context, counted map[auditlog.Count]int64, from, to time.Time, low, high auditlog.Span) error {
	keys := map[string]bool{}
	for c := range counted {
		keys[c.Key] = true
	}
	const some = 100
	for part := range slices.Chunk(slices.Sorted(maps.Keys(keys)), some) {
		list, args := store.InList(part, t.project, int64(low), int64(high), auditlog.Minutes(from), auditlog.Minutes(to))
		rows, err := store.Collect(ctx, t.q, (*countRow).fields, `
			SELECT key, span, start, outcome, n
			FROM event_counts
			WHERE project_id = $1 AND span >= $2 AND span <= $3 AND start >= $4 AND start < $5 AND key IN (`+list+`)`, args...)
		if err != nil {
			return err
		}
		for _, row := range rows {
			t.rep.Checked.Counts++
			t.rows[series{row.Key, row.Span}]++
			if n := counted[row.Count]; n != row.n {
				t.differs(row.Count, row.n, n)
			}
			delete(counted, row.Count)
		}
	}
	for _, c := range slices.SortedFunc(maps.Keys(counted), func(a, b auditlog.Count) int {
		return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Span, b.Span), cmp.Compare(a.Start, b.Start), cmp.Compare(a.Outcome, b.Outcome))
	}) {
		t.differs(c, 0, counted[c])
	}
	clear(counted)
	return nil
}

func (t *tally) differs(c auditlog.Count, is, wants int64) {
	t.rep.add(KindCount, none, "%s of %q from %s, %s: counted %d, there are %d", spanName(c.Span), auditlog.KeyText(c.Key),
		auditlog.AtMinute(c.Start).Format("2006-01-02T15:04Z"), c.Outcome, is, wants)
}

func spanName(s auditlog.Span) string {
	switch s {
	case auditlog.Minute:
		return "the minute"
	case auditlog.Hour:
		return "the hour"
	case auditlog.Day:
		return "the day"
	case auditlog.Month:
		return "the month"
	default:
		return "the span " + strconv.Itoa(int(s))
	}
}

// checkCounts looks for rows of times in which no event has their key.
func (c *checker) checkCounts(ctx context.Context) error {
	all, err := c.count(ctx, `SELECT count(*) FROM event_counts WHERE project_id = $1`)
	if err != nil || all == c.rep.Checked.Counts {
		return err
	}
	c.rep.Checked.Counts = all
	type group struct {
		series
		n int64
	}
	groups, err := store.Collect(ctx, c.q, func(g *group) []any { return []any{&g.key, &g.span, &g.n} }, `
		SELECT key, span, count(*)
		FROM event_counts
		WHERE project_id = $1
		GROUP BY key, span
		ORDER BY key, span`, c.project)
	for _, g := range groups {
		if more := g.n - c.counted.rows[g.series]; more > 0 {
			c.rep.add(KindCount, none, "%d rows count %q by %s where there is no event of it", more, auditlog.KeyText(g.key), spanName(g.span))
		}
	}
	return err
}
