package export

import (
	"context"
	"fmt"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/merkle"
	"github.com/sealog/sealog/internal/store"
)

// checkpointCheck compares the checkpoints of an epoch with its tree as it grows.
type checkpointCheck struct {
	*checker
	epoch  auditlog.Epoch
	key    string
	page   []storedNote // those that were read and that the tree has not come to
	after  int64        // size of the last that was read
	ended  bool         // there are no more
	newest int64        // size of the last that the key has signed
}

// pass looks at the checkpoints of the tree's present size.
func (k *checkpointCheck) pass(ctx context.Context, tree *merkle.Frontier) error {
	for {
		if err := k.fill(ctx); err != nil {
			return err
		}
		if len(k.page) == 0 || k.page[0].size > tree.Size() {
			return nil
		}
		stored := k.page[0]
		k.page = k.page[1:]
		switch signed, err := k.open(stored); {
		case err != nil:
			k.rep.add(KindCheckpoint, none, "epoch %d: the checkpoint of size %d: %v", k.epoch.Number, stored.size, err)
		case signed.Root != tree.Root():
			k.rep.add(KindCheckpoint, none, "epoch %d: the checkpoint of size %d has the root %s, and the leaves make %s", k.epoch.Number, stored.size, signed.Root, tree.Root())
		}
	}
}

func (k *checkpointCheck) open(stored storedNote) (merkle.Signed, error) {
	k.rep.Checked.Checkpoints++
	signed, err := merkle.Open(stored.note, k.key)
	if err != nil {
		return signed, err
	}
	k.newest = stored.size
	if signed.Size != stored.size {
		return signed, fmt.Errorf("it says %d", signed.Size)
	}
	return signed, nil
}

// fill reads the next checkpoints when none are left.
func (k *checkpointCheck) fill(ctx context.Context) (err error) {
	if len(k.page) > 0 || k.ended {
		return nil
	}
	const page = 256
	k.page, err = store.Collect(ctx, k.q, (*storedNote).fields, `
		SELECT size, note
		FROM checkpoints
		WHERE project_id = $1 AND epoch = $2 AND size > $3
		ORDER BY size
		LIMIT $4`, k.project, k.epoch.Number, k.after, int64(page))
	if n := len(k.page); err == nil && n > 0 {
		k.after = k.page[n-1].size
	}
	k.ended = err == nil && len(k.page) < page
	return err
}

// finish looks at what is left when the tree has all its leaves. When that is not known, at
// signatures alone.
func (k *checkpointCheck) finish(ctx context.Context, tree *merkle.Frontier, broken bool) error {
	if !broken {
		if err := k.pass(ctx, tree); err != nil {
			return err
		}
	}
	for {
		if err := k.fill(ctx); err != nil {
			return err
		}
		if len(k.page) == 0 {
			break
		}
		for _, stored := range k.page {
			if _, err := k.open(stored); err != nil {
				k.rep.add(KindCheckpoint, none, "epoch %d: the checkpoint of size %d: %v", k.epoch.Number, stored.size, err)
			} else if !broken {
				k.rep.add(KindCheckpoint, none, "epoch %d: a checkpoint covers %d leaves, and there are %d", k.epoch.Number, stored.size, tree.Size())
			}
		}
		k.page = nil
	}
	if k.newest != k.epoch.SignedSize-k.epoch.Start {
		k.rep.add(KindCheckpoint, none, "epoch %d: the newest checkpoint has the size %d, and the log says %d", k.epoch.Number, k.newest, k.epoch.SignedSize-k.epoch.Start)
	}
	return nil
}
