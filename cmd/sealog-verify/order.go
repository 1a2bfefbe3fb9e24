package main

import (
	"bytes"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/merkle"
)

// order is the stage of the pass that takes the bundles in the log's order. It runs on the
// goroutine that called pass.
type order struct {
	v      *verifier
	log    *epochLog
	tree   merkle.Frontier
	broken bool // entries are missing: from there on no root can be right
	// levels[i] is the hashes of the tile of level i+1 that is not full yet.
	levels [7][]merkle.Hash
	skew   int64 // microseconds
}

func newOrder(v *verifier, l *epochLog) *order {
	l.seen = newSeen(seenWindow)
	return &order{v: v, log: l, skew: v.maxSkew.Microseconds()}
}

// take adds a bundle that a worker has checked.
func (o *order) take(b *bundle) {
	for _, f := range b.findings {
		o.v.rep.add(f)
	}
	if len(b.hashes) != b.width && !o.broken {
		o.broken = true
		o.v.rep.found(finding{Kind: kindMissing, Epoch: o.log.number},
			"the bundle of the entries from %d on has %d entries instead of %d", b.first, len(b.hashes), b.width)
	}
	for i, hash := range b.hashes {
		o.log.heads.pass(&o.tree, o.differs)
		if !o.v.rootOnly {
			o.event(b.first+int64(i), &b.events[i])
		}
		completed := o.tree.Append(hash)
		for level := 8; level < len(completed); level += 8 {
			o.levels[level/8-1] = append(o.levels[level/8-1], completed[level])
		}
	}
	if b.noTile {
		o.v.rep.found(finding{Kind: kindMissing, Epoch: o.log.number}, "the hash tile of the entries from %d on is missing", b.first)
	}
	for _, tile := range b.upper {
		o.compare(tile)
	}
	o.v.bar.add(int64(len(b.hashes)))
}

// finish compares what can be compared at the end. All says that all bundles were read.
func (o *order) finish(edge []upperTile, all bool) {
	l := o.log
	l.heads.pass(&o.tree, o.differs)
	l.rep.Size = o.tree.Size()
	for _, tile := range edge {
		o.compare(tile)
	}
	if all && !o.broken {
		l.root, l.complete = o.tree.Root(), true
		l.rep.Root = l.root.String()
	}
}

// differs is called for a checkpoint that has another root than the tree at its size.
func (o *order) differs(h head) {
	if o.broken {
		return
	}
	f := finding{Kind: kindPrefix, Epoch: o.log.number}
	if h.source == theCheckpoint {
		f.Kind = kindRoot
	}
	o.v.rep.found(f, "the first %d entries have the root %s, and %s says %s: entries were changed, left out, put in or put elsewhere",
		h.size, o.tree.Root(), h.source, h.root)
}

// compare compares a hash tile of level 1 or more with what was computed.
func (o *order) compare(tile upperTile) {
	hashes := &o.levels[tile.Level-1]
	want := (*hashes)[:min(len(*hashes), tile.Width)]
	f := finding{Kind: kindTile, Epoch: o.log.number}
	switch {
	case tile.missing:
		f.Kind = kindMissing
		o.v.rep.found(f, "%s is missing", tile.Path())
	case !o.broken && !sameHashes(tile.text, want):
		o.v.rep.found(f, "%s has other hashes than its entries", tile.Path())
	}
	*hashes = (*hashes)[:0]
}

func sameHashes(text []byte, hashes []merkle.Hash) bool {
	if len(text) != len(hashes)*len(merkle.Hash{}) {
		return false
	}
	for i := range hashes {
		if !bytes.Equal(text[i*len(merkle.Hash{}):][:len(merkle.Hash{})], hashes[i][:]) {
			return false
		}
	}
	return true
}

// event makes the checks of an event that depend on what is before it and after.
func (o *order) event(index int64, e *checked) {
	l, rep := o.log, o.v.rep
	position := l.start + index
	if e.known {
		from, to := l.heads.bounds()
		switch {
		case e.micros < from-o.skew:
			rep.found(l.finding(kindTime, position, e.id), "the event says %s, and the log before it was signed at %s: it was dated back", moment(e.micros), moment(from))
		case e.micros > to+o.skew:
			rep.found(l.finding(kindTime, position, e.id), "the event says %s, and the log with it was signed at %s already", moment(e.micros), moment(to))
		}
		switch l.seen.add(e.id) {
		case seenBefore:
			rep.found(l.finding(kindDuplicate, position, e.id), "another event has the same id")
		case seenLate:
			l.late++
		}
		if l.first.IsZero() || bytes.Compare(e.id[:], l.first[:]) < 0 {
			l.first = e.id
		}
		if bytes.Compare(e.id[:], l.last[:]) > 0 {
			l.last = e.id
		}
	}
	o.v.count(l.rep.Events, place{l.number, position, e.id}, e)
	for _, r := range e.redacts {
		o.v.missing.redact(r)
	}
	if e.opens != nil && index == 0 {
		l.opened = e.opens
	}
}

// finding is one about an event; an id that is zero is not known.
func (l *epochLog) finding(k kind, position int64, id event.ID) finding {
	f := finding{Kind: k, Epoch: l.number, Position: &position}
	if !id.IsZero() {
		f.ID = id.String()
	}
	return f
}

// count counts an event by its status. One with disclosures missing is redacted until settle
// knows better.
func (v *verifier) count(c *counts, at place, e *checked) {
	switch e.status {
	case intact:
		c.Intact++
	case incomplete:
		if !v.missing.wait(at, e.missing) {
			c.Withheld++
			return
		}
		c.Redacted++
	case withheldByFilter:
		c.WithheldByFilter++
	case mismatch:
		c.Mismatch++
	case malformed:
		c.Malformed++
	}
}

// moment is a time in microseconds as people read it.
func moment(micros int64) string {
	return time.UnixMicro(micros).UTC().Format("2006-01-02T15:04:05.000000Z")
}

// place is where an event is. Epoch 0 is the unsealed tail, in which the position is the line.
type place struct {
	epoch    int
	position int64
	id       event.ID
}
