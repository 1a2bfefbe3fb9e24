package merkle_test

import (
	"errors"
	"math"
	"slices"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/sealog/sealog/internal/merkle"
)

// grown is the hashes of a tree of n entries, and so of every smaller one.
func grown(t testing.TB, n int64) *storage {
	t.Helper()
	s := new(storage)
	for i := range n {
		hashes, err := tlog.StoredHashes(i, entry(i), s)
		if err != nil {
			t.Fatal(err)
		}
		*s = append(*s, hashes...)
	}
	return s
}

// root is the tree's root at a size.
func (s *storage) root(t testing.TB, size int64) merkle.Hash {
	t.Helper()
	if size == 0 {
		return merkle.Frontier{}.Root()
	}
	root, err := tlog.TreeHash(size, s)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// tree is the tree at a size; calls counts how often its tiles are asked for.
func (s *storage) tree(t testing.TB, size int64, calls *int) merkle.Tree {
	t.Helper()
	return merkle.Tree{Size: size, Root: s.root(t, size), Tiles: func(tiles []merkle.Tile) ([][]byte, error) {
		*calls++
		data := make([][]byte, len(tiles))
		for i, tile := range tiles {
			var err error
			if data[i], err = tlog.ReadTileData(tlog.Tile{H: 8, L: tile.Level, N: tile.Index, W: tile.Width}, s); err != nil {
				return nil, err
			}
		}
		return data, nil
	}}
}

// around lists 0 to size, or of many some that matter.
func around(size int64) []int64 {
	var list []int64
	for i := range size + 1 {
		if size <= 40 || i < 3 || i > size-3 || i == size/2 || i == size/3 || i&(i-1) == 0 || i&(i+1) == 0 || i%20_011 == 0 {
			list = append(list, i)
		}
	}
	return list
}

// TestTree proves inclusion and consistency at sizes around those of tiles, and sees that the
// proofs are tlog's own, that they are accepted, and that nothing else is.
func TestTree(t *testing.T) {
	t.Parallel()
	s := grown(t, 66_000)
	for _, size := range append(around(40), 255, 256, 257, 300, 511, 512, 513, 1000, 65_535, 65_536, 65_537, 66_000) {
		calls := 0
		tree := s.tree(t, size, &calls)
		for _, index := range around(size) {
			calls = 0
			path, err := tree.Inclusion(index)
			if index == size {
				if err == nil || calls > 0 {
					t.Errorf("leaf %d is in a tree of %d", index, size)
				}
				continue
			}
			want, wantErr := tlog.ProveRecord(size, index, s)
			if err != nil || wantErr != nil || !slices.Equal(path, want) || calls > 1 {
				t.Fatalf("leaf %d in %d: %v, %v, want %v; %d calls", index, size, path, err, want, calls)
			}
			leaf := merkle.LeafHash(entry(index))
			check := func(path []merkle.Hash, root merkle.Hash, index int64, leaf merkle.Hash) error {
				return merkle.CheckInclusion(path, size, root, index, leaf)
			}
			if err := check(path, tree.Root, index, leaf); err != nil {
				t.Errorf("leaf %d in %d: %v", index, size, err)
			}
			if check(path, tree.Root, index, merkle.LeafHash([]byte("x"))) == nil || check(path, flipped(tree.Root), index, leaf) == nil ||
				check(path, tree.Root, (index+1)%size, leaf) == nil && size > 1 || refused(path, func(path []merkle.Hash) error { return check(path, tree.Root, index, leaf) }) != nil {
				t.Errorf("leaf %d in %d: something else is proven too", index, size)
			}
		}
		for _, old := range around(size) {
			calls = 0
			path, err := tree.Consistency(old)
			root, rootErr := tree.RootAt(old)
			if err != nil || rootErr != nil || root != s.root(t, old) || calls > 2 {
				t.Fatalf("size %d of %d: %v, root %v, %v, %d calls", old, size, err, root, rootErr, calls)
			}
			if old > 0 {
				if want, err := tlog.ProveTree(size, old, s); err != nil || !slices.Equal(path, want) {
					t.Fatalf("size %d of %d: %v, want %v, %v", old, size, path, want, err)
				}
			}
			check := func(path []merkle.Hash, newRoot, oldRoot merkle.Hash) error {
				return merkle.CheckConsistency(path, size, newRoot, old, oldRoot)
			}
			if err := check(path, tree.Root, root); err != nil {
				t.Errorf("size %d of %d: %v", old, size, err)
			}
			// What was added to the empty tree is anybody's.
			if check(path, flipped(tree.Root), root) == nil && old > 0 || check(path, tree.Root, flipped(root)) == nil ||
				refused(path, func(path []merkle.Hash) error { return check(path, tree.Root, root) }) != nil {
				t.Errorf("size %d of %d: something else is proven too", old, size)
			}
		}
	}
}

// flipped is a root that no tree of the test has.
func flipped(root merkle.Hash) merkle.Hash {
	root[31] ^= 1
	return root
}

// refused checks a path with each of its hashes changed, without its end, and with one hash
// more. It returns an error when one of them is accepted.
func refused(path []merkle.Hash, check func([]merkle.Hash) error) error {
	accepted := errors.New("accepted")
	for i := range path {
		changed := slices.Clone(path)
		changed[i] = flipped(changed[i])
		if check(changed) == nil {
			return accepted
		}
	}
	if check(append(slices.Clone(path), merkle.Hash{})) == nil || len(path) > 0 && check(path[:len(path)-1]) == nil {
		return accepted
	}
	return nil
}

// TestTreeOfWrongTiles sees that a tree says nothing on the ground of tiles that are not its own.
func TestTreeOfWrongTiles(t *testing.T) {
	t.Parallel()
	calls := 0
	tree := grown(t, 66_000).tree(t, 66_000, &calls)
	down := errors.New("the database is down")
	right := tree.Tiles
	for name, wrong := range map[string]func(data [][]byte) ([][]byte, error){
		"an error":      func([][]byte) ([][]byte, error) { return nil, down },
		"too few":       func(data [][]byte) ([][]byte, error) { return data[1:], nil },
		"too many":      func(data [][]byte) ([][]byte, error) { return append(data, nil), nil },
		"a short one":   func(data [][]byte) ([][]byte, error) { data[0] = data[0][1:]; return data, nil },
		"a changed one": func(data [][]byte) ([][]byte, error) { data[len(data)-1][77] ^= 1; return data, nil },
	} {
		tree.Tiles = func(tiles []merkle.Tile) ([][]byte, error) {
			data, err := right(tiles)
			if err != nil {
				return nil, err
			}
			return wrong(data)
		}
		_, inclusion := tree.Inclusion(12_345)
		_, consistency := tree.Consistency(12_345)
		_, root := tree.RootAt(12_345)
		for _, err := range []error{inclusion, consistency, root} {
			if err == nil || errors.Is(err, down) != (name == "an error") {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	tree.Tiles = right
	tree.Root = flipped(tree.Root)
	if path, err := tree.Inclusion(1); err == nil {
		t.Errorf("the tiles of another root prove %v", path)
	}
}

// TestSizes sees that sizes and indexes that no tree has are errors, and that they come at once.
func TestSizes(t *testing.T) {
	t.Parallel()
	path := make([]merkle.Hash, 63)
	for _, bad := range []struct{ size, index int64 }{{0, 0}, {1, 1}, {1, -1}, {-1, -1}, {-1, 0}, {math.MinInt64, 0}, {math.MaxInt64, 0}, {math.MaxInt64, math.MaxInt64}, {1<<60 + 1, 1 << 60}} {
		tree := merkle.Tree{Size: bad.size}
		if _, err := tree.Inclusion(bad.index); err == nil {
			t.Errorf("%+v: a path", bad)
		}
		if merkle.CheckInclusion(path, bad.size, merkle.Hash{}, bad.index, merkle.Hash{}) == nil {
			t.Errorf("%+v: included", bad)
		}
	}
	for _, bad := range []struct{ size, old int64 }{{0, 1}, {1, 2}, {1, -1}, {-1, -1}, {-1, 0}, {math.MaxInt64, 1}, {math.MaxInt64, math.MaxInt64}} {
		tree := merkle.Tree{Size: bad.size}
		if _, err := tree.Consistency(bad.old); err == nil {
			t.Errorf("%+v: a path", bad)
		}
		if _, err := tree.RootAt(bad.old); err == nil {
			t.Errorf("%+v: a root", bad)
		}
		if merkle.CheckConsistency(nil, bad.size, merkle.Hash{}, bad.old, merkle.Hash{}) == nil || merkle.CheckConsistency(path, bad.size, merkle.Hash{}, bad.old, merkle.Hash{}) == nil {
			t.Errorf("%+v: consistent", bad)
		}
	}
	empty, other := merkle.Frontier{}.Root(), merkle.LeafHash(nil)
	for name, err := range map[string]error{
		"the empty tree":         merkle.CheckConsistency(nil, 0, empty, 0, empty),
		"grown from empty":       merkle.CheckConsistency(nil, 1, other, 0, empty),
		"the same":               merkle.CheckConsistency(nil, 9, other, 9, other),
		"one leaf, its own root": merkle.CheckInclusion(nil, 1, other, 0, other),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, err := range map[string]error{
		"an empty tree with a root":       merkle.CheckConsistency(nil, 0, other, 0, other),
		"grown from a root without tree":  merkle.CheckConsistency(nil, 1, other, 0, other),
		"the same with another root":      merkle.CheckConsistency(nil, 9, other, 9, empty),
		"the same with a path":            merkle.CheckConsistency(path[:1], 9, other, 9, other),
		"grown from empty, with a path":   merkle.CheckConsistency(path[:1], 9, other, 0, empty),
		"an empty tree, with a path":      merkle.CheckConsistency(path[:1], 0, empty, 0, empty),
		"a large tree without any hashes": merkle.CheckConsistency(nil, 1<<60, other, 1<<59+1, other),
	} {
		if err == nil {
			t.Errorf("%s is consistent", name)
		}
	}
}

// FuzzCheck sees that whatever is checked, the answer comes, and that a path is a proof of one
// leaf only.
func FuzzCheck(f *testing.F) {
	s := grown(f, 300)
	calls := 0
	tree := s.tree(f, 300, &calls)
	for _, index := range []int64{0, 255, 256, 299} {
		inclusion, err := tree.Inclusion(index)
		if err != nil {
			f.Fatal(err)
		}
		consistency, err := tree.Consistency(index)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(int64(300), index, bytesOf(inclusion))
		f.Add(int64(300), index, bytesOf(consistency))
	}
	f.Add(int64(math.MaxInt64), int64(math.MaxInt64-1), make([]byte, 63*32))
	f.Fuzz(func(t *testing.T, size, index int64, b []byte) {
		var path []merkle.Hash
		for ; len(b) >= 32; b = b[32:] {
			path = append(path, merkle.Hash(b))
		}
		if index >= 0 && index < 300 {
			leaf := merkle.LeafHash(entry(index))
			if merkle.CheckInclusion(path, 300, tree.Root, index, leaf) == nil {
				if want, err := tree.Inclusion(index); err != nil || !slices.Equal(path, want) {
					t.Errorf("%v proves leaf %d, and so does %v, %v", path, index, want, err)
				}
			}
		}
		included := merkle.CheckInclusion(path, size, tree.Root, index, merkle.Hash{})
		if included == nil {
			t.Errorf("%v proves what is not there", path)
		}
		if merkle.CheckConsistency(path, size, tree.Root, index, merkle.Hash{}) == nil {
			t.Errorf("%v proves a tree that never was", path)
		}
	})
}

func bytesOf(hashes []merkle.Hash) []byte {
	var b []byte
	for _, hash := range hashes {
		b = append(b, hash[:]...)
	}
	return b
}

func BenchmarkInclusion(b *testing.B) {
	calls := 0
	tree := grown(b, 66_000).tree(b, 66_000, &calls)
	for b.Loop() {
		if _, err := tree.Inclusion(12_345); err != nil {
			b.Fatal(err)
		}
	}
}
