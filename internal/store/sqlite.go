package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"

	"github.com/sealog/sealog/internal/fault"
)

// sqliteFile is the database's name inside the data directory.
const sqliteFile = "sealog.db"

// readers is how many connections of a SQLite database read.
const readers = 8

// IsNew reports whether a directory holds no SQLite database yet: there is no file, or an empty one.
func IsNew(dir string) (bool, error) {
	path := filepath.Join(dir, sqliteFile)
	for _, file := range []string{path, path + walSuffix} {
		info, err := os.Stat(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil || info.Size() > 0 {
			return false, err
		}
	}
	return true, nil
}

// openSQLite opens the database in a directory.
func openSQLite(config Config) (pools, *place, error) {
	path, err := filepath.Abs(filepath.Join(config.Dir, sqliteFile))
	if err != nil {
		return pools{}, nil, fmt.Errorf("store: %w", err)
	}
	if config.Existing {
		if err := Missing(config.Dir); err != nil {
			return pools{}, nil, err
		}
	}
	// The file is made here and private, before the driver makes it with the process's mask.
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err == nil {
		err = file.Close()
	}
	if err == nil && config.Reading {
		err = writable(config.Dir)
	}
	if config.Reading && isReadOnly(err) {
		return openReadOnly(path, config.Log)
	}
	if err != nil {
		return pools{}, nil, fault.New(fault.Unavailable, "DatabaseUnavailable", "The database file cannot be opened for writing.").Because(err)
	}
	p, err := notePlace(path, config.Log)
	if err != nil {
		return pools{}, nil, fmt.Errorf("store: %w", err)
	}
	opened, err := openPools(p)
	return opened, p, err
}

// Missing returns DatabaseMissing when a directory holds no SQLite database.
func Missing(dir string) error {
	isNew, err := IsNew(dir)
	if err != nil || !isNew {
		return err
	}
	return errMissing("There is no database: the file %s is missing or empty.", filepath.Join(dir, sqliteFile))
}

func errMissing(format string, args ...any) error {
	return fault.New(fault.Unavailable, "DatabaseMissing", "%s", fmt.Sprintf(format, args...)+
		" Signed checkpoints or a master secret show that there was one. Mount or restore it; or run \"sealog init\" once to create a new one.")
}

// openPools opens one writer, which holds its transactions from the first statement on (_txlock),
// and readers that the engine lets only read.
func openPools(p *place) (opened pools, err error) {
	// synchronous(FULL): an audit log may not lose an acknowledged commit. temp_store(2): the
	// pages that a savepoint may give back are kept in memory and not written to a file.
	opened.write, err = openPlaced(p, sqliteDSN(p.path, "rw", "busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)",
		"foreign_keys(1)", "secure_delete(1)", "temp_store(2)", "cache_size(-65536)", "wal_autocheckpoint(4000)",
		"journal_size_limit("+strconv.Itoa(maxWAL)+")")+"&_txlock=immediate", 1)
	if err != nil {
		return pools{}, err
	}
	opened.read, err = openPlaced(p, sqliteDSN(p.path, "ro", readPragmas()...), readers)
	if err != nil {
		return pools{}, errors.Join(err, opened.write.Close())
	}
	opened.read.SetMaxIdleConns(readers)
	return opened, nil
}

func readPragmas() []string {
	return []string{"busy_timeout(10000)", "query_only(1)", "mmap_size(1073741824)", "cache_size(-8192)"}
}

// sqliteDSN is the name under which the driver opens a file.
func sqliteDSN(path, mode string, pragmas ...string) string {
	q := url.Values{"mode": {mode}, "_dqs": {"0"}, "_defensive": {"1"}, "_pragma": pragmas}
	return (&url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: q.Encode()}).String()
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

func openPlaced(p *place, dsn string, size int) (*sql.DB, error) {
	connector, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	db := sql.OpenDB(placedConnector{connector, p})
	db.SetMaxOpenConns(size)
	return db, nil
}

// writable returns an error when no file can be made in a directory, as SQLite has to for its
// write-ahead log.
func writable(dir string) error {
	file, err := os.CreateTemp(dir, ".sealog-write-*")
	if err != nil {
		return err
	}
	return errors.Join(file.Close(), os.Remove(file.Name()))
}

func isReadOnly(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS)
}

// openReadOnly opens a database in a place that cannot be written. Without a write-ahead log nobody
// has it open, and it is read as it lies there: SQLite could not make the files that it needs for
// reading together with others. With one, it is read together with whoever has it open.
func openReadOnly(path string, log *slog.Logger) (pools, *place, error) {
	if _, err := os.Stat(path); err != nil {
		return pools{}, nil, fault.New(fault.Unavailable, "DatabaseUnavailable", "The database file cannot be read.").Because(err)
	}
	p, err := notePlace(path, log)
	if err != nil {
		return pools{}, nil, fmt.Errorf("store: %w", err)
	}
	dsn := sqliteDSN(path, "ro", readPragmas()...)
	_, walErr := os.Stat(path + walSuffix)
	_, shmErr := os.Stat(path + shmSuffix)
	switch {
	case walErr != nil && shmErr != nil:
		dsn += "&immutable=1"
	case shmErr != nil:
		if size, err := p.size(walSuffix); err != nil || size > 0 {
			return pools{}, nil, fault.New(fault.Unavailable, "DatabaseReadOnly",
				"The newest changes are in %s, which cannot be read in a place that cannot be written. Copy the data directory to another place and use that.", path+walSuffix)
		}
		dsn += "&immutable=1"
	}
	read, err := openPlaced(p, dsn, readers)
	if err != nil {
		return pools{}, nil, err
	}
	read.SetMaxIdleConns(readers)
	return pools{read: read}, p, nil
}

// prepareReading checks a database that cannot be brought up to date.
func (db *DB) prepareReading(ctx context.Context) error {
	if err := checkBinding(ctx, db.pools.read); err != nil {
		return err
	}
	applied, err := Column[int64](ctx, db, `SELECT version_id FROM goose_db_version WHERE is_applied ORDER BY version_id DESC LIMIT 1`)
	if err != nil {
		return err
	}
	newest, err := newestVersion()
	if err != nil {
		return err
	}
	current := int64(0)
	if len(applied) == 1 {
		current = applied[0]
	}
	switch {
	case current > newest:
		return errNewer(current, newest)
	case current < newest:
		return fault.New(fault.Invalid, "DatabaseOlder",
			"The database was made by an older version of Sealog (its version is %d, this program's is %d) and cannot be brought up to date where it cannot be written. Copy the data directory to another place and use that.", current, newest)
	}
	stored, err := Setting(ctx, db, masterCheck)
	if err == nil && stored != db.vault.Check() {
		err = errOtherMaster()
	}
	return err
}

// newestVersion is the number of SQLite's last migration.
func newestVersion() (newest int64, err error) {
	files, err := fs.Glob(migrations, "migrations/sqlite/*.sql")
	for _, file := range files {
		number, numberErr := goose.NumericComponent(file)
		newest, err = max(newest, number), errors.Join(err, numberErr)
	}
	return newest, err
}
