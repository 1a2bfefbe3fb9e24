package directory

import (
	"context"
	"encoding/json"
	"github.com/sealog/sealog/internal/settings"
	"slices"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/store"
)

// The types of authenticators, and their kinds.
const (
	passwordAuthenticator = "password"
	totpAuthenticator     = "totp"
	oobEmail              = "oob_otp_email"
	oobSMS                = "oob_otp_sms"

	primary   = "primary"
	secondary = "secondary"
)

// CreateAuthenticatorInput is an authenticator that an administrator can make: of type
// password, oob_otp_email or oob_otp_sms, with the one value that the type needs.
type CreateAuthenticatorInput struct {
	Type, Kind             string
	Password, Email, Phone string
}

// CreateAuthenticator gives a user an authenticator.
//
// Errors: UserNotFound, UserIsAnonymized, Invalid (type or kind), ValidationFailed,
// PasswordPolicyViolated, InvariantViolated (DuplicatedAuthenticator).
func (s *Service) CreateAuthenticator(
	ctx context.Context, by event.By, p project.Project, id event.ID, in CreateAuthenticatorInput,
) (_ User, _ Authenticator, err error) {
	defer fault.Wrap(&err, "directory.CreateAuthenticator(%q, %s)", p.ID, id)
	about := event.AboutUser(p.ID, id)
	made, err := s.prepareAuthenticator(ctx, p, id, in)
	if err != nil {
		return User{}, Authenticator{}, store.Refuse[event.CreateAuthenticatorExecuted](ctx, s.db, by, about, err)
	}
	var user User
	_, err = store.Record(ctx, s.db, by, about,
		func(ctx context.Context, tx *store.Tx) (fact event.CreateAuthenticatorExecuted, err error) {
			if user, err = lock(ctx, tx, p.ID, id); err != nil {
				return fact, err
			}
			if user.IsAnonymized {
				return fact, errAnonymized()
			}
			all, err := authenticatorsOf(ctx, tx, p.ID, id)
			if err != nil {
				return fact, err
			}
			same := func(a Authenticator) bool {
				return a.Type == made.Type && a.Kind == made.Kind && a.Target == made.Target
			}
			if slices.ContainsFunc(all, same) {
				return fact, errInvariant("definition", "DuplicatedAuthenticator", "The user has such an authenticator already.")
			}
			made.Project, made.ID, made.UserID, made.CreatedAt, made.UpdatedAt = p.ID, tx.NewID(), id, tx.Now(), tx.Now()
			made.IsDefault = !slices.ContainsFunc(all, func(a Authenticator) bool { return a.Kind == made.Kind })
			if err := insertAuthenticator(ctx, tx, made); err != nil {
				return fact, err
			}
			user.HasPassword = user.HasPassword || made.Type == passwordAuthenticator && made.Kind == primary
			if fact.User, err = user.touched(ctx, tx); err != nil {
				return fact, err
			}
			fact.Authenticator = made.Object()
			return fact, nil
		})
	if err != nil {
		return User{}, Authenticator{}, err
	}
	return user, made, nil
}

func (s *Service) prepareAuthenticator(ctx context.Context, p project.Project, id event.ID, in CreateAuthenticatorInput) (a Authenticator, err error) {
	a = Authenticator{Type: in.Type, Kind: in.Kind, Claims: json.RawMessage(`{}`)}
	if in.Kind != primary && in.Kind != secondary {
		return a, fault.New(fault.Invalid, "Invalid", "The kind of an authenticator is primary or secondary.").On("definition")
	}
	ok := true
	switch in.Type {
	case passwordAuthenticator:
		if _, err := get(ctx, s.db, p.ID, id); err != nil {
			return a, err
		}
		if err := checkPassword(p.Config.Password, in.Password); err != nil {
			return a, err
		}
		a.secret, err = s.passwords.Hash(ctx, in.Password)
		return a, err
	case oobEmail:
		a.Target, _, ok = normaliseEmail(in.Email)
	case oobSMS:
		a.Target, ok = normalisePhone(in.Phone)
	default:
		return a, fault.New(fault.Invalid, "Invalid", "An authenticator of this type cannot be made by an administrator.").On("definition")
	}
	if !ok {
		return a, errInvalid(badFormat("/definition", map[string]string{oobEmail: emailType, oobSMS: phoneType}[in.Type]))
	}
	return a, nil
}

// makeOOBAuthenticators makes what the project calls for so that codes can be sent to a new
// login id.
func makeOOBAuthenticators(ctx context.Context, tx *store.Tx, config settings.AuthenticationConfig, i Identity) error {
	kind, ok := map[string]string{emailType: oobEmail, phoneType: oobSMS}[i.LoginIDType]
	if !ok || !slices.Contains(config.PrimaryAuthenticators, kind) {
		return nil
	}
	return insertAuthenticator(ctx, tx, Authenticator{
		Project: i.Project, ID: tx.NewID(), UserID: i.UserID, CreatedAt: tx.Now(), UpdatedAt: tx.Now(),
		Type: kind, Kind: primary, IsDefault: true, Target: i.Value,
	})
}

func usesPassword(c settings.Config) bool {
	return slices.Contains(c.Authentication.PrimaryAuthenticators, passwordAuthenticator)
}

