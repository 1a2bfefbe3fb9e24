package auditlog

import (
	"context"
	"math"
	"slices"

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
// column with a plus before it; PostgreSQL knows how often values occur and chooses well by itself.
func (f Filter) hidden(b *builder, l lead) string {
	if f.lead == anyLead || f.lead == l || b.arrays {
		return ""
	}
	return "+"
}

// leading is a condition that may lead, and a filter of it and the time alone.
type leading struct {
	lead lead
	part Filter
}

// leads are the conditions that have an index, those last that have to be counted along it.
func (f Filter) leads() (all []leading) {
	add := func(l lead, set func(*Filter)) {
		part := Filter{Project: f.Project, From: f.From, To: f.To}
		set(&part)
		all = append(all, leading{l, part})
	}
	types, others := f.reduceTypes()
	if f.Category == event.Admin || !others && areManyOfAdmin(types) {
		add(leadCategory, func(p *Filter) { p.Category = event.Admin })
	}
	if !others && len(types) > 0 && len(types) <= mergedTypes {
		add(leadTypes, func(p *Filter) { p.Types = types })
	}
	if len(f.Outcomes) > 0 && !slices.Contains(f.Outcomes, event.Succeeded) {
		add(leadAttempts, func(p *Filter) { p.Outcomes = f.Outcomes })
	}
	if len(f.Actors) > 0 {
		add(leadActors, func(p *Filter) { p.Actors = f.Actors })
	}
	if len(f.Users) > 0 {
		add(leadUsers, func(p *Filter) { p.Users = f.Users })
	}
	return all
}

// areManyOfAdmin reports whether types are too many for a walk each, and have an index in common: that of
// their category.
func areManyOfAdmin(types []event.Type) bool {
	return len(types) > mergedTypes && !slices.ContainsFunc(types, func(t event.Type) bool { return event.CategoryOf(t) != event.Admin })
}

// led is the filter with the condition that leads to the fewest events as its lead. Without, SQLite, which
// does not know how often values occur, may go through all that one type has for the few that one user has.
func (l *Reader) led(ctx context.Context, q store.Querier, f Filter) (Filter, error) {
	if l.db.Engine() != store.SQLite || len(f.Mentions) > 0 {
		return f, nil // a group of mentions leads
	}
	leads := f.leads()
	if len(leads) < 2 {
		return f, nil
	}
	c, fewest := &counter{l: l, q: q, f: f}, int64(math.MaxInt64)
	for _, one := range leads {
		limit := min(fewest, maxLead)
		n, counted, err := c.estimate(ctx, one.part, limit)
		if err != nil {
			return Filter{}, err
		}
		if f.lead == anyLead || n < fewest && (counted || n < limit) {
			f.lead, fewest = one.lead, n
		}
	}
	return f, nil
}
