package access

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/message"
	"github.com/sealog/sealog/internal/store"
)

// Account is a person who signs in to the Portal.
type Account struct {
	ID         event.ID
	Email      string // lower-cased
	IsOperator bool
	CreatedAt  time.Time
	DisabledAt *time.Time // nil for one that can sign in

	passwordHash string
}

const accountColumns = `a.id, a.email, a.is_operator, a.created_at, a.disabled_at, a.password_hash`

func (a *Account) fields() []any {
	return []any{&a.ID, &a.Email, &a.IsOperator, store.Time(&a.CreatedAt), store.TimeOrNull(&a.DisabledAt), &a.passwordHash}
}

// stillProven reports in a transaction that signs an account in whether its password is the one that
// was shown and the account can sign in: hashing takes time, in which either may have changed.
//
// Errors: SignInFailed.
func stillProven(ctx context.Context, tx *store.Tx, a Account) error {
	now, ok, err := store.One(ctx, tx, (*Account).fields, `
		SELECT `+accountColumns+` FROM accounts a WHERE a.id = $1`+tx.ForUpdate(), a.ID)
	if err == nil && (!ok || now.DisabledAt != nil || now.passwordHash != a.passwordHash) {
		err = errSignIn()
	}
	return err
}

// Object is the account as events show it.
func (a Account) Object() event.AccountObject { return event.AccountObject{ID: a.ID, Email: a.Email} }

// The bounds of an account's password in characters (NIST SP 800-63B, section 3.1.1.2).
const (
	MinPassword = 12
	MaxPassword = 256
)

func checkPassword(password string) error {
	n := utf8.RuneCountInString(password)
	if !utf8.ValidString(password) || n < MinPassword || n > MaxPassword {
		return fault.New(fault.Invalid, "PasswordUnfit", "A password has %d to %d characters.", MinPassword, MaxPassword).On("password")
	}
	return nil
}

// CreateAccount makes an account; it records account.created in the Portal's log. With
// operatorIfFirst the account is an operator when there is none before it.
//
// Errors: EmailInvalid, PasswordUnfit, AccountExists.
func (s *Service) CreateAccount(ctx context.Context, by event.By, email, password string, operatorIfFirst bool) (_ Account, err error) {
	defer fault.Wrap(&err, "access.CreateAccount")
	account, err := s.newAccount(ctx, email, password, false)
	if err != nil {
		return Account{}, store.Refuse[event.AccountCreated](ctx, s.db, by, event.InProject(event.PortalProject), err)
	}
	_, err = store.Record(ctx, s.db, by, aboutAccount(account.ID),
		func(ctx context.Context, tx *store.Tx) (event.AccountCreated, error) {
			exists, err := lockAccounts(ctx, tx)
			if err != nil {
				return event.AccountCreated{}, err
			}
			account.IsOperator = operatorIfFirst && !exists
			return account.created(), insertAccount(ctx, tx, &account)
		})
	return account, err
}

func (a Account) created() event.AccountCreated {
	return event.AccountCreated{Account: a.Object(), IsOperator: a.IsOperator}
}

func aboutAccount(id event.ID) event.Target {
	return event.About(event.PortalProject, "account", id.String())
}

func (s *Service) newAccount(ctx context.Context, email, password string, operator bool) (Account, error) {
	email, err := message.NormalEmail(email)
	if err != nil {
		return Account{}, err
	}
	if err := checkPassword(password); err != nil {
		return Account{}, err
	}
	hash, err := s.passwords.Hash(ctx, password)
	return Account{ID: event.NewID(), Email: email, IsOperator: operator, passwordHash: hash}, err
}

func insertAccount(ctx context.Context, tx *store.Tx, a *Account) error {
	a.CreatedAt = tx.Now()
	_, err := tx.Exec(ctx, `
		INSERT INTO accounts (id, email, password_hash, is_operator, created_at)
		VALUES ($1, $2, $3, $4, $5)`, a.ID, a.Email, a.passwordHash, a.IsOperator, store.Micros(a.CreatedAt))
	if store.IsUnique(err) {
		return fault.New(fault.Conflict, "AccountExists", "There is already an account with that e-mail address.").On("email").Because(err)
	}
	return err
}

// lockAccounts makes those who make accounts wait for each other, and reports whether there
// is an account.
func lockAccounts(ctx context.Context, tx *store.Tx) (bool, error) {
	_, err := store.Column[string](ctx, tx, `SELECT project_id FROM projects WHERE project_id = $1`+tx.ForUpdate(), event.PortalProject)
	if err != nil {
		return false, err
	}
	return hasAccounts(ctx, tx)
}

// AccountByEmail finds an account, or AccountNotFound.
func (s *Service) AccountByEmail(ctx context.Context, email string) (_ Account, err error) {
	defer fault.Wrap(&err, "access.AccountByEmail")
	a, ok, err := s.accountByEmail(ctx, strings.ToLower(strings.TrimSpace(email)))
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "AccountNotFound", "There is no account with that e-mail address.").On("email")
	}
	return a, err
}

func (s *Service) accountByEmail(ctx context.Context, email string) (Account, bool, error) {
	return store.One(ctx, s.db, (*Account).fields, `SELECT `+accountColumns+` FROM accounts a WHERE a.email = $1`, email)
}

// HasAccounts reports whether there is any account.
func (s *Service) HasAccounts(ctx context.Context) (bool, error) {
	return hasAccounts(ctx, s.db)
}

func hasAccounts(ctx context.Context, q store.Querier) (bool, error) {
	ids, err := store.Column[event.ID](ctx, q, `SELECT id FROM accounts LIMIT 1`)
	return len(ids) > 0, err
}
