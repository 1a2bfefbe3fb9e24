package store

import (
	"syscall"
	"time"
)

// tcpUserTimeout is TCP_USER_TIMEOUT of tcp(7), which package syscall does not name.
const tcpUserTimeout = 0x12

// boundUnacknowledged has the system give up a connection on which something stays unacknowledged.
func boundUnacknowledged(raw syscall.RawConn, after time.Duration) (err error) {
	controlErr := raw.Control(func(fd uintptr) {
		err = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, int(after.Milliseconds()))
	})
	if controlErr != nil {
		return controlErr
	}
	return err
}
