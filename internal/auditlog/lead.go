package auditlog

import (
	"context"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/store"
)

// lead is the condition of a filter by whose index its events are found, where several have one: the
// others are looked at in the rows.
type lead int

const (
	anyLead lead = iota // the engine chooses
	leadCategory
	leadTypes
	leadAttempts
	leadActors
	leadUsers
	leadOutside // none of these, but the ids of events, or another table
)

// maxLead bounds how far the events of one condition are counted along its index to find out whether
// they are the fewest.
const maxLead = 100_000

// hidden is what stands before a column in a condition that does not lead. SQLite takes no index for a
// column with a plus before it; PostgreSQL knows how often values occur and chooses well by itself, but for
// the index of attempts (endedIn).
func (f Filter) hidden(b *builder, l lead) string {
	if f.mayLead(l) || b.arrays {
		return ""
	}
	return "+"
}

// forCounting is the filter with the lead by which it is counted, which need not come to events in order: by
// types, of which there are fewer events than of the category along which pages of many types are walked.
func (f Filter) forCounting() Filter {
	if types, others := f.reduceTypes(); f.lead == leadCategory && !others && areManyOfAdmin(types) {
		f.lead = leadTypes
	}
	return f
}

// isAmong is the condition that an event is one of those of SQLite's index for which a condition on x holds,
// in the words of the index. An index of one value goes by ids, as the lead does, while the rows of events are
// anywhere, and ten times as large.
func isAmong(index, condition string) string {
	return "EXISTS (SELECT 1 FROM events x INDEXED BY " + index + " WHERE x.project_id = e.project_id AND x.id = e.id AND " + condition + ")"
}

// typed is the condition that an event has one of some types; hidden stands before the column.
func typed(b *builder, types []event.Type, hidden string) string {
	if hidden == "" || len(types) > 1 {
		return in(b, hidden+"e.type", types, asCode)
	}
	return isAmong("events_type", in(b, "x.type", types, asCode))
}

// ofUser is the condition that it is about one of some users.
func ofUser(b *builder, users []event.ID, hidden string) string {
	if hidden == "" || len(users) > 1 {
		return in(b, hidden+"e.user_id", users, asIs)
	}
	return isAmong("events_user", in(b, "x.user_id", users, asIs))
}

// endedIn is the condition of the filter's outcomes. Those of attempts have an index, if they may lead: SQLite
// takes it where the condition is in its words, PostgreSQL where it can see, without what is bound, that its
// words follow; both said together it takes for rarer than it is.
func (f Filter) endedIn(b *builder) string {
	if f.mayLead(leadAttempts) && !slices.Contains(f.Outcomes, event.Succeeded) {
		if !b.arrays {
			return "e.outcome <> 1 AND " + in(b, "e.outcome", f.Outcomes, asNumber)
		}
		numbers := make([]string, len(f.Outcomes))
		for i, o := range f.Outcomes {
			numbers[i] = strconv.Itoa(int(o))
		}
		return "e.outcome IN (" + strings.Join(numbers, ", ") + ")"
	}
	if len(f.Outcomes) == 1 && f.Outcomes[0] == event.Succeeded && f.hidden(b, leadOutside) != "" && f.lead != leadUsers {
		return "NOT " + isAmong("events_attempts", "x.outcome <> 1")
	}
	return in(b, "e.outcome", f.Outcomes, asNumber)
}

// mayLead reports whether events may be found by a condition.
func (f Filter) mayLead(l lead) bool { return f.lead == anyLead || f.lead == l }

// events is where the events of a filter stand, with the index of its lead. SQLite would rather take that of
// ids, where there is a time, however many events are in it.
func (f Filter) events(b *builder) string {
	if index := f.index(b); index != "" {
		return "events e INDEXED BY " + index
	}
	return "events e"
}

func (f Filter) from(b *builder) string { return f.events(b) + positions }

func (f Filter) index(b *builder) string {
	switch {
	case b.arrays:
	case f.lead == leadCategory && f.Category == event.Admin:
		return "events_category"
	case f.lead == leadTypes:
		return "events_type"
	case f.lead == leadAttempts:
		return "events_attempts"
	case f.lead == leadUsers, f.lead == leadActors && f.half == bySelf:
		return "events_user"
	case f.lead == leadActors && (f.half == byID || len(usersAmong(f.Actors)) == 0):
		return "events_actor"
	}
	return ""
}

