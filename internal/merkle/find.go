package merkle

import (
	"encoding/base64"
	"regexp"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// Found is a signed checkpoint in a text that somebody kept.
type Found struct {
	Note []byte // as Open takes it
	Line int    // at which it begins, counted from 1
}

// FindCheckpoints finds the signed checkpoints in a text that was made by hand: appended with or
// without empty lines between them, quoted in a mail ("> "), with CR, a byte order mark or blanks
// at line ends, among lines that are something else. It forgives form and nothing else: what a
// note is worth is for Open to say. skipped are the numbers of the lines that are neither empty
// nor part of a checkpoint.
func FindCheckpoints(text []byte) (found []Found, skipped []int) {
	lines := strings.Split(string(text), "\n")
	for i := range lines {
		lines[i] = bare(lines[i])
	}
	for i := 0; i < len(lines); {
		if n := signedAt(lines[i:]); n > 0 {
			note := strings.Join(lines[i:i+n], "\n") + "\n"
			found = append(found, Found{[]byte(note), i + 1})
			i += n
			continue
		}
		if lines[i] != "" {
			skipped = append(skipped, i+1)
		}
		i++
	}
	return found, skipped
}

var quote = regexp.MustCompile(`^(> ?)+`)

// bare is a line without what editors, mail programs and other systems add to it.
func bare(line string) string {
	line = strings.TrimPrefix(strings.TrimRight(line, " \t\r"), "\ufeff")
	return quote.ReplaceAllString(line, "")
}

var decimal = regexp.MustCompile(`^(0|[1-9][0-9]{0,18})$`)

// The most lines of a signed checkpoint that is looked for, so that finding them takes time in
// proportion to the text.
const (
	maxTextLines      = 16
	maxSignatureLines = 128
)

// signedAt is how many lines the signed checkpoint has with which the lines begin, 0 if they begin
// with something else (C2SP tlog-checkpoint): an origin, a size, a root, more lines, an empty
// line and signatures.
func signedAt(lines []string) int {
	if len(lines) < 5 || lines[0] == "" || !decimal.MatchString(lines[1]) || !isHash(lines[2]) {
		return 0
	}
	text := 3
	for text < len(lines) && lines[text] != "" && text < maxTextLines {
		text++
	}
	if text == len(lines) || lines[text] != "" {
		return 0
	}
	n := text + 1
	for n < len(lines) && strings.HasPrefix(lines[n], "— ") && n-text <= maxSignatureLines {
		n++
	}
	if n == text+1 {
		return 0
	}
	return n
}

func isHash(text string) bool {
	hash, err := base64.StdEncoding.Strict().DecodeString(text)
	return err == nil && len(hash) == tlog.HashSize
}
