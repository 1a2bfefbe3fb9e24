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
	"slices"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/ledger"
	"github.com/sealog/sealog/internal/merkle"
	"github.com/sealog/sealog/internal/store"
)

// queryDeadline bounds every read of the log.
const queryDeadline = 20 * time.Second

// Reader reads the logs of all projects.
type Reader struct {
	db          *store.DB
	maxLookedAt int64
	few         int   // fewEvents; tests set it
	maxWalked   int64 // maxWalked; tests set it
	maxLeftOut  int64 // maxLeftOut; tests set it
	reach       Span  // 0 where walks are not split; tests set it
}

// New returns a reader.
func New(db *store.DB) *Reader {
	l := &Reader{db: db, maxLookedAt: maxLookedAt, few: fewEvents, maxWalked: maxWalked, maxLeftOut: maxLeftOut}
	if db.Engine() == store.PostgreSQL {
		l.reach = reach
	}
	return l
}

// refOf is what a project's events are found by that mention an identifier.
func (l *Reader) refOf(project string) func(event.Ref) int64 {
	return func(ref event.Ref) int64 { return l.db.Vault().Reference(project, ref) }
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
	// Position is the event's place in its project's log, from 0; below 0 while it has none.
	Position int64

	entry       ledger.Stored // most readers want the disclosures alone
	disclosures ledger.Packed
}

const columns = `e.project_id, e.id, e.category, e.type, e.outcome, e.user_id, e.actor_id, e.entry, e.disclosures, COALESCE(p.position, -1)`

// from is where they stand, and positions where they have one: an event that has none yet has no row in
// leaves.
const (
	from      = `events e` + positions
	positions = ` LEFT JOIN leaves p ON p.project_id = e.project_id AND p.id = e.id`
)

func (r *Row) fields() []any {
	return []any{
		&r.Project, &r.ID, &r.Category, &r.Type, &r.Outcome, &r.User, ledger.ScanActor(&r.ActorID, &r.User),
		&r.entry, &r.disclosures, &r.Position,
	}
}

// HeldBytes is what the row takes in memory, about.
func (r *Row) HeldBytes() int { return len(r.entry) + len(r.disclosures) }

// CreatedAt is the event's time in UTC, to the microsecond.
func (r Row) CreatedAt() time.Time { return r.ID.Time() }

// LeafHash is the hash of the event's entry as a leaf of the log's tree.
func (r Row) LeafHash() merkle.Hash { return merkle.LeafHash(r.entry.Plain()) }

// Data is the whole event as the Admin API gives it: id, seq, type, payload, context.
func (r Row) Data() (json.RawMessage, error) {
	return event.Data(r.ID, r.Position, r.Type, r.disclosures)
}

// Get returns one event, or EventNotFound.
func (l *Reader) Get(ctx context.Context, project string, id event.ID) (_ Row, err error) {
	defer fault.Wrap(&err, "auditlog.Get(%q, %s)", project, id)
	row, ok, err := store.One(ctx, l.db, (*Row).fields, `
		SELECT `+columns+`
		FROM `+from+`
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
	return rowsOf(ctx, l.db, project, ids)
}

// rowsOf reads those of some events that there are, newest first.
func rowsOf(ctx context.Context, q store.Querier, project string, ids []event.ID) ([]Row, error) {
	b := &builder{}
	b.add("e.project_id = " + b.bind(project))
	b.add(in(b, "e.id", padded(ids), asIs))
	return store.Collect(ctx, q, (*Row).fields, `
		SELECT `+columns+`
		FROM `+from+`
		WHERE `+b.text()+`
		ORDER BY e.id DESC`, b.args...)
}

// padded repeats the last of some ids until there are a power of two, so that a statement that names them
// has one of few texts, and its plan can be kept.
func padded(ids []event.ID) []event.ID {
	all := slices.Clone(ids)
	for n := len(all); n > 0 && n&(n-1) != 0; n = len(all) {
		all = append(all, all[n-1])
	}
	return all
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
	f := Filter{Project: row.Project, Actors: []string{row.ActorID}, From: at.Add(-requestSpan), To: at.Add(requestSpan)}
	rows, err := l.walk(ctx, l.db, f, window{ascending: true, size: 499})
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

// ActorsOf returns who acted in a project but for end users, each by one of the names they had,
// to choose from: at most limit, in the order of names.
func (l *Reader) ActorsOf(ctx context.Context, project string, limit int) (_ []event.Actor, err error) {
	defer fault.Wrap(&err, "auditlog.ActorsOf(%q)", project)
	return store.Collect(ctx, l.db, func(a *event.Actor) []any { return []any{&a.ID, &a.Name, &a.Type} }, `
		SELECT actor_id, max(name), max(type)
		FROM event_actors
		WHERE project_id = $1
		GROUP BY actor_id
		ORDER BY 2, 1
		LIMIT $2`, project, int64(limit))
}

// ActorsNamed returns the ids of the actors of a project who have, or had, a name; letters'
// case does not count.
func (l *Reader) ActorsNamed(ctx context.Context, project, name string) (_ []string, err error) {
	defer fault.Wrap(&err, "auditlog.ActorsNamed(%q)", project)
	return store.Column[string](ctx, l.db, `
		SELECT DISTINCT actor_id
		FROM event_actors
		WHERE project_id = $1 AND lower(name) = lower($2)
		LIMIT 100`, project, name)
}
