package query

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
)

// Names returns the ids of the actors of a project who have a name. Nil knows no names.
type Names func(ctx context.Context, name string) (ids []string, err error)

// Filter adds the query's terms to what base asks for already: all must hold. Days are those of
// zone, and relative times are before now; a nil zone is UTC. When terms contradict each other or
// the base, the filter chooses nothing.
//
// Errors: only those of names.
func (q Query) Filter(ctx context.Context, base auditlog.Filter, now time.Time, zone *time.Location, names Names) (_ auditlog.Filter, err error) {
	defer fault.Wrap(&err, "query.Filter(%q)", base.Project)
	if zone == nil {
		zone = time.UTC
	}
	n := &narrowing{Filter: base}
	a := actors{names: names, known: map[string][]string{}}
	for _, t := range q.terms {
		switch t.key {
		case keyActor:
			ids, err := a.ids(ctx, t.values)
			if err != nil {
				return auditlog.Filter{}, err
			}
			narrow(n, t.not, &n.Actors, &n.Not.Actors, ids)
		case keyUser:
			n.user(t)
		case keyType:
			n.types(t.not, each(t.values, typesOf))
		case keyCategory:
			n.categories(t.not, t.values)
		case keyOutcome:
			narrow(n, t.not, &n.Outcomes, &n.Not.Outcomes, each(t.values, outcomeOf))
		case keyCreated:
			n.created(t.not, t.values[0], now, zone)
		case keyID:
			n.mention(t.not, auditlog.Mention{Events: each(t.values, idOf)})
		case "":
			ids, err := a.ids(ctx, t.values)
			if err != nil {
				return auditlog.Filter{}, err
			}
			n.word(t, ids)
		default:
			n.mention(t.not, auditlog.Mention{Refs: refs(t.values, event.RefKind(t.key))})
		}
	}
	return n.filter(), nil
}

// user narrows to whom events are about. Who is named by an address is found where it is mentioned.
func (n *narrowing) user(t term) {
	m := auditlog.Mention{Users: each(t.values, idOf)}
	for _, v := range t.values {
		if _, ok := parseID(v); !ok {
			m.Refs = append(m.Refs, refs([]string{v}, event.RefEmail, event.RefPhone, event.RefUsername)...)
		}
	}
	if len(m.Users) == len(t.values) {
		narrow(n, t.not, &n.Users, &n.Not.Users, m.Users)
		return
	}
	n.mention(t.not, m)
}

// word narrows to what has an identifier of any kind.
func (n *narrowing) word(t term, actors []string) {
	ids := each(t.values, idOf)
	n.mention(t.not, auditlog.Mention{Events: ids, Users: ids, Actors: actors, Refs: refs(t.values, event.RefKinds()...)})
}

func outcomeOf(word string) []event.Outcome {
	o, _ := event.ParseOutcome(word) // Parse has seen to it
	return []event.Outcome{o}
}

func idOf(text string) []event.ID {
	if id, ok := parseID(text); ok {
		return []event.ID{id}
	}
	return nil
}

func refs(values []string, kinds ...event.RefKind) []event.Ref {
	var all []event.Ref
	for _, v := range values {
		for _, kind := range kinds {
			if ref, ok := event.NewRef(kind, v); ok {
				all = append(all, ref)
			}
		}
	}
	return unique(all)
}

// each gathers what values stand for, each thing once.
func each[T comparable](values []string, of func(string) []T) []T {
	var all []T
	for _, v := range values {
		all = append(all, of(v)...)
	}
	return unique(all)
}

// actors looks up who has a name, each name once.
type actors struct {
	names Names
	known map[string][]string
}

// ids are the actors who have one of some values as id or as name.
func (a actors) ids(ctx context.Context, values []string) ([]string, error) {
	all := slices.Clone(values)
	for _, v := range values {
		ids, ok := a.known[v]
		if !ok && a.names != nil {
			var err error
			if ids, err = a.names(ctx, v); err != nil {
				return nil, fmt.Errorf("who is called so: %w", err)
			}
			a.known[v] = ids
		}
		all = append(all, ids...)
	}
	return unique(all), nil
}
