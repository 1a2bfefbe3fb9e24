package main

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// source is an export's files. They are asked for in the order of the format, and each once,
// so that an archive is read as a stream. Nothing is ever written.
type source interface {
	// open opens the file that comes next. Its reader is good until the next call. An absent
	// file is an *absentError; a source that gave another error gives nothing more.
	open(name string) (r io.Reader, size int64, err error)
	// end says whether anything is left that nobody asked for.
	end() error
	close()
}

// absentError is a file that the export has not, or not where it belongs.
type absentError struct {
	name string
	// next is the file of an archive that stands there instead; empty at the archive's end and
	// for a directory, where the file is simply missing.
	next string
}

// Error implements error.
func (e *absentError) Error() string {
	if e.next == "" {
		return e.name + " is missing"
	}
	return fmt.Sprintf("the archive has %s where %s belongs: something is missing, there twice or out of order; "+
		"unpacked to a directory the order does not matter", e.next, e.name)
}

// openSource opens an export: a directory, or an archive.
func openSource(name string, b bounds) (source, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		root, err := os.OpenRoot(name)
		if err != nil {
			return nil, err
		}
		return &dirSource{root: root, tally: tally{bounds: b}}, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	src, err := newTarSource(file, b)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	src.closer = file
	return src, nil
}

// dirSource is an export in a directory. Links that lead out of it are not followed
// (os.Root), and other files than those of the format are not looked at.
type dirSource struct {
	root    *os.Root
	current *os.File
	tally   tally
}

func (d *dirSource) open(name string) (io.Reader, int64, error) {
	d.closeCurrent()
	// Before it is opened: opening a named pipe would wait for ever.
	info, err := d.root.Stat(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, 0, &absentError{name: name}
	}
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, fmt.Errorf("%s is no regular file", name)
	}
	if err := errors.Join(d.tally.addFile(), d.tally.addBytes(info.Size())); err != nil {
		return nil, 0, err
	}
	if d.current, err = d.root.Open(name); err != nil {
		return nil, 0, err
	}
	return d.current, info.Size(), nil
}

func (d *dirSource) closeCurrent() {
	if d.current != nil {
		d.current.Close() // it was only read
		d.current = nil
	}
}

func (d *dirSource) end() error { return nil }

func (d *dirSource) close() {
	d.closeCurrent()
	d.root.Close()
}

// read reads a whole file into buf, which may be nil, and returns what became of buf.
//
// Errors: *absentError; the file is larger than limit bytes, or cannot be read.
func read(src source, name string, limit int64, buf []byte) ([]byte, error) {
	r, size, err := src.open(name)
	if err != nil {
		return buf[:0], err
	}
	if size > limit {
		return buf[:0], fmt.Errorf("%s has %d bytes, more than the %d that it may have", name, size, limit)
	}
	if int64(cap(buf)) < size {
		buf = make([]byte, size)
	}
	buf = buf[:size]
	if _, err := io.ReadFull(r, buf); err != nil {
		return buf[:0], fmt.Errorf("%s: %w", name, err)
	}
	return buf, nil
}

// readIfThere is read of a file that may be absent, which then has no bytes.
func readIfThere(src source, name string, limit int64, buf []byte) (text []byte, there bool, err error) {
	text, err = read(src, name, limit, buf)
	if _, absent := errors.AsType[*absentError](err); absent {
		return text, false, nil
	}
	return text, err == nil, err
}
