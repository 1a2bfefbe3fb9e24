// Package storetest gives tests a fresh database on the engine under test: SQLite, or, when
// the environment variable SEALOG_TEST_DATABASE holds the address of a PostgreSQL server
// whose user may create databases, PostgreSQL. Nothing of Sealog is replaced by a stand-in.
package storetest

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/vault"
)

// Master is the master secret of test databases.
var Master = bytes.Repeat([]byte{7}, 32)

// Vault returns the vault of test databases.
func Vault(t testing.TB) *vault.Vault {
	t.Helper()
	v, err := vault.New(Master)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Open returns a fresh database that is closed and removed when the test ends.
func Open(t testing.TB) *store.DB {
	t.Helper()
	db, _ := OpenWith(t, store.Config{})
	return db
}

// OpenWith is Open with a configuration whose Dir and URL are filled in; it returns that
// configuration too, so that a test can open the database a second time.
func OpenWith(t testing.TB, config store.Config) (*store.DB, store.Config) {
	t.Helper()
	if config.Log == nil {
		config.Log = slog.New(slog.NewTextHandler(logWriter{t}, nil))
	}
	config.Dir, config.URL = t.TempDir(), create(t, shared(t))
	if config.URL == "" {
		files, err := template()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.CopyFS(config.Dir, files); err != nil {
			t.Fatal(err)
		}
	}
	db, err := store.Open(t.Context(), config, Vault(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db, config
}

// template is the files of a new embedded database. Making the tables takes much longer than
// copying them, and most tests need a database of their own.
var template = sync.OnceValues(func() (fs.FS, error) {
	dir, err := os.MkdirTemp("", "sealog-test-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	v, err := vault.New(Master)
	if err != nil {
		return nil, err
	}
	db, err := store.Open(context.Background(), store.Config{Dir: dir, Log: slog.New(slog.DiscardHandler)}, v)
	if err != nil {
		return nil, err
	}
	if err := db.Close(); err != nil {
		return nil, err
	}
	files := fstest.MapFS{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		files[e.Name()] = &fstest.MapFile{Data: text, Mode: 0o600}
	}
	return files, nil
})

type logWriter struct{ t testing.TB }

// Write implements io.Writer.
func (w logWriter) Write(p []byte) (int, error) {
	w.t.Log(strings.TrimSpace(string(p)))
	return len(p), nil
}

// Engine names the engine under test.
func Engine() store.Engine {
	if os.Getenv("SEALOG_TEST_DATABASE") != "" {
		return store.PostgreSQL
	}
	return store.SQLite
}

var databases struct {
	sync.Mutex
	n      int
	shared string
}

// URL makes an empty PostgreSQL database for the test and returns its address, or "" when
// the engine under test is SQLite.
func URL(t testing.TB) string {
	t.Helper()
	return create(t, "")
}

// create makes a PostgreSQL database, with what follows its name in the statement.
func create(t testing.TB, how string) string {
	t.Helper()
	admin := os.Getenv("SEALOG_TEST_DATABASE")
	if admin == "" {
		return ""
	}
	databases.Lock()
	databases.n++
	name := fmt.Sprintf("sealog_test_%d_%d", os.Getpid(), databases.n)
	databases.Unlock()
	server, err := sql.Open("pgx", admin)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := server.Exec("CREATE DATABASE " + name + how); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := server.Exec("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			t.Error(err)
		}
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return at(t, name)
}

// at is the address of another database on the server under test.
func at(t testing.TB, name string) string {
	t.Helper()
	u, err := url.Parse(os.Getenv("SEALOG_TEST_DATABASE"))
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

// shared says how to copy a PostgreSQL database with Sealog's tables, which all tests of the same
// tables do; the first of them makes it, and it stays. It is "" on SQLite.
func shared(t testing.TB) string {
	t.Helper()
	admin := os.Getenv("SEALOG_TEST_DATABASE")
	if admin == "" {
		return ""
	}
	databases.Lock()
	defer databases.Unlock()
	if databases.shared != "" {
		return databases.shared
	}
	name := "sealog_template_" + store.Schema(store.PostgreSQL)
	server, err := sql.Open("pgx", admin)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	conn, err := server.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	// Of several test programs that begin together, one makes it. Under another name at first,
	// so that one that is not whole is not taken for it.
	if _, err := conn.ExecContext(t.Context(), `SELECT pg_advisory_lock(hashtext($1))`, name); err != nil {
		t.Fatal(err)
	}
	var exists bool
	if err := conn.QueryRowContext(t.Context(), `SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)`, name).Scan(&exists); err != nil {
		t.Fatal(err)
	}
	if !exists {
		for _, statement := range []string{"DROP DATABASE IF EXISTS " + name + "_new", "CREATE DATABASE " + name + "_new"} {
			if _, err := conn.ExecContext(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
		db, err := store.Open(t.Context(), store.Config{URL: at(t, name+"_new"), Log: slog.New(slog.DiscardHandler)}, Vault(t))
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.ExecContext(t.Context(), "ALTER DATABASE "+name+"_new RENAME TO "+name); err != nil {
			t.Fatal(err)
		}
	}
	databases.shared = " TEMPLATE " + name
	// From its version 15 on, PostgreSQL copies by writing every page to its log unless it is told
	// to copy the files, as it did before. For databases as small as these that takes much longer.
	var version int
	if err := conn.QueryRowContext(t.Context(), `SELECT current_setting('server_version_num')::int`).Scan(&version); err != nil {
		t.Fatal(err)
	}
	if version >= 150000 {
		databases.shared += " STRATEGY file_copy"
	}
	return databases.shared
}

// Operator is an actor for tests that don't care who acts.
func Operator() event.By {
	return event.By{
		Actor:   event.Actor{Type: event.Operator, ID: "operator", Name: "operator"},
		Surface: event.ViaSystem, Request: event.Request{ID: "test"},
	}
}

// Project makes a bare project row, and with it the log that events of the project go to.
func Project(t testing.TB, db *store.DB, id string) {
	t.Helper()
	_, err := store.Record(t.Context(), db, Operator(), event.InProject(id),
		func(ctx context.Context, tx *store.Tx) (event.ProjectAppCreated, error) {
			_, err := tx.Exec(ctx, `
				INSERT INTO projects (project_id, name, log_id, config, version, created_at)
				VALUES ($1, $2, $3, $4, $5, $6)`,
				id, id, "test.example/log/"+event.NewID().Hex(), "id: "+id+"\n", int64(1), store.Micros(tx.Now()))
			return event.ProjectAppCreated{Name: id}, err
		})
	if err != nil {
		t.Fatal(err)
	}
}

// PublicURL is where the server of a test is said to be.
func PublicURL() *url.URL { return &url.URL{Scheme: "https", Host: "sealog.example"} }
