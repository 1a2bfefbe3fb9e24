package store

import (
	"context"
	"slices"
	"sync"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/ledger"
)

// draft is an event to be made. That takes about as long as writing it down, so where a transaction
// has more changes to run it is done beside them.
type draft struct {
	once  sync.Once
	write func() (event.Event, error)
	row   ledger.Row // once it is made
	err   error
}

// begin has drafts made by others.
func begin(drafts []*draft) {
	for _, d := range drafts {
		go d.once.Do(d.make)
	}
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

// overlap is how many events are inserted at once, at the most, while others are still being made.
const overlap = 16

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
	var leaves []ledger.Leaf
	for some := range slices.Chunk(r.drafts, overlap) {
		all, err := rows(some)
		if err != nil {
			return nil, err
		}
		if err := ledger.Insert(ctx, conn, r.project, all); err != nil {
			return nil, translate(err)
		}
		leaves = append(leaves, ledger.Leaves(all)...)
	}
	return leaves, nil
}

// queue writes them down and puts them in the queue.
func (r recorded) queue(ctx context.Context, conn executor) error {
	all, err := rows(r.drafts)
	if err != nil {
		return err
	}
	return translate(ledger.InsertQueued(ctx, conn, r.project, all))
}
