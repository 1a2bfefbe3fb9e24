package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/ledger"
	"github.com/sealog/sealog/internal/sequencer"
	"github.com/sealog/sealog/internal/store"
)

// LoadOptions say what Load leaves.
type LoadOptions struct {
	// Dir is where it is left; it must be new or empty.
	Dir string
	// Server is as in Options; the database that is made there stays.
	Server string
	// Events is how many there are in all projects together, at least 1,000, and Days how far
	// back they go, at least 1.
	Events, Days int
	// Projects is how many there are, at least 1. The first has four fifths of the events.
	Projects int
	Progress Progress
}

// loadTarget is how many events should be loaded in a second: ten million in forty minutes.
const loadTarget = 10_000_000 / (40 * 60)

// Load fills a new site with events whose times lie in the past, each as recording it would have
// left it: sealed, counted and findable. The report says how long that took and how much room
// it takes.
func Load(ctx context.Context, o LoadOptions) (_ Report, err error) {
	s, err := newSite(ctx, o.Dir, o.Server)
	if err != nil {
		return Report{}, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	s.Events, s.Days, s.Until = o.Events, o.Days, s.db.Now().Truncate(time.Second)
	from := s.Until.AddDate(0, 0, -o.Days)
	if err := store.EnsurePartitions(ctx, s.db, from, o.Days/28+1); err != nil {
		return Report{}, err
	}
	begun, done := time.Now(), 0
	for i := range o.Projects {
		n := o.Events
		if o.Projects > 1 {
			if n = o.Events * 4 / 5; i > 0 {
				n = (o.Events - n) / (o.Projects - 1)
			}
		}
		m, err := s.newProject(ctx, fmt.Sprintf("bench-%d", i+1), n, from)
		if err != nil {
			return Report{}, err
		}
		if err := s.load(ctx, m, n, func(of int) { o.Progress.tell("loading", int64(done+of), int64(o.Events)) }); err != nil {
			return Report{}, err
		}
		done += n
		s.Projects = append(s.Projects, loaded{m.project, n, m.marked})
	}
	took := time.Since(begun)
	s.Events = done
	// As a server would have done while the months passed.
	if err := store.RebuildPastIndexes(ctx, s.db, s.Until); err != nil {
		return Report{}, err
	}
	if s.Size, err = s.size(ctx); err != nil {
		return Report{}, err
	}
	if err := s.describe(); err != nil {
		return Report{}, err
	}
	if err := s.settle(ctx); err != nil {
		return Report{}, err
	}
	r := s.report("load")
	r.Figures = []Figure{{What: "loading: recorded, sealed, counted and findable", Value: float64(done) / took.Seconds(), Unit: unitRate, Target: loadTarget}}
	room, err := s.room(ctx)
	r.Figures = append(r.Figures, room...)
	return r, err
}

// How much is written in one transaction: a page that many rows go to is written once for all of
// them. Of references, whose places are at random, only many find company.
const (
	atOnce        = 32 * batch // events with their leaves
	derivedAtOnce = 8 * atOnce // events whose counts and references are put together
	rowsAtOnce    = 200_000    // of those in one transaction, of each
)

// newProject makes a project as the Portal does, whose Admin API keys are not held back by a limit,
// and what makes its events.
func (s *Site) newProject(ctx context.Context, id string, n int, from time.Time) (*maker, error) {
	by := access.ByOperator("bench load")
	owner, err := s.access.AccountByEmail(ctx, s.Email)
	if err != nil {
		return nil, err
	}
	if _, err := s.project.Create(ctx, by, id, id, owner.Object()); err != nil {
		return nil, err
	}
	p, err := s.project.Configure(ctx, by, id, "id: "+id+"\nadmin_api:\n  requests_per_second: 1000000\n  burst: 1000000\n", 0)
	if err != nil {
		return nil, err
	}
	return newMaker(id, p.LogID, n, from, s.Until.Sub(from)), nil
}

// made are some events, and what readers need of all events since the last that brought it.
type made struct {
	rows    []ledger.Row
	derived *sequencer.Derivation // nil when more events go into it
}

// load makes n events and writes what recording and sealing them would have left. Making is a
// core's work, so it goes ahead of writing.
func (s *Site) load(ctx context.Context, m *maker, n int, tell func(int)) error {
	// What the project has recorded comes before.
	if err := s.sealing.Finish(ctx); err != nil {
		return err
	}
	ahead := make(chan made, 1)
	g, inTime := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(ahead)
		return s.make(inTime, m, n, ahead)
	})
	g.Go(func() error {
		written := 0
		for some := range ahead {
			if err := s.keep(inTime, m.project, some); err != nil {
				return err
			}
			written += len(some.rows)
			tell(written)
		}
		return inTime.Err()
	})
	if err := g.Wait(); err != nil {
		return err
	}
	return s.sealing.Finish(ctx) // signs
}

// make makes n events.
func (s *Site) make(ctx context.Context, m *maker, n int, ahead chan<- made) error {
	derived := sequencer.NewDerivation(s.db.Vault(), m.project)
	for done := 0; done < n; {
		events, err := m.some(min(n-done, atOnce))
		if err != nil {
			return err
		}
		for _, e := range events {
			if err := derived.Add(e.ID, e.Entry, e.Disclosures); err != nil {
				return err
			}
		}
		done += len(events)
		some := made{rows: ready(events)}
		if done%derivedAtOnce == 0 || done == n {
			some.derived, derived = derived, sequencer.NewDerivation(s.db.Vault(), m.project)
		}
		select {
		case ahead <- some:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// keep writes events with their positions, and what was derived.
func (s *Site) keep(ctx context.Context, project string, some made) error {
	err := store.Bookkeep(ctx, s.db, func(ctx context.Context, b *store.Book) error {
		if err := b.Insert(ctx, project, some.rows); err != nil {
			return err
		}
		return b.Append(ctx, project, ledger.Leaves(some.rows))
	})
	if err != nil || some.derived == nil {
		return err
	}
	for _, part := range some.derived.Split(rowsAtOnce) {
		if err := store.Bookkeep(ctx, s.db, part.Write); err != nil {
			return err
		}
	}
	return store.Bookkeep(ctx, s.db, func(ctx context.Context, b *store.Book) error {
		_, err := b.Exec(ctx, `UPDATE logs SET derived = size WHERE project_id = $1 AND NOT closed`, project)
		return err
	})
}

// size is how many bytes the JSON of an event has, on an average of some of the newest.
func (s *Site) size(ctx context.Context) (float64, error) {
	log, bytes, rows, after := auditlog.New(s.db), 0, 0, ""
	for rows < 1000 {
		page, err := log.List(ctx, auditlog.Filter{Project: s.Projects[0].ID}, auditlog.Paging{After: after})
		if err != nil {
			return 0, err
		}
		for _, row := range page.Rows {
			data, err := row.Data()
			if err != nil {
				return 0, err
			}
			bytes, rows, after = bytes+len(data), rows+1, row.Cursor()
		}
		if !page.HasNext {
			break
		}
	}
	return float64(bytes) / float64(rows), nil
}

// settle does what time would do: PostgreSQL's statistics, and the log of what was written. A Sealog
// on SQLite never has statistics: its plans are the same for every log.
func (s *Site) settle(ctx context.Context) error {
	statements := []string{`PRAGMA wal_checkpoint(TRUNCATE)`}
	if s.db.Engine() == store.PostgreSQL {
		statements = []string{`VACUUM ANALYZE`, `CHECKPOINT`}
	}
	for _, statement := range statements {
		if _, err := s.raw.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("bench: %s: %w", statement, err)
		}
	}
	return nil
}
