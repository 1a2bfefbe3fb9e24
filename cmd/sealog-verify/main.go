package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/alecthomas/kong"
)

// The exit statuses.
const (
	exitSound         = 0
	exitTampered      = 1
	exitCouldNotCheck = 2
)

// cli is the command line.
type cli struct {
	Export   string        `arg:"" help:"The export: a directory, or its .tar.gz file."`
	Key      []string      `sep:"none" placeholder:"LOG.vkey" help:"The log's verifier key: a file, or the text itself, ORIGIN+ID+BASE64. Take it from elsewhere than the export. Once for each epoch of the log."`
	Since    []string      `sep:"none" placeholder:"FILE" help:"A signed checkpoint of the log that was kept elsewhere. The export must contain all that it covers. May be repeated."`
	MaxSkew  time.Duration `default:"2m" help:"By how much the time of an event may contradict the times of the checkpoints around it."`
	RootOnly bool          `help:"Check signatures, the root and other checkpoints only, and no event's content."`
	Bounds   bounds        `embed:""`
	JSON     bool          `name:"json" help:"Print the report as one JSON object: verdict, epochs, pending, findings (counts, and the first 100 of each kind), could_not_check, not_checked. The package's documentation describes it."`
}

const description = "Checks an export of a Sealog log offline. Exit status: 0 sound, 1 tampered, 2 could not check. " +
	"The report always says what was not checked."

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run runs one command line and returns the process's exit status.
func run(args []string, stdout, stderr io.Writer) int {
	var c cli
	exited := -1
	parser, err := kong.New(&c, kong.Name("sealog-verify"), kong.Description(description), vars(),
		kong.Writers(stdout, stderr), kong.Exit(func(status int) { exited = status }))
	if err != nil {
		fmt.Fprintln(stderr, "sealog-verify:", err)
		return exitCouldNotCheck
	}
	_, err = parser.Parse(args)
	if exited >= 0 {
		return exited
	}
	if err == nil && c.MaxSkew < 0 {
		err = fmt.Errorf("--max-skew: %s is below zero", c.MaxSkew)
	}
	if b := c.Bounds; err == nil && min(b.MaxBytes, b.MaxRatio, b.MaxFiles, b.MaxEpochs, b.MaxCheckpoints, b.MaxPending) < 1 {
		err = errors.New("a bound (--max-…) is below one")
	}
	if err != nil {
		fmt.Fprintln(stderr, "sealog-verify:", printable(err.Error()))
		return exitCouldNotCheck
	}
	r := check(c, stderr)
	write := r.print
	if c.JSON {
		write = r.printJSON
	}
	if err := write(stdout); err != nil {
		fmt.Fprintln(stderr, "sealog-verify:", err)
		return max(r.exit(), exitTampered) // nobody may take it for sound who has not read it
	}
	return r.exit()
}

// check opens the export and verifies it. What cannot be opened is in the report.
func check(c cli, stderr io.Writer) *report {
	r := newReport(c.Export)
	keys, err := readKeys(c.Key)
	if err != nil {
		r.cannot("--key: %s.", err)
		return r
	}
	src, err := openSource(c.Export, c.Bounds)
	if err != nil {
		r.cannot("The export cannot be opened: %s.", err)
		return r
	}
	defer src.close()
	v := &verifier{
		src: src, rep: r, keys: keys, maxSkew: c.MaxSkew, rootOnly: c.RootOnly, most: c.Bounds,
		bar: newBar(stderr), missing: newMissing(),
	}
	defer v.bar.stop()
	v.readSince(c.Since)
	v.verify()
	return r
}
