package auditlog

import (
	"math"
	"strconv"
	"strings"
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

// Minutes are the whole minutes between 1970 and a time; of one after the year 6052 they are what
// PostgreSQL's column can hold.
func Minutes(t time.Time) int64 { return min(Minute.Start(t).Unix()/60, math.MaxInt32) }

// AtMinute is the inverse of Minutes.
func AtMinute(n int64) time.Time { return time.Unix(n*60, 0).UTC() }

// The keys by which events are counted.
const keyAll = ""

func keyCategory(c event.Category) string { return "c:" + strconv.Itoa(int(c)) }
func keyType(t event.Type) string         { return "t:" + t.Code() }
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

// KeyText is a key in words: of a type it has the type, not its code.
func KeyText(key string) string {
	if code, ok := strings.CutPrefix(key, "t:"); ok {
		return "t:" + string(event.TypeOfCode(code))
	}
	return key
}

// Count is a row of event_counts.
type Count struct {
	Key     string
	Span    Span
	Start   int64 // minutes since 1970
	Outcome event.Outcome
}

// CountsOf are the rows that one event adds one to.
func CountsOf(id event.ID, d event.Derived) []Count {
	at := id.Time()
	counts := make([]Count, 0, 16)
	for _, span := range Spans() {
		start := Minutes(span.Start(at))
		for _, key := range CountKeys(d) {
			counts = append(counts, Count{key, span, start, d.Outcome})
		}
	}
	return counts
}
