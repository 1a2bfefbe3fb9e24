package store_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
	"github.com/sealog/sealog/internal/vault"
)

func TestAnotherMasterSecretIsRefused(t *testing.T) {
	t.Parallel()
	_, config := storetest.OpenWith(t, store.Config{})
	other, err := vault.New(bytes.Repeat([]byte{8}, 32))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), config, other); !fault.Is(err, "MasterSecretWrong") {
		t.Fatalf("got %v", err)
	}
	second, err := store.Open(t.Context(), config, storetest.Vault(t))
	if err != nil {
		t.Fatalf("with the right secret: %v", err)
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestADatabaseOfANewerVersionIsRefused(t *testing.T) {
	t.Parallel()
	db, config := storetest.OpenWith(t, store.Config{})
	err := store.Bookkeep(t.Context(), db, func(ctx context.Context, b *store.Book) error {
		_, err := b.Exec(ctx, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, TRUE)`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), config, storetest.Vault(t)); !fault.Is(err, "DatabaseNewer") {
		t.Fatalf("got %v", err)
	}
}

func TestAMigrationOfAnotherTextIsRefused(t *testing.T) {
	t.Parallel()
	db, config := storetest.OpenWith(t, store.Config{})
	if err := store.SetSetting(t.Context(), db, "migration 0001_create_tables.sql", "another"); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), config, storetest.Vault(t)); !fault.Is(err, "DatabaseForeign") {
		t.Fatalf("got %v", err)
	}
}

func TestADatabaseThatCannotBeOpened(t *testing.T) {
	t.Parallel()
	v := storetest.Vault(t)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	garbage := t.TempDir()
	if err := os.WriteFile(filepath.Join(garbage, "sealog.db"), bytes.Repeat([]byte("no database "), 100), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		config store.Config
		code   string
	}{
		"no directory":  {store.Config{Dir: file}, "DatabaseUnavailable"},
		"no database":   {store.Config{Dir: garbage}, "DatabaseUnavailable"},
		"malformed url": {store.Config{URL: "postgres://user:secret@:not-a-port/x"}, "DatabaseURLMalformed"},
		"nobody there":  {store.Config{URL: "postgres://user:secret@127.0.0.1:1/x?connect_timeout=2"}, "DatabaseUnavailable"},
	} {
		_, err := store.Open(t.Context(), c.config, v)
		if !fault.Is(err, c.code) {
			t.Errorf("%s: got %v, want %s", name, err, c.code)
		}
		if err != nil && bytes.Contains([]byte(err.Error()), []byte("secret@")) {
			t.Errorf("%s: the error holds the password: %v", name, err)
		}
	}
}

func TestWritesAfterCloseAreRefused(t *testing.T) {
	t.Parallel()
	config := store.Config{Dir: t.TempDir(), URL: storetest.URL(t)}
	db, err := store.Open(t.Context(), config, storetest.Vault(t))
	if err != nil {
		t.Fatal(err)
	}
	storetest.Project(t, db, "acme")
	if err := errors.Join(db.Close()); err != nil {
		t.Fatal(err)
	}
	_, err = store.Record(t.Context(), db, storetest.Operator(), event.InProject("acme"), createUser(event.NewID()))
	if !fault.Is(err, "DatabaseClosed") {
		t.Fatalf("got %v", err)
	}
}
