package auditlog

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/store"
)

// Count returns exactly how many events a filter chooses, in one state of the database. For
// filters that the counts cover it costs the same however many there are; others are counted
// along an index.
//
// Errors: DatabaseTimeout.
func (l *Reader) Count(ctx context.Context, f Filter) (n int64, err error) {
	defer fault.Wrap(&err, "auditlog.Count(%q)", f.Project)
	ctx, cancel := context.WithTimeout(ctx, queryDeadline)
	defer cancel()
	f = f.normal()
	if f, n, err = l.bound(ctx, f); n != unknown || err != nil {
		return n, err
	}
	return l.count(ctx, f)
}

// count counts the events of a filter that is normal and bound.
func (l *Reader) count(ctx context.Context, f Filter) (n int64, err error) {
	count := func(ctx context.Context, q store.Querier) error {
		c, err := l.counter(ctx, q, f)
		if err != nil {
			return err
		}
		n, err = c.total(ctx)
		return err
	}
	if !f.mayLeaveOut() && (f.refers() || f.wholeMinutes()) {
		// What changes is read by one statement, and what others read leaves out what came later.
		err = count(ctx, l.db)
		return n, err
	}
	err = store.InSnapshot(ctx, l.db, func(ctx context.Context, q *store.Snapshot) error { return count(ctx, q) })
	return n, err
}

// counter counts the events of a filter.
type counter struct {
	l     *Reader
	q     store.Querier
	f     Filter
	keys  []string   // of which the sums make the total; nil when the counts don't cover the filter
	minus []string   // of which the sums are taken away from it
	out   []event.ID // events in these sums that the filter leaves out, in order
	// For a filter that refers: what the references don't know of, and the filter of the others.
	tail    tail
	derived Filter
}

// kept is where to ask what an engine needs no values to plan well: for sums of event_counts, which have
// one index, for what mentions an identifier, for events by their ids, and for all events of users. Within
// a snapshot it is the snapshot.
func (l *Reader) kept(q store.Querier) store.Querier {
	if q == store.Querier(l.db) {
		return l.db.KeepingPlans()
	}
	return q
}

// keptFor is kept for all events of users, which have an index that no plan has a reason to leave, and
// else where the counter asks: which of several indexes is the best depends on values.
func (c *counter) keptFor(f Filter) store.Querier {
	if f.ofUsersAlone() {
		return c.l.kept(c.q)
	}
	return c.q
}

// ofUsersAlone reports whether the filter chooses by users, and outcomes, and nothing else.
func (f Filter) ofUsersAlone() bool {
	users := Filter{Project: f.Project, Users: f.Users, Outcomes: f.Outcomes, lead: f.lead}
	return len(f.Users) > 0 && reflect.DeepEqual(f, users)
}

// counter returns the counter of a filter that is normal and bound, as far as that is known: what a filter
// refers to, and actors whom the counts may not know, are looked up here, and bound then.
func (l *Reader) counter(ctx context.Context, q store.Querier, f Filter) (*counter, error) {
	c := &counter{l: l, q: q, f: f}
	if err := f.checkGroups(); err != nil {
		return nil, err
	}
	if f.refers() {
		return c, c.refer(ctx)
	}
	keys, minus, ok, err := c.covering(ctx, f)
	if err == nil && !ok && len(f.Actors)+len(f.Not.Actors) > 0 {
		if _, _, counted := f.countKeys(); counted {
			_, _, err = c.bound(ctx, false)
		}
	}
	c.keys, c.minus = keys, minus
	return c, err
}

// refer finds out what a filter refers to.
func (c *counter) refer(ctx context.Context) (err error) {
	if c.tail, err = c.l.tail(ctx, c.q, c.f); err != nil {
		return err
	}
	if c.derived, err = c.l.looked(ctx, c.q, c.tail.derived(c.f)); err != nil {
		return err
	}
	c.derived, _, err = (&counter{l: c.l, q: c.q, f: c.derived}).bound(ctx, false)
	return err
}

// covering are the keys of the counts whose sums a filter asks for, and those that are taken away; false
// when the counts do not cover it.
func (c *counter) covering(ctx context.Context, f Filter) (keys, minus []string, ok bool, err error) {
	if keys, minus, ok = f.countKeys(); ok {
		if actors := slices.Concat(f.Actors, f.Not.Actors); len(actors) > 0 {
			ok, err = c.covers(ctx, actors)
		}
	}
	if err != nil || !ok {
		return nil, nil, false, err
	}
	return keys, minus, true, nil
}

