package message

import (
	"net/mail"
	"strings"

	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/limit"
)

// NormalEmail returns an e-mail address in the form in which accounts and invitations keep
// it: alone, without a name, and in lower case.
//
// Errors: EmailInvalid.
func NormalEmail(text string) (string, error) {
	if len(text) > limit.EmailLength.Most {
		return "", limit.EmailLength.Exceeded().On("email")
	}
	text = strings.ToLower(strings.TrimSpace(text))
	parsed, err := mail.ParseAddress(text)
	if err != nil || parsed.Address != text || !strings.Contains(text, "@") {
		return "", fault.New(fault.Invalid, "EmailInvalid", "That is not an e-mail address.").On("email")
	}
	return text, nil
}
