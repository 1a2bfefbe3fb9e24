package query

import (
	"slices"
	"strings"
	"unicode"

	"github.com/sealog/sealog/internal/event"
)

// Suggestion is one way to go on writing.
type Suggestion struct {
	Text  string // what to write in place of text[Start:End], in the text that is completed
	Label string // what it means
	// Start and End are offsets in bytes.
	Start, End int
}

// maxSuggestions bounds how many types, or other values, are offered at a time.
const maxSuggestions = 12

// Complete returns what may be written where the cursor is, a byte offset into the text: keys, and
// the values of those keys that have few or that have names. There is nothing to offer inside of
// quotation marks. others, unless it is nil, gives what the log has for a key whose values the
// language does not know, such as who has acted.
func Complete(text string, cursor int, others func(key string) []Suggestion) []Suggestion {
	cursor = min(max(cursor, 0), len(text))
	s, begin := scanner{text: text[:cursor]}, 0
	for {
		s.skipSpace()
		begin = s.at
		if closed := s.skipTerm(); !closed {
			return nil
		}
		if s.done() {
			break
		}
	}
	word := strings.TrimPrefix(s.text[begin:], "-")
	name, values, isValue := strings.Cut(word, ":")
	start, end := cursor-len(word), endOfWord(text, cursor)
	offers := completeKey(word)
	if isValue {
		last := values[beginOfValue(values):]
		start, offers = cursor-len(last), completeValue(strings.ToLower(name), last, others)
	}
	for i := range offers {
		offers[i].Start, offers[i].End = start, end
	}
	return offers
}

// beginOfValue is behind the last comma of a list that stands outside of quotation marks.
func beginOfValue(values string) int {
	begin, quoted, escaped := 0, false, false
	for i, c := range values {
		switch {
		case escaped:
			escaped = false
		case quoted && c == '\\':
			escaped = true
		case c == '"':
			quoted = !quoted
		case c == ',' && !quoted:
			begin = i + 1
		}
	}
	return begin
}

// endOfWord is how far the word goes on after the cursor.
func endOfWord(text string, cursor int) int {
	rest := text[cursor:]
	end := strings.IndexFunc(rest, func(r rune) bool { return r == ',' || r == '"' || unicode.IsSpace(r) })
	if end < 0 {
		return len(text)
	}
	return cursor + end
}

func completeKey(word string) []Suggestion {
	var all []Suggestion
	for _, k := range keys {
		all = append(all, Suggestion{Text: k.name + ":", Label: k.about})
	}
	return beginningWith(all, word)
}

func completeValue(key, value string, others func(string) []Suggestion) []Suggestion {
	switch key {
	case keyType:
		return completeType(value)
	case keyOutcome:
		return beginningWith([]Suggestion{
			{Text: event.Succeeded.String(), Label: "it was done"},
			{Text: event.Failed.String(), Label: "it was allowed and did not work"},
			{Text: event.Denied.String(), Label: "it was not allowed"},
		}, value)
	case keyCategory:
		return beginningWith([]Suggestion{
			{Text: categoryUsers, Label: "what happened to end users"},
			{Text: categoryAdmin, Label: "what administrators did"},
		}, value)
	case keyCreated:
		return beginningWith([]Suggestion{
			{Text: "today", Label: "since midnight"},
			{Text: "yesterday", Label: "the whole day"},
			{Text: "-24h", Label: "the last 24 hours"},
			{Text: "-7d", Label: "the last seven days"},
			{Text: "-4w", Label: "the last four weeks"},
		}, value)
	default:
		if others == nil {
			return nil
		}
		all := containing(others(key), value)
		return all[:min(len(all), maxSuggestions)]
	}
}

// containing keeps what has a word in it, in either letters' case.
func containing(all []Suggestion, word string) []Suggestion {
	word = strings.ToLower(word)
	return slices.DeleteFunc(all, func(s Suggestion) bool { return !strings.Contains(strings.ToLower(s.Text), word) })
}

func beginningWith(all []Suggestion, word string) []Suggestion {
	word = strings.ToLower(word)
	return slices.DeleteFunc(all, func(s Suggestion) bool { return !strings.HasPrefix(s.Text, word) })
}

// completeType offers families of types first, then types whose names begin with a value, by
// either name, then those that have it elsewhere in their name or title.
func completeType(value string) []Suggestion {
	var families, first, second []Suggestion
	for _, t := range knownTypes {
		s := Suggestion{Text: string(t), Label: event.TitleOf(t)}
		family, _, _ := strings.Cut(string(t), ".")
		families = append(families, Suggestion{Text: family + "." + everyOf, Label: "everything of " + strings.ReplaceAll(family, "_", " ")})
		switch name := event.Type(value).EnumName(); {
		case strings.HasPrefix(t.EnumName(), name):
			first = append(first, s)
		case strings.Contains(t.EnumName(), name), strings.Contains(strings.ToLower(s.Label), strings.ToLower(value)):
			second = append(second, s)
		}
	}
	all := slices.Concat(beginningWith(unique(families), value), first, second)
	return all[:min(len(all), maxSuggestions)]
}
