package event

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"
)

// MaxEntry is the largest entry in bytes, as a C2SP tlog-tiles entry bundle can hold it.
const MaxEntry = 65535

// entryVersion is the v of the entries that this version writes.
const entryVersion = 1

// Capture says how the event came to be known. Sealog writes Witnessed only.
type Capture string

// The ways an event comes to be known.
const (
	Witnessed Capture = "witnessed" // recorded together with the change
	Reported  Capture = "reported"  // told by another system
	Imported  Capture = "imported"  // taken over from another log
)

// timeFormat is RFC 3339 in UTC with exactly six digits of fraction.
const timeFormat = "2006-01-02T15:04:05.000000Z"

// Entry is what the bytes of an entry say. The bytes are what counts: they are hashed as
// they stand, and Entry is only how one reads them.
type Entry struct {
	Commitments []Commitment // ascending by name
	Capture     Capture
	ID          ID
	Log         string
	Outcome     string
	Time        time.Time
	Type        Type
}

// Commitment binds one disclosure, by its digest, to an entry.
type Commitment struct {
	Name   string
	Digest string // base64url(SHA-256(…)), 43 characters (RFC 9901, section 4.2.3)
}

// Canonical returns the entry's bytes: the restricted profile of RFC 8785 in which keys,
// key order and value types are fixed.
func (e Entry) Canonical() []byte {
	b := make([]byte, 0, 256+len(e.Commitments)*80)
	b = append(b, `{"c":{`...)
	for i, c := range e.Commitments {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, c.Name)
		b = append(b, ':')
		b = appendString(b, c.Digest)
	}
	b = append(b, `},"capture":`...)
	b = appendString(b, string(e.Capture))
	b = append(b, `,"id":`...)
	b = appendString(b, e.ID.String())
	b = append(b, `,"log":`...)
	b = appendString(b, e.Log)
	b = append(b, `,"outcome":`...)
	b = appendString(b, e.Outcome)
	b = append(b, `,"t":"`...)
	b = e.Time.UTC().AppendFormat(b, timeFormat)
	b = append(b, `","type":`...)
	b = appendString(b, string(e.Type))
	return fmt.Appendf(b, `,"v":%d}`, entryVersion)
}

// ParseEntry reads the bytes of an entry and refuses any that are not exactly what
// Canonical writes for what they say.
func ParseEntry(entry []byte) (Entry, error) {
	if len(entry) > MaxEntry {
		return Entry{}, fmt.Errorf("event: entry of %d bytes is above %d", len(entry), MaxEntry)
	}
	var raw struct {
		C       map[string]string `json:"c"`
		Capture Capture           `json:"capture"`
		ID      ID                `json:"id"`
		Log     string            `json:"log"`
		Outcome string            `json:"outcome"`
		T       string            `json:"t"`
		Type    Type              `json:"type"`
	}
	if err := json.Unmarshal(entry, &raw); err != nil {
		return Entry{}, fmt.Errorf("event: parse entry: %w", err)
	}
	t, err := time.Parse(timeFormat, raw.T)
	if err != nil {
		return Entry{}, fmt.Errorf("event: parse entry's time: %w", err)
	}
	e := Entry{
		Capture: raw.Capture, ID: raw.ID, Log: raw.Log, Outcome: raw.Outcome, Time: t, Type: raw.Type,
	}
	for name, digest := range raw.C {
		e.Commitments = append(e.Commitments, Commitment{name, digest})
	}
	sortCommitments(e.Commitments)
	if !bytes.Equal(e.Canonical(), entry) {
		return Entry{}, fmt.Errorf("event: entry is not in canonical form")
	}
	return e, nil
}

func sortCommitments(c []Commitment) {
	slices.SortFunc(c, func(a, b Commitment) int { return bytes.Compare([]byte(a.Name), []byte(b.Name)) })
}

// LeafHash returns SHA-256(0x00 || entry), the hash of a leaf in RFC 6962, section 2.1.
func LeafHash(entry []byte) [32]byte {
	h := sha256.New()
	h.Write([]byte{0})
	h.Write(entry)
	return [32]byte(h.Sum(nil))
}

// Digest returns the digest of a disclosure's array bytes as RFC 9901 takes it:
// base64url(SHA-256(ASCII(base64url(array)))).
func Digest(array []byte) string {
	encoded := base64.RawURLEncoding.AppendEncode(nil, array)
	sum := sha256.Sum256(encoded)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// appendString writes a JSON string as RFC 8785, section 3.2.2.2, wants it: only what must
// be escaped is.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\b':
			b = append(b, '\\', 'b')
		case r == '\t':
			b = append(b, '\\', 't')
		case r == '\n':
			b = append(b, '\\', 'n')
		case r == '\f':
			b = append(b, '\\', 'f')
		case r == '\r':
			b = append(b, '\\', 'r')
		case r < 0x20:
			b = fmt.Appendf(b, `\u%04x`, r)
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}
