package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"net/url"
	"path/filepath"
	"sync/atomic"
	"testing"

	"modernc.org/sqlite"
)

// CommitFault is what a COMMIT of SQLite meets.
type CommitFault struct {
	Err error
	// Late lets the COMMIT take place before it fails.
	Late bool
	// Then runs before the writer hears of it.
	Then func()
}

// FailCommits gives a SQLite database a writer whose next COMMIT meets the fault that is stored.
func FailCommits(t testing.TB, db *DB, dir string) *atomic.Pointer[CommitFault] {
	t.Helper()
	q := url.Values{"_pragma": {"busy_timeout(10000)", "foreign_keys(1)", "synchronous(FULL)"}}
	inner, err := sqlite.NewConnector((&url.URL{Scheme: "file", OmitHost: true, Path: filepath.Join(dir, sqliteFile), RawQuery: q.Encode()}).String())
	if err != nil {
		t.Fatal(err)
	}
	next := &atomic.Pointer[CommitFault]{}
	pool := sql.OpenDB(failingConnector{inner, next})
	db.group.stop()
	db.group = startGroup(pool, db.log, db.place)
	t.Cleanup(func() {
		db.group.stop()
		if err := pool.Close(); err != nil {
			t.Error(err)
		}
	})
	return next
}

// CloseReaders lets nothing be looked up any more.
func CloseReaders(db *DB) { _ = db.pools.read.Close() }

type failingConnector struct {
	driver.Connector
	next *atomic.Pointer[CommitFault]
}

func (c failingConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return failingConn{conn, c.next}, nil
}

type failingConn struct {
	driver.Conn
	next *atomic.Pointer[CommitFault]
}

func (c failingConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	stmt, err := c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, query)
	if err == nil && query == "COMMIT" {
		stmt = failingCommit{stmt, c.next}
	}
	return stmt, err
}

type failingCommit struct {
	driver.Stmt
	next *atomic.Pointer[CommitFault]
}

func (s failingCommit) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	fault := s.next.Swap(nil)
	if fault == nil || fault.Late {
		result, err := s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
		if err != nil || fault == nil {
			return result, err
		}
	}
	if fault.Then != nil {
		fault.Then()
	}
	return nil, fault.Err
}
