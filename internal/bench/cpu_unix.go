//go:build unix

package bench

import (
	"syscall"
	"time"
)

// cpuTime is how long this process has had a processor. By the clock it may have waited for one.
func cpuTime() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		panic(err) // only for an argument that is none
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
