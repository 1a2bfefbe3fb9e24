package auditlog

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/store"
)

// Filter chooses events of one project. A field left unset does not restrict; all that are set
// must hold.
type Filter struct {
	Project  string
	Category event.Category
	// Types are activity types, any of which will do. OtherTypes adds all those that the
	// Admin API's enum has no name for.
	Types      []event.Type
	OtherTypes bool
	From, To   time.Time // From <= time < To
	Users      []event.ID
	Actors     []string
	Outcomes   []event.Outcome
	// Mentions are groups of which each must hold.
	Mentions []Mention
	// Not is what an event must not be.
	Not Exclusion

	// below leaves out the events at or above a position, and those without one.
	below *int64
	// half restricts Actors to one of the two ways to say who acted.
	half half
	// lead is by which condition the events are found.
	lead lead
}

// counted is where the rows stand that a filter's conditions look at.
func (f Filter) counted(b *builder) string {
	if f.below != nil {
		return f.from(b)
	}
	return f.events(b)
}

// Mention is what an event is, or is about, or mentions; any of it will do. One with nothing in
// it holds for no event.
type Mention struct {
	Events []event.ID
	Users  []event.ID
	Actors []string
	Refs   []event.Ref
}

// Exclusion is what events are left out for; any of it is enough.
type Exclusion struct {
	Types    []event.Type
	Users    []event.ID
	Actors   []string
	Outcomes []event.Outcome
	Refs     []event.Ref
}

// refers reports whether the filter asks what events mention, of which only those tell by
// event_refs that were derived already.
func (f Filter) refers() bool {
	return len(f.Not.Refs) > 0 || slices.ContainsFunc(f.Mentions, func(m Mention) bool { return len(m.Refs) > 0 })
}

// nothing reports whether the filter contradicts itself.
func (f Filter) nothing() bool {
	if !f.From.IsZero() && !f.To.IsZero() && !f.From.Before(f.To) {
		return true
	}
	return slices.ContainsFunc(f.Mentions, func(m Mention) bool {
		return len(m.Events)+len(m.Users)+len(m.Actors)+len(m.Refs) == 0
	})
}

// normal is the filter with what it excludes taken out of what it chooses, where it says both, and
// without a category where types say more: each is of one.
func (f Filter) normal() Filter {
	if f.Category != 0 && len(f.Types) > 0 && !f.OtherTypes {
		others := slices.DeleteFunc(slices.Clone(f.Types), func(t event.Type) bool { return event.CategoryOf(t) == f.Category })
		exclude(&f, &f.Types, others, false)
		f.Category = 0
	}
	f.Not.Types = exclude(&f, &f.Types, f.Not.Types, f.OtherTypes)
	f.Not.Actors = exclude(&f, &f.Actors, f.Not.Actors, false)
	f.Not.Users = exclude(&f, &f.Users, f.Not.Users, false)
	if len(f.Outcomes) > 0 {
		f.Outcomes = unique(f.Outcomes)
	}
	if len(f.Not.Outcomes) > 0 && len(f.Outcomes) == 0 {
		f.Outcomes = event.Outcomes()
	}
	f.Not.Outcomes = exclude(&f, &f.Outcomes, f.Not.Outcomes, false)
	return f
}

// exclude takes values out of what a filter chooses, and returns those that are still to be
// excluded: all of them when it chooses nothing in particular.
func exclude[T comparable](f *Filter, chosen *[]T, not []T, open bool) []T {
	if len(*chosen) == 0 || len(not) == 0 || open {
		return not
	}
	left := []T{}
	for _, v := range *chosen {
		if !slices.Contains(not, v) {
			left = append(left, v)
		}
	}
	if len(left) == 0 {
		f.Mentions = append(slices.Clone(f.Mentions), Mention{})
		return nil
	}
	*chosen = left
	return nil
}

// mergedTypes is how many types are read as one walk of an index each.
const mergedTypes = 8

