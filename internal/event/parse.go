package event

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// errNotCanonical is an entry that Canonical would not have written.
var errNotCanonical = errors.New("event: entry is not in canonical form")

// ParseEntry reads the bytes of an entry and refuses any that are not exactly what
// Canonical writes for what they say.
//
// It reads the canonical form alone, front to back, since that is all there may be; every
// check of a log goes through here. What it let through wrongly on the way would differ from
// the bytes that are written again in the end.
func ParseEntry(entry []byte) (Entry, error) {
	if len(entry) > MaxEntry {
		return Entry{}, fmt.Errorf("event: entry of %d bytes is above %d", len(entry), MaxEntry)
	}
	r := entryReader{rest: string(entry)}
	e := Entry{Commitments: r.commitments()}
	r.literal(`,"capture":`)
	e.Capture = Capture(r.text())
	r.literal(`,"id":`)
	id := r.text()
	r.literal(`,"log":`)
	e.Log = r.text()
	r.literal(`,"outcome":`)
	e.Outcome = r.text()
	r.literal(`,"t":`)
	t := r.text()
	r.literal(`,"type":`)
	e.Type = Type(r.text())
	r.literal(`,"v":` + strconv.Itoa(entryVersion) + `}`)
	if r.failed || r.rest != "" {
		return Entry{}, errNotCanonical
	}
	var err error
	if e.ID, err = ParseID(id); err != nil {
		return Entry{}, err
	}
	if e.Time, err = time.Parse(TimeFormat, t); err != nil {
		return Entry{}, fmt.Errorf("event: parse entry's time: %w", err)
	}
	if string(e.appendCanonical(make([]byte, 0, len(entry)))) != string(entry) {
		return Entry{}, errNotCanonical
	}
	return e, nil
}

// entryReader takes an entry apart. Once it has failed, what it gives means nothing.
type entryReader struct {
	rest   string
	failed bool
}

func (r *entryReader) literal(want string) {
	rest, ok := strings.CutPrefix(r.rest, want)
	r.rest, r.failed = rest, r.failed || !ok
}

// text reads a JSON string.
func (r *entryReader) text() string {
	r.literal(`"`)
	end, escaped := 0, false
	for end < len(r.rest) && r.rest[end] != '"' {
		if r.rest[end] == '\\' {
			escaped = true
			end++
		}
		end++
	}
	if r.failed || end >= len(r.rest) {
		r.failed = true
		return ""
	}
	text := r.rest[:end]
	r.rest = r.rest[end+1:]
	if escaped {
		return r.unescape(text)
	}
	return text
}

func (r *entryReader) unescape(text string) (plain string) {
	r.failed = json.Unmarshal([]byte(`"`+text+`"`), &plain) != nil
	return plain
}

// commitments reads the object c, whose names are each there once and in order.
func (r *entryReader) commitments() []Commitment {
	var list []Commitment
	r.literal(`{"c":{`)
	for !r.failed && !strings.HasPrefix(r.rest, "}") {
		if len(list) > 0 {
			r.literal(`,`)
		}
		name := r.text()
		r.literal(`:`)
		c := Commitment{Name: name, Digest: r.text()}
		if len(list) > 0 && c.Name <= list[len(list)-1].Name {
			r.failed = true
		}
		if list == nil {
			list = make([]Commitment, 0, 8)
		}
		list = append(list, c)
	}
	r.literal(`}`)
	return list
}
