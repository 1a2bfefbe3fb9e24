package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/sealog/sealog/internal/fault"
)

//go:embed migrations
var migrations embed.FS

// Engine is the kind of database underneath.
type Engine string

// The engines.
const (
	SQLite     Engine = "sqlite"
	PostgreSQL Engine = "postgresql"
)

// pools are the open connections of one database: one that writes, one that only reads, and one that
// reads with plans for all values (DB.KeepingPlans), which SQLite has none of. A database that can only be
// read has no writer.
type pools struct {
	write, read, keeping *sql.DB
	native               []*pgxpool.Pool // closed after the others; PostgreSQL only
}

func (p pools) close() (err error) {
	for _, pool := range []*sql.DB{p.read, p.write, p.keeping} {
		if pool != nil {
			err = errors.Join(err, pool.Close())
		}
	}
	for _, n := range p.native {
		n.Close()
	}
	return err
}

// Schema names an engine's tables as this version makes them: a hash of its migrations in 16
// hexadecimal digits.
func Schema(e Engine) string {
	dir := "migrations/sqlite"
	if e == PostgreSQL {
		dir = "migrations/postgres"
	}
	h := sha256.New()
	files, err := fs.Glob(migrations, dir+"/*.sql")
	if err != nil {
		panic(err) // never: the pattern is a constant
	}
	for _, name := range files {
		text, err := migrations.ReadFile(name)
		if err != nil {
			panic(err) // never: it is embedded
		}
		h.Write(text)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// migrator returns goose over the engine's migrations. On PostgreSQL it takes an advisory
// lock, so that of several processes that start together one migrates.
func (e Engine) migrator(db *sql.DB) (*goose.Provider, fs.FS, error) {
	dir, dialect := "migrations/sqlite", goose.DialectSQLite3
	options := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true)}
	if e == PostgreSQL {
		dir, dialect = "migrations/postgres", goose.DialectPostgres
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return nil, nil, fmt.Errorf("store: migration lock: %w", err)
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	files, err := fs.Sub(migrations, dir)
	if err != nil {
		return nil, nil, fmt.Errorf("store: %w", err)
	}
	provider, err := goose.NewProvider(dialect, db, files, options...)
	if err != nil {
		return nil, nil, fmt.Errorf("store: %w", err)
	}
	return provider, files, nil
}

// forUpdate is what a SELECT ends with to lock its rows; SQLite's one writer needs nothing.
func (e Engine) forUpdate() string {
	if e == PostgreSQL {
		return " FOR UPDATE"
	}
	return ""
}

// skipLocked is what a SELECT ends with to lock its rows unless somebody else has.
func (e Engine) skipLocked() string {
	if e == PostgreSQL {
		return " FOR UPDATE SKIP LOCKED"
	}
	return ""
}

// Queues reports whether events wait in a queue for their positions, so that transactions need
// not wait for each other. SQLite's one writer gives positions by itself.
func (e Engine) Queues() bool { return e == PostgreSQL }

// mayRunAgain reports whether the engine rolled the transaction back through no fault of its
// own, so that running it again may succeed.
func mayRunAgain(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (pg.Code == "40001" || pg.Code == "40P01")
}

// IsUnique reports whether err is a unique index saying no.
func IsUnique(err error) bool {
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		return lite.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || lite.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
	}
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pg.Code == "23505"
}

// translate gives an engine's error its kind and code; errors that are understood already
// and defects stay as they are.
func translate(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	unavailable := func(code, message string) error {
		return fault.New(fault.Unavailable, code, "%s", message).Because(err)
	}
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		switch lite.Code() & 0xff {
		case sqlite3.SQLITE_FULL:
			return unavailable("DatabaseFull", "The database has no space left; nothing was changed.")
		case sqlite3.SQLITE_READONLY:
			return unavailable("DatabaseReadOnly", "The database is read-only; nothing was changed.")
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
			return unavailable("DatabaseBusy", "The database is busy; nothing was changed.")
		case sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT:
			return unavailable("DatabaseUnavailable", "The database cannot be reached.")
		case sqlite3.SQLITE_INTERRUPT:
			return unavailable("DatabaseTimeout", "The database took too long.")
		}
		return err
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok { // whatever the server's reason
		return unavailable("DatabaseUnavailable", "The database cannot be reached.")
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch {
		case pg.Code == "53100":
			return unavailable("DatabaseFull", "The database has no space left; nothing was changed.")
		case pg.Code == "22021":
			return fault.New(fault.Malformed, "TextMalformed", "Text with a NUL character or invalid UTF-8 cannot be stored or found.").Because(err)
		case pg.Code == "23514" && pg.TableName == "events":
			return unavailable("PartitionMissing", "The log has no room for events of this time; nothing was changed.")
		case pg.Code == "25006":
			return unavailable("DatabaseReadOnly", "The database is read-only; nothing was changed.")
		case pg.Code == "57014":
			return unavailable("DatabaseTimeout", "The database took too long.")
		case pg.Code == "55P03", pg.Code == "40001", pg.Code == "40P01":
			return unavailable("DatabaseBusy", "The database is busy; nothing was changed.")
		case strings.HasPrefix(pg.Code, "08"), strings.HasPrefix(pg.Code, "57P"), strings.HasPrefix(pg.Code, "53"),
			pg.Code == "3D000", strings.HasPrefix(pg.Code, "28"):
			return unavailable("DatabaseUnavailable", "The database cannot be reached.")
		}
		return err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return unavailable("DatabaseTimeout", "The database took too long.")
	}
	if isConnectionLost(err) {
		return unavailable("DatabaseUnavailable", "The database cannot be reached.")
	}
	return err
}

func isConnectionLost(err error) bool {
	if errors.Is(err, sql.ErrConnDone) || errors.Is(err, pgx.ErrTxClosed) || pgconn.SafeToRetry(err) {
		return true
	}
	_, isNet := errors.AsType[net.Error](err)
	return isNet || strings.Contains(err.Error(), "conn closed") || strings.Contains(err.Error(), "unexpected EOF")
}
