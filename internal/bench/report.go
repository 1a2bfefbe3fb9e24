package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// Options say what is measured, and where.
type Options struct {
	// Events is how many events are sealed or verified, at least 1.
	Events int
	// Leaves is the size of the log in which inclusion is proven, at least 1,000; 0 leaves that out.
	Leaves int64
	// Server is the address of a PostgreSQL server on which a database can be made; empty is
	// the embedded SQLite.
	Server string
	// Verifier is the program sealog-verify.
	Verifier string
	// Progress, when it is set, is told how much of a step is done.
	Progress Progress
}

// Progress hears of a step what it is, how much of it is done, and how much there is.
type Progress func(step string, done, total int64)

func (p Progress) tell(step string, done, total int64) {
	if p != nil {
		p(step, done, total)
	}
}

// Report is what a benchmark found.
type Report struct {
	Bench   string   `json:"bench"`
	Engine  string   `json:"engine"` // with its version and how durable it was told to be
	Machine string   `json:"machine"`
	Data    string   `json:"data"`
	Figures []Figure `json:"figures"`
}

func newReport(name, engine string) Report {
	return Report{Bench: name, Engine: engine, Machine: fmt.Sprintf("%d cores, %s/%s, %s", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())}
}

// Figure is one result.
type Figure struct {
	What  string  `json:"what"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	// Limit is what the machine can do at most, in the same unit, and LimitIs what that is; 0
	// when there is none to compare with.
	Limit   float64 `json:"limit,omitempty"`
	LimitIs string  `json:"limit_is,omitempty"`
	// Target is what is aimed at, 0 for nothing: at least for rates, at most for the others.
	Target float64 `json:"target,omitempty"`
	// P99, of a time that half of what was measured took at most, is what 99 of 100 took at
	// most, and P99Target what is aimed at.
	P99       float64 `json:"p99,omitempty"`
	P99Target float64 `json:"p99_target,omitempty"`
}

// isTime says that less is better: not only of times.
func (f Figure) isTime() bool { return f.Unit == unitMS || f.Unit == unitTimes || f.Unit == unitBytes }

// Met says whether the target was reached.
func (f Figure) Met() bool {
	if f.isTime() {
		return f.Value <= f.Target && (f.P99Target == 0 || f.P99 <= f.P99Target)
	}
	return f.Value >= f.Target
}

// The units.
const (
	unitRate = "events/s"
	unitCore = "events/s a core"
	unitMS   = "ms"
	// unitRequests and unitCalls are rates too.
	unitRequests = "requests/s"
	unitCalls    = "calls/s"
	unitTimes    = "times"
	unitBytes    = "bytes an event"
)

// WriteJSON writes the report as one JSON object.
func (r Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	if err := e.Encode(r); err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	return nil
}

// WriteTable writes the report for people.
func (r Report) WriteTable(w io.Writer) error {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Format.Header = text.FormatDefault
	t.AppendHeader(table.Row{"what", "measured", "p99", "unit", "limit of the machine", "share", "target"})
	t.SetColumnConfigs([]table.ColumnConfig{{Number: 2, Align: text.AlignRight}, {Number: 3, Align: text.AlignRight}, {Number: 6, Align: text.AlignRight}})
	for _, f := range r.Figures {
		limit, share, target, p99 := "", "", "", ""
		if f.P99 > 0 {
			p99 = number(f.P99)
		}
		if f.Limit > 0 {
			limit, share = number(f.Limit)+" "+f.LimitIs, fmt.Sprintf("%.0f %%", 100*f.share())
		}
		if f.Target > 0 {
			target = map[bool]string{true: "met: ", false: "missed: "}[f.Met()] + number(f.Target)
			if f.P99Target > 0 {
				target += " / " + number(f.P99Target)
			}
		}
		t.AppendRow(table.Row{f.What, number(f.Value), p99, f.Unit, limit, share, target})
	}
	_, err := fmt.Fprintf(w, "sealog bench %s\nengine:  %s\nmachine: %s\ndata:    %s\n%s\n", r.Bench, r.Engine, r.Machine, r.Data, t.Render())
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	return nil
}

// share is how much of what the machine can do is made use of.
func (f Figure) share() float64 {
	if f.isTime() {
		return f.Limit / f.Value
	}
	return f.Value / f.Limit
}

// number writes a figure with as many digits as it is worth.
func number(v float64) string {
	switch {
	case v < 10:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case v < 1000:
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	digits := strconv.FormatFloat(v, 'f', 0, 64)
	var parts []string
	for len(digits) > 3 {
		parts = append([]string{digits[len(digits)-3:]}, parts...)
		digits = digits[:len(digits)-3]
	}
	return strings.Join(append([]string{digits}, parts...), ",")
}