// reduceTypes makes the set of types small: each type once, and none at all when every type is wanted, which is how existing programs say that they
// do not filter.
func (f Filter) reduceTypes() (types []event.Type, others bool) {
	wanted := map[event.Type]bool{}
	for _, t := range f.Types {
		if !wanted[t] {
			wanted[t] = true
			types = append(types, t)
		}
	}
	missing := func(t event.Type) bool {
		return !wanted[t] && (f.Category == 0 || event.CategoryOf(t) == f.Category)
	}
	if f.OtherTypes && !slices.ContainsFunc(event.ContractTypes(), missing) {
		return nil, false
	}
	return types, f.OtherTypes
}

// builder collects conditions whose values are always bound, never written into the text.
type builder struct {
	conditions []string
	args       []any
	arrays     bool // whether the engine can be given several texts as one value
}

// builder returns one for the reader's engine.
func (l *Reader) builder() *builder { return &builder{arrays: l.db.Engine() == store.PostgreSQL} }

// part returns a builder of other conditions of the same statement: what it has bound is to be given
// back to b.
func (b *builder) part() *builder { return &builder{args: b.args, arrays: b.arrays} }

func (b *builder) bind(v any) string {
	b.args = append(b.args, v)
	return fmt.Sprintf("$%d", len(b.args))
}

func (b *builder) add(condition string) { b.conditions = append(b.conditions, condition) }

func (b *builder) text() string { return strings.Join(b.conditions, " AND ") }

// in is a condition that a column has one of some values, which holds for none when there are none. Texts
// are one array where the engine has such: of single ones PostgreSQL makes an array again for each row
// that it looks at. Ids are not, since of an array it cannot tell which partitions to leave out.
func in[T any](b *builder, column string, values []T, value func(T) any) string {
	all := make([]any, len(values))
	for i, v := range values {
		all[i] = value(v)
	}
	switch len(all) {
	case 0:
		return "1 = 0"
	case 1:
		return column + " = " + b.bind(all[0])
	}
	if _, text := all[0].(string); text && b.arrays {
		return column + " = ANY(" + b.bind(all) + ")"
	}
	places := make([]string, len(all))
	for i, v := range all {
		places[i] = b.bind(v)
	}
	return column + " IN (" + strings.Join(places, ", ") + ")"
}

func asCode(t event.Type) any      { return t.Code() }
func asNumber(o event.Outcome) any { return int64(o) }
func asIs[T any](v T) any          { return v }

// where adds the whole filter as conditions on e, a row of events. ref gives the number by which an
// identifier is found.
func (f Filter) where(b *builder, ref func(event.Ref) int64) {
	b.add("e.project_id = " + b.bind(f.Project))
	f.restrict(b, ref)
}

func (f Filter) restrict(b *builder, ref func(event.Ref) int64) {
	if f.Category != 0 {
		b.add(f.hidden(b, leadCategory) + "e.category = " + b.bind(int64(f.Category)))
	}
	if f.Category == event.Admin && f.hidden(b, leadCategory) == "" {
		b.add("e.category <> 1") // in the words of the index
	}
	types, others := f.reduceTypes()
	switch {
	case others && len(types) > 0:
		b.add("(" + in(b, "e.type", types, asCode) + " OR NOT " + in(b, "e.type", event.ContractTypes(), asCode) + ")")
	case others:
		b.add("NOT " + in(b, "e.type", event.ContractTypes(), asCode))
	case len(types) > 0:
		b.add(typed(b, types, f.hidden(b, leadTypes)))
	}
	if len(f.Outcomes) > 0 && len(f.Outcomes) < len(event.Outcomes()) {
		b.add(f.endedIn(b))
	}
	f.restrictTime(b)
	if len(f.Users) > 0 {
		b.add(ofUser(b, f.Users, f.hidden(b, leadUsers)))
	}
	if len(f.Actors) > 0 {
		b.add(acted(b, f.Actors, f.half, f.hidden(b, leadActors)))
	}
	for _, m := range f.Mentions {
		b.add(m.condition(b, ref, f.hidden(b, leadOutside)))
	}
	f.Not.restrict(b, ref, f.hidden(b, leadOutside))
	if f.below != nil {
		b.add("COALESCE(p.position, " + noPosition + ") < " + b.bind(*f.below))
	}
}

