package access

import (
	"context"
	"strings"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/limit"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/vault"
)

// Scope bounds what can be done with a personal access token, whatever its account's role.
type Scope string

// The scopes, each wider than the one before. None is that of a session of the Portal.
const (
	WholeAccount Scope = ""
	ReadScope    Scope = "READ"    // look
	ActScope     Scope = "ACT"     // and change
	SecretsScope Scope = "SECRETS" // and all else that the role allows
)

// allows reports whether a scope lets a permission of the role through.
func (s Scope) allows(p Permission) bool {
	switch s {
	case WholeAccount, SecretsScope:
		return true
	case ActScope:
		return p == Read || p == Act
	case ReadScope:
		return p == Read
	default:
		return false
	}
}

// The bounds of personal access tokens.
const (
	TokenPrefix       = "sealog_pat_" // by which scanners for leaked secrets know them
	MaxPersonalTokens = 20            // of one account
	MaxTokenDays      = 365
)

// PersonalToken is a token with which a program calls the Portal API as an account. The
// token itself is known to its account only.
type PersonalToken struct {
	ID                   event.ID
	Name                 string
	Scope                Scope
	CreatedAt, ExpiresAt time.Time
	LastUsedAt           *time.Time
}

const personalTokenColumns = `id, name, scope, created_at, expires_at, last_used_at`

func (t *PersonalToken) fields() []any {
	return []any{&t.ID, &t.Name, (*string)(&t.Scope), store.Time(&t.CreatedAt), store.Time(&t.ExpiresAt), store.TimeOrNull(&t.LastUsedAt)}
}

// PersonalTokens returns an account's tokens, the newest first; expired ones too, until
// they are revoked.
func (s *Service) PersonalTokens(ctx context.Context, account event.ID) (_ []PersonalToken, err error) {
	defer fault.Wrap(&err, "access.PersonalTokens(%s)", account)
	return store.Collect(ctx, s.db, (*PersonalToken).fields, `
		SELECT `+personalTokenColumns+`
		FROM personal_access_tokens
		WHERE account_id = $1
		ORDER BY id DESC
		LIMIT 100`, account)
}

// NewPersonalToken makes a token for a session's account that lives for some days. It
// records account.access_token.created and returns the token, which is shown this once.
//
// Errors: TokenNameInvalid, TokenScopeInvalid, TokenDaysInvalid, NotFresh (the scope SECRETS
// is for who has just confirmed their password), SessionRequired (no token makes another),
// TokenLimitReached.
func (s *Service) NewPersonalToken(ctx context.Context, req event.Request, session Session, name string, scope Scope, days int) (_ string, _ PersonalToken, err error) {
	defer fault.Wrap(&err, "access.NewPersonalToken")
	account := session.Account.ID
	name = strings.TrimSpace(name)
	if err := s.checkToken(session, name, scope, days); err != nil {
		return "", PersonalToken{}, store.Refuse[event.AccountAccessTokenCreated](ctx, s.db, session.By(req), aboutAccount(account), err)
	}
	token := TokenPrefix + vault.NewToken()
	made := PersonalToken{ID: event.NewID(), Name: name, Scope: scope}
	_, err = store.Record(ctx, s.db, session.By(req), aboutAccount(account),
		func(ctx context.Context, tx *store.Tx) (fact event.AccountAccessTokenCreated, err error) {
			made.CreatedAt, made.ExpiresAt = tx.Now(), tx.Now().AddDate(0, 0, days)
			fact = event.AccountAccessTokenCreated{
				Account: session.Account.Object(), TokenID: made.ID, Name: name, Scope: string(scope), ExpiresAt: made.ExpiresAt,
			}
			if _, err := store.Column[event.ID](ctx, tx, `SELECT id FROM accounts WHERE id = $1`+tx.ForUpdate(), account); err != nil {
				return fact, err
			}
			if ended, err := hasEnded(ctx, tx, session); err != nil || ended {
				if ended {
					err = fault.New(fault.Unauthenticated, "SessionInvalid", "Please sign in.")
				}
				return fact, err
			}
			living, err := store.Column[event.ID](ctx, tx, `
				SELECT id FROM personal_access_tokens WHERE account_id = $1 AND expires_at > $2`, account, store.Micros(tx.Now()))
			if err != nil {
				return fact, err
			}
			if len(living) >= MaxPersonalTokens {
				return fact, fault.New(fault.Conflict, "TokenLimitReached", "An account has at most %d tokens; revoke one first.", MaxPersonalTokens)
			}
			_, err = tx.Exec(ctx, `
				INSERT INTO personal_access_tokens (id, account_id, name, scope, token_hash, created_at, expires_at)
				VALUES ($1, $2, $3, $4, $5, $6, $7)`,
				made.ID, account, name, string(scope), vault.HashToken(token), store.Micros(made.CreatedAt), store.Micros(made.ExpiresAt))
			return fact, err
		})
	if err != nil {
		return "", PersonalToken{}, err
	}
	return token, made, nil
}

