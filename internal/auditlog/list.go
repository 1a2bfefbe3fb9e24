package auditlog

import (
	"context"
	"slices"
	"strings"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/store"
)

// List returns one page of the events that a filter chooses, by time.
//
// Errors: InvalidQuery (paging that makes no sense), InvalidCursor, DatabaseTimeout.
func (l *Reader) List(ctx context.Context, f Filter, p Paging) (_ Page, err error) {
	defer fault.Wrap(&err, "auditlog.List(%q)", f.Project)
	ctx, cancel := context.WithTimeout(ctx, queryDeadline)
	defer cancel()
	f = f.normal()
	if err := p.check(); err != nil {
		return Page{}, err
	}
	f, total, err := l.bound(ctx, f)
	if err != nil {
		return Page{}, err
	}
	w, err := l.window(ctx, f, p)
	if err != nil {
		return Page{}, err
	}
	count := func(ctx context.Context) (int64, error) {
		if total != unknown {
			return total, nil
		}
		return l.count(ctx, f)
	}
	if w.empty || f.nothing() {
		return Page{Rows: []Row{}, count: count}, nil
	}
	rows, few, err := l.sparse(ctx, f, w)
	if err == nil && !few && !f.refers() {
		rows, err = l.walk(ctx, l.db.KeepingPlans(), f, w)
	}
	if err != nil {
		return Page{}, err
	}
	if few || !f.refers() {
		if total != unknown {
			total = max(total, int64(len(rows))) // there may be more by now
		}
		return w.page(rows, count), nil
	}
	// The tail comes first, and what follows leaves out all that was in it or came later, so the
	// page is of one state without a transaction around it.
	c, err := l.counter(ctx, l.db, f)
	if err != nil {
		return Page{}, err
	}
	if rows, err = l.walk(ctx, l.db, c.derived, w); err != nil {
		return Page{}, err
	}
	for _, row := range c.tail.rows {
		if w.contains(row.ID) {
			rows = append(rows, row)
		}
	}
	c.tail.rows = nil // of which the page has what it needs
	slices.SortFunc(rows, func(a, b Row) int { return w.compare(a.ID, b.ID) })
	if !f.mayLeaveOut() {
		count = c.total
	}
	return w.page(rows, count), nil
}

// walk reads the rows of a window, and one more, in the order in which the window is walked.
func (l *Reader) walk(ctx context.Context, q store.Querier, f Filter, w window) ([]Row, error) {
	parts := []Filter{f}
	if l.reach != 0 && len(f.Mentions) == 0 && len(f.Users) <= mergedPeople {
		parts = w.nearFirst(f, l.reach, l.db.Now())
	}
	rows := []Row{}
	for _, part := range parts {
		// With the same limit, so that a part has no text of its own.
		more, err := l.walkThrough(ctx, q, part, w)
		if err != nil {
			return nil, err
		}
		if rows = append(rows, more...); len(rows) > w.size {
			break
		}
	}
	return rows[:min(len(rows), w.size+1)], nil
}

// walkThrough is one statement. Each way to be chosen is one walk along an index, which ends when
// there are rows enough; what they find is merged.
func (l *Reader) walkThrough(ctx context.Context, q store.Querier, f Filter, w window) ([]Row, error) {
	b, ref := l.builder(), l.refOf(f.Project)
	if ways := f.ways(); len(ways) == 1 {
		text := ways[0].walk(b, ref, w)
		return store.Collect(ctx, q, (*Row).fields, `SELECT `+columns+` `+text, b.args...)
	}
	ids := idsOf(b, ref, f, w)
	text := `
		SELECT ` + columns + `
		FROM ` + from + `
		WHERE e.project_id = ` + b.bind(f.Project) + ` AND e.id IN (` + ids + `)
		ORDER BY e.id` + w.order() + `
		LIMIT ` + w.limit()
	return store.Collect(ctx, q, (*Row).fields, text, b.args...)
}

// walk is one walk as text: all that follows the column list.
func (way way) walk(b *builder, ref func(event.Ref) int64, w window) string {
	one := b.part()
	source := way.source(one, ref)
	way.filter.restrict(one, ref)
	w.restrict(one, way.id())
	text := "FROM " + source + " WHERE " + one.text() + " ORDER BY " + way.id() + w.order() + " LIMIT " + w.limit()
	b.args = one.args
	return text
}

// idsOf selects the ids that the walks of a filter find.
func idsOf(b *builder, ref func(event.Ref) int64, f Filter, w window) string {
	ways := f.ways()
	texts := make([]string, len(ways))
	for i, way := range ways {
		texts[i] = "SELECT id FROM (SELECT e.id " + way.walk(b, ref, w) + ") AS way"
	}
	return strings.Join(texts, " UNION ")
}

