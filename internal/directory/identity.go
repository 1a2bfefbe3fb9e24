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

// The types of identities. Administrators make login ids; the others come with a sign-in.
const (
	loginIDIdentity = "login_id"
	anonymous       = "anonymous"
	passkey         = "passkey"
)

// The types of login ids, as a project's configuration names them.
const (
	emailType    = "email"
	phoneType    = "phone"
	usernameType = "username"
)

// attributeOf is the standard claim that a login id of a type gives (OpenID Connect Core 1.0,
// section 5.1).
var attributeOf = map[string]string{
	emailType: "email", phoneType: "phone_number", usernameType: "preferred_username",
}

// Identity is by what a user is known.
type Identity struct {
	Project   string
	ID        event.ID
	UserID    event.ID
	CreatedAt time.Time
	UpdatedAt time.Time
	// Type is login_id, oauth, anonymous, biometric, passkey, siwe or ldap.
	Type string
	// LoginIDKey is the key in the project's configuration, LoginIDType is email, phone or username.
	LoginIDKey  string
	LoginIDType string
	// OriginalValue is as it was given, Value is canonical, UniqueKey stands once in a project.
	OriginalValue string
	Value         string
	UniqueKey     string
	// Extra is what an identity that is no login id claims: a JSON object.
	Extra json.RawMessage
}

const identityColumns = `project_id, id, user_id, created_at, updated_at, type, login_id_key, login_id_type,
	original_value, value, unique_key, claims`

func (i *Identity) fields() []any {
	return []any{
		&i.Project, &i.ID, &i.UserID, store.Time(&i.CreatedAt), store.Time(&i.UpdatedAt), &i.Type, &i.LoginIDKey,
		&i.LoginIDType, &i.OriginalValue, &i.Value, &i.UniqueKey, textOf(&i.Extra),
	}
}

// Claims is the identity as a JSON object of claims.
func (i Identity) Claims() json.RawMessage {
	if i.Type != loginIDIdentity {
		return i.Extra
	}
	const prefix = "https://authgear.com/claims/login_id/"
	claims := map[string]string{
		prefix + "type": i.LoginIDType, prefix + "key": i.LoginIDKey,
		prefix + "original_value": i.OriginalValue, prefix + "value": i.Value,
	}
	if name, ok := attributeOf[i.LoginIDType]; ok {
		claims[name] = i.Value
	}
	return mustEncode(claims)
}

// Object is the snapshot that goes into events.
func (i Identity) Object() event.IdentityObject {
	return event.IdentityObject{
		ID: i.ID, CreatedAt: i.CreatedAt, UpdatedAt: i.UpdatedAt, Type: i.Type, UserID: i.UserID, Claims: i.Claims(),
	}
}

func insertIdentity(ctx context.Context, tx *store.Tx, i Identity) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO identities (`+identityColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		i.Project, i.ID, i.UserID, store.Micros(i.CreatedAt), store.Micros(i.UpdatedAt), i.Type, i.LoginIDKey,
		i.LoginIDType, i.OriginalValue, i.Value, i.UniqueKey, cmp.Or(string(i.Extra), `{}`))
	if store.IsUnique(err) {
		err = errDuplicate(i).Because(err)
	}
	return err
}

// IdentitiesOf returns the identities of users, oldest first, in one statement. A user
// without any has no entry.
func (s *Service) IdentitiesOf(ctx context.Context, project string, ids []event.ID) (_ map[event.ID][]Identity, err error) {
	defer fault.Wrap(&err, "directory.IdentitiesOf(%q)", project)
	of := map[event.ID][]Identity{}
	if len(ids) == 0 {
		return of, nil
	}
	all, err := identitiesOf(ctx, s.db, project, ids...)
	for _, i := range all {
		of[i.UserID] = append(of[i.UserID], i)
	}
	return of, err
}

func identitiesOf(ctx context.Context, q store.Querier, project string, ids ...event.ID) ([]Identity, error) {
	list, args := store.InList(ids, project)
	return store.Collect(ctx, q, (*Identity).fields, `
		SELECT `+identityColumns+`
		FROM identities
		WHERE project_id = $1 AND user_id IN (`+list+`)
		ORDER BY user_id, created_at, id`, args...)
}

// Identities returns those of the identities that there are, by their own ids.
func (s *Service) Identities(ctx context.Context, project string, ids []event.ID) (_ []Identity, err error) {
	defer fault.Wrap(&err, "directory.Identities(%q)", project)
	if len(ids) == 0 {
		return []Identity{}, nil
	}
	list, args := store.InList(ids, project)
	return store.Collect(ctx, s.db, (*Identity).fields, `
		SELECT `+identityColumns+`
		FROM identities
		WHERE project_id = $1 AND id IN (`+list+`)`, args...)
}

// emailOf is the user's first e-mail address, or "".
func emailOf(identities []Identity) string {
	for _, i := range identities {
		if i.LoginIDType == emailType {
			return i.Value
		}
	}
	return ""
}
