// Package fault is the one vocabulary of errors in Sealog.
//
// An *Error says what kind of failure it is, gives it a stable code that programs may
// match on, and keeps apart what may be shown (Message) from what is for the log (Err).
// Surfaces translate kinds: package web into HTTP statuses, package adminapi into GraphQL
// extensions. An error that holds no *Error is Internal, and its text is never shown.
package fault

import (
	"errors"
	"fmt"
)

// Kind says what sort of failure an Error is. The zero Kind is Internal.
type Kind uint8

// The kinds. Each surface has a table of them and a test that the table is complete.
const (
	// Internal is a defect or a surprise; nothing of it is shown but the request id.
	Internal Kind = iota
	// Invalid is input that breaks a rule of the domain.
	Invalid
	// Malformed is input that cannot be understood at all: syntax, cursors, encodings.
	Malformed
	// Unauthenticated is a caller who has not proven who they are.
	Unauthenticated
	// Denied is a known caller who may not do this.
	Denied
	// NotFound is a thing that is not there, or that the caller may not know of.
	NotFound
	// Conflict is a thing that is there already, or that somebody else has just changed.
	Conflict
	// Exhausted is a limit reached: rate, cost, quota.
	Exhausted
	// Unavailable is something Sealog needs and cannot reach: the database, a peer.
	Unavailable
	// TooLarge is input of more bytes than its limit.
	TooLarge
)

// Kinds lists every kind, for the tests of the tables that translate them.
func Kinds() []Kind {
	return []Kind{Internal, Invalid, Malformed, Unauthenticated, Denied, NotFound, Conflict, Exhausted, Unavailable, TooLarge}
}

// String returns the kind's name in lower case, as it stands in logs and events.
func (k Kind) String() string {
	switch k {
	case Invalid:
		return "invalid"
	case Malformed:
		return "malformed"
	case Unauthenticated:
		return "unauthenticated"
	case Denied:
		return "denied"
	case NotFound:
		return "not_found"
	case Conflict:
		return "conflict"
	case Exhausted:
		return "exhausted"
	case Unavailable:
		return "unavailable"
	case TooLarge:
		return "too_large"
	default:
		return "internal"
	}
}

// Error is a failure that has been understood.
type Error struct {
	Kind Kind
	// Code is API: PascalCase, stable for ever ("UserNotFound").
	Code string
	// Message is one sentence, safe to show to whoever asked.
	Message string
	// Field names the input at fault, in the caller's terms ("userID"); may be empty.
	Field string
	// Info is shown beside the code; it marshals to a JSON object. May be nil.
	Info any
	// Err is the cause, for the log only. May be nil.
	Err error
}

// Error gives code, message and cause: for logs, never for users.
func (e *Error) Error() string {
	text := e.Code + ": " + e.Message
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// New returns an Error without a cause. The message is formatted as by fmt.Sprintf.
func New(kind Kind, code, format string, args ...any) *Error {
	return &Error{Kind: kind, Code: code, Message: fmt.Sprintf(format, args...)}
}

// On names the input at fault and returns e.
func (e *Error) On(field string) *Error {
	e.Field = field
	return e
}

// With sets the info shown beside the code and returns e.
func (e *Error) With(info any) *Error {
	e.Info = info
	return e
}

// Because sets the cause and returns e.
func (e *Error) Because(err error) *Error {
	e.Err = err
	return e
}

// Of returns the outermost Error that err holds, or an Internal one with code
// "Unexpected" around it. Of(nil) is nil.
func Of(err error) *Error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Kind: Internal, Code: "Unexpected", Message: "Something went wrong on the server.", Err: err}
}

// Is reports whether err holds an Error with that code.
func Is(err error, code string) bool {
	return err != nil && Of(err).Code == code
}

// Wrap prefixes *err, when it is set, with where it happened. Use it as the first line of
// an exported method: defer fault.Wrap(&err, "directory.Disable(%q)", id).
func Wrap(err *error, format string, args ...any) {
	if *err != nil {
		*err = fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), *err)
	}
}
