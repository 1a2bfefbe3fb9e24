package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/sealog/sealog/internal/event"
)

// maxPendingLine bounds a line of pending.ndjson, in bytes: an event with all its values.
const maxPendingLine = 64 << 20

// pendingLine is a line of pending.ndjson: an event that is recorded and that the newest
// checkpoint does not cover.
type pendingLine struct {
	ID          event.ID `json:"id"`
	Position    *int64   `json:"position"` // absent when it is not sealed
	Entry       string   `json:"entry"`
	Disclosures []string `json:"disclosures"`
}

// tailCheck checks the unsealed tail, a line after the other.
type tailCheck struct {
	v      *verifier
	log    *epochLog
	events eventChecker
	line   int64
	after  int64 // a position must be above it
}

// tail makes the eighth check, of the events that are recorded and not proven. They are looked
// at one by one; that none is missing cannot be known.
func (v *verifier) tail(l *epochLog) error {
	if v.rootOnly {
		return skip(v.src, "pending.ndjson")
	}
	r, _, err := v.src.open("pending.ndjson")
	if _, absent := errors.AsType[*absentError](err); absent {
		v.rep.unchecked("The export has no pending.ndjson, so whether anything is recorded and not sealed is not known.")
		return nil
	}
	if err != nil {
		return err
	}
	t := &tailCheck{v: v, log: l, after: l.start + l.size - 1}
	t.events.log, t.events.filter = l.log, v.filter
	buffered := bufio.NewReaderSize(r, 64<<10)
	for {
		line, err := readLine(buffered, maxPendingLine)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if t.line >= v.most.MaxPending {
			return fmt.Errorf("pending.ndjson: %w", errTooMany("lines", v.most.MaxPending, "max-pending"))
		}
		if t.check(line); v.rep.Pending.Malformed > mostWrong {
			return fmt.Errorf("pending.ndjson has more than %d malformed lines, and no more were looked at", mostWrong)
		}
	}
}

// readLine reads a line with its newline. At the end it gives io.EOF.
func readLine(r *bufio.Reader, limit int) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > limit:
			return nil, errors.New("pending.ndjson has a line that is too long")
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) && len(line) > 0:
			return line, nil
		default:
			return line, err
		}
	}
}

func (t *tailCheck) check(text []byte) {
	t.line++
	rep := &t.v.rep.Pending
	rep.Total++
	var p pendingLine
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	err := checkDepth(text)
	if err == nil {
		err = decoder.Decode(&p)
	}
	if err != nil || len(bytes.TrimSpace(text[decoder.InputOffset():])) > 0 {
		rep.Malformed++
		t.v.rep.found(finding{Kind: kindMalformed}, "line %d of pending.ndjson is malformed", t.line)
		return
	}
	if p.Position != nil {
		if *p.Position <= t.after {
			t.v.rep.found(finding{Kind: kindMalformed, ID: p.ID.String()}, "line %d of pending.ndjson has position %d, and %d was passed", t.line, *p.Position, t.after)
		}
		t.after = max(t.after, *p.Position)
	}
	var given *disclosureLine
	if len(p.Disclosures) > 0 {
		given = &disclosureLine{}
		for _, d := range p.Disclosures {
			given.texts = append(given.texts, []byte(d))
		}
	}
	var e checked
	f := finding{ID: p.ID.String()}
	if f.Kind, f.Text = t.events.check(&e, []byte(p.Entry), given); f.Kind == "" && e.id != p.ID {
		e.status, f.Kind, f.Text = malformed, kindMalformed, "the entry has another id, "+e.id.String()
	}
	if f.Kind != "" {
		t.v.rep.found(f, "line %d of pending.ndjson: %s", t.line, f.Text)
	}
	if e.known && t.log.seen.add(e.id) == seenBefore {
		t.v.rep.found(finding{Kind: kindDuplicate, ID: f.ID}, "line %d of pending.ndjson has an id that was there before", t.line)
	}
	t.v.count(&rep.counts, place{0, t.line, e.id}, &e)
	for _, r := range e.redacts {
		t.v.missing.redactUnsealed(r)
	}
}
