package access

import (
	"context"
	"crypto/sha256"
	"net/url"
	"strings"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/limit"
	"github.com/sealog/sealog/internal/message"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/vault"
)

// How long Portal sessions live.
const (
	IdleLimit     = 12 * time.Hour     // since it was last seen
	AbsoluteLimit = 7 * 24 * time.Hour // since its account signed in
	FreshFor      = 5 * time.Minute    // how long a confirmed password lets secrets be viewed
	seenEvery     = time.Minute        // how exactly last_seen_at is kept
	tryRate       = 1.0 / 20           // passwords a second for one account from one address …
	tryBurst      = 10                 // … after this many
)

// Session is one sign-in of an account to the Portal.
type Session struct {
	ID                                                event.ID
	Account                                           Account
	CreatedAt, AuthenticatedAt, ExpiresAt, LastSeenAt time.Time
	IP, UserAgent                                     string
	// TokenID and Scope are those of the personal access token that stands for the session;
	// without one, the session was signed in to the Portal.
	TokenID event.ID
	Scope   Scope
}

const sessionColumns = accountColumns + `, s.id, s.created_at, s.authenticated_at, s.expires_at, s.last_seen_at, s.ip, s.user_agent`

func (s *Session) fields() []any {
	return append(s.Account.fields(), &s.ID, store.Time(&s.CreatedAt), store.Time(&s.AuthenticatedAt),
		store.Time(&s.ExpiresAt), store.Time(&s.LastSeenAt), &s.IP, &s.UserAgent)
}

// By is the session's account as an actor in the Portal.
func (s Session) By(req event.Request) event.By {
	actor := event.Actor{Type: event.Account, ID: s.Account.ID.String(), Name: s.Account.Email}
	if !s.ID.IsZero() {
		actor.SessionID = s.ID.String()
	}
	if !s.TokenID.IsZero() {
		actor.TokenID = s.TokenID.String()
	}
	return event.By{Actor: actor, Surface: event.ViaPortal, Request: req}
}

// SessionCookie names the cookie with the token of a session of the Portal at a public URL.
// The prefix makes browsers insist on Secure, on Path=/ and on no Domain (RFC 6265bis,
// section 4.1.3.2).
func SessionCookie(publicURL *url.URL) string {
	if publicURL.Scheme == "https" {
		return "__Host-sealog"
	}
	return "sealog"
}

// IsFresh reports whether the password was confirmed within the last five minutes, so that
// secrets may be shown. A token cannot confirm anything; one that was made for secrets was
// made by who had.
func (s Session) IsFresh(now time.Time) bool {
	if !s.TokenID.IsZero() {
		return s.Scope == SecretsScope
	}
	return now.Sub(s.AuthenticatedAt) < FreshFor
}

func newSession(a Account, req event.Request) (Session, string) {
	return Session{ID: event.NewID(), Account: a, IP: req.IP, UserAgent: req.UserAgent}, vault.NewToken()
}

// insert gives the session its times and stores it with the hash of its token.
func (s *Session) insert(ctx context.Context, tx *store.Tx, token string) error {
	now := tx.Now()
	s.CreatedAt, s.AuthenticatedAt, s.LastSeenAt = now, now, now
	if s.ExpiresAt.IsZero() {
		s.ExpiresAt = now.Add(AbsoluteLimit)
	}
	_, err := tx.Exec(ctx, `
		INSERT INTO account_sessions (id, account_id, token_hash, created_at, authenticated_at, expires_at, ip, user_agent, last_seen_at)
		VALUES ($1, $2, $3, $4, $4, $5, $6, $7, $4)`,
		s.ID, s.Account.ID, vault.HashToken(token), store.Micros(now), store.Micros(s.ExpiresAt), s.IP, s.UserAgent)
	return err
}

