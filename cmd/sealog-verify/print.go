package main

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// print writes the report for people.
func (r *report) print(w io.Writer) error {
	var b bytes.Buffer
	line := func(head, format string, args ...any) {
		fmt.Fprintf(&b, "%-12s%s\n", head, fmt.Sprintf(format, args...))
	}
	line("export", "%s", r.Export)
	if r.Log != "" {
		line("log", "%s, project %s, exported at %s", r.Log, r.Project, r.MadeAt)
	}
	for _, e := range r.Epochs {
		e.print(line)
	}
	if r.Pending.Total > 0 {
		line("tail", "%d events are recorded and not proven: %s", r.Pending.Total, r.Pending.counts)
	}
	if len(r.Findings.First) > 0 {
		fmt.Fprintln(&b, "\nFOUND")
		for _, f := range r.Findings.First {
			fmt.Fprintf(&b, "  %s\n", f)
		}
		for _, k := range slices.Sorted(maps.Keys(r.Findings.Counts)) {
			if more := r.Findings.Counts[k] - maxFindings; more > 0 {
				fmt.Fprintf(&b, "  … and %d more of the kind %s\n", more, k)
			}
		}
	}
	bullets(&b, "COULD NOT CHECK", r.CouldNotCheck)
	bullets(&b, "NOT CHECKED", r.NotChecked)
	fmt.Fprintf(&b, "\nverdict: %s\n", verdicts[r.exit()])
	_, err := b.WriteTo(w)
	return err
}

func bullets(b *bytes.Buffer, head string, sentences []string) {
	if len(sentences) > 0 {
		fmt.Fprintf(b, "\n%s\n", head)
	}
	for _, s := range sentences {
		fmt.Fprintf(b, "  - %s\n", s)
	}
}

func (e *epochReport) print(line func(head, format string, args ...any)) {
	line(fmt.Sprintf("epoch %d", e.Epoch), "%d entries from position %d on, origin %s", e.Size, e.Start, e.Origin)
	if e.Root != "" {
		line("", "root %s", e.Root)
	}
	if c := e.Checkpoint; c != nil {
		at := ""
		if c.Time != "" {
			at = ", signed at " + c.Time
		}
		line("", "checkpoint of %d entries%s; signature: %s", c.Size, at, e.Signature)
	} else {
		line("", "signature: %s", e.Signature)
	}
	line("", "%d other checkpoints of it are verified by signature, %d of them of --since", e.OtherCheckpoints, e.SinceCheckpoints)
	if e.Events != nil {
		line("", "%s", *e.Events)
	}
	if o := e.Opened; o != nil {
		line("", "opened after %s: %s", o.PreviousOrigin, o.Reason)
		for _, t := range []struct {
			name string
			tree *treeReport
		}{{"last known outside of the database", o.LastKnown}, {"closed", o.Closed}} {
			if t.tree != nil {
				line("", "%s: %d entries, root %s", t.name, t.tree.Size, t.tree.Root)
			}
		}
	}
}

// String is the counts in words; those that are rarely there are named when they are.
func (c counts) String() string {
	words := []string{fmt.Sprintf("%d intact", c.Intact)}
	for _, n := range []struct {
		count int64
		word  string
	}{
		{c.Redacted, "redacted"}, {c.Withheld, "withheld"}, {c.WithheldByFilter, "withheld by the filter"},
		{c.Mismatch, "mismatch"}, {c.Malformed, "malformed"},
	} {
		if n.count > 0 {
			words = append(words, fmt.Sprintf("%d %s", n.count, n.word))
		}
	}
	return strings.Join(words, ", ")
}

// String is the finding on one line.
func (f finding) String() string {
	where := ""
	if f.Epoch > 0 {
		where = fmt.Sprintf(" epoch %d", f.Epoch)
	}
	if f.Position != nil {
		where += fmt.Sprintf(" position %d", *f.Position)
	}
	if f.ID != "" {
		where += " event " + f.ID
	}
	return fmt.Sprintf("%s%s: %s", f.Kind, where, f.Text)
}
