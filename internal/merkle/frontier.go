package merkle

import (
	"fmt"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// Hash is a hash of the tree: SHA-256.
type Hash = tlog.Hash

// LeafHash is the hash of an entry: SHA-256 of 0x00 and the entry (RFC 6962, section 2.1).
func LeafHash(entry []byte) Hash { return tlog.RecordHash(entry) }

// Frontier is all of a tree that appending to it needs: its size, and the roots of the perfect
// subtrees that it consists of, the largest first. There is one for each bit that is set in
// the size. The zero Frontier is the empty tree.
type Frontier struct {
	size  int64
	roots []Hash
}

// NewFrontier returns the frontier of a tree of a size with the roots of its perfect
// subtrees, the largest first.
//
// Errors: as many roots as the size has bits set are needed.
func NewFrontier(size int64, roots []Hash) (Frontier, error) {
	if size < 0 || len(roots) != bits.OnesCount64(uint64(size)) {
		return Frontier{}, fmt.Errorf("merkle: a tree of size %d has no %d perfect subtrees", size, len(roots))
	}
	return Frontier{size, append([]Hash(nil), roots...)}, nil
}

// Size is the number of leaves.
func (f Frontier) Size() int64 { return f.size }

// Append adds a leaf. It returns the hashes of the perfect subtrees that the leaf completes:
// its own, then that of each larger one, so that the hash at place i is of level i.
func (f *Frontier) Append(leaf Hash) []Hash {
	completed := []Hash{leaf}
	// Each bit at the end of the size is a subtree as large as what has been completed so far.
	for n := f.size; n&1 == 1; n >>= 1 {
		last := len(f.roots) - 1
		leaf = tlog.NodeHash(f.roots[last], leaf)
		f.roots = f.roots[:last]
		completed = append(completed, leaf)
	}
	f.roots = append(f.roots, leaf)
	f.size++
	return completed
}

// Root is the hash of the whole tree; of the empty one it is SHA-256 of nothing (RFC 6962,
// section 2.1).
func (f Frontier) Root() Hash {
	if f.size == 0 {
		return emptyRoot
	}
	root := f.roots[len(f.roots)-1]
	for i := len(f.roots) - 2; i >= 0; i-- {
		root = tlog.NodeHash(f.roots[i], root)
	}
	return root
}

// Bytes are the roots one after the other, 32 bytes each, for a column of a database.
func (f Frontier) Bytes() []byte {
	b := make([]byte, 0, len(f.roots)*tlog.HashSize)
	for _, root := range f.roots {
		b = append(b, root[:]...)
	}
	return b
}

// ParseFrontier reads what Bytes gives.
//
// Errors: as NewFrontier.
func ParseFrontier(size int64, b []byte) (Frontier, error) {
	if len(b)%tlog.HashSize != 0 {
		return Frontier{}, fmt.Errorf("merkle: %d bytes are no hashes", len(b))
	}
	roots := make([]Hash, len(b)/tlog.HashSize)
	for i := range roots {
		copy(roots[i][:], b[i*tlog.HashSize:])
	}
	return NewFrontier(size, roots)
}

// emptyRoot is SHA-256 of nothing.
var emptyRoot = Hash{
	0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
	0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
}
