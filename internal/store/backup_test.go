package store_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
)

func backups(t *testing.T, db *store.DB, outcome event.Outcome) int64 {
	t.Helper()
	n, err := store.Column[int64](t.Context(), db, `SELECT count(*) FROM events WHERE project_id = '_portal' AND type = '`+event.Type("backup.created").Code()+`' AND outcome = $1`, int64(outcome))
	if err != nil {
		t.Fatal(err)
	}
	return n[0]
}

func TestPostgreSQLHasItsOwnBackup(t *testing.T) {
	t.Parallel()
	if storetest.Engine() != store.PostgreSQL {
		return
	}
	db := storetest.Open(t)
	storetest.Project(t, db, event.PortalProject)
	path := filepath.Join(t.TempDir(), "copy.db")
	if _, err := store.Backup(t.Context(), db, storetest.Operator(), path); !fault.Is(err, "BackupNotHere") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Lstat(path); err == nil {
		t.Error("a file was made")
	}
	if n := backups(t, db, event.Failed); n != 1 {
		t.Errorf("%d attempts are on the record", n)
	}
}

// TestABackupIsTheDatabaseAtOneMoment: made while others write, it opens as a database whose
// log is sound, and that holds the event which says that it was made.
func TestABackupIsTheDatabaseAtOneMoment(t *testing.T) {
	t.Parallel()
	if storetest.Engine() != store.SQLite {
		return
	}
	db, config := storetest.OpenWith(t, store.Config{})
	storetest.Project(t, db, event.PortalProject)
	storetest.Project(t, db, "acme")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var writers sync.WaitGroup
	for range 4 {
		writers.Go(func() {
			for n := 0; ctx.Err() == nil || n < 20; n++ {
				if _, err := store.Record(t.Context(), db, storetest.Operator(), event.InProject("acme"), createUser(event.NewID())); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "sealog.db")
	c, err := store.Backup(t.Context(), db, storetest.Operator(), path)
	cancel()
	writers.Wait()
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o600 || info.Size() != c.Bytes || c.Path != path {
		t.Errorf("%v, %+v, %v", info.Mode(), c, err)
	}
	if names, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(names) != 1 {
		t.Errorf("beside it: %v, %v", names, err)
	}
	if names, err := filepath.Glob(filepath.Join(dir, ".*")); err != nil || len(names) != 0 {
		t.Errorf("left over: %v, %v", names, err)
	}
	config.Dir = dir
	restored, err := store.Open(t.Context(), config, storetest.Vault(t))
	if err != nil {
		t.Fatal(err)
	}
	defer restored.Close()
	storetest.CheckLog(t, restored, "acme")
	events, err := store.Column[int64](t.Context(), restored, `SELECT count(*) FROM events`)
	if err != nil || events[0] != c.Events || c.Events < 3 {
		t.Errorf("%v events, %d were counted, %v", events, c.Events, err)
	}
	if n := backups(t, restored, event.Succeeded); n != 1 {
		t.Errorf("%d events of the backup in the backup", n)
	}
	// The copy is as good as the original: it can be written, and copied again.
	if _, err := store.Record(t.Context(), restored, storetest.Operator(), event.InProject("acme"), createUser(event.NewID())); err != nil {
		t.Error(err)
	}
	if _, err := store.Backup(t.Context(), restored, storetest.Operator(), filepath.Join(t.TempDir(), "again.db")); err != nil {
		t.Error(err)
	}
}

func TestABackupThatCannotBeMade(t *testing.T) {
	t.Parallel()
	if storetest.Engine() != store.SQLite {
		return
	}
	db := storetest.Open(t)
	storetest.Project(t, db, event.PortalProject)
	dir := t.TempDir()
	taken := filepath.Join(dir, "taken")
	if err := os.WriteFile(taken, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("nowhere", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	for path, code := range map[string]string{
		taken:                            "FileExists",
		filepath.Join(dir, "link"):       "FileExists",
		filepath.Join(dir, "no", "such"): "FileNotWritable",
	} {
		if _, err := store.Backup(t.Context(), db, storetest.Operator(), path); !fault.Is(err, code) {
			t.Errorf("%s: got %v, want %s", path, err, code)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := store.Backup(ended, db, storetest.Operator(), filepath.Join(dir, "copy")); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that has ended: %v", err)
	}
	if text, err := os.ReadFile(taken); err != nil || string(text) != "mine" {
		t.Errorf("the file that was there holds %q, %v", text, err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("left over: %v, %v", entries, err)
	}
	if n := backups(t, db, event.Failed); n != 3 {
		t.Errorf("%d attempts are on the record, want 3", n)
	}
	if n := backups(t, db, event.Succeeded); n != 0 {
		t.Errorf("%d backups are on the record", n)
	}
}

// TestCompactForgets: what was deleted is in none of the files.
func TestCompactForgets(t *testing.T) {
	t.Parallel()
	db, config := storetest.OpenWith(t, store.Config{})
	const canary = "a value that is to be forgotten"
	for _, value := range []string{canary, "another"} {
		if err := store.SetSetting(t.Context(), db, "canary", value); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.Compact(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(config.Dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(config.Dir, e.Name()))
		if err != nil || bytes.Contains(text, []byte(canary)) {
			t.Errorf("%s has it, %v", e.Name(), err)
		}
	}
	if storetest.Engine() != store.SQLite {
		return
	}
	// A reader that still sees the state of before keeps the write-ahead log in use; Compact
	// says so instead of waiting for ever.
	err = store.InSnapshot(t.Context(), db, func(ctx context.Context, s *store.Snapshot) error {
		if _, err := store.Column[string](ctx, s, `SELECT value FROM instance WHERE key = 'canary'`); err != nil {
			return err
		}
		if err := store.SetSetting(ctx, db, "canary", "a third"); err != nil {
			return err
		}
		return store.Compact(ctx, db)
	})
	if !fault.Is(err, "DatabaseBusy") {
		t.Errorf("with a reader: %v", err)
	}
	if err := store.Compact(t.Context(), db); err != nil {
		t.Errorf("after the reader: %v", err)
	}
}
