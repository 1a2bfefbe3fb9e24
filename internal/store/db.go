package store

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/vault"
)

// Config says which database to open and how.
type Config struct {
	// Dir is the directory of the SQLite database; used when URL is empty.
	Dir string
	// URL is the address of a PostgreSQL database: postgres://user:password@host:port/name.
	URL string
	// Connections bounds the connections to a PostgreSQL server; 0 means DefaultConnections.
	Connections int
	// Wait is how long a PostgreSQL server that does not answer is waited for.
	Wait time.Duration
	// Existing refuses to make a new database where there is none.
	Existing bool
	// Reading is for those who only read: a SQLite database in a place that cannot be written is
	// opened read-only, and nothing is recorded there (DB.ReadOnly).
	Reading bool
	// Log gets what nobody can be answered with; nil means slog.Default.
	Log *slog.Logger
	// Now is the wall clock, for tests; nil means time.Now.
	Now func() time.Time
}

// DB is an open database. It reads by itself (it is a Querier over the read pool) and
// writes only through Record, Refuse and Bookkeep.
type DB struct {
	engine      Engine
	pools       pools
	group       *group       // SQLite's writer; nil on PostgreSQL
	joint       *joint       // PostgreSQL's recordings that wait; nil on SQLite
	kept        *statements  // of SQLite's readers; nil on PostgreSQL
	place       *place       // of SQLite's files; nil on PostgreSQL
	connections *connections // of PostgreSQL; nil on SQLite
	keeper      *keeper      // nil on PostgreSQL, and where nothing can be written
	clock       *event.Clock
	reads       atomic.Int64
	vault       *vault.Vault
	log         *slog.Logger
	attempts    *attempts
	usage       *usage
	logs        *logNames
	recorded    bell
	closed      atomic.Bool
	unwritable  unwritable
}

// Open opens a database, brings its tables up to date and checks that the master secret is
// the one it was made with.
//
// Errors: DatabaseMissing (Config.Existing), DatabaseUnavailable, DatabaseReadOnly, DatabaseOlder (Config.Reading), DatabaseURLMalformed, DatabaseNewer (made
// by a newer version), DatabaseForeign (a migration differs), MasterSecretWrong.
func Open(ctx context.Context, config Config, v *vault.Vault) (_ *DB, err error) {
	defer fault.Wrap(&err, "store.Open")
	if config.Log == nil {
		config.Log = slog.Default()
	}
	db := &DB{
		engine: SQLite, vault: v, log: config.Log, attempts: newAttempts(), usage: newUsage(), logs: newLogNames(),
		clock: &event.Clock{Now: config.Now}, recorded: make(bell, 1),
	}
	if config.URL != "" {
		db.engine = PostgreSQL
		db.pools, db.connections, err = openPostgreSQL(ctx, config)
	} else {
		db.pools, db.place, err = openSQLite(config)
	}
	if err != nil {
		return nil, err
	}
	if err := db.start(ctx, config); err != nil {
		return nil, errors.Join(translate(err), db.pools.close())
	}
	return db, nil
}

// start prepares an open database and starts what belongs to it.
func (db *DB) start(ctx context.Context, config Config) (err error) {
	if db.ReadOnly() {
		db.kept = newStatements(db.pools.read)
		return db.prepareReading(ctx)
	}
	if err := db.prepare(ctx, config); err != nil {
		return err
	}
	if db.engine == PostgreSQL {
		db.joint = newJoint(db)
		return nil
	}
	db.kept = newStatements(db.pools.read)
	db.group = startGroup(db.pools.write, db.log, db.place)
	if db.keeper, err = startKeeper(ctx, db); err != nil {
		db.group.stop()
	}
	return err
}

// Close waits for the writes under way and closes the connections.
func (db *DB) Close() error {
	if db.closed.Swap(true) {
		return nil
	}
	replaced := db.place.check() != nil
	if !replaced {
		db.place.leave() // the write-ahead log goes with the last connection, and that is no replacement
	}
	db.kept.stop()
	var err error
	if db.keeper != nil {
		err = db.keeper.stop()
	}
	if db.group != nil {
		db.group.stop()
	}
	if replaced {
		return err // see placedConnector
	}
	if db.connections == nil { // nothing keeps a file from being closed
		return errors.Join(err, db.pools.close())
	}
	db.connections.stop()
	closed := make(chan error, 1)
	go func() { closed <- db.pools.close() }()
	select {
	case closeErr := <-closed:
		return errors.Join(err, closeErr)
	case <-time.After(closeWithin):
		return errors.Join(err, fault.New(fault.Unavailable, "DatabaseTimeout", "The connections to the database could not be closed in time."))
	}
}

// closeWithin bounds how long Close waits for connections that a silent server still has in use.
const closeWithin = 3 * time.Second

// ReadOnly reports whether the database lies where nothing can be written, and was opened to be
// read (Config.Reading).
func (db *DB) ReadOnly() bool { return db.pools.write == nil }

// refusal returns why nothing is written at all, or nil.
func (db *DB) refusal() error {
	if db.closed.Load() {
		return errClosed
	}
	if db.ReadOnly() {
		return fault.New(fault.Unavailable, "DatabaseReadOnly", "The database is read-only; nothing was changed.")
	}
	return db.place.check()
}

// Engine returns the kind of database underneath.
func (db *DB) Engine() Engine { return db.engine }

// Vault returns the keys of the master secret that the database was made with.
func (db *DB) Vault() *vault.Vault { return db.vault }

// Now returns the time as the database's clock has it.
func (db *DB) Now() time.Time { return db.clock.Next().Time() }

