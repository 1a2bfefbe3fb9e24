package access

import (
	"context"
	"fmt"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/limit"
	"github.com/sealog/sealog/internal/message"
	"github.com/sealog/sealog/internal/store"
)

// codesWithin is the time in which limit.CodesOfAccount codes may be wrong.
const codesWithin = time.Hour

// codeFailures is how many codes of an account were tried since a time, and not right.
type codeFailures struct {
	since    time.Time
	failures int
}

func (f *codeFailures) fields() []any { return []any{store.Time(&f.since), &f.failures} }

// countCode takes one of the codes that an account may try, before it is looked at; forgetCodes gives
// all of them back. The count is in the database, since those who guess have many addresses. It
// keeps no owner out by a stranger's doing: whoever comes here has shown the password. The first
// code too many is recorded and reported to the owner by mail.
//
// Errors: TooManyCodes.
func (s *Service) countCode(ctx context.Context, req event.Request, account Account) error {
	now, tried := s.db.Now(), codeFailures{}
	err := store.Bookkeep(ctx, s.db, func(ctx context.Context, book *store.Book) error {
		if _, err := book.Exec(ctx, `
			INSERT INTO account_code_failures (account_id, since, failures)
			VALUES ($1, $2, 1)
			ON CONFLICT (account_id) DO UPDATE SET
				failures = CASE WHEN account_code_failures.since <= $3 THEN 1 ELSE account_code_failures.failures + 1 END,
				since = CASE WHEN account_code_failures.since <= $3 THEN $2 ELSE account_code_failures.since END`,
			account.ID, store.Micros(now), store.Micros(now.Add(-codesWithin))); err != nil {
			return err
		}
		var err error
		tried, _, err = store.One(ctx, book, (*codeFailures).fields, `SELECT since, failures FROM account_code_failures WHERE account_id = $1`, account.ID)
		return err
	})
	if err != nil {
		return err
	}
	if limit.CodesOfAccount.Check(tried.failures) == nil {
		return nil
	}
	by, until := Session{Account: account}.By(req), tried.since.Add(codesWithin).UTC()
	if tried.failures == limit.CodesOfAccount.Most+1 {
		if err := s.reportCodes(ctx, by, account, until); err != nil {
			return err
		}
	}
	exceeded := limit.CodesOfAccount.Exceeded()
	exceeded.Message += " Try again after " + until.Format("15:04 MST") + "."
	return store.Refuse[event.AccountSignedIn](ctx, s.db, by, aboutAccount(account.ID), exceeded)
}

// reportCodes records that an account takes no codes until a time, and tells its owner.
func (s *Service) reportCodes(ctx context.Context, by event.By, account Account, until time.Time) error {
	mail := message.Seal(s.db.Vault(), message.Draft{
		Project: event.PortalProject, Channel: message.Email, Kind: message.KindCodesWrong, Recipient: account.Email, By: by,
		Subject: "Wrong codes for your Sealog account",
		Text: fmt.Sprintf(`Somebody has signed in to Sealog as %s with the right password, and has entered
%d wrong codes of the second factor. No more codes are accepted until %s.

If it was not you, somebody knows your password: set a new one at once.
`, account.Email, limit.CodesOfAccount.Most, until.Format(time.RFC1123)),
	})
	_, err := store.Record(ctx, s.db, by, aboutAccount(account.ID),
		func(ctx context.Context, tx *store.Tx) (event.AccountCodesExhausted, error) {
			fact := event.AccountCodesExhausted{Account: account.Object(), Failures: limit.CodesOfAccount.Most, Until: until}
			return fact, mail.Enqueue(ctx, tx)
		})
	return err
}

// forgetCodes is for an account that has shown a right code.
func forgetCodes(ctx context.Context, book *store.Book, account event.ID) error {
	_, err := book.Exec(ctx, `DELETE FROM account_code_failures WHERE account_id = $1`, account)
	return err
}
