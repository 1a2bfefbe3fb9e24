package export

import (
	"slices"
	"time"

	"github.com/sealog/sealog/internal/event"
)

// Filter says of which events a verifiable copy gives the values; those of the others are
// withheld. A part that is unset lets everything through.
type Filter struct {
	From, To time.Time // From <= time < To
	Types    []event.Type
	Actors   []string // ids of actors
}

func (f Filter) isEmpty() bool {
	return f.From.IsZero() && f.To.IsZero() && len(f.Types)+len(f.Actors) == 0
}

// giving is how much of an event's values a copy has.
type giving int

const (
	givesNothing giving = iota
	givesPublic         // all that is not personal
	givesAll
)

// gives says how much of an event's values the copy has. It goes by the bytes of the event alone, as whoever
// verifies the copy has to, and not by the columns beside them.
func (f Filter) gives(entry, disclosures []byte) giving {
	if f.isEmpty() {
		return givesAll
	}
	e, err := event.ParseEntry(entry)
	switch {
	case err != nil:
		return givesNothing
	case f.chooses(e, disclosures):
		return givesAll
	case e.Type == event.AuditRedacted{}.Type() || e.Type == event.AuditLogEpochOpened{}.Type():
		return givesPublic
	default:
		return givesNothing
	}
}

func (f Filter) chooses(e event.Entry, disclosures []byte) bool {
	at := e.Time.UnixMicro()
	if !f.From.IsZero() && at < f.From.UnixMicro() || !f.To.IsZero() && at >= f.To.UnixMicro() ||
		len(f.Types) > 0 && !slices.Contains(f.Types, e.Type) {
		return false
	}
	if len(f.Actors) == 0 {
		return true
	}
	d, err := e.Derive(disclosures)
	return err == nil && slices.Contains(f.Actors, d.ActorID)
}
