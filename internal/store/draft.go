package store

import (
	"context"
	"sync"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/ledger"
)

// draft is an event that is being made. That takes about as long as writing it down, so it is done
// beside the transaction, which may have more changes to run meanwhile.
type draft struct {
	once  sync.Once
	write func() (event.Event, error)
	row   ledger.Row // once it is made
	err   error
}

func newDraft(write func() (event.Event, error)) *draft {
	d := &draft{write: write}
	go d.once.Do(d.make)
	return d
}

func (d *draft) make() {
	defer func() {
		if p := recover(); p != nil {
			d.err = errPanic(p)
		}
	}()
	var e event.Event
	if e, d.err = d.write(); d.err == nil {
		d.row = ledger.NewRow(e)
	}
}

// rows waits for drafts, and makes those that nobody has begun with.
func rows(drafts []*draft) ([]ledger.Row, error) {
	all := make([]ledger.Row, len(drafts))
	for i, d := range drafts {
		if d.once.Do(d.make); d.err != nil {
			return nil, d.err
		}
		all[i] = d.row
	}
	return all, nil
}

// recorded are the events of one project that a transaction has recorded, in their order.
type recorded struct {
	project string
	drafts  []*draft
}

// insert writes them down and returns what is to have positions.
func (r recorded) insert(ctx context.Context, conn executor) ([]ledger.Leaf, error) {
	all, err := rows(r.drafts)
	if err != nil {
		return nil, err
	}
	return ledger.Leaves(all), translate(ledger.Insert(ctx, conn, r.project, all))
}

// queue writes them down and puts them in the queue.
func (r recorded) queue(ctx context.Context, conn executor) error {
	all, err := rows(r.drafts)
	if err != nil {
		return err
	}
	return translate(ledger.InsertQueued(ctx, conn, r.project, all))
}
