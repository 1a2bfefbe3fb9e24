package access

import (
	"context"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/limit"
	"github.com/sealog/sealog/internal/store"
)

// SignUp makes an account for somebody who was invited, and signs it in. The caller has
// looked at the invitation and takes its address. It records account.created and
// account.signed_in, and returns the session and its token.
//
// Errors: EmailInvalid, PasswordUnfit, AccountExists, TooManyTries.
func (s *Service) SignUp(ctx context.Context, req event.Request, email, password string) (_ Session, _ string, err error) {
	defer fault.Wrap(&err, "access.SignUp")
	if now := s.db.Now(); !s.fromAddress.Allow(limit.Neighbourhood(req.IP), 5*tryRate, 3*tryBurst, now) {
		return Session{}, "", s.errTries(req, now)
	}
	account, err := s.newAccount(ctx, email, password, false)
	if err != nil {
		return Session{}, "", err
	}
	session, token := newSession(account, req)
	_, err = store.Record(ctx, s.db, session.By(req), aboutAccount(account.ID),
		func(ctx context.Context, tx *store.Tx) (event.AccountSignedIn, error) {
			fact := event.AccountSignedIn{Account: account.Object(), SessionID: session.ID, Method: "invitation"}
			if _, err := lockAccounts(ctx, tx); err != nil {
				return fact, err
			}
			if err := insertAccount(ctx, tx, &account); err != nil {
				return fact, err
			}
			made := account.created()
			made.Via = "invitation"
			if err := store.Also(ctx, tx, aboutAccount(account.ID), made); err != nil {
				return fact, err
			}
			session.Account = account
			return fact, session.insert(ctx, tx, token)
		})
	if err != nil {
		return Session{}, "", err
	}
	return session, token, nil
}