// covers reports whether the counts know all of some actors. An end user's actions are not
// counted by actor; who has an id as end users have, and is counted, has rows.
func (c *counter) covers(ctx context.Context, actors []string) (bool, error) {
	b := c.l.builder()
	text := `SELECT DISTINCT key FROM event_counts WHERE project_id = ` + b.bind(c.f.Project) +
		` AND span = ` + b.bind(int64(Month)) + ` AND ` + in(b, "key", actorKeys(0, actors), asIs)
	known, err := store.Column[string](ctx, c.l.kept(c.q), text, b.args...)
	if err != nil {
		return false, err
	}
	have := map[string]bool{}
	for _, key := range known {
		_, actor, _ := strings.Cut(key, ":")
		have[actor] = true
	}
	return !slices.ContainsFunc(actors, func(actor string) bool { return event.MayBeEndUser(actor) && !have[actor] }), nil
}

// countKeys are the keys of event_counts whose sums a filter asks for, and those whose sums are
// to be taken away from them; false when it asks for something else. The filter is normal.
func (f Filter) countKeys() (keys, minus []string, ok bool) {
	types, others := f.reduceTypes()
	if others || f.nothing() || len(f.Users)+len(f.Mentions)+len(f.Not.Users)+len(f.Not.Refs)+len(f.Not.Outcomes) > 0 {
		return nil, nil, false
	}
	all := []string{keyAll}
	if f.Category != 0 {
		all = []string{keyCategory(f.Category)}
	}
	switch {
	case len(f.Not.Types) > 0 && len(f.Not.Actors) > 0, len(f.Actors) > 0 && len(types) > 0,
		len(f.Not.Types) > 0 && len(f.Actors) > 0, len(f.Not.Actors) > 0 && len(types) > 0:
		return nil, nil, false // no count is of both
	case len(f.Actors) > 0:
		return actorKeys(f.Category, f.Actors), nil, true
	case len(types) > 0:
		keys = typeKeys(f.Category, types)
		return keys, nil, len(keys) > 0
	case len(f.Not.Types) > 0:
		return all, typeKeys(f.Category, f.Not.Types), true
	case len(f.Not.Actors) > 0:
		return all, actorKeys(f.Category, f.Not.Actors), true
	default:
		return all, nil, true
	}
}

// typeKeys are the keys of types, those of another category left out.
func typeKeys(category event.Category, types []event.Type) (keys []string) {
	for _, t := range types {
		if key := keyType(t); (category == 0 || event.CategoryOf(t) == category) && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return keys
}

// actorKeys are the keys of actors, in one category or in both.
func actorKeys(category event.Category, actors []string) (keys []string) {
	for _, actor := range unique(actors) {
		for _, c := range []event.Category{event.Users, event.Admin} {
			if category == 0 || category == c {
				keys = append(keys, keyActor(c, actor))
			}
		}
	}
	return keys
}

func unique[T comparable](values []T) []T {
	seen, all := map[T]bool{}, []T{}
	for _, v := range values {
		if !seen[v] {
			seen[v] = true
			all = append(all, v)
		}
	}
	return all
}

// beyond is later than every event.
var beyond = time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC)

// bounds is the filter's time, and what of it consists of whole minutes; empty when there is none.
func (f Filter) bounds() (from, low, high, to time.Time) {
	from, to = time.Unix(0, 0).UTC(), beyond
	if f.From.After(from) {
		from = f.From.UTC()
	}
	if !f.To.IsZero() && f.To.Before(to) {
		to = f.To.UTC()
	}
	low = Minute.ceil(from)
	high = Minute.Start(to)
	return from, low, high, to
}

// wholeMinutes reports whether the filter's time begins and ends with a minute.
func (f Filter) wholeMinutes() bool {
	from, low, high, to := f.bounds()
	return from.Equal(low) && high.Equal(to)
}

func (c *counter) total(ctx context.Context) (int64, error) {
	if c.f.nothing() {
		return 0, nil
	}
	if err := c.leaveOut(ctx); err != nil {
		return 0, err
	}
	from, low, high, to := c.f.bounds()
	if c.keys == nil || !low.Before(high) {
		return c.walked(ctx)
	}
	b := c.l.builder()
	n, tail, err := uncounted(ctx, c.l.kept(c.q), c.f.Project, b, c.sumOf(b, segments(low, high)))
	if err != nil {
		return 0, err
	}
	if tail, err = c.between(low, high).chosen(ctx, tail); err != nil {
		return 0, err
	}
	n += int64(len(tail)) - int64(len(c.out))
	for _, edge := range [][2]time.Time{{from, low}, {high, to}} {
		if !edge[0].Before(edge[1]) {
			continue
		}
		more, err := c.between(edge[0], edge[1]).walked(ctx)
		if err != nil {
			return 0, err
		}
		n += more
	}
	return n, nil
}

// between is the counter of a part of the filter's time.
func (c *counter) between(from, to time.Time) *counter {
	part := *c
	part.f.From, part.f.To = from, to
	part.derived.From, part.derived.To = from, to
	return &part
}

