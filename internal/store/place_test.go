package store_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
)

// eventually waits until something is so.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); !is(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatal("not in 20 s: " + what)
		}
	}
}

// TestAReplacedDatabaseIsNotWritten: whatever becomes of its files, the server neither writes to
// a file that nobody finds nor makes a new one.
func TestAReplacedDatabaseIsNotWritten(t *testing.T) {
	t.Parallel()
	for name, replace := range map[string]func(t *testing.T, dir string){
		"moved": func(t *testing.T, dir string) {
			rename(t, filepath.Join(dir, "sealog.db"), filepath.Join(t.TempDir(), "elsewhere.db"))
		},
		"removed": func(t *testing.T, dir string) {
			for _, suffix := range []string{"", "-wal", "-shm"} {
				remove(t, filepath.Join(dir, "sealog.db"+suffix))
			}
		},
		"its write-ahead log removed": func(t *testing.T, dir string) { remove(t, filepath.Join(dir, "sealog.db-wal")) },
		"the index of that removed":   func(t *testing.T, dir string) { remove(t, filepath.Join(dir, "sealog.db-shm")) },
		"another put in its place": func(t *testing.T, dir string) {
			text, err := os.ReadFile(filepath.Join(dir, "sealog.db"))
			if err != nil {
				t.Fatal(err)
			}
			other := filepath.Join(dir, "other")
			if err := os.WriteFile(other, text, 0o600); err != nil {
				t.Fatal(err)
			}
			rename(t, other, filepath.Join(dir, "sealog.db"))
		},
		"its directory moved": func(t *testing.T, dir string) { rename(t, dir, filepath.Join(t.TempDir(), "moved")) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if storetest.Engine() != store.SQLite {
				t.Log("nothing to see on this engine")
				return
			}
			var log bytes.Buffer
			db, config := storetest.OpenWith(t, store.Config{Log: slog.New(slog.NewTextHandler(&log, nil))})
			storetest.Project(t, db, "acme")
			replace(t, config.Dir)
			before := files(t, config.Dir)
			for range 3 {
				_, err := store.Record(t.Context(), db, storetest.Operator(), event.InProject("acme"), createUser(event.NewID()))
				if !fault.Is(err, "DatabaseReplaced") || fault.Of(err).Kind != fault.Unavailable {
					t.Fatalf("a recording: got %v, want DatabaseReplaced", err)
				}
			}
			if err := db.Ping(t.Context()); !fault.Is(err, "DatabaseReplaced") {
				t.Errorf("Ping: got %v", err)
			}
			if err := db.Replaced(); !fault.Is(err, "DatabaseReplaced") {
				t.Errorf("Replaced: got %v", err)
			}
			if err := db.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
			if after := files(t, config.Dir); after != before {
				t.Errorf("the directory had %s, and has %s", before, after)
			}
			if n := bytes.Count(log.Bytes(), []byte("was moved, removed or replaced")); n != 1 {
				t.Errorf("%d lines in the log, want one:\n%s", n, log.String())
			}
		})
	}
}

// TestAReplacedDatabaseIsNoticed: without any call, and for good.
func TestAReplacedDatabaseIsNoticed(t *testing.T) {
	t.Parallel()
	db, config := acmeOnSQLite(t)
	if db == nil {
		return
	}
	path, away := filepath.Join(config.Dir, "sealog.db"), filepath.Join(config.Dir, "away")
	rename(t, path, away)
	eventually(t, "the database is found to be missing", func() bool { return store.Lost(db) })
	rename(t, away, path)
	if err := db.Replaced(); !fault.Is(err, "DatabaseReplaced") {
		t.Errorf("when it was put back: got %v", err)
	}
}

// TestASoundDatabaseIsNotTakenForAnother: commands next to a server open and close the database, and
// copy it, and the writer gets a new connection after a failure.
func TestASoundDatabaseIsNotTakenForAnother(t *testing.T) {
	t.Parallel()
	db, config := acmeOnSQLite(t)
	if db == nil {
		return
	}
	storetest.Project(t, db, event.PortalProject)
	for range 3 {
		next, err := store.Open(t.Context(), config, storetest.Vault(t))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := store.Backup(t.Context(), next, storetest.Operator(), filepath.Join(t.TempDir(), "copy.db")); err != nil {
			t.Fatal(err)
		}
		if err := store.Compact(t.Context(), next); err != nil {
			t.Fatal(err)
		}
		if err := next.Close(); err != nil {
			t.Fatal(err)
		}
		if err := db.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// TestTheWriteAheadLogIsBounded: readers that follow on one another keep it from beginning again, until
// the keeper makes a pause.
func TestTheWriteAheadLogIsBounded(t *testing.T) {
	t.Parallel()
	db, _ := acmeOnSQLite(t)
	if db == nil {
		return
	}
	const most = 1 << 20
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	read := func() {
		for ctx.Err() == nil {
			_ = store.InSnapshot(ctx, db, func(ctx context.Context, q *store.Snapshot) error {
				_, err := store.Column[int64](ctx, q, `
					WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
					SELECT count(*) FROM n, (SELECT count(*) FROM instance)`)
				return err
			})
		}
	}
	for range 3 {
		go read()
	}
	grow := func(with string) {
		err := store.Bookkeep(t.Context(), db, func(ctx context.Context, b *store.Book) error {
			_, err := b.Exec(ctx, `INSERT INTO instance (key, value) VALUES ('large', $1) ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
				string(bytes.Repeat([]byte(with), 3<<20)))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, with := range []string{"a", "b"} {
		store.KeepWALBelow(db, 1<<30)
		grow(with)
		if n, ok := db.WALBytes(); !ok || n <= most {
			t.Fatalf("the write-ahead log has %d bytes, %t", n, ok)
		}
		store.KeepWALBelow(db, most)
		eventually(t, "the write-ahead log is emptied", func() bool { n, ok := db.WALBytes(); return ok && n <= most })
	}
}

func files(t *testing.T, dir string) (names string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for _, e := range entries {
		names += e.Name() + " "
	}
	return names
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}