// way is one walk along an index: which one is left to the engine, but for what leads to few events where
// any other index leads to many: references, and many users.
type way struct {
	filter Filter
	refs   []event.Ref
	users  []event.ID
}

// id is the column by which the walk goes.
func (w way) id() string {
	if len(w.refs)+len(w.users) == 0 {
		return "e.id"
	}
	return "way.id"
}

func (w way) source(b *builder, ref func(event.Ref) int64) string {
	project := b.bind(w.filter.Project)
	b.add("e.project_id = " + project)
	var way string
	switch {
	case len(w.users) > 0:
		way = "(SELECT DISTINCT user_id, id FROM events WHERE project_id = " + project + " AND " + in(b, "user_id", w.users, asIs) + ") AS way"
	case len(w.refs) > 1:
		way = "(SELECT DISTINCT id FROM event_refs WHERE " + in(b, "ref", w.refs, func(r event.Ref) any { return ref(r) }) + ") AS way"
	case len(w.refs) == 1:
		way = "event_refs way"
		b.add("way.ref = " + b.bind(ref(w.refs[0])))
	default:
		return w.filter.from(b)
	}
	return way + " JOIN events e ON e.id = way.id" + positions
}

// ways splits a filter into walks: a few types into one each, or a few users or actors, and the first group
// of mentions into one for each kind of thing in it and one for each reference.
func (f Filter) ways() []way {
	types, others := f.reduceTypes()
	if len(f.Mentions) > 0 {
		i := slices.IndexFunc(f.Mentions, Mention.isFew)
		if i < 0 {
			i = max(0, slices.IndexFunc(f.Mentions, func(m Mention) bool { return len(m.Refs) > 0 }))
		}
		return f.Mentions[i].ways(f, slices.Delete(slices.Clone(f.Mentions), i, i+1))
	}
	if f.Category == 0 && !others && areManyOfAdmin(types) {
		f.Category = event.Admin // which has an index, and few events that are of other types
		if f.lead == anyLead && len(f.Users)+len(f.Actors) == 0 {
			f.lead = leadCategory
		}
	}
	var ways []way
	if others || len(types) < 2 || len(types) > mergedTypes || f.lead != leadTypes && (f.lead != anyLead || len(f.Users)+len(f.Actors) > 0) {
		return f.byUser()
	}
	for _, t := range types {
		one := f
		one.Types = []event.Type{t}
		ways = append(ways, way{filter: one})
	}
	return ways
}

// byUser are the walks to the events of some users and actors: one for each of a few, and for each half of
// what an actor did.
func (f Filter) byUser() (ways []way) {
	if users := f.Users; len(users) > mergedPeople && f.mayLead(leadUsers) {
		f.Users, f.lead = nil, leadOutside
		return []way{{filter: f, users: users}}
	}
	for _, one := range f.apart() {
		for _, half := range one.halves() {
			ways = append(ways, way{filter: half})
		}
	}
	return ways
}

// mergedRefs is into how many walks the references of a group are split.
const mergedRefs = 8

// ways are the walks to what is in a group; rest are the other groups of the filter.
func (m Mention) ways(f Filter, rest []Mention) []way {
	var ways []way
	part := func(m Mention) {
		one := f
		one.Mentions, one.lead = append(slices.Clone(rest), m), leadOutside
		ways = append(ways, way{filter: one})
	}
	if len(m.Events) > 0 {
		part(Mention{Events: m.Events})
	}
	people := func(group Mention, l lead, chosen bool) { // chosen: the filter itself chooses by such
		one := f
		if one.Mentions, one.lead = rest, l; chosen {
			one.Mentions = append(slices.Clone(rest), group)
		} else {
			one.Users, one.Actors = slices.Concat(f.Users, group.Users), slices.Concat(f.Actors, group.Actors)
		}
		ways = append(ways, one.byUser()...)
	}
	if len(m.Users) > 0 {
		people(Mention{Users: m.Users}, leadUsers, len(f.Users) > 0)
	}
	if len(m.Actors) > 0 {
		people(Mention{Actors: m.Actors}, leadActors, len(f.Actors) > 0)
	}
	for refs := range slices.Chunk(m.Refs, max(1, (len(m.Refs)+mergedRefs-1)/mergedRefs)) {
		one := f
		one.Mentions, one.lead = rest, leadOutside
		ways = append(ways, way{filter: one, refs: refs})
	}
	if len(ways) == 0 {
		part(Mention{})
	}
	return ways
}
