package access

import (
	"context"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/vault"
)

// SetupLifetime is how long a set-up link works.
const SetupLifetime = 30 * time.Minute

func errSetupLink() error {
	return fault.New(fault.Denied, "SetupLinkInvalid",
		"This set-up link has been used, has expired, or is not needed any more. The command \"sealog setup-link\" prints another.")
}

// NewSetupLink makes the token of a link with which the first account can be made, once. It
// records account.setup_link.created.
//
// Errors: SetupDone when there is an account already.
func (s *Service) NewSetupLink(ctx context.Context, by event.By) (_ string, err error) {
	defer fault.Wrap(&err, "access.NewSetupLink")
	token := vault.NewToken()
	_, err = store.Record(ctx, s.db, by, event.InProject(event.PortalProject),
		func(ctx context.Context, tx *store.Tx) (event.AccountSetupLinkCreated, error) {
			expires := tx.Now().Add(SetupLifetime)
			fact := event.AccountSetupLinkCreated{ExpiresAt: expires}
			if done, err := hasAccounts(ctx, tx); err != nil || done {
				if done {
					err = fault.New(fault.Conflict, "SetupDone", "The first account exists already; \"sealog account create\" makes more.")
				}
				return fact, err
			}
			_, err := tx.Exec(ctx, `
				INSERT INTO setup_links (token_hash, created_at, expires_at)
				VALUES ($1, $2, $3)`, vault.HashToken(token), store.Micros(tx.Now()), store.Micros(expires))
			return fact, err
		})
	return token, err
}

// CheckSetupLink returns SetupLinkInvalid unless SetUp would accept the token now. It
// changes nothing.
//
// Errors: SetupLinkInvalid, TooManyTries.
func (s *Service) CheckSetupLink(ctx context.Context, req event.Request, token string) (err error) {
	defer fault.Wrap(&err, "access.CheckSetupLink")
	if err := s.admitLink(req); err != nil {
		return err
	}
	return s.countLink(req, checkSetupLink(ctx, s.db, token, s.db.Now()))
}

func checkSetupLink(ctx context.Context, q store.Querier, token string, now time.Time) error {
	if done, err := hasAccounts(ctx, q); err != nil || done {
		if done {
			err = errSetupLink()
		}
		return err
	}
	found, err := store.Column[int64](ctx, q, `
		SELECT expires_at
		FROM setup_links
		WHERE token_hash = $1 AND used_at IS NULL AND expires_at > $2`, vault.HashToken(token), store.Micros(now))
	if err == nil && len(found) == 0 {
		err = errSetupLink()
	}
	return err
}

// SetUp uses up a set-up link: it makes the first account, an operator, and signs it in. It
// returns the session and its token.
//
// Errors: SetupLinkInvalid, EmailInvalid, PasswordUnfit. Invalid input leaves the link as it was.
func (s *Service) SetUp(ctx context.Context, req event.Request, token, email, password string) (_ Session, _ string, err error) {
	defer fault.Wrap(&err, "access.SetUp")
	if err := s.CheckSetupLink(ctx, req, token); err != nil {
		return Session{}, "", err
	}
	account, err := s.newAccount(ctx, email, password, true)
	if err != nil {
		return Session{}, "", err
	}
	session, sessionToken := newSession(account, req)
	_, err = store.Record(ctx, s.db, session.By(req), aboutAccount(account.ID),
		func(ctx context.Context, tx *store.Tx) (event.AccountSignedIn, error) {
			fact := event.AccountSignedIn{Account: account.Object(), SessionID: session.ID, Method: "setup"}
			if _, err := lockAccounts(ctx, tx); err != nil {
				return fact, err
			}
			if err := checkSetupLink(ctx, tx, token, tx.Now()); err != nil {
				return fact, err
			}
			used, err := tx.Exec(ctx, `
				UPDATE setup_links
				SET used_at = $1
				WHERE token_hash = $2 AND used_at IS NULL`, store.Micros(tx.Now()), vault.HashToken(token))
			if err != nil {
				return fact, err
			}
			if used != 1 {
				return fact, errSetupLink()
			}
			if err := insertAccount(ctx, tx, &account); err != nil {
				return fact, err
			}
			if err := store.Also(ctx, tx, aboutAccount(account.ID), account.created()); err != nil {
				return fact, err
			}
			session.Account = account
			return fact, session.insert(ctx, tx, sessionToken)
		})
	return session, sessionToken, err
}