// Ping asks whether the database can be read and written, and changes nothing. A recording that failed
// for want of room within the last half minute, and that none has followed, is what it answers.
func (db *DB) Ping(ctx context.Context) error {
	if err := db.unwritable.last(time.Now()); err != nil {
		return err
	}
	if _, err := Column[int64](ctx, db, `SELECT 1`); err != nil {
		return err
	}
	return Bookkeep(ctx, db, func(ctx context.Context, b *Book) error {
		_, err := b.Exec(ctx, `UPDATE instance SET value = value WHERE key = $1`, "nothing")
		return err
	})
}

func (db *DB) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	db.reads.Add(1)
	if stmt := db.kept.get(query); stmt != nil {
		return stmt.QueryContext(ctx, args...)
	}
	return db.pools.read.QueryContext(ctx, query, args...)
}

// KeepingPlans reads with plans that are made once for all values of a statement's parameters. On
// PostgreSQL it takes longer to plan a walk over the partitions of events than to walk to the end of a
// page. It is for statements that need no values to be planned well: those that go along an index to a
// limit, which is written into the text, since one that is bound is taken for a tenth of all, and those
// for which there is but one index. Of other values the engine supposes what is not so: of a range, that
// it is a two-hundredth of the table. On SQLite, which never looks at values, it is the same as the DB.
func (db *DB) KeepingPlans() Pool {
	if db.pools.keeping == nil {
		return db
	}
	return keeping{db}
}

// Pool is where SELECTs and snapshots run: a DB, on its read pool, or DB.KeepingPlans.
type Pool interface {
	Querier
	snapshot(ctx context.Context) (*Snapshot, error)
}

type keeping struct{ db *DB }

func (k keeping) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	rows, err := k.db.pools.keeping.QueryContext(ctx, query, args...)
	if fault.Is(translate(err), "DatabaseUnavailable") {
		// The server has ended this session. It says so at the next statement, which others can make.
		return k.db.query(ctx, query, args...)
	}
	k.db.reads.Add(1)
	return rows, err
}

func (k keeping) snapshot(ctx context.Context) (*Snapshot, error) {
	s, err := k.db.snapshotOf(ctx, k.db.pools.keeping)
	if fault.Is(err, "DatabaseUnavailable") {
		return k.db.snapshot(ctx) // as above
	}
	return s, err
}

// Reads is how many statements have been run on the read pools.
func (db *DB) Reads() int64 { return db.reads.Load() }

// Setting returns a value of this installation, such as its public URL; "" when not set.
func Setting(ctx context.Context, db *DB, key string) (string, error) {
	value, _, err := One(ctx, db, func(v *string) []any { return []any{v} }, `SELECT value FROM instance WHERE key = $1`, key)
	return value, err
}

// SetSetting stores a value of this installation.
func SetSetting(ctx context.Context, db *DB, key, value string) error {
	return Bookkeep(ctx, db, func(ctx context.Context, b *Book) error {
		_, err := b.Exec(ctx, `
			INSERT INTO instance (key, value) VALUES ($1, $2)
			ON CONFLICT (key) DO UPDATE SET value = excluded.value`, key, value)
		return err
	})
}

// Snapshot is a Querier that sees one state of the database throughout.
type Snapshot struct {
	tx   *sql.Tx
	kept *statements
}

func (s *Snapshot) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if stmt := s.kept.get(query); stmt != nil {
		return s.tx.StmtContext(ctx, stmt).QueryContext(ctx, args...)
	}
	return s.tx.QueryContext(ctx, query, args...)
}

func (db *DB) snapshot(ctx context.Context) (*Snapshot, error) {
	return db.snapshotOf(ctx, db.pools.read)
}

func (db *DB) snapshotOf(ctx context.Context, pool *sql.DB) (*Snapshot, error) {
	options := &sql.TxOptions{ReadOnly: true}
	if db.engine == PostgreSQL {
		options.Isolation = sql.LevelRepeatableRead
	}
	tx, err := pool.BeginTx(ctx, options)
	if err != nil {
		return nil, translate(err)
	}
	return &Snapshot{tx, db.kept}, nil
}

// InSnapshot runs read over one state of the database. It takes no lock that a write waits for.
func InSnapshot(ctx context.Context, p Pool, read func(context.Context, *Snapshot) error) error {
	s, err := p.snapshot(ctx)
	if err != nil {
		return err
	}
	defer s.tx.Rollback() //nolint:errcheck // nothing was written
	return read(ctx, s)
}

// logNames knows the name of each project's log. A name never changes, so what has been
// read from a committed row may be kept.
type logNames struct {
	mu    sync.Mutex
	names map[string]string // by project; guarded by mu
}

func newLogNames() *logNames { return &logNames{names: map[string]string{}} }

const selectLog = `SELECT log_id FROM projects WHERE project_id = $1`

// known reports whether a committed project has that id, and keeps its log's name.
func (l *logNames) known(ctx context.Context, db *DB, project string) (bool, error) {
	l.mu.Lock()
	_, ok := l.names[project]
	l.mu.Unlock()
	if ok {
		return true, nil
	}
	names, err := Column[string](ctx, db, selectLog, project)
	if err != nil || len(names) == 0 {
		return false, err
	}
	l.mu.Lock()
	l.names[project] = names[0]
	l.mu.Unlock()
	return true, nil
}

// name returns the name of a project's log as the transaction sees it; the project may have
// been made in this very transaction, so what is read here is not kept.
func (l *logNames) name(ctx context.Context, tx *Tx, project string) (string, error) {
	l.mu.Lock()
	name, ok := l.names[project]
	l.mu.Unlock()
	if ok {
		return name, nil
	}
	names, err := Column[string](ctx, tx, selectLog, project)
	if err != nil {
		return "", err
	}
	if len(names) == 0 {
		return "", fault.New(fault.NotFound, "ProjectNotFound", "There is no such project.")
	}
	return names[0], nil
}
