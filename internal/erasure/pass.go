package erasure

import (
	"context"
	"errors"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/ledger"
	"github.com/sealog/sealog/internal/store"
)

// batch is how many events are erased in one transaction. A power of two: see in.
const batch = 512

// pass goes once through all events about a user.
type pass struct {
	s *Service
	request

	seen       int // events about the user, whatever is left of them
	erased     []Erased
	recorded   []event.ID
	early      int // events that are not derived yet
	unreadable []event.ID
}

// stored is an event as the database has it; err is why that cannot be read.
type stored struct {
	id                 event.ID
	entry, disclosures ledger.Packed
	err                error
}

func (e *stored) fields() []any {
	return []any{&e.id, unpacked{&e.entry, &e.err}, unpacked{&e.disclosures, &e.err}}
}

// unpacked is a place for bytes that somebody may have changed: one event that cannot be unpacked
// does not keep the others from being read.
type unpacked struct {
	to  *ledger.Packed
	err *error
}

// Scan implements sql.Scanner.
func (u unpacked) Scan(src any) error {
	if err := u.to.Scan(src); err != nil {
		*u.err = err
	}
	return nil
}

// redacted is the type of what says that something was erased, as it is stored.
var redacted = event.AuditRedacted{}.Type().Code()

// selectAbout gives the next events about a user, in the order of their ids: those that name the
// user, and those that the user did, each by an index of its own. What says that something was
// erased has nothing personal about the user and stays whole, refusals too.
const selectAbout = `
	SELECT id
	FROM (
		SELECT id
		FROM events
		WHERE project_id = $1 AND user_id = $2 AND id > $4 AND type <> $6
		ORDER BY id
		LIMIT $5) AS about
	UNION
	SELECT id
	FROM (
		SELECT id
		FROM events
		WHERE project_id = $1 AND actor_id <> '' AND actor_id = $3 AND id > $4 AND type <> $6
		ORDER BY id
		LIMIT $5) AS done
	ORDER BY id
	LIMIT $5`

func (p *pass) run(ctx context.Context) error {
	after := event.Floor(time.Unix(0, 0))
	for {
		ids, err := store.Column[event.ID](ctx, p.s.db, selectAbout, p.project, p.user, p.user.String(), after, int64(batch), redacted)
		if err != nil || len(ids) == 0 {
			return err
		}
		after = ids[len(ids)-1]
		events, err := read(ctx, p.s.db, p.project, ids, "")
		if err != nil {
			return err
		}
		var personal []event.ID
		for _, e := range events {
			if p.isPersonal(e) {
				personal = append(personal, e.id)
			}
		}
		if len(personal) > 0 {
			if err := p.erase(ctx, personal); err != nil {
				return err
			}
		}
	}
}

// read reads events in the order of their ids; lock is what the SELECT ends with.
func read(ctx context.Context, q store.Querier, project string, ids []event.ID, lock string) ([]stored, error) {
	list, args := in(ids, project)
	return store.Collect(ctx, q, (*stored).fields, `
		SELECT id, entry, disclosures
		FROM events
		WHERE project_id = $1 AND id IN (`+list+`)
		ORDER BY id`+lock, args...)
}

// isPersonal reports whether an event is about the user and has something to lose.
func (p *pass) isPersonal(e stored) bool {
	err := e.err
	var d event.Derived
	if err == nil {
		d, err = event.Derive(e.entry, e.disclosures)
	}
	if err == nil && !isOf(d, p.user) {
		return false // an actor of another sort who has that id; its events are about others
	}
	p.seen++
	var lost []string
	if err == nil {
		_, lost, err = event.Redact(e.disclosures, theirs(d, p.user))
	}
	if err != nil {
		p.unreadable = append(p.unreadable, e.id)
	}
	return len(lost) > 0
}

// isOf reports whether an event is about a user, or was done by them.
func isOf(d event.Derived, user event.ID) bool {
	return d.User == user || d.ActorType == event.EndUser && d.ActorID == user.String()
}

