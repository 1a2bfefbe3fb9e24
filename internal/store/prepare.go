package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"io/fs"
	"time"

	"github.com/sealog/sealog/internal/fault"
)

// prepare checks a database and brings its tables up to date.
func (db *DB) prepare(ctx context.Context, config Config) error {
	if err := db.await(ctx, config); err != nil {
		return err
	}
	defer db.sayWaiting("waiting for the database: its tables are checked or brought up to date, or another process does so", config)()
	if err := db.prepareSoon(ctx, config); err != nil {
		return err
	}
	if err := db.migrate(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, prepareWithin)
	defer cancel()
	if err := EnsurePartitions(ctx, db, db.clock.Next().Time(), 2); err != nil {
		return err
	}
	return db.checkMaster(ctx)
}

// prepareWithin bounds the steps of a start that are short. Bringing the tables up to date is not.
const prepareWithin = 30 * time.Second

// prepareSoon does what comes before the tables are brought up to date.
func (db *DB) prepareSoon(ctx context.Context, config Config) error {
	ctx, cancel := context.WithTimeout(ctx, prepareWithin)
	defer cancel()
	if err := checkBinding(ctx, db.pools.write); err != nil {
		return err
	}
	if err := db.roomOnServer(ctx); err != nil {
		return err
	}
	return db.expect(ctx, config.Existing)
}

// expect refuses a PostgreSQL database without tables that must have them; that of SQLite is its file.
func (db *DB) expect(ctx context.Context, existing bool) error {
	if db.engine != PostgreSQL || !existing {
		return nil
	}
	var tables bool
	var name string
	err := db.pools.write.QueryRowContext(ctx, `SELECT to_regclass('instance') IS NOT NULL, current_database()`).Scan(&tables, &name)
	if err == nil && !tables {
		err = errMissing("The PostgreSQL database %q has no tables of Sealog.", name)
	}
	return err
}

// checkBinding refuses a driver that binds $N by order of appearance instead of by number.
func checkBinding(ctx context.Context, conn *sql.DB) error {
	var second, first string
	err := conn.QueryRowContext(ctx, "SELECT CAST($2 AS TEXT), CAST($1 AS TEXT)", "one", "two").Scan(&second, &first)
	if err != nil {
		return err
	}
	if first != "one" || second != "two" {
		return fault.New(fault.Internal, "DatabaseDriverWrong", "The database driver binds parameters by order of appearance.")
	}
	return nil
}

func (db *DB) migrate(ctx context.Context) (err error) {
	provider, files, err := db.engine.migrator(db.pools.write)
	if err != nil {
		return err
	}
	current, target, err := provider.GetVersions(ctx)
	if err != nil {
		return err
	}
	if current > target {
		return errNewer(current, target)
	}
	if db.engine == SQLite && current < target {
		// What a migration sorts may be larger than the memory, in which the writer sorts else.
		if _, err := db.pools.write.ExecContext(ctx, `PRAGMA temp_store = FILE`); err != nil {
			return err
		}
		defer func() {
			_, restored := db.pools.write.ExecContext(ctx, `PRAGMA temp_store = MEMORY`)
			err = errors.Join(err, restored)
		}()
	}
	if current < target {
		if _, err := provider.Up(ctx); err != nil {
			return err
		}
	}
	return db.checkMigrations(ctx, files)
}

func errNewer(current, known int64) error {
	return fault.New(fault.Invalid, "DatabaseNewer",
		"The database was made by a newer version of Sealog (its version is %d, this program knows %d).", current, known)
}

// checkMigrations keeps a hash of every migration that was applied, and refuses a database
// to which another text of one was applied.
func (db *DB) checkMigrations(ctx context.Context, files fs.FS) error {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return err
	}
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(text)
		stored, err := db.settle(ctx, "migration "+name, hex.EncodeToString(sum[:]))
		if err != nil {
			return err
		}
		if stored != hex.EncodeToString(sum[:]) {
			return fault.New(fault.Invalid, "DatabaseForeign", "The database was made with another text of the migration %s.", name)
		}
	}
	return nil
}

// masterCheck is the setting by which another master secret is recognised.
const masterCheck = "master secret check"

func (db *DB) checkMaster(ctx context.Context) error {
	stored, err := db.settle(ctx, masterCheck, db.vault.Check())
	if err == nil && stored != db.vault.Check() {
		err = errOtherMaster()
	}
	return err
}

func errOtherMaster() error {
	return fault.New(fault.Invalid, "MasterSecretWrong", "The database was made with another master secret.")
}

// settle stores a value of this installation unless there is one, and returns what is stored.
func (db *DB) settle(ctx context.Context, key, value string) (string, error) {
	read := func() (stored string, err error) {
		err = db.pools.write.QueryRowContext(ctx, `SELECT value FROM instance WHERE key = $1`, key).Scan(&stored)
		return stored, err
	}
	if stored, err := read(); !errors.Is(err, sql.ErrNoRows) {
		return stored, err
	}
	_, err := db.pools.write.ExecContext(ctx, `INSERT INTO instance (key, value) VALUES ($1, $2) ON CONFLICT DO NOTHING`, key, value)
	if err != nil {
		return "", err
	}
	return read()
}