// SignIn proves an account by its password and makes a session. It records
// account.signed_in; what fails is counted in access.refused.
//
// Errors: SignInFailed (whichever of the two was wrong), TooManyTries; SecondFactorRequired:
// then the string is what SignInWithCode goes on with.
func (s *Service) SignIn(ctx context.Context, req event.Request, email, password string) (_ Session, _ string, err error) {
	defer fault.Wrap(&err, "access.SignIn")
	if err := s.limitSignIn(req, email); err != nil {
		return Session{}, "", err
	}
	var account Account
	var known bool
	if email, err := message.NormalEmail(email); err == nil {
		if account, known, err = s.accountByEmail(ctx, email); err != nil {
			return Session{}, "", err
		}
	}
	if err := s.prove(ctx, req, account.passwordHash, password); err != nil {
		return Session{}, "", err
	}
	if !known || account.DisabledAt != nil { // a hash that is not there matches nothing
		s.refusals.Count(event.PortalProject, "SignInFailed", req.IP, s.db.Now())
		return Session{}, "", errSignIn()
	}
	if _, has, err := s.totp(ctx, account.ID); err != nil {
		return Session{}, "", err
	} else if has {
		challenge, err := s.challenge(ctx, account)
		if err == nil {
			err = fault.New(fault.Unauthenticated, "SecondFactorRequired", "Show a code of your second factor, too.")
		}
		return Session{}, challenge, err
	}
	session, token := newSession(account, req)
	_, err = store.Record(ctx, s.db, session.By(req), aboutAccount(account.ID),
		func(ctx context.Context, tx *store.Tx) (event.AccountSignedIn, error) {
			fact := event.AccountSignedIn{Account: account.Object(), SessionID: session.ID, Method: "password"}
			if err := stillProven(ctx, tx, account); err != nil {
				return fact, err
			}
			return fact, session.insert(ctx, tx, token)
		})
	return session, token, err
}

func errSignIn() error {
	return fault.New(fault.Unauthenticated, "SignInFailed", "The e-mail address or the password is wrong.")
}

func (s *Service) errTries(req event.Request, now time.Time) error {
	s.refusals.Count(event.PortalProject, "TooManyTries", req.IP, now)
	return fault.New(fault.Exhausted, "TooManyTries", "Too many tries. Wait a minute and try again.")
}

// limitSignIn bounds how many passwords are tried from one address, and from there for one
// account. There is no limit for an account alone: with it a stranger could keep its owner out.
func (s *Service) limitSignIn(req event.Request, email string) error {
	now, from := s.db.Now(), limit.Neighbourhood(req.IP)
	if !s.fromAddress.Allow(from, 5*tryRate, 3*tryBurst, now) {
		return s.errTries(req, now) // what else was sent is not even looked at
	}
	account := sha256.Sum256([]byte(from + " " + strings.ToLower(strings.TrimSpace(email)))) // of bounded size
	if !s.forAccount.Allow(string(account[:]), tryRate, tryBurst, now) {
		return s.errTries(req, now)
	}
	return nil
}

// prove checks a password against a hash.
func (s *Service) prove(ctx context.Context, req event.Request, hash, password string) error {
	if len(password) > 4*MaxPassword {
		password = "" // no account has it
	}
	now, from := s.db.Now(), limit.Neighbourhood(req.IP)
	ok, err := s.passwords.Matches(ctx, s.standings.of(from, now), hash, password)
	if err == nil {
		s.standings.note(from, ok, now)
	}
	if err == nil && !ok {
		s.refusals.Count(event.PortalProject, "SignInFailed", req.IP, s.db.Now())
		err = errSignIn()
	}
	return err
}

// Confirm proves the session's account by its password once more and puts a new session,
// fresh and with a token of its own, in the place of the old one. It records
// account.reauthenticated.
//
// Errors: PasswordWrong, TooManyTries.
func (s *Service) Confirm(ctx context.Context, req event.Request, old Session, password string) (_ Session, _ string, err error) {
	defer fault.Wrap(&err, "access.Confirm")
	if now := s.db.Now(); !s.inSession.Allow(old.Account.ID.String(), tryRate, tryBurst, now) {
		return Session{}, "", s.errTries(req, now)
	}
	if err := s.prove(ctx, req, old.Account.passwordHash, password); err != nil {
		if fault.Is(err, "SignInFailed") {
			// The session has proven who this is, so the attempt has an actor.
			wrong := fault.New(fault.Denied, "PasswordWrong", "The password is wrong.").On("password")
			err = store.Refuse[event.AccountReauthenticated](ctx, s.db, old.By(req), aboutAccount(old.Account.ID), wrong)
		}
		return Session{}, "", err
	}
	session, token := newSession(old.Account, req)
	session.ExpiresAt = old.ExpiresAt
	_, err = store.Record(ctx, s.db, session.By(req), aboutAccount(old.Account.ID),
		func(ctx context.Context, tx *store.Tx) (event.AccountReauthenticated, error) {
			fact := event.AccountReauthenticated{Account: old.Account.Object(), SessionID: session.ID}
			if err := stillProven(ctx, tx, old.Account); err != nil {
				return fact, err
			}
			if err := deleteSession(ctx, tx, old.Account.ID, old.ID); err != nil {
				return fact, err
			}
			return fact, session.insert(ctx, tx, token)
		})
	return session, token, err
}

