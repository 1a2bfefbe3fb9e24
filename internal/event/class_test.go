package event

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// TestAFieldOfTheWrongClassDoesNotStart: the catalogue is built when the program starts, so
// that a fact that could spill a secret never runs.
func TestAFieldOfTheWrongClassDoesNotStart(t *testing.T) {
	t.Parallel()
	type object struct {
		ID string `json:"id" class:"public"`
	}
	type openObject struct {
		ID string `json:"id"`
	}
	type embedded struct {
		UserCreated
	}
	for _, c := range []struct {
		name string
		fact any
		want string // the panic's words; "" for a fact that is as it should be
	}{
		{"public", struct {
			A string `json:"a" class:"public"`
		}{}, ""},
		{"object with classes", struct {
			A object `json:"a"`
		}{}, ""},
		{"pointer to an object with classes", struct {
			A *object `json:"a,omitempty"`
		}{}, ""},
		{"fingerprint", struct {
			A Fingerprint `json:"a" class:"secret"`
		}{}, ""},
		{"no class", struct {
			A string `json:"a"`
		}{}, "no class"},
		{"no class, second field", struct {
			A string `json:"a" class:"public"`
			B string `json:"b"`
		}{}, "B has no class"},
		{"unknown class", struct {
			A string `json:"a" class:"internal"`
		}{}, "no class"},
		{"class of another case", struct {
			A string `json:"a" class:"Public"`
		}{}, "no class"},
		{"no class inside an object", struct {
			A openObject `json:"a"`
		}{}, "ID has no class"},
		{"no class inside a pointed-to object", struct {
			A *openObject `json:"a"`
		}{}, "ID has no class"},
		{"slice of objects without a class of its own", struct {
			A []object `json:"a"`
		}{}, "no class"},
		{"secret text", struct {
			A string `json:"a" class:"secret"`
		}{}, "must be a fingerprint"},
		{"secret bytes", struct {
			A []byte `json:"a" class:"secret"`
		}{}, "must be a fingerprint"},
		{"public fingerprint", struct {
			A Fingerprint `json:"a" class:"public"`
		}{}, "must be of class secret"},
		{"personal fingerprint", struct {
			A Fingerprint `json:"a" class:"personal"`
		}{}, "must be of class secret"},
		{"unclassed fingerprint", struct {
			A Fingerprint `json:"a"`
		}{}, "no class"},
		{"no key", struct {
			A string `class:"public"`
		}{}, "no JSON key"},
		{"key left out", struct {
			A string `json:"-" class:"public"`
		}{}, "no JSON key"},
		{"not exported", reflect.Zero(reflect.StructOf([]reflect.StructField{{
			Name: "a", PkgPath: "x", Type: reflect.TypeFor[string](), Tag: `json:"a" class:"public"`,
		}})).Interface(), "no JSON key"},
		{"embedded fact", embedded{}, "no JSON key"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := panicOf(func() { fieldsOf(reflect.TypeOf(c.fact), true) })
			if (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
				t.Errorf("fieldsOf panicked with %q, want %q", got, c.want)
			}
		})
	}
}

func panicOf(f func()) (text string) {
	defer func() {
		if p := recover(); p != nil {
			text = fmt.Sprint(p)
		}
	}()
	f()
	return ""
}

// TestClassesOfTheContext: what is there without anybody having to be asked, and what goes
// when a person is erased.
func TestClassesOfTheContext(t *testing.T) {
	t.Parallel()
	got := map[Class][]string{}
	for _, f := range contextFields {
		got[f.Class] = append(got[f.Class], f.Key)
	}
	want := map[Class][]string{
		Public: {
			"timestamp", "user_id", "triggered_by", "app_id", "client_id", "tracking_id", "actor", "target", "request_id", "error",
		},
		Personal: {
			"audit_context", "preferred_languages", "language", "oauth", "ip_address", "geo_location_code", "user_agent",
			"forwarded_for", "claimed",
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want, +got):\n%s", diff)
	}
}

// TestPersonalFieldsOfUsers names the fields that must never be public, whatever else is added.
func TestPersonalFieldsOfUsers(t *testing.T) {
	t.Parallel()
	personal := map[string]bool{}
	for _, key := range []string{
		"standard_attributes", "custom_attributes", "x_web3", "disable_reason", "delete_reason", "claims", "createdByIP",
		"lastAccessedByIP", "lastAccessedByIPCountryCode", "lastAccessedByIPEnglishCountryName", "displayName", "applicationName",
		"userAgent", "reason", "login_id", "claim_value", "recipient", "description", "invitee_email", "addresses",
		"identities", "sessions",
	} {
		personal[key] = true
	}
	// A reason in words is somebody's text. Of these, access.denied gives a code, and the others
	// say why the log itself is not as it was, which has to stay.
	onTheRecord := map[Type]bool{"access.denied": true, "audit.redacted": true, "audit_log.epoch_opened": true}
	for _, spec := range Catalogue() {
		for _, f := range spec.Fields {
			if f.Fields == nil {
				f.Fields = []Field{f}
			}
			for _, inner := range f.Fields {
				if inner.Key == "reason" && onTheRecord[spec.Type] {
					continue
				}
				if personal[inner.Key] && inner.Class != Personal {
					t.Errorf("%s: %s is %s", spec.Type, inner.Key, inner.Class)
				}
			}
		}
	}
}

// FuzzAppendValue compares what is written of values with what an encoder of JSON writes.
func FuzzAppendValue(f *testing.F) {
	for _, text := range []string{"", "kim@shop.example", "a\"b\\c", "\x00\x1f\x7f", "<&>", "\u2028 é 😀", "\xff\xfe", "a\nb"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		raw, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		var id ID
		copy(id[:], text)
		for _, v := range []any{
			text, Fingerprint(text), ActorType(text), &text, (*string)(nil), []string{text, "b"}, id, &id, len(text), text == "",
			json.RawMessage(raw), time.UnixMicro(int64(len(text))).UTC(), struct {
				A string `json:"a"`
			}{text},
		} {
			var want bytes.Buffer
			enc := json.NewEncoder(&want)
			enc.SetEscapeHTML(false)
			if err := enc.Encode(v); err != nil {
				t.Fatal(err)
			}
			got, err := appendValue([]byte("before"), reflect.ValueOf(v))
			if err != nil || string(got) != "before"+string(bytes.TrimSuffix(want.Bytes(), []byte("\n"))) {
				t.Errorf("%T of %q is written %q, %v; want %q", v, text, got, err, want.Bytes())
			}
		}
		for range 2 { // an encoder that has failed is not used again
			if got, err := appendValue(nil, reflect.ValueOf(json.RawMessage(`{"a":`))); err == nil {
				t.Errorf("malformed JSON is written %q", got)
			}
		}
		if got, err := appendValue(nil, reflect.ValueOf(json.RawMessage("\""+"\xff"+"\""))); err != nil || !utf8.Valid(got) {
			t.Errorf("what is no UTF-8 is written %q, %v", got, err)
		}
	})
}
