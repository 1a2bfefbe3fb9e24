package export

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/sealog/sealog/internal/event"
)

// Kind is a kind of finding.
type Kind string

// The kinds.
const (
	KindEntry      Kind = "entry"      // an event's entry is not one, or is another event's
	KindColumn     Kind = "column"     // a column says another thing than the event
	KindLeaf       Kind = "leaf"       // a leaf has another hash than its event
	KindPosition   Kind = "position"   // an event has no position, or a position no event
	KindQueue      Kind = "queue"      // the queue of events that have no position
	KindTree       Kind = "tree"       // the tree is another one than that of the leaves
	KindTile       Kind = "tile"       // a tile has other hashes
	KindCheckpoint Kind = "checkpoint" // a checkpoint is of another tree, or not signed by the log's key
	KindDisclosure Kind = "disclosure" // a value opens no digest of its entry
	KindWithheld   Kind = "withheld"   // a value is missing, and no event says that it was erased
	KindCount      Kind = "count"      // event_counts
	KindReference  Kind = "reference"  // event_refs
	KindActor      Kind = "actor"      // event_actors
)

// maxFindings is how many findings of each kind a report has in full.
const maxFindings = 100

// Finding is one thing that differs.
type Finding struct {
	Kind  Kind
	Event event.ID // zero when it is about no event
	Text  string
}

// MarshalJSON implements json.Marshaler: an object with kind, event (absent when it is about
// none) and text.
func (f Finding) MarshalJSON() ([]byte, error) {
	id := ""
	if !f.Event.IsZero() {
		id = f.Event.String()
	}
	return json.Marshal(struct {
		Kind  Kind   `json:"kind"`
		Event string `json:"event,omitempty"`
		Text  string `json:"text"`
	}{f.Kind, id, f.Text})
}

// Report is what Check found.
type Report struct {
	Project string  `json:"project"`
	Sound   bool    `json:"sound"` // nothing differs
	Checked Checked `json:"checked"`
	// Counts is how many findings there are of each kind, Findings the first hundred of each.
	Counts   map[Kind]int64 `json:"counts"`
	Findings []Finding      `json:"findings"`
}

// Checked is how much was looked at.
type Checked struct {
	Epochs      int64 `json:"epochs"`
	Events      int64 `json:"events"`
	Positions   int64 `json:"positions"`
	Queued      int64 `json:"queued"` // events without a position
	Tiles       int64 `json:"tiles"`  // of level 1 and above; those of level 0 are the positions
	Checkpoints int64 `json:"checkpoints"`
	Disclosures int64 `json:"disclosures"`
	Redacted    int64 `json:"redacted"`    // events of which values were erased
	Counts      int64 `json:"counts"`      // rows of event_counts
	References  int64 `json:"references"`  // rows of event_refs
	Actors      int64 `json:"actors"`      // rows of event_actors
	NotCounted  int64 `json:"not_counted"` // events too new to be in any of these
}

func newReport(project string) *Report {
	return &Report{Project: project, Counts: map[Kind]int64{}, Findings: []Finding{}}
}

// add notes a finding about an event, or about none when id is zero.
func (r *Report) add(kind Kind, id event.ID, format string, args ...any) {
	if r.Counts[kind]++; r.Counts[kind] <= maxFindings {
		r.Findings = append(r.Findings, Finding{kind, id, printable(fmt.Sprintf(format, args...))})
	}
}

// printable is a text as it can be shown on a terminal: what was put into the database to
// deceive whoever looks is escaped, and cut.
func printable(text string) string {
	const most = 600
	var b strings.Builder
	for n, c := range text {
		switch {
		case n > most:
			return b.String() + "…"
		case strconv.IsPrint(c):
			b.WriteRune(c)
		default:
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(c), "'"))
		}
	}
	return b.String()
}

// more notes findings that are counted and not shown one by one.
func (r *Report) more(kind Kind, n int64) { r.Counts[kind] += n }

// Total is the number of all findings.
func (r *Report) Total() (n int64) {
	for _, count := range r.Counts {
		n += count
	}
	return n
}
