package query

import (
	"net/netip"
	"strings"
	"unicode"

	"github.com/sealog/sealog/internal/fault"
)

// scanner reads terms from a text that is valid UTF-8. Where it stops it is never inside of
// quotation marks.
type scanner struct {
	text string
	at   int
}

func (s *scanner) done() bool { return s.at == len(s.text) }

// take moves over a byte if it is the next one.
func (s *scanner) take(b byte) bool {
	if s.done() || s.text[s.at] != b {
		return false
	}
	s.at++
	return true
}

// quoted reports whether a quotation mark is next.
func (s *scanner) quoted() bool { return !s.done() && s.text[s.at] == '"' }

func (s *scanner) skipSpace() {
	s.at = len(s.text) - len(strings.TrimLeftFunc(s.text[s.at:], unicode.IsSpace))
}

// run is what follows up to white space, a comma or a quotation mark.
func (s *scanner) run() string {
	rest := s.text[s.at:]
	end := strings.IndexFunc(rest, func(r rune) bool { return r == ',' || r == '"' || unicode.IsSpace(r) })
	if end < 0 {
		return rest
	}
	return rest[:end]
}

// skipTerm moves to the end of the term and reports whether it has one: false is for a quotation
// mark that is never closed.
func (s *scanner) skipTerm() bool {
	for {
		s.at += len(s.run())
		switch {
		case s.take('"'):
			if _, closed := s.quotation(); !closed {
				return false
			}
		case !s.take(','):
			return true
		}
	}
}

func (s *scanner) term() (t term, wrong *fault.Error) {
	t.not = s.take('-')
	k, wrong := s.key()
	if wrong != nil {
		return t, wrong
	}
	t.key = k.name
	for {
		value, wrong := s.value(k)
		if wrong != nil {
			return t, wrong
		}
		t.values = append(t.values, value)
		if !s.take(',') {
			break
		}
	}
	if s.run() != "" || s.quoted() {
		return t, malformed("After a quotation mark that ends a value there is white space or a comma. Write \\\" for one inside of a value.")
	}
	if k.single && len(t.values) > 1 {
		return t, malformed("The key %s has one value. Two dots make a range: 2026-11-01..2026-11-20.", k.name)
	}
	if t.not && k.exclude != nil {
		return t, k.exclude(t.values[0])
	}
	return t, nil
}

// key reads a key and its colon; a word has the key without a name. The colons of an IP address
// stand after no key.
func (s *scanner) key() (key, *fault.Error) {
	word := s.run()
	name, _, ok := strings.Cut(word, ":")
	if !ok || isAddress(word) {
		return key{}, nil
	}
	s.at += len(name) + 1
	return keyNamed(name)
}

// value reads one value and gives it in the canonical form of its key.
func (s *scanner) value(k key) (string, *fault.Error) {
	text, wrong := s.valueText(k)
	if wrong != nil || k.read == nil {
		return text, wrong
	}
	return k.read(text)
}

func (s *scanner) valueText(k key) (string, *fault.Error) {
	if s.take('"') {
		quoted, closed := s.quotation()
		switch text, ok := unescape(quoted); {
		case !closed:
			return "", malformed("A quotation mark is opened and not closed.")
		case !ok:
			return "", malformed("Inside of quotation marks a backslash stands before a quotation mark or another backslash only.")
		case text == "":
			return "", malformed("There is nothing between the quotation marks.")
		default:
			return text, nil
		}
	}
	text := s.run()
	s.at += len(text)
	switch {
	case text == "":
		return "", malformed("A value is missing: there is one after each key, comma and hyphen.")
	case s.quoted():
		return "", malformed("Quotation marks stand around a whole value, not inside of it.")
	case k.name == "" && !standsAlone(text):
		return "", malformed("Put %s in quotation marks to look for it with its hyphen or colon.", quote(text))
	}
	return text, nil
}

// standsAlone reports whether a word is one without quotation marks: it begins like no exclusion
// and has no colon like a key.
func standsAlone(word string) bool {
	return !strings.HasPrefix(word, "-") && (!strings.Contains(word, ":") || isAddress(word))
}

func isAddress(word string) bool {
	_, err := netip.ParseAddr(word)
	return err == nil
}

// quotation returns what is before the quotation mark that ends a value, as it is written, and
// moves behind the mark, or to the end of the text when there is none.
func (s *scanner) quotation() (inside string, closed bool) {
	rest := s.text[s.at:]
	for i := 0; i < len(rest); i++ {
		switch rest[i] {
		case '\\':
			i++
		case '"':
			s.at += i + 1
			return rest[:i], true
		}
	}
	s.at = len(s.text)
	return rest, false
}

func unescape(quoted string) (string, bool) {
	var b strings.Builder
	for {
		plain, rest, found := strings.Cut(quoted, `\`)
		b.WriteString(plain)
		if !found {
			return b.String(), true
		}
		if rest == "" || rest[0] != '"' && rest[0] != '\\' {
			return "", false
		}
		b.WriteByte(rest[0])
		quoted = rest[1:]
	}
}