// theirs says which personal parts of an event are about a user. Where an administrator, or another
// user, acted, the context is about them: from where they did it is what the log is for, and nothing
// that the user can ask to be erased.
func theirs(d event.Derived, user event.ID) event.Parts {
	parts := event.Parts{Payload: d.User == user || d.User.IsZero()}
	switch d.ActorType {
	case event.EndUser:
		parts.Context = d.ActorID == user.String() || event.IsCodeActor(d.ActorID)
	case event.System:
		parts.Context = true // a request of somebody who had proven nothing, such as for a code
	}
	return parts
}

// erase takes from a batch of events, in one transaction, what is personal in them.
func (p *pass) erase(ctx context.Context, ids []event.ID) error {
	var erased []Erased
	var recorded event.ID
	early := 0
	_, err := store.Record(ctx, p.s.db, p.by, event.AboutUser(p.project, p.user),
		func(ctx context.Context, tx *store.Tx) (event.AuditRedacted, error) {
			erased, recorded, early = nil, tx.EventID(), 0
			fact := event.AuditRedacted{UserID: p.user, Reason: p.reason}
			positions, err := derived(ctx, tx, p.project, ids)
			if err != nil {
				return fact, err
			}
			events, err := read(ctx, tx, p.project, ids, tx.ForUpdate())
			if err != nil {
				return fact, err
			}
			gone := references{}
			for _, e := range events {
				position, ok := positions[e.id]
				if !ok {
					early++
					continue
				}
				kept, lost, err := p.redact(e)
				if err != nil || len(lost) == 0 {
					continue // somebody else was faster
				}
				if err := gone.add(p.s.db, p.project, e, kept); err != nil {
					return fact, err
				}
				_, err = tx.Exec(ctx, `UPDATE events SET disclosures = $1 WHERE project_id = $2 AND id = $3`, ledger.Packed(kept), p.project, e.id)
				if err != nil {
					return fact, err
				}
				erased = append(erased, Erased{e.id, position, lost})
				fact.Events = append(fact.Events, event.RedactedEvent{ID: e.id, Fields: lost})
			}
			if len(erased) == 0 {
				return fact, store.ErrNoChange
			}
			return fact, gone.remove(ctx, tx)
		})
	p.early += early
	if errors.Is(err, store.ErrNoChange) {
		return nil
	}
	if err == nil {
		p.erased, p.recorded = append(p.erased, erased...), append(p.recorded, recorded)
	}
	return err
}

// redact takes from one event what is the user's.
func (p *pass) redact(e stored) (kept []byte, lost []string, err error) {
	if e.err != nil {
		return nil, nil, e.err
	}
	d, err := event.Derive(e.entry, e.disclosures)
	if err != nil {
		return nil, nil, err
	}
	return event.Redact(e.disclosures, theirs(d, p.user))
}

type placed struct {
	id       event.ID
	position int64
}

// derived returns the positions of those events that are derived.
func derived(ctx context.Context, tx *store.Tx, project string, ids []event.ID) (map[event.ID]int64, error) {
	list, args := in(ids, project)
	rows, err := store.Collect(ctx, tx, func(r *placed) []any { return []any{&r.id, &r.position} }, `
		SELECT l.id, l.position
		FROM leaves l
		JOIN logs g ON g.project_id = l.project_id AND NOT g.closed
		WHERE l.project_id = $1 AND l.id IN (`+list+`) AND l.position < g.derived`, args...)
	positions := make(map[event.ID]int64, len(rows))
	for _, r := range rows {
		positions[r.id] = r.position
	}
	return positions, err
}

// in is store.InList over ids that are padded: the last is repeated until there are as many as
// a power of two, so that there are few texts of SQL to prepare.
func in(ids []event.ID, first ...any) (list string, args []any) {
	size := 1
	for size < len(ids) {
		size *= 2
	}
	padded := append(make([]event.ID, 0, size), ids...)
	for len(padded) < size {
		padded = append(padded, ids[len(ids)-1])
	}
	return store.InList(padded, first...)
}
