package directory

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"github.com/sealog/sealog/internal/settings"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/limit"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/session"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/vault"
)

// Tokens are what a client gets for a session (RFC 6749, section 5.1). They stand nowhere
// else.
type Tokens struct {
	AccessToken, RefreshToken string
	TokenType                 string // Bearer (RFC 6750)
	ExpiresIn                 int    // seconds until the access token expires
}

// CreateSessionInput is a session for a user with one of the project's own clients.
type CreateSessionInput struct {
	ClientID string
	// DeviceInfo is base64url of a JSON object with the one member ios or android; "" is none.
	DeviceInfo string
}

// The scopes of a session that an administrator makes.
var sessionScopes = []string{"openid", "offline_access", "https://authgear.com/scopes/full-access"}

// CreateSession makes a session for a user without their doing, and its tokens.
//
// Errors: Forbidden (the project does not allow it, or the client is a third party's),
// Invalid (client, device info), UserNotFound, UserDisabled.
func (s *Service) CreateSession(ctx context.Context, by event.By, p project.Project, id event.ID, in CreateSessionInput) (_ Tokens, err error) {
	defer fault.Wrap(&err, "directory.CreateSession(%q, %s)", p.ID, id)
	about := event.AboutUser(p.ID, id)
	client, device, err := in.check(p)
	if err != nil {
		return Tokens{}, store.Refuse[event.CreateSessionExecuted](ctx, s.db, by, about, err)
	}
	made := session.Session{
		Project: p.ID, ID: event.NewID(), UserID: id, Type: session.OfflineGrant, ClientID: &client.ClientID, Scopes: sessionScopes,
		IdleSeconds: int64(client.RefreshTokenIdleLifetimeSeconds), CreatedByIP: by.Request.IP, LastAccessedIP: by.Request.IP,
		UserAgent: by.Request.UserAgent, DeviceInfo: device,
	}
	made.GroupID = made.ID
	refresh, hash := session.NewRefreshToken(made.ID)
	access := vault.NewToken()
	_, err = store.Record(ctx, s.db, by, about,
		func(ctx context.Context, tx *store.Tx) (fact event.CreateSessionExecuted, err error) {
			user, err := lock(ctx, tx, p.ID, id)
			if err != nil {
				return fact, err
			}
			if user.Disabled(tx.Now()) {
				return fact, errDisabled()
			}
			now := tx.Now()
			made.CreatedAt, made.UpdatedAt, made.LastAccessedAt = now, now, now
			made.ExpiresAt = now.Add(time.Duration(client.RefreshTokenLifetimeSeconds) * time.Second)
			if err := made.Insert(ctx, tx, hash); err != nil {
				return fact, err
			}
			until := now.Add(time.Duration(client.AccessTokenLifetimeSeconds) * time.Second)
			if err := session.InsertAccessToken(ctx, tx, made, access, now, until); err != nil {
				return fact, err
			}
			return event.CreateSessionExecuted{User: user.Object(now), Session: made.Object()}, nil
		})
	if err != nil {
		return Tokens{}, err
	}
	return Tokens{AccessToken: access, RefreshToken: refresh, TokenType: "Bearer", ExpiresIn: client.AccessTokenLifetimeSeconds}, nil
}

func errDisabled() *fault.Error {
	return fault.New(fault.Denied, "UserDisabled", "The user may not sign in.").On("userID")
}

func (in CreateSessionInput) check(p project.Project) (settings.Client, string, error) {
	forbidden := func(message string) error { return fault.New(fault.Denied, "Forbidden", "%s", message) }
	if !p.Config.AdminAPI.CreateSessionEnabled {
		return settings.Client{}, "", forbidden("The project does not let administrators make sessions.")
	}
	client, ok := p.Config.Client(in.ClientID)
	if !ok {
		return client, "", fault.New(fault.Invalid, "Invalid", "invalid client ID").On("clientID")
	}
	if client.ThirdParty {
		return client, "", forbidden("The client is a third party's.")
	}
	if in.DeviceInfo == "" {
		return client, "", nil
	}
	if len(in.DeviceInfo) > base64.RawURLEncoding.EncodedLen(maxAttributes) {
		return client, "", fault.New(fault.Invalid, "Invalid", "invalid device info").On("deviceInfo")
	}
	raw, err := base64.RawURLEncoding.DecodeString(in.DeviceInfo)
	if err == nil {
		err = limit.CheckJSON(raw, limit.AttributesDepth, limit.AttributesValues)
	}
	object := map[string]map[string]any{}
	if err == nil {
		err = json.Unmarshal(raw, &object)
	}
	if err != nil || len(object) != 1 || object["ios"] == nil && object["android"] == nil || len(raw) > maxAttributes ||
		checkText("", string(raw), maxAttributes) != nil {
		return client, "", fault.New(fault.Invalid, "Invalid", "invalid device info").On("deviceInfo")
	}
	return client, string(raw), nil
}

