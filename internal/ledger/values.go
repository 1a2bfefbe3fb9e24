package ledger

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math/bits"
	"slices"
	"time"

	"github.com/sealog/sealog/internal/event"
)

// Much of an event is values that no compression makes smaller, written in more characters than
// they have bytes: salts, digests, ids, times. takeValues leaves a mark in place of each and
// returns the values themselves, so that what remains of two events is much alike; putValues is
// its inverse. A mark is a byte that JSON never has.
const (
	markSalt   = 1 + iota // 16 bytes, 22 characters of base64url; none where salts are made of a seed
	markDigest            // 32 bytes, 43 characters of base64url
	markID                // placed; 16 bytes, a UUID in lower case
	markTime              // placed; 8 bytes, microseconds since 1970, big endian, of event.TimeFormat
	markHex               // 16 bytes, 32 characters of lower case hexadecimal
	lastMark   = markHex
)

// A placed value is preceded by a byte, its place among those of its kind that came before; a
// place that is taken already says that the value is that one again.
const maxPlaces = 256

const (
	saltSize, saltChars     = event.SaltSize, 22
	digestSize, digestChars = 32, 43
	idSize, idChars         = 16, 36
	hexSize, hexChars       = 16, 32
	timeSize, timeChars     = 8, len(event.TimeFormat)
)

var base64url = base64.RawURLEncoding.Strict()

var errValues = errors.New("ledger: the values of an event are malformed")

// markIn is where the first byte is that is a mark, or the length of the text.
func markIn(text []byte) int {
	const each, highest = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(text); i += 8 {
		eight := binary.LittleEndian.Uint64(text[i:])
		// The lowest of these bits is in the first byte that is less, whatever the others say.
		if less := (eight - (lastMark+1)*each) &^ eight & highest; less != 0 {
			return i + bits.TrailingZeros64(less)/8
		}
	}
	for ; i < len(text) && text[i] > lastMark; i++ {
	}
	return i
}

// taker takes values out of JSON text.
type taker struct {
	text, values []byte
	ids, times   known
	salts        []byte // that need not be kept, in their order; nil when all are kept
	strange      bool   // whether there is another one among them
}

// known are the values of a kind that came, by their places.
type known [][]byte

// takeValues takes the values out of text that has no marks. They are looked for where a string
// stands: the whole of it, or what follows its last slash. The text's salts are kept if salts is
// nil; else they have to be these, in their order, and it is false when they are not.
func takeValues(plain, salts []byte) (text, values []byte, ok bool) {
	t := taker{
		salts: salts,
		text:  make([]byte, 0, len(plain)), values: make([]byte, 0, len(plain)/2),
		ids: make(known, 0, 8), times: make(known, 0, 8),
	}
	before := byte(0) // what stands before the string
	for {
		word, rest, ok := bytes.Cut(plain, []byte{'"'})
		t.text = append(t.text, word...)
		if !ok {
			return t.text, t.values, !t.strange
		}
		if len(word) > 0 {
			before = word[len(word)-1]
		}
		t.text, plain = append(t.text, '"'), rest
		if word, rest, ok = bytes.Cut(plain, []byte{'"'}); !ok {
			continue
		}
		if !t.take(before, word) {
			t.text = append(t.text, word...)
		}
		t.text, plain, before = append(t.text, '"'), rest, '"'
	}
}

// take leaves a mark for a string, or for its end, if it is one of the values.
func (t *taker) take(before byte, word []byte) bool {
	var value [digestSize]byte
	switch {
	case len(word) == saltChars && before == '[':
		return fromBase64(value[:saltSize], word) && t.salt(value[:saltSize])
	case len(word) == digestChars && before == ':':
		return fromBase64(value[:digestSize], word) && t.mark(markDigest, value[:digestSize])
	case len(word) == idChars:
		return parseID(value[:idSize], word) && t.place(markID, &t.ids, value[:idSize])
	case len(word) == timeChars:
		return parseTime(value[:timeSize], word) && t.place(markTime, &t.times, value[:timeSize])
	}
	start := len(word) - hexChars
	if start < 1 || word[start-1] != '/' || !fromHex(value[:hexSize], word[start:]) {
		return false
	}
	t.text = append(t.text, word[:start]...)
	return t.mark(markHex, value[:hexSize])
}

func (t *taker) salt(value []byte) bool {
	if t.salts == nil {
		return t.mark(markSalt, value)
	}
	rest, ok := bytes.CutPrefix(t.salts, value)
	t.salts, t.strange = rest, t.strange || !ok
	return t.mark(markSalt, nil)
}

