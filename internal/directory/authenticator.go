package directory

import (
	"cmp"
	"context"
	"encoding/json"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/store"
)

// Authenticator is how a user proves who they are.
type Authenticator struct {
	Project   string
	ID        event.ID
	UserID    event.ID
	CreatedAt time.Time
	UpdatedAt time.Time
	// Type is password, totp, oob_otp_email, oob_otp_sms or passkey; Kind is primary or secondary.
	Type      string
	Kind      string
	IsDefault bool
	// Target is the address of one that is reached there; "" for a password.
	Target string
	// ExpireAfter is from when on a password must be changed at the next sign-in.
	ExpireAfter *time.Time

	// Claims is what it says of itself, without a secret: a JSON object.
	Claims json.RawMessage

	secret string // PHC string of a password
	sealed []byte // seed of TOTP, encrypted
}

const authenticatorColumns = `project_id, id, user_id, created_at, updated_at, type, kind, is_default, secret, target, expire_after, claims, sealed`

func (a *Authenticator) fields() []any {
	return []any{
		&a.Project, &a.ID, &a.UserID, store.Time(&a.CreatedAt), store.Time(&a.UpdatedAt), &a.Type, &a.Kind, &a.IsDefault,
		&a.secret, &a.Target, store.TimeOrNull(&a.ExpireAfter), textOf(&a.Claims), &a.sealed,
	}
}

// Object is the snapshot that goes into events.
func (a Authenticator) Object() event.AuthenticatorObject {
	return event.AuthenticatorObject{
		ID: a.ID, CreatedAt: a.CreatedAt, UpdatedAt: a.UpdatedAt, UserID: a.UserID, Type: a.Type, IsDefault: a.IsDefault, Kind: a.Kind,
	}
}

// newPassword is a fresh primary password of a user; hash was made before the transaction.
func newPassword(tx *store.Tx, u User, hash string, expired bool) Authenticator {
	a := Authenticator{
		Project: u.Project, ID: tx.NewID(), UserID: u.ID, CreatedAt: tx.Now(), UpdatedAt: tx.Now(),
		Type: "password", Kind: "primary", IsDefault: true, secret: hash,
	}
	a.expire(tx.Now(), expired)
	return a
}

func (a *Authenticator) expire(now time.Time, expired bool) {
	a.ExpireAfter = nil
	if expired {
		a.ExpireAfter = &now
	}
}

func insertAuthenticator(ctx context.Context, tx *store.Tx, a Authenticator) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO authenticators (`+authenticatorColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		a.Project, a.ID, a.UserID, store.Micros(a.CreatedAt), store.Micros(a.UpdatedAt), a.Type, a.Kind, a.IsDefault,
		a.secret, a.Target, store.MicrosOrNull(a.ExpireAfter), cmp.Or(string(a.Claims), `{}`), a.sealed)
	return err
}

// AuthenticatorsOf returns the authenticators of users, oldest first, in one statement. A
// user without any has no entry.
func (s *Service) AuthenticatorsOf(ctx context.Context, project string, ids []event.ID) (_ map[event.ID][]Authenticator, err error) {
	defer fault.Wrap(&err, "directory.AuthenticatorsOf(%q)", project)
	of := map[event.ID][]Authenticator{}
	if len(ids) == 0 {
		return of, nil
	}
	list, args := store.InList(ids, project)
	all, err := store.Collect(ctx, s.db, (*Authenticator).fields, `
		SELECT `+authenticatorColumns+`
		FROM authenticators
		WHERE project_id = $1 AND user_id IN (`+list+`)
		ORDER BY user_id, created_at, id`, args...)
	for _, a := range all {
		of[a.UserID] = append(of[a.UserID], a)
	}
	return of, err
}

// Authenticators returns those of the authenticators that there are, by their own ids.
func (s *Service) Authenticators(ctx context.Context, project string, ids []event.ID) (_ []Authenticator, err error) {
	defer fault.Wrap(&err, "directory.Authenticators(%q)", project)
	if len(ids) == 0 {
		return []Authenticator{}, nil
	}
	list, args := store.InList(ids, project)
	return store.Collect(ctx, s.db, (*Authenticator).fields, `
		SELECT `+authenticatorColumns+`
		FROM authenticators
		WHERE project_id = $1 AND id IN (`+list+`)`, args...)
}

// passwordsOf returns a user's primary passwords.
func passwordsOf(ctx context.Context, q store.Querier, project string, user event.ID) ([]Authenticator, error) {
	return store.Collect(ctx, q, (*Authenticator).fields, `
		SELECT `+authenticatorColumns+`
		FROM authenticators
		WHERE project_id = $1 AND user_id = $2 AND type = 'password' AND kind = 'primary'
		ORDER BY created_at, id`, project, user)
}
