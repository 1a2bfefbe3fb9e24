package event

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// TestDigestOfTheStandardsExample has the array and the digest of RFC 9901, section 4.2.3.
func TestDigestOfTheStandardsExample(t *testing.T) {
	t.Parallel()
	const array = `["_26bc4LT-ac6q2KI6cBW5es", "family_name", "Möbius"]`
	if got, want := Digest([]byte(array)), "X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0"; got != want {
		t.Errorf("digest is %s, want %s", got, want)
	}
}

func TestDisclosureIsTheArrayOfTheStandard(t *testing.T) {
	t.Parallel()
	salt := append([]byte{0xff, 0xfe, 0xfd, 0xfc}, make([]byte, 12)...)
	line := appendDisclosure(nil, salt, "payload.user~personal", []byte(`{"a":"x","b":[1,"\",]"]}`))
	if want := `["__79_AAAAAAAAAAAAAAAAA","payload.user~personal",{"a":"x","b":[1,"\",]"]}]`; string(line) != want {
		t.Fatalf("got %s, want %s", line, want)
	}
	stored := append(line, "\n"+`["AAAAAAAAAAAAAAAAAAAAAA","context",{}]`...)
	var got []Disclosure
	for d, err := range Disclosures(stored) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, d)
	}
	want := []Disclosure{
		{Array: line, Name: "payload.user~personal", Value: []byte(`{"a":"x","b":[1,"\",]"]}`)},
		{Array: []byte(`["AAAAAAAAAAAAAAAAAAAAAA","context",{}]`), Name: "context", Value: []byte(`{}`)},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want, +got):\n%s", diff)
	}
	if base, personal := got[0].Base(); base != "payload.user" || !personal {
		t.Errorf("base is %s, %t", base, personal)
	}
	if base, personal := got[1].Base(); base != "context" || personal {
		t.Errorf("base is %s, %t", base, personal)
	}
	n := 0
	for range Disclosures(stored) {
		n++
		break // a range that is left early asks for no more
	}
	if n != 1 {
		t.Errorf("%d turns", n)
	}
}

func TestALineThatIsNoDisclosureIsAnError(t *testing.T) {
	t.Parallel()
	const sound = `["AAAAAAAAAAAAAAAAAAAAAA","context",{"a":1}]`
	for name, line := range map[string]string{
		"empty line":          "",
		"object":              `{"a":"AAAAAAAAAAAAAAAAAAAA","context":{}}`,
		"short salt":          `["AAAAAAAAAAAAAAAAAAAAA","context",{}]`,
		"long salt":           `["AAAAAAAAAAAAAAAAAAAAAAA","context",{}]`,
		"quote in the salt":   `["AAAAAAA","x","AAAAAAAA","context",{}]`,
		"escape in the salt":  `["AAAAAAAAAAAAAAAAA\u0041","context",{}]`,
		"space":               `[ "AAAAAAAAAAAAAAAAAAAAAA","context",{}]`,
		"escape in the name":  `["AAAAAAAAAAAAAAAAAAAAAA","conte\u0078t",{}]`,
		"control in the name": "[\"AAAAAAAAAAAAAAAAAAAAAA\",\"conte\tt\",{}]",
		"two elements":        `["AAAAAAAAAAAAAAAAAAAAAA",{"a":1}]`,
		"no end":              `["AAAAAAAAAAAAAAAAAAAAAA","context",{"a":1}`,
		"carriage return":     sound + "\r",
	} {
		errs := 0
		turns := 0
		for _, err := range Disclosures([]byte(sound + "\n" + line + "\n" + sound)) {
			turns++
			if err != nil {
				errs++
			}
		}
		if errs != 1 || turns != 2 {
			t.Errorf("%s: %d errors in %d turns, want one that ends the range", name, errs, turns)
		}
		if _, err := Data(goldenID(), 0, "user.created", []byte(line+"\n")); err == nil {
			t.Errorf("%s: Data went through", name)
		}
	}
}

