package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/agnivade/levenshtein"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/config"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/export"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/store"
)

type exportCommand struct {
	Project string   `arg:"" help:"Project id, or _portal for the Portal's own log."`
	To      string   `arg:"" name:"path" help:"New directory, or file that ends with .tar.gz, to write the copy to; it must not exist." type:"path"`
	From    moment   `help:"Withhold the values of events before this time: 2026-01-31, which begins at midnight UTC, or 2026-01-31T18:00:00Z." placeholder:"TIME"`
	Until   moment   `name:"to" help:"Withhold the values of events at or after this time." placeholder:"TIME"`
	Type    []string `help:"Withhold the values of events of other types. May be repeated." placeholder:"TYPE"`
	Actor   []string `help:"Withhold the values of events by others: an id of a key, account or user, operator, or system:JOB. May be repeated." placeholder:"ID"`
}

// moment is a time on the command line: RFC 3339, or a date, which is its beginning in UTC.
type moment struct{ time.Time }

// UnmarshalText implements encoding.TextUnmarshaler.
func (m *moment) UnmarshalText(text []byte) (err error) {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if m.Time, err = time.Parse(layout, string(text)); err == nil && m.Year() >= 1970 {
			return nil
		}
	}
	return fmt.Errorf("%q is no time; write it like 2026-01-31 or 2026-01-31T18:00:00Z", text)
}

// Run writes a verifiable copy of a project's log. The place for it is made first, so that nothing is
// recorded as exported that could not be written.
func (c exportCommand) Run(ctx context.Context, d config.Data, term terminal) error {
	return withReader(ctx, d, term, func(a *app) error {
		by := access.ByOperator("export")
		refuse := func(err error) error {
			return store.Refuse[event.AuditLogExported](ctx, a.db, by, event.InProject(c.Project), err)
		}
		if _, err := a.projects.Get(ctx, c.Project); err != nil {
			return refuse(err)
		}
		filter, err := c.filter()
		if err != nil {
			return refuse(err)
		}
		sink, err := c.sink()
		if err != nil {
			return refuse(err)
		}
		return c.export(ctx, a, by, filter, sink, term)
	})
}

func (c exportCommand) sink() (export.Sink, error) {
	if strings.HasSuffix(c.To, ".tar.gz") || strings.HasSuffix(c.To, ".tgz") {
		return export.NewTarGzFile(c.To)
	}
	return export.NewDir(c.To)
}

func (c exportCommand) filter() (export.Filter, error) {
	f := export.Filter{From: c.From.Time, To: c.Until.Time, Actors: c.Actor}
	if !f.From.IsZero() && !f.To.IsZero() && !f.From.Before(f.To) {
		return f, fault.New(fault.Invalid, "FilterInvalid", "--to must be after --from.").On("to")
	}
	types := knownTypes()
	for _, text := range c.Type {
		if !slices.Contains(types, event.Type(text)) {
			return f, fault.New(fault.Invalid, "TypeUnknown", "There is no activity type %q; did you mean %s?", text, closest(text, types)).On("type")
		}
		f.Types = append(f.Types, event.Type(text))
	}
	return f, nil
}

// knownTypes are the types that a log can have events of.
func knownTypes() []event.Type {
	types := event.ContractTypes()
	for _, s := range event.Catalogue() {
		types = append(types, s.Type)
	}
	return types
}

// closest is the type that is written the most like a text.
func closest(text string, types []event.Type) event.Type {
	distance := func(t event.Type) int { return levenshtein.ComputeDistance(strings.ToLower(text), string(t)) }
	return slices.MinFunc(types, func(a, b event.Type) int { return cmp.Compare(distance(a), distance(b)) })
}

// export puts the export on the record, and has that sealed and signed before the copy is
// written, so that the copy covers it. It ends the sink.
func (c exportCommand) export(ctx context.Context, a *app, by event.By, f export.Filter, sink export.Sink, term terminal) error {
	settle := func() {
		if a.db.ReadOnly() {
			return
		}
		if err := a.sealing.Finish(ctx); err != nil {
			// Perhaps another log, or a halted one: a copy of what there is can be taken all the same.
			a.log.WarnContext(ctx, "not every log could be sealed and signed", "error", err)
		}
	}
	settle()
	begin := export.BeginLog
	if a.db.ReadOnly() {
		begin = export.UnrecordedLog
	}
	copied, err := begin(ctx, a.db, by, export.ViaCommand, c.Project, f)
	if err != nil {
		if abort := sink.Abort(); abort != nil {
			a.log.ErrorContext(ctx, "what was begun of the export could not be removed", "error", abort)
		}
		return err
	}
	settle()
	bars := newBars(term.stderr)
	copied.Progress = func(done, total int64) { bars.tell("events", done, total) }
	sum, err := copied.Write(ctx, sink)
	bars.stop()
	if err != nil {
		return err
	}
	fmt.Fprintf(term.stdout, "export: %s\nlog: %s\nevents: %d\nsigned: %d\n", c.To, sum.Origin, sum.Events, sum.Events-sum.Pending)
	fmt.Fprintf(term.stdout, "checkpoint: %d\n", sum.Size)
	for _, n := range []struct {
		count int64
		text  string
	}{
		{sum.Withheld, "events are without their values, which the filter withholds"},
		{sum.Pending, "events are recorded and not signed yet, so they are not proven; a later export will prove them"},
		{sum.Unsigned, "checkpoints in the database are not signed by the log's key and were left out; run sealog check " + c.Project},
	} {
		if n.count > 0 {
			fmt.Fprintf(term.stdout, "%d %s\n", n.count, n.text)
		}
	}
	fmt.Fprintf(term.stdout, "\nTo verify it, with a key that did not travel with it:\n  sealog log key %s > %s.vkey\n  sealog-verify %s --key %s.vkey\n", c.Project, c.Project, c.To, c.Project)
	return nil
}
