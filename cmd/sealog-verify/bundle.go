package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unique"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/merkle"
)

// status is what an event is found to be.
type status uint8

const (
	intact     status = iota
	incomplete        // disclosures are missing: redacted or withheld, as later events tell
	withheldByFilter
	mismatch
	malformed
)

// checked is what a worker has found out about one event.
type checked struct {
	status  status
	known   bool // id and micros are those of an entry of this log
	id      event.ID
	micros  int64
	missing []unique.Handle[string] // when incomplete
	redacts []field                 // of an audit.redacted event
	opens   *opening                // of an audit_log.epoch_opened event
}

// worker checks bundles by themselves: what needs no other bundle. It belongs to one goroutine.
type worker struct {
	log      *epochLog // only what does not change in the pass
	filter   *filter
	rootOnly bool

	events eventChecker
	line   disclosureLine
	lines  int // of the bundle's disclosures, read so far
}

// check checks a bundle and leaves in it what it has found.
func (w *worker) check(b *bundle) {
	b.hashes, b.events, b.findings = b.hashes[:0], b.events[:0], b.findings[:0]
	entries, err := merkle.ReadBundle(b.entries)
	if err != nil {
		b.add(w.log, kindMissing, b.first, event.ID{}, "the bundle that begins here is damaged: "+err.Error())
		return
	}
	for _, e := range entries {
		b.hashes = append(b.hashes, merkle.LeafHash(e))
	}
	if !b.noTile && !sameHashes(b.tile, b.hashes) {
		b.add(w.log, kindTile, b.first, event.ID{}, "the hash tile that begins here has other hashes than its entries")
	}
	if w.rootOnly {
		return
	}
	w.events.log, w.events.filter = w.log.log, w.filter
	rest := lines{b.disclosures}
	w.lines = 0
	waiting := w.nextLine(b, &rest)
	for i, raw := range entries {
		index := b.first + int64(i)
		for waiting && w.line.position < w.log.start+index {
			waiting = w.strayLine(b, &rest)
		}
		var given *disclosureLine
		if waiting && w.line.position == w.log.start+index {
			given = &w.line
		}
		b.events = append(b.events, checked{})
		e := &b.events[i]
		if kind, text := w.events.check(e, raw, given); kind != "" {
			b.add(w.log, kind, index, e.id, text)
		}
		if given != nil {
			waiting = w.nextLine(b, &rest)
		}
	}
	for waiting {
		waiting = w.strayLine(b, &rest)
	}
}

// strayLine passes over a line of disclosures that is of none of the events that can come.
func (w *worker) strayLine(b *bundle, rest *lines) bool {
	b.add(w.log, kindMalformed, w.line.position-w.log.start, event.ID{}, "a line of disclosures stands out of order, is there twice, or is in another bundle's file")
	return w.nextLine(b, rest)
}

// nextLine reads the next line of disclosures into w.line.
func (w *worker) nextLine(b *bundle, rest *lines) bool {
	for {
		line, ok := rest.next()
		if !ok {
			return false
		}
		if w.lines++; w.lines > mostLines {
			b.add(w.log, kindMalformed, b.first, event.ID{}, fmt.Sprintf("the disclosures of the bundle that begins here have more than %d lines, and no more were looked at", mostLines))
			return false
		}
		if w.line.parse(line) {
			return true
		}
		b.add(w.log, kindMalformed, b.first, event.ID{}, "a line of the disclosures of the bundle that begins here is malformed")
	}
}

func (b *bundle) add(l *epochLog, k kind, index int64, id event.ID, text string) {
	if len(b.findings) == maxBundleFindings {
		return
	}
	f := l.finding(k, l.start+index, id)
	f.Text = text
	b.findings = append(b.findings, f)
}

// maxBundleFindings bounds the findings of one bundle, which may consist of lines without sense.
const maxBundleFindings = 1024

// eventChecker checks one event after another, by themselves. It belongs to one goroutine.
type eventChecker struct {
	log    string
	filter *filter

	entry  entry
	opener opener
	opened []bool // of the entry's commitments
}

// check checks an entry and the disclosures that are given for it; given is nil when there is
// no word about them. It fills e, and returns a finding when the event is not as it should be;
// what is missing is none yet.
func (c *eventChecker) check(e *checked, raw []byte, given *disclosureLine) (kind, string) {
	e.status = malformed
	if !c.entry.parse(raw) {
		return kindMalformed, "the entry is not in the form that Sealog writes"
	}
	if e.id = c.entry.id; string(c.entry.log) != c.log {
		return kindMalformed, "the entry is of the log " + string(c.entry.log)
	}
	if e.micros = c.entry.micros; e.micros != e.id.Micros() {
		return kindMalformed, "the entry's time is " + moment(e.micros) + ", its id's " + moment(e.id.Micros())
	}
	e.known = true
	c.opened = append(c.opened[:0], make([]bool, len(c.entry.commitments))...)
	if given != nil {
		for _, text := range given.texts {
			if s, problem := c.disclosure(e, text); s != intact {
				e.status = s
				e.redacts, e.opens = nil, nil
				return kindOf(s), problem
			}
		}
	}
	c.absent(e, given != nil)
	return "", ""
}

func kindOf(s status) kind {
	if s == mismatch {
		return kindMismatch
	}
	return kindMalformed
}

// disclosure opens one disclosure of the entry that was read last.
func (c *eventChecker) disclosure(e *checked, text []byte) (status, string) {
	name, value, ok := c.opener.open(text)
	digest := c.opener.digestOf(text)
	if !ok {
		if slices.ContainsFunc(c.entry.commitments, func(k commitment) bool { return bytes.Equal(k.digest, digest) }) {
			return malformed, "a disclosure opens a digest of the entry, and is not in the form that Sealog writes"
		}
		return mismatch, "a disclosure is damaged"
	}
	i, found := slices.BinarySearchFunc(c.entry.commitments, name, func(k commitment, name []byte) int { return bytes.Compare(k.name, name) })
	switch {
	case !found:
		return mismatch, "a disclosure is named " + string(name) + ", and the entry has none of that name"
	case !bytes.Equal(c.entry.commitments[i].digest, digest):
		return mismatch, string(name) + " does not open its digest: the value was changed, or is another event's"
	case c.opened[i]:
		return mismatch, string(name) + " is there twice"
	}
	c.opened[i] = true
	return c.meaning(e, name, value)
}

// absent says what the disclosures that were not opened make of the event.
func (c *eventChecker) absent(e *checked, given bool) {
	e.status = intact
	lenient := c.filter != nil && !c.filter.certain(c.entry.typ, e.micros)
	// These are disclosed whatever the filter; what is personal in them is not.
	public := string(c.entry.typ) == typeRedacted || string(c.entry.typ) == typeOpened
	for i, opened := range c.opened {
		if opened {
			continue
		}
		name := string(c.entry.commitments[i].name)
		if lenient && (public && strings.HasSuffix(name, "~personal") || !public && !given) {
			if e.status == intact {
				e.status = withheldByFilter
			}
			continue
		}
		e.status = incomplete
		e.missing = append(e.missing, unique.Make(name))
	}
}
