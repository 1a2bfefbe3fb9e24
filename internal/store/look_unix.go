//go:build unix

package store

import (
	"errors"
	"net"
	"os"
	"runtime"
	"syscall"
	"time"
)

const canLook = true

// look reads from a socket what is there, or comes until a time, and lets other goroutines run meanwhile.
// It returns 0 and no error when nothing came; at the end of what is sent too, which the next read finds
// again, as it does a deadline that is over.
func look(raw syscall.RawConn, p []byte, until time.Time) (n int, err error) {
	// It returns true so as not to sleep.
	_ = raw.Read(func(fd uintptr) bool {
		for time.Now().Before(until) {
			n, err = syscall.Read(int(fd), p)
			switch {
			case err == nil:
				return true
			case errors.Is(err, syscall.EINTR):
			case errors.Is(err, syscall.EAGAIN):
				runtime.Gosched()
			default:
				err = &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", err)}
				n = 0
				return true
			}
			n, err = 0, nil
		}
		return true
	})
	return n, err
}