// walked counts the events along an index, those of the tail too.
func (c *counter) walked(ctx context.Context) (int64, error) {
	if !c.f.refers() {
		return c.index(ctx, c.f)
	}
	n, err := c.index(ctx, c.derived)
	return n + int64(len(c.tail.chosen(c.f))), err
}

// index counts the events of a filter along an index.
func (c *counter) index(ctx context.Context, f Filter) (int64, error) {
	if len(f.Mentions) > 0 {
		return c.ways(ctx, f.ways())
	}
	f = f.forCounting()
	b := c.l.builder()
	var counts []string
	for _, text := range c.chosenBy(b, f, "count(*)") {
		counts = append(counts, "("+text+")")
	}
	return one(ctx, c.keptFor(f), `SELECT `+strings.Join(counts, " + "), b.args...)
}

// chosenBy selects a column of the events of a filter, with a text for each half.
func (c *counter) chosenBy(b *builder, f Filter, column string) (texts []string) {
	for _, half := range f.halves() {
		one := b.part()
		half.where(one, c.l.refOf(f.Project))
		texts, b.args = append(texts, "SELECT "+column+" FROM "+half.counted(b)+" WHERE "+one.text()), one.args
	}
	return texts
}

// ways counts the events that any of some walks finds.
func (c *counter) ways(ctx context.Context, ways []way) (int64, error) {
	b := c.l.builder()
	var texts []string
	for _, way := range ways {
		part := b.part()
		source := way.source(part, c.l.refOf(c.f.Project))
		way.filter.restrict(part, c.l.refOf(c.f.Project))
		texts = append(texts, "SELECT e.id FROM "+source+" WHERE "+part.text())
		b.args = part.args
	}
	return one(ctx, c.q, `SELECT count(*) FROM (`+strings.Join(texts, " UNION ")+`) AS found`, b.args...)
}

func one(ctx context.Context, q store.Querier, query string, args ...any) (int64, error) {
	n, err := store.Column[int64](ctx, q, query, args...)
	if err != nil || len(n) == 0 {
		return 0, err
	}
	return n[0], nil
}

// sumOf selects the sum of the rows of event_counts of some stretches of time; NULL when there
// are none.
func (c *counter) sumOf(b *builder, stretches []stretch) string {
	return "SELECT SUM(n) FROM (" + c.countsIn(b, "start", stretches) + ") AS counts"
}

// countsIn selects rows of event_counts of some stretches of time: some columns, and n, below zero
// for what is taken away.
func (c *counter) countsIn(b *builder, columns string, stretches []stretch) string {
	texts := make([]string, len(stretches))
	for i, s := range stretches {
		texts[i] = "SELECT " + columns + ", " + c.signed(b) + " AS n FROM event_counts WHERE " + c.counts(b, s)
	}
	return strings.Join(texts, " UNION ALL ")
}

// orZero selects the number that a query selects, or 0 where that is none.
func orZero(query string) string { return "CAST(COALESCE((" + query + "), 0) AS BIGINT)" }

// signed is the number of a row of event_counts, below zero for one that is taken away.
func (c *counter) signed(b *builder) string {
	if len(c.minus) == 0 {
		return "n"
	}
	return "CASE WHEN " + in(b, "key", c.minus, asIs) + " THEN -n ELSE n END"
}

// counts is the condition of the rows of event_counts that count a stretch of time.
func (c *counter) counts(b *builder, s stretch) string {
	part := b.part()
	part.add("project_id = " + part.bind(c.f.Project))
	part.add(in(part, "key", slices.Concat(c.keys, c.minus), asIs))
	part.add("span = " + part.bind(int64(s.span)) + " AND start >= " + part.bind(Minutes(s.from)) + " AND start < " + part.bind(Minutes(s.to)))
	if len(c.f.Outcomes) > 0 && len(c.f.Outcomes) < len(event.Outcomes()) {
		part.add(in(part, "outcome", c.f.Outcomes, asNumber))
	}
	b.args = part.args
	return part.text()
}

// chosen returns those of some events that the filter chooses; of one that refers, of the tail.
func (c *counter) chosen(ctx context.Context, ids []event.ID) ([]event.ID, error) {
	if c.f.refers() {
		return c.tail.chosen(c.f), nil
	}
	var all []event.ID
	for some := range slices.Chunk(ids, idsAtOnce) {
		b := c.l.builder()
		c.f.where(b, c.l.refOf(c.f.Project))
		b.add(in(b, "e.id", padded(some), asIs))
		ids, err := store.Column[event.ID](ctx, c.l.kept(c.q), `SELECT e.id FROM `+c.f.events(b)+` WHERE `+b.text(), b.args...)
		if err != nil {
			return nil, err
		}
		all = append(all, ids...)
	}
	return all, nil
}
