package main

import (
	"bytes"

	"github.com/sealog/sealog/internal/event"
)

// entry is what the checks need of an entry. Its slices point into the entry's bytes.
type entry struct {
	commitments []commitment // ascending by name
	id          event.ID
	log, typ    []byte
	micros      int64 // its time, since 1970
}

// commitment binds a disclosure of a name to the entry, by its digest.
type commitment struct{ name, digest []byte }

// parse reads an entry. It takes what event.ParseEntry takes and nothing else: the plain form,
// in which nothing is escaped and all is ASCII, it reads itself, since it is the form of nearly
// every entry; anything else it leaves to event.ParseEntry.
func (e *entry) parse(text []byte) bool {
	return e.parsePlain(text) || e.parseSlowly(text)
}

func (e *entry) parseSlowly(text []byte) bool {
	parsed, err := event.ParseEntry(text)
	if err != nil {
		return false
	}
	e.commitments = e.commitments[:0]
	for _, c := range parsed.Commitments {
		e.commitments = append(e.commitments, commitment{[]byte(c.Name), []byte(c.Digest)})
	}
	e.id, e.log, e.typ, e.micros = parsed.ID, []byte(parsed.Log), []byte(parsed.Type), parsed.Time.UnixMicro()
	return true
}

// plain reads an entry front to back. Once it has failed, what it gives means nothing.
type plain struct {
	rest   []byte
	failed bool
}

func (p *plain) literal(want string) {
	if len(p.rest) < len(want) || string(p.rest[:len(want)]) != want {
		p.failed, p.rest = true, nil
		return
	}
	p.rest = p.rest[len(want):]
}

// text reads a string up to and with the quote that ends it.
func (p *plain) text() []byte {
	for i, c := range p.rest {
		if isText[c] {
			continue
		}
		if c != '"' {
			break
		}
		text := p.rest[:i]
		p.rest = p.rest[i+1:]
		return text
	}
	p.failed, p.rest = true, nil
	return nil
}

// isText is the characters that stand in a JSON string for themselves and are ASCII.
var isText = func() (is [256]bool) {
	for c := 0x20; c < 0x80; c++ {
		is[c] = c != '"' && c != '\\'
	}
	return is
}()

func (e *entry) parsePlain(text []byte) bool {
	if len(text) > event.MaxEntry {
		return false
	}
	p := plain{rest: text}
	e.commitments = e.commitments[:0]
	p.literal(`{"c":{`)
	for len(p.rest) > 0 && p.rest[0] == '"' {
		p.rest = p.rest[1:]
		name := p.text()
		p.literal(`:"`)
		digest := p.text()
		if n := len(e.commitments); n > 0 && bytes.Compare(e.commitments[n-1].name, name) >= 0 {
			return false
		}
		e.commitments = append(e.commitments, commitment{name, digest})
		if len(p.rest) == 0 || p.rest[0] != ',' {
			break
		}
		if p.rest = p.rest[1:]; len(p.rest) == 0 || p.rest[0] != '"' {
			return false
		}
	}
	p.literal(`},"capture":"`)
	p.text()
	p.literal(`,"id":"`)
	id := p.text()
	p.literal(`,"log":"`)
	e.log = p.text()
	p.literal(`,"outcome":"`)
	p.text()
	p.literal(`,"t":"`)
	at := p.text()
	p.literal(`,"type":"`)
	e.typ = p.text()
	p.literal(`,"v":1}`)
	if p.failed || len(p.rest) > 0 || !parseID(&e.id, id) {
		return false
	}
	var ok bool
	e.micros, ok = parseTime(at)
	return ok
}

// parseID reads a UUID in lower case.
func parseID(id *event.ID, text []byte) bool {
	if len(text) != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' {
		return false
	}
	bad := byte(0)
	for i, at := range [16]int{0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34} {
		high, low := hexDigit[text[at]], hexDigit[text[at+1]]
		bad |= high | low
		id[i] = high<<4 | low&0xf
	}
	return bad&notHex == 0
}

const notHex = 0x80

// hexDigit is the value of a digit in lower case, or notHex.
var hexDigit = func() (digit [256]byte) {
	for c := range digit {
		digit[c] = notHex
	}
	for i, c := range []byte("0123456789abcdef") {
		digit[c] = byte(i)
	}
	return digit
}()
