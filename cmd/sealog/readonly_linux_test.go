package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/vault"
)

// readOnly returns a place where a directory can be read and not written: for root, who may write
// whatever the rights say, a mount; false where that is not allowed.
func readOnly(t *testing.T, dir string) (string, bool) {
	t.Helper()
	if os.Geteuid() != 0 {
		if err := os.Chmod(dir, 0o500); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.Chmod(dir, 0o700) })
		return dir, true
	}
	place := t.TempDir()
	if err := syscall.Mount(dir, place, "", syscall.MS_BIND, ""); err != nil {
		t.Log("nothing can be mounted here: ", err)
		return "", false
	}
	t.Cleanup(func() { _ = syscall.Unmount(place, syscall.MNT_DETACH) })
	if err := syscall.Mount("", place, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	return place, true
}

func openedVault(t *testing.T, s site) *vault.Vault {
	t.Helper()
	v, err := vault.Load(filepath.Join(s.config.Dir, "master-secret"))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestLookingWhereNothingCanBeWritten: at a database that nobody has open, and at one that somebody has
// open elsewhere, with changes in its write-ahead log.
func TestLookingWhereNothingCanBeWritten(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]bool{"closed": false, "open": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			if s.config.URL != "" {
				return // its files are not ours
			}
			if open {
				secret := openedVault(t, s)
				db, err := store.Open(t.Context(), s.config, secret)
				if err != nil {
					t.Fatal(err)
				}
				defer db.Close()
				if err := store.SetSetting(t.Context(), db, "a key", "in the write-ahead log"); err != nil {
					t.Fatal(err)
				}
			}
			place, ok := readOnly(t, s.config.Dir)
			if !ok {
				return
			}
			before, err := os.ReadDir(place)
			if err != nil {
				t.Fatal(err)
			}
			there := site{flags: []string{"--data", place}}
			for _, args := range [][]string{
				{"log", "status"}, {"log", "key", "acme"}, {"check", "acme"}, {"export", "acme", filepath.Join(t.TempDir(), "copy")}, {"project", "configure", "acme"},
			} {
				status, out, text := there.run(t, args...)
				if status != 0 || out == "" || !strings.Contains(text, "nothing is recorded") {
					t.Errorf("%v: status %d, %s%s", args, status, out, text)
				}
			}
			for _, args := range [][]string{{"project", "create", "other", "--owner", "ann@acme.example"}, {"serve", "--listen", "127.0.0.1:0"}} {
				if status, _, text := there.run(t, args...); status != 1 || !strings.Contains(text, "cannot be") {
					t.Errorf("%v: status %d, %s", args, status, text)
				}
			}
			if status, _, text := there.run(t, "log", "key", "nobody"); status != 1 || !strings.Contains(text, "ProjectNotFound") || strings.Contains(text, "not recorded:") {
				t.Errorf("status %d, %s", status, text)
			}
			after, err := os.ReadDir(place)
			if err != nil || len(after) != len(before) {
				t.Errorf("%v, %v", after, err)
			}
		})
	}
}

// TestAWriteAheadLogThatCannotBeRead is said, and not left out.
func TestAWriteAheadLogThatCannotBeRead(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	if s.config.URL != "" {
		return // its files are not ours
	}
	copied := t.TempDir()
	db, err := store.Open(t.Context(), s.config, openedVault(t, s))
	if err != nil {
		t.Fatal(err)
	}
	if err := store.SetSetting(t.Context(), db, "a key", "in the write-ahead log"); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"sealog.db", "sealog.db-wal", "master-secret"} {
		text, err := os.ReadFile(filepath.Join(s.config.Dir, file))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(copied, file), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	place, ok := readOnly(t, copied)
	if !ok {
		return
	}
	if status, _, text := (site{flags: []string{"--data", place}}).run(t, "log", "status"); status != 1 || !strings.Contains(text, "sealog.db-wal") {
		t.Errorf("status %d, %s", status, text)
	}
	if status, _, text := (site{flags: []string{"--data", copied}}).run(t, "log", "status"); os.Geteuid() == 0 && status != 0 {
		t.Errorf("where it can be written: status %d, %s", status, text)
	}
}
