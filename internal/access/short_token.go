package access

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

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
// Errors: ProjectNotFound, RoleTooLow, SessionRequired.
func (s *Service) MintToken(ctx context.Context, session Session, req event.Request, projectID, usage string) (_ string, _ time.Time, err error) {
	defer fault.Wrap(&err, "access.MintToken(%q)", projectID)
	if _, err := s.Authorize(ctx, session, req, projectID, Act); err != nil {
		return "", time.Time{}, err
	}
	if !session.TokenID.IsZero() {
		return "", time.Time{}, store.Refuse[event.ProjectAdminAPITokenCreated](ctx, s.db, session.By(req), event.InProject(projectID), errSessionRequired())
	}
	now, jti := s.db.Now(), event.ID(uuid.New())
	id := rowOf(jti)
	expiresAt := now.Add(ShortLifetime).Truncate(time.Second)
	claims, err := json.Marshal(shortClaims{
		Audience: []string{projectID}, IssuedAt: now.Unix(), ExpiresAt: expiresAt.Unix(), ID: jti.String(),
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
type shortToken struct {
	account, session event.ID
	expiresAt        time.Time
}

func (t *shortToken) fields() []any { return []any{&t.account, &t.session, store.Time(&t.expiresAt)} }

// rowOf returns the id by which a token is kept and named in the log. A token's own id does
// not follow from it: who holds a key and reads the log can put no account's name on what
// they do.
func rowOf(jti event.ID) event.ID {
	return event.ID(uuid.NewHash(sha256.New(), uuid.Nil, jti[:], 8)) // RFC 9562, section 5.8
}

// accountOf returns the session for which the Portal made a token of an id, and whether it
// made one: the ids in other tokens are their makers' business. With an error too, the
// session says whose token it is.
//
// Errors: TokenExpired; TokenRevoked (the session has ended, or the account may not act any more).
func (s *Service) accountOf(ctx context.Context, projectID, jti string) (_ Session, ours bool, _ error) {
	id, err := event.ParseID(jti)
	if err != nil {
		return Session{}, false, nil
	}
	row, ok, err := store.One(ctx, s.db, (*shortToken).fields, `
		SELECT account_id, session_id, expires_at
		FROM admin_api_tokens
		WHERE project_id = $1 AND id = $2`, projectID, rowOf(id))
	if err != nil || !ok {
		return Session{}, false, err
	}
	account, _, err := store.One(ctx, s.db, (*Account).fields, `SELECT `+accountColumns+` FROM accounts a WHERE a.id = $1`, row.account)
	if err != nil {
		return Session{}, true, err
	}
	account.ID = row.account
	session, now := Session{ID: row.session, Account: account}, s.db.Now()
	if !now.Before(row.expiresAt) { // without leeway: the time is our own
		return session, true, errToken(fault.Denied, "TokenExpired")
	}
	living, err := store.Column[event.ID](ctx, s.db, `
		SELECT id
		FROM account_sessions
		WHERE id = $1 AND account_id = $2 AND expires_at > $3 AND last_seen_at > $4`,
		row.session, row.account, store.Micros(now), store.Micros(now.Add(-IdleLimit)))
	if err != nil {
		return session, true, err
	}
	role, err := s.role(ctx, session, projectID)
	if err != nil {
		return session, true, err
	}
	if len(living) == 0 || !role.May(Act) {
		return session, true, errToken(fault.Denied, "TokenRevoked")
	}
	return session, true, nil
}

// SweepTokens removes the rows of tokens that expired so long ago that, by whichever clock,
// they are refused without their row too; before that a token would pass for the key's.
func SweepTokens(ctx context.Context, db *store.DB, now time.Time) (err error) {
	defer fault.Wrap(&err, "access.SweepTokens")
	return store.Bookkeep(ctx, db, func(ctx context.Context, book *store.Book) error {
		_, err := book.Exec(ctx, `DELETE FROM admin_api_tokens WHERE expires_at < $1`, store.Micros(now.Add(-TokenLifetime)))
		return err
	})
}
