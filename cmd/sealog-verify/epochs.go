package main

import (
	"bytes"
	"slices"
)

// checkClosings makes the ninth check: that each epoch goes on where the one before it was
// closed. What closed it stands in the first leaf of the next, which that one's key signs.
// Numbers of epochs may be left out: of an epoch that was lost with its database.
func (v *verifier) checkClosings(epochs []*epochLog) {
	inOrder := append(slices.Clone(epochs[1:]), epochs[0])
	for i, l := range inOrder {
		if l.opened != nil {
			l.rep.Opened = l.opened.report()
		}
		switch {
		case l.number == 1 || v.rootOnly:
		case l.size == 0:
			v.rep.cannot("Epoch %d has no sealed event yet, so it does not say where the one before was closed.", l.number)
		case i == 0:
			v.rep.cannot("The epoch before epoch %d is not in the export.", l.number)
		default:
			v.checkClosing(inOrder[i-1], l)
		}
	}
}

func (v *verifier) checkClosing(before, next *epochLog) {
	found := func(format string, args ...any) {
		v.rep.found(finding{Kind: kindEpoch, Epoch: next.number}, format, args...)
	}
	o := next.opened
	if o == nil || o.Closed == nil {
		found("the first event does not say where the epoch before was closed: it must be of type %s, with its values", typeOpened)
		return
	}
	if o.Epoch != next.number {
		found("the first event says that it opens epoch %d", o.Epoch)
	}
	if o.PreviousOrigin != before.origin {
		for n := before.number + 1; n < next.number; n++ {
			if o.PreviousOrigin == originOf(next.log, n) {
				v.rep.cannot("Epoch %d is not in the export.", n)
				return
			}
		}
		found("the first event says that the epoch before was %s", o.PreviousOrigin)
		return
	}
	if next.start != before.start+before.size {
		found("it begins at position %d, and the epoch before ends at %d", next.start, before.start+before.size)
	}
	if before.complete && !o.Closed.is(before.size, before.root) {
		found("%s was closed with %d entries and the root %s; the export has %d and %s",
			before.origin, o.Closed.Size, o.Closed.Root, before.size, before.root)
	}
}

// report is an opening as the report has it.
func (o *opening) report() *openingReport {
	head := func(t *treeHead) *treeReport {
		if t == nil {
			return nil
		}
		return &treeReport{Size: t.Size, Root: printable(t.Root)}
	}
	return &openingReport{
		Reason: printable(o.Reason), PreviousOrigin: printable(o.PreviousOrigin), LastKnown: head(o.LastKnown), Closed: head(o.Closed),
	}
}

// uncheckedThings says what was not checked, whatever the verdict.
func (v *verifier) uncheckedThings(epochs []*epochLog) {
	r := v.rep
	since, late, redacted, byFilter := int64(-1), int64(0), int64(0), int64(0)
	for i, l := range epochs {
		if l.rep.SinceCheckpoints > 0 && l.newest {
			since = l.sinceSize
		}
		late += l.late
		if events := l.rep.Events; events != nil {
			redacted += events.Redacted
			byFilter += events.WithheldByFilter
		}
		if !v.rootOnly && l.key != "" && l.size > 0 && !l.heads.timed() {
			r.unchecked("Epoch %d: no checkpoint has a time, so whether events were dated back was not checked.", l.number)
		}
		for _, other := range epochs[i+1:] {
			if !v.rootOnly && overlap(l, other) {
				r.unchecked("Whether an id of epoch %d is in epoch %d too: their times overlap.", l.number, other.number)
			}
		}
	}
	if since < 0 {
		r.unchecked("Who holds the signing key can rewrite the log and sign it anew; only a checkpoint that was kept elsewhere shows it, and none of the newest epoch was given (--since).")
	} else {
		r.unchecked("Who holds the signing key can rewrite what was sealed after the newest checkpoint of --since, which covers %d entries.", since)
	}
	r.unchecked("Whether the log goes on after the export, and what was never recorded.")
	if v.rootOnly {
		r.unchecked("No event's content, time or id, nor where epochs were closed (--root-only).")
	}
	if r.Pending.Total > 0 {
		r.unchecked("%d events of the tail are recorded and not proven; others may be missing there.", r.Pending.Total)
	}
	if redacted > 0 {
		r.unchecked("What the erased values of %d events were.", redacted)
	}
	if v.filter != nil {
		r.unchecked("The values of %d events that the export's filter withholds.", byFilter)
		if len(v.filter.Actors) > 0 {
			r.unchecked("Whether an event that is withheld is of an actor of the filter: who acted is in the values.")
		}
	}
	if late > 0 {
		r.unchecked("Whether the ids of %d events that come very late in the log are there twice.", late)
	}
}

// overlap reports whether the ids of two epochs are of one time, so that one may be in both.
func overlap(a, b *epochLog) bool {
	if a.first.IsZero() || b.first.IsZero() {
		return false
	}
	return bytes.Compare(a.first[:], b.last[:]) <= 0 && bytes.Compare(b.first[:], a.last[:]) <= 0
}