func deleteSession(ctx context.Context, tx *store.Tx, account, id event.ID) error {
	n, err := tx.Exec(ctx, `DELETE FROM account_sessions WHERE id = $1 AND account_id = $2`, id, account)
	if err == nil && n == 0 {
		err = fault.New(fault.NotFound, "SessionNotFound", "There is no such session any more.")
	}
	return err
}

// SignOut ends the session; it records account.signed_out.
func (s *Service) SignOut(ctx context.Context, req event.Request, session Session) (err error) {
	defer fault.Wrap(&err, "access.SignOut")
	_, err = store.Record(ctx, s.db, session.By(req), aboutAccount(session.Account.ID),
		func(ctx context.Context, tx *store.Tx) (event.AccountSignedOut, error) {
			fact := event.AccountSignedOut{Account: session.Account.Object(), SessionID: session.ID}
			return fact, deleteSession(ctx, tx, session.Account.ID, session.ID)
		})
	return err
}

// RevokeSession ends another session of the same account; it records account.session.revoked.
//
// Errors: SessionNotFound.
func (s *Service) RevokeSession(ctx context.Context, req event.Request, session Session, id event.ID) (err error) {
	defer fault.Wrap(&err, "access.RevokeSession(%s)", id)
	_, err = store.Record(ctx, s.db, session.By(req), aboutAccount(session.Account.ID),
		func(ctx context.Context, tx *store.Tx) (event.AccountSessionRevoked, error) {
			fact := event.AccountSessionRevoked{Account: session.Account.Object(), SessionID: id}
			return fact, deleteSession(ctx, tx, session.Account.ID, id)
		})
	return err
}

// SessionByToken finds the living session of a token, or SessionInvalid, and keeps when it
// was last seen to the minute.
func (s *Service) SessionByToken(ctx context.Context, token string) (_ Session, err error) {
	defer fault.Wrap(&err, "access.SessionByToken")
	session, err := s.PeekSession(ctx, token)
	if err != nil {
		return Session{}, err
	}
	if now := s.db.Now(); now.Sub(session.LastSeenAt) > seenEvery {
		err := store.Bookkeep(ctx, s.db, func(ctx context.Context, b *store.Book) error {
			_, err := b.Exec(ctx, `UPDATE account_sessions SET last_seen_at = $1 WHERE id = $2`, store.Micros(now), session.ID)
			return err
		})
		if err != nil {
			// A database that cannot be written can still be read.
			s.log.WarnContext(ctx, "last-seen time of a session not kept", "error", err)
		}
	}
	return session, nil
}

// PeekSession is SessionByToken for what a page asks for by itself: it finds the session,
// and does not count as its account being there.
func (s *Service) PeekSession(ctx context.Context, token string) (_ Session, err error) {
	defer fault.Wrap(&err, "access.PeekSession")
	now := s.db.Now()
	session, ok, err := store.One(ctx, s.db, (*Session).fields, `
		SELECT `+sessionColumns+`
		FROM account_sessions s
		JOIN accounts a ON a.id = s.account_id
		WHERE s.token_hash = $1 AND s.expires_at > $2 AND s.last_seen_at > $3 AND a.disabled_at IS NULL`,
		vault.HashToken(token), store.Micros(now), store.Micros(now.Add(-IdleLimit)))
	if err != nil {
		return Session{}, err
	}
	if !ok {
		return Session{}, fault.New(fault.Unauthenticated, "SessionInvalid", "Please sign in.")
	}
	return session, nil
}

// Sessions returns an account's living sessions, the latest seen first.
func (s *Service) Sessions(ctx context.Context, account event.ID) (_ []Session, err error) {
	defer fault.Wrap(&err, "access.Sessions(%s)", account)
	now := s.db.Now()
	return store.Collect(ctx, s.db, (*Session).fields, `
		SELECT `+sessionColumns+`
		FROM account_sessions s
		JOIN accounts a ON a.id = s.account_id
		WHERE s.account_id = $1 AND s.expires_at > $2 AND s.last_seen_at > $3
		ORDER BY s.last_seen_at DESC, s.id DESC
		LIMIT 200`, account, store.Micros(now), store.Micros(now.Add(-IdleLimit)))
}
