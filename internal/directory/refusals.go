package directory

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sealog/sealog/internal/fault"
)

// The infos of the errors. Their JSON is what programs of the Admin API read.

// CauseInfo says which invariant was violated.
type CauseInfo struct {
	Cause Cause `json:"cause"`
}

// Cause is the kind of an invariant: "InvalidLoginIDKey".
type Cause struct {
	Kind string `json:"kind"`
}

// DuplicateInfo says which identities collide.
type DuplicateInfo struct {
	Cause                Cause  `json:"cause"`
	IdentityTypeIncoming string `json:"IdentityTypeIncoming"`
	IdentityTypeExisting string `json:"IdentityTypeExisting"`
	LoginIDTypeIncoming  string `json:"LoginIDTypeIncoming"`
	LoginIDTypeExisting  string `json:"LoginIDTypeExisting"`
}

// ValidationInfo lists what is wrong with the input.
type ValidationInfo struct {
	Causes []ValidationCause `json:"causes"`
}

// ValidationCause is one thing that is wrong; Location is a JSON Pointer (RFC 6901).
type ValidationCause struct {
	Location string            `json:"location"`
	Kind     string            `json:"kind"` // format, required, maxLength, type, general
	Details  ValidationDetails `json:"details"`
}

// ValidationDetails says what was expected.
type ValidationDetails struct {
	Format   string `json:"format,omitempty"`
	Expected int    `json:"expected,omitempty"` // with kind maxLength, in characters or bytes
	Actual   int    `json:"actual,omitempty"`
	Message  string `json:"msg,omitempty"`
}

// TransitionInfo says between which states a user cannot go.
type TransitionInfo struct {
	From string `json:"from"`
	To   string `json:"to"`
}

func errNoUser() *fault.Error {
	return fault.New(fault.NotFound, "UserNotFound", "There is no such user.").On("userID")
}

func errAnonymized() *fault.Error {
	return fault.New(fault.Invalid, "UserIsAnonymized", "The user is anonymized and cannot be changed.").On("userID")
}

func errDataRace() *fault.Error {
	return fault.New(fault.Conflict, "DataRace", "Somebody else has just changed this user; look again and repeat.")
}

func errDuplicate(i Identity) *fault.Error {
	return fault.New(fault.Invalid, "InvariantViolated", "The project has this identity already.").On("definition").
		With(DuplicateInfo{
			Cause{"DuplicatedIdentity"}, i.Type, i.Type, i.LoginIDType, i.LoginIDType,
		})
}

// errInvariant is a change that would break a rule; cause is its name in the contract.
func errInvariant(field, cause, message string) *fault.Error {
	return fault.New(fault.Invalid, "InvariantViolated", "%s", message).On(field).With(CauseInfo{Cause{cause}})
}

func errLoginIDKey() *fault.Error {
	return errInvariant("definition", "InvalidLoginIDKey", "The project has no such login id key.")
}

func errNoIdentity() *fault.Error {
	return fault.New(fault.NotFound, "IdentityNotFound", "There is no such identity.")
}

func errNoAuthenticator() *fault.Error {
	return fault.New(fault.NotFound, "AuthenticatorNotFound", "There is no such authenticator.")
}

func errNoTarget() *fault.Error {
	return fault.New(fault.Invalid, "SendPasswordNoTarget", "The user has no e-mail address to send the password to.").On("sendPassword")
}

func errStatus(cause, message string) *fault.Error {
	return fault.New(fault.Invalid, "InvalidAccountStatusTransition", "%s", message).With(CauseInfo{Cause{cause}})
}

func errInvalid(causes ...ValidationCause) *fault.Error {
	return fault.New(fault.Invalid, "ValidationFailed", "The input is invalid.").
		On(strings.TrimPrefix(causes[0].Location, "/")).With(ValidationInfo{causes})
}

// refusal is an error without the nil trap of a typed pointer.
func refusal(causes []ValidationCause) error {
	if len(causes) == 0 {
		return nil
	}
	return errInvalid(causes...)
}

func tooLong(location string, limit, actual int) ValidationCause {
	return ValidationCause{location, "maxLength", ValidationDetails{Expected: limit, Actual: actual}}
}

func badFormat(location, format string) ValidationCause {
	return ValidationCause{location, "format", ValidationDetails{Format: format}}
}

func general(location, message string) ValidationCause {
	return ValidationCause{location, "general", ValidationDetails{Message: message}}
}

// checkText refuses what is no text (invalid UTF-8, NUL, which PostgreSQL cannot store) and
// what has more than limit characters.
func checkText(location, text string, limit int) []ValidationCause {
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return []ValidationCause{badFormat(location, "text")}
	}
	if n := utf8.RuneCountInString(text); n > limit {
		return []ValidationCause{tooLong(location, limit, n)}
	}
	return nil
}

// maxReason bounds the reasons that administrators give, in characters.
const maxReason = 1000

// storedTime rounds a time down to what the database keeps, and refuses one that RFC 3339
// cannot write.
func storedTime(location string, t *time.Time) (*time.Time, []ValidationCause) {
	if t == nil {
		return nil, nil
	}
	utc := t.UTC().Truncate(time.Microsecond)
	if utc.Year() < 1 || utc.Year() > 9999 {
		return nil, []ValidationCause{badFormat(location, "date-time")}
	}
	return &utc, nil
}

var errNotText = errors.New("directory: a stored JSON value is no text")

// mustEncode is JSON without HTML escapes, of a value that cannot fail.
func mustEncode(v any) json.RawMessage {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err) // maps and slices of strings, numbers and what JSON was read into
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
}
