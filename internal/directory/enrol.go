package directory

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/session"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/vault"
)

// What only an end user's sign-in can bring about: identities of other kinds, apps that
// make codes, recovery codes, consents and sign-ins. There are no sign-in pages yet; each
// kind has one recorded call, whose actor is the user.

// ForeignIdentity is an identity that is no login id.
type ForeignIdentity struct {
	// Type is oauth, anonymous, biometric, passkey, siwe or ldap.
	Type string
	// UniqueKey stands once among the project's identities of the type: "google:1234", a
	// credential id.
	UniqueKey string
	// Claims is a JSON object of claims.
	Claims json.RawMessage
}

// Enrol gives a user an identity that is no login id; a passkey comes with its
// authenticator. It records identity.oauth.connected, identity.biometric.enabled or identity.added.
//
// Errors: Invalid, UserNotFound, UserIsAnonymized, InvariantViolated (DuplicatedIdentity).
func (s *Service) Enrol(ctx context.Context, by event.By, p project.Project, id event.ID, in ForeignIdentity) (_ Identity, err error) {
	defer fault.Wrap(&err, "directory.Enrol(%q, %s)", p.ID, id)
	about := event.AboutUser(p.ID, id)
	if !slices.Contains([]string{"oauth", anonymous, "biometric", passkey, "siwe", "ldap"}, in.Type) || in.UniqueKey == "" || !json.Valid(in.Claims) {
		return Identity{}, fault.New(fault.Invalid, "Invalid", "That is no identity of a kind that a sign-in brings.")
	}
	made := Identity{Type: in.Type, UniqueKey: in.UniqueKey, Extra: in.Claims}
	add := func(ctx context.Context, tx *store.Tx) (object event.UserObject, err error) {
		user, err := lock(ctx, tx, p.ID, id)
		if err != nil {
			return object, err
		}
		if user.IsAnonymized {
			return object, errAnonymized()
		}
		made.Project, made.ID, made.UserID, made.CreatedAt, made.UpdatedAt = p.ID, tx.NewID(), id, tx.Now(), tx.Now()
		if err := insertIdentity(ctx, tx, made); err != nil {
			return object, err
		}
		if in.Type == passkey {
			err = insertAuthenticator(ctx, tx, Authenticator{
				Project: p.ID, ID: tx.NewID(), UserID: id, CreatedAt: tx.Now(), UpdatedAt: tx.Now(),
				Type: passkey, Kind: primary, Target: in.UniqueKey, Claims: in.Claims,
			})
			if err != nil {
				return object, err
			}
		}
		user.IsAnonymous = user.IsAnonymous || in.Type == anonymous
		return user.touched(ctx, tx)
	}
	switch in.Type {
	case "oauth":
		_, err = store.Record(ctx, s.db, by, about, func(ctx context.Context, tx *store.Tx) (event.IdentityOAuthConnected, error) {
			user, err := add(ctx, tx)
			return event.IdentityOAuthConnected{User: user, Identity: made.Object()}, err
		})
	case "biometric":
		_, err = store.Record(ctx, s.db, by, about, func(ctx context.Context, tx *store.Tx) (event.IdentityBiometricEnabled, error) {
			user, err := add(ctx, tx)
			return event.IdentityBiometricEnabled{User: user, Identity: made.Object()}, err
		})
	default:
		_, err = store.Record(ctx, s.db, by, about, func(ctx context.Context, tx *store.Tx) (event.IdentityAdded, error) {
			user, err := add(ctx, tx)
			return event.IdentityAdded{User: user, Identity: made.Object()}, err
		})
	}
	return made, err
}

