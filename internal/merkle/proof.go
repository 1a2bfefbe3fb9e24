package merkle

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// Proof says of an entry that a log has it, and can be checked without the log (C2SP
// tlog-proof). The entry itself is no part of it. Files of proofs end in ".tlog-proof".
type Proof struct {
	// Extra is for whoever made the proof. Nothing vouches for it. At most 1 MiB; there are
	// readers that stop at lines of 64 KiB, which are 49,146 bytes of it.
	Extra []byte
	// Index is the leaf's, from 0.
	Index int64
	// Path is as Tree.Inclusion gives it: from the leaf's sibling up to the root's child.
	Path []Hash
	// Checkpoint is the signed note, with all its signatures, as the log handed it out.
	Checkpoint []byte
}

const (
	proofHeader = "c2sp.org/tlog-proof@v1"
	maxExtra    = 1 << 20 // bytes
	maxPath     = 64      // hashes
	maxProof    = maxExtra/3*4 + maxNote + 8<<10
)

// Format is the proof as a text.
//
// Errors: the index is below zero, the checkpoint no signed note, or a part too large.
func (p Proof) Format() ([]byte, error) {
	if p.Index < 0 || len(p.Path) > maxPath || len(p.Extra) > maxExtra {
		return nil, errors.New("merkle: a proof's index is negative, or its path or extra data too long")
	}
	if n, err := noteLength(p.Checkpoint); err != nil {
		return nil, err
	} else if n != len(p.Checkpoint) {
		return nil, errors.New("merkle: a proof's checkpoint has something behind its signatures")
	}
	text := []byte(proofHeader + "\n")
	if len(p.Extra) > 0 {
		text = append(base64.StdEncoding.AppendEncode(append(text, "extra "...), p.Extra), '\n')
	}
	text = fmt.Appendf(text, "index %d\n", p.Index)
	for _, hash := range p.Path {
		text = fmt.Appendf(text, "%s\n", hash)
	}
	return append(append(text, '\n'), p.Checkpoint...), nil
}

// ParseProof reads what Format gives, and nothing else. It verifies nothing. The checkpoint
// shares the text's memory.
func ParseProof(text []byte) (Proof, error) {
	malformed := func(what string) (Proof, error) {
		return Proof{}, fmt.Errorf("merkle: malformed proof: %s", what)
	}
	if len(text) > maxProof {
		return malformed("it is too long")
	}
	head, checkpoint, ok := bytes.Cut(text, []byte("\n\n"))
	if !ok {
		return malformed("it has no empty line before a checkpoint")
	}
	lines := strings.Split(string(head), "\n")
	if lines[0] != proofHeader || len(lines) < 2 {
		return malformed("it does not begin with " + proofHeader)
	}
	lines = lines[1:]
	p := Proof{Checkpoint: checkpoint}
	var err error
	if extra, ok := strings.CutPrefix(lines[0], "extra "); ok && len(lines) > 1 {
		if p.Extra, err = base64.StdEncoding.DecodeString(extra); err != nil {
			return malformed("its extra data are no base64")
		}
		lines = lines[1:]
	}
	index, ok := strings.CutPrefix(lines[0], "index ")
	if p.Index, err = strconv.ParseInt(index, 10, 64); !ok || err != nil {
		return malformed("it has no index")
	}
	for _, line := range lines[1:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return malformed("a line of the path is no hash")
		}
		p.Path = append(p.Path, hash)
	}
	again, err := p.Format()
	if err != nil {
		return Proof{}, err
	}
	if !bytes.Equal(again, text) {
		return malformed("it says what it says in other bytes than it should")
	}
	return p, nil
}

// Verify checks the proof for a leaf, with the log's verifier key as Key.Verifier gives it. It
// returns the checkpoint that covers the leaf.
//
// Errors: those of Open, then those of CheckInclusion.
func (p Proof) Verify(leaf Hash, key string) (Signed, error) {
	signed, err := Open(p.Checkpoint, key)
	if err != nil {
		return Signed{}, err
	}
	if err := CheckInclusion(p.Path, signed.Size, signed.Root, p.Index, leaf); err != nil {
		return Signed{}, err
	}
	return signed, nil
}

// CheckInclusion checks the proof that the leaf at an index, from 0, is in the tree of a size
// and a root (RFC 6962, section 2.1.1).
//
// Errors: it is none, or the tree is too small for the index.
func CheckInclusion(path []Hash, size int64, root Hash, index int64, leaf Hash) error {
	if index < 0 || index >= size || size > maxSize {
		return fmt.Errorf("merkle: no leaf %d is in a tree of size %d", index, size)
	}
	if err := tlog.CheckRecord(path, size, root, index, leaf); err != nil {
		return fmt.Errorf("merkle: inclusion of %d in a tree of size %d: %w", index, size, err)
	}
	return nil
}

// CheckConsistency checks the proof that the newer tree is the older one, only grown (RFC 6962,
// section 2.1.2). Every tree has grown from the empty one, and from itself, and an empty path
// proves it.
//
// Errors: it is none, the older tree is larger, or an empty tree has a root that isn't its own.
func CheckConsistency(path []Hash, newSize int64, newRoot Hash, oldSize int64, oldRoot Hash) error {
	if err := sizes(oldSize, newSize); err != nil {
		return err
	}
	failed := func(what string) error {
		return fmt.Errorf("merkle: consistency of size %d with %d: %s", oldSize, newSize, what)
	}
	switch {
	case newSize == 0 && newRoot != emptyRoot, oldSize == 0 && oldRoot != emptyRoot:
		return failed("the empty tree has another root")
	case oldSize == newSize && oldRoot != newRoot:
		return failed("the roots differ")
	case oldSize == 0 || oldSize == newSize:
		if len(path) > 0 {
			return failed("the path is not empty")
		}
		return nil
	}
	if err := tlog.CheckTree(path, newSize, newRoot, oldSize, oldRoot); err != nil {
		return fmt.Errorf("merkle: consistency of size %d with %d: %w", oldSize, newSize, err)
	}
	return nil
}
