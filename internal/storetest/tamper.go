package storetest

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/sealog/sealog/internal/store"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// Tamper opens a database as somebody would who owns its server: with a connection of their own
// and Sealog's triggers out of the way, which afterwards are back.
func Tamper(t testing.TB, config store.Config, do func(*sql.DB) error) {
	t.Helper()
	driver, address := "pgx", config.URL
	if config.URL == "" {
		driver, address = "sqlite", "file:"+filepath.Join(config.Dir, "sealog.db")+"?_pragma=busy_timeout(10000)"
	}
	db, err := sql.Open(driver, address)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	back := func() error { return nil }
	if driver == "pgx" {
		_, err = db.ExecContext(t.Context(), `SET session_replication_role = replica`)
	} else {
		back, err = withoutTriggers(t, db)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := do(db); err != nil {
		t.Fatal(err)
	}
	if err := back(); err != nil {
		t.Fatal(err)
	}
}

func withoutTriggers(t testing.TB, db *sql.DB) (back func() error, err error) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), `SELECT name, sql FROM sqlite_master WHERE type = 'trigger'`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var names, texts []string
	for rows.Next() {
		var name, text string
		if err := rows.Scan(&name, &text); err != nil {
			return nil, err
		}
		names, texts = append(names, name), append(texts, text)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	for _, name := range names {
		if _, err := db.ExecContext(t.Context(), `DROP TRIGGER `+name); err != nil {
			return nil, err
		}
	}
	return func() error {
		for _, text := range texts {
			if _, err := db.ExecContext(t.Context(), text); err != nil {
				return err
			}
		}
		return nil
	}, nil
}
