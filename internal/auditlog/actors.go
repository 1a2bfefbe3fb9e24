package auditlog

import "github.com/sealog/sealog/internal/event"

// half is one of the two ways in which a row says who acted: by an id, or, where the actor is the
// user whom the event is about, by that user's alone. Each has an index of its own.
type half int

const (
	wholly half = iota // both
	byID
	bySelf
)

// acted is the condition that one of some actors did it; hidden stands before the columns.
func acted(b *builder, actors []string, half half, hidden string) string {
	users := usersAmong(actors)
	switch {
	case half == bySelf:
		return self(b, users, hidden)
	case hidden != "" && len(actors) == 1 && len(users) == 0:
		return isAmong("events_actor", named(b, "x", actors))
	}
	if half == byID || len(users) == 0 {
		return named(b, hidden+"e", actors)
	}
	return "(" + named(b, hidden+"e", actors) + " OR " + self(b, users, hidden) + ")"
}

// named is the condition that a row says by an id who acted.
func named(b *builder, row string, actors []string) string {
	return "(" + row + ".actor_id <> '' AND " + in(b, row+".actor_id", actors, asIs) + ")"
}

func self(b *builder, users []event.ID, hidden string) string {
	return "(" + hidden + "e.actor_id = '' AND " + in(b, hidden+"e.user_id", users, asIs) + ")"
}

// usersAmong are those of some actors who can be users, by their ids.
func usersAmong(actors []string) (users []event.ID) {
	for _, actor := range actors {
		if id, err := event.ParseID(actor); err == nil && id.String() == actor && !id.IsZero() {
			users = append(users, id)
		}
	}
	return users
}

// mergedPeople is how many users, or actors, are read as one walk of an index each.
const mergedPeople = 8

// apart splits a filter of a few users, or actors, into one for each. Along the index of several at once
// no engine comes to their events in order.
func (f Filter) apart() (all []Filter) {
	users, actors := unique(f.Users), unique(f.Actors)
	switch {
	case len(users) > 1 && len(users) <= mergedPeople:
		for _, user := range users {
			f.Users = []event.ID{user}
			all = append(all, f)
		}
	case len(users) == 0 && len(actors) > 1 && len(actors) <= mergedPeople:
		for _, actor := range actors {
			f.Actors = []string{actor}
			all = append(all, f)
		}
	default:
		all = []Filter{f}
	}
	return all
}

// halves splits a filter of actors into what each of the two indexes finds, which have no event in
// common; where one of them finds all, or another condition leads, it is one alone.
func (f Filter) halves() []Filter {
	if len(f.Actors) == 0 || f.half != wholly || !f.mayLead(leadActors) {
		return []Filter{f}
	}
	named := f
	named.half = byID
	if len(usersAmong(f.Actors)) == 0 {
		return []Filter{named}
	}
	own := f
	own.half = bySelf
	return []Filter{named, own}
}
