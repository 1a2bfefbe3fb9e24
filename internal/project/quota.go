package project

import (
	"context"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/limit"
	"github.com/sealog/sealog/internal/store"
)

// Ceilings are what the operator sets above what projects and accounts set for themselves; 0 is
// none. A plan can have its own for its projects.
type Ceilings struct {
	EventsOfDay, BytesOfDay int64
	// CallsPerSecond is of the Admin API, for all keys of a project together.
	CallsPerSecond int64
	// ProjectsOwned is of an account.
	ProjectsOwned int64
}

// over is a plan's ceiling, or the operator's when the plan has none of its own.
func over(ofPlan *int64, operators int64) int64 {
	switch {
	case ofPlan == nil:
		return operators
	case *ofPlan == Unlimited:
		return 0
	default:
		return *ofPlan
	}
}

// Quota is how much a project may record on a day. Of a project that does not exist it is that of
// the first plan.
func (s *Service) Quota(ctx context.Context, project string) (_ store.Quota, err error) {
	defer fault.Wrap(&err, "project.Quota(%q)", project)
	plan, _, err := store.One(ctx, s.db, func(name *string) []any { return []any{name} }, `
		SELECT plan FROM projects WHERE project_id = $1`, project)
	if err != nil {
		return store.Quota{}, err
	}
	p := s.Plans.applying(plan)
	return store.Quota{Events: over(p.EventsOfDay, s.Ceilings.EventsOfDay), Bytes: over(p.BytesOfDay, s.Ceilings.BytesOfDay)}, nil
}

// Calls is how often the Admin API of a project may be called; false when nothing bounds it but
// the project's own setting.
func (s *Service) Calls(p Project) (limit.Rate, bool) {
	n := over(s.Plans.applying(p.Plan.Name).CallsPerSecond, s.Ceilings.CallsPerSecond)
	rate := limit.CallsOfProject
	if n > 0 {
		rate.Every, rate.Burst = time.Second/time.Duration(n), int(2*n)
	}
	return rate, n > 0
}

// lockOwner keeps others that make a project of the same account waiting.
func lockOwner(ctx context.Context, tx *store.Tx, account event.ID) error {
	_, err := store.Column[event.ID](ctx, tx, `SELECT id FROM accounts WHERE id = $1`+tx.ForUpdate(), account)
	return err
}

// mayOwnMore returns QuotaExceeded when an account owns as many projects as it may. What the
// operator makes is not limited.
func (s *Service) mayOwnMore(ctx context.Context, q store.Querier, by event.By, account event.ID) error {
	if s.Ceilings.ProjectsOwned <= 0 || by.Actor.Type != event.Account {
		return nil
	}
	owned, err := store.Column[int64](ctx, q, `SELECT count(*) FROM collaborators WHERE account_id = $1 AND role = 'OWNER'`, account)
	if err != nil || owned[0] < s.Ceilings.ProjectsOwned {
		return err
	}
	exceeded := limit.ProjectsOwned.To(s.Ceilings.ProjectsOwned).Exceeded()
	exceeded.Message += " Leave a project, or ask the operator for a higher limit."
	return exceeded
}
