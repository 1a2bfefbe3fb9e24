package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/config"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/sequencer"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/vault"
)

// publicURLSetting is where the server leaves its public URL for commands beside it.
const publicURLSetting = "public url"

// app is the database and the services that every command has.
type app struct {
	db        *store.DB
	log       *slog.Logger
	publicURL *url.URL
	passwords *vault.Passwords
	refusals  *access.Refusals
	projects  *project.Service
	access    *access.Service
	sealing   *sequencer.Service
}

// opening says how a command opens the data.
type opening struct {
	// publicURL is the server's own; commands give nil and get the one that the server left.
	publicURL *url.URL
	// reading is for commands that work where nothing can be written, too.
	reading bool
	// anew makes a new database although something shows that there was one.
	anew bool
}

// open opens the data that the settings name, making it on the first start.
func open(ctx context.Context, d config.Data, log *slog.Logger, how opening) (_ *app, err error) {
	defer fault.Wrap(&err, "open")
	existing := !how.anew && hadDatabase(d)
	if existing && d.Database == "" {
		if err := store.Missing(d.Data); err != nil {
			return nil, err
		}
	}
	secret, err := openVault(d)
	if err != nil {
		return nil, err
	}
	db, err := store.Open(ctx, store.Config{
		Dir: d.Data, URL: d.Database, Connections: d.DatabaseConnections, Wait: d.WaitForDatabase, Log: log,
		Existing: existing, Reading: how.reading,
	}, secret)
	if err != nil {
		return nil, err
	}
	a := &app{db: db, log: log, publicURL: how.publicURL, passwords: vault.NewPasswords(), refusals: access.NewRefusals()}
	if err := a.settlePublicURL(ctx, d); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	settings := project.Settings{PublicURL: a.publicURL}
	if d.Plans != "" {
		text, err := os.ReadFile(d.Plans)
		if err == nil {
			settings.Plans, err = project.ReadPlans(text)
		} else {
			err = fault.New(fault.Invalid, "PlansInvalid", "The file of --plans cannot be read.").Because(err)
		}
		if err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	if d.DNSServer != "" {
		settings.Resolver = project.ResolverAt(d.DNSServer)
	}
	a.projects = project.New(db, settings)
	a.access = access.New(db, a.projects, a.passwords, a.refusals, log)
	if db.ReadOnly() {
		a.sealing = sequencer.New(db, sequencer.ReadMarks(d.Checkpoints()), log)
		return a, nil
	}
	marks, err := sequencer.NewMarks(d.Checkpoints())
	if err != nil {
		return nil, errors.Join(fault.New(fault.Unavailable, "CheckpointsUnavailable", "The directory of checkpoints cannot be made.").Because(err), db.Close())
	}
	a.sealing = sequencer.New(db, marks, log)
	if err := a.projects.Bootstrap(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return a, nil
}

// hadDatabase reports whether something shows that there was a database: checkpoints that were signed
// of its logs, or, with SQLite, its master secret, which is made together with it. With PostgreSQL
// the operator makes the secret before.
func hadDatabase(d config.Data) bool {
	if marks, err := filepath.Glob(filepath.Join(d.Checkpoints(), "*.mark")); err == nil && len(marks) > 0 {
		return true
	}
	secret, _ := d.MasterSecretPath()
	_, err := os.Stat(secret)
	return err == nil && d.Database == ""
}

// openVault reads the master secret. One is made only together with a new database: beside
// data that exists, a missing secret is an error and not a reason to invent another.
func openVault(d config.Data) (*vault.Vault, error) {
	path, mayCreate := d.MasterSecretPath()
	if d.Database == "" {
		if err := makeData(d); err != nil {
			return nil, err
		}
		isNew, err := store.IsNew(d.Data)
		if err != nil {
			return nil, fault.New(fault.Unavailable, "DataDirectoryUnavailable", "The data directory cannot be read.").Because(err)
		}
		if mayCreate && isNew {
			return vault.LoadOrCreate(path)
		}
	}
	return vault.Load(path)
}

func makeData(d config.Data) error {
	if err := os.MkdirAll(d.Data, 0o700); err != nil {
		return fault.New(fault.Unavailable, "DataDirectoryUnavailable", "The data directory cannot be made.").Because(err)
	}
	return nil
}

// claim makes this process the one server of a data directory with SQLite.
func claim(d config.Data, address string) (release func() error, err error) {
	if d.Database != "" {
		return func() error { return nil }, nil
	}
	if err := makeData(d); err != nil {
		return nil, err
	}
	return store.Claim(d.Data, address)
}

func (a *app) settlePublicURL(ctx context.Context, d config.Data) error {
	if d.PublicURL != "" {
		u, err := config.ParsePublicURL(d.PublicURL)
		if err != nil {
			return err
		}
		a.publicURL = u
	}
	if a.publicURL != nil {
		return nil
	}
	stored, err := store.Setting(ctx, a.db, publicURLSetting)
	if err != nil {
		return err
	}
	if stored == "" {
		stored = "http://localhost:8080" // no server has run yet
	}
	a.publicURL, err = config.ParsePublicURL(stored)
	return err
}

// closeWithin bounds how long the end waits for a database that does not answer.
const closeWithin = 3 * time.Second

func (a *app) close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, closeWithin)
	defer cancel()
	return errors.Join(store.RecordSuppressed(ctx, a.db), a.db.Close())
}

// withApp runs a command over the services and closes them.
func withApp(ctx context.Context, d config.Data, term terminal, command func(*app) error) error {
	return withOpening(ctx, d, term, opening{}, command)
}

// withReader is withApp for a command that works where nothing can be written, too. There it
// records nothing, and says so.
func withReader(ctx context.Context, d config.Data, term terminal, command func(*app) error) error {
	return withOpening(ctx, d, term, opening{reading: true}, func(a *app) error {
		if a.db.ReadOnly() {
			fmt.Fprintf(term.stderr, "%s cannot be written: the database is opened read-only, and nothing is recorded.\n", d.Data)
		}
		return command(a)
	})
}

func withOpening(ctx context.Context, d config.Data, term terminal, how opening, command func(*app) error) error {
	defer endWithin(ctx, stopWithin)()
	a, err := open(ctx, d, d.Logger(term.stderr), how)
	if err != nil {
		return err
	}
	return errors.Join(command(a), a.close(context.WithoutCancel(ctx)))
}
