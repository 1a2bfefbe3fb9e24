package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/sealog/sealog/internal/config"
	"github.com/sealog/sealog/internal/export"
	"github.com/sealog/sealog/internal/fault"
)

type checkCommand struct {
	Project string `arg:"" optional:"" help:"Project id, or _portal for the Portal's own log."`
	All     bool   `help:"Check all projects, one after the other."`
	JSON    bool   `name:"json" help:"Print one JSON object on a line for each project: project, sound, checked, counts (findings of each kind), findings (the first 100 of each kind)."`
}

// Validate wants to know what to check.
func (c checkCommand) Validate() error {
	if (c.Project == "") != c.All {
		return errors.New("name a project, or give --all")
	}
	return nil
}

// Run checks what the database keeps beside the log against the log. It fails when something differs.
func (c checkCommand) Run(ctx context.Context, d config.Data, term terminal) error {
	return withReader(ctx, d, term, func(a *app) error {
		projects := []string{c.Project}
		if c.All {
			var err error
			if projects, err = export.Projects(ctx, a.db); err != nil {
				return err
			}
		}
		var differ []string
		for i, project := range projects {
			bars := newBars(term.stderr)
			r, err := export.Check(ctx, a.db, project, func(done, total int64) { bars.tell(project, done, total) })
			bars.stop()
			if err != nil {
				return err
			}
			if !r.Sound {
				differ = append(differ, project)
			}
			if err := c.print(term.stdout, r, i == 0); err != nil {
				return fmt.Errorf("print report: %w", err)
			}
		}
		if len(differ) > 0 {
			return fault.New(fault.Conflict, "LogDiffers", "What the database keeps is not what the log says: %s.", strings.Join(differ, ", "))
		}
		return nil
	})
}

func (c checkCommand) print(w io.Writer, r *export.Report, first bool) error {
	if c.JSON {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		return e.Encode(r)
	}
	if !first {
		fmt.Fprintln(w)
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(n int64, what string) { fmt.Fprintf(table, "%d\t %s\n", n, what) }
	fmt.Fprintf(w, "project %s\n", r.Project)
	n := r.Checked
	row(n.Events, "events: columns, entries")
	row(n.Disclosures, "values that open their digests")
	row(n.Redacted, "events that lack erased values")
	row(n.Positions, "positions, without gaps")
	row(n.Queued, "events that wait for a position")
	row(n.Epochs, "epochs: tree, frontier")
	row(n.Tiles, "tiles above the leaves")
	row(n.Checkpoints, "checkpoints: signature, root")
	row(n.Counts, "counts")
	row(n.References, "references")
	row(n.Actors, "actors")
	row(n.NotCounted, "events too new for these")
	if err := table.Flush(); err != nil {
		return err
	}
	if r.Sound {
		_, err := fmt.Fprintln(w, "nothing differs")
		return err
	}
	fmt.Fprintf(w, "\nFOUND %d differences\n", r.Total())
	more := maps.Clone(r.Counts)
	for _, f := range r.Findings {
		about := ""
		if !f.Event.IsZero() {
			about = " event " + f.Event.String()
		}
		fmt.Fprintf(w, "  %s%s: %s\n", f.Kind, about, f.Text)
		more[f.Kind]--
	}
	for _, kind := range slices.Sorted(maps.Keys(more)) {
		if n := more[kind]; n > 0 {
			fmt.Fprintf(w, "  … and %d more of the kind %s\n", n, kind)
		}
	}
	return nil
}
