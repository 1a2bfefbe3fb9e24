package export

import (
	"encoding/json"
	"slices"
	"strings"
	"unique"

	"github.com/sealog/sealog/internal/event"
)

// maxErased bounds how many events without some of their values are kept track of, of some 50
// bytes each.
const maxErased = 8 << 20

// erasures knows which events lack values, and waits for the events that say they were erased.
// Those come later; but with several processes, whose clocks differ, the id of one may be smaller.
type erasures struct {
	waiting   map[event.ID]unique.Handle[string] // names, one a line
	early     map[event.ID]unique.Handle[string] // what was erased of events that were not seen yet
	untracked int64
}

func newErasures() *erasures {
	return &erasures{waiting: map[event.ID]unique.Handle[string]{}, early: map[event.ID]unique.Handle[string]{}}
}

func join(names []string) unique.Handle[string] { return unique.Make(strings.Join(names, "\n")) }

func without(names, gone []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(gone, name) })
}

func split(h unique.Handle[string]) []string { return strings.Split(h.Value(), "\n") }

// event takes an event and the names of the values that it lacks.
func (s *erasures) event(rep *Report, e event.Entry, disclosures []byte, missing []string) {
	if len(missing) > 0 {
		rep.Checked.Redacted++
		if erased, ok := s.early[e.ID]; ok {
			missing = without(missing, split(erased))
		}
		switch {
		case len(missing) == 0:
		case len(s.waiting) < maxErased:
			s.waiting[e.ID] = join(missing)
		default:
			s.untracked++
		}
	}
	delete(s.early, e.ID)
	if e.Type != (event.AuditRedacted{}).Type() {
		return
	}
	text, err := event.PayloadKey(disclosures, "events")
	if err != nil || text == nil {
		return // an attempt erased nothing
	}
	var redacted []event.RedactedEvent
	if err := json.Unmarshal(text, &redacted); err != nil {
		rep.add(KindEntry, e.ID, "what it says was erased cannot be read: %v", err)
		return
	}
	for _, r := range redacted {
		s.redact(e.ID, r)
	}
}

func (s *erasures) redact(by event.ID, r event.RedactedEvent) {
	if r.ID.Compare(by) > 0 {
		fields := r.Fields
		if before, ok := s.early[r.ID]; ok {
			fields = append(split(before), fields...)
		}
		if len(s.early) < maxErased {
			s.early[r.ID] = join(fields)
		}
		return
	}
	waits, ok := s.waiting[r.ID]
	if !ok {
		return
	}
	if left := without(split(waits), r.Fields); len(left) > 0 {
		s.waiting[r.ID] = join(left)
	} else {
		delete(s.waiting, r.ID)
	}
}

// settle ends the waiting: what nobody said was erased is withheld.
func (s *erasures) settle(rep *Report) {
	ids := make([]event.ID, 0, len(s.waiting))
	for id := range s.waiting {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, event.ID.Compare)
	for _, id := range ids {
		rep.add(KindWithheld, id, "%s: not there, and no event says that it was erased", strings.Join(split(s.waiting[id]), ", "))
	}
	if s.untracked > 0 {
		rep.add(KindWithheld, none, "%d more events lack values than can be kept track of", s.untracked)
	}
}
