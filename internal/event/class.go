package event

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"unicode/utf8"
)

// Class says what may become of a field: it is the tag `class:"…"` of every field of every fact.
type Class string

// The classes.
const (
	// Public fields stay for ever: ids, flags, times, counts.
	Public Class = "public"
	// Personal fields tell something about a person; erasure removes them.
	Personal Class = "personal"
	// Secret fields are about a secret. They hold a Fingerprint, which stands with the public ones.
	Secret Class = "secret"
)

// Fingerprint is a keyed hash of a secret: it shows whether two secrets are the same and
// nothing else. Package vault makes it.
type Fingerprint string

// Field describes one key of a payload or of an object in it.
type Field struct {
	Key string
	// Class is empty for an object whose own fields are classed one by one.
	Class    Class
	Optional bool
	// GoType is the field's type in words of JSON: "string", "object", "boolean" …
	JSONType string
	Fields   []Field

	index []int
}

var (
	rawMessageType    = reflect.TypeFor[json.RawMessage]()
	fingerprintType   = reflect.TypeFor[Fingerprint]()
	idType            = reflect.TypeFor[ID]()
	marshalerType     = reflect.TypeFor[json.Marshaler]()
	textMarshalerType = reflect.TypeFor[encoding.TextMarshaler]()
	numberType        = reflect.TypeFor[json.Number]()
)

// fieldsOf describes the fields of a struct type. It panics on a field without a class or
// with one that its type cannot have, and on strings that would not be written as such: the catalogue is built when the program starts, so
// such a program does not start.
func fieldsOf(t reflect.Type, split bool) []Field {
	var fields []Field
	for sf := range t.Fields() {
		key, options, _ := strings.Cut(sf.Tag.Get("json"), ",")
		if !sf.IsExported() || key == "" || key == "-" {
			panic(fmt.Sprintf("event: field %s.%s has no JSON key", t, sf.Name))
		}
		f := Field{
			Key: key, Class: Class(sf.Tag.Get("class")), index: sf.Index,
			Optional: options == "omitempty", JSONType: jsonType(sf.Type),
		}
		if sf.Type.Kind() == reflect.String && (sf.Type == numberType || sf.Type.Implements(marshalerType) || sf.Type.Implements(textMarshalerType)) {
			panic(fmt.Sprintf("event: field %s.%s is a string that is written otherwise", t, sf.Name))
		}
		object := sf.Type
		if object.Kind() == reflect.Pointer {
			object = object.Elem()
		}
		switch {
		case f.Class == Public, f.Class == Personal:
			if sf.Type == fingerprintType {
				panic(fmt.Sprintf("event: field %s.%s is a fingerprint and must be of class secret", t, sf.Name))
			}
		case f.Class == Secret:
			if sf.Type != fingerprintType {
				panic(fmt.Sprintf("event: field %s.%s is secret and must be a fingerprint", t, sf.Name))
			}
		case f.Class == "" && split && object.Kind() == reflect.Struct:
			f.Fields = fieldsOf(object, false)
		default:
			panic(fmt.Sprintf("event: field %s.%s has no class", t, sf.Name))
		}
		fields = append(fields, f)
	}
	return fields
}

func jsonType(t reflect.Type) string {
	if t == idType || t == fingerprintType || t.String() == "time.Time" {
		return "string"
	}
	if t == rawMessageType {
		return "object"
	}
	switch t.Kind() {
	case reflect.Pointer:
		return jsonType(t.Elem())
	case reflect.Bool:
		return "boolean"
	case reflect.Int, reflect.Int64:
		return "integer"
	case reflect.String:
		return "string"
	case reflect.Slice:
		return "array of " + jsonType(t.Elem())
	default:
		return "object"
	}
}

// part is one half of a payload key or of the context, before it is salted.
type part struct {
	name  string // "payload.user~personal"
	value []byte // JSON
}

// personalSuffix marks the name of a disclosure that holds personal fields.
const personalSuffix = "~personal"

// splitPayload splits a fact into its parts, in the order of its fields.
func splitPayload(v reflect.Value, fields []Field) ([]part, error) {
	var parts []part
	for _, f := range fields {
		fv := v.FieldByIndex(f.index)
		if f.Optional && isUnset(fv) {
			continue
		}
		name := "payload." + f.Key
		if fv.Kind() == reflect.Pointer && !fv.IsNil() {
			fv = fv.Elem()
		}
		if f.Fields != nil && fv.Kind() == reflect.Struct {
			halves, err := splitObject(name, fv, f.Fields)
			if err != nil {
				return nil, err
			}
			parts = append(parts, halves...)
			continue
		}
		value, err := appendValue(nil, fv)
		if err != nil {
			return nil, fmt.Errorf("event: encode %s: %w", name, err)
		}
		if f.Class == Personal {
			name += personalSuffix
		}
		parts = append(parts, part{name, value})
	}
	return parts, nil
}

// splitObject splits one object into its public and its personal part; an empty part is left out.
func splitObject(name string, v reflect.Value, fields []Field) ([]part, error) {
	const usual = 512 // bytes of a half
	public, personal := part{name: name}, part{name: name + personalSuffix}
	for _, f := range fields {
		fv := v.FieldByIndex(f.index)
		if f.Optional && isUnset(fv) {
			continue
		}
		half := &public
		if f.Class == Personal {
			half = &personal
		}
		if half.value == nil {
			half.value = make([]byte, 0, usual)
		}
		value := append(append(append(half.value, `,"`...), f.Key...), `":`...)
		value, err := appendValue(value, fv)
		if err != nil {
			return nil, fmt.Errorf("event: encode %s.%s: %w", name, f.Key, err)
		}
		half.value = value
	}
	var parts []part
	for _, half := range []part{public, personal} {
		if half.value != nil {
			half.value = append(half.value, '}')
			half.value[0] = '{' // the first comma's place
			parts = append(parts, half)
		}
	}
	return parts, nil
}

func isUnset(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map:
		return v.Len() == 0
	default:
		return v.IsZero()
	}
}

// appendValue is JSON on one line without HTML escapes. Raw messages come from callers, and what
// is no UTF-8 in them is replaced, as it is in every other text. Plain strings and ids, which most
// values are, are written without an encoder.
func appendValue(b []byte, v reflect.Value) ([]byte, error) {
	switch {
	case v.Type() == idType:
		return appendString(b, v.Interface().(ID).String()), nil
	case v.Kind() == reflect.String && isPlainASCII(v.String()):
		return appendString(b, v.String()), nil
	}
	e := encoders.Get().(*encoder)
	e.text.Reset()
	if err := e.Encode(v.Interface()); err != nil {
		return nil, err // and an encoder that has failed is not used again
	}
	defer encoders.Put(e)
	value := bytes.TrimSuffix(e.text.Bytes(), []byte("\n"))
	if !utf8.Valid(value) {
		value = bytes.ToValidUTF8(value, []byte("\ufffd"))
	}
	return append(b, value...), nil
}

type encoder struct {
	*json.Encoder
	text bytes.Buffer
}

var encoders = sync.Pool{New: func() any {
	e := &encoder{}
	e.Encoder = json.NewEncoder(&e.text)
	e.SetEscapeHTML(false)
	return e
}}
