package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sealog/sealog/internal/store"
)

// round is how many events are sealed before the bare table has its turn.
const round = 20 * batch

// Targets of sealing, events a second, by engine.
var sealTargets = map[store.Engine]float64{store.SQLite: 60_000, store.PostgreSQL: 20_000}

// Seal measures how fast queued events get their positions and a signature, and how long it
// takes to prove that an event is in a large log.
func Seal(ctx context.Context, o Options) (_ Report, err error) {
	v, err := newVault()
	if err != nil {
		return Report{}, err
	}
	p, err := newPlace(ctx, o.Server, v)
	if err != nil {
		return Report{}, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	r := newReport("seal", p.engine)
	r.Data = fmt.Sprintf("%s events sealed; proofs in a log of %s", number(float64(o.Events)), number(float64(o.Leaves)))
	figures, err := p.seal(ctx, o)
	if err != nil {
		return Report{}, err
	}
	r.Figures = figures
	if o.Leaves > 0 {
		if figures, err = p.prove(ctx, o); err != nil {
			return Report{}, err
		}
		r.Figures = append(r.Figures, figures...)
	}
	return r, nil
}

// seal fills the queue and lets sequencer empty it, and puts the same rows as leaves into a
// bare table, by turns.
func (p *place) seal(ctx context.Context, o Options) ([]Figure, error) {
	const project = "sealed"
	log, err := p.project(ctx, project)
	if err != nil {
		return nil, err
	}
	if err := p.derived(ctx, project, 1<<40); err != nil {
		return nil, err
	}
	if _, err := p.bare.ExecContext(ctx, bareLeaves[p.db.Engine()]); err != nil {
		return nil, err
	}
	m := newMaker(project, log, o.Events, p.db.Now(), 0)
	var sealing, inserting time.Duration
	for m.made < o.Events {
		o.Progress.tell("sealing", int64(m.made), int64(o.Events))
		n, position := min(round, o.Events-m.made), int64(m.made)
		if err := p.fill(ctx, m, n); err != nil {
			return nil, err
		}
		took, err := timed(func() error { return p.sealing.Finish(ctx) })
		if err != nil {
			return nil, err
		}
		sealing += took
		if took, err = timed(func() error { return p.insertBare(ctx, position, n) }); err != nil {
			return nil, err
		}
		inserting += took
	}
	if err := p.sealedAll(ctx, project, int64(o.Events)+1); err != nil {
		return nil, err
	}
	if err := p.derived(ctx, project, 1); err != nil {
		return nil, err
	}
	o.Progress.tell("deriving", 0, int64(o.Events))
	deriving, err := timed(func() error { return p.sealing.Finish(ctx) })
	o.Progress.tell("deriving", int64(o.Events), int64(o.Events))
	n := float64(o.Events)
	return []Figure{
		{
			What: fmt.Sprintf("sealing, %d events a transaction, and signing", batch), Value: n / sealing.Seconds(), Unit: unitRate,
			Limit: n / inserting.Seconds(), LimitIs: "leaf rows into a bare table", Target: sealTargets[p.db.Engine()],
		},
		{What: "counting and making findable", Value: n / deriving.Seconds(), Unit: unitRate},
	}, err
}

// sealedAll makes sure that what was measured has taken place.
func (p *place) sealedAll(ctx context.Context, project string, events int64) error {
	done, err := store.Column[int64](ctx, p.db, `
		SELECT count(*)
		FROM logs
		WHERE project_id = $1 AND size = $2 AND signed_size = $2 AND (SELECT count(*) FROM leaves WHERE project_id = $1) = $2`, project, events)
	if err == nil && done[0] != 1 {
		err = errors.New("bench: not all events were sealed and signed")
	}
	return err
}
