package judges_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	formats "github.com/transparency-dev/formats/log"
	fnote "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/sealog/sealog/internal/merkle"
)

// judgeTransparencyDev has formats open the checkpoints, and merkle compute the roots and
// verify the proofs that package merkle makes from the log's tiles: of one entry of every
// bundle, and from every other checkpoint in hand.
func judgeTransparencyDev(ctx context.Context, address, key string) error {
	current, err := fetch(ctx, address+"checkpoint")
	if err != nil {
		return err
	}
	head, err := openFormats(current, key)
	if err != nil {
		return err
	}
	text, err := fetch(ctx, address+"checkpoints.txt")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	notes, err := merkle.SplitCheckpoints(text)
	if err != nil {
		return err
	}
	older := make(map[uint64][][]byte) // the roots that checkpoints have at a size
	for _, signed := range notes {
		checkpoint, err := openFormats(signed, key)
		if err != nil {
			return err
		}
		if checkpoint.Size > head.Size {
			return fmt.Errorf("a checkpoint of size %d is newer than that of %d", checkpoint.Size, head.Size)
		}
		older[checkpoint.Size] = append(older[checkpoint.Size], checkpoint.Hash)
	}
	older[head.Size] = append(older[head.Size], head.Hash)
	tree := merkle.Tree{Size: int64(head.Size), Root: merkle.Hash(head.Hash), Tiles: func(tiles []merkle.Tile) ([][]byte, error) {
		data := make([][]byte, len(tiles))
		for i, tile := range tiles {
			var err error
			if data[i], err = fetch(ctx, address+tile.Path()); err != nil {
				return nil, err
			}
		}
		return data, nil
	}}
	return judgeTree(tree, older, func(first uint64) ([][]byte, error) {
		tile := merkle.Tile{Level: merkle.EntriesLevel, Index: int64(first / merkle.TileWidth), Width: int(min(head.Size-first, merkle.TileWidth))}
		data, err := fetch(ctx, address+tile.Path())
		if err != nil {
			return nil, err
		}
		hashes, err := leafHashes(data)
		if err == nil && len(hashes) != tile.Width {
			err = fmt.Errorf("%s has %d entries", tile.Path(), len(hashes))
		}
		return hashes, err
	})
}

// judgeTree grows a tree of leaves, and compares the roots at the sizes in older on the way.
func judgeTree(tree merkle.Tree, older map[uint64][][]byte, leaves func(first uint64) ([][]byte, error)) error {
	hasher := rfc6962.DefaultHasher
	grown := (&compact.RangeFactory{Hash: hasher.HashChildren}).NewEmptyRange(0)
	size, root := uint64(tree.Size), tree.Root[:]
	at := func(old uint64) error {
		roots, ok := older[old]
		if !ok {
			return nil
		}
		computed, err := grown.GetRootHash(nil)
		if old == 0 {
			computed, err = hasher.EmptyRoot(), nil
		}
		if err != nil {
			return err
		}
		path, err := tree.Consistency(int64(old))
		if err != nil {
			return err
		}
		for _, claimed := range roots {
			if string(claimed) != string(computed) {
				return fmt.Errorf("the root at size %d is %x, not %x", old, computed, claimed)
			}
			if err := proof.VerifyConsistency(hasher, old, size, theirs(path), claimed, root); err != nil {
				return err
			}
		}
		return nil
	}
	for first := uint64(0); first < size; first += merkle.TileWidth {
		hashes, err := leaves(first)
		if err != nil {
			return err
		}
		for i, hash := range hashes {
			if err := at(first + uint64(i)); err != nil {
				return err
			}
			if err := grown.Append(hash, nil); err != nil {
				return err
			}
		}
		index := first + first/merkle.TileWidth%uint64(len(hashes))
		path, err := tree.Inclusion(int64(index))
		if err != nil {
			return err
		}
		if err := proof.VerifyInclusion(hasher, index, size, hashes[index-first], theirs(path), root); err != nil {
			return err
		}
	}
	return at(size)
}

// openFormats opens a checkpoint that has both of the log's signatures.
func openFormats(signed []byte, key string) (*formats.Checkpoint, error) {
	plain, err := fnote.NewVerifier(key)
	if err != nil {
		return nil, err
	}
	timed, err := fnote.NewVerifierForCosignatureV1(key)
	if err != nil {
		return nil, err
	}
	checkpoint, rest, opened, err := formats.ParseCheckpoint(signed, plain.Name(), plain, timed)
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 || len(opened.Sigs) != 2 || len(checkpoint.Hash) != tlog.HashSize {
		return nil, fmt.Errorf("a checkpoint with %d signatures, %d bytes of root and %q", len(opened.Sigs), len(checkpoint.Hash), rest)
	}
	return checkpoint, nil
}

// theirs is a path as transparency-dev/merkle has it.
func theirs(path []merkle.Hash) [][]byte {
	list := make([][]byte, len(path))
	for i := range path {
		list[i] = path[i][:]
	}
	return list
}
