package main

import (
	"io"
	"os"
	"time"

	"github.com/jedib0t/go-pretty/v6/progress"
)

// bar is a progress bar on standard error, when that is a terminal; else it does nothing.
type bar struct {
	tracker *progress.Tracker
	total   int64
	done    chan struct{}
}

// newBar starts a bar. It must be stopped.
func newBar(w io.Writer) *bar {
	file, ok := w.(*os.File)
	if !ok {
		return &bar{}
	}
	if info, err := file.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return &bar{}
	}
	b := &bar{tracker: &progress.Tracker{Message: "entries", AutoStopDisabled: true, RemoveOnCompletion: true}, done: make(chan struct{})}
	p := progress.NewWriter()
	p.SetOutputWriter(file)
	p.SetAutoStop(true) // when the tracker is done
	p.SetUpdateFrequency(100 * time.Millisecond)
	p.AppendTracker(b.tracker)
	go func() {
		defer close(b.done)
		p.Render()
	}()
	return b
}

// expect adds to the number of entries that there are.
func (b *bar) expect(entries int64) {
	if b.tracker != nil {
		b.total += entries
		b.tracker.UpdateTotal(b.total)
	}
}

// add counts entries that were checked.
func (b *bar) add(entries int64) {
	if b.tracker != nil {
		b.tracker.Increment(entries)
	}
}

// stop takes the bar away.
func (b *bar) stop() {
	if b.tracker != nil {
		b.tracker.MarkAsDone()
		<-b.done
	}
}
