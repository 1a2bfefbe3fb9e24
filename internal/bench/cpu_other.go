//go:build !unix

package bench

import "time"

// cpuTime is the clock's, where one cannot ask for the time that the process has had a processor.
func cpuTime() time.Duration { return time.Duration(time.Now().UnixNano()) }
