package bench

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/sequencer"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/vault"
)

// Site is the data of a Sealog that is there to be measured: what Load leaves, and what Read and
// HTTP look at, as often as one likes. It is a data directory of its own, which `sealog serve`
// serves, with a description beside it.
type Site struct {
	description
	dir     string
	db      *store.DB
	access  *access.Service
	project *project.Service
	sealing *sequencer.Service
	raw     *sql.DB // beside the others, for what only a database itself can tell
	engine  string
}

// description stands in the site's directory as bench.json.
type description struct {
	// Database is the address of its PostgreSQL database; empty is the SQLite in the directory.
	Database string    `json:"database,omitempty"`
	Email    string    `json:"email"` // an owner of every project
	Password string    `json:"password"`
	Events   int       `json:"events"`
	Days     int       `json:"days"`
	Until    time.Time `json:"until"` // of the newest event that was loaded
	// Projects are the loaded ones, the largest first.
	Projects []loaded `json:"projects"`
	// Size is how large an average event is, in bytes of its JSON.
	Size float64 `json:"size"`
}

type loaded struct {
	ID     string `json:"id"`
	Events int    `json:"events"`
	marked
}

const descriptionFile = "bench.json"

// errNoSite is what opening a directory says that holds no site.
func errNoSite(dir string, err error) error {
	return fault.New(fault.Invalid, "BenchNotLoaded", "%s holds nothing that `sealog bench load` has left.", dir).Because(err)
}

// newSite makes a site in a directory that has to be new or empty, on SQLite or, with the
// address of a server, in a new PostgreSQL database there, which stays.
//
// Errors: BenchNotEmpty.
func newSite(ctx context.Context, dir, server string) (_ *Site, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	if len(entries) > 0 {
		return nil, fault.New(fault.Conflict, "BenchNotEmpty", "%s is not empty; name a new directory.", dir)
	}
	s := &Site{dir: dir, description: description{Email: "bench@sealog.example", Password: vault.NewToken()}}
	if server != "" {
		if s.Database, err = createDatabase(ctx, server); err != nil {
			return nil, err
		}
	}
	if _, err := vault.LoadOrCreate(filepath.Join(dir, "master-secret")); err != nil {
		return nil, err
	}
	if err := s.open(ctx); err != nil {
		return nil, err
	}
	_, err = s.access.CreateAccount(ctx, access.ByOperator("bench load"), s.Email, s.Password, true)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// OpenSite opens a site that Load has left.
//
// Errors: BenchNotLoaded.
func OpenSite(ctx context.Context, dir string) (*Site, error) {
	text, err := os.ReadFile(filepath.Join(dir, descriptionFile))
	if err != nil {
		return nil, errNoSite(dir, err)
	}
	s := &Site{dir: dir}
	if err := json.Unmarshal(text, &s.description); err != nil || len(s.Projects) == 0 {
		return nil, errNoSite(dir, err)
	}
	return s, s.open(ctx)
}

// describe leaves the description.
func (s *Site) describe() error {
	text, err := json.MarshalIndent(s.description, "", "  ")
	if err == nil {
		err = os.WriteFile(filepath.Join(s.dir, descriptionFile), text, 0o600)
	}
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	return nil
}

func (s *Site) open(ctx context.Context) error {
	v, err := vault.Load(filepath.Join(s.dir, "master-secret"))
	if err != nil {
		return err
	}
	log := slog.New(slog.DiscardHandler)
	if s.db, err = store.Open(ctx, store.Config{Dir: s.dir, URL: s.Database, Log: log}, v); err != nil {
		return err
	}
	marks, err := sequencer.NewMarks(filepath.Join(s.dir, "checkpoints"))
	if err == nil {
		s.raw, err = openBeside(filepath.Join(s.dir, "sealog.db"), s.Database)
	}
	if err != nil {
		return errors.Join(err, s.db.Close())
	}
	s.sealing = sequencer.New(s.db, marks, log)
	s.project = project.New(s.db, project.Settings{PublicURL: &url.URL{Scheme: "https", Host: "sealog.example"}})
	s.access = access.New(s.db, s.project, vault.NewPasswords(), access.NewRefusals(), log)
	err = s.project.Bootstrap(ctx)
	if err == nil {
		s.engine, err = engineOf(ctx, s.raw, s.db.Engine())
	}
	if err != nil {
		return errors.Join(err, s.Close())
	}
	return nil
}

// Close leaves the site as it is.
func (s *Site) Close() error { return errors.Join(s.raw.Close(), s.db.Close()) }

// report begins a report about the site.
func (s *Site) report(name string) Report {
	r := newReport(name, s.engine)
	r.Data = fmt.Sprintf("%s events of %.0f bytes over %d days, in %d projects, %s in the one that is read",
		number(float64(s.Events)), s.Size, s.Days, len(s.Projects), number(float64(s.Projects[0].Events)))
	return r
}
