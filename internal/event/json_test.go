package event

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// decodedMembers and decodedElements are what a decoder makes of a value.
func decodedMembers(t *testing.T, text []byte) (members [][2]string) {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(text))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return nil
	}
	for dec.More() {
		key, err := dec.Token()
		var value json.RawMessage
		if err != nil || dec.Decode(&value) != nil {
			t.Fatalf("%q is no JSON after all: %v", text, err)
		}
		members = append(members, [2]string{key.(string), string(value)})
	}
	return members
}

func decodedElements(text []byte) (elements []string) {
	var list []json.RawMessage
	if json.Unmarshal(text, &list) == nil {
		for _, e := range list {
			elements = append(elements, string(e))
		}
	}
	return elements
}

// FuzzJSONValue: of sound JSON one reads what a decoder does. Of anything else one reads
// something or nothing, and comes back.
func FuzzJSONValue(f *testing.F) {
	for _, text := range []string{
		`{}`, `[]`, `null`, `"text"`, `-1.5e3`, ` { "a" : 1 , "b" : [ { } , "x]" ] , "a":"\"}" } `, `[1,"a",[],{"b":[2]},true]`, `[ ]`, `{ }`,
		`{"\u0061":"\u00e9\ud83d\ude02\/"}`, `{"a":`, `{"a"`, `{"a":1,`, `{"a":1,}`, `[1,]`, `["`, `["\`, `{"a":}`, `[}`, `"a\"`, "\"\xff\"", `"`, ``,
	} {
		f.Add([]byte(text))
	}
	for _, stored := range goldenDisclosures(f) {
		for d := range Disclosures(stored) {
			f.Add(d.Value)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		v := jsonValue(text)
		var members [][2]string
		for key, member := range v.members {
			members = append(members, [2]string{string(key), string(member)})
		}
		var elements []string
		for element := range v.elements {
			elements = append(elements, string(element))
		}
		said := v.text()
		if !json.Valid(text) {
			return
		}
		if diff := cmp.Diff(decodedMembers(t, text), members); diff != "" {
			t.Errorf("members of %q (-decoded, +read):\n%s", text, diff)
		}
		if diff := cmp.Diff(decodedElements(text), elements); diff != "" {
			t.Errorf("elements of %q (-decoded, +read):\n%s", text, diff)
		}
		var want string
		_ = json.Unmarshal(text, &want) // leaves it empty for another type
		if bare := bytes.TrimSpace(text); len(bare) == len(text) && said != want {
			t.Errorf("%q says %q, want %q", text, said, want)
		}
	})
}

func TestARangeOverJSONCanBeLeft(t *testing.T) {
	t.Parallel()
	n := 0
	for range jsonValue(`{"a":1,"b":2}`).members {
		n++
		break
	}
	for range jsonValue(`[1,2]`).elements {
		n++
		break
	}
	if n != 2 {
		t.Errorf("%d turns, want 2", n)
	}
	if got := jsonValue(`{"a":1,"b":"x","b":"y"}`).member("b").text(); got != "y" {
		t.Errorf("of a key that is there twice: %q, want the last as a decoder has it", got)
	}
}
