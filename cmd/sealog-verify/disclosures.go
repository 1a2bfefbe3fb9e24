package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strconv"
	"unicode/utf8"
)

// lines ranges over the lines of a file. The last one ends with a newline too.
type lines struct{ rest []byte }

// next returns the next line, without its newline. What has no newline is given as an empty line,
// which is never sound.
func (l *lines) next() (line []byte, ok bool) {
	if len(l.rest) == 0 {
		return nil, false
	}
	end := bytes.IndexByte(l.rest, '\n')
	if end < 0 {
		l.rest = nil
		return nil, true
	}
	line, l.rest = l.rest[:end], l.rest[end+1:]
	return line, true
}

// disclosureLine is a line of a disclosures file: the disclosures of one event, as far as they
// are given.
type disclosureLine struct {
	position int64
	texts    [][]byte // base64url
}

// maxTexts is more disclosures than an entry has room to commit to.
const maxTexts = 10000

// parse reads {"position":N,"disclosures":["<base64url>",…]} in just this form. The texts point
// into the line; whether they are base64url is for open to say.
func (d *disclosureLine) parse(line []byte) bool {
	d.texts = d.texts[:0]
	p := plain{rest: line}
	p.literal(`{"position":`)
	end := bytes.IndexByte(p.rest, ',')
	if end < 1 || end > 18 {
		return false
	}
	position, err := strconv.ParseUint(string(p.rest[:end]), 10, 63)
	if err != nil || p.rest[0] == '0' && end > 1 {
		return false
	}
	d.position = int64(position)
	p.rest = p.rest[end:]
	p.literal(`,"disclosures":[`)
	for len(p.rest) > 0 && p.rest[0] == '"' {
		p.rest = p.rest[1:]
		end := bytes.IndexByte(p.rest, '"')
		if end < 0 {
			return false
		}
		if len(d.texts) == maxTexts {
			return false
		}
		d.texts = append(d.texts, p.rest[:end])
		p.rest = p.rest[end+1:]
		if len(p.rest) == 0 || p.rest[0] != ',' {
			break
		}
		if p.rest = p.rest[1:]; len(p.rest) == 0 || p.rest[0] != '"' {
			return false
		}
	}
	p.literal(`]}`)
	return !p.failed && len(p.rest) == 0
}

// strict refuses bits behind the last character that are not zero.
var strict = base64.RawURLEncoding.Strict()

// opener opens disclosures. It belongs to one goroutine.
type opener struct {
	array  []byte
	digest [43]byte
}

// digestOf is the digest of a disclosure as RFC 9901, section 4.2.3, takes it: of its base64url
// text. It is good until the next call.
func (o *opener) digestOf(text []byte) []byte {
	sum := sha256.Sum256(text)
	base64.RawURLEncoding.Encode(o.digest[:], sum[:])
	return o.digest[:]
}

// open reads a disclosure: base64url of the array ["<salt>","<name>",<value>] with a salt of 16
// bytes (RFC 9901, section 4.2.1), in the form in which package event writes it. Name and value
// are good until the next call.
func (o *opener) open(text []byte) (name, value []byte, ok bool) {
	size := strict.DecodedLen(len(text))
	if cap(o.array) < size {
		o.array = make([]byte, 2*size)
	}
	// The decoder passes over line ends, so that the size is looked at too.
	n, err := strict.Decode(o.array[:size], text)
	if err != nil || n != size {
		return nil, nil, false
	}
	return readArray(o.array[:n])
}

const saltChars = 22

// readArray takes a disclosure's array apart. It takes what JSON is of this very form, and what
// package event would read the same.
func readArray(array []byte) (name, value []byte, ok bool) {
	p := plain{rest: array}
	p.literal(`["`)
	salt := p.text()
	p.literal(`,"`)
	end := bytes.IndexByte(p.rest, '"')
	if end < 0 || len(salt) != saltChars {
		return nil, nil, false
	}
	name = p.rest[:end]
	p.rest = p.rest[end:]
	p.literal(`",`)
	if p.failed || len(p.rest) < 2 || p.rest[len(p.rest)-1] != ']' {
		return nil, nil, false
	}
	value = p.rest[:len(p.rest)-1]
	for _, c := range salt {
		if c != '-' && c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return nil, nil, false
		}
	}
	plainName := !slices.ContainsFunc(name, func(c byte) bool { return c < utf8.RuneSelf && !isText[c] })
	return name, value, plainName && utf8.Valid(name) && bytes.IndexByte(value, '\n') < 0 && validJSON(value)
}