func TestPartsAreMerged(t *testing.T) {
	t.Parallel()
	line := func(name, value string) string {
		return string(appendDisclosure(nil, make([]byte, SaltSize), name, []byte(value)))
	}
	for _, c := range []struct {
		name  string
		lines []string
		want  string
	}{
		{"nothing left", nil, `{"id":"ID","type":"user.created","payload":{},"context":{}}`},
		{"two halves", []string{line("context", `{"a":1}`), line("payload.user", `{"id":"x"}`), line("payload.user~personal", `{"name":"y"}`)},
			`{"id":"ID","type":"user.created","payload":{"user":{"id":"x","name":"y"}},"context":{"a":1}}`},
		{"personal half alone", []string{line("payload.user~personal", `{"name":"y"}`)},
			`{"id":"ID","type":"user.created","payload":{"user":{"name":"y"}},"context":{}}`},
		{"empty halves", []string{line("payload.a", `{}`), line("payload.a~personal", `{"x":1}`), line("payload.b", `{"y":2}`), line("payload.b~personal", `{}`)},
			`{"id":"ID","type":"user.created","payload":{"a":{"x":1},"b":{"y":2}},"context":{}}`},
		{"no objects", []string{line("payload.reason~personal", `"why"`), line("payload.n", `3`), line("payload.list~personal", `[1]`)},
			`{"id":"ID","type":"user.created","payload":{"reason":"why","n":3,"list":[1]},"context":{}}`},
		{"spaces in a half", []string{line("payload.a", `{ }`), line("payload.a~personal", ` {"x":1} `), line("payload.b", `{"y":2} `), line("payload.b~personal", `{"z":3}`)},
			`{"id":"ID","type":"user.created","payload":{"a":{"x":1},"b":{"y":2,"z":3}},"context":{}}`},
	} {
		got, err := Data(goldenID(), -1, "user.created", []byte(strings.Join(c.lines, "\n")))
		if err != nil {
			t.Fatal(err)
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, got); err != nil {
			t.Errorf("%s: %v in %s", c.name, err, got)
			continue
		}
		if want := strings.Replace(c.want, "ID", goldenID().String(), 1); compact.String() != want {
			t.Errorf("%s: got %s, want %s", c.name, got, want)
		}
	}

	e := goldenEvent(t, byType["user.deleted"])
	if v, err := PayloadKey(e.Disclosures, "reason"); err != nil || !bytes.Contains(v, []byte(personalMark)) {
		t.Errorf("payload key is %s, %v", v, err)
	}
	if v, err := PayloadKey(e.Disclosures, "reas"); err != nil || v != nil {
		t.Errorf("a key that is not there is %s, %v", v, err)
	}
}

func FuzzData(f *testing.F) {
	for _, stored := range goldenDisclosures(f) {
		f.Add(stored)
	}
	f.Add([]byte(`["AAAAAAAAAAAAAAAAAAAAAA","payload.a",{ }]` + "\n" + `["AAAAAAAAAAAAAAAAAAAAAA","payload.a~personal",{"b":1} ]`))
	f.Fuzz(func(t *testing.T, stored []byte) {
		sound := true
		for d, err := range Disclosures(stored) {
			if err != nil {
				sound = false
				break
			}
			if !json.Valid(d.Value) {
				sound = false
				continue
			}
			// What a reader of JSON sees is what we see.
			var array []json.RawMessage
			var name string
			if json.Unmarshal(d.Array, &array) != nil || len(array) != 3 || json.Unmarshal(array[1], &name) != nil {
				t.Fatalf("%q was read as a disclosure", d.Array)
			}
			if name != d.Name && utf8.ValidString(d.Name) || !bytes.Equal(array[2], bytes.TrimSpace(d.Value)) {
				t.Errorf("%q is read as %q with the value %s", d.Array, d.Name, d.Value)
			}
		}
		data, err := Data(goldenID(), 7, "user.created", stored)
		if sound && (err != nil || !json.Valid(data)) {
			t.Errorf("%q gave %q, %v", stored, data, err)
		}
		for _, key := range []string{"user", ""} {
			if v, err := PayloadKey(stored, key); sound && (err != nil || v != nil && !json.Valid(v)) {
				t.Errorf("payload key %q is %q, %v", key, v, err)
			}
		}
	})
}

func goldenDisclosures(tb testing.TB) (all [][]byte) {
	tb.Helper()
	for _, name := range goldenFiles(tb) {
		text, err := os.ReadFile(filepath.Join(goldenDir, name))
		if err != nil {
			tb.Fatal(err)
		}
		_, disclosures, _ := readGolden(tb, text)
		all = append(all, disclosures)
	}
	return all
}
