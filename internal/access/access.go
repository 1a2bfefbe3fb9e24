// Package access answers two questions: who is calling, and what may they do.
//
// It is the only package that makes an event.By of a caller, once for each request or
// command, and only from what it has verified: an Admin API key's signature, a Portal
// session, or that a command runs on the server's machine. Who has not proven who they are
// writes no event of their own; they are counted in Refusals.
//
// Start reading at token.go (programs) and session.go (people).
package access

import (
	"context"
	"log/slog"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/limit"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/vault"
)

// Service knows accounts, sessions and tokens.
type Service struct {
	db        *store.DB
	projects  *project.Service
	passwords *vault.Passwords
	refusals  *Refusals
	log       *slog.Logger

	// The limits, each with a memory of its own, so that flooding one forgets nothing of another.
	fromAddress *limit.Keyed // passwords tried, by where they come from
	forAccount  *limit.Keyed // passwords tried, by account and where they come from
	inSession   *limit.Keyed // passwords confirmed, by session
	calls       *limit.Keyed // of the Admin API, by key
	links       *limit.Keyed // wrong links shown, by where they come from

	standings *standings
}

// New returns the service.
func New(db *store.DB, projects *project.Service, passwords *vault.Passwords, refusals *Refusals, log *slog.Logger) *Service {
	return &Service{
		db: db, projects: projects, passwords: passwords, refusals: refusals, log: log,
		fromAddress: limit.New(), forAccount: limit.New(), inSession: limit.New(), calls: limit.New(), links: limit.New(),
		standings: newStandings(),
	}
}

// ByOperator is the actor of a command run on the server's machine; who can do that has the
// database in hand anyway.
func ByOperator(command string) event.By {
	return event.By{
		Actor:   event.Actor{Type: event.Operator, ID: "operator", Name: "operator (" + command + ")"},
		Surface: event.ViaSystem,
		Request: event.Request{ID: event.NewID().String()},
	}
}

// Authorize returns the account's role in a project if that role may do p. It records
// access.denied when not: in the project's log, or, when the account has no part in the
// project, in the Portal's.
//
// Errors: ProjectNotFound (no such project, or the account has no role in it), RoleTooLow,
// ScopeTooNarrow (of a personal access token).
// The Portal's own project is read by operators, who are viewers there.
func (s *Service) Authorize(ctx context.Context, session Session, req event.Request, projectID string, p Permission) (_ Role, err error) {
	defer fault.Wrap(&err, "access.Authorize(%q, %s)", projectID, p)
	role, err := s.role(ctx, session, projectID)
	if err != nil {
		return role, err
	}
	if role.May(p) && session.Scope.allows(p) {
		return role, nil
	}
	if role.May(p) {
		return None, store.Refuse[event.AccessDenied](ctx, s.db, session.By(req), event.About(projectID, "permission", string(p)),
			fault.New(fault.Denied, "ScopeTooNarrow", "The scope of this access token does not allow that."))
	}
	if role != None {
		return None, store.Refuse[event.AccessDenied](ctx, s.db, session.By(req), event.About(projectID, "permission", string(p)),
			fault.New(fault.Denied, "RoleTooLow", "Your role in this project does not allow that."))
	}
	// Whether the project exists is nobody else's business, and who has no part in it writes
	// nothing into its log.
	_ = store.Refuse[event.AccessDenied](ctx, s.db, session.By(req), event.About(event.PortalProject, "project", projectID),
		fault.New(fault.Denied, "ProjectNotFound", "There is no such project."))
	return None, fault.New(fault.NotFound, "ProjectNotFound", "There is no such project.")
}

func (s *Service) role(ctx context.Context, session Session, projectID string) (Role, error) {
	if projectID == event.PortalProject {
		if session.Account.IsOperator {
			return Viewer, nil
		}
		return None, nil
	}
	if project.CheckID(projectID) != nil {
		return None, nil
	}
	role, err := s.projects.Role(ctx, projectID, session.Account.ID)
	return Role(role), err
}
