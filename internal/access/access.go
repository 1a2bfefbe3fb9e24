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
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
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

	tries *limits // of passwords, by address and by account
	calls *limits // of the Admin API, by key
}

// New returns the service.
func New(db *store.DB, projects *project.Service, passwords *vault.Passwords, refusals *Refusals, log *slog.Logger) *Service {
	return &Service{
		db: db, projects: projects, passwords: passwords, refusals: refusals, log: log,
		tries: newLimits(), calls: newLimits(),
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

// limits is a rate limit for each of many keys, the latest of which are remembered.
type limits struct {
	byKey *lru.Cache[string, *rate.Limiter]
}

const limitedKeys = 10_000

func newLimits() *limits {
	c, err := lru.New[string, *rate.Limiter](limitedKeys)
	if err != nil {
		panic(err) // only for a size below one
	}
	return &limits{c}
}

func (l *limits) allow(key string, perSecond float64, burst int, now time.Time) bool {
	limiter := rate.NewLimiter(rate.Limit(perSecond), burst)
	if old, ok, _ := l.byKey.PeekOrAdd(key, limiter); ok {
		limiter = old
	}
	if limiter.Limit() != rate.Limit(perSecond) || limiter.Burst() != burst {
		limiter.SetLimitAt(now, rate.Limit(perSecond))
		limiter.SetBurstAt(now, burst)
	}
	return limiter.AllowN(now, 1)
}

// Authorize returns the account's role in a project if that role may do p. It records
// access.denied in the project's log when not.
//
// Errors: ProjectNotFound (no such project, or the account has no role in it), RoleTooLow.
// The Portal's own project is read by operators, who are viewers there.
func (s *Service) Authorize(ctx context.Context, session Session, req event.Request, projectID string, p Permission) (_ Role, err error) {
	defer fault.Wrap(&err, "access.Authorize(%q, %s)", projectID, p)
	role, err := s.role(ctx, session, projectID)
	if err != nil || role.May(p) {
		return role, err
	}
	refusal := fault.New(fault.Denied, "RoleTooLow", "Your role in this project does not allow that.")
	if role == None {
		// Whether the project exists is nobody else's business.
		refusal = fault.New(fault.NotFound, "ProjectNotFound", "There is no such project.")
	}
	denied := fault.New(fault.Denied, refusal.Code, "%s", refusal.Message)
	about := event.About(projectID, "permission", string(p))
	if err := store.Refuse[event.AccessDenied](ctx, s.db, session.By(req), about, denied); err != nil && refusal.Kind == fault.Denied {
		return None, err
	}
	return None, refusal
}

func (s *Service) role(ctx context.Context, session Session, projectID string) (Role, error) {
	if projectID == event.PortalProject {
		if session.Account.IsOperator {
			return Viewer, nil
		}
		return None, nil
	}
	role, err := s.projects.Role(ctx, projectID, session.Account.ID)
	return Role(role), err
}
