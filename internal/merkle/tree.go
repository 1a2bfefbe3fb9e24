package merkle

import (
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// maxSize is the largest tree that is looked at. Places of hashes, of which there are twice as
// many as leaves, are int64 in package tlog, and it does not come to an end above 1<<62.
const maxSize = 1 << 60

// Tiles hands out hash tiles, in the order in which they are asked for: Width*32 bytes each.
// Which they are depends on the tree's size, so a tile at its right edge is asked for by just
// the width that it has there. It need not be trusted: what it gives is checked.
type Tiles func(tiles []Tile) ([][]byte, error)

// Tree is a tree that proves what it says, from its tiles. Every tile is checked against the
// root before it is made use of (tlog.TileHashReader), so no proof comes from tiles of another
// tree. Each method calls Tiles once, or not at all where the answer is known without.
type Tree struct {
	Size  int64 // 0 to 1<<60
	Root  Hash
	Tiles Tiles
}

// Inclusion returns the proof that the leaf at an index, from 0, is in the tree: the hashes
// beside the way from the leaf to the root (RFC 6962, section 2.1.1). CheckInclusion checks it.
//
// Errors: no leaf has the index; the tiles don't have the root; those of Tiles.
func (t Tree) Inclusion(index int64) ([]Hash, error) {
	if index < 0 || index >= t.Size || t.Size > maxSize {
		return nil, fmt.Errorf("merkle: no leaf %d is in a tree of size %d", index, t.Size)
	}
	path, err := tlog.ProveRecord(t.Size, index, t.hashes())
	if err != nil {
		return nil, fmt.Errorf("merkle: inclusion of %d in a tree of size %d: %w", index, t.Size, err)
	}
	return path, nil
}

// Consistency returns the proof that the tree was once of the older size, and has only grown
// since (RFC 6962, section 2.1.2). It is empty for size 0 and for the tree's own size.
// CheckConsistency checks it.
//
// Errors: the older size is larger, or below zero; the tiles don't have the root; those of
// Tiles.
func (t Tree) Consistency(oldSize int64) ([]Hash, error) {
	if err := sizes(oldSize, t.Size); err != nil {
		return nil, err
	}
	if oldSize == 0 || oldSize == t.Size {
		return nil, nil
	}
	path, err := tlog.ProveTree(t.Size, oldSize, t.hashes())
	if err != nil {
		return nil, fmt.Errorf("merkle: consistency of size %d with %d: %w", oldSize, t.Size, err)
	}
	return path, nil
}

// RootAt returns the root that the tree had at an older size, or has at its own. A checkpoint
// with another root at that size is of another tree.
//
// Errors: as Consistency.
func (t Tree) RootAt(oldSize int64) (Hash, error) {
	if err := sizes(oldSize, t.Size); err != nil {
		return Hash{}, err
	}
	switch oldSize {
	case 0:
		return emptyRoot, nil
	case t.Size:
		return t.Root, nil
	}
	root, err := tlog.TreeHash(oldSize, t.hashes())
	if err != nil {
		return Hash{}, fmt.Errorf("merkle: root at size %d of %d: %w", oldSize, t.Size, err)
	}
	return root, nil
}

// sizes refuses an older and a newer size that no tree can have had.
func sizes(oldSize, newSize int64) error {
	if oldSize < 0 || oldSize > newSize || newSize > maxSize {
		return fmt.Errorf("merkle: no tree of size %d was of size %d", newSize, oldSize)
	}
	return nil
}

func (t Tree) hashes() tlog.HashReader {
	return tlog.TileHashReader(tlog.Tree{N: t.Size, Hash: t.Root}, tileReader{t.Tiles})
}

// tileReader is a tlog.TileReader.
type tileReader struct{ tiles Tiles }

// Height implements tlog.TileReader.
func (tileReader) Height() int { return tileHeight }

// tileHeight is how many levels of the tree a tile spans: TileWidth is 1<<tileHeight.
const tileHeight = 8

// ReadTiles implements tlog.TileReader.
func (r tileReader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	wanted := make([]Tile, len(tiles))
	for i, tile := range tiles {
		wanted[i] = Tile{Level: tile.L, Index: tile.N, Width: tile.W}
	}
	return r.tiles(wanted)
}

// SaveTiles implements tlog.TileReader. Nothing is kept.
func (tileReader) SaveTiles([]tlog.Tile, [][]byte) {}
