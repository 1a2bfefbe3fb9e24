package auditlog

import (
	"strconv"
	"time"

	"github.com/sealog/sealog/internal/event"
)

// Span is how long the time is that a row of event_counts counts.
type Span int

// The spans, as they are stored.
const (
	Minute Span = 1
	Hour   Span = 2
	Day    Span = 3
	Month  Span = 4
)

// Spans lists all spans.
func Spans() []Span { return []Span{Minute, Hour, Day, Month} }

// Start is the beginning of the span of this length, in UTC, that a time falls in.
func (s Span) Start(t time.Time) time.Time {
	t = t.UTC()
	switch s {
	case Minute:
		return t.Truncate(time.Minute)
	case Hour:
		return t.Truncate(time.Hour)
	case Day:
		return t.Truncate(24 * time.Hour)
	default:
		return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)
	}
}

// The keys by which events are counted.
const keyAll = ""

func keyCategory(c event.Category) string { return "c:" + strconv.Itoa(int(c)) }
func keyType(t event.Type) string         { return "t:" + string(t) }
func keyActor(c event.Category, actor string) string {
	return "a" + strconv.Itoa(int(c)) + ":" + actor
}

// CountKeys are the keys that an event counts for: all, its category, its type, and its actor
// unless that is an end user, of whom there may be as many as events.
func CountKeys(d event.Derived) []string {
	keys := []string{keyAll, keyCategory(d.Category), keyType(d.Type)}
	if d.ActorType != event.EndUser {
		keys = append(keys, keyActor(d.Category, d.ActorID))
	}
	return keys
}

// Count is a row of event_counts.
type Count struct {
	Key     string
	Span    Span
	Start   int64 // microseconds since 1970
	Outcome event.Outcome
}

// CountsOf are the rows that one event adds one to.
func CountsOf(id event.ID, d event.Derived) []Count {
	at := id.Time()
	counts := make([]Count, 0, 16)
	for _, span := range Spans() {
		start := span.Start(at).UnixMicro()
		for _, key := range CountKeys(d) {
			counts = append(counts, Count{key, span, start, d.Outcome})
		}
	}
	return counts
}
