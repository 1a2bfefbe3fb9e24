package judges_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"filippo.io/torchwood"
	fproof "github.com/transparency-dev/formats/proof"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/sealog/sealog/internal/merkle"
)

// TestProofs has transparency-dev/merkle verify every proof of every tree up to 70 leaves, and
// some of larger ones.
func TestProofs(t *testing.T) {
	t.Parallel()
	l := numbered(66_000)
	hasher := rfc6962.DefaultHasher
	sizes := []int64{255, 256, 257, 511, 512, 513, 1000, 65_535, 65_536, 65_537, 66_000}
	for size := range int64(71) {
		sizes = append(sizes, size)
	}
	for _, size := range sizes {
		tree := l.tree(size)
		for i := int64(0); i <= size; i += size/70 + 1 {
			path, err := tree.Consistency(i)
			if err != nil {
				t.Fatal(err)
			}
			root, err := tree.RootAt(i)
			if err != nil || root != l.roots[i] {
				t.Fatalf("root %s of size %d in %d, not %s; %v", root, i, size, l.roots[i], err)
			}
			if err := proof.VerifyConsistency(hasher, uint64(i), uint64(size), theirs(path), root[:], tree.Root[:]); err != nil {
				t.Errorf("size %d of %d: %v", i, size, err)
			}
			if i == size {
				continue
			}
			if path, err = tree.Inclusion(i); err != nil {
				t.Fatal(err)
			}
			if err := proof.VerifyInclusion(hasher, uint64(i), uint64(size), hasher.HashLeaf(entry(i)), theirs(path), tree.Root[:]); err != nil {
				t.Errorf("leaf %d of %d: %v", i, size, err)
			}
			if proof.VerifyInclusion(hasher, uint64(i), uint64(size), hasher.HashLeaf([]byte("x")), theirs(path), tree.Root[:]) == nil {
				t.Errorf("leaf %d of %d: any leaf is proven", i, size)
			}
		}
	}
}

// TestProofTexts has the text of a proof read and verified by others, and reads theirs.
func TestProofTexts(t *testing.T) {
	t.Parallel()
	k, l := key(t, 1), numbered(1000)
	policy, err := policy(k.Verifier())
	if err != nil {
		t.Fatal(err)
	}
	for size, index := range map[int64]int64{1: 0, 2: 1, 256: 255, 1000: 777} {
		path, err := l.tree(size).Inclusion(index)
		if err != nil {
			t.Fatal(err)
		}
		leaf := merkle.LeafHash(entry(index))
		for _, extra := range [][]byte{nil, []byte("ask in room 12"), make([]byte, 48_000)} {
			p := merkle.Proof{Extra: extra, Index: index, Path: path, Checkpoint: l.sign(t, k, size)}
			text, err := p.Format()
			if err != nil {
				t.Fatal(err)
			}
			if err := torchwood.VerifyProof(policy, leaf, text); err != nil {
				t.Errorf("leaf %d of %d: Torchwood says %v", index, size, err)
			}
			if torchwood.VerifyProof(policy, merkle.LeafHash(nil), text) == nil {
				t.Errorf("leaf %d of %d: Torchwood takes any leaf", index, size)
			}
			torchwoods := torchwood.FormatProof(index, path, p.Checkpoint)
			if extra != nil {
				torchwoods = torchwood.FormatProofWithExtraData(index, extra, path, p.Checkpoint)
			}
			if !bytes.Equal(text, torchwoods) {
				t.Errorf("%.400s\nis by Torchwood\n%.400s", text, torchwoods)
			}
			var parsed fproof.TLogProof
			if err := parsed.Unmarshal(text); err != nil || !bytes.Equal(parsed.Marshal(), text) || parsed.Index != uint64(index) || len(parsed.Hashes) != len(path) {
				t.Errorf("%.400s\nis by formats\n%.400s %v", text, parsed.Marshal(), err)
			}
			again, err := merkle.ParseProof(torchwoods)
			if err != nil || !bytes.Equal(again.Extra, extra) {
				t.Errorf("%.400s: %v", torchwoods, err)
			}
			if signed, err := again.Verify(leaf, k.Verifier()); err != nil || signed.Size != size {
				t.Errorf("leaf %d of %d: %+v, %v", index, size, signed, err)
			}
		}
	}
}

// FuzzProofs sees that package merkle and transparency-dev/merkle accept the same proofs.
func FuzzProofs(f *testing.F) {
	l := numbered(300)
	for _, size := range []int64{1, 2, 7, 8, 256, 300} {
		for _, index := range []int64{0, 1, 6, size / 2, size - 1} {
			if index >= size {
				continue
			}
			inclusion, err := l.tree(size).Inclusion(index)
			if err != nil {
				f.Fatal(err)
			}
			consistency, err := l.tree(size).Consistency(index)
			if err != nil {
				f.Fatal(err)
			}
			for _, path := range [][]merkle.Hash{inclusion, consistency, nil, append(slices.Clone(inclusion), merkle.Hash{}), inclusion[:len(inclusion)/2]} {
				f.Add(size, index, bytes.Join(theirs(path), nil), l.roots[size][:], l.roots[index][:])
				leaf := merkle.LeafHash(entry(index))
				f.Add(size, index, bytes.Join(theirs(path), nil), l.roots[size][:], leaf[:])
			}
		}
	}
	hasher, empty := rfc6962.DefaultHasher, merkle.Frontier{}.Root()
	f.Fuzz(func(t *testing.T, size, index int64, b, root, other []byte) {
		if size < 0 || index < 0 || size > 1<<60 || len(root) != 32 || len(other) != 32 {
			return
		}
		var path []merkle.Hash
		for ; len(b) >= 32; b = b[32:] {
			path = append(path, merkle.Hash(b))
		}
		ours := merkle.CheckInclusion(path, size, merkle.Hash(root), index, merkle.Hash(other))
		if err := proof.VerifyInclusion(hasher, uint64(index), uint64(size), other, theirs(path), root); (ours == nil) != (err == nil) {
			t.Errorf("inclusion: %v, not %v", ours, err)
		}
		ours = merkle.CheckConsistency(path, size, merkle.Hash(root), index, merkle.Hash(other))
		err := proof.VerifyConsistency(hasher, uint64(index), uint64(size), theirs(path), other, root)
		if index == 0 && merkle.Hash(other) != empty {
			err = errors.New("they take any root for that of the empty tree")
		}
		if (ours == nil) != (err == nil) {
			t.Errorf("consistency: %v, not %v", ours, err)
		}
	})
}
