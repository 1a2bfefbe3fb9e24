package query

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sealog/sealog/internal/fault"
)

// unknown is the error for a name that does not exist. near is what was probably meant; when
// there is none, the hint ends the message.
func unknown(code, what, text, near, hint string) *fault.Error {
	if near != "" {
		return fault.New(fault.Invalid, code, "There is no %s %s"+didYouMean+"%s?", what, quote(text), near)
	}
	return fault.New(fault.Invalid, code, "There is no %s %s.%s", what, quote(text), hint)
}

// didYouMean stands between what there is not and what was probably meant.
const didYouMean = "; did you mean "

// quote puts a text into a message, or the beginning of a long one.
func quote(text string) string {
	const most = 60
	if utf8.RuneCountInString(text) > most {
		text = string([]rune(text)[:most]) + "…"
	}
	return "“" + text + "”"
}

// nearest returns the name that is closest to a word, else the first that begins with it, or ""
// when none is alike: when more than a third of the word would have to change. Case makes no
// difference.
func nearest(word string, names []string) string {
	from := []rune(strings.ToLower(word))
	limit, best := max(1, len(from)/3)+1, ""
	for _, name := range names {
		to := []rune(strings.ToLower(name))
		if len(from) >= len(to)+limit || len(to) >= len(from)+limit {
			continue
		}
		if d := distance(from, to); d < limit {
			limit, best = d, name
		}
	}
	if i := slices.IndexFunc(names, func(name string) bool { return strings.HasPrefix(name, strings.ToLower(word)) }); best == "" && len(word) > 1 && i >= 0 {
		return names[i]
	}
	return best
}

// distance is how many letters must be put in, taken out, replaced or swapped with the one beside
// them to make one word of another (optimal string alignment).
func distance(a, b []rune) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		before, last, row = last, row, before
		row[0] = i + 1
		for j := range b {
			change := 1
			if a[i] == b[j] {
				change = 0
			}
			row[j+1] = min(last[j]+change, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}
