package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/merkle"
)

// Drain gives positions to at most limit events of a project's queue, in the order of their
// ids, and returns to how many. skipLocked is what the SELECT of the log's row ends with; when
// somebody else holds that row, Drain does nothing.
//
// All of it is one transaction: should it end anywhere before its COMMIT, the queue is as it was.
func Drain(ctx context.Context, c Conn, project, skipLocked string, limit int) (int, error) {
	if err := create(ctx, c, project); err != nil {
		return 0, err
	}
	l, ok, err := open(ctx, c, project, skipLocked)
	if err != nil || !ok {
		return 0, err
	}
	// A statement of its own: it sees what had committed when the lock was there.
	leaves, err := l.pending(ctx, c, limit)
	if err != nil || len(leaves) == 0 {
		return 0, err
	}
	if err := l.append(ctx, c, leaves); err != nil {
		return 0, err
	}
	return len(leaves), l.unqueue(ctx, c, leaves)
}

// pending reads the queue's beginning. An event that has to be the first of its epoch comes first.
func (l *Log) pending(ctx context.Context, c Conn, limit int) ([]Leaf, error) {
	var leaves []Leaf
	var bare []int // of which the queue has no hash
	add := func(rows *sql.Rows) error {
		var id event.ID
		var hash []byte
		if err := rows.Scan(&id, &hash); err != nil {
			return err
		}
		leaf := Leaf{ID: id}
		if copy(leaf.Hash[:], hash) != len(leaf.Hash) {
			bare = append(bare, len(leaves))
		}
		leaves = append(leaves, leaf)
		return nil
	}
	if l.frontier.Size() == 0 && !l.openedBy.IsZero() {
		if err := each(ctx, c, add, `SELECT id, hash FROM events_pending WHERE project_id = $1 AND id = $2`, l.project, l.openedBy); err != nil {
			return nil, err
		}
		if len(leaves) == 0 {
			return nil, fmt.Errorf("ledger: the event that opened epoch %d of %s is not in the queue", l.epoch, l.project)
		}
	}
	err := each(ctx, c, add, `
		SELECT id, hash
		FROM events_pending
		WHERE project_id = $1 AND id <> $2
		ORDER BY id
		LIMIT $3`, l.project, notZero(l.openedBy), int64(limit-len(leaves)))
	if err != nil {
		return nil, err
	}
	for _, i := range bare {
		var entry Packed
		ok, err := row(ctx, c, []any{&entry}, `SELECT entry FROM events WHERE project_id = $1 AND id = $2`, l.project, leaves[i].ID)
		if err != nil || !ok {
			return nil, errors.Join(fmt.Errorf("ledger: the queued event %s of %s is missing", leaves[i].ID, l.project), err)
		}
		leaves[i].Hash = merkle.LeafHash(entry)
	}
	return leaves, nil
}

// notZero is an id that can be bound: the zero one would be NULL, which equals nothing.
func notZero(id event.ID) event.ID {
	if id.IsZero() {
		id[15] = 1 // no event's: it has no version
	}
	return id
}

// unqueue takes exactly these events from the queue.
//
// The bounds say nothing that the list does not. They are for PostgreSQL's planner, which knows
// little of a queue that is mostly empty: without them it may look through all of it.
func (l *Log) unqueue(ctx context.Context, c Conn, leaves []Leaf) error {
	return chunks(len(leaves), func(low, high int) error {
		args := make([]any, 3, 3+high-low)
		first, last := leaves[low].ID, leaves[low].ID
		for _, leaf := range leaves[low:high] {
			args = append(args, leaf.ID)
			if leaf.ID.Compare(first) < 0 {
				first = leaf.ID
			}
			if leaf.ID.Compare(last) > 0 {
				last = leaf.ID
			}
		}
		args[0], args[1], args[2] = l.project, first, last
		result, err := c.ExecContext(ctx, `
			DELETE FROM events_pending
			WHERE project_id = $1 AND id >= $2 AND id <= $3 AND id IN (`+places(4, high-low)+`)`, args...)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || int(n) != high-low {
			return errors.Join(fmt.Errorf("ledger: %d events left the queue of %s instead of %d", n, l.project, high-low), err)
		}
		return nil
	})
}
