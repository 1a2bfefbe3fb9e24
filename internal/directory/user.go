// Package directory keeps the end users of a project: who they are (identities), how they
// prove it (authenticators), their attributes and whether they may sign in.
//
// Invariant: every change of a user is one store.Record, in which the user's row is locked
// first, so that two administrators who change one user wait for each other. Passwords are
// hashed and compared before that transaction; if the password has changed in the meantime,
// the change is refused as DataRace and nothing is done.
//
// Start reading at User, then create.go and status.go; refusals.go has the error codes.
package directory

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/vault"
	"github.com/sealog/sealog/internal/webhook"
)

// Service makes, changes and finds the users of projects.
type Service struct {
	db        *store.DB
	passwords *vault.Passwords
	links     *url.URL
	hooks     *webhook.Client
}

// New returns the service. links is the public URL, with which the links in messages begin;
// hooks asks the web hooks of projects.
func New(db *store.DB, passwords *vault.Passwords, links *url.URL, hooks *webhook.Client) *Service {
	return &Service{db, passwords, links, hooks}
}

// User is an end user of a project. Times are in UTC, to the microsecond.
type User struct {
	Project   string
	ID        event.ID
	CreatedAt time.Time
	UpdatedAt time.Time

	LastLoginAt *time.Time
	// IsDisabled is the stored flag: disabled with no end, or because of a scheduled deletion
	// or anonymization. Whether the user may sign in now is what Disabled says.
	IsDisabled               bool
	DisableReason            *string
	TemporarilyDisabledFrom  *time.Time // both or none
	TemporarilyDisabledUntil *time.Time
	AccountValidFrom         *time.Time
	AccountValidUntil        *time.Time
	// IsDeactivated is a user who asked to be deleted.
	IsDeactivated bool
	DeleteAt      *time.Time
	DeleteReason  *string
	IsAnonymized  bool
	AnonymizeAt   *time.Time
	// StandardAttributes and CustomAttributes are JSON objects as they are stored; what is
	// derived is added by ShownAttributes.
	StandardAttributes json.RawMessage
	CustomAttributes   json.RawMessage
	// MFAGracePeriodEndAt is until when the user may sign in without a second factor.
	MFAGracePeriodEndAt *time.Time
	// HasPassword is whether the user has a primary password, IsAnonymous whether the only
	// way to know the user is an anonymous identity.
	HasPassword, IsAnonymous bool
	// VerifiedClaims are addresses known to be the user's, oldest first.
	VerifiedClaims []Claim
}

const userColumns = `project_id, id, created_at, updated_at, last_login_at, is_disabled, disable_reason,
	temporarily_disabled_from, temporarily_disabled_until, account_valid_from, account_valid_until,
	is_deactivated, delete_at, delete_reason, is_anonymized, anonymize_at, standard_attributes, custom_attributes, mfa_grace_period_end_at`

// derived are the last columns of a User, which are none of the table's.
const derived = `EXISTS (
		SELECT 1 FROM authenticators a
		WHERE a.project_id = users.project_id AND a.user_id = users.id AND a.type = 'password' AND a.kind = 'primary'),
	EXISTS (
		SELECT 1 FROM identities i
		WHERE i.project_id = users.project_id AND i.user_id = users.id AND i.type = 'anonymous'),
	COALESCE((
		SELECT string_agg(v.name || '=' || v.value, ' ' ORDER BY v.created_at, v.id) FROM verified_claims v
		WHERE v.project_id = users.project_id AND v.user_id = users.id), '')`

// HeldBytes is what the user takes in memory, about.
func (u *User) HeldBytes() int { return len(u.StandardAttributes) + len(u.CustomAttributes) }

func (u *User) fields() []any {
	return []any{
		&u.Project, &u.ID, store.Time(&u.CreatedAt), store.Time(&u.UpdatedAt), store.TimeOrNull(&u.LastLoginAt),
		&u.IsDisabled, &u.DisableReason,
		store.TimeOrNull(&u.TemporarilyDisabledFrom), store.TimeOrNull(&u.TemporarilyDisabledUntil),
		store.TimeOrNull(&u.AccountValidFrom), store.TimeOrNull(&u.AccountValidUntil),
		&u.IsDeactivated, store.TimeOrNull(&u.DeleteAt), &u.DeleteReason, &u.IsAnonymized, store.TimeOrNull(&u.AnonymizeAt),
		textOf(&u.StandardAttributes), textOf(&u.CustomAttributes), store.TimeOrNull(&u.MFAGracePeriodEndAt),
		&u.HasPassword, &u.IsAnonymous, claimsOf(&u.VerifiedClaims),
	}
}

