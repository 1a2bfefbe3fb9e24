package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/alecthomas/kong"
)

// What an export may have at most, unless a flag allows more. An export that is made to keep
// an auditor's machine busy ends at one of them with exit status 2. docs/verify.md lists them.
const (
	mostBytes       = 64 << 30
	mostRatio       = 200
	mostFiles       = 4_000_000
	mostEpochs      = 1_000
	mostCheckpoints = 1_000_000
	mostPending     = 1_000_000
)

// What no flag changes.
const (
	// mostWrong is how many wrong signatures of checkpoints, or malformed lines of
	// pending.ndjson, are looked at: each takes as long as a right one, and more say no more.
	mostWrong = 1_000
	// mostLines is how many lines of disclosures a bundle of 256 entries may have.
	mostLines = 1_000
	// mostDepth is how deep the JSON of the manifest and of a line of pending.ndjson may be.
	mostDepth = 100
	// ratioFrom is how much of an archive is unpacked before its ratio counts.
	ratioFrom = 64 << 20
)

// bounds are the flags that raise or lower a bound.
type bounds struct {
	MaxBytes       int64 `default:"${bytes}" help:"How many bytes the export may have, unpacked."`
	MaxRatio       int64 `default:"${ratio}" help:"How many times larger the unpacked archive may be than its file."`
	MaxFiles       int64 `default:"${files}" help:"How many files the export may have."`
	MaxEpochs      int64 `default:"${epochs}" help:"How many epochs the export may have."`
	MaxCheckpoints int64 `default:"${checkpoints}" help:"How many checkpoints beside the newest an epoch may have."`
	MaxPending     int64 `default:"${pending}" help:"How many lines pending.ndjson may have."`
}

// defaults are the bounds without flags.
func defaults() bounds {
	return bounds{mostBytes, mostRatio, mostFiles, mostEpochs, mostCheckpoints, mostPending}
}

// vars give the flags their defaults.
func vars() kong.Vars {
	return kong.Vars{
		"bytes": fmt.Sprint(mostBytes), "ratio": fmt.Sprint(mostRatio), "files": fmt.Sprint(mostFiles),
		"epochs": fmt.Sprint(mostEpochs), "checkpoints": fmt.Sprint(mostCheckpoints), "pending": fmt.Sprint(mostPending),
	}
}

// errTooMany says which bound an export exceeds, and what allows more.
func errTooMany(what string, most int64, flag string) error {
	return fmt.Errorf("it has more than %d %s; --%s allows more", most, what, flag)
}

// tally counts what was read of an export.
type tally struct {
	bounds
	bytes, files int64
}

func (t *tally) addFile() error {
	if t.files++; t.files > t.MaxFiles {
		return errTooMany("files", t.MaxFiles, "max-files")
	}
	return nil
}

func (t *tally) addBytes(n int64) error {
	if t.bytes += n; t.bytes > t.MaxBytes {
		return errTooMany("bytes", t.MaxBytes, "max-bytes")
	}
	return nil
}

// counter counts the bytes of an archive's file.
type counter struct {
	r io.Reader
	n int64
}

// Read implements io.Reader.
func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// unpacked reads an archive's bytes, unpacked, as far as the bounds allow.
type unpacked struct {
	r      io.Reader
	tally  *tally
	packed *counter
}

// Read implements io.Reader.
func (u *unpacked) Read(p []byte) (int, error) {
	n, err := u.r.Read(p)
	if tooMany := u.tally.addBytes(int64(n)); tooMany != nil {
		return 0, tooMany
	}
	if u.tally.bytes > ratioFrom && u.tally.bytes/u.tally.MaxRatio > u.packed.n {
		return 0, fmt.Errorf("it unpacks to more than %d times its size; --max-ratio allows more", u.tally.MaxRatio)
	}
	return n, err
}

// checkDepth refuses JSON that is nested deeper than anything in an export.
func checkDepth(text []byte) error {
	level, quoted, escaped := 0, false, false
	for _, c := range text {
		switch {
		case quoted:
			quoted = escaped || c != '"'
			escaped = c == '\\' && !escaped
		case c == '"':
			quoted = true
		case c == '[' || c == '{':
			if level++; level > mostDepth {
				return errors.New("its JSON is nested too deeply")
			}
		case c == ']' || c == '}':
			level--
		}
	}
	return nil
}
