// Package query is the language in which people search the audit log: one line of terms, all of
// which must hold.
//
//	actor:ops@acme.example type:project.* -outcome:succeeded created:-7d "kim@shop.example"
//
// Parse reads a line, Query.Filter makes an auditlog.Filter of it. What somebody has typed only
// ever becomes values in the filter's fields, which package auditlog binds as parameters; no part
// of it is ever a part of a statement. Each term can only narrow what a caller lets people see.
//
// The grammar, in the notation of RFC 5234; space is any white space of Unicode:
//
//	query  = [term *(1*space term)]
//	term   = ["-"] [key ":"] value *("," value)
//	value  = bare / DQUOTE *(char / "\" DQUOTE / "\\") DQUOTE
//	bare   = 1*char   ; no white space, comma or quotation mark; without a key also no hyphen at
//	                  ; the beginning, and no colon unless it is an IP address
//
// Start reading at Parse; docs/search.md explains the language to who searches.
package query

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sealog/sealog/internal/fault"
)

// What a query may have at most: bytes, terms, and values in all terms together.
const (
	MaxBytes  = 4096
	MaxTerms  = 100
	MaxValues = 200
)

// Query is a search that has been understood. The zero Query has no terms and restricts nothing.
type Query struct{ terms []term }

// term is one condition. Its values are in canonical form, each once and at least one; any of
// them will do.
type term struct {
	not    bool
	key    string // empty for a word that stands alone
	values []string
}

// Place is where in a query's text something is wrong: the Info of this package's errors.
type Place struct {
	// Offset and Length are in bytes and span the whole term, with its hyphen and key. Of a byte
	// that no text has, and of a query that is too long, they span just that.
	Offset int `json:"offset"`
	Length int `json:"length"`
}

// Parse reads a query; a text of white space is one without terms.
//
// Errors, all of kind Invalid and with a Place as Info: QueryUnknownKey, QueryUnknownValue (no
// such activity type, outcome or category), QueryMalformed, QueryTooLong.
func Parse(text string) (Query, error) {
	if len(text) > MaxBytes {
		return Query{}, tooLong("A search has at most 4,096 bytes.").With(Place{MaxBytes, len(text) - MaxBytes})
	}
	if bad := slices.IndexFunc([]byte(text), func(b byte) bool { return b == 0 }); bad >= 0 {
		return Query{}, malformed("A search cannot hold the character NUL.").With(Place{bad, 1})
	}
	if bad := invalidByte(text); bad >= 0 {
		return Query{}, malformed("The search is not encoded in UTF-8.").With(Place{bad, 1})
	}
	var q Query
	s, values := scanner{text: text}, 0
	for s.skipSpace(); !s.done(); s.skipSpace() {
		begin := s.at
		t, wrong := s.term()
		values += len(t.values)
		switch {
		case wrong != nil:
		case len(q.terms) == MaxTerms:
			wrong = tooLong("A search has at most 100 terms.")
		case values > MaxValues:
			wrong = tooLong("A search has at most 200 values.")
		}
		if wrong != nil {
			s.skipTerm()
			return Query{}, wrong.With(Place{begin, s.at - begin})
		}
		t.values = unique(t.values)
		q.terms = append(q.terms, t)
	}
	return q, nil
}

func invalidByte(text string) int {
	for i, r := range text {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(text[i:]); size == 1 {
				return i
			}
		}
	}
	return -1
}

// String returns the canonical text: terms in their order, one space between them, quotation
// marks only where they must be. Parse makes an equal query of it; it is never longer than the
// text that was parsed.
func (q Query) String() string {
	texts := make([]string, len(q.terms))
	for i, t := range q.terms {
		texts[i] = t.String()
	}
	return strings.Join(texts, " ")
}

func (t term) String() string {
	var b strings.Builder
	if t.not {
		b.WriteByte('-')
	}
	if t.key != "" {
		b.WriteString(t.key + ":")
	}
	for i, v := range t.values {
		if i > 0 {
			b.WriteByte(',')
		}
		if strings.ContainsFunc(v, unicode.IsSpace) || strings.ContainsAny(v, `,"`) || t.key == "" && !standsAlone(v) {
			v = `"` + escaper.Replace(v) + `"`
		}
		b.WriteString(v)
	}
	return b.String()
}

var escaper = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// Outcomes reports whether the query says anything about outcomes. If not, callers look for
// what succeeded.
func (q Query) Outcomes() bool {
	return slices.ContainsFunc(q.terms, func(t term) bool { return t.key == keyOutcome })
}

// unique returns the values each once, where it stood first.
func unique[T comparable](values []T) []T {
	seen := make(map[T]bool, len(values))
	return slices.DeleteFunc(slices.Clone(values), func(v T) bool {
		known := seen[v]
		seen[v] = true
		return known
	})
}

func malformed(format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, "QueryMalformed", format, args...)
}

func tooLong(message string) *fault.Error {
	return fault.New(fault.Invalid, "QueryTooLong", "%s", message)
}