// EnrolTOTP registers an app that makes one-time codes (RFC 6238) as a second factor and
// returns its key URI (otpauth://…), which the user's app reads and nobody is shown again.
//
// Errors: UserNotFound, UserIsAnonymized.
func (s *Service) EnrolTOTP(ctx context.Context, by event.By, p project.Project, id event.ID, displayName string) (_ Authenticator, _ string, err error) {
	defer fault.Wrap(&err, "directory.EnrolTOTP(%q, %s)", p.ID, id)
	key, err := totp.Generate(totp.GenerateOpts{Issuer: p.Title(), AccountName: id.String()})
	if err != nil {
		return Authenticator{}, "", fmt.Errorf("directory: %w", err)
	}
	made := Authenticator{
		Project: p.ID, ID: event.NewID(), UserID: id, Type: totpAuthenticator, Kind: secondary,
		Claims: mustEncode(map[string]string{"https://authgear.com/claims/totp/display_name": displayName}),
	}
	made.sealed = s.db.Vault().Seal(seedPlace(made), []byte(key.Secret()))
	_, err = store.Record(ctx, s.db, by, event.AboutUser(p.ID, id),
		func(ctx context.Context, tx *store.Tx) (fact event.AuthenticatorTOTPAdded, err error) {
			user, err := lock(ctx, tx, p.ID, id)
			if err != nil {
				return fact, err
			}
			if user.IsAnonymized {
				return fact, errAnonymized()
			}
			made.CreatedAt, made.UpdatedAt = tx.Now(), tx.Now()
			if err := insertAuthenticator(ctx, tx, made); err != nil {
				return fact, err
			}
			fact.Authenticator = made.Object()
			fact.User, err = user.touched(ctx, tx)
			return fact, err
		})
	return made, key.URL(), err
}

func seedPlace(a Authenticator) vault.Place {
	return vault.Place{Project: a.Project, Table: "authenticators", ID: a.ID.String()}
}

// CheckTOTP reports whether a code of a user's app is right at a time, give or take one
// period of 30 seconds.
func (s *Service) CheckTOTP(ctx context.Context, project string, id event.ID, code string, at time.Time) (_ bool, err error) {
	defer fault.Wrap(&err, "directory.CheckTOTP(%q, %s)", project, id)
	a, err := findAuthenticator(ctx, s.db, project, id)
	if err != nil {
		return false, err
	}
	if a.Type != totpAuthenticator {
		return false, errNoAuthenticator()
	}
	seed, err := s.db.Vault().Open(seedPlace(a), a.sealed)
	if err != nil {
		return false, err
	}
	ok, err := totp.ValidateCustom(code, string(seed), at, totp.ValidateOpts{Period: 30, Skew: 1, Digits: 6})
	return ok && err == nil, nil
}

const recoveryCodes = 16

// NewRecoveryCodes makes 16 codes that replace a second factor, each once, in place of those
// of before, and returns them.
//
// Errors: UserNotFound, UserIsAnonymized.
func (s *Service) NewRecoveryCodes(ctx context.Context, by event.By, p project.Project, id event.ID) (_ []string, err error) {
	defer fault.Wrap(&err, "directory.NewRecoveryCodes(%q, %s)", p.ID, id)
	type sealedCode struct {
		id     event.ID
		sealed []byte
	}
	codes, rows := []string{}, []sealedCode{}
	for range recoveryCodes {
		var random [10]byte
		if _, err := rand.Read(random[:]); err != nil {
			return nil, err
		}
		code, row := strings.ToLower(base32.StdEncoding.EncodeToString(random[:])), sealedCode{id: event.NewID()}
		row.sealed = s.db.Vault().Seal(vault.Place{Project: p.ID, Table: "recovery_codes", ID: row.id.String()}, []byte(code))
		codes, rows = append(codes, code), append(rows, row)
	}
	_, err = store.Record(ctx, s.db, by, event.AboutUser(p.ID, id),
		func(ctx context.Context, tx *store.Tx) (fact event.UserRecoveryCodesCreated, err error) {
			user, err := lock(ctx, tx, p.ID, id)
			if err != nil {
				return fact, err
			}
			if user.IsAnonymized {
				return fact, errAnonymized()
			}
			if _, err := tx.Exec(ctx, `DELETE FROM recovery_codes WHERE project_id = $1 AND user_id = $2`, p.ID, id); err != nil {
				return fact, err
			}
			for _, row := range rows {
				_, err := tx.Exec(ctx, `
					INSERT INTO recovery_codes (project_id, id, user_id, code, created_at)
					VALUES ($1, $2, $3, $4, $5)`, p.ID, row.id, id, row.sealed, store.Micros(tx.Now()))
				if err != nil {
					return fact, err
				}
			}
			return event.UserRecoveryCodesCreated{User: user.Object(tx.Now()), Count: len(rows)}, nil
		})
	if err != nil {
		return nil, err
	}
	return codes, nil
}

