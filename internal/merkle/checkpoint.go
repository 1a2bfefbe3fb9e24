package merkle

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/tlog"
)

// Checkpoint is a statement about a log: how large it is, and its root (C2SP tlog-checkpoint).
type Checkpoint struct {
	// Origin names the log, for ever: "<host>/log/<id>", with "/e2" and so on for a later epoch.
	Origin string
	Size   int64
	Root   Hash
	// Extensions are further lines, none of them empty; Sealog writes none.
	Extensions []string
}

// maxCheckpoint bounds a checkpoint's text, in bytes.
const maxCheckpoint = 64 << 10

// Text is the body of a signed note: it ends with a newline.
func (c Checkpoint) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%d\n%s\n", c.Origin, c.Size, base64.StdEncoding.EncodeToString(c.Root[:]))
	for _, line := range c.Extensions {
		b.WriteString(line + "\n")
	}
	return b.String()
}

// ParseCheckpoint reads what Text gives, and nothing else: a text that says the same in other
// bytes is an error, so that a signature is of one statement only.
func ParseCheckpoint(text string) (Checkpoint, error) {
	malformed := func(what string) (Checkpoint, error) {
		return Checkpoint{}, fmt.Errorf("merkle: malformed checkpoint: %s", what)
	}
	if len(text) > maxCheckpoint {
		return malformed("it is too long")
	}
	if !utf8.ValidString(text) {
		return malformed("it is not UTF-8")
	}
	body, ok := strings.CutSuffix(text, "\n")
	if !ok {
		return malformed("it does not end with a newline")
	}
	lines := strings.Split(body, "\n")
	if len(lines) < 3 {
		return malformed("it has fewer than three lines")
	}
	for _, line := range lines {
		if line == "" {
			return malformed("a line is empty")
		}
		if strings.ContainsFunc(line, func(r rune) bool { return r < 0x20 || r == 0x7f }) {
			return malformed("a line has control characters")
		}
	}
	c := Checkpoint{Origin: lines[0]}
	var err error
	if c.Size, err = strconv.ParseInt(lines[1], 10, 64); err != nil || c.Size < 0 || strconv.FormatInt(c.Size, 10) != lines[1] {
		return malformed("the size is no decimal number")
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return malformed("the root is not 32 bytes in base64")
	}
	copy(c.Root[:], root)
	if len(lines) > 3 {
		c.Extensions = lines[3:]
	}
	return c, nil
}
