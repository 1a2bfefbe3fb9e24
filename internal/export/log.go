package export

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/store"
)

// Log is a verifiable copy of a project's log that is on the record and was not written yet.
type Log struct {
	// Progress, when it is set, is told now and then how many events were written, and how many
	// there are. Write calls it on its own goroutine.
	Progress func(done, total int64)

	db      *store.DB
	project string
	filter  Filter
	at      time.Time
	written atomic.Bool
}

// Summary is what a copy holds.
type Summary struct {
	Origin string // of the newest epoch
	// Size is how many leaves of that epoch's tree the checkpoint covers, 0 without one.
	Size int64
	// Events is how many events the copy has an entry of, Withheld of how many of them the filter
	// leaves the values out, and Pending how many no checkpoint covers.
	Events, Withheld, Pending int64
	// Unsigned is how many checkpoints were left out because the log's key has not signed them.
	Unsigned int64
}

// BeginLog puts on the record that a verifiable copy of a project's log is taken. Nothing of
// it can be written before.
//
// Errors: ProjectNotFound; those of store.Record.
func BeginLog(ctx context.Context, db *store.DB, by event.By, via Surface, project string, f Filter) (_ *Log, err error) {
	defer fault.Wrap(&err, "export.BeginLog(%q)", project)
	text := words(auditlog.Filter{From: f.From, To: f.To, Types: f.Types, Actors: f.Actors})
	at, err := begin(ctx, db, by, via, project, verifiable, text)
	if err != nil {
		return nil, err
	}
	return &Log{db: db, project: project, filter: f, at: at}, nil
}

// UnrecordedLog is BeginLog for a database that can only be read: the export is not recorded.
func UnrecordedLog(_ context.Context, db *store.DB, _ event.By, _ Surface, project string, f Filter) (*Log, error) {
	return &Log{db: db, project: project, filter: f, at: db.Now()}, nil
}

// Write writes the copy, once, and commits or aborts the sink.
//
// Errors: LogDamaged when the database has lost a part of the log; those of the sink.
func (l *Log) Write(ctx context.Context, sink Sink) (_ Summary, err error) {
	defer fault.Wrap(&err, "export.Log.Write(%q)", l.project)
	if l.written.Swap(true) {
		return Summary{}, errors.Join(errWritten, sink.Abort())
	}
	var s Summary
	err = store.InSnapshot(ctx, l.db, func(ctx context.Context, q *store.Snapshot) (err error) {
		s, err = l.write(ctx, q, sink)
		return err
	})
	if err != nil {
		return Summary{}, errors.Join(err, sink.Abort())
	}
	return s, sink.Commit()
}

// write writes the files of one state of the database.
func (l *Log) write(ctx context.Context, q *store.Snapshot, sink Sink) (Summary, error) {
	w := &writer{q: q, sink: sink, filter: l.filter, progress: l.Progress}
	parts, err := w.parts(ctx, l.db, l.project)
	if err != nil {
		return Summary{}, err
	}
	earlier, newest := parts[:len(parts)-1], parts[len(parts)-1]
	if w.total, err = w.countQueue(ctx, l.project); err != nil {
		return Summary{}, err
	}
	for _, p := range parts {
		w.total += p.epoch.TreeSize()
	}
	if err := w.manifest(l.at, earlier, newest); err != nil {
		return Summary{}, err
	}
	if err := w.part(ctx, newest); err != nil {
		return Summary{}, err
	}
	if err := w.pending(ctx, newest); err != nil {
		return Summary{}, err
	}
	for _, p := range earlier {
		if err := w.part(ctx, p); err != nil {
			return Summary{}, err
		}
	}
	w.sum.Origin, w.sum.Size = newest.epoch.Origin(), newest.size
	return w.sum, nil
}

// damaged is a part of the log that the database should have and has not.
func damaged(format string, args ...any) error {
	return fault.New(fault.Internal, "LogDamaged", "The database has lost a part of the log; sealog check says more.").
		Because(fmt.Errorf(format, args...))
}
