package event

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
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

// TimeFormat is how an entry says its time: RFC 3339 in UTC with exactly six digits of fraction.
const TimeFormat = "2006-01-02T15:04:05.000000Z"

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
	return e.appendCanonical(make([]byte, 0, 256+len(e.Commitments)*80))
}

func (e Entry) appendCanonical(b []byte) []byte {
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
	b = e.Time.UTC().AppendFormat(b, TimeFormat)
	b = append(b, `","type":`...)
	b = appendString(b, string(e.Type))
	b = append(b, `,"v":`...)
	b = strconv.AppendInt(b, entryVersion, 10)
	return append(b, '}')
}

func sortCommitments(c []Commitment) {
	slices.SortFunc(c, func(a, b Commitment) int { return cmp.Compare(a.Name, b.Name) })
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
	const usual = 1024 // bytes, for which no memory is asked
	encoded := base64.RawURLEncoding.AppendEncode(make([]byte, 0, usual), array)
	sum := sha256.Sum256(encoded)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// appendString writes a JSON string as RFC 8785, section 3.2.2.2, wants it: only what must
// be escaped is.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	if isPlainASCII(s) {
		b = append(b, s...)
		return append(b, '"')
	}
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

// isPlainASCII reports whether a string stands in JSON as it is.
func isPlainASCII(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}
