package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// kind is a kind of finding. Any finding means that the export was tampered with.
type kind string

const (
	kindSignature kind = "signature"
	kindRoot      kind = "root"
	kindMissing   kind = "missing"
	kindTile      kind = "tile"
	kindPrefix    kind = "prefix"
	kindMalformed kind = "malformed"
	kindMismatch  kind = "mismatch"
	kindWithheld  kind = "withheld"
	kindDuplicate kind = "duplicate"
	kindTime      kind = "time"
	kindEpoch     kind = "epoch"
)

const (
	maxFindings  = 100 // of each kind, in full
	maxSentences = 100
	maxText      = 600 // characters of a sentence
	maxWord      = 200 // of a text of the export in it
)

// verdicts are the words for the exit statuses.
var verdicts = [...]string{exitSound: "sound", exitTampered: "tampered", exitCouldNotCheck: "could not check"}

// report is what was found. It belongs to one goroutine; the package comment describes its JSON.
type report struct {
	Version       int            `json:"version"`
	Verdict       string         `json:"verdict"`
	Export        string         `json:"export"`
	Project       string         `json:"project"`
	Log           string         `json:"log"`
	MadeAt        string         `json:"made_at"`
	Filtered      bool           `json:"filtered"`
	Epochs        []*epochReport `json:"epochs"`
	Pending       pendingReport  `json:"pending"`
	Findings      findings       `json:"findings"`
	CouldNotCheck []string       `json:"could_not_check"`
	NotChecked    []string       `json:"not_checked"`
}

type epochReport struct {
	Epoch            int            `json:"epoch"`
	Origin           string         `json:"origin"`
	Start            int64          `json:"start"`
	Size             int64          `json:"size"`
	Root             string         `json:"root,omitempty"`
	Signature        string         `json:"signature"`
	Checkpoint       *treeReport    `json:"checkpoint,omitempty"`
	OtherCheckpoints int            `json:"other_checkpoints"`
	SinceCheckpoints int            `json:"since_checkpoints"`
	Events           *counts        `json:"events,omitempty"`
	Opened           *openingReport `json:"opened,omitempty"`
}

type treeReport struct {
	Size int64  `json:"size"`
	Root string `json:"root"`
	Time string `json:"time,omitempty"`
}

type openingReport struct {
	Reason         string      `json:"reason"`
	PreviousOrigin string      `json:"previous_origin"`
	LastKnown      *treeReport `json:"last_known"`
	Closed         *treeReport `json:"closed"`
}

// counts is how many events have each status.
type counts struct {
	Intact           int64 `json:"intact"`
	Redacted         int64 `json:"redacted"`
	Withheld         int64 `json:"withheld"`
	WithheldByFilter int64 `json:"withheld_by_filter"`
	Mismatch         int64 `json:"mismatch"`
	Malformed        int64 `json:"malformed"`
}

type pendingReport struct {
	Total int64 `json:"total"`
	counts
}

type findings struct {
	Counts map[kind]int64 `json:"counts"`
	First  []finding      `json:"first"`
}

// finding is one thing that shows tampering.
type finding struct {
	Kind     kind   `json:"kind"`
	Epoch    int    `json:"epoch"`
	Position *int64 `json:"position,omitempty"`
	ID       string `json:"id,omitempty"`
	Text     string `json:"text"`
}

func newReport(export string) *report {
	return &report{
		Version: 1, Export: printable(export), Epochs: []*epochReport{},
		Findings: findings{map[kind]int64{}, []finding{}}, CouldNotCheck: []string{}, NotChecked: []string{},
	}
}

// found adds a finding with a text. What the arguments say may come from the export.
func (r *report) found(f finding, format string, args ...any) {
	f.Text = sentence(format, args)
	r.add(f)
}

// add counts a finding and keeps it, when it is one of the first of its kind.
func (r *report) add(f finding) {
	r.Findings.Counts[f.Kind]++
	if r.Findings.Counts[f.Kind] <= maxFindings {
		f.Text = printableUpTo(f.Text, maxText)
		r.Findings.First = append(r.Findings.First, f)
	}
}

// cannot adds a reason why the export could not be checked.
func (r *report) cannot(format string, args ...any) { addSentence(&r.CouldNotCheck, format, args) }

// unchecked adds something that was not checked.
func (r *report) unchecked(format string, args ...any) { addSentence(&r.NotChecked, format, args) }

func addSentence(list *[]string, format string, args []any) {
	if s := sentence(format, args); len(*list) < maxSentences && !slices.Contains(*list, s) {
		*list = append(*list, s)
	}
}

func sentence(format string, args []any) string {
	return printableUpTo(fmt.Sprintf(format, args...), maxText)
}

// exit is the exit status, from the verdict.
func (r *report) exit() int {
	switch {
	case len(r.Findings.First) > 0:
		return exitTampered
	case len(r.CouldNotCheck) > 0:
		return exitCouldNotCheck
	default:
		return exitSound
	}
}

// printJSON writes the report as JSON.
func (r *report) printJSON(w io.Writer) error {
	r.Verdict = verdicts[r.exit()]
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(r)
}

// printable is a text of the export, or about it, as it can be shown on a terminal: what does
// not print is escaped, control characters and those that turn the direction of text among it.
func printable(text string) string { return printableUpTo(text, maxWord) }

func printableUpTo(text string, limit int) string {
	var b strings.Builder
	n := 0
	for _, c := range text {
		if n++; n > limit {
			return b.String() + "…"
		}
		if strconv.IsPrint(c) {
			b.WriteRune(c)
		} else {
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(c), "'"))
		}
	}
	return b.String()
}