func (s *Service) checkToken(session Session, name string, scope Scope, days int) error {
	if !session.TokenID.IsZero() {
		return errSessionRequired()
	}
	if err := limit.TokenName.CheckName(name); err != nil {
		return err
	}
	switch {
	case scope != ReadScope && scope != ActScope && scope != SecretsScope:
		return fault.New(fault.Invalid, "TokenScopeInvalid", "A token's scope is READ, ACT or SECRETS.").On("scope")
	case days < 1 || days > MaxTokenDays:
		return fault.New(fault.Invalid, "TokenDaysInvalid", "A token lives for 1 to %d days.", MaxTokenDays).On("days")
	case scope == SecretsScope && !session.IsFresh(s.db.Now()):
		return errNotFresh()
	}
	return nil
}

func errSessionRequired() error {
	return fault.New(fault.Denied, "SessionRequired", "That is done in the Portal, signed in, and not with an access token.")
}

// RevokePersonalToken makes a token of a session's account worthless. It records
// account.access_token.revoked.
//
// Errors: TokenNotFound.
func (s *Service) RevokePersonalToken(ctx context.Context, req event.Request, session Session, id event.ID) (err error) {
	defer fault.Wrap(&err, "access.RevokePersonalToken(%s)", id)
	_, err = store.Record(ctx, s.db, session.By(req), aboutAccount(session.Account.ID),
		func(ctx context.Context, tx *store.Tx) (fact event.AccountAccessTokenRevoked, err error) {
			t, _, err := store.One(ctx, tx, (*PersonalToken).fields, `
				SELECT `+personalTokenColumns+` FROM personal_access_tokens WHERE id = $1 AND account_id = $2`, id, session.Account.ID)
			if err != nil {
				return fact, err
			}
			fact = event.AccountAccessTokenRevoked{Account: session.Account.Object(), TokenID: id, Name: t.Name}
			n, err := tx.Exec(ctx, `DELETE FROM personal_access_tokens WHERE id = $1 AND account_id = $2`, id, session.Account.ID)
			if err == nil && n == 0 {
				err = fault.New(fault.NotFound, "TokenNotFound", "There is no such token any more.")
			}
			return fact, err
		})
	return err
}

// tokenOwner is a living token with its account.
type tokenOwner struct {
	account Account
	token   PersonalToken
}

func (o *tokenOwner) fields() []any { return append(o.account.fields(), o.token.fields()...) }

// SessionByPersonalToken finds the account of a personal access token. The session that it
// returns has no id, and what can be done with it is bounded by the token's scope.
//
// Errors: SessionInvalid.
func (s *Service) SessionByPersonalToken(ctx context.Context, req event.Request, token string) (_ Session, err error) {
	defer fault.Wrap(&err, "access.SessionByPersonalToken")
	now := s.db.Now()
	found, ok, err := store.One(ctx, s.db, (*tokenOwner).fields, `
		SELECT `+accountColumns+`, t.id, t.name, t.scope, t.created_at, t.expires_at, t.last_used_at
		FROM personal_access_tokens t
		JOIN accounts a ON a.id = t.account_id
		WHERE t.token_hash = $1 AND t.expires_at > $2 AND a.disabled_at IS NULL`, vault.HashToken(token), store.Micros(now))
	if err != nil {
		return Session{}, err
	}
	if !ok || !strings.HasPrefix(token, TokenPrefix) {
		s.refusals.Count(event.PortalProject, "PersonalTokenInvalid", req.IP, now)
		return Session{}, fault.New(fault.Unauthenticated, "SessionInvalid", "The access token is wrong, has expired, or was revoked.")
	}
	t := found.token
	if t.LastUsedAt == nil || now.Sub(*t.LastUsedAt) > seenEvery {
		err := store.Bookkeep(ctx, s.db, func(ctx context.Context, book *store.Book) error {
			_, err := book.Exec(ctx, `UPDATE personal_access_tokens SET last_used_at = $1 WHERE id = $2`, store.Micros(now), t.ID)
			return err
		})
		if err != nil {
			s.log.WarnContext(ctx, "last-used time of an access token not kept", "error", err)
		}
	}
	return Session{
		Account: found.account, TokenID: t.ID, Scope: t.Scope, CreatedAt: t.CreatedAt, ExpiresAt: t.ExpiresAt, IP: req.IP, UserAgent: req.UserAgent,
	}, nil
}

// hasEnded reports whether a session of the Portal is there no more: it may have ended since the
// request was let in.
func hasEnded(ctx context.Context, tx *store.Tx, session Session) (bool, error) {
	found, err := store.Column[event.ID](ctx, tx, `SELECT id FROM account_sessions WHERE id = $1`, session.ID)
	return len(found) == 0, err
}
