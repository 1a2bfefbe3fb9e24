package main

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
)

// withoutDatabase removes the database of a site and nothing else of it.
func (s site) withoutDatabase(t *testing.T) {
	t.Helper()
	if s.config.URL != "" {
		storetest.Tamper(t, s.config, dropTables)
		return
	}
	files, err := filepath.Glob(filepath.Join(s.config.Dir, "sealog.db*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
}

func dropTables(db *sql.DB) error {
	_, err := db.Exec(`DROP SCHEMA public CASCADE; CREATE SCHEMA public`)
	return err
}

// TestALostDatabaseIsNotBegunAgain: no command makes a new database where something shows that there
// was one, except the one that is for it.
func TestALostDatabaseIsNotBegunAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	if status, _, text := s.run(t, "log", "new-epoch", "acme", "--reason", "none"); status == 0 {
		t.Fatal(text)
	}
	mark := filepath.Join(s.config.Dir, "checkpoints", "0123.mark")
	if err := os.WriteFile(mark, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s.withoutDatabase(t)
	commands := [][]string{{"serve", "--listen", "127.0.0.1:0"}, {"setup-link"}, {"log", "status"}, {"account", "create", "--email", "bob@acme.example"}}
	refused := func(name string) {
		t.Helper()
		for _, args := range commands {
			status, out, text := s.run(t, args...)
			if status != 1 || !strings.Contains(text, "DatabaseMissing") || s.config.URL == "" && !strings.Contains(text, filepath.Join(s.config.Dir, "sealog.db")) ||
				strings.Count(text, "\n") != 1 {
				t.Errorf("%s: %v: status %d, %q, %q", name, args, status, out, text)
			}
		}
		if s.config.URL == "" {
			if left, _ := filepath.Glob(filepath.Join(s.config.Dir, "sealog.db*")); len(left) != 0 {
				t.Errorf("%s: %v", name, left)
			}
		}
	}
	refused("a master secret and checkpoints")
	if s.config.URL == "" {
		secret := filepath.Join(s.config.Dir, "master-secret")
		aside := filepath.Join(t.TempDir(), "aside")
		rename(t, secret, aside)
		refused("checkpoints")
		if _, err := os.Stat(secret); err == nil {
			t.Error("a master secret was made")
		}
		rename(t, aside, secret)
		if err := os.Remove(mark); err != nil {
			t.Fatal(err)
		}
		refused("a master secret")
		if err := os.WriteFile(filepath.Join(s.config.Dir, "sealog.db"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if status, _, text := s.run(t, "setup-link"); status != 1 || !strings.Contains(text, "DatabaseMissing") {
			t.Errorf("an empty file: status %d, %s", status, text)
		}
	}
	if status, _, text := s.run(t, "init"); status != 0 {
		t.Fatalf("init: %s", text)
	}
	if status, out, text := s.run(t, "setup-link"); status != 0 || !strings.Contains(out, "/setup?token=") {
		t.Errorf("after init: status %d, %s%s", status, out, text)
	}
	if status, _, text := s.run(t, "init"); s.config.URL == "" && (status != 1 || !strings.Contains(text, "DatabaseExists")) {
		t.Errorf("init again: status %d, %s", status, text)
	}
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

// TestOneServerHasADataDirectory: a second one hears who has it, commands work.
func TestOneServerHasADataDirectory(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	release, err := store.Claim(s.config.Dir, "http://127.0.0.1:8123")
	if err != nil {
		t.Fatal(err)
	}
	if s.config.URL == "" {
		status, _, text := s.run(t, "serve", "--listen", "127.0.0.1:0")
		if status != 1 || !strings.Contains(text, "DataDirectoryInUse") || !strings.Contains(text, "http://127.0.0.1:8123") || !strings.Contains(text, "process ") {
			t.Errorf("a second server: status %d, %s", status, text)
		}
	}
	for _, args := range [][]string{{"log", "status"}, {"log", "key", "acme"}, {"project", "create", "other", "--owner", "ann@acme.example"}} {
		if status, _, text := s.run(t, args...); status != 0 {
			t.Errorf("%v: %s", args, text)
		}
	}
	if _, err := store.Claim(s.config.Dir, "http://127.0.0.1:8124"); !fault.Is(err, "DataDirectoryInUse") {
		t.Errorf("got %v", err)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	if release, err = store.Claim(s.config.Dir, "http://127.0.0.1:8124"); err != nil {
		t.Fatalf("after the first has ended: %v", err)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
}
