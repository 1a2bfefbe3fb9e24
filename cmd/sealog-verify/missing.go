package main

import (
	"cmp"
	"slices"
	"strings"
	"unique"

	"github.com/sealog/sealog/internal/event"
)

// maxTracked bounds each of the sets below, of some 100 bytes for each member.
const maxTracked = 8 << 20

// field is one disclosure of one event, by its name.
type field struct {
	id   event.ID
	name unique.Handle[string]
}

// missing knows the disclosures that are not in the export, and waits for later events of the
// log that say they were erased (type audit.redacted).
type missing struct {
	waiting map[field]place
	// later has what the newest epoch's redactions name beyond that epoch: the events of the
	// earlier epochs come after it in the export.
	later map[field]struct{}
	// keepForEarlier is set while the newest epoch is read and there are earlier ones.
	keepForEarlier bool
	// unsealed has what redactions in the unsealed tail name.
	unsealed map[field]struct{}
	// untracked counts events for which there was no room.
	untracked int64
}

func newMissing() *missing {
	return &missing{waiting: map[field]place{}, later: map[field]struct{}{}, unsealed: map[field]struct{}{}}
}

// wait notes that disclosures of an event are missing. It returns false when there is no room.
func (m *missing) wait(at place, names []unique.Handle[string]) bool {
	if len(m.waiting)+len(names) > maxTracked {
		m.untracked++
		return false
	}
	for _, name := range names {
		f := field{at.id, name}
		if _, ok := m.later[f]; !ok || m.keepForEarlier {
			m.waiting[f] = at
		}
	}
	return true
}

// redact takes a sealed redaction of a field: of an event before it, so of one that waits.
func (m *missing) redact(f field) {
	if _, ok := m.waiting[f]; ok {
		delete(m.waiting, f)
	} else if m.keepForEarlier && len(m.later) < maxTracked {
		m.later[f] = struct{}{}
	}
}

// redactUnsealed takes a redaction that is not sealed.
func (m *missing) redactUnsealed(f field) {
	if len(m.unsealed) < maxTracked {
		m.unsealed[f] = struct{}{}
	}
}

// withheld is an event with disclosures that are missing and that no event says were erased.
type withheld struct {
	place
	names []string
}

// settle ends the waiting. It returns what no redaction covered, in order, and how many fields
// of sealed events only redactions in the unsealed tail cover.
func (m *missing) settle() (left []withheld, unsealed int) {
	for f, at := range m.waiting {
		if _, ok := m.unsealed[f]; !ok {
			left = append(left, withheld{at, []string{f.name.Value()}})
		} else if at.epoch > 0 {
			unsealed++
		}
	}
	clear(m.waiting)
	m.keepForEarlier = false
	slices.SortFunc(left, func(a, b withheld) int {
		return cmp.Or(cmp.Compare(a.epoch, b.epoch), cmp.Compare(a.position, b.position), strings.Compare(a.names[0], b.names[0]))
	})
	// One for each event, with all its names.
	n := 0
	for i, w := range left {
		if i > 0 && left[n-1].place == w.place {
			left[n-1].names = append(left[n-1].names, w.names[0])
			continue
		}
		left[n] = w
		n++
	}
	return left[:n], unsealed
}

// settle says which events are withheld, when nothing that could account for them comes any
// more. Whole is false when not all entries could be read: then nobody knows.
func (v *verifier) settle(epochs []*epochLog, whole bool) {
	left, unsealed := v.missing.settle()
	for _, w := range left {
		c := &v.rep.Pending.counts
		for _, l := range epochs {
			if l.number == w.epoch {
				c = l.rep.Events
			}
		}
		c.Redacted--
		c.Withheld++
		if whole {
			f := finding{Kind: kindWithheld, Epoch: w.epoch, Position: &w.position, ID: w.id.String()}
			v.rep.found(f, "%s: not in the export, and no later event of the log says that it was erased", strings.Join(w.names, ", "))
		}
	}
	if len(left) > 0 && !whole {
		v.rep.cannot("%d events lack disclosures, and not all events could be read that may say that they were erased.", len(left))
	}
	if unsealed > 0 {
		v.rep.cannot("%d disclosures are missing, and only events that are not sealed yet say that they were erased. A newer export will tell.", unsealed)
	}
	if v.missing.untracked > 0 {
		v.rep.cannot("%d events lack disclosures beyond the %d that are kept track of.", v.missing.untracked, maxTracked)
		v.missing.untracked = 0
	}
}
