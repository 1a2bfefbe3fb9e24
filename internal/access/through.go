package access

import (
	"context"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/store"
)

// Through is the caller of a project's Admin API that an account is which may act in it: by
// its session or token of the Portal, without a token of the Admin API.
//
// Errors: ProjectNotFound, RoleTooLow, ScopeTooNarrow, RateLimited.
func (s *Service) Through(ctx context.Context, session Session, req event.Request, projectID string) (_ Caller, err error) {
	defer fault.Wrap(&err, "access.Through(%q)", projectID)
	if _, err := s.Authorize(ctx, session, req, projectID, Act); err != nil {
		return Caller{}, err
	}
	p, err := s.projects.Get(ctx, projectID)
	if err != nil {
		return Caller{}, err
	}
	by := session.By(req)
	by.Surface = event.ViaAdminAPI
	if err := s.spend(p, session.Account.ID.String()); err != nil {
		return Caller{}, store.Refuse[event.AccessDenied](ctx, s.db, by, event.About(projectID, "surface", "admin_api"), err)
	}
	return Caller{Project: p, By: by}, nil
}

// spend takes a call of the Admin API from what its caller may have, as the project says, and from
// what all callers of the project may have together, as the operator says.
func (s *Service) spend(p project.Project, caller string) error {
	own, now := p.Config.AdminAPI, s.db.Now()
	if !s.calls.Allow(caller, own.RequestsPerSecond, own.Burst, now) {
		return fault.New(fault.Exhausted, "RateLimited", "Too many requests by this caller.")
	}
	if rate, bounded := s.projects.Calls(p); bounded {
		return s.calls.Take("project\x00"+p.ID, rate, now)
	}
	return nil
}
