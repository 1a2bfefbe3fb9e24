package config

import (
	"context"
	"io"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Log is where the server's own log goes.
type Log struct {
	lost atomic.Int64
}

// Lost is how many lines could not be written.
func (l *Log) Lost() int64 { return l.lost.Load() }

// Logger returns the logger that the settings ask for. A line that cannot be written, for instance
// since nobody reads any more, is counted and lost.
func (d Data) Logger(stderr *os.File) *slog.Logger {
	logger, _ := d.ServerLogger(stderr)
	return logger
}

// ServerLogger is Logger, with the count of what was lost. The same warning or error is written once,
// and how often it came again every ten seconds, so that a full disk does not fill another.
func (d Data) ServerLogger(stderr io.Writer) (*slog.Logger, *Log) {
	log := &Log{}
	out := counting{stderr, log}
	var handler slog.Handler = slog.NewTextHandler(out, nil)
	if d.LogFormat == "json" {
		handler = slog.NewJSONHandler(out, nil)
	}
	return slog.New(&folding{Handler: handler, state: &folded{seen: map[string]*repeated{}, now: time.Now}}), log
}

// counting counts the lines that cannot be written.
type counting struct {
	out io.Writer
	log *Log
}

// Write implements io.Writer.
func (c counting) Write(p []byte) (int, error) {
	n, err := c.out.Write(p)
	if err != nil {
		c.log.lost.Add(1)
	}
	return n, err
}

const (
	foldFor  = 10 * time.Second
	foldMost = 500 // different messages that are remembered
)

// folding is a slog.Handler that writes the same warning or error once in foldFor.
type folding struct {
	slog.Handler
	state *folded
}

type folded struct {
	mu   sync.Mutex
	seen map[string]*repeated // by level, message and error; guarded by mu
	now  func() time.Time
}

// repeated is a message that was written, and how often it has come since.
type repeated struct {
	since time.Time
	more  int
}

// Handle implements slog.Handler.
func (f *folding) Handle(ctx context.Context, r slog.Record) error {
	if r.Level < slog.LevelWarn {
		return f.Handler.Handle(ctx, r)
	}
	again, write := f.state.count(r)
	if !write {
		return nil
	}
	if again > 0 {
		r = r.Clone()
		r.AddAttrs(slog.Int("repeated", again))
	}
	return f.Handler.Handle(ctx, r)
}

// count notes a message, and returns whether it is to be written, and how often it was not since it
// was written last.
func (f *folded) count(r slog.Record) (again int, write bool) {
	key := r.Level.String() + " " + r.Message
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "error" {
			key += " " + a.Value.String()
		}
		return true
	})
	if len(key) > 300 {
		key = key[:300]
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.now()
	known := f.seen[key]
	if known != nil && now.Sub(known.since) < foldFor {
		known.more++
		return 0, false
	}
	if known != nil {
		again = known.more
	}
	if len(f.seen) >= foldMost {
		clear(f.seen)
	}
	f.seen[key] = &repeated{since: now}
	return again, true
}

// WithAttrs implements slog.Handler.
func (f *folding) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &folding{f.Handler.WithAttrs(attrs), f.state}
}

// WithGroup implements slog.Handler.
func (f *folding) WithGroup(name string) slog.Handler {
	return &folding{f.Handler.WithGroup(name), f.state}
}
