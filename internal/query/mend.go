package query

import (
	"strings"

	"github.com/sealog/sealog/internal/fault"
)

// Mend returns a text in which the name that Parse does not know is the one that was probably
// meant; err is Parse's. False when no name is alike.
func Mend(text string, err error) (string, bool) {
	wrong := fault.Of(err)
	if wrong == nil {
		return "", false
	}
	place, ok := wrong.Info.(Place)
	said, near, alike := strings.Cut(wrong.Message, didYouMean)
	_, written, quoted := strings.Cut(said, "“")
	if !ok || !alike || !quoted || place.Offset+place.Length > len(text) {
		return "", false
	}
	written, near = strings.TrimSuffix(written, "”"), strings.TrimSuffix(near, "?")
	begin, term := text[:place.Offset], text[place.Offset:place.Offset+place.Length]
	if wrong.Code == "QueryUnknownValue" { // it stands after the key
		at := strings.IndexByte(term, ':') + 1
		begin, term = begin+term[:at], term[at:]
	}
	before, after, found := strings.Cut(term, written)
	return begin + before + near + after + text[place.Offset+place.Length:], found
}
