package export

import (
	"context"
	"errors"
	"io"
	"sync/atomic"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/store"
)

// Format is how a table is written.
type Format string

// The formats, as audit_log.exported says them.
const (
	CSV    Format = "csv"
	NDJSON Format = "ndjson"
)

// Table is a copy of the events that a filter chooses that is on the record and was not
// written yet.
type Table struct {
	log     *auditlog.Reader
	format  Format
	filter  auditlog.Filter
	written atomic.Bool
}

// BeginTable puts on the record that the events of a filter are taken away as a table. None of
// them can be written before. What the caller's plan lets be read is the caller's to put into
// the filter.
//
// Errors: FormatUnknown, ProjectNotFound; those of reading the first event (QueryTooBroad) and of
// store.Record.
func BeginTable(ctx context.Context, db *store.DB, log *auditlog.Reader, by event.By, via Surface, format Format, f auditlog.Filter) (_ *Table, err error) {
	defer fault.Wrap(&err, "export.BeginTable(%q)", f.Project)
	if format != CSV && format != NDJSON {
		err := fault.New(fault.Invalid, "FormatUnknown", "A table is written as csv or ndjson.").On("format")
		return nil, store.Refuse[event.AuditLogExported](ctx, db, by, event.InProject(f.Project), err)
	}
	// What will not be read is not said to have been taken away.
	one := 1
	if _, err := log.List(ctx, f, auditlog.Paging{First: &one}); err != nil {
		return nil, store.Refuse[event.AuditLogExported](ctx, db, by, event.InProject(f.Project), err)
	}
	if _, err := begin(ctx, db, by, via, f.Project, string(format), words(f)); err != nil {
		return nil, err
	}
	return &Table{log: log, format: format, filter: f}, nil
}

// Write writes the table, once, newest first, and returns how many events are in it. Each page
// that it reads has a deadline, the whole has none. On an error the table is cut off, and the
// caller has to see to it that it is not taken for a whole one.
func (t *Table) Write(ctx context.Context, w io.Writer) (n int64, err error) {
	defer fault.Wrap(&err, "export.Table.Write(%q)", t.filter.Project)
	if t.written.Swap(true) {
		return 0, errWritten
	}
	out := t.lines(w)
	if err := out.head(); err != nil {
		return 0, err
	}
	// A page is read from where the one before ended, so that it costs the same deep in the log.
	size := auditlog.MaxPage
	for paging := (auditlog.Paging{First: &size}); ; {
		page, err := t.log.List(ctx, t.filter, paging)
		if err != nil {
			return n, err
		}
		for _, row := range page.Rows {
			l, err := lineOf(row)
			if err == nil {
				err = out.line(l)
			}
			if err != nil {
				return n, err
			}
			n++
		}
		if err := out.flush(); err != nil {
			return n, err
		}
		if !page.HasNext {
			return n, nil
		}
		if len(page.Rows) == 0 {
			return n, errors.New("export: a page without rows that is not the last")
		}
		paging.After = page.Rows[len(page.Rows)-1].Cursor()
	}
}

// lineWriter writes lines in a format.
type lineWriter interface {
	head() error
	line(tableLine) error
	flush() error
}

func (t *Table) lines(w io.Writer) lineWriter {
	if t.format == CSV {
		return newCSV(w)
	}
	return newNDJSON(w)
}
