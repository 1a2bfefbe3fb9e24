package event

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"iter"
	"strconv"
	"strings"
)

// A disclosure is the JSON array ["<salt>","<name>",<value>] of RFC 9901, section 4.2.1,
// on one line. The salt is 16 bytes in base64url, 22 characters. An event's
// disclosures are stored one a line, the context first, and never serialised again.

const saltChars = 22

// Disclosure is one line of an event's disclosures. Its slices point into the stored bytes.
type Disclosure struct {
	Array []byte // the whole line, as it was hashed
	Name  string // "payload.user~personal"
	Value []byte // JSON
}

// Base returns the name without the mark of a personal part, and whether it had one.
func (d Disclosure) Base() (string, bool) { return strings.CutSuffix(d.Name, personalSuffix) }

func appendDisclosure(b []byte, salt []byte, name string, value []byte) []byte {
	b = append(b, '[', '"')
	b = base64.RawURLEncoding.AppendEncode(b, salt)
	b = append(b, '"', ',')
	b = appendString(b, name)
	b = append(b, ',')
	b = append(b, value...)
	return append(b, ']')
}

// Disclosures ranges over stored disclosures without copying them. A line that is none ends
// the range with an error.
func Disclosures(stored []byte) iter.Seq2[Disclosure, error] {
	return func(yield func(Disclosure, error) bool) {
		for line := range bytes.Lines(stored) {
			d, err := readDisclosure(bytes.TrimSuffix(line, []byte("\n")))
			if !yield(d, err) || err != nil {
				return
			}
		}
	}
}

func readDisclosure(line []byte) (Disclosure, error) {
	const nameAt = len(`["`) + saltChars + len(`","`)
	if len(line) < nameAt+2 || line[len(line)-1] != ']' || !bytes.HasPrefix(line, []byte(`["`)) ||
		!bytes.Equal(line[nameAt-3:nameAt], []byte(`","`)) || !isBase64URL(line[2:2+saltChars]) {
		return Disclosure{}, fmt.Errorf("event: %q is no disclosure", clip(line))
	}
	nameLen := bytes.Index(line[nameAt:], []byte(`",`))
	if nameLen < 0 || !isPlain(line[nameAt:nameAt+nameLen]) {
		return Disclosure{}, fmt.Errorf("event: %q is no disclosure", clip(line))
	}
	return Disclosure{
		Array: line,
		Name:  string(line[nameAt : nameAt+nameLen]),
		Value: line[nameAt+nameLen+2 : len(line)-1],
	}, nil
}

// isBase64URL and isPlain keep a line from meaning something else to a reader of JSON, to
// whom a quote or an escape in the salt or the name would shift what follows.
func isBase64URL(b []byte) bool {
	for _, c := range b {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

func isPlain(name []byte) bool {
	for _, c := range name {
		if c < 0x20 || c == '\\' || c == '"' {
			return false
		}
	}
	return true
}

func clip(b []byte) []byte { return b[:min(len(b), 40)] }

// Data puts an event's disclosures together to the JSON object that AuditLog.data is:
// id, seq, type, payload, context. Values are copied as they stand, not parsed. A position
// below zero means that the event has none yet, and leaves seq out. What was erased is
// simply not there.
func Data(id ID, position int64, t Type, stored []byte) ([]byte, error) {
	b := make([]byte, 0, len(stored)+128)
	b = append(b, `{"id":`...)
	b = appendString(b, id.String())
	if position >= 0 {
		b = append(b, `,"seq":`...)
		b = strconv.AppendInt(b, position+1, 10)
	}
	b = append(b, `,"type":`...)
	b = appendString(b, string(t))
	parts, err := mergeParts(stored)
	if err != nil {
		return nil, err
	}
	b = append(b, `,"payload":{`...)
	var context []byte
	first := true
	for _, p := range parts {
		key, isPayload := strings.CutPrefix(p.name, "payload.")
		if !isPayload {
			if p.name == "context" {
				context = p.value
			}
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = appendString(b, key)
		b = append(b, ':')
		b = append(b, p.value...)
	}
	b = append(b, `},"context":`...)
	if context == nil {
		context = []byte("{}")
	}
	b = append(b, context...)
	return append(b, '}'), nil
}

// PayloadKey returns the value of one payload key, or nil when the event has none.
func PayloadKey(stored []byte, key string) ([]byte, error) {
	parts, err := mergeParts(stored)
	if err != nil {
		return nil, err
	}
	for _, p := range parts {
		if p.name == "payload."+key {
			return p.value, nil
		}
	}
	return nil, nil
}

// mergeParts joins the public and the personal half of each part.
func mergeParts(stored []byte) ([]part, error) {
	parts := make([]part, 0, 8)
next:
	for d, err := range Disclosures(stored) {
		if err != nil {
			return nil, err
		}
		name, _ := d.Base()
		for i := range parts {
			if parts[i].name == name {
				parts[i].value = mergeObjects(parts[i].value, d.Value)
				continue next
			}
		}
		parts = append(parts, part{name, d.Value})
	}
	return parts, nil
}

// mergeObjects joins two JSON objects that have no key in common; of anything else it
// returns the first.
func mergeObjects(a, b []byte) []byte {
	a, b = trimObject(a), trimObject(b)
	if len(a) < 2 || len(b) < 2 || a[0] != '{' || b[0] != '{' || len(b) == 2 {
		return a
	}
	if len(a) == 2 {
		return b
	}
	merged := make([]byte, 0, len(a)+len(b))
	merged = append(merged, a[:len(a)-1]...)
	merged = append(merged, ',')
	return append(merged, b[1:]...)
}

// trimObject takes the space from around a value and from inside an empty object. Ours have
// none; those of an export may.
func trimObject(v []byte) []byte {
	v = bytes.TrimSpace(v)
	if len(v) > 2 && v[0] == '{' && v[len(v)-1] == '}' && len(bytes.TrimSpace(v[1:len(v)-1])) == 0 {
		return []byte("{}")
	}
	return v
}
