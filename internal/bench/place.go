package bench

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/sequencer"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/vault"
)

// place is a database that is there for one benchmark, and what works on it.
type place struct {
	db      *store.DB
	sealing *sequencer.Service
	// bare is a connection for what the machine can do at most: the same engine with the same
	// durability and none of Sealog's tables.
	bare   *sql.DB
	dir    string // for files; the embedded database is there too
	engine string // with version and durability
	undo   []func() error
}

// newVault makes a master secret that is forgotten with the place.
func newVault() (*vault.Vault, error) {
	master := make([]byte, 32)
	if _, err := rand.Read(master); err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	return vault.New(master)
}

// newPlace makes a place. It must be closed, which removes all of it.
func newPlace(ctx context.Context, server string, v *vault.Vault) (_ *place, err error) {
	p := &place{}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("bench: make a database: %w", err), p.close())
		}
	}()
	if p.dir, err = os.MkdirTemp("", "sealog-bench-"); err != nil {
		return nil, err
	}
	p.undo = append(p.undo, func() error { return os.RemoveAll(p.dir) })
	address := ""
	if server != "" {
		if address, err = createDatabase(ctx, server); err != nil {
			return nil, err
		}
		p.undo = append(p.undo, func() error { return dropDatabase(ctx, server, address) })
	}
	log := slog.New(slog.DiscardHandler)
	if p.db, err = store.Open(ctx, store.Config{Dir: p.dir, URL: address, Log: log}, v); err != nil {
		return nil, err
	}
	p.undo = append(p.undo, p.db.Close)
	if err := p.openBare(ctx, address); err != nil {
		return nil, err
	}
	marks, err := sequencer.NewMarks(filepath.Join(p.dir, "checkpoints"))
	if err != nil {
		return nil, err
	}
	p.sealing = sequencer.New(p.db, marks, log)
	return p, nil
}

// createDatabase makes a database on a server and returns its address.
func createDatabase(ctx context.Context, server string) (address string, err error) {
	u, err := url.Parse(server)
	if err != nil {
		return "", errors.New("the address of the server cannot be understood") // its text may hold a password
	}
	random := make([]byte, 8)
	if _, err := rand.Read(random); err != nil {
		return "", err
	}
	u.Path = "/sealog_bench_" + hex.EncodeToString(random)
	return u.String(), onServer(ctx, server, "CREATE DATABASE "+nameOf(u.String()))
}

// dropDatabase removes a database that createDatabase has made, also when ctx has ended.
func dropDatabase(ctx context.Context, server, address string) error {
	return onServer(context.WithoutCancel(ctx), server, "DROP DATABASE "+nameOf(address)+" WITH (FORCE)")
}

// onServer runs a statement on a server itself.
func onServer(ctx context.Context, server, statement string) error {
	admin, err := sql.Open("pgx", server)
	if err != nil {
		return err
	}
	_, err = admin.ExecContext(ctx, statement)
	return errors.Join(err, admin.Close())
}

// nameOf is the name of the database in an address.
func nameOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.TrimPrefix(u.Path, "/")
}

// openBare opens the connection for comparison and asks the engine what it is.
func (p *place) openBare(ctx context.Context, address string) (err error) {
	if p.bare, err = openBeside(filepath.Join(p.dir, "bare.db"), address); err != nil {
		return err
	}
	p.undo = append(p.undo, p.bare.Close)
	if p.db.Engine() == store.PostgreSQL {
		p.bare.SetMaxOpenConns(16) // as many as package store has for writing
		p.bare.SetMaxIdleConns(16)
	}
	p.engine, err = engineOf(ctx, p.bare, p.db.Engine())
	return err
}

// openBeside opens one connection beside package store's: to the SQLite file at path, with the
// settings that package store has, or, when there is an address, to that PostgreSQL database.
func openBeside(path, address string) (*sql.DB, error) {
	driver := "pgx"
	if address == "" {
		driver = "sqlite"
		address = (&url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: url.Values{"_txlock": {"immediate"}, "_pragma": {
			"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "secure_delete(1)", "temp_store(2)", "cache_size(-65536)", "wal_autocheckpoint(4000)",
		}}.Encode()}).String()
	}
	db, err := sql.Open(driver, address)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

// engineOf says what an engine is, with its version and how durable it was told to be.
func engineOf(ctx context.Context, db *sql.DB, e store.Engine) (text string, err error) {
	query := `SELECT 'SQLite ' || sqlite_version() || ', WAL, synchronous FULL'`
	if e == store.PostgreSQL {
		query = `SELECT 'PostgreSQL ' || current_setting('server_version') || ', fsync ' || current_setting('fsync') ||
			', synchronous_commit ' || current_setting('synchronous_commit')`
	}
	err = db.QueryRowContext(ctx, query).Scan(&text)
	return text, err
}

// close removes the place, the last thing first.
func (p *place) close() error {
	var errs []error
	for len(p.undo) > 0 {
		last := len(p.undo) - 1
		errs = append(errs, p.undo[last]())
		p.undo = p.undo[:last]
	}
	return errors.Join(errs...)
}

// project makes a project, whose log begins with the event of that, and returns its log's id.
func (p *place) project(ctx context.Context, id string) (log string, err error) {
	log = "bench.invalid/log/" + event.NewID().Hex()
	_, err = store.Record(ctx, p.db, access.ByOperator("bench"), event.InProject(id),
		func(ctx context.Context, tx *store.Tx) (event.ProjectAppCreated, error) {
			_, err := tx.Exec(ctx, `
				INSERT INTO projects (project_id, name, log_id, config, version, created_at)
				VALUES ($1, $2, $3, $4, $5, $6)`, id, id, log, "id: "+id+"\n", int64(1), store.Micros(tx.Now()))
			return event.ProjectAppCreated{Name: id}, err
		})
	if err != nil {
		return "", err
	}
	// One whole turn, so that later ones begin where those of a server that runs do.
	return log, p.sealing.Finish(ctx)
}

// derived says how many of a log's events counts and references are taken to know of. Beyond
// the log's size, deriving has nothing to do, and what else is done can be measured alone.
func (p *place) derived(ctx context.Context, project string, positions int64) error {
	return store.Bookkeep(ctx, p.db, func(ctx context.Context, b *store.Book) error {
		_, err := b.Exec(ctx, `UPDATE logs SET derived = $1 WHERE project_id = $2`, positions, project)
		return err
	})
}
