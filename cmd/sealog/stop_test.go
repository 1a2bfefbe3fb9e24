package main

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestEndWithin: what does not end is ended, and what has ended is left alone.
func TestEndWithin(t *testing.T) {
	if os.Getenv("SEALOG_TEST_HANGS") != "" {
		ctx, cancel := context.WithCancel(t.Context())
		endWithin(ctx, time.Hour)() // another that has ended
		defer endWithin(ctx, time.Millisecond)()
		cancel()
		select {}
	}
	t.Parallel()
	hanging := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestEndWithin$")
	hanging.Env = append(os.Environ(), "SEALOG_TEST_HANGS=1")
	out, err := hanging.CombinedOutput()
	if hanging.ProcessState == nil || hanging.ProcessState.ExitCode() != 1 || !strings.Contains(string(out), "did not end in time") {
		t.Errorf("%v: %s", err, out)
	}
}
