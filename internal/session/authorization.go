package session

import (
	"context"
	"strings"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/store"
)

// Authorization is a user's consent to what a third party's client may do (RFC 6749, section 1.3).
type Authorization struct {
	Project   string
	ID        event.ID
	UserID    event.ID
	ClientID  string
	Scopes    []string
	CreatedAt time.Time
	UpdatedAt time.Time
}

const authorizationColumns = `project_id, id, user_id, client_id, scopes, created_at, updated_at`

func (a *Authorization) fields() []any {
	return []any{&a.Project, &a.ID, &a.UserID, &a.ClientID, words{&a.Scopes}, store.Time(&a.CreatedAt), store.Time(&a.UpdatedAt)}
}

// Object is the snapshot that goes into events.
func (a Authorization) Object() event.AuthorizationObject {
	return event.AuthorizationObject{ID: a.ID, CreatedAt: a.CreatedAt, UpdatedAt: a.UpdatedAt, ClientID: a.ClientID, Scopes: a.Scopes}
}

// Grant stores a consent; one that the user gave the client before is replaced.
func (a Authorization) Grant(ctx context.Context, tx *store.Tx) (Authorization, error) {
	_, err := tx.Exec(ctx, `
		INSERT INTO authorizations (`+authorizationColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (project_id, user_id, client_id) DO UPDATE SET scopes = excluded.scopes, `+store.SetUpdated("authorizations", "excluded.updated_at"),
		a.Project, a.ID, a.UserID, a.ClientID, strings.Join(a.Scopes, " "), store.Micros(a.CreatedAt), store.Micros(a.UpdatedAt))
	if err != nil {
		return a, err
	}
	stored, _, err := store.One(ctx, tx, (*Authorization).fields, `
		SELECT `+authorizationColumns+`
		FROM authorizations
		WHERE project_id = $1 AND user_id = $2 AND client_id = $3`, a.Project, a.UserID, a.ClientID)
	return stored, err
}

// FindAuthorization returns an authorization, and whether it is there.
func FindAuthorization(ctx context.Context, q store.Querier, project string, id event.ID) (Authorization, bool, error) {
	return store.One(ctx, q, (*Authorization).fields, `
		SELECT `+authorizationColumns+` FROM authorizations WHERE project_id = $1 AND id = $2`, project, id)
}

// Withdraw removes an authorization with the sessions and tokens made under it.
func (a Authorization) Withdraw(ctx context.Context, tx *store.Tx) error {
	_, err := tx.Exec(ctx, `DELETE FROM sessions WHERE project_id = $1 AND authorization_id = $2`, a.Project, a.ID)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `DELETE FROM authorizations WHERE project_id = $1 AND id = $2`, a.Project, a.ID)
	return err
}

// WithdrawAll removes the authorizations of a user; their sessions have ended before.
func WithdrawAll(ctx context.Context, tx *store.Tx, project string, user event.ID) error {
	_, err := tx.Exec(ctx, `DELETE FROM authorizations WHERE project_id = $1 AND user_id = $2`, project, user)
	return err
}

// AuthorizationsOf returns the authorizations of users, oldest first, in one statement.
func (s *Service) AuthorizationsOf(ctx context.Context, project string, users []event.ID) (_ map[event.ID][]Authorization, err error) {
	defer fault.Wrap(&err, "session.AuthorizationsOf(%q)", project)
	of := map[event.ID][]Authorization{}
	if len(users) == 0 {
		return of, nil
	}
	list, args := store.InList(users, project)
	all, err := store.Collect(ctx, s.db, (*Authorization).fields, `
		SELECT `+authorizationColumns+`
		FROM authorizations
		WHERE project_id = $1 AND user_id IN (`+list+`)
		ORDER BY user_id, created_at, id`, args...)
	for _, a := range all {
		of[a.UserID] = append(of[a.UserID], a)
	}
	return of, err
}

// AuthorizationsByIDs returns those of the authorizations that there are.
func (s *Service) AuthorizationsByIDs(ctx context.Context, project string, ids []event.ID) (_ []Authorization, err error) {
	defer fault.Wrap(&err, "session.AuthorizationsByIDs(%q)", project)
	if len(ids) == 0 {
		return []Authorization{}, nil
	}
	list, args := store.InList(ids, project)
	return store.Collect(ctx, s.db, (*Authorization).fields, `
		SELECT `+authorizationColumns+` FROM authorizations WHERE project_id = $1 AND id IN (`+list+`)`, args...)
}
