package sequencer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/sealog/sealog/internal/store"
)

// The rhythms of the work.
const (
	// every is how often one looks for work that another process left, and signs.
	every = 500 * time.Millisecond
	// breath is how long events of this process gather before they get positions.
	breath = 20 * time.Millisecond
	// signEvery bounds how often one log is signed.
	signEvery = time.Second
	thinEvery = time.Hour
)

// drainLimit is how many events get positions in one transaction, deriveLimit how many are
// counted in one.
const (
	drainLimit  = 1024
	deriveLimit = 512
)

// Service does the work.
type Service struct {
	db    *store.DB
	marks *Marks
	log   *slog.Logger

	turn     sync.Mutex           // held while there is work under way
	signedAt map[string]time.Time // when this process last signed, by project; guarded by turn
	thinned  time.Time            // guarded by turn
	stop     context.CancelFunc
	done     chan struct{}
}

// New returns the service. marks are where what was signed is kept outside of the database.
func New(db *store.DB, marks *Marks, log *slog.Logger) *Service {
	return &Service{db: db, marks: marks, log: log, signedAt: map[string]time.Time{}}
}

// Start works in the background until Stop.
func (s *Service) Start() {
	ctx, cancel := context.WithCancel(context.Background())
	s.stop, s.done = cancel, make(chan struct{})
	go func() {
		defer close(s.done)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				s.report(ctx, s.runOnce(ctx))
			case <-s.db.Recorded():
				// Nothing is queued where the writer gives positions; the tick signs.
				if s.db.Engine().Queues() {
					s.report(ctx, s.drain(ctx))
					sleep(ctx, breath)
				}
			}
		}
	}()
}

// Stop ends the work, after a last turn, so that what was recorded is signed.
func (s *Service) Stop(ctx context.Context) error {
	s.stop()
	<-s.done
	return s.Finish(ctx)
}

// Finish does all that there is to do now, beside Start's work too: whoever takes the log away,
// or something out of it, wants it sealed, signed and derived to its end.
func (s *Service) Finish(ctx context.Context) error {
	s.turn.Lock()
	clear(s.signedAt)
	s.turn.Unlock()
	return s.runOnce(ctx)
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

func (s *Service) report(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil {
		s.log.ErrorContext(ctx, "the log could not be sealed or signed; it will be tried again", "error", err)
	}
}

// runOnce does each step for every project that has work. What fails for one project does not
// keep the others from theirs.
func (s *Service) runOnce(ctx context.Context) error {
	s.turn.Lock()
	defer s.turn.Unlock()
	errs := []error{s.drain(ctx), s.sign(ctx), s.derive(ctx)}
	if now := s.db.Now(); now.Sub(s.thinned) >= thinEvery {
		s.thinned = now
		errs = append(errs, s.thin(ctx, now))
	}
	return errors.Join(errs...)
}

// drain is T1.
func (s *Service) drain(ctx context.Context) error {
	return s.each(ctx, "drain", `SELECT DISTINCT project_id FROM events_pending LIMIT 1000`, func(project string) error {
		for {
			n := 0
			err := store.Bookkeep(ctx, s.db, func(ctx context.Context, b *store.Book) (err error) {
				n, err = b.Drain(ctx, project, drainLimit)
				return err
			})
			if err != nil || n < drainLimit {
				return err
			}
		}
	})
}

// each runs a step for the projects that a plain read finds; the step itself settles, in its
// transaction, whether there is still something to do.
func (s *Service) each(ctx context.Context, step, query string, do func(project string) error) error {
	projects, err := store.Column[string](ctx, s.db, query)
	if err != nil {
		return fmt.Errorf("sequencer: %s: %w", step, err)
	}
	var errs []error
	for _, project := range projects {
		if ctx.Err() != nil {
			break
		}
		if err := do(project); err != nil {
			errs = append(errs, fmt.Errorf("sequencer: %s %s: %w", step, project, err))
		}
	}
	return errors.Join(errs...)
}
