package access

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/limit"
	"github.com/sealog/sealog/internal/message"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/vault"
)

// The limits of links with which an account sets a new password.
const (
	ResetLifetime = 30 * time.Minute
	resetsPerHour = 5 // sent to one account
)

// ResetPath is the page of the Portal that such a link leads to.
const ResetPath = "/reset"

// ChangePassword replaces the password of a session's account, which shows the one it has.
// Every other session and all personal access tokens of the account end, and a new session
// takes the place of this one. It records account.password.changed.
//
// Errors: PasswordWrong (on "current"), PasswordUnfit, TooManyTries.
func (s *Service) ChangePassword(ctx context.Context, req event.Request, old Session, current, password string) (_ Session, _ string, err error) {
	defer fault.Wrap(&err, "access.ChangePassword")
	refused := func(err error) (Session, string, error) {
		return Session{}, "", store.Refuse[event.AccountPasswordChanged](ctx, s.db, old.By(req), aboutAccount(old.Account.ID), err)
	}
	if now := s.db.Now(); !s.inSession.Allow(old.Account.ID.String(), tryRate, tryBurst, now) {
		return Session{}, "", s.errTries(req, now)
	}
	if err := checkPassword(password); err != nil {
		return refused(err)
	}
	if err := s.prove(ctx, req, old.Account.passwordHash, current); err != nil {
		if fault.Is(err, "SignInFailed") {
			return refused(fault.New(fault.Denied, "PasswordWrong", "The password is wrong.").On("current"))
		}
		return Session{}, "", err
	}
	hash, err := s.passwords.Hash(ctx, password)
	if err != nil {
		return Session{}, "", err
	}
	session, token := newSession(old.Account, req)
	session.ExpiresAt = old.ExpiresAt
	_, err = store.Record(ctx, s.db, session.By(req), aboutAccount(old.Account.ID),
		func(ctx context.Context, tx *store.Tx) (fact event.AccountPasswordChanged, err error) {
			fact.Account = old.Account.Object()
			if err := stillProven(ctx, tx, old.Account); err != nil {
				return fact, err
			}
			fact.SessionsEnded, fact.TokensRevoked, err = setPassword(ctx, tx, old.Account.ID, hash)
			fact.SessionsEnded-- // this one goes on
			if err != nil {
				return fact, err
			}
			return fact, session.insert(ctx, tx, token)
		})
	return session, token, err
}

// setPassword replaces an account's password and ends everything that the old one opened.
func setPassword(ctx context.Context, tx *store.Tx, account event.ID, hash string) (sessions, tokens int, err error) {
	if _, err := tx.Exec(ctx, `UPDATE accounts SET password_hash = $2 WHERE id = $1`, account, hash); err != nil {
		return 0, 0, err
	}
	return endAll(ctx, tx, account)
}

// endAll ends everything that an account has open: links to set a password, sign-ins that wait for a
// second factor, sessions and personal access tokens, of which it returns the numbers.
func endAll(ctx context.Context, tx *store.Tx, account event.ID) (sessions, tokens int, err error) {
	if _, err := tx.Exec(ctx, `
		UPDATE account_password_resets
		SET used_at = $2
		WHERE account_id = $1 AND used_at IS NULL`, account, store.Micros(tx.Now())); err != nil {
		return 0, 0, err
	}
	if err := endChallenges(ctx, tx, account); err != nil {
		return 0, 0, err
	}
	ended, err := tx.Exec(ctx, `DELETE FROM account_sessions WHERE account_id = $1`, account)
	if err != nil {
		return 0, 0, err
	}
	revoked, err := tx.Exec(ctx, `DELETE FROM personal_access_tokens WHERE account_id = $1`, account)
	return int(ended), int(revoked), err
}

func endChallenges(ctx context.Context, tx *store.Tx, account event.ID) error {
	_, err := tx.Exec(ctx, `DELETE FROM sign_in_challenges WHERE account_id = $1`, account)
	return err
}

