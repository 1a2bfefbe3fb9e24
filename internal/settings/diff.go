package settings

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/sealog/sealog/internal/event"
)

// Compare tells two JSON objects apart: as text in which each line begins with a space (in
// both), - (only before) or + (only after), and as a list of changes. Equal ones give "".
func Compare(before, after json.RawMessage) (string, []event.Change, error) {
	var was, is any
	for raw, to := range map[*json.RawMessage]*any{&before: &was, &after: &is} {
		d := json.NewDecoder(bytes.NewReader(*raw))
		d.UseNumber()
		if err := d.Decode(to); err != nil {
			return "", nil, fmt.Errorf("settings: %w", err)
		}
	}
	d := differ{changes: []event.Change{}}
	d.both("", "", was, is, 0, false)
	if len(d.changes) == 0 {
		return "", d.changes, nil
	}
	return d.text.String(), d.changes, nil
}

type differ struct {
	text    strings.Builder
	changes []event.Change
}

// line writes one line: the marker, the indentation, the label of an object's key or array's
// index, and the text.
func (d *differ) line(marker byte, depth int, label, text string, comma bool) {
	d.text.WriteByte(marker)
	d.text.WriteString(strings.Repeat("  ", depth))
	d.text.WriteString(label + text)
	if comma {
		d.text.WriteByte(',')
	}
	d.text.WriteByte('\n')
}

// both writes what stands in both, and what of it differs.
func (d *differ) both(path, label string, was, is any, depth int, comma bool) {
	wasKeys, wasOpen := membersOf(was)
	isKeys, isOpen := membersOf(is)
	switch {
	case wasOpen == "" && isOpen == "" && encoded(was) == encoded(is):
		d.line(' ', depth, label, encoded(is), comma)
	case wasOpen == "" || wasOpen != isOpen:
		d.changes = append(d.changes, event.Change{Path: path, Old: json.RawMessage(encoded(was)), New: json.RawMessage(encoded(is))})
		d.one('-', label, was, depth, comma)
		d.one('+', label, is, depth, comma)
	default:
		d.line(' ', depth, label, wasOpen, false)
		keys := slices.Compact(slices.SortedFunc(slices.Values(append(wasKeys, isKeys...)), keyOrder(wasOpen)))
		for i, key := range keys {
			d.member(path, key, was, is, depth+1, i < len(keys)-1)
		}
		d.line(' ', depth, "", closing(wasOpen), comma)
	}
}

func (d *differ) member(path, key string, was, is any, depth int, comma bool) {
	old, inWas := memberOf(was, key)
	made, inIs := memberOf(is, key)
	at, label := path+"/"+EscapeKey(key), strconv.Quote(key)+": "
	if _, array := is.([]any); array {
		label = key + ": "
	}
	switch {
	case inWas && inIs:
		d.both(at, label, old, made, depth, comma)
	case inWas:
		d.changes = append(d.changes, event.Change{Path: at, Old: json.RawMessage(encoded(old))})
		d.one('-', label, old, depth, comma)
	default:
		d.changes = append(d.changes, event.Change{Path: at, New: json.RawMessage(encoded(made))})
		d.one('+', label, made, depth, comma)
	}
}

// one writes what stands on one side only.
func (d *differ) one(marker byte, label string, value any, depth int, comma bool) {
	keys, open := membersOf(value)
	if open == "" {
		d.line(marker, depth, label, encoded(value), comma)
		return
	}
	d.line(marker, depth, label, open, false)
	slices.SortFunc(keys, keyOrder(open))
	for i, key := range keys {
		member, _ := memberOf(value, key)
		inner := strconv.Quote(key) + ": "
		if open == "[" {
			inner = key + ": "
		}
		d.one(marker, inner, member, depth+1, i < len(keys)-1)
	}
	d.line(marker, depth, "", closing(open), comma)
}

// membersOf lists the keys of an object or the indexes of an array, and how it begins; ""
// for everything else.
func membersOf(value any) (keys []string, open string) {
	switch v := value.(type) {
	case map[string]any:
		return slices.Collect(maps.Keys(v)), "{"
	case []any:
		for i := range v {
			keys = append(keys, strconv.Itoa(i))
		}
		return keys, "["
	default:
		return nil, ""
	}
}

func memberOf(value any, key string) (any, bool) {
	switch v := value.(type) {
	case map[string]any:
		member, ok := v[key]
		return member, ok
	case []any:
		i, err := strconv.Atoi(key)
		if err != nil || i >= len(v) {
			return nil, false
		}
		return v[i], true
	default:
		return nil, false
	}
}

func keyOrder(open string) func(a, b string) int {
	if open == "[" {
		return func(a, b string) int {
			x, _ := strconv.Atoi(a)
			y, _ := strconv.Atoi(b)
			return x - y
		}
	}
	return strings.Compare
}

func closing(open string) string {
	if open == "[" {
		return "]"
	}
	return "}"
}

// encoded is a value as JSON, without HTML escapes.
func encoded(value any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		panic(err) // it was read from JSON
	}
	return strings.TrimSuffix(b.String(), "\n")
}
