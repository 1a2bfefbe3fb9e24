package main

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/jedib0t/go-pretty/v6/progress"

	"github.com/sealog/sealog/internal/bench"
	"github.com/sealog/sealog/internal/fault"
)

// benchFlags are what the benchmarks have in common. The settings that name the data of the
// server are not looked at: a benchmark has a database of its own.
type benchFlags struct {
	Server string `help:"PostgreSQL server to measure on: the address of a database whose user may make others. A new one is made and dropped again. By default a new embedded database in a temporary directory." placeholder:"URL"`
	JSON   bool   `name:"json" help:"Print the results as one JSON object."`
}

type benchSealCommand struct {
	benchFlags
	Events int   `help:"How many events to seal." default:"200000"`
	Leaves int64 `help:"Size of the log in which proofs are made; 0 makes none." default:"1000000"`
}

// Validate refuses numbers with which nothing can be measured.
func (c benchSealCommand) Validate() error {
	if c.Events < 1 || c.Leaves != 0 && c.Leaves < 1000 {
		return fault.New(fault.Invalid, "BenchInvalid", "--events must be at least 1, and --leaves 0 or at least 1000.")
	}
	return nil
}

// Run measures sealing.
func (c benchSealCommand) Run(ctx context.Context, term terminal) error {
	return c.measure(ctx, term, bench.Seal, bench.Options{Events: c.Events, Leaves: c.Leaves})
}

type benchVerifyCommand struct {
	benchFlags
	Events   int    `help:"How many events to verify." default:"200000"`
	Verifier string `help:"The program sealog-verify; by default the one beside this program." placeholder:"FILE" type:"path"`
}

// Validate refuses numbers with which nothing can be measured.
func (c benchVerifyCommand) Validate() error {
	if c.Events < 1 {
		return fault.New(fault.Invalid, "BenchInvalid", "--events must be at least 1.")
	}
	return nil
}

// Run measures verifying.
func (c benchVerifyCommand) Run(ctx context.Context, term terminal) error {
	if c.Verifier == "" {
		own, err := os.Executable()
		if err != nil {
			return fault.New(fault.Invalid, "VerifierMissing", "Name the program sealog-verify with --verifier.").Because(err)
		}
		c.Verifier = filepath.Join(filepath.Dir(own), "sealog-verify")
	}
	if _, err := os.Stat(c.Verifier); err != nil {
		return fault.New(fault.Invalid, "VerifierMissing", "There is no program %s; name sealog-verify with --verifier.", c.Verifier).Because(err)
	}
	return c.measure(ctx, term, bench.Verify, bench.Options{Events: c.Events, Verifier: c.Verifier})
}

// measure runs a benchmark and prints what it found.
func (f benchFlags) measure(ctx context.Context, term terminal, run func(context.Context, bench.Options) (bench.Report, error), o bench.Options) error {
	o.Server = f.Server
	bars := newBars(term.stderr)
	o.Progress = bars.tell
	report, err := run(ctx, o)
	bars.stop()
	if err != nil {
		return err
	}
	if f.JSON {
		return report.WriteJSON(term.stdout)
	}
	return report.WriteTable(term.stdout)
}

// bars are progress bars on a terminal, a line for each step; elsewhere they are nothing.
type bars struct {
	writer progress.Writer
	step   string
	now    *progress.Tracker
	done   chan struct{}
}

func newBars(w *os.File) *bars {
	if info, err := w.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return &bars{}
	}
	b := &bars{writer: progress.NewWriter(), done: make(chan struct{})}
	b.writer.SetOutputWriter(w)
	b.writer.SetUpdateFrequency(100 * time.Millisecond)
	go func() {
		defer close(b.done)
		b.writer.Render()
	}()
	return b
}

func (b *bars) tell(step string, done, total int64) {
	if b.writer == nil {
		return
	}
	if step != b.step {
		b.step, b.now = step, &progress.Tracker{Message: step, Total: total}
		b.writer.AppendTracker(b.now)
	}
	b.now.SetValue(done)
}

// stop waits until the bars are drawn for the last time.
func (b *bars) stop() {
	if b.writer == nil {
		return
	}
	if b.now != nil && !b.now.IsDone() {
		b.now.MarkAsErrored()
	}
	b.writer.Stop()
	<-b.done
}
