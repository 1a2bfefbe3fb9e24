package event

import (
	"fmt"
	"reflect"
)

// Event is an event as the database keeps it: the two byte strings, and beside them the
// columns that readers filter by, each of which can be derived from the bytes.
type Event struct {
	Project  string
	ID       ID
	Category Category
	Type     Type
	Outcome  Outcome
	ActorID  string
	User     ID // zero when the event is about no user

	Entry       []byte
	Disclosures []byte
	Seed        Seed // of the disclosures' salts, in their order
}

// creation is a fact about a user who did not exist before, so that the target could not
// name them.
type creation interface{ created() ID }

func (f CreateUserExecuted) created() ID { return f.User.ID }

// New writes down a fact as an event of the log named log. The seed of its salts comes from
// crypto/rand.
func New[P Payload[P]](fact P, id ID, log string, by By, about Target) (Event, error) {
	if f, ok := any(fact).(creation); ok && about.User.IsZero() {
		about.User = f.created()
	}
	return seeded(fact.Type(), fact, id, log, by, about, Succeeded, nil)
}

// NewAttempt writes down that an action of type t was tried and came to nothing. It has no
// payload: what would have happened did not.
func NewAttempt(t Type, id ID, log string, by By, about Target, outcome Outcome, failure ContextError) (Event, error) {
	return seeded(t, nil, id, log, by, about, outcome, &failure)
}

func seeded(t Type, fact any, id ID, log string, by By, about Target, outcome Outcome, failure *ContextError) (Event, error) {
	if by.Actor.ID == "" {
		return Event{}, fmt.Errorf("event: nobody is said to have done %s", t)
	}
	seed := newSeed()
	e, err := build(t, fact, id, log, by, about, outcome, failure, seed.Salts)
	e.Seed = seed
	return e, err
}

// build makes an event with as many salts as salts is asked for, one after the other.
func build(t Type, fact any, id ID, log string, by By, about Target, outcome Outcome, failure *ContextError, salts func(n int) []byte) (Event, error) {
	spec, ok := Lookup(t)
	if !ok {
		return Event{}, fmt.Errorf("event: type %q is not in the catalogue", t)
	}
	e := Event{
		Project: about.Project, ID: id, Category: spec.Category, Type: t, Outcome: outcome,
		ActorID: by.Actor.ID, User: about.User,
	}
	parts, err := splitObject("context", reflect.ValueOf(newContext(id.Time(), by, about, failure)), contextFields)
	if err != nil {
		return Event{}, err
	}
	if fact != nil {
		payload, err := spec.encode(fact)
		if err != nil {
			return Event{}, err
		}
		parts = append(parts, payload...)
	}
	entry := Entry{
		Capture: Witnessed, ID: id, Log: log, Outcome: outcome.String(), Time: id.Time(), Type: t,
		Commitments: make([]Commitment, 0, len(parts)),
	}
	size := 0
	for _, p := range parts {
		size += saltChars + len(p.name) + len(p.value) + len(`["","",]`) + 1
	}
	fresh := salts(len(parts))
	e.Disclosures = make([]byte, 0, size)
	for i, p := range parts {
		if i > 0 {
			e.Disclosures = append(e.Disclosures, '\n')
		}
		start := len(e.Disclosures)
		e.Disclosures = appendDisclosure(e.Disclosures, fresh[i*SaltSize:][:SaltSize], p.name, p.value)
		entry.Commitments = append(entry.Commitments, Commitment{p.name, Digest(e.Disclosures[start:])})
	}
	sortCommitments(entry.Commitments)
	e.Entry = entry.Canonical()
	if len(e.Entry) > MaxEntry {
		return Event{}, fmt.Errorf("event: entry of %d bytes is above %d", len(e.Entry), MaxEntry)
	}
	return e, nil
}

var contextFields = fieldsOf(reflect.TypeFor[eventContext](), false)
