package access

import (
	"context"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/vault"
)

// What operators do to accounts, by commands on the server.

// accountsListed bounds Accounts.
const accountsListed = 10_000

// Accounts returns the accounts by address, at most 10,000 of them: those after an address, "" for the
// first.
func (s *Service) Accounts(ctx context.Context, after string) (_ []Account, err error) {
	defer fault.Wrap(&err, "access.Accounts")
	return store.Collect(ctx, s.db, (*Account).fields, `
		SELECT `+accountColumns+` FROM accounts a WHERE a.email > $1 ORDER BY a.email LIMIT $2`, after, accountsListed)
}

// Disable keeps an account from signing in, and ends its sessions, tokens and pending sign-ins. It
// records account.disabled.
//
// Errors: AccountDisabled (already).
func (s *Service) Disable(ctx context.Context, by event.By, account Account) (err error) {
	defer fault.Wrap(&err, "access.Disable(%s)", account.ID)
	_, err = store.Record(ctx, s.db, by, aboutAccount(account.ID),
		func(ctx context.Context, tx *store.Tx) (fact event.AccountDisabled, err error) {
			fact.Account = account.Object()
			n, err := tx.Exec(ctx, `
				UPDATE accounts SET disabled_at = $2 WHERE id = $1 AND disabled_at IS NULL`, account.ID, store.Micros(tx.Now()))
			if err == nil && n == 0 {
				err = fault.New(fault.Conflict, "AccountDisabled", "The account is disabled already.")
			}
			if err != nil {
				return fact, err
			}
			fact.SessionsEnded, fact.TokensRevoked, err = endAll(ctx, tx, account.ID)
			return fact, err
		})
	return err
}

// Enable lets a disabled account sign in again. It records account.enabled.
//
// Errors: AccountNotDisabled.
func (s *Service) Enable(ctx context.Context, by event.By, account Account) (err error) {
	defer fault.Wrap(&err, "access.Enable(%s)", account.ID)
	_, err = store.Record(ctx, s.db, by, aboutAccount(account.ID),
		func(ctx context.Context, tx *store.Tx) (event.AccountEnabled, error) {
			n, err := tx.Exec(ctx, `UPDATE accounts SET disabled_at = NULL WHERE id = $1 AND disabled_at IS NOT NULL`, account.ID)
			if err == nil && n == 0 {
				err = fault.New(fault.Conflict, "AccountNotDisabled", "The account is not disabled.")
			}
			return event.AccountEnabled{Account: account.Object()}, err
		})
	return err
}

// EndSessions ends all sessions of an account, and returns how many there were. It records
// account.sessions_ended.
func (s *Service) EndSessions(ctx context.Context, by event.By, account Account) (ended int, err error) {
	defer fault.Wrap(&err, "access.EndSessions(%s)", account.ID)
	_, err = store.Record(ctx, s.db, by, aboutAccount(account.ID),
		func(ctx context.Context, tx *store.Tx) (event.AccountSessionsEnded, error) {
			fact := event.AccountSessionsEnded{Account: account.Object()}
			if err := endChallenges(ctx, tx, account.ID); err != nil {
				return fact, err
			}
			n, err := tx.Exec(ctx, `DELETE FROM account_sessions WHERE account_id = $1`, account.ID)
			ended, fact.SessionsEnded = int(n), int(n)
			return fact, err
		})
	return ended, err
}

// NewResetLink makes a link with which an account sets a new password, once, within 30 minutes, for an
// operator to hand over where no mail can be sent. Everything that the account has open ends. It
// records account.reset_link.created.
//
// Errors: AccountDisabled.
func (s *Service) NewResetLink(ctx context.Context, by event.By, account Account) (link string, err error) {
	defer fault.Wrap(&err, "access.NewResetLink(%s)", account.ID)
	token := vault.NewToken()
	_, err = store.Record(ctx, s.db, by, aboutAccount(account.ID),
		func(ctx context.Context, tx *store.Tx) (fact event.AccountResetLinkCreated, err error) {
			fact.Account, fact.ExpiresAt = account.Object(), tx.Now().Add(ResetLifetime)
			if account.DisabledAt != nil {
				return fact, fault.New(fault.Conflict, "AccountDisabled", "The account is disabled; enable it first.")
			}
			if fact.SessionsEnded, fact.TokensRevoked, err = endAll(ctx, tx, account.ID); err != nil {
				return fact, err
			}
			_, err = tx.Exec(ctx, `
				INSERT INTO account_password_resets (token_hash, account_id, created_at, expires_at)
				VALUES ($1, $2, $3, $4)`, vault.HashToken(token), account.ID, store.Micros(tx.Now()), store.Micros(fact.ExpiresAt))
			return fact, err
		})
	if err != nil {
		return "", err
	}
	return s.resetLink(token), nil
}
