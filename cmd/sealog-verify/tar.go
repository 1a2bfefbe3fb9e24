package main

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"slices"
)

// maxPadding bounds what may follow the end of an archive, all of it zero bytes.
const maxPadding = 1 << 20

// tarSource is an export in an archive, compressed or not, whose files stand in the order of
// the format. It is read once, front to back, and holds no more than a block of it.
type tarSource struct {
	closer io.Closer
	plain  io.Reader // the archive without its compression
	files  *tar.Reader
	next   *tar.Header // the file that comes next, when it was looked at already
	ended  bool
	tally  tally
	broken error // what stopped the reading
}

func newTarSource(r io.Reader, b bounds) (*tarSource, error) {
	packed := &counter{r: r}
	buffered := bufio.NewReaderSize(packed, 64<<10)
	t := &tarSource{plain: buffered, tally: tally{bounds: b}}
	if magic, _ := buffered.Peek(2); string(magic) == "\x1f\x8b" {
		compressed, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, err
		}
		t.plain = compressed
	}
	t.plain = &unpacked{t.plain, &t.tally, packed}
	t.files = tar.NewReader(t.plain)
	if err := t.look(); err != nil {
		return nil, fmt.Errorf("it is no directory and no archive of an export: %w", err)
	}
	return t, nil
}

// look finds the file that comes next.
func (t *tarSource) look() error {
	for t.broken == nil && !t.ended && t.next == nil {
		header, err := t.files.Next()
		if err == nil {
			err = t.tally.addFile()
		}
		switch {
		case errors.Is(err, io.EOF):
			t.ended = true
		case err != nil:
			t.broken = fmt.Errorf("the archive cannot be read: %w", err)
		case header.Typeflag == tar.TypeReg:
			t.next = header
		case header.Typeflag == tar.TypeDir, header.Typeflag == tar.TypeXGlobalHeader:
			// They hold nothing.
		default:
			t.broken = fmt.Errorf("the archive has %s, which is no regular file", header.Name)
		}
	}
	return t.broken
}

func (t *tarSource) open(name string) (io.Reader, int64, error) {
	if err := t.look(); err != nil {
		return nil, 0, err
	}
	if t.next == nil {
		return nil, 0, &absentError{name: name}
	}
	if t.next.Name != name {
		return nil, 0, &absentError{name: name, next: t.next.Name}
	}
	size := t.next.Size
	t.next = nil
	return t.files, size, nil
}

// end sees to it that the archive ends, and with gzip that its checksum is right.
func (t *tarSource) end() error {
	if err := t.look(); err != nil {
		return err
	}
	if t.next != nil {
		return fmt.Errorf("the archive has %s where it should end: it is there twice, out of order, or no part of an export", t.next.Name)
	}
	padding, err := io.ReadAll(io.LimitReader(t.plain, maxPadding+1))
	if err != nil {
		return fmt.Errorf("the archive cannot be read to its end: %w", err)
	}
	if len(padding) > maxPadding || slices.ContainsFunc(padding, func(b byte) bool { return b != 0 }) {
		return errors.New("something follows the end of the archive")
	}
	return nil
}

func (t *tarSource) close() {
	if t.closer != nil {
		t.closer.Close() // it was only read
	}
}
