package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/sealog/sealog/internal/merkle"
)

const (
	maxKeyFile   = 1 << 20
	maxSinceFile = 64 << 20
)

// keyring is the pinned verifier keys by the origin that each is for.
type keyring map[string]string

// readKeys reads the values of --key: texts, or files with a key on each line.
func readKeys(args []string) (keyring, error) {
	keys := keyring{}
	for _, arg := range args {
		texts := []string{arg}
		if _, err := note.NewVerifier(arg); err != nil {
			file, err := readFile(arg, maxKeyFile)
			if err != nil {
				return nil, err
			}
			texts = strings.Split(strings.TrimPrefix(string(file), "\ufeff"), "\n")
		}
		for _, text := range texts {
			if text = strings.TrimSpace(text); text == "" {
				continue
			}
			key, err := note.NewVerifier(text)
			if err != nil {
				return nil, fmt.Errorf("%s holds no verifier key: %w", arg, err)
			}
			if known, ok := keys[key.Name()]; ok && known != text {
				return nil, fmt.Errorf("two keys for one origin, %s", key.Name())
			}
			keys[key.Name()] = text
		}
	}
	return keys, nil
}

// kept is a signed checkpoint that was kept elsewhere: one of --since.
type kept struct {
	file   string
	line   int // of the file
	note   []byte
	origin string // as it says, before its signature is verified
	used   bool
}

// readSince reads the files of --since. Each may hold several checkpoints, in whatever way they
// were put together; lines that belong to none are reported and passed over.
func (v *verifier) readSince(files []string) {
	for _, file := range files {
		text, err := readFile(file, maxSinceFile)
		if err != nil {
			v.rep.cannot("--since: %s.", err)
			continue
		}
		found, skipped := merkle.FindCheckpoints(text)
		if len(found) == 0 {
			v.rep.cannot("--since: %s holds no signed checkpoint.", file)
			continue
		}
		if len(skipped) > 0 {
			v.rep.unchecked("--since: %s: %d lines, the first of them line %d, are not part of a signed checkpoint and were not read.", file, len(skipped), skipped[0])
		}
		for _, f := range found {
			origin, _, _ := bytes.Cut(f.Note, []byte("\n"))
			v.since = append(v.since, &kept{file: file, line: f.Line, note: f.Note, origin: string(origin)})
		}
	}
}

// readFile reads a file of the auditor's own, of at most limit bytes.
func readFile(name string, limit int64) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, err
	}
	if int64(len(text)) > limit {
		return nil, fmt.Errorf("%s is larger than %d bytes", name, limit)
	}
	return text, nil
}
