package merkle

import (
	"bytes"
	"errors"
)

// maxNote bounds a signed checkpoint in bytes: its text, and the signatures of a hundred
// witnesses, which are as many as note.Open reads.
const maxNote = maxCheckpoint + 192<<10

// JoinCheckpoints puts signed checkpoints into one text, as the file checkpoints.txt of an
// export has them: with an empty line between one and the next.
func JoinCheckpoints(notes [][]byte) []byte { return bytes.Join(notes, []byte("\n")) }

// SplitCheckpoints reads what JoinCheckpoints gives, and nothing else. It sees to the shape of
// the notes only; what each of them is worth is for Open to say. They share the text's memory.
//
// Errors: a note without text or without signatures, lines that belong to none, a note of more
// than 256 KiB.
func SplitCheckpoints(text []byte) ([][]byte, error) {
	var notes [][]byte
	for len(text) > 0 {
		if len(notes) > 0 {
			rest, ok := bytes.CutPrefix(text, []byte("\n"))
			if !ok {
				return nil, errors.New("merkle: checkpoints without an empty line between them")
			}
			text = rest
		}
		n, err := noteLength(text)
		if err != nil {
			return nil, err
		}
		notes = append(notes, text[:n:n])
		text = text[n:]
	}
	return notes, nil
}

// noteLength is the length of the signed checkpoint that b begins with: lines of text, an
// empty line, and signatures, which are lines that begin with a dash (C2SP signed-note). A
// note's text may have empty lines, a checkpoint's has none.
func noteLength(b []byte) (int, error) {
	if len(b) == 0 || b[0] == '\n' {
		return 0, errors.New("merkle: a signed checkpoint without a text")
	}
	text := bytes.Index(b, []byte("\n\n"))
	if text < 0 {
		return 0, errors.New("merkle: a checkpoint without an empty line before its signatures")
	}
	start := text + len("\n\n")
	n := start
	for bytes.HasPrefix(b[n:], []byte("— ")) {
		end := bytes.IndexByte(b[n:], '\n')
		if end < 0 {
			return 0, errors.New("merkle: a checkpoint ends within a signature")
		}
		n += end + 1
	}
	if n == start {
		return 0, errors.New("merkle: a checkpoint without signatures")
	}
	if n > maxNote {
		return 0, errors.New("merkle: a signed checkpoint is too long")
	}
	return n, nil
}
