package bench

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/store"
)

// HTTPOptions say who serves what HTTP asks.
type HTTPOptions struct {
	// Program is sealog, which is started on the site, in so many Processes; on SQLite it is one.
	Program   string
	Processes int
	Patience  Patience
	Progress  Progress
}

// clients is how many ask at once where many do, and rateTarget how many requests they should
// get answered in a second.
const (
	clients    = 8
	rateTarget = 1000
)

// HTTP measures how long users wait: from sending a request to the last byte of its answer, over
// loopback, from this process. Beside it stands how long an answer takes that says nothing.
//
// Errors: BenchInvalid (several processes on SQLite).
func HTTP(ctx context.Context, s *Site, o HTTPOptions) (_ Report, err error) {
	if o.Processes > 1 && s.db.Engine() == store.SQLite {
		return Report{}, fault.New(fault.Invalid, "BenchInvalid", "Several processes need PostgreSQL.")
	}
	questions, err := s.questions(ctx, auditlog.New(s.db))
	if err != nil {
		return Report{}, err
	}
	v, err := s.serve(ctx, o.Program, o.Processes)
	if err != nil {
		return Report{}, err
	}
	defer func() { err = errors.Join(err, v.stop()) }()
	bare, err := o.Patience.times(ctx, func(ctx context.Context) error { return v.get(ctx, "/healthz") })
	if err != nil {
		return Report{}, err
	}
	r := s.report("http")
	r.Data += fmt.Sprintf("; served by %d process(es)", o.Processes)
	p50 := map[string]float64{}
	for i, q := range questions {
		o.Progress.tell("asking", int64(i), int64(len(questions)))
		took, err := o.Patience.times(ctx, func(ctx context.Context) error { return v.ask(ctx, q) })
		if err != nil {
			return Report{}, err
		}
		f := Figure{
			What: q.what, Unit: unitMS, Value: percentile(took, 0.5), P99: percentile(took, 0.99), Target: q.p50, P99Target: q.p99,
			Limit: percentile(bare, 0.5), LimitIs: "an empty answer",
		}
		p50[q.what] = f.Value
		if q.than != "" {
			f.Target = pageRatio * p50[q.than]
		}
		r.Figures = append(r.Figures, f)
		if i == 0 {
			rate, err := v.atOnce(ctx, q, o.Patience.together())
			if err != nil {
				return Report{}, err
			}
			r.Figures = append(r.Figures, Figure{What: fmt.Sprintf("the same, %d clients", clients), Value: rate, Unit: unitRequests, Target: rateTarget})
		}
	}
	o.Progress.tell("asking", int64(len(questions)), int64(len(questions)))
	return r, nil
}

func (v *service) ask(ctx context.Context, q question) error {
	if q.path != "" {
		return v.get(ctx, q.path)
	}
	_, err := v.graphql(ctx, q.query, q.variables)
	return err
}

// atOnce is how many answers a second many clients get together, after a time in which connections
// are opened, and plans made.
func (v *service) atOnce(ctx context.Context, q question, span time.Duration) (float64, error) {
	if _, err := v.answers(ctx, q, span/2); err != nil {
		return 0, err
	}
	begun := time.Now()
	n, err := v.answers(ctx, q, span)
	return float64(n) / time.Since(begun).Seconds(), err
}

// answers is how many answers many clients get together in a span of time.
func (v *service) answers(ctx context.Context, q question, span time.Duration) (int64, error) {
	g, ctx := errgroup.WithContext(ctx)
	var n atomic.Int64
	begun := time.Now()
	for range clients {
		g.Go(func() error {
			for time.Since(begun) < span {
				if err := v.ask(ctx, q); err != nil {
					return err
				}
				n.Add(1)
			}
			return nil
		})
	}
	err := g.Wait()
	return n.Load(), err
}
