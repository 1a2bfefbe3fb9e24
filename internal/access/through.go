package access

import (
	"context"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
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
	limit := p.Config.AdminAPI
	if !s.calls.Allow(session.Account.ID.String(), limit.RequestsPerSecond, limit.Burst, s.db.Now()) {
		return Caller{}, store.Refuse[event.AccessDenied](ctx, s.db, by, event.About(projectID, "surface", "admin_api"),
			fault.New(fault.Exhausted, "RateLimited", "Too many requests by this caller."))
	}
	return Caller{Project: p, By: by}, nil
}