// DeleteAuthenticator takes an authenticator from its user, also the last one. Recovery
// codes go with the last second factor.
//
// Errors: AuthenticatorNotFound, InvariantViolated (RemovePasskeyAuthenticator).
func (s *Service) DeleteAuthenticator(ctx context.Context, by event.By, p project.Project, id event.ID) (_ User, err error) {
	defer fault.Wrap(&err, "directory.DeleteAuthenticator(%q, %s)", p.ID, id)
	found, err := findAuthenticator(ctx, s.db, p.ID, id)
	if err != nil {
		about := event.About(p.ID, "authenticator", id.String())
		return User{}, store.Refuse[event.DeleteAuthenticatorExecuted](ctx, s.db, by, about, err)
	}
	var user User
	_, err = store.Record(ctx, s.db, by, event.AboutUser(p.ID, found.UserID),
		func(ctx context.Context, tx *store.Tx) (fact event.DeleteAuthenticatorExecuted, err error) {
			if user, err = lock(ctx, tx, p.ID, found.UserID); err != nil {
				return fact, err
			}
			gone, err := findAuthenticator(ctx, tx, p.ID, id)
			if err != nil {
				return fact, err
			}
			if gone.Type == passkey && gone.Kind == primary {
				return fact, errInvariant("authenticatorID", "RemovePasskeyAuthenticator", "Delete the passkey's identity instead.")
			}
			if _, err := tx.Exec(ctx, `DELETE FROM authenticators WHERE project_id = $1 AND id = $2`, p.ID, id); err != nil {
				return fact, err
			}
			if err := dropRecoveryCodes(ctx, tx, user); err != nil {
				return fact, err
			}
			if user, err = get(ctx, tx, p.ID, user.ID); err != nil { // without the password, perhaps
				return fact, err
			}
			if fact.User, err = user.touched(ctx, tx); err != nil {
				return fact, err
			}
			fact.Authenticator = gone.Object()
			return fact, nil
		})
	if err != nil {
		return User{}, err
	}
	return user, nil
}

// dropRecoveryCodes removes the recovery codes of a user who has no second factor.
func dropRecoveryCodes(ctx context.Context, tx *store.Tx, u User) error {
	_, err := tx.Exec(ctx, `
		DELETE FROM recovery_codes
		WHERE project_id = $1 AND user_id = $2 AND NOT EXISTS (
			SELECT 1 FROM authenticators
			WHERE project_id = $1 AND user_id = $2 AND kind = 'secondary')`, u.Project, u.ID)
	return err
}

// SetPasswordExpired makes a user choose another password at the next sign-in, or lets the
// present one be.
//
// Errors: UserNotFound, AuthenticatorNotFound (the user has no password).
func (s *Service) SetPasswordExpired(ctx context.Context, by event.By, p project.Project, id event.ID, expired bool) (_ User, err error) {
	defer fault.Wrap(&err, "directory.SetPasswordExpired(%q, %s)", p.ID, id)
	var user User
	_, err = store.Record(ctx, s.db, by, event.AboutUser(p.ID, id),
		func(ctx context.Context, tx *store.Tx) (fact event.SetPasswordExpiredExecuted, err error) {
			if user, err = lock(ctx, tx, p.ID, id); err != nil {
				return fact, err
			}
			var after any
			if expired {
				after = store.Micros(tx.Now())
			}
			n, err := tx.Exec(ctx, `
				UPDATE authenticators
				SET expire_after = $3, `+store.SetUpdated("", "$4")+`
				WHERE project_id = $1 AND user_id = $2 AND type = 'password' AND kind = 'primary'`,
				p.ID, id, after, store.Micros(tx.Now()))
			if err != nil {
				return fact, err
			}
			if n == 0 {
				return fact, errNoAuthenticator()
			}
			fact.Expired = expired
			fact.User, err = user.touched(ctx, tx)
			return fact, err
		})
	if err != nil {
		return User{}, err
	}
	return user, nil
}

// touched saves a locked user of whom something else than identities changed.
func (u *User) touched(ctx context.Context, tx *store.Tx) (event.UserObject, error) {
	identities, err := identitiesOf(ctx, tx, u.Project, u.ID)
	if err != nil {
		return event.UserObject{}, err
	}
	u.UpdatedAt = store.Updated(u.UpdatedAt, tx.Now())
	return u.Object(tx.Now()), u.save(ctx, tx, identities)
}

func findAuthenticator(ctx context.Context, q store.Querier, project string, id event.ID) (Authenticator, error) {
	a, ok, err := store.One(ctx, q, (*Authenticator).fields, `
		SELECT `+authenticatorColumns+` FROM authenticators WHERE project_id = $1 AND id = $2`, project, id)
	if err == nil && !ok {
		err = errNoAuthenticator()
	}
	return a, err
}

func authenticatorsOf(ctx context.Context, q store.Querier, project string, user event.ID) ([]Authenticator, error) {
	return store.Collect(ctx, q, (*Authenticator).fields, `
		SELECT `+authenticatorColumns+`
		FROM authenticators
		WHERE project_id = $1 AND user_id = $2
		ORDER BY created_at, id`, project, user)
}

// ShownClaims is what an authenticator says of itself, as a JSON object of claims; a
// password says nothing.
func (a Authenticator) ShownClaims() json.RawMessage {
	const prefix = "https://authgear.com/claims/oob_otp/"
	switch a.Type {
	case oobEmail:
		return mustEncode(map[string]string{prefix + "email": a.Target})
	case oobSMS:
		return mustEncode(map[string]string{prefix + "phone": a.Target})
	default:
		return a.Claims
	}
}
