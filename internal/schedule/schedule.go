// Package schedule does what is to be done later or again and again: it deletes and
// anonymizes users when that is due, records what was counted in memory, removes what has
// expired, and makes PostgreSQL's partitions ahead of time.
//
// Every job can run in several processes at once; the database settles who did it. Killing
// the process loses at most what was counted in memory since the last run. Start reading at
// Service.runOnce.
package schedule

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/directory"
	"github.com/sealog/sealog/internal/message"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/session"
	"github.com/sealog/sealog/internal/store"
)

// The rhythms of the jobs.
const (
	every           = 2 * time.Second
	dueEvery        = 10 * time.Second
	sweepEvery      = 10 * time.Minute
	partitionsEvery = time.Hour
	rebuildEvery    = 10 * time.Minute
	monthsAhead     = 2
)

// Service runs the jobs.
type Service struct {
	db       *store.DB
	refusals *access.Refusals
	users    *directory.Service
	reads    *auditlog.Reads
	log      *slog.Logger

	suppressedAt, partitionsAt, dueAt, sweptAt time.Time // last runs; owned by the goroutine of Start
	stop                                       context.CancelFunc
	done                                       chan struct{}
}

// New returns the service; Start starts it.
func New(db *store.DB, refusals *access.Refusals, reads *auditlog.Reads, users *directory.Service, log *slog.Logger) *Service {
	return &Service{db: db, refusals: refusals, reads: reads, users: users, log: log}
}

// Start runs the jobs in the background until Stop.
func (s *Service) Start() {
	ctx, cancel := context.WithCancel(context.Background())
	s.stop, s.done = cancel, make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() { s.repeat(ctx, every, s.runOnce) })
	// It may take minutes, for which the others must not wait.
	running.Go(func() { s.repeat(ctx, rebuildEvery, s.rebuild) })
	go func() {
		running.Wait()
		close(s.done)
	}()
}

func (s *Service) rebuild(ctx context.Context, now time.Time) error {
	return store.RebuildPastIndexes(ctx, s.db, now)
}

// repeat does a job time and again until the context ends.
func (s *Service) repeat(ctx context.Context, every time.Duration, job func(context.Context, time.Time) error) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := job(ctx, s.db.Now()); err != nil && ctx.Err() == nil {
				s.log.ErrorContext(ctx, "scheduled work failed; it will be tried again", "error", err)
			}
		}
	}
}

// Stop ends the jobs and records what is still counted in memory.
func (s *Service) Stop(ctx context.Context) error {
	s.stop()
	<-s.done
	return errors.Join(
		s.reads.Finish(ctx),
		s.refusals.Record(ctx, s.db, s.db.Now().Add(time.Hour)),
		store.RecordSuppressed(ctx, s.db),
		store.FoldUsage(ctx, s.db),
	)
}

func (s *Service) runOnce(ctx context.Context, now time.Time) error {
	errs := []error{s.reads.Record(ctx), s.refusals.Record(ctx, s.db, now), store.FoldUsage(ctx, s.db)}
	if now.Sub(s.suppressedAt) >= time.Minute {
		s.suppressedAt = now
		errs = append(errs, store.RecordSuppressed(ctx, s.db))
	}
	if now.Sub(s.dueAt) >= dueEvery {
		s.dueAt = now
		_, err := s.users.RunDue(ctx, now)
		errs = append(errs, err)
	}
	if now.Sub(s.sweptAt) >= sweepEvery {
		s.sweptAt = now
		errs = append(errs, directory.Sweep(ctx, s.db, now), session.Sweep(ctx, s.db, now), access.SweepTokens(ctx, s.db, now), access.SweepChallenges(ctx, s.db, now),
			message.Sweep(ctx, s.db, now), project.SweepVisits(ctx, s.db, now), store.SweepUsage(ctx, s.db, now))
	}
	if now.Sub(s.partitionsAt) >= partitionsEvery {
		if err := store.EnsurePartitions(ctx, s.db, now, monthsAhead); err != nil {
			errs = append(errs, fmt.Errorf("schedule: partitions: %w", err))
		} else {
			s.partitionsAt = now
		}
	}
	return errors.Join(errs...)
}