// RequestPasswordReset sends an account a link with which it can set a new password, once,
// within 30 minutes. Whether there is such an account is not told; who answers sees to it
// that the time it takes does not tell it either. It records account.password_reset.requested, with Sealog as actor: who asks has
// proven nothing.
//
// Errors: TooManyTries.
func (s *Service) RequestPasswordReset(ctx context.Context, req event.Request, email string) (err error) {
	defer fault.Wrap(&err, "access.RequestPasswordReset")
	if err := s.limitSignIn(req, email); err != nil {
		return err
	}
	account, known := Account{}, false
	if email, err = message.NormalEmail(email); err == nil {
		if account, known, err = s.accountByEmail(ctx, email); err != nil {
			return err
		}
	}
	token := vault.NewToken()
	link := s.resetLink(token)
	by := event.BySystem("password-resets")
	by.Surface, by.Request = event.ViaPortal, req
	mail := message.Seal(s.db.Vault(), message.Draft{
		Project: event.PortalProject, Channel: message.Email, Kind: message.KindPasswordReset, Recipient: account.Email, By: by,
		Subject: "Set a new password for Sealog",
		Text: fmt.Sprintf(`Somebody, perhaps you, asked for a link to set a new password for %s.
It works once, for 30 minutes:

%s

If it was not you, do nothing: your password stays as it is.
`, account.Email, link),
	})
	if !known || account.DisabledAt != nil {
		s.refusals.Count(event.PortalProject, "ResetForUnknown", req.IP, s.db.Now())
		return nil
	}
	_, err = store.Record(ctx, s.db, by, aboutAccount(account.ID),
		func(ctx context.Context, tx *store.Tx) (event.AccountPasswordResetRequested, error) {
			expires := tx.Now().Add(ResetLifetime)
			fact := event.AccountPasswordResetRequested{Account: account.Object(), ExpiresAt: expires}
			sent, err := store.Column[int64](ctx, tx, `
				SELECT created_at
				FROM account_password_resets
				WHERE account_id = $1 AND created_at > $2`, account.ID, store.Micros(tx.Now().Add(-time.Hour)))
			if err != nil {
				return fact, err
			}
			if len(sent) >= resetsPerHour {
				return fact, fault.New(fault.Exhausted, "ResetLimitReached", "This account has been sent enough links.")
			}
			_, err = tx.Exec(ctx, `
				INSERT INTO account_password_resets (token_hash, account_id, created_at, expires_at)
				VALUES ($1, $2, $3, $4)`, vault.HashToken(token), account.ID, store.Micros(tx.Now()), store.Micros(expires))
			if err != nil {
				return fact, err
			}
			return fact, mail.Enqueue(ctx, tx)
		})
	if fault.Is(err, "ResetLimitReached") {
		return nil // on the record, and not told
	}
	return err
}

// resetLink is the address of the page on which a token sets a new password.
func (s *Service) resetLink(token string) string {
	link := *s.projects.PublicURL
	link.Path, link.RawQuery = ResetPath, url.Values{"token": {token}}.Encode()
	return link.String()
}

func errResetLink() error {
	return fault.New(fault.Denied, "ResetLinkInvalid", "This link has been used, or is older than 30 minutes. Ask for another.")
}

// resetAccount finds the account of a living link.
func resetAccount(ctx context.Context, q store.Querier, token string, now time.Time) (Account, error) {
	a, ok, err := store.One(ctx, q, (*Account).fields, `
		SELECT `+accountColumns+`
		FROM account_password_resets r
		JOIN accounts a ON a.id = r.account_id
		WHERE r.token_hash = $1 AND r.used_at IS NULL AND r.expires_at > $2 AND a.disabled_at IS NULL`,
		vault.HashToken(token), store.Micros(now))
	if err == nil && !ok {
		err = errResetLink()
	}
	return a, err
}

// CheckResetLink returns ResetLinkInvalid unless ResetPassword would accept the token now.
//
// Errors: ResetLinkInvalid, TooManyTries.
func (s *Service) CheckResetLink(ctx context.Context, req event.Request, token string) (err error) {
	defer fault.Wrap(&err, "access.CheckResetLink")
	if err := s.admitLink(req); err != nil {
		return err
	}
	_, err = resetAccount(ctx, s.db, token, s.db.Now())
	return s.countLink(req, err)
}

// ResetPassword sets a new password with a link. Every session and all personal access
// tokens of the account end; a second factor stays. It records account.password.reset.
//
// Errors: ResetLinkInvalid, PasswordUnfit, TooManyTries. An unfit password leaves the link as it was.
func (s *Service) ResetPassword(ctx context.Context, req event.Request, token, password string) (err error) {
	defer fault.Wrap(&err, "access.ResetPassword")
	if now := s.db.Now(); !s.fromAddress.Allow(limit.Neighbourhood(req.IP), 5*tryRate, 3*tryBurst, now) {
		return s.errTries(req, now)
	}
	account, err := resetAccount(ctx, s.db, token, s.db.Now())
	if err != nil {
		return s.countLink(req, err)
	}
	by := Session{Account: account}.By(req) // who has the link has proven that the address is theirs
	if err := checkPassword(password); err != nil {
		return store.Refuse[event.AccountPasswordReset](ctx, s.db, by, aboutAccount(account.ID), err)
	}
	hash, err := s.passwords.Hash(ctx, password)
	if err != nil {
		return err
	}
	_, err = store.Record(ctx, s.db, by, aboutAccount(account.ID),
		func(ctx context.Context, tx *store.Tx) (fact event.AccountPasswordReset, err error) {
			fact.Account = account.Object()
			used, err := tx.Exec(ctx, `
				UPDATE account_password_resets
				SET used_at = $2
				WHERE token_hash = $1 AND used_at IS NULL AND expires_at > $2`, vault.HashToken(token), store.Micros(tx.Now()))
			if err == nil && used == 0 {
				err = errResetLink()
			}
			if err != nil {
				return fact, err
			}
			fact.SessionsEnded, fact.TokensRevoked, err = setPassword(ctx, tx, account.ID, hash)
			return fact, err
		})
	return err
}
