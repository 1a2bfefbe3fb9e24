// Package model holds the objects of the Admin API's graph: what the domain's types look
// like there, and how scalars, ids and pages are written.
//
// It decides nothing and stores nothing; what an object needs beyond itself it is handed
// as a function that loads it for a whole page at once. Package gql, which is generated
// from the schema, binds these types.
//
// Start reading at User and AuditLog.
package model

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
)

func errArgument(format string, args ...any) error {
	return fault.New(fault.Malformed, "InvalidArgument", format, args...)
}

// quoted writes a text that needs no escapes.
func quoted(text string) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) { _, _ = io.WriteString(w, `"`+text+`"`) })
}

// MarshalDateTime writes RFC 3339 in UTC, without trailing zeros of the fraction.
func MarshalDateTime(t time.Time) graphql.Marshaler {
	return quoted(t.UTC().Format(time.RFC3339Nano))
}

// UnmarshalDateTime reads RFC 3339 with a time zone; what is finer than a microsecond is cut off.
func UnmarshalDateTime(v any) (time.Time, error) {
	text, ok := v.(string)
	if !ok {
		return time.Time{}, errArgument("A date and time is a string, as in RFC 3339: 2006-01-02T15:04:05Z.")
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || strings.Contains(text, ",") {
		return time.Time{}, errArgument("That is not a date and time as in RFC 3339: 2006-01-02T15:04:05Z.")
	}
	t = t.UTC().Truncate(time.Microsecond)
	if t.Year() < 1 || t.Year() > 9999 {
		return time.Time{}, errArgument("That date is out of range: the year must be 0001 to 9999 in UTC.")
	}
	return t, nil
}

// MarshalInt writes a number.
func MarshalInt(n int) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) { _, _ = io.WriteString(w, strconv.Itoa(n)) })
}

// UnmarshalInt reads a whole number of 32 bits, as GraphQL's Int is.
func UnmarshalInt(v any) (int, error) {
	var n int64
	var err error
	switch v := v.(type) {
	case json.Number:
		n, err = strconv.ParseInt(v.String(), 10, 32)
	case int64:
		n = v
	case int:
		n = int64(v)
	default:
		return 0, errArgument("That is not a whole number.")
	}
	if err != nil || n > math.MaxInt32 || n < math.MinInt32 {
		return 0, errArgument("That is not a whole number of 32 bits.")
	}
	return int(n), nil
}

// MarshalJSON writes JSON as it stands; it is kept in one piece, not read.
func MarshalJSON(v json.RawMessage) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) {
		if len(v) == 0 {
			v = json.RawMessage("null")
		}
		_, _ = w.Write(v)
	})
}

// UnmarshalJSON reads a JSON object: an object in a variable or in the document, or a string
// that holds one.
func UnmarshalJSON(v any) (json.RawMessage, error) {
	var text []byte
	switch v := v.(type) {
	case string:
		text = []byte(v)
	case map[string]any:
		var err error
		if text, err = json.Marshal(v); err != nil {
			return nil, errArgument("That is not a JSON object.")
		}
	default:
		return nil, errArgument("That is not a JSON object.")
	}
	text = bytes.TrimSpace(text)
	if len(text) == 0 || text[0] != '{' || !json.Valid(text) {
		return nil, errArgument("That is not a JSON object.")
	}
	return text, nil
}

// Custom stands for every activity type that the enum has no name for.
const Custom event.Type = "CUSTOM"

// MarshalActivityType writes a type's name in the enum.
func MarshalActivityType(t event.Type) graphql.Marshaler {
	if !t.InContract() {
		return quoted(string(Custom))
	}
	return quoted(t.EnumName())
}

// UnmarshalActivityType reads a name of the enum; CUSTOM becomes Custom.
func UnmarshalActivityType(v any) (event.Type, error) {
	name, _ := v.(string)
	if name == string(Custom) {
		return Custom, nil
	}
	if t, ok := event.TypeOfEnum(name); ok {
		return t, nil
	}
	return "", errArgument("There is no such activity type.")
}

// MarshalOutcome writes an outcome's name in the enum.
func MarshalOutcome(o event.Outcome) graphql.Marshaler {
	return quoted(strings.ToUpper(o.String()))
}

// UnmarshalOutcome reads a name of the enum.
func UnmarshalOutcome(v any) (event.Outcome, error) {
	name, _ := v.(string)
	if o, ok := event.ParseOutcome(strings.ToLower(name)); ok && name == strings.ToUpper(name) {
		return o, nil
	}
	return 0, errArgument("There is no such outcome.")
}

// MarshalActorType writes an actor type's name in the enum.
func MarshalActorType(t event.ActorType) graphql.Marshaler {
	return quoted(strings.ToUpper(string(t)))
}

// UnmarshalActorType reads a name of the enum.
func UnmarshalActorType(v any) (event.ActorType, error) {
	name, _ := v.(string)
	return event.ActorType(strings.ToLower(name)), nil
}
