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
	"strings"
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

	// The limits, each with a memory of its own, so that flooding one forgets nothing of another.
	fromAddress *limits // passwords tried, by where they come from
	forAccount  *limits // passwords tried, by account and where they come from
	inSession   *limits // passwords confirmed, by session
	calls       *limits // of the Admin API, by key
}

// New returns the service.
func New(db *store.DB, projects *project.Service, passwords *vault.Passwords, refusals *Refusals, log *slog.Logger) *Service {
	return &Service{
		db: db, projects: projects, passwords: passwords, refusals: refusals, log: log,
		fromAddress: newLimits(), forAccount: newLimits(), inSession: newLimits(), calls: newLimits(),
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
	limiter, known := l.byKey.Get(key)
	if !known {
		limiter = rate.NewLimiter(rate.Limit(perSecond), burst)
		if old, raced, _ := l.byKey.PeekOrAdd(key, limiter); raced {
			limiter = old
		}
	}
	if limiter.Limit() != rate.Limit(perSecond) || limiter.Burst() != burst {
		limiter.SetLimitAt(now, rate.Limit(perSecond))
		limiter.SetBurstAt(now, burst)
	}
	return limiter.AllowN(now, 1)
}

// Authorize returns the account's role in a project if that role may do p. It records
// access.denied when not: in the project's log, or, when the account has no part in the
// project, in the Portal's.
//
// Errors: ProjectNotFound (no such project, or the account has no role in it), RoleTooLow.
// The Portal's own project is read by operators, who are viewers there.
func (s *Service) Authorize(ctx context.Context, session Session, req event.Request, projectID string, p Permission) (_ Role, err error) {
	defer fault.Wrap(&err, "access.Authorize(%q, %s)", projectID, p)
	role, err := s.role(ctx, session, projectID)
	if err != nil || role.May(p) {
		return role, err
	}
	if role != None {
		return None, store.Refuse[event.AccessDenied](ctx, s.db, session.By(req), event.About(projectID, "permission", string(p)),
			fault.New(fault.Denied, "RoleTooLow", "Your role in this project does not allow that."))
	}
	// Whether the project exists is nobody else's business, and who has no part in it writes
	// nothing into its log.
	_ = store.Refuse[event.AccessDenied](ctx, s.db, session.By(req), event.About(event.PortalProject, "project", clip(projectID)),
		fault.New(fault.Denied, "ProjectNotFound", "There is no such project."))
	return None, fault.New(fault.NotFound, "ProjectNotFound", "There is no such project.")
}

// clip cuts what somebody sent as an id to what an id can be.
func clip(id string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(id[:min(len(id), 64)], "\x00", "\ufffd"), "\ufffd")
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
