package export

import (
	"context"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/merkle"
	"github.com/sealog/sealog/internal/store"
)

// none is in findings that are about no event.
var none event.ID

// tree checks that positions have no gaps, and computes every epoch's tree from the hashes of
// its leaves. That each of those is the hash of its event is seen when the events are read.
func (c *checker) tree(ctx context.Context) error {
	end := int64(0)
	for i, e := range c.epochs {
		if last := i == len(c.epochs)-1; e.Start != end || e.Size < e.Start || e.Closed == last {
			c.rep.add(KindTree, none, "epoch %d has the positions from %d to %d, and the one before ended at %d", e.Number, e.Start, e.Size, end)
		}
		end = e.Size
		t, err := c.newTreeCheck(ctx, e)
		if err != nil {
			return err
		}
		if err := t.run(ctx); err != nil {
			return err
		}
	}
	beyond, err := c.count(ctx, `SELECT count(*) FROM leaves WHERE project_id = $1 AND position >= $2`, end)
	if err == nil && beyond > 0 {
		c.rep.Checked.Positions += beyond
		c.rep.add(KindPosition, none, "%d events have positions from %d on, and the log's size says that none were given", beyond, end)
	}
	return err
}

// treeCheck computes the tree of one epoch.
type treeCheck struct {
	*checker
	epoch    auditlog.Epoch
	frontier merkle.Frontier
	levels   [8][]byte // levels[i] is the hashes of the tile of level i that is not full yet
	broken   bool      // positions are missing: what is computed from there on means nothing
	signed   *checkpointCheck
}

func (c *checker) newTreeCheck(ctx context.Context, e auditlog.Epoch) (*treeCheck, error) {
	t := &treeCheck{checker: c, epoch: e}
	t.signed = &checkpointCheck{checker: c, epoch: e, key: c.db.Vault().LogKey(e.Origin()).Verifier(), after: -1}
	if e.Number == c.epochs[0].Number {
		return t, nil
	}
	return t, t.checkOpening(ctx)
}

type leafRow struct {
	position int64
	hash     []byte
}

func (l *leafRow) fields() []any { return []any{&l.position, &l.hash} }

func (t *treeCheck) run(ctx context.Context) error {
	const page = 4096
	for next := t.epoch.Start; next < t.epoch.Size; {
		leaves, err := store.Collect(ctx, t.q, (*leafRow).fields, `
			SELECT position, hash
			FROM leaves
			WHERE project_id = $1 AND position >= $2 AND position < $3
			ORDER BY position
			LIMIT $4`, t.project, next, t.epoch.Size, int64(page))
		if err != nil {
			return err
		}
		for _, l := range leaves {
			if l.position != next {
				t.gap(next, l.position-1)
			}
			if err := t.add(ctx, l); err != nil {
				return err
			}
			next = l.position + 1
		}
		if len(leaves) == 0 {
			t.gap(next, t.epoch.Size-1)
			break
		}
	}
	return t.finish(ctx)
}

func (t *treeCheck) gap(from, to int64) {
	t.broken = true
	t.rep.add(KindPosition, none, "nothing stands at the positions from %d to %d", from, to)
}

func (t *treeCheck) add(ctx context.Context, l leafRow) error {
	t.rep.Checked.Positions++
	if t.broken {
		return nil
	}
	if len(l.hash) != tlog.HashSize {
		t.broken = true
		t.rep.add(KindLeaf, none, "the leaf at position %d has %d bytes", l.position, len(l.hash))
		return nil
	}
	if err := t.signed.pass(ctx, &t.frontier); err != nil {
		return err
	}
	index := t.frontier.Size()
	for level, hash := range t.frontier.Append(tlog.Hash(l.hash)) {
		if level == 0 || level%8 != 0 {
			continue
		}
		edge := &t.levels[level/8]
		if *edge = append(*edge, hash[:]...); len(*edge) == merkle.TileWidth*tlog.HashSize {
			if err := t.compareTile(ctx, level/8, index>>level/merkle.TileWidth); err != nil {
				return err
			}
		}
	}
	return nil
}

// compareTile compares a tile that is full, or that the tree ends in, with the stored one.
func (t *treeCheck) compareTile(ctx context.Context, level int, index int64) error {
	hashes := t.levels[level]
	t.levels[level] = nil
	t.rep.Checked.Tiles++
	stored, err := store.Column[[]byte](ctx, t.q, `
		SELECT hashes
		FROM tiles
		WHERE project_id = $1 AND epoch = $2 AND level = $3 AND idx = $4`, t.project, t.epoch.Number, int64(level), index)
	if err == nil && (len(stored) != 1 || string(stored[0]) != string(hashes)) {
		t.rep.add(KindTile, none, "epoch %d: tile %d/%d has other hashes than its leaves make", t.epoch.Number, level, index)
	}
	return err
}

// finish compares what the tree has come to.
func (t *treeCheck) finish(ctx context.Context) error {
	if err := t.signed.finish(ctx, &t.frontier, t.broken); err != nil || t.broken {
		return err
	}
	tiles := int64(0)
	for level := 1; level < len(t.levels); level++ {
		whole := t.frontier.Size() >> (8 * level)
		tiles += (whole + merkle.TileWidth - 1) / merkle.TileWidth
		if len(t.levels[level]) > 0 {
			if err := t.compareTile(ctx, level, whole/merkle.TileWidth); err != nil {
				return err
			}
		}
	}
	stored, err := t.count(ctx, `SELECT count(*) FROM tiles WHERE project_id = $1 AND epoch = $2`, t.epoch.Number)
	if err != nil {
		return err
	}
	if stored > tiles {
		t.rep.add(KindTile, none, "epoch %d has %d tiles above the leaves, and its tree %d", t.epoch.Number, stored, tiles)
	}
	tree, err := t.epoch.Tree(ctx, t.q)
	if err != nil || tree.Root != t.frontier.Root() {
		t.rep.add(KindTree, none, "epoch %d: the leaves make the root %s, and the log's frontier another", t.epoch.Number, t.frontier.Root())
	}
	return nil
}
