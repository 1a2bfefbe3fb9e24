package main

import (
	"context"
	"fmt"
	"os"
	"time"
)

// stopWithin bounds how long a process lives after it was told to stop, whatever the database does. A
// server takes requests for --drain before.
const stopWithin = 20 * time.Second

// endWithin ends the process so long after ctx has ended, unless the function that it returns was
// called before.
func endWithin(ctx context.Context, after time.Duration) (ended func()) {
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-done:
		case <-time.After(after):
			fmt.Fprintln(os.Stderr, "sealog: what is under way did not end in time; the process ends without it")
			os.Exit(1)
		}
	})
	return func() { stop(); close(done) }
}
