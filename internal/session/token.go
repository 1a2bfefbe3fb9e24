package session

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

// seenEvery is how exactly last_accessed_at is kept.
const seenEvery = time.Minute

// NewRefreshToken returns the refresh token of a session and the hash to store: the
// session's id, a dot, and 256 random bits.
func NewRefreshToken(id event.ID) (token string, hash []byte) {
	token = id.String() + "." + vault.NewToken()
	return token, vault.HashToken(token)
}

// executor writes in a transaction: a store.Tx or a store.Book.
type executor interface {
	Exec(ctx context.Context, query string, args ...any) (int64, error)
}

// InsertAccessToken stores the hash of an access token, which is good until a time or the
// end of its session, whichever comes first. Of the session's older tokens it keeps the newest, so
// that at most limit.AccessTokensLiving are good.
func InsertAccessToken(ctx context.Context, e executor, s Session, token string, now, until time.Time) error {
	_, err := e.Exec(ctx, `
		INSERT INTO access_tokens (project_id, token_hash, session_id, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5)`,
		s.Project, vault.HashToken(token), s.ID, store.Micros(now), store.Micros(until))
	if err != nil {
		return err
	}
	_, err = e.Exec(ctx, `
		DELETE FROM access_tokens
		WHERE project_id = $1 AND session_id = $2 AND token_hash <> $3 AND token_hash NOT IN (
			SELECT token_hash
			FROM access_tokens
			WHERE project_id = $1 AND session_id = $2 AND token_hash <> $3
			ORDER BY created_at DESC, token_hash
			LIMIT $4)`, s.Project, s.ID, vault.HashToken(token), limit.AccessTokensLiving-1)
	return err
}

// Token is a token that was found good.
type Token struct {
	Session   Session
	ExpiresAt time.Time
	IssuedAt  time.Time
	// IsRefresh is a refresh token; else it is an access token.
	IsRefresh bool
}

type tokenRow struct {
	Session
	issued, expires time.Time
}

func (r *tokenRow) fields() []any {
	return append(r.Session.fields(), store.Time(&r.issued), store.Time(&r.expires))
}

// Lookup finds the session that a token stands for, and whether there is one that is good.
// It does not say whether its user may sign in.
func (s *Service) Lookup(ctx context.Context, token string) (_ Token, _ bool, err error) {
	defer fault.Wrap(&err, "session.Lookup")
	if len(token) > 256 {
		return Token{}, false, nil
	}
	now := s.db.Now()
	if strings.Contains(token, ".") {
		row, ok, err := store.One(ctx, s.db, (*Session).fields, `
			SELECT `+columns+` FROM sessions WHERE token_hash = $1 AND type = 'offline_grant'`, vault.HashToken(token))
		return Token{Session: row, ExpiresAt: row.ExpiresAt, IssuedAt: row.CreatedAt, IsRefresh: true}, ok && row.Live(now), err
	}
	row, ok, err := store.One(ctx, s.db, (*tokenRow).fields, `
		SELECT `+qualified()+`, t.created_at, t.expires_at
		FROM access_tokens AS t
		JOIN sessions AS s ON s.project_id = t.project_id AND s.id = t.session_id
		WHERE t.token_hash = $1`, vault.HashToken(token))
	if err != nil || !ok {
		return Token{}, false, err
	}
	return Token{Session: row.Session, ExpiresAt: row.expires, IssuedAt: row.issued}, row.Live(now) && now.Before(row.expires), nil
}

// qualified is the columns of sessions AS s.
func qualified() string {
	names := strings.Split(columns, ",")
	for i, name := range names {
		names[i] = "s." + strings.TrimSpace(name)
	}
	return strings.Join(names, ", ")
}

// Renew makes another access token for a session whose refresh token was shown.
func (s *Service) Renew(ctx context.Context, of Session, ip string, lifetime time.Duration) (_ string, err error) {
	defer fault.Wrap(&err, "session.Renew(%q)", of.Project)
	token := vault.NewToken()
	err = store.Bookkeep(ctx, s.db, func(ctx context.Context, book *store.Book) error {
		now := s.db.Now()
		if err := seen(ctx, book, of, ip, now); err != nil {
			return err
		}
		return InsertAccessToken(ctx, book, of, token, now, now.Add(lifetime))
	})
	return token, err
}

// Seen notes that a session was used, to the minute.
func (s *Service) Seen(ctx context.Context, of Session, ip string) (err error) {
	defer fault.Wrap(&err, "session.Seen(%q)", of.Project)
	now := s.db.Now()
	if now.Sub(of.LastAccessedAt) < seenEvery && ip == of.LastAccessedIP {
		return nil
	}
	return store.Bookkeep(ctx, s.db, func(ctx context.Context, book *store.Book) error {
		return seen(ctx, book, of, ip, now)
	})
}

func seen(ctx context.Context, book *store.Book, of Session, ip string, now time.Time) error {
	_, err := book.Exec(ctx, `
		UPDATE sessions
		SET last_accessed_at = $3, last_accessed_by_ip = $4
		WHERE project_id = $1 AND id = $2`, of.Project, of.ID, store.Micros(now), ip)
	return err
}

// Sweep removes access tokens that have expired.
func Sweep(ctx context.Context, db *store.DB, now time.Time) (err error) {
	defer fault.Wrap(&err, "session.Sweep")
	return store.Bookkeep(ctx, db, func(ctx context.Context, book *store.Book) error {
		_, err := book.Exec(ctx, `DELETE FROM access_tokens WHERE expires_at < $1`, store.Micros(now))
		return err
	})
}
