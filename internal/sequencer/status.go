package sequencer

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/ledger"
	"github.com/sealog/sealog/internal/store"
)

// statusPage is how many logs are read at once.
const statusPage = 1000

// Status is how one tree of a project's log stands.
type Status struct {
	Project, Origin string
	Epoch           int64
	Events          int64     // leaves of the tree
	Signed          int64     // how many of them the newest checkpoint covers
	SignedAt        time.Time // when that was signed; zero when nothing was
	Waiting         int64     // events of the project without a position; counted for the open tree
	// State is open, ended (a later epoch has begun), halted with its cause, or, of a tree that
	// will be halted before it is signed again, what is known from outside of the database.
	State string
}

type statusRow struct {
	Status
	log      string
	start    int64
	signedAt *time.Time
	halted   sql.NullString
	closed   bool
}

func (r *statusRow) fields() []any {
	return []any{
		&r.Project, &r.log, &r.Epoch, &r.start, &r.Events, &r.Signed, &r.halted, &r.closed, store.TimeOrNull(&r.signedAt), &r.Waiting,
	}
}

const selectStatus = `
	SELECT l.project_id, p.log_id, l.epoch, l.start, l.size, l.signed_size, l.halted, l.closed,
		(SELECT c.created_at FROM checkpoints c WHERE c.project_id = l.project_id AND c.epoch = l.epoch ORDER BY c.size DESC LIMIT 1),
		(SELECT count(*) FROM events_pending q WHERE q.project_id = l.project_id AND NOT l.closed)
	FROM logs l
	JOIN projects p ON p.project_id = l.project_id`

// Status returns how a project's trees stand, oldest first; or, without a project, the trees
// that all projects' logs grow now, in the order of their names.
//
// Errors: LogNotFound (the project has no log yet).
func (s *Service) Status(ctx context.Context, project string) (_ []Status, err error) {
	defer fault.Wrap(&err, "sequencer.Status(%q)", project)
	if project != "" {
		rows, err := store.Collect(ctx, s.db, (*statusRow).fields, selectStatus+` WHERE l.project_id = $1 ORDER BY l.epoch LIMIT 10000`, project)
		if err == nil && len(rows) == 0 {
			err = fault.New(fault.NotFound, "LogNotFound", "The project has no log yet.")
		}
		if err != nil {
			return nil, err
		}
		return s.states(ctx, rows)
	}
	var all []Status
	for after := ""; ; after = all[len(all)-1].Project {
		rows, err := store.Collect(ctx, s.db, (*statusRow).fields,
			selectStatus+` WHERE l.project_id > $1 AND NOT l.closed ORDER BY l.project_id LIMIT $2`, after, int64(statusPage))
		if err != nil {
			return nil, err
		}
		states, err := s.states(ctx, rows)
		if err != nil {
			return nil, err
		}
		all = append(all, states...)
		if len(rows) < statusPage {
			return all, nil
		}
	}
}

func (s *Service) states(ctx context.Context, rows []statusRow) ([]Status, error) {
	all := make([]Status, 0, len(rows))
	for _, r := range rows {
		r.Origin = ledger.Origin(r.log, r.Epoch)
		r.Events, r.Signed = r.Events-r.start, r.Signed-r.start
		if r.signedAt != nil {
			r.SignedAt = *r.signedAt
		}
		var err error
		if r.State, err = s.state(ctx, r); err != nil {
			return nil, err
		}
		all = append(all, r.Status)
	}
	return all, nil
}

func (s *Service) state(ctx context.Context, r statusRow) (string, error) {
	switch {
	case r.closed:
		return "ended", nil
	case r.halted.Valid:
		return "halted: " + r.halted.String, nil
	}
	m, err := s.mark(r.log)
	if err != nil {
		return "its mark cannot be read", nil //nolint:nilerr // that is the answer
	}
	if m.epoch > r.Epoch || m.epoch == r.Epoch && m.Size > r.Events {
		// The row is older than the mark; what was signed meanwhile is in the database by now.
		now, _, err := auditlog.OpenEpoch(ctx, s.db, r.Project)
		switch {
		case err != nil:
			return "", err
		case m.epoch > now.Number:
			return fmt.Sprintf("behind: epoch %d is known", m.epoch), nil
		case m.epoch == now.Number && m.Size > now.TreeSize():
			return fmt.Sprintf("behind: %d events are known", m.Size), nil
		}
	}
	return "open", nil
}

// Ownerless returns the ids of logs that were signed here, by their marks, and that the database does
// not have: those of projects made after the backup that was restored.
func (s *Service) Ownerless(ctx context.Context) ([]string, error) {
	logs, err := store.Column[string](ctx, s.db, `SELECT log_id FROM projects`)
	if err != nil {
		return nil, err
	}
	known := make(map[string]bool, len(logs))
	for _, log := range logs {
		known[log] = true
	}
	return s.marks.Ownerless(known)
}
