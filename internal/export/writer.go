package export

import (
	"context"
	"fmt"
	"io"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/merkle"
	"github.com/sealog/sealog/internal/store"
)

// writer writes one copy. It belongs to one goroutine.
type writer struct {
	q        *store.Snapshot
	sink     Sink
	filter   Filter
	progress func(done, total int64)
	total    int64
	sum      Summary

	bundle, tile, lines []byte // of the bundle that is being written
}

// part is an epoch of the log, as the copy has it.
type part struct {
	epoch auditlog.Epoch
	dir   string // of its files: "", or "epochs/1/"
	note  []byte // its newest signed checkpoint; empty when it has none
	size  int64  // of that checkpoint's tree
	// leaves is how many of its leaves have their entry in a bundle.
	leaves int64
}

// parts are the log's epochs, oldest first. A log without a sealed event has its first one.
func (w *writer) parts(ctx context.Context, db *store.DB, project string) ([]part, error) {
	epochs, err := auditlog.Epochs(ctx, w.q, project)
	if err != nil {
		return nil, err
	}
	if len(epochs) == 0 {
		logs, err := store.Column[string](ctx, w.q, `SELECT log_id FROM projects WHERE project_id = $1`, project)
		if err != nil {
			return nil, err
		}
		if len(logs) == 0 {
			return nil, fault.New(fault.NotFound, "ProjectNotFound", "There is no such project.")
		}
		epochs = []auditlog.Epoch{{Project: project, Log: logs[0], Number: 1}}
	}
	parts := make([]part, len(epochs))
	for i, e := range epochs {
		p := part{epoch: e}
		if p.note, p.size, err = w.head(ctx, e, db.Vault().LogKey(e.Origin()).Verifier()); err != nil {
			return nil, err
		}
		p.leaves = e.TreeSize()
		if i == len(epochs)-1 {
			p.leaves = min(p.leaves, p.size)
		} else {
			p.dir = fmt.Sprintf("epochs/%d/", e.Number)
		}
		parts[i] = p
	}
	return parts, nil
}

// head is the newest checkpoint of an epoch that the log's key has signed. Those that it has
// not are no checkpoints of the log: they are counted, and left out.
func (w *writer) head(ctx context.Context, e auditlog.Epoch, key string) (note []byte, size int64, err error) {
	const all = 1<<63 - 1
	for size = all; ; {
		newest, ok, err := store.One(ctx, w.q, (*storedNote).fields, `
			SELECT size, note
			FROM checkpoints
			WHERE project_id = $1 AND epoch = $2 AND size < $3
			ORDER BY size DESC
			LIMIT 1`, e.Project, e.Number, size)
		if err != nil || !ok {
			return nil, 0, err
		}
		size = newest.size
		if signed, err := merkle.Open(newest.note, key); err == nil && signed.Size == size {
			return newest.note, size, nil
		}
		w.sum.Unsigned++
	}
}

type storedNote struct {
	size int64
	note []byte
}

func (s *storedNote) fields() []any { return []any{&s.size, &s.note} }

// part writes an epoch's files.
func (w *writer) part(ctx context.Context, p part) error {
	if len(p.note) > 0 {
		if err := w.file(p.dir+"checkpoint", p.note); err != nil {
			return err
		}
		if err := w.checkpoints(ctx, p); err != nil {
			return err
		}
	}
	return w.bundles(ctx, p)
}

// checkpoints writes the checkpoints before the newest one. As a log that is written to all
// day has tens of thousands of them, only a page is in memory.
func (w *writer) checkpoints(ctx context.Context, p part) error {
	return w.stream(p.dir+"checkpoints.txt", false, func(out io.Writer) error {
		const page = 256
		for after, first := int64(-1), true; ; {
			notes, err := store.Collect(ctx, w.q, (*storedNote).fields, `
				SELECT size, note
				FROM checkpoints
				WHERE project_id = $1 AND epoch = $2 AND size > $3 AND size < $4
				ORDER BY size
				LIMIT $5`, p.epoch.Project, p.epoch.Number, after, p.size, int64(page))
			if err != nil {
				return err
			}
			for _, n := range notes {
				text := n.note
				if !first {
					text = append([]byte("\n"), text...)
				}
				if _, err := out.Write(text); err != nil {
					return err
				}
				first, after = false, n.size
			}
			if len(notes) < page {
				return nil
			}
		}
	})
}

// file writes a file that is in memory.
func (w *writer) file(name string, data []byte) error {
	out, err := w.sink.Create(name, int64(len(data)))
	if err != nil {
		return err
	}
	if _, err := out.Write(data); err != nil {
		return fmt.Errorf("export: %s: %w", name, err)
	}
	return nil
}

// stream writes a file of any size. Its size has to be known first, so it is made once to be
// measured and, when it is large, once more to be written: the snapshot gives the same again.
// An empty one is written only if it must be there.
func (w *writer) stream(name string, must bool, produce func(io.Writer) error) error {
	var s spool
	if err := produce(&s); err != nil {
		return err
	}
	if s.size <= spooled {
		if s.size == 0 && !must {
			return nil
		}
		return w.file(name, s.kept)
	}
	out, err := w.sink.Create(name, s.size)
	if err != nil {
		return err
	}
	written := &counter{to: out}
	if err := produce(written); err != nil {
		return fmt.Errorf("export: %s: %w", name, err)
	}
	if written.n != s.size {
		return fmt.Errorf("export: %s has %d bytes, and had %d when it was measured", name, written.n, s.size)
	}
	return nil
}

// counter counts what goes through.
type counter struct {
	to io.Writer
	n  int64
}

// Write implements io.Writer.
func (c *counter) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	c.n += int64(n)
	return n, err
}
