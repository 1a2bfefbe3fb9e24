package export

import (
	"bytes"
	"context"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/merkle"
	"github.com/sealog/sealog/internal/store"
)

// last is behind the ids of all events.
var last = event.ID{0xff, 0xff}

// placeRow is where an event stands: at a position, or in the queue, where it has none.
type placeRow struct {
	id       event.ID
	position int64
	hash     []byte
}

func (p *placeRow) fields() []any { return []any{&p.id, &p.position, &p.hash} }

// places are those of some events, in the order of their ids.
type places struct {
	rows []placeRow
	lost []placeRow // those that no event was asked for of
}

// of takes out the place of an event, which is nil when it has none. Events are asked for in
// the order of their ids.
func (p *places) of(id event.ID) (place *placeRow) {
	for len(p.rows) > 0 {
		row := p.rows[0]
		order := row.id.Compare(id)
		if order > 0 {
			break
		}
		p.rows = p.rows[1:]
		if order == 0 {
			return &row
		}
		p.lost = append(p.lost, row)
	}
	return nil
}

// left is the places that have no event.
func (p *places) left() []placeRow { return append(p.lost, p.rows...) }

// placesOf reads the places of the ids above one and up to another.
func (c *checker) placesOf(ctx context.Context, after, upTo event.ID) (leaves, queue places, err error) {
	leaves.rows, err = store.Collect(ctx, c.q, (*placeRow).fields, `
		SELECT id, position, hash
		FROM leaves
		WHERE project_id = $1 AND id > $2 AND id <= $3
		ORDER BY id`, c.project, after, upTo)
	if err != nil {
		return leaves, queue, err
	}
	queue.rows, err = store.Collect(ctx, c.q, (*placeRow).fields, `
		SELECT id, -1, hash
		FROM events_pending
		WHERE project_id = $1 AND id > $2 AND id <= $3
		ORDER BY id`, c.project, after, upTo)
	c.placed += int64(len(leaves.rows))
	c.rep.Checked.Queued += int64(len(queue.rows))
	return leaves, queue, err
}

// place checks that an event stands in one place, with its hash, and returns its position, which
// is below 0 when it has none.
func (c *checker) place(row eventRow, leaf, waits *placeRow) int64 {
	hash := merkle.LeafHash(row.entry)
	if leaf != nil && !bytes.Equal(leaf.hash, hash[:]) {
		c.rep.add(KindLeaf, row.id, "the leaf at position %d has another hash than the event", leaf.position)
	}
	// The rows of older versions have no hash.
	if waits != nil && len(waits.hash) > 0 && !bytes.Equal(waits.hash, hash[:]) {
		c.rep.add(KindQueue, row.id, "the queue has another hash of the event")
	}
	switch {
	case leaf == nil && waits == nil:
		c.rep.add(KindPosition, row.id, "the event has no position, and does not wait for one")
	case leaf != nil && waits != nil:
		c.rep.add(KindQueue, row.id, "the event has the position %d, and waits for another", leaf.position)
	}
	if leaf == nil {
		return -1
	}
	return leaf.position
}

// lost says which places have no event.
func (c *checker) lost(leaves, queue []placeRow) {
	for _, leaf := range leaves {
		c.rep.add(KindPosition, leaf.id, "it has the position %d, and is no event", leaf.position)
	}
	for _, waits := range queue {
		c.rep.add(KindQueue, waits.id, "it waits for a position, and is no event")
	}
}