// restrictTime adds the filter's time as a condition on the ids of e.
func (f Filter) restrictTime(b *builder) {
	if !f.From.IsZero() {
		b.add("e.id >= " + b.bind(event.Floor(f.From)))
	}
	if !f.To.IsZero() {
		b.add("e.id < " + b.bind(event.Floor(f.To)))
	}
}

// inTime reports whether an event is within the filter's time.
func (f Filter) inTime(id event.ID) bool {
	return (f.From.IsZero() || !id.Time().Before(f.From)) && (f.To.IsZero() || id.Time().Before(f.To))
}

// noPosition is above all positions. By COALESCE a condition on the position of an event leaves SQLite
// no way but from the event to its position: with p.position < n alone it goes through all positions
// below n, of which there are as many as events.
const noPosition = "9223372036854775807"

// condition is that of a group; hidden stands before columns whose indexes are not to be taken.
func (m Mention) condition(b *builder, ref func(event.Ref) int64, hidden string) string {
	any := []string{"1 = 0"}
	if len(m.Events) > 0 {
		any = append(any, in(b, "e.id", m.Events, asIs))
	}
	if len(m.Actors) > 0 {
		any = append(any, acted(b, m.Actors, wholly, hidden))
	}
	if len(m.Users) > 0 {
		any = append(any, ofUser(b, m.Users, hidden))
	}
	if len(m.Refs) > 0 {
		any = append(any, mentions(b, m.Refs, ref))
	}
	if len(any) == 2 {
		return any[1] // without an OR an index can be walked
	}
	return "(" + strings.Join(any, " OR ") + ")"
}

func mentions(b *builder, refs []event.Ref, ref func(event.Ref) int64) string {
	return "EXISTS (SELECT 1 FROM event_refs r WHERE r.id = e.id AND " +
		in(b, "r.ref", refs, func(r event.Ref) any { return ref(r) }) + ")"
}

// restrict leaves events out; hidden stands before columns, as in condition.
func (n Exclusion) restrict(b *builder, ref func(event.Ref) int64, hidden string) {
	if len(n.Types) > 0 {
		b.add("NOT " + typed(b, n.Types, hidden))
	}
	if len(n.Users) > 0 {
		b.add("(e.user_id IS NULL OR NOT " + in(b, "e.user_id", n.Users, asIs) + ")")
	}
	if len(n.Actors) > 0 {
		b.add("NOT " + acted(b, n.Actors, wholly, hidden))
	}
	if len(n.Outcomes) > 0 {
		b.add("NOT " + in(b, "e.outcome", n.Outcomes, asNumber))
	}
	if len(n.Refs) > 0 {
		b.add("NOT " + mentions(b, n.Refs, ref))
	}
}

// matches reports whether an event that has not been derived yet is one that a filter chooses.
func (f Filter) matches(id event.ID, d event.Derived) bool {
	types, others := f.reduceTypes()
	mention := func(refs []event.Ref) bool {
		return slices.ContainsFunc(refs, func(r event.Ref) bool { return slices.Contains(d.Refs, r) })
	}
	switch {
	case f.Category != 0 && d.Category != f.Category,
		(len(types) > 0 || others) && !slices.Contains(types, d.Type) && (!others || d.Type.InContract()),
		len(f.Outcomes) > 0 && !slices.Contains(f.Outcomes, d.Outcome),
		!f.inTime(id),
		len(f.Users) > 0 && !slices.Contains(f.Users, d.User), len(f.Actors) > 0 && !slices.Contains(f.Actors, d.ActorID),
		slices.Contains(f.Not.Types, d.Type), slices.Contains(f.Not.Actors, d.ActorID), slices.Contains(f.Not.Outcomes, d.Outcome),
		!d.User.IsZero() && slices.Contains(f.Not.Users, d.User), mention(f.Not.Refs):
		return false
	}
	for _, m := range f.Mentions {
		if !mention(m.Refs) && !slices.Contains(m.Events, id) && !slices.Contains(m.Actors, d.ActorID) &&
			(d.User.IsZero() || !slices.Contains(m.Users, d.User)) {
			return false
		}
	}
	return true
}
