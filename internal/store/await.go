package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sealog/sealog/internal/fault"
)

const (
	// sayAfter is how long a start is silent about what it waits for.
	sayAfter = 3 * time.Second
	// awaitTry bounds one attempt to reach the database at the start, and awaitPause is between two.
	awaitTry, awaitPause = 5 * time.Second, time.Second
)

// await waits until a PostgreSQL server answers, for as long as Config.Wait says; without that, it
// tries once. What waiting does not mend, such as a wrong password, is returned at once.
func (db *DB) await(ctx context.Context, config Config) error {
	if db.engine != PostgreSQL {
		return nil
	}
	defer db.sayWaiting("waiting for the database to answer", config)()
	began := time.Now()
	for {
		try, cancel := context.WithTimeout(ctx, awaitTry)
		err := db.pools.write.PingContext(try)
		cancel()
		switch left := config.Wait - time.Since(began); {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case !mayCome(err):
			return err
		case left <= 0:
			return fault.New(fault.Unavailable, "DatabaseUnavailable", "The database does not answer; it was waited for %s (--wait-for-database).",
				max(config.Wait, time.Since(began)).Round(time.Second)).Because(err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(awaitPause):
		}
	}
}

// mayCome reports whether a database that could not be reached may be there later.
func mayCome(err error) bool {
	if isTooMany(err) || errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code[:2] == "57" || pg.Code[:2] == "53" // starting, stopping, overloaded
	}
	return fault.Is(translate(err), "DatabaseUnavailable") || fault.Is(translate(err), "DatabaseTimeout")
}

// sayWaiting logs after a while what the start waits for, until the function that it returns is called.
func (db *DB) sayWaiting(what string, config Config) (stop func()) {
	where := []any{"for_at_most", config.Wait.String()}
	if parsed, err := pgx.ParseConfig(config.URL); err == nil {
		where = append(where, "host", parsed.Host, "port", parsed.Port, "database", parsed.Database)
	}
	timer := time.AfterFunc(sayAfter, func() { db.log.Warn(what, where...) })
	return func() { timer.Stop() }
}

// roomOnServer finds out how many connections the server allows, and fits the pools to it.
//
// Errors: DatabaseConnectionsFew.
func (db *DB) roomOnServer(ctx context.Context) error {
	if db.engine != PostgreSQL {
		return nil
	}
	// -1 means no limit. A superuser has but that of the server.
	var room int
	err := db.pools.write.QueryRowContext(ctx, `
		SELECT least(
			current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
			CASE WHEN r.rolsuper OR r.rolconnlimit < 0 THEN NULL ELSE r.rolconnlimit END,
			CASE WHEN r.rolsuper OR d.datconnlimit < 0 THEN NULL ELSE d.datconnlimit END)
		FROM pg_roles r, pg_database d
		WHERE r.rolname = current_user AND d.datname = current_database()`).Scan(&room)
	if err != nil {
		return err
	}
	wanted := db.connections.state().Allowed
	if room < MinConnections {
		return fault.New(fault.Invalid, "DatabaseConnectionsFew",
			"The database allows %d connections for this user; at least %d are needed, and %d are wanted.", room, MinConnections, wanted)
	}
	if room < wanted {
		db.log.Warn("the database allows fewer connections than are wanted; callers wait for one of them",
			"allowed", room, "wanted", wanted, "needed", MinConnections)
	}
	db.connections.limit(room)
	return nil
}
