package merkle

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"
)

// SignText signs a text that is no checkpoint: as a signed note (C2SP signed-note) with the
// key's plain signature. The text ends with a newline.
//
// Errors: a text that could be taken for a checkpoint, or what is signed for one, since a key
// that signed such a text would have said something about a log; a text that no note can hold,
// which is one with control characters, in another encoding than UTF-8, or without a newline at
// its end.
func (k *Key) SignText(text string) ([]byte, error) {
	if strings.HasPrefix(text, "cosignature/") {
		return nil, errors.New("merkle: a text that begins like a cosignature is not signed as one of its own")
	}
	// A second line that is a number makes a checkpoint to some readers, whatever follows it.
	if _, rest, ok := strings.Cut(text, "\n"); ok {
		if second, _, _ := strings.Cut(rest, "\n"); second != "" && strings.Trim(second, "0123456789 ") == "" {
			return nil, errors.New("merkle: a text that may be taken for a checkpoint is not signed")
		}
	}
	if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return r < 0x20 && r != '\n' }) {
		return nil, errors.New("merkle: a note cannot hold control characters or what is not UTF-8")
	}
	signed, err := note.Sign(&note.Note{Text: text}, signer{k.origin, keyID(k.origin, k.public(algEd25519)), func(text []byte) ([]byte, error) {
		return ed25519.Sign(k.private, text), nil
	}})
	if err != nil {
		return nil, fmt.Errorf("merkle: %w", err)
	}
	return signed, nil
}
