package store_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
)

// fewConnections makes a database that belongs to a role of its own, and returns its address as that
// role. limit sets how many connections the role may have.
func fewConnections(t *testing.T) (address string, limit func(n int)) {
	t.Helper()
	admin, err := sql.Open("pgx", os.Getenv("SEALOG_TEST_DATABASE"))
	if err != nil {
		t.Fatal(err)
	}
	do := func(statement string) {
		t.Helper()
		if _, err := admin.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	role := fmt.Sprintf("sealog_few_%d_%d", os.Getpid(), time.Now().UnixNano())
	do(`CREATE ROLE ` + role + ` LOGIN PASSWORD 'few'`)
	t.Cleanup(func() { // after the database is gone
		do(`DROP ROLE ` + role)
		if err := admin.Close(); err != nil {
			t.Error(err)
		}
	})
	u, err := url.Parse(storetest.URL(t))
	if err != nil {
		t.Fatal(err)
	}
	do(`ALTER DATABASE ` + strings.TrimPrefix(u.Path, "/") + ` OWNER TO ` + role)
	own, err := sql.Open("pgx", u.String())
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	if _, err := own.Exec(`ALTER SCHEMA public OWNER TO ` + role); err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(role, "few")
	return u.String(), func(n int) { t.Helper(); do(fmt.Sprintf(`ALTER ROLE %s CONNECTION LIMIT %d`, role, n)) }
}

// TestFewConnections: however few the server allows, before the start or later, callers wait for one.
func TestFewConnections(t *testing.T) {
	t.Parallel()
	if !onPostgreSQL(t) {
		return
	}
	for _, c := range []struct {
		name          string
		before, after int
	}{{"eight", 8, 8}, {"three", 3, 3}, {"eight from now on", 100, 8}, {"three from now on", 100, 3}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			address, limit := fewConnections(t)
			limit(c.before)
			var out bytes.Buffer
			db, err := store.Open(t.Context(), store.Config{URL: address, Log: slog.New(slog.NewTextHandler(&out, nil))}, storetest.Vault(t))
			if err != nil {
				t.Fatal(err)
			}
			closed := sync.OnceValue(db.Close)
			t.Cleanup(func() { _ = closed() })
			storetest.Project(t, db, "acme")
			limit(c.after)
			const callers, each = 24, 10
			var wg sync.WaitGroup
			for range callers {
				wg.Go(func() {
					for range each {
						ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
						_, err := store.Record(ctx, db, storetest.Operator(), event.InProject("acme"), createUser(event.NewID()))
						if err == nil {
							_, err = store.Column[int64](ctx, db, `SELECT count(*) FROM users WHERE project_id = $1`, "acme")
						}
						if err == nil {
							_, err = store.Column[int64](ctx, db.KeepingPlans(), `SELECT count(*) FROM users WHERE project_id = $1`, "acme")
						}
						cancel()
						if err != nil {
							t.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			wantUsers(t, db, callers*each)
			n, ok := db.Connections()
			// Those that are open when the limit is lowered stay.
			lowered := c.before > c.after
			if !ok || n.Allowed >= store.DefaultConnections || !lowered && max(n.Allowed, n.Open) > c.after || lowered && n.Refused == 0 {
				t.Errorf("%+v, of %d", n, c.after)
			}
			if err := closed(); err != nil {
				t.Error(err)
			}
			if lines := strings.Count(out.String(), `level=WARN msg="the database `); lines != 1 {
				t.Errorf("%d lines about connections, want one:\n%s", lines, out.String())
			}
		})
	}
}

func TestTooFewConnections(t *testing.T) {
	t.Parallel()
	if !onPostgreSQL(t) {
		return
	}
	address, limit := fewConnections(t)
	limit(2)
	if _, err := store.Open(t.Context(), store.Config{URL: address}, storetest.Vault(t)); !fault.Is(err, "DatabaseConnectionsFew") {
		t.Errorf("got %v", err)
	}
}

// TestConnectionsAsConfigured: never more than so many.
func TestConnectionsAsConfigured(t *testing.T) {
	t.Parallel()
	if !onPostgreSQL(t) {
		return
	}
	for _, most := range []int{3, 5, 12} {
		db, _ := storetest.OpenWith(t, store.Config{Connections: most})
		storetest.Project(t, db, "acme")
		var wg sync.WaitGroup
		for range 40 {
			wg.Go(func() {
				if _, err := store.Record(t.Context(), db, storetest.Operator(), event.InProject("acme"), createUser(event.NewID())); err != nil {
					t.Error(err)
				}
				if n, _ := db.Connections(); n.Open > most || n.Allowed != most || n.Refused != 0 {
					t.Errorf("%+v, want at most %d", n, most)
				}
			})
		}
		wg.Wait()
	}
}
