// Package auditlog reads the log: it filters, pages, counts, and says in words what an
// event was. It never writes to it, but for Reads, which puts on the record that somebody
// has read it.
//
// Browsing goes by event id, which is the event's time; both directions of paging walk an
// index from the cursor, so a page deep in the log costs what the first one does.
//
// Start reading at Reader.List.
package auditlog

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/store"
)

// queryDeadline bounds every read of the log.
const queryDeadline = 20 * time.Second

// Reader reads the logs of all projects.
type Reader struct{ db *store.DB }

// New returns a reader.
func New(db *store.DB) *Reader { return &Reader{db} }

// Filter chooses events of one project. A field left unset does not restrict.
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
}

// Row is an event as it was found.
type Row struct {
	Project  string
	ID       event.ID
	Category event.Category
	Type     event.Type
	Outcome  event.Outcome
	ActorID  string
	User     event.ID // zero when it is about no user

	entry, disclosures []byte
}

const columns = `e.project_id, e.id, e.category, e.type, e.outcome, e.actor_id, e.user_id, e.entry, e.disclosures`

func (r *Row) fields() []any {
	return []any{&r.Project, &r.ID, &r.Category, &r.Type, &r.Outcome, &r.ActorID, &r.User, &r.entry, &r.disclosures}
}

// CreatedAt is the event's time in UTC, to the microsecond.
func (r Row) CreatedAt() time.Time { return r.ID.Time() }

// Data is the whole event as the Admin API gives it: id, type, payload, context.
func (r Row) Data() (json.RawMessage, error) { return event.Data(r.ID, -1, r.Type, r.disclosures) }

// List returns one page of the events that a filter chooses, by time.
//
// Errors: InvalidQuery (paging that makes no sense), InvalidCursor.
func (l *Reader) List(ctx context.Context, f Filter, p Paging) (_ Page, err error) {
	defer fault.Wrap(&err, "auditlog.List(%q)", f.Project)
	ctx, cancel := context.WithTimeout(ctx, queryDeadline)
	defer cancel()
	w, err := l.window(ctx, f, p)
	if err != nil || w.empty {
		return Page{Rows: []Row{}}, err
	}
	b := f.where()
	w.restrict(b)
	order := "ASC"
	if w.descending() {
		order = "DESC"
	}
	rows, err := store.Collect(ctx, l.db, (*Row).fields, `
		SELECT `+columns+`
		FROM events e
		WHERE `+b.text()+`
		ORDER BY e.id `+order+`
		LIMIT `+b.bind(int64(w.size+1)), b.args...)
	if err != nil {
		return Page{}, err
	}
	return w.page(rows), nil
}

// Count returns exactly how many events a filter chooses.
func (l *Reader) Count(ctx context.Context, f Filter) (_ int64, err error) {
	defer fault.Wrap(&err, "auditlog.Count(%q)", f.Project)
	ctx, cancel := context.WithTimeout(ctx, queryDeadline)
	defer cancel()
	b := f.where()
	n, err := store.Column[int64](ctx, l.db, `SELECT count(*) FROM events e WHERE `+b.text(), b.args...)
	if err != nil {
		return 0, err
	}
	return n[0], nil
}

// Get returns one event, or EventNotFound.
func (l *Reader) Get(ctx context.Context, project string, id event.ID) (_ Row, err error) {
	defer fault.Wrap(&err, "auditlog.Get(%q, %s)", project, id)
	row, ok, err := store.One(ctx, l.db, (*Row).fields, `
		SELECT `+columns+`
		FROM events e
		WHERE e.project_id = $1 AND e.id = $2`, project, id)
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "EventNotFound", "There is no such event in this project's log.")
	}
	return row, err
}

// GetMany returns those of the events that there are, newest first.
func (l *Reader) GetMany(ctx context.Context, project string, ids []event.ID) (_ []Row, err error) {
	defer fault.Wrap(&err, "auditlog.GetMany(%q)", project)
	if len(ids) == 0 {
		return []Row{}, nil
	}
	b := &builder{}
	b.add("e.project_id = " + b.bind(project))
	b.add(in(b, "e.id", ids, asIs))
	return store.Collect(ctx, l.db, (*Row).fields, `
		SELECT `+columns+`
		FROM events e
		WHERE `+b.text()+`
		ORDER BY e.id DESC`, b.args...)
}

// requestSpan is how far apart the events of one request can be.
const requestSpan = 30 * time.Second

