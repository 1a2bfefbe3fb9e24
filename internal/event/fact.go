package event

import "strings"

// Type is an activity type as it is stored: "user.created".
type Type string

// EnumName returns the type's name in the Admin API: upper case, dots as underscores.
func (t Type) EnumName() string { return strings.ToUpper(strings.ReplaceAll(string(t), ".", "_")) }

// Payload is what a fact of type P satisfies, and nothing else can: the method fact is
// not exported and names P itself, so a type that embeds a fact, a defined copy of one, a
// pointer to one and a type of another package all fail to compile as a Payload.
type Payload[P any] interface {
	// Type is the activity type; it is the same for every value of P, the zero value included.
	Type() Type
	fact(P)
}

// Category is the tab of the Audit Log page that an event belongs to.
type Category uint8

// The categories, as they are stored.
const (
	// Users is what happened to end users: the tab Users Activities.
	Users Category = 1
	// Admin is what administrators did: the tab Admin API & Portal.
	Admin Category = 2
)

// Outcome says how an action ended.
type Outcome uint8

// The outcomes, as they are stored.
const (
	Succeeded Outcome = 1
	// Failed is an attempt that was allowed and did not work; nothing was changed.
	Failed Outcome = 2
	// Denied is an attempt that was not allowed; nothing was changed.
	Denied Outcome = 3
)

// Outcomes lists all outcomes in the order in which pages offer them.
func Outcomes() []Outcome { return []Outcome{Succeeded, Failed, Denied} }

// String returns the outcome's word as it stands in entries and URLs.
func (o Outcome) String() string {
	switch o {
	case Succeeded:
		return "succeeded"
	case Failed:
		return "failed"
	case Denied:
		return "denied"
	default:
		return "unknown"
	}
}

// ParseOutcome is the inverse of Outcome.String.
func ParseOutcome(word string) (Outcome, bool) {
	for _, o := range Outcomes() {
		if o.String() == word {
			return o, true
		}
	}
	return 0, false
}
