package store

import (
	"strconv"
	"strings"
)

// positional writes the parameters of a text as "?" where they are $1, $2, $3 … in this very
// order, each once. The driver of SQLite asks for the name of every parameter that has one,
// which takes a tenth of a bulk insert. Texts hold no "$" but in parameters.
func positional(query string) string {
	var b strings.Builder
	rest, next := query, 1
	for {
		before, after, found := strings.Cut(rest, "$")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		digits := after[:len(after)-len(strings.TrimLeft(after, "0123456789"))]
		if digits != strconv.Itoa(next) {
			return query
		}
		b.WriteByte('?')
		rest, next = after[len(digits):], next+1
	}
}
