package export

import "io"

// Sink takes the files of a verifiable copy, in their order. Either Commit or Abort ends it.
type Sink interface {
	// Create begins the next file. Exactly size bytes have to be written before the next call.
	Create(name string, size int64) (io.Writer, error)
	// Commit says that the copy is whole.
	Commit() error
	// Abort says that it is not; what was written is no export.
	Abort() error
}

// spooled is how much of a file is kept in memory whose size is known only when it is made.
const spooled = 1 << 20

// spool counts what is written, and keeps it as long as it is little.
type spool struct {
	size int64
	kept []byte
}

// Write implements io.Writer.
func (s *spool) Write(p []byte) (int, error) {
	s.size += int64(len(p))
	if s.size <= spooled {
		s.kept = append(s.kept, p...)
	} else {
		s.kept = nil
	}
	return len(p), nil
}
