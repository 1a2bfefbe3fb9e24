package event

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// A jsonValue is a piece of JSON in a disclosure, at which one looks for a few keys without
// decoding the rest. Its functions give the same for sound JSON as a decoder would; of
// anything else they give what they can read and nothing of the rest.
type jsonValue []byte

// members ranges over the members of an object; a value of another type has none.
func (v jsonValue) members(yield func(key []byte, member jsonValue) bool) {
	i := v.space(0)
	if !v.is(i, '{') {
		return
	}
	for i = v.space(i + 1); v.is(i, '"'); i = v.space(i + 1) {
		end := v.stringEnd(i)
		key := v[i:end]
		if i = v.space(end); !v.is(i, ':') {
			return
		}
		i = v.space(i + 1)
		if end = v.valueEnd(i); !yield(key.textBytes(), v[i:end]) {
			return
		}
		if i = v.space(end); !v.is(i, ',') {
			return
		}
	}
}

// elements ranges over the elements of an array; a value of another type has none.
func (v jsonValue) elements(yield func(element jsonValue) bool) {
	i := v.space(0)
	if !v.is(i, '[') {
		return
	}
	for i = v.space(i + 1); i < len(v) && v[i] != ']'; i = v.space(i + 1) {
		end := v.valueEnd(i)
		if !yield(v[i:end]) {
			return
		}
		if i = v.space(end); !v.is(i, ',') {
			return
		}
	}
}

// member returns one member of an object, or nil.
func (v jsonValue) member(name string) (found jsonValue) {
	for key, member := range v.members {
		if string(key) == name {
			found = member
		}
	}
	return found
}

// text returns what a string says; a value of another type says nothing.
func (v jsonValue) text() string { return string(v.textBytes()) }

func (v jsonValue) textBytes() []byte {
	if len(v) < 2 || v[0] != '"' || v[len(v)-1] != '"' {
		return nil
	}
	inside := v[1 : len(v)-1]
	if bytes.IndexByte(inside, '\\') < 0 && utf8.Valid(inside) {
		return inside
	}
	var text string
	if json.Unmarshal(v, &text) != nil {
		return nil
	}
	return []byte(text)
}

func (v jsonValue) is(i int, c byte) bool { return i < len(v) && v[i] == c }

// space returns the first place from i on that is no white space.
func (v jsonValue) space(i int) int {
	for i < len(v) && (v[i] == ' ' || v[i] == '\n' || v[i] == '\t' || v[i] == '\r') {
		i++
	}
	return i
}

// stringEnd returns the place after the string that begins at i.
func (v jsonValue) stringEnd(i int) int {
	for i++; i < len(v); i++ {
		switch v[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(v)
}

// valueEnd returns the place after the value that begins at i.
func (v jsonValue) valueEnd(i int) int {
	depth := 0
	for i < len(v) {
		switch v[i] {
		case '"':
			i = v.stringEnd(i)
		case '{', '[':
			depth++
			i++
			continue
		case '}', ']':
			if depth == 0 {
				return i // of what the value stands in
			}
			depth--
			i++
		case ',', ' ', '\n', '\t', '\r':
			if depth == 0 {
				return i
			}
			i++
			continue
		default:
			i++
			continue
		}
		if depth == 0 {
			return i
		}
	}
	return len(v)
}