// SameRequest returns the events that the same actor caused with the same request, the
// given one included, oldest first. It looks at what the actor did around that time.
func (l *Reader) SameRequest(ctx context.Context, row Row) (_ []Row, err error) {
	defer fault.Wrap(&err, "auditlog.SameRequest(%s)", row.ID)
	c, err := row.Context()
	if err != nil || c.RequestID == "" {
		return []Row{row}, err
	}
	at := row.CreatedAt()
	rows, err := store.Collect(ctx, l.db, (*Row).fields, `
		SELECT `+columns+`
		FROM events e
		WHERE e.project_id = $1 AND e.actor_id = $2 AND e.id >= $3 AND e.id < $4
		ORDER BY e.id
		LIMIT 500`, row.Project, row.ActorID, event.Floor(at.Add(-requestSpan)), event.Floor(at.Add(requestSpan)))
	if err != nil {
		return nil, err
	}
	same := []Row{}
	for _, r := range rows {
		if other, err := r.Context(); err == nil && other.RequestID == c.RequestID {
			same = append(same, r)
		}
	}
	return same, nil
}

// actorsLookedAt bounds how far back ActorsOf looks.
const actorsLookedAt = 500

// ActorsOf returns the actors of a project's latest events, the latest first, to choose from.
func (l *Reader) ActorsOf(ctx context.Context, project string, limit int) (_ []event.Actor, err error) {
	defer fault.Wrap(&err, "auditlog.ActorsOf(%q)", project)
	rows, err := store.Collect(ctx, l.db, (*Row).fields, `
		SELECT `+columns+`
		FROM events e
		WHERE e.project_id = $1
		ORDER BY e.id DESC
		LIMIT $2`, project, int64(actorsLookedAt))
	if err != nil {
		return nil, err
	}
	actors, seen := []event.Actor{}, map[string]bool{}
	for _, r := range rows {
		if seen[r.ActorID] {
			continue
		}
		c, err := r.Context()
		if err != nil {
			return nil, err
		}
		seen[r.ActorID] = true
		if actors = append(actors, c.Actor); len(actors) == limit {
			break
		}
	}
	return actors, nil
}

// builder collects conditions whose values are always bound, never written into the text.
type builder struct {
	conditions []string
	args       []any
}

func (b *builder) bind(v any) string {
	b.args = append(b.args, v)
	return fmt.Sprintf("$%d", len(b.args))
}

func (b *builder) add(condition string) { b.conditions = append(b.conditions, condition) }

func (b *builder) text() string { return strings.Join(b.conditions, " AND ") }

// in is a condition that a column has one of some values.
func in[T any](b *builder, column string, values []T, value func(T) any) string {
	if len(values) == 1 {
		return column + " = " + b.bind(value(values[0]))
	}
	places := make([]string, len(values))
	for i, v := range values {
		places[i] = b.bind(value(v))
	}
	return column + " IN (" + strings.Join(places, ", ") + ")"
}

func asText(t event.Type) any      { return string(t) }
func asNumber(o event.Outcome) any { return int64(o) }
func asIs[T any](v T) any          { return v }

func (f Filter) where() *builder {
	b := &builder{}
	b.add("e.project_id = " + b.bind(f.Project))
	if f.Category != 0 {
		b.add("e.category = " + b.bind(int64(f.Category)))
	}
	types, others := f.reduceTypes()
	switch {
	case others && len(types) > 0:
		b.add("(" + in(b, "e.type", types, asText) + " OR NOT " + in(b, "e.type", event.ContractTypes(), asText) + ")")
	case others:
		b.add("NOT " + in(b, "e.type", event.ContractTypes(), asText))
	case len(types) > 0:
		b.add(in(b, "e.type", types, asText))
	}
	if len(f.Outcomes) > 0 && !slices.Contains(f.Outcomes, event.Succeeded) {
		b.add("e.outcome <> 1") // in the words of the index of attempts
	}
	if len(f.Outcomes) > 0 && len(f.Outcomes) < len(event.Outcomes()) {
		b.add(in(b, "e.outcome", f.Outcomes, asNumber))
	}
	if !f.From.IsZero() {
		b.add("e.id >= " + b.bind(event.Floor(f.From)))
	}
	if !f.To.IsZero() {
		b.add("e.id < " + b.bind(event.Floor(f.To)))
	}
	if len(f.Users) > 0 {
		b.add(in(b, "e.user_id", f.Users, asIs))
	}
	if len(f.Actors) > 0 {
		b.add(in(b, "e.actor_id", f.Actors, asIs))
	}
	return b
}

// reduceTypes makes the set of types small: each type once, and none at all when every type
// is wanted, which is how existing programs say that they do not filter.
func (f Filter) reduceTypes() (types []event.Type, others bool) {
	wanted := map[event.Type]bool{}
	for _, t := range f.Types {
		if !wanted[t] {
			wanted[t] = true
			types = append(types, t)
		}
	}
	missing := func(t event.Type) bool { return !wanted[t] }
	if f.OtherTypes && !slices.ContainsFunc(event.ContractTypes(), missing) {
		return nil, false
	}
	return types, f.OtherTypes
}
