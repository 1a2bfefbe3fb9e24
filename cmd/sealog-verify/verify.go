package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/merkle"
)

// verifier checks one export. Its fields belong to the goroutine that called verify; the
// goroutines of a pass get what they need of it and change none.
type verifier struct {
	src      source
	rep      *report
	keys     keyring
	since    []*kept
	maxSkew  time.Duration
	rootOnly bool
	bar      *bar
	most     bounds

	filter  *filter
	missing *missing
}

// epochLog is one epoch of the log: a tree with checkpoints of its own.
type epochLog struct {
	number         int
	dir            string // of its files: "", or "epochs/1/"
	newest         bool
	log, origin    string
	key            string // empty when none was given
	start          int64  // position of its first leaf
	size           int64  // how many leaves the export has of it
	checkpointSize int64  // as the manifest says
	heads          heads
	sinceSize      int64 // of the largest checkpoint of --since
	rep            *epochReport

	// What the pass gives. Root is that of all leaves, when complete.
	root     merkle.Hash
	complete bool
	opened   *opening // what its first event says, when that opens an epoch
	first    event.ID // of its events, in the order of their times
	last     event.ID
	seen     *seen // its ids, for the unsealed tail
	late     int64 // events of which it is not known whether their id is there twice
}

// verify makes all checks, in the order of the files:
//
//  1. the newest checkpoint is signed with the pinned key, and of the log's origin
//  2. the entries are recomputed to its root: nothing is left out, put in or put elsewhere
//  3. every other checkpoint in hand is one of a prefix of the log
//  4. each entry is well-formed and of this log, its time is that of its id, no id is there twice
//  5. each disclosure opens the digest of its name in its entry
//  6. disclosures that are missing were erased, as later events of the log say
//  7. the times of events and of the checkpoints around them agree
//  8. the unsealed tail is well-formed; it is not proven
//  9. the same for each earlier epoch, and each goes on where the one before was closed
//
// Checks 2 to 7 are one pass over the files.
func (v *verifier) verify() {
	m, err := readManifest(v.src, v.most)
	if err != nil {
		v.rep.cannot("It is no export that can be checked: %s.", err)
		return
	}
	v.filter, v.rep.Filtered = m.Filter, m.Filter != nil
	v.rep.Project, v.rep.Log, v.rep.MadeAt = printable(m.Project), printable(m.Log), printable(m.MadeAt)
	v.otherKeys(m)
	epochs, err := v.epochs(m)
	if err != nil {
		v.rep.cannot("The export could not be read: %s.", err)
	} else if err := v.src.end(); err != nil {
		v.rep.cannot("The export could not be read: %s.", err)
	}
	v.unusedSince(m)
	if err == nil {
		v.checkClosings(epochs)
	}
	v.uncheckedThings(epochs)
}

// otherKeys is about keys of no epoch of the export: of another log, when none is of this one,
// or of a later epoch of it.
func (v *verifier) otherKeys(m manifest) {
	for _, origin := range slices.Sorted(maps.Keys(v.keys)) {
		known := origin == m.Origin || slices.ContainsFunc(m.Epochs, func(e pastEpoch) bool { return e.Origin == origin })
		if !known && (v.keys[m.Origin] == "" || strings.HasPrefix(origin, m.Log+"/e")) {
			v.rep.cannot("A key of %s was given; the export says that it is of %s.", origin, m.Origin)
		}
	}
}

// epochs checks every epoch: the newest comes first, then the tail that is not sealed, then
// the earlier ones, oldest first.
func (v *verifier) epochs(m manifest) ([]*epochLog, error) {
	v.missing.keepForEarlier = len(m.Epochs) > 0
	newest := &epochLog{number: m.Epoch, newest: true, log: m.Log, origin: m.Origin, start: m.Start, size: m.Size, checkpointSize: m.Size}
	epochs := []*epochLog{newest}
	err := v.epoch(newest)
	if err == nil {
		err = v.tail(newest)
	}
	newest.seen = nil
	v.settle(epochs, err == nil && newest.complete)
	whole := newest.complete
	for _, e := range m.Epochs {
		if err != nil {
			break
		}
		l := &epochLog{
			number: e.Epoch, dir: fmt.Sprintf("epochs/%d/", e.Epoch), log: m.Log, origin: e.Origin,
			start: e.Start, size: e.Size, checkpointSize: e.CheckpointSize,
		}
		epochs = append(epochs, l)
		err = v.epoch(l)
		l.seen, whole = nil, whole && l.complete
	}
	v.settle(epochs, err == nil && whole)
	return epochs, err
}

// epoch makes the checks 1 to 7 of one epoch.
func (v *verifier) epoch(l *epochLog) error {
	l.key = v.keys[l.origin]
	l.rep = &epochReport{Epoch: l.number, Origin: printable(l.origin), Start: l.start}
	if !v.rootOnly {
		l.rep.Events = &counts{}
	}
	v.rep.Epochs = append(v.rep.Epochs, l.rep)
	if err := v.readHeads(l); err != nil {
		return err
	}
	v.bar.expect(l.size)
	err := v.pass(l)
	if absent, ok := errors.AsType[*absentError](err); ok && absent.next == "" {
		v.rep.found(finding{Kind: kindMissing, Epoch: l.number}, "%s, and %d entries were read of %d", absent, l.rep.Size, l.size)
		return nil
	}
	if err != nil {
		return err
	}
	if !l.complete {
		return nil // found already
	}
	for _, h := range l.heads.list[l.heads.next:] {
		v.rep.found(finding{Kind: kindPrefix, Epoch: l.number},
			"%s covers %d entries, and the export has only %d: it is of before, or was cut short", h.source, h.size, l.size)
	}
	return nil
}
