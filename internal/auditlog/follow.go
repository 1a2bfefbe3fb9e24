package auditlog

import (
	"context"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/store"
)

// Follow returns the sealed events of a project whose positions come after one, in the order
// of positions, which have no gaps. Below 0 is before the first. At most MaxPage; more is
// whether there are further ones.
//
// Events before since are jumped over, wherever they stand: positions are given in the order
// in which actions commit, which is nearly that of time and not quite. Zero gives all.
//
// Errors: InvalidQuery (a negative limit).
func (l *Reader) Follow(ctx context.Context, project string, after int64, since time.Time, limit int) (_ []Row, more bool, err error) {
	defer fault.Wrap(&err, "auditlog.Follow(%q, %d)", project, after)
	ctx, cancel := context.WithTimeout(ctx, queryDeadline)
	defer cancel()
	if limit < 0 {
		return nil, false, fault.New(fault.Malformed, "InvalidQuery", "A page cannot have a negative number of rows.")
	}
	limit = min(limit, MaxPage)
	b := following(project, after, since)
	rows, err := store.Collect(ctx, l.db, (*Row).fields, `
		SELECT `+columns+`
		FROM leaves p
		JOIN events e ON e.project_id = p.project_id AND e.id = p.id
		WHERE `+b.text()+`
		ORDER BY p.position
		LIMIT `+b.bind(int64(limit+1)), b.args...)
	if err != nil {
		return nil, false, err
	}
	return rows[:min(len(rows), limit)], len(rows) > limit, nil
}

// CountAfter returns how many events Follow would give in all.
func (l *Reader) CountAfter(ctx context.Context, project string, after int64, since time.Time) (_ int64, err error) {
	defer fault.Wrap(&err, "auditlog.CountAfter(%q, %d)", project, after)
	ctx, cancel := context.WithTimeout(ctx, queryDeadline)
	defer cancel()
	if since.IsZero() { // positions have no gaps
		e, _, err := OpenEpoch(ctx, l.db, project)
		return max(e.Size-1-max(after, -1), 0), err
	}
	b := following(project, after, since)
	n, err := store.Column[int64](ctx, l.db, `SELECT count(*) FROM leaves p WHERE `+b.text(), b.args...)
	if err != nil {
		return 0, err
	}
	return n[0], nil
}

func following(project string, after int64, since time.Time) *builder {
	b := &builder{}
	b.add("p.project_id = " + b.bind(project))
	b.add("p.position > " + b.bind(max(after, -1)))
	if !since.IsZero() {
		b.add("p.id >= " + b.bind(event.Floor(since)))
	}
	return b
}