// Object is the snapshot that goes into events.
func (u User) Object(now time.Time) event.UserObject {
	return event.UserObject{
		ID: u.ID, CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt, LastLoginAt: u.LastLoginAt,
		IsDisabled: u.Disabled(now), DisableReason: u.DisableReason, IsDeactivated: u.IsDeactivated,
		DeleteAt: u.DeleteAt, DeleteReason: u.DeleteReason, IsAnonymized: u.IsAnonymized, AnonymizeAt: u.AnonymizeAt,
		TemporarilyDisabledFrom: u.TemporarilyDisabledFrom, TemporarilyDisabledTill: u.TemporarilyDisabledUntil,
		AccountValidFrom: u.AccountValidFrom, AccountValidUntil: u.AccountValidUntil, CanReauthenticate: u.HasPassword,
		IsAnonymous: u.IsAnonymous, IsVerified: len(u.VerifiedClaims) > 0, MFAGracePeriodEndAt: u.MFAGracePeriodEndAt,
		StandardAttributes: u.ShownAttributes(), CustomAttributes: u.CustomAttributes,
		Web3: json.RawMessage(`{}`), Roles: []string{}, Groups: []string{},
	}
}

// get reads a user, or UserNotFound.
func get(ctx context.Context, q store.Querier, project string, id event.ID) (User, error) {
	u, ok, err := store.One(ctx, q, (*User).fields, `
		SELECT `+userColumns+`, `+derived+`
		FROM users
		WHERE project_id = $1 AND id = $2`, project, id)
	if err == nil && !ok {
		err = errNoUser()
	}
	return u, err
}

// lock locks a user's row until the transaction ends and reads the user, or UserNotFound. It
// takes two statements: on PostgreSQL the one that waits for the lock sees, of the other
// tables, the state of before it waited.
func lock(ctx context.Context, tx *store.Tx, project string, id event.ID) (User, error) {
	_, err := store.Column[event.ID](ctx, tx, `
		SELECT id FROM users WHERE project_id = $1 AND id = $2`+tx.ForUpdate(), project, id)
	if err != nil {
		return User{}, err
	}
	return get(ctx, tx, project, id)
}

func insertUser(ctx context.Context, tx *store.Tx, u User, identities []Identity) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO users (`+userColumns+`, search)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)`,
		append(u.values(), u.search(identities))...)
	return err
}

// save writes a locked user back.
func (u User) save(ctx context.Context, tx *store.Tx, identities []Identity) error {
	_, err := tx.Exec(ctx, `
		UPDATE users
		SET created_at = $3, `+store.SetUpdated("", "$4")+`, last_login_at = $5, is_disabled = $6, disable_reason = $7,
			temporarily_disabled_from = $8, temporarily_disabled_until = $9, account_valid_from = $10, account_valid_until = $11,
			is_deactivated = $12, delete_at = $13, delete_reason = $14, is_anonymized = $15, anonymize_at = $16,
			standard_attributes = $17, custom_attributes = $18, mfa_grace_period_end_at = $19, search = $20
		WHERE project_id = $1 AND id = $2`, append(u.values(), u.search(identities))...)
	return err
}

func (u User) values() []any {
	return []any{
		u.Project, u.ID, store.Micros(u.CreatedAt), store.Micros(u.UpdatedAt), store.MicrosOrNull(u.LastLoginAt),
		u.IsDisabled, u.DisableReason,
		store.MicrosOrNull(u.TemporarilyDisabledFrom), store.MicrosOrNull(u.TemporarilyDisabledUntil),
		store.MicrosOrNull(u.AccountValidFrom), store.MicrosOrNull(u.AccountValidUntil),
		u.IsDeactivated, store.MicrosOrNull(u.DeleteAt), u.DeleteReason, u.IsAnonymized, store.MicrosOrNull(u.AnonymizeAt),
		string(u.StandardAttributes), string(u.CustomAttributes), store.MicrosOrNull(u.MFAGracePeriodEndAt),
	}
}

// search is what the user list looks through: lower-case lines of id, login ids and names.
func (u User) search(identities []Identity) string {
	lines := []string{u.ID.String()}
	for _, i := range identities {
		lines = append(lines, i.Value, i.OriginalValue)
	}
	n := u.names()
	lines = append(lines, n.Email, n.Phone, n.Username, n.Name, n.Nickname, joined(n.Given, n.Middle, n.Family), joined(n.Given, n.Family))
	var b strings.Builder
	seen := map[string]bool{"": true}
	for _, line := range lines {
		if line = strings.ToLower(line); !seen[line] {
			seen[line] = true
			b.WriteString(line)
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// textOf makes a place of fields that reads text into a JSON value.
func textOf(to *json.RawMessage) *rawText { return (*rawText)(to) }

type rawText json.RawMessage

// Scan implements sql.Scanner.
func (r *rawText) Scan(src any) error {
	switch v := src.(type) {
	case string:
		*r = rawText(v)
	case []byte:
		*r = append(rawText(nil), v...)
	default:
		return errNotText
	}
	return nil
}
