package export

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/ledger"
	"github.com/sealog/sealog/internal/merkle"
	"github.com/sealog/sealog/internal/store"
)

// TestTilesAboveTheLeaves: as a tree grows by bundles, each tile that it fills is written once,
// and what its right edge has in part at the end.
func TestTilesAboveTheLeaves(t *testing.T) {
	t.Parallel()
	tile := func(level int, index int64, width int) merkle.Tile {
		return merkle.Tile{Level: level, Index: index, Width: width}
	}
	for _, c := range []struct {
		size            int64
		completed, edge []merkle.Tile
	}{
		{0, nil, nil},
		{255, nil, nil},
		{256, nil, []merkle.Tile{tile(1, 0, 1)}},
		{257, nil, []merkle.Tile{tile(1, 0, 1)}},
		{65535, nil, []merkle.Tile{tile(1, 0, 255)}},
		{65536, []merkle.Tile{tile(1, 0, 256)}, []merkle.Tile{tile(2, 0, 1)}},
		{65536 + 256, nil, []merkle.Tile{tile(1, 1, 1), tile(2, 0, 1)}},
		{2 * 65536, []merkle.Tile{tile(1, 1, 256)}, []merkle.Tile{tile(2, 0, 2)}},
		{1 << 24, []merkle.Tile{tile(1, 255, 256), tile(2, 0, 256)}, []merkle.Tile{tile(3, 0, 1)}},
		{3<<24 + 5<<16 + 7<<8 + 9, nil, []merkle.Tile{tile(1, 3<<8+5, 7), tile(2, 3, 5), tile(3, 0, 3)}},
	} {
		if diff := cmp.Diff(c.completed, completed(c.size)); diff != "" {
			t.Errorf("completed at %d: %s", c.size, diff)
		}
		if diff := cmp.Diff(c.edge, edge(c.size)); diff != "" {
			t.Errorf("edge at %d: %s", c.size, diff)
		}
	}
	// A tree of some size has each of its tiles once.
	const size = 5<<16 + 3<<8
	seen := map[merkle.Tile]int{}
	for n := int64(256); n <= size; n += 256 {
		for _, t := range completed(n) {
			seen[t]++
		}
	}
	for _, t := range edge(size) {
		seen[t]++
	}
	want := map[merkle.Tile]int{tile(1, 5, 3): 1, tile(2, 0, 5): 1}
	for i := range int64(5) {
		want[tile(1, i, 256)] = 1
	}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Error(diff)
	}
}

// TestTheCheckOfALargeTree, of which there are leaves alone: with a tile of level 1 that is full,
// and one above it.
func TestTheCheckOfALargeTree(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.turn(t)
	tx, err := w.raw(t).BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	leaves := make([]ledger.Leaf, 65536+300)
	clock := event.Clock{Now: w.clock}
	for i := range leaves {
		leaves[i] = ledger.Leaf{ID: clock.Next(), Hash: merkle.LeafHash([]byte{byte(i), byte(i >> 8)})}
	}
	if err := ledger.Append(t.Context(), tx, "acme", leaves); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	check := func() *Report {
		c := &checker{db: w.db, project: "acme", rep: newReport("acme")}
		err := store.InSnapshot(t.Context(), w.db, func(ctx context.Context, q *store.Snapshot) error {
			c.q = q
			if err := c.begin(ctx); err != nil {
				return err
			}
			return c.tree(ctx)
		})
		if err != nil {
			t.Fatal(err)
		}
		return c.rep
	}
	if r := check(); r.Total() != 0 || r.Checked.Tiles != 3 || r.Checked.Positions != 65837 {
		t.Errorf("%s", wrap(r))
	}
	change(t, w.raw(t), `UPDATE tiles SET hashes = $1 WHERE project_id = 'acme' AND level = 1 AND idx = 0`, make([]byte, 256*32))
	change(t, w.raw(t), `DELETE FROM tiles WHERE project_id = 'acme' AND level = 2`)
	if r := check(); r.Total() != 2 || r.Counts[KindTile] != 2 {
		t.Errorf("%s", wrap(r))
	}
}
