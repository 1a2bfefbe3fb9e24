package auditlog

import (
	"context"
	"slices"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/merkle"
	"github.com/sealog/sealog/internal/store"
)

// Proof says that an event is in its project's log, in a way that others can check.
type Proof struct {
	Position int64
	LeafHash merkle.Hash
	merkle.Proof
	// Signed is what the proof's checkpoint says.
	Signed merkle.Signed
}

func errNotSigned() error {
	return fault.New(fault.NotFound, "EventNotSigned", "The event is recorded, and no checkpoint covers it yet. Ask again in a second.")
}

// epochOf returns the epoch that a position belongs to.
func epochOf(epochs []Epoch, position int64) (Epoch, bool) {
	for _, e := range slices.Backward(epochs) {
		if position >= e.Start {
			return e, position < e.Size
		}
	}
	return Epoch{}, false
}

// Proof returns the proof of one event against the newest checkpoint of its epoch.
//
// Errors: EventNotFound, EventNotSigned.
func (l *Reader) Proof(ctx context.Context, project string, id event.ID) (_ Proof, err error) {
	defer fault.Wrap(&err, "auditlog.Proof(%q, %s)", project, id)
	row, err := l.Get(ctx, project, id)
	if err != nil {
		return Proof{}, err
	}
	if row.Position < 0 {
		return Proof{}, errNotSigned()
	}
	proof := Proof{Position: row.Position, LeafHash: merkle.LeafHash(row.entry.Plain())}
	err = store.InSnapshot(ctx, l.db, func(ctx context.Context, q *store.Snapshot) error {
		epochs, err := Epochs(ctx, q, project)
		if err != nil {
			return err
		}
		e, ok := epochOf(epochs, row.Position)
		if !ok {
			return errNotSigned()
		}
		checkpoint, ok, err := e.LastCheckpoint(ctx, q, l.db.Vault().LogKey(e.Origin()).Verifier())
		if err != nil {
			return err
		}
		proof.Index = row.Position - e.Start
		if !ok || proof.Index >= checkpoint.Size {
			return errNotSigned()
		}
		proof.Signed, proof.Checkpoint = checkpoint.Signed, checkpoint.Note
		tree := merkle.Tree{Size: checkpoint.Size, Root: checkpoint.Root}
		if tree.Tiles, err = e.tiles(ctx, q); err != nil {
			return err
		}
		proof.Path, err = tree.Inclusion(proof.Index)
		return err
	})
	return proof, err
}

// tiles hands out the tiles of an epoch's tree; they need not be trusted.
func (e Epoch) tiles(ctx context.Context, q store.Querier) (merkle.Tiles, error) {
	tree, err := e.Tree(ctx, q)
	return tree.Tiles, err
}

// Checkpoint returns the newest checkpoint of a project's log, and the epoch it is of.
//
// Errors: CheckpointNotFound when nothing was signed yet.
func (l *Reader) Checkpoint(ctx context.Context, project string) (_ Checkpoint, _ Epoch, err error) {
	defer fault.Wrap(&err, "auditlog.Checkpoint(%q)", project)
	e, ok, err := OpenEpoch(ctx, l.db, project)
	if err != nil {
		return Checkpoint{}, e, err
	}
	if ok {
		c, ok, err := e.LastCheckpoint(ctx, l.db, l.db.Vault().LogKey(e.Origin()).Verifier())
		if ok || err != nil {
			return c, e, err
		}
	}
	return Checkpoint{}, e, fault.New(fault.NotFound, "CheckpointNotFound", "Nothing of this log has been signed yet.")
}

// Consistency proves that the open epoch's tree of the size from is a prefix of that of the
// size to. Sizes are those of checkpoints.
//
// Errors: ConsistencyInvalid when the tree had no such sizes.
func (l *Reader) Consistency(ctx context.Context, project string, from, to int64) (path []merkle.Hash, err error) {
	defer fault.Wrap(&err, "auditlog.Consistency(%q, %d, %d)", project, from, to)
	err = store.InSnapshot(ctx, l.db, func(ctx context.Context, q *store.Snapshot) error {
		e, _, err := OpenEpoch(ctx, q, project)
		if err != nil {
			return err
		}
		if from < 0 || from > to || to > e.TreeSize() {
			return fault.New(fault.Invalid, "ConsistencyInvalid", "The log's tree has %d leaves; ask with 0 <= from <= to <= %d.", e.TreeSize(), e.TreeSize())
		}
		tree, err := e.Tree(ctx, q)
		if err != nil {
			return err
		}
		if tree.Root, err = tree.RootAt(to); err != nil {
			return err
		}
		tree.Size = to
		path, err = tree.Consistency(from)
		return err
	})
	return path, err
}
