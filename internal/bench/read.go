package bench

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/store"
)

// asked is how often each question is asked and timed, after asked/10 times to warm up.
const asked = 1000

// Patience bounds the time that one thing is measured for. The zero value is DefaultPatience.
type Patience time.Duration

// DefaultPatience is enough for figures that mean something.
const DefaultPatience = Patience(20 * time.Second)

func (p Patience) duration() time.Duration {
	if p == 0 {
		p = DefaultPatience
	}
	return time.Duration(p)
}

// together is how long many callers call at once.
func (p Patience) together() time.Duration { return p.duration() / 4 }

// Read measures how long package auditlog takes to answer, without HTTP, beside how long the
// database takes to find one event by its id.
func Read(ctx context.Context, s *Site, patience Patience, tell Progress) (Report, error) {
	log := auditlog.New(s.db)
	questions, err := s.questions(ctx, log)
	if err != nil {
		return Report{}, err
	}
	id, err := store.Column[[]byte](ctx, s.db, `SELECT id FROM leaves WHERE project_id = $1 AND position = 2`, s.Projects[0].ID)
	if err != nil || len(id) != 1 {
		return Report{}, errors.Join(errors.New("bench: the log has too few events"), err)
	}
	bare, err := patience.times(ctx, func(ctx context.Context) error {
		_, err := store.Column[[]byte](ctx, s.db, `SELECT entry FROM events WHERE project_id = $1 AND id = $2`, s.Projects[0].ID, id[0])
		return err
	})
	if err != nil {
		return Report{}, err
	}
	r := s.report("read")
	for i, q := range questions {
		tell.tell("reading", int64(i), int64(len(questions)))
		if q.read == nil {
			continue
		}
		took, err := patience.times(ctx, func(ctx context.Context) error { return q.read(ctx, log) })
		if err != nil {
			return Report{}, err
		}
		r.Figures = append(r.Figures, Figure{
			What: q.what, Unit: unitMS, Value: percentile(took, 0.5), P99: percentile(took, 0.99), Limit: percentile(bare, 0.5), LimitIs: "to read one row",
		})
	}
	tell.tell("reading", int64(len(questions)), int64(len(questions)))
	return r, nil
}

// times does something again and again and returns how long each time took, sorted.
func (p Patience) times(ctx context.Context, do func(context.Context) error) ([]time.Duration, error) {
	took := make([]time.Duration, 0, asked)
	begun := time.Now()
	for i := range asked + asked/10 {
		t, err := timed(func() error { return do(ctx) })
		if err != nil {
			return nil, err
		}
		if i >= asked/10 || time.Since(begun) > p.duration()/2 {
			took = append(took, t)
		}
		if time.Since(begun) > p.duration() {
			break
		}
	}
	slices.Sort(took)
	return took, nil
}