// conditions are filters, each of one condition that has an index and the time, the first of the time
// alone: events are found by one of them, and looked at for the others. Those by which they can be found in
// order have it as their lead. The last have to be counted along their index.
func (f Filter) conditions() (all []Filter) {
	add := func(l lead, set func(*Filter)) {
		part := Filter{Project: f.Project, From: f.From, To: f.To, lead: l}
		if len(f.Mentions) > 0 {
			part.lead = anyLead // a group of mentions leads
		}
		set(&part)
		all = append(all, part)
	}
	add(anyLead, func(*Filter) {})
	types, others := f.reduceTypes()
	if f.Category == event.Admin || !others && areManyOfAdmin(types) {
		add(leadCategory, func(p *Filter) { p.Category = event.Admin })
	}
	if !others && len(types) > 0 {
		l := leadTypes
		if len(types) > mergedTypes {
			l = anyLead
		}
		add(l, func(p *Filter) { p.Types = types })
	}
	if len(f.Outcomes) > 0 && !slices.Contains(f.Outcomes, event.Succeeded) {
		add(leadAttempts, func(p *Filter) { p.Outcomes = attempts() }) // its index does not tell them apart
	}
	if len(f.Actors) > 0 {
		l := leadActors
		if len(f.Actors) > mergedPeople && len(f.Users) == 0 {
			l = anyLead
		}
		add(l, func(p *Filter) { p.Actors = f.Actors })
	}
	if len(f.Users) > 0 {
		add(leadUsers, func(p *Filter) { p.Users = f.Users })
	}
	for _, m := range f.Mentions {
		add(anyLead, func(p *Filter) { p.Mentions = []Mention{m} })
	}
	return all
}

// attempts are the outcomes of what did not succeed.
func attempts() []event.Outcome {
	return slices.DeleteFunc(event.Outcomes(), func(o event.Outcome) bool { return o == event.Succeeded })
}

// typesOfAdmin is how many types are of the administrators' category.
var typesOfAdmin = len(slices.DeleteFunc(event.ContractTypes(), func(t event.Type) bool { return event.CategoryOf(t) != event.Admin }))

// areManyOfAdmin reports whether types are too many for a walk each, and have an index in common: that of
// their category.
func areManyOfAdmin(types []event.Type) bool {
	return len(types) > mergedTypes && !slices.ContainsFunc(types, func(t event.Type) bool { return event.CategoryOf(t) != event.Admin })
}

// led is the filter with the condition that leads to the fewest events as its lead. Without one SQLite, which
// does not know how often values occur, may go through all that one type has for the few that one user has.
// Where bounded, fewest is how many events the best of its conditions leads to, those too that cannot lead;
// above what may be looked at it is only that: more.
func (c *counter) led(ctx context.Context, bounded bool) (f Filter, fewest int64, err error) {
	f, fewest = c.f, math.MaxInt64
	conditions, leads := f.conditions(), 0
	for _, one := range conditions {
		if one.lead != anyLead {
			f.lead = one.lead
			leads++
		}
	}
	if c.l.db.Engine() != store.SQLite && !slices.ContainsFunc(conditions, func(one Filter) bool { return one.lead == leadAttempts }) {
		f.lead, leads = anyLead, 0 // it chooses well by itself
	}
	limit, least := int64(maxLead), int64(math.MaxInt64)
	if bounded {
		limit = c.l.maxLookedAt
	}
	for _, one := range conditions {
		leading := one.lead != anyLead && leads > 1
		if !leading && (!bounded || fewest <= limit) {
			continue
		}
		most := min(least, limit)
		n, counted, err := c.estimate(ctx, one, most)
		if err != nil {
			return Filter{}, 0, err
		}
		fewest = min(fewest, n)
		if leading && (least == math.MaxInt64 || n < least && (counted || n <= most)) {
			f.lead, least = one.lead, n
		}
	}
	return f, fewest, nil
}
