package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/sealog/sealog/internal/fault"
)

// Spool is a temporary file that is read while it is written, so that a slow reader does not hold
// up the writer, and what the writer holds. It has no name in the file system, so nothing is left
// of it when the process ends.
//
// One goroutine writes and closes it with CloseWrite, another reads until io.EOF, or the error that
// the writer ended with; whoever made it calls Close when both are done.
type Spool struct {
	file *os.File
	read int64 // owned by the reader

	mu      sync.Mutex
	grown   sync.Cond
	written int64 // guarded by mu
	ended   bool  // guarded by mu
	err     error // guarded by mu
}

// minFree is how much room on the disk of temporary files a Spool leaves, in bytes, and checkFree
// after how much more it looks again.
const (
	minFree   = 1 << 30
	checkFree = 16 << 20
)

// NewSpool makes a spool in the directory of temporary files.
//
// Errors: TemporaryFileUnavailable.
func NewSpool() (*Spool, error) {
	file, err := os.CreateTemp("", "sealog-spool-*")
	if err == nil {
		err = os.Remove(file.Name())
	}
	if err != nil {
		return nil, fault.New(fault.Unavailable, "TemporaryFileUnavailable", "A temporary file cannot be made on the server.").Because(err)
	}
	s := &Spool{file: file}
	s.grown.L = &s.mu
	return s, nil
}

// Write implements io.Writer.
//
// Errors: TemporaryFileFull when too little room would be left on the disk.
func (s *Spool) Write(p []byte) (int, error) {
	s.mu.Lock()
	at := s.written
	s.mu.Unlock()
	if at/checkFree != (at+int64(len(p)))/checkFree || at == 0 {
		if free, err := freeBytes(os.TempDir()); err == nil && free < minFree+uint64(len(p)) {
			return 0, fault.New(fault.Unavailable, "TemporaryFileFull", "The server has too little room for temporary files (less than %d MiB).", minFree>>20)
		}
	}
	n, err := s.file.WriteAt(p, at)
	s.mu.Lock()
	s.written += int64(n)
	s.mu.Unlock()
	s.grown.Broadcast()
	if err != nil {
		err = fault.New(fault.Unavailable, "TemporaryFileFull", "A temporary file cannot be written on the server.").Because(err)
	}
	return n, err
}

// CloseWrite says that nothing more will be written, and why.
func (s *Spool) CloseWrite(err error) {
	s.mu.Lock()
	s.ended, s.err = true, err
	s.mu.Unlock()
	s.grown.Broadcast()
}

// Wait waits until so many bytes are written or nothing more will be, and returns the error that
// the writer has ended with.
func (s *Spool) Wait(ctx context.Context, size int64) error {
	defer context.AfterFunc(ctx, func() {
		s.mu.Lock() // not between the look at ctx and the wait
		defer s.mu.Unlock()
		s.grown.Broadcast()
	})()
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.written < size && !s.ended && ctx.Err() == nil {
		s.grown.Wait()
	}
	return errors.Join(s.err, ctx.Err())
}

// CopyTo copies all of it to w, until the writer has ended.
func (s *Spool) CopyTo(ctx context.Context, w io.Writer) error {
	piece := make([]byte, 64<<10)
	for {
		if err := s.Wait(ctx, s.read+1); err != nil {
			return err
		}
		s.mu.Lock()
		left := s.written - s.read
		s.mu.Unlock()
		if left == 0 {
			return nil
		}
		n, err := s.file.ReadAt(piece[:min(left, int64(len(piece)))], s.read)
		if err != nil {
			return fmt.Errorf("web: %w", err)
		}
		if _, err := w.Write(piece[:n]); err != nil {
			return err
		}
		s.read += int64(n)
	}
}

// Close gives the file back.
func (s *Spool) Close() error { return s.file.Close() }
