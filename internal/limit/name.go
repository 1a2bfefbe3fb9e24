package limit

import (
	"unicode"
	"unicode/utf8"

	"github.com/sealog/sealog/internal/fault"
)

// Lengths of names that people choose.
var (
	ProjectName = Bound{"project_name", "name of the project", 80, Characters, fault.Invalid, "ProjectNameInvalid"}
	KeyName     = Bound{"key_name", "name of the Admin API key", 80, Characters, fault.Invalid, "KeyNameInvalid"}
	TokenName   = Bound{"token_name", "name of the access token", 80, Characters, fault.Invalid, "TokenNameInvalid"}
)

// Names is the bounds of names that people choose.
func Names() Group {
	return Group{"Names", []Bound{ProjectName, KeyName, TokenName}, nil}
}

// CheckName checks a name that a person chose. It has at least one character, and none that breaks a
// line, is invisible or changes the direction of the text: names are in mails and events next to
// words of Sealog's.
func (b Bound) CheckName(name string) error {
	switch {
	case name == "" || !utf8.ValidString(name):
		return fault.New(b.Kind, b.Code, "The %s must have 1 to %s.", b.What, b.Amount()).On("name")
	case utf8.RuneCountInString(name) > b.Most:
		return b.Exceeded().On("name")
	}
	for _, r := range name {
		if !unicode.IsGraphic(r) { // letters, marks, numbers, punctuation, symbols and spaces; no Cc, Cf, Zl or Zp
			return fault.New(b.Kind, b.Code,
				"The %s contains the character %U. Use letters, digits, punctuation and spaces, without line breaks and invisible characters.", b.What, r).On("name")
		}
	}
	return nil
}
