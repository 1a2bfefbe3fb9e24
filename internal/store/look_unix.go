//go:build unix

package store

import (
	"errors"
	"runtime"
	"syscall"
	"time"
)

const canLook = true

// look reads from a socket what is there, or comes until a time, and lets other goroutines run meanwhile.
// It returns 0 when nothing came, and when the socket is better read in the usual way.
func look(raw syscall.RawConn, p []byte, until time.Time) (n int) {
	// It returns true so as not to sleep; its error is that of the next read.
	_ = raw.Read(func(fd uintptr) bool {
		for time.Now().Before(until) {
			var err error
			if n, err = syscall.Read(int(fd), p); err == nil {
				break
			}
			n = 0
			if !errors.Is(err, syscall.EAGAIN) {
				break
			}
			runtime.Gosched()
		}
		return true
	})
	return n
}
