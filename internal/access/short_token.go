package access

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/store"
)

// ShortLifetime is how long a token lives that the Portal makes for an account.
const ShortLifetime = 5 * time.Minute

// shortClaims are a short-lived token's (RFC 7519, section 4.1).
type shortClaims struct {
	Audience     []string     `json:"aud"`
	IssuedAt     int64        `json:"iat"`
	ExpiresAt    int64        `json:"exp"`
	ID           string       `json:"jti"`
	AuditContext shortContext `json:"audit_context"`
}

type shortContext struct {
	Usage       string `json:"usage"`
	ActorUserID string `json:"actor_user_id"`
}

// MintToken makes a short-lived Admin API token for the account of a session that may act in
// a project. What is done with it is done by that account, and it ends with the session and
// with the role. usage says what it is for: "explorer".
//
// Errors: ProjectNotFound, RoleTooLow.
func (s *Service) MintToken(ctx context.Context, session Session, req event.Request, projectID, usage string) (_ string, _ time.Time, err error) {
	defer fault.Wrap(&err, "access.MintToken(%q)", projectID)
	if _, err := s.Authorize(ctx, session, req, projectID, Act); err != nil {
		return "", time.Time{}, err
	}
	now, id := s.db.Now(), event.NewID()
	expiresAt := now.Add(ShortLifetime).Truncate(time.Second)
	claims, err := json.Marshal(shortClaims{
		Audience: []string{projectID}, IssuedAt: now.Unix(), ExpiresAt: expiresAt.Unix(), ID: id.String(),
		AuditContext: shortContext{usage, session.Account.ID.String()},
	})
	if err != nil {
		return "", time.Time{}, fmt.Errorf("access: %w", err)
	}
	token, err := s.projects.SignToken(ctx, projectID, claims)
	if err != nil {
		return "", time.Time{}, err
	}
	about := event.About(projectID, "admin_api_token", id.String())
	_, err = store.Record(ctx, s.db, session.By(req), about,
		func(ctx context.Context, tx *store.Tx) (event.ProjectAdminAPITokenCreated, error) {
			_, err := tx.Exec(ctx, `
				INSERT INTO admin_api_tokens (project_id, id, account_id, session_id, created_at, expires_at)
				VALUES ($1, $2, $3, $4, $5, $6)`,
				projectID, id, session.Account.ID, session.ID, store.Micros(tx.Now()), store.Micros(expiresAt))
			return event.ProjectAdminAPITokenCreated{TokenID: id, Usage: usage, ExpiresAt: expiresAt}, err
		})
	if err != nil {
		return "", time.Time{}, err
	}
	return token, expiresAt, nil
}

// shortToken is a row of the tokens that the Portal made.
type shortToken struct{ account, session event.ID }

func (t *shortToken) fields() []any { return []any{&t.account, &t.session} }

// accountOf returns the session for which the Portal made a token of an id, and whether it
// made one: the ids in other tokens are their makers' business.
//
// Errors: TokenRevoked (the session has ended, or the account may not act any more).
func (s *Service) accountOf(ctx context.Context, projectID, jti string) (Session, bool, error) {
	id, err := event.ParseID(jti)
	if err != nil {
		return Session{}, false, nil
	}
	row, ok, err := store.One(ctx, s.db, (*shortToken).fields, `
		SELECT account_id, session_id FROM admin_api_tokens WHERE project_id = $1 AND id = $2`, projectID, id)
	if err != nil || !ok {
		return Session{}, false, err
	}
	session, ok, err := store.One(ctx, s.db, (*Session).fields, `
		SELECT `+sessionColumns+`
		FROM account_sessions AS s
		JOIN accounts AS a ON a.id = s.account_id
		WHERE s.id = $1 AND s.account_id = $2`, row.session, row.account)
	if err != nil {
		return Session{}, true, err
	}
	role := None
	if now := s.db.Now(); ok && now.Before(session.ExpiresAt) && now.Sub(session.LastSeenAt) < IdleLimit {
		if role, err = s.role(ctx, session, projectID); err != nil {
			return Session{}, true, err
		}
	}
	if !role.May(Act) {
		return Session{}, true, errToken(fault.Denied, "TokenRevoked")
	}
	return session, true, nil
}

// SweepTokens removes the rows of tokens that have expired.
func SweepTokens(ctx context.Context, db *store.DB, now time.Time) (err error) {
	defer fault.Wrap(&err, "access.SweepTokens")
	return store.Bookkeep(ctx, db, func(ctx context.Context, book *store.Book) error {
		_, err := book.Exec(ctx, `DELETE FROM admin_api_tokens WHERE expires_at < $1`, store.Micros(now.Add(-time.Hour)))
		return err
	})
}
