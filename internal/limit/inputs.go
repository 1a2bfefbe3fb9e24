package limit

import "github.com/sealog/sealog/internal/fault"

// Bounds of single texts. The function that normalises a text checks its length before
// anything else, because some of the work (IDNA, address parsing, password strength) grows
// with the square of the length.
var (
	EmailLength      = Bound{"email_length", "length of the e-mail address", 320, Bytes, fault.Invalid, "EmailInvalid"}
	MailboxLength    = Bound{"mailbox_length", "length of the sender with its name", 1000, Bytes, fault.Invalid, "Invalid"}
	TargetLength     = Bound{"target_length", "length of the address of a code or link", 320, Bytes, fault.Invalid, "ValidationFailed"}
	DomainLength     = Bound{"domain_length", "length of the domain", 253, Bytes, fault.Invalid, "InvalidDomain"}
	PhoneLength      = Bound{"phone_length", "length of the phone number", 100, Bytes, fault.Invalid, "ValidationFailed"}
	UsernameLength   = Bound{"username_length", "length of the username", 4000, Bytes, fault.Invalid, "ValidationFailed"}
	URLLength        = Bound{"url_length", "length of the URL of an attribute", 4000, Bytes, fault.Invalid, "ValidationFailed"}
	AttributesDepth  = Bound{"attributes_depth", "nesting of a user's attributes or of device info", 20, Levels, fault.Invalid, "ValidationFailed"}
	AttributesValues = Bound{"attributes_values", "number of keys and values of a user's attributes or of device info", 10_000, Items, fault.Invalid, "ValidationFailed"}
	ClaimsDepth      = Bound{"claims_depth", "nesting of the claims of a token", 50, Levels, fault.Denied, "TokenClaims"}
	ClaimsValues     = Bound{"claims_values", "number of keys and values of the claims of a token", 2_000, Items, fault.Denied, "TokenClaims"}
	LanguageLength   = Bound{"language_length", "length of the language tag", 100, Bytes, fault.Invalid, "ValidationFailed"}
)

// Inputs are the bounds of single texts.
func Inputs() Group {
	return Group{"Addresses, names and domains", []Bound{
		EmailLength, MailboxLength, TargetLength, DomainLength, PhoneLength, UsernameLength, URLLength, LanguageLength,
		AttributesDepth, AttributesValues, ClaimsDepth, ClaimsValues,
	}, nil}
}