func (t *taker) mark(mark byte, value []byte) bool {
	t.text, t.values = append(t.text, mark), append(t.values, value...)
	return true
}

func (t *taker) place(mark byte, came *known, value []byte) bool {
	at := slices.IndexFunc(*came, func(v []byte) bool { return bytes.Equal(v, value) })
	if at >= 0 {
		t.values = append(t.values, byte(at))
		return t.mark(mark, nil)
	}
	if len(*came) == maxPlaces {
		return false
	}
	t.values = append(t.values, byte(len(*came)))
	t.mark(mark, value)
	*came = append(*came, t.values[len(t.values)-len(value):])
	return true
}

// fromBase64 and fromHex fill value with what word says; false when it does not, or says less.
func fromBase64(value, word []byte) bool {
	n, err := base64url.Decode(value, word)
	return err == nil && n == len(value)
}

func fromHex(value, word []byte) bool {
	n, err := hex.Decode(value, word)
	return err == nil && n == len(value) && isLower(word)
}

func isLower(word []byte) bool {
	for _, c := range word {
		if c >= 'A' && c <= 'Z' {
			return false
		}
	}
	return true
}

// parseID and parseTime read what appendID and appendTime write, and nothing else.
func parseID(value, word []byte) bool {
	id, err := event.ParseID(string(word))
	copy(value, id[:])
	return err == nil && isLower(word)
}

func appendID(b, value []byte) []byte { return append(b, event.ID(value).String()...) }

func parseTime(value, word []byte) bool {
	t, err := time.Parse(event.TimeFormat, string(word))
	binary.BigEndian.PutUint64(value, uint64(t.UnixMicro()))
	var again [timeChars]byte
	return err == nil && bytes.Equal(appendTime(again[:0], value), word)
}

func appendTime(b, value []byte) []byte {
	return time.UnixMicro(int64(binary.BigEndian.Uint64(value))).UTC().AppendFormat(b, event.TimeFormat)
}

// putter puts values back.
type putter struct {
	values     []byte
	ids, times known
	salts      []byte // that are not among the values, in their order
}

// putValues puts values back where their marks are, and salts unless these are nil: then the salts
// are among the values.
//
// Errors: they are not as many as the marks want, or the text would be larger than maxUnpacked.
func putValues(text, values, salts []byte) ([]byte, error) {
	p := putter{values: values, salts: salts, ids: make(known, 0, 8), times: make(known, 0, 8)}
	plain := make([]byte, 0, min(2*len(text)+2*len(values), maxUnpacked))
	for len(text) > 0 {
		if len(plain) > maxUnpacked {
			return nil, errValues
		}
		at := markIn(text)
		plain = append(plain, text[:at]...)
		if at == len(text) {
			break
		}
		mark := text[at]
		text = text[at+1:]
		switch mark {
		case markSalt:
			plain = base64url.AppendEncode(plain, p.salt())
		case markDigest:
			plain = base64url.AppendEncode(plain, p.next(digestSize))
		case markHex:
			plain = hex.AppendEncode(plain, p.next(hexSize))
		case markID:
			if value := p.placed(&p.ids, idSize); value != nil {
				plain = appendID(plain, value)
			}
		case markTime:
			if value := p.placed(&p.times, timeSize); value != nil {
				plain = appendTime(plain, value)
			}
		default:
			return nil, errValues
		}
		if p.values == nil {
			return nil, errValues
		}
	}
	if len(p.values) > 0 {
		return nil, errValues
	}
	return plain, nil
}

func (p *putter) salt() []byte {
	if p.salts == nil {
		return p.next(saltSize)
	}
	value := p.salts[:saltSize] // there are as many as marks
	p.salts = p.salts[saltSize:]
	return value
}

// next takes n bytes from the values; when there are not as many, values is nil from then on.
func (p *putter) next(n int) []byte {
	if len(p.values) < n {
		p.values = nil
		return nil
	}
	value := p.values[:n]
	p.values = p.values[n:]
	return value
}

func (p *putter) placed(came *known, n int) []byte {
	place := p.next(1)
	if place == nil {
		return nil
	}
	at := int(place[0])
	if at > len(*came) {
		p.values = nil
		return nil
	}
	if at == len(*came) {
		value := p.next(n)
		if value == nil {
			return nil
		}
		*came = append(*came, value)
	}
	return (*came)[at]
}
