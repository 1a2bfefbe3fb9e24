package access

import (
	"context"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/limit"
	"github.com/sealog/sealog/internal/project"
)

// admitLink turns an address away that has shown too many wrong links; good ones are not counted.
//
// Errors: TooManyTries.
func (s *Service) admitLink(req event.Request) error {
	if now := s.db.Now(); s.links.Exhausted(limit.Neighbourhood(req.IP), limit.LinksFromAddress, now) {
		s.refusals.Count(event.PortalProject, "TooManyTries", req.IP, now)
		return limit.LinksFromAddress.Exceeded()
	}
	return nil
}

// countLink counts a link that turned out to be wrong, and returns the error.
func (s *Service) countLink(req event.Request, err error) error {
	switch f := fault.Of(err); {
	case err == nil:
	case fault.Is(err, "ResetLinkInvalid"), fault.Is(err, "SetupLinkInvalid"), fault.Is(err, "CollaboratorInvitationInvalidCode"):
		now := s.db.Now()
		_ = s.links.Take(limit.Neighbourhood(req.IP), limit.LinksFromAddress, now) // the next request is turned away
		s.refusals.Count(event.PortalProject, f.Code, req.IP, now)
	}
	return err
}

// Invitation finds the invitation of a link that anybody shows.
//
// Errors: CollaboratorInvitationInvalidCode, TooManyTries.
func (s *Service) Invitation(ctx context.Context, req event.Request, code string) (_ project.Invitation, err error) {
	defer fault.Wrap(&err, "access.Invitation")
	if err := s.admitLink(req); err != nil {
		return project.Invitation{}, err
	}
	i, err := s.projects.InvitationByCode(ctx, code)
	return i, s.countLink(req, err)
}
