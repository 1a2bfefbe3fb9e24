package main

import (
	"context"
	"errors"
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
	return printReport(term, f.JSON, func(tell bench.Progress) (bench.Report, error) {
		o.Progress = tell
		return run(ctx, o)
	})
}

type benchLoadCommand struct {
	benchFlags
	Dir      string `arg:"" help:"Directory to leave it in; it must be new or empty. sealog serve --data DIR serves it." type:"path"`
	Events   int    `help:"How many events, in all projects together." default:"100000"`
	Projects int    `help:"How many projects; the first has four fifths of the events." default:"5"`
	Days     int    `help:"How far back the events go." default:"365"`
}

// Validate refuses what cannot be loaded.
func (c benchLoadCommand) Validate() error {
	if c.Events < 1000 || c.Projects < 1 || c.Days < 1 || c.Events/c.Projects < 200 {
		return fault.New(fault.Invalid, "BenchInvalid", "--events must be at least 1000 and 200 a project, --projects and --days at least 1.")
	}
	return nil
}

// Run loads.
func (c benchLoadCommand) Run(ctx context.Context, term terminal) error {
	return printReport(term, c.JSON, func(tell bench.Progress) (bench.Report, error) {
		return bench.Load(ctx, bench.LoadOptions{Dir: c.Dir, Server: c.Server, Events: c.Events, Projects: c.Projects, Days: c.Days, Progress: tell})
	})
}

// patience is how long each thing is measured.
type patience struct {
	For time.Duration `help:"How long each thing is measured at most." default:"20s"`
}

// Validate refuses a time in which nothing can be measured.
func (p patience) Validate() error {
	if p.For < 10*time.Millisecond {
		return fault.New(fault.Invalid, "BenchInvalid", "--for must be at least 10ms.")
	}
	return nil
}

type benchWriteCommand struct {
	benchFlags
	patience
}

// Run measures writing.
func (c benchWriteCommand) Run(ctx context.Context, term terminal) error {
	own, err := os.Executable()
	if err != nil {
		return err
	}
	return printReport(term, c.JSON, func(tell bench.Progress) (bench.Report, error) {
		return bench.Write(ctx, bench.WriteOptions{Server: c.Server, Program: own, Patience: bench.Patience(c.For), Progress: tell})
	})
}

// siteFlags name what is looked at.
type siteFlags struct {
	Dir  string `arg:"" help:"Directory that sealog bench load has left." type:"path"`
	JSON bool   `name:"json" help:"Print the results as one JSON object."`
	patience
}

// look measures something on a site and prints what it found.
func (f siteFlags) look(ctx context.Context, term terminal, run func(*bench.Site, bench.Progress) (bench.Report, error)) error {
	return printReport(term, f.JSON, func(tell bench.Progress) (_ bench.Report, err error) {
		site, err := bench.OpenSite(ctx, f.Dir)
		if err != nil {
			return bench.Report{}, err
		}
		defer func() { err = errors.Join(err, site.Close()) }()
		return run(site, tell)
	})
}

type benchReadCommand struct{ siteFlags }

// Run measures reading.
func (c benchReadCommand) Run(ctx context.Context, term terminal) error {
	return c.look(ctx, term, func(s *bench.Site, tell bench.Progress) (bench.Report, error) {
		return bench.Read(ctx, s, bench.Patience(c.For), tell)
	})
}

type benchHTTPCommand struct {
	siteFlags
	Processes int `help:"How many processes serve it; more than one needs PostgreSQL." default:"1"`
}

// Validate refuses what cannot be served.
func (c benchHTTPCommand) Validate() error {
	if c.Processes < 1 {
		return fault.New(fault.Invalid, "BenchInvalid", "--processes must be at least 1.")
	}
	return c.patience.Validate()
}

// Run measures what users wait for.
func (c benchHTTPCommand) Run(ctx context.Context, term terminal) error {
	own, err := os.Executable()
	if err != nil {
		return err
	}
	return c.look(ctx, term, func(s *bench.Site, tell bench.Progress) (bench.Report, error) {
		return bench.HTTP(ctx, s, bench.HTTPOptions{Program: own, Processes: c.Processes, Patience: bench.Patience(c.For), Progress: tell})
	})
}

// printReport runs a benchmark, with bars while it runs, and prints its report.
func printReport(term terminal, asJSON bool, run func(bench.Progress) (bench.Report, error)) error {
	bars := newBars(term.stderr)
	report, err := run(bars.tell)
	bars.stop()
	if err != nil {
		return err
	}
	if asJSON {
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