// Authorize stores a user's consent to a third party's client, in place of an earlier one.
//
// Errors: Invalid (no third party's client), UserNotFound, UserDisabled.
func (s *Service) Authorize(
	ctx context.Context, by event.By, p project.Project, id event.ID, clientID string, scopes []string,
) (_ session.Authorization, err error) {
	defer fault.Wrap(&err, "directory.Authorize(%q, %s)", p.ID, id)
	client, ok := p.Config.Client(clientID)
	if !ok || !client.ThirdParty {
		return session.Authorization{}, fault.New(fault.Invalid, "Invalid", "invalid client ID").On("clientID")
	}
	made := session.Authorization{Project: p.ID, ID: event.NewID(), UserID: id, ClientID: clientID, Scopes: scopes}
	_, err = store.Record(ctx, s.db, by, event.AboutUser(p.ID, id),
		func(ctx context.Context, tx *store.Tx) (fact event.AuthorizationGranted, err error) {
			user, err := lock(ctx, tx, p.ID, id)
			if err != nil {
				return fact, err
			}
			if user.Disabled(tx.Now()) {
				return fact, errDisabled()
			}
			made.CreatedAt, made.UpdatedAt = tx.Now(), tx.Now()
			if made, err = made.Grant(ctx, tx); err != nil {
				return fact, err
			}
			return event.AuthorizationGranted{User: user.Object(tx.Now()), Authorization: made.Object()}, nil
		})
	return made, err
}

// SignIn makes the session of a browser in which a user proved who they are (IDP), or, when
// under is an authorization or group the session of before, one of a client. It returns the
// session and its secret: the cookie's value or the refresh token.
//
// Errors: UserNotFound, UserDisabled.
func (s *Service) SignIn(
	ctx context.Context, by event.By, p project.Project, id event.ID, made session.Session,
) (_ session.Session, secret string, err error) {
	defer fault.Wrap(&err, "directory.SignIn(%q, %s)", p.ID, id)
	made.Project, made.ID, made.UserID, made.IdleSeconds = p.ID, event.NewID(), id, int64(p.Config.Session.IdleTimeoutSeconds)
	made.CreatedByIP, made.LastAccessedIP, made.UserAgent = by.Request.IP, by.Request.IP, by.Request.UserAgent
	if made.GroupID.IsZero() {
		made.GroupID = made.ID
	}
	secret, hash := session.NewRefreshToken(made.ID)
	_, err = store.Record(ctx, s.db, by, event.AboutUser(p.ID, id),
		func(ctx context.Context, tx *store.Tx) (fact event.UserAuthenticated, err error) {
			user, err := lock(ctx, tx, p.ID, id)
			if err != nil {
				return fact, err
			}
			if user.Disabled(tx.Now()) {
				return fact, errDisabled()
			}
			now := tx.Now()
			made.CreatedAt, made.UpdatedAt, made.LastAccessedAt, made.ExpiresAt = now, now, now, now.Add(time.Duration(p.Config.Session.LifetimeSeconds)*time.Second)
			if err := made.Insert(ctx, tx, hash); err != nil {
				return fact, err
			}
			user.LastLoginAt = &now
			if fact.User, err = user.touched(ctx, tx); err != nil {
				return fact, err
			}
			fact.Session = made.Object()
			return fact, nil
		})
	return made, secret, err
}