func errNoSession() *fault.Error {
	return fault.New(fault.NotFound, "SessionNotFound", "There is no such session.").On("sessionID")
}

// RevokeSession ends a session with those of the same sign-in.
//
// Errors: SessionNotFound.
func (s *Service) RevokeSession(ctx context.Context, by event.By, p project.Project, id event.ID) (_ User, err error) {
	defer fault.Wrap(&err, "directory.RevokeSession(%q, %s)", p.ID, id)
	found, ok, err := session.Find(ctx, s.db, p.ID, id)
	if err == nil && !ok {
		err = errNoSession()
	}
	if err != nil {
		return User{}, store.Refuse[event.RevokeSessionExecuted](ctx, s.db, by, event.About(p.ID, "session", id.String()), err)
	}
	about := event.AboutUser(p.ID, found.UserID)
	var user User
	_, err = store.Record(ctx, s.db, by, about,
		func(ctx context.Context, tx *store.Tx) (fact event.RevokeSessionExecuted, err error) {
			if user, err = lock(ctx, tx, p.ID, found.UserID); err != nil {
				return fact, err
			}
			if _, ok, err := session.Find(ctx, tx, p.ID, id); err != nil || !ok {
				return fact, orElse(err, errNoSession())
			}
			ended, err := session.EndGroup(ctx, tx, p.ID, found.GroupID)
			if err != nil {
				return fact, err
			}
			fact = event.RevokeSessionExecuted{User: user.Object(tx.Now()), Session: found.Object()}
			return fact, alsoTerminated(ctx, tx, about, fact.User, ended, "individual")
		})
	if err != nil {
		return User{}, err
	}
	return user, nil
}

func orElse(err error, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

func alsoTerminated(
	ctx context.Context, tx *store.Tx, about event.Target, user event.UserObject, ended []session.Session, termination string,
) error {
	if len(ended) == 0 {
		return nil
	}
	fact := event.UserSessionTerminated{User: user, Termination: termination}
	for _, one := range ended {
		fact.Sessions = append(fact.Sessions, one.Object())
	}
	return store.Also(ctx, tx, about, fact)
}

// RevokeAllSessions ends all sessions of a user. It records user.session.terminated beside
// the mutation when there were any.
//
// Errors: UserNotFound.
func (s *Service) RevokeAllSessions(ctx context.Context, by event.By, p project.Project, id event.ID) (_ User, err error) {
	defer fault.Wrap(&err, "directory.RevokeAllSessions(%q, %s)", p.ID, id)
	about := event.AboutUser(p.ID, id)
	var user User
	_, err = store.Record(ctx, s.db, by, about,
		func(ctx context.Context, tx *store.Tx) (fact event.RevokeAllSessionsExecuted, err error) {
			if user, err = lock(ctx, tx, p.ID, id); err != nil {
				return fact, err
			}
			ended, err := session.EndAll(ctx, tx, p.ID, id)
			if err != nil {
				return fact, err
			}
			fact.User = user.Object(tx.Now())
			return fact, alsoTerminated(ctx, tx, about, fact.User, ended, "all")
		})
	if err != nil {
		return User{}, err
	}
	return user, nil
}

// DeleteAuthorization withdraws a user's consent to a third party's client, with the
// sessions and tokens that the client has.
//
// Errors: AuthorizationNotFound.
func (s *Service) DeleteAuthorization(ctx context.Context, by event.By, p project.Project, id event.ID) (_ User, err error) {
	defer fault.Wrap(&err, "directory.DeleteAuthorization(%q, %s)", p.ID, id)
	errNone := fault.New(fault.NotFound, "AuthorizationNotFound", "There is no such authorization.").On("authorizationID")
	found, ok, err := session.FindAuthorization(ctx, s.db, p.ID, id)
	if err == nil && !ok {
		err = errNone
	}
	if err != nil {
		return User{}, store.Refuse[event.DeleteAuthorizationExecuted](ctx, s.db, by, event.About(p.ID, "authorization", id.String()), err)
	}
	var user User
	_, err = store.Record(ctx, s.db, by, event.AboutUser(p.ID, found.UserID),
		func(ctx context.Context, tx *store.Tx) (fact event.DeleteAuthorizationExecuted, err error) {
			if user, err = lock(ctx, tx, p.ID, found.UserID); err != nil {
				return fact, err
			}
			still, ok, err := session.FindAuthorization(ctx, tx, p.ID, id)
			if err != nil || !ok {
				return fact, orElse(err, errNone)
			}
			fact = event.DeleteAuthorizationExecuted{Authorization: still.Object(), User: user.Object(tx.Now())}
			return fact, still.Withdraw(ctx, tx)
		})
	if err != nil {
		return User{}, err
	}
	return user, nil
}
