package event

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const soundEntry = `{"c":{"context":"dig&est","payload.user":"digest"},"capture":"witnessed",` +
	`"id":"01a204e5-7c2b-774b-8009-0a0b0c0d0e0f","log":"a.example/log/0","outcome":"succeeded",` +
	`"t":"2026-11-22T20:14:38.123456Z","type":"user.created","v":1}`

func TestParseEntryRefusesAllButTheCanonicalForm(t *testing.T) {
	t.Parallel()
	if _, err := ParseEntry([]byte(soundEntry)); err != nil {
		t.Fatalf("the sound entry: %v", err)
	}
	for _, c := range []struct{ name, old, new string }{
		{"unknown key", `,"v":1`, `,"v":1,"w":1`},
		{"unknown key in front", `{"c"`, `{"a":1,"c"`},
		{"missing key", `"outcome":"succeeded",`, ``},
		{"missing commitments", `"c":{"context":"dig&est","payload.user":"digest"},`, ``},
		{"commitments null", `{"context":"dig&est","payload.user":"digest"}`, `null`},
		{"other key order", `"capture":"witnessed","id":"01a204e5-7c2b-774b-8009-0a0b0c0d0e0f"`, `"id":"01a204e5-7c2b-774b-8009-0a0b0c0d0e0f","capture":"witnessed"`},
		{"other order of commitments", `"context":"dig&est","payload.user":"digest"`, `"payload.user":"digest","context":"dig&est"`},
		{"space", `,"v":1`, `, "v":1`},
		{"newline", `,"v":1`, ",\n\"v\":1"},
		{"leading space", `{"c"`, ` {"c"`},
		{"trailing newline", `"v":1}`, "\"v\":1}\n"},
		{"trailing object", `"v":1}`, `"v":1}{}`},
		{"trailing byte", `"v":1}`, "\"v\":1}\x00"},
		{"cut off", `"v":1}`, `"v":1`},
		{"duplicate key", `"outcome":"succeeded"`, `"outcome":"failed","outcome":"succeeded"`},
		{"duplicate commitment", `"context":"dig&est"`, `"context":"other","context":"dig&est"`},
		{"key of another case", `"outcome"`, `"Outcome"`},
		{"HTML-escaped", `dig&est`, `dig\u0026est`},
		{"letter escaped", `witnessed`, `\u0077itnessed`},
		{"solidus escaped", `a.example/log`, `a.example\/log`},
		{"control character by number", `digest"}`, `dig\u000aest"}`},
		{"upper-case escape", `digest"}`, `dig\u001Fest"}`},
		{"lone surrogate", `digest"}`, `dig\ud800est"}`},
		{"invalid UTF-8", `digest"}`, "dig\xffest\"}"},
		{"upper-case id", `01a204e5-7c2b-774b`, `01A204E5-7C2B-774B`},
		{"id without dashes", `01a204e5-7c2b-774b-8009-0a0b0c0d0e0f`, `01a204e57c2b774b80090a0b0c0d0e0f`},
		{"milliseconds", `38.123456Z`, `38.123Z`},
		{"nanoseconds", `38.123456Z`, `38.123456000Z`},
		{"whole seconds", `38.123456Z`, `38Z`},
		{"comma in the time", `38.123456Z`, `38,123456Z`},
		{"offset", `38.123456Z`, `38.123456+00:00`},
		{"lower-case zone", `38.123456Z`, `38.123456z`},
		{"no such day", `2026-11-22T`, `2026-11-31T`},
		{"other version", `"v":1`, `"v":2`},
		{"version as a fraction", `"v":1`, `"v":1.0`},
		{"version as text", `"v":1`, `"v":"1"`},
		{"digest that is no text", `"payload.user":"digest"`, `"payload.user":5`},
		{"array", soundEntry, `[` + soundEntry + `]`},
		{"null", soundEntry, `null`},
		{"nothing", soundEntry, ``},
		{"byte order mark", `{"c"`, "\ufeff{\"c\""},
	} {
		text := strings.Replace(soundEntry, c.old, c.new, 1)
		if text == soundEntry {
			t.Fatalf("%s: changed nothing", c.name)
		}
		if e, err := ParseEntry([]byte(text)); err == nil {
			t.Errorf("%s: accepted as %+v", c.name, e)
		}
		if e, err := parseAnyJSON([]byte(text)); err == nil {
			t.Errorf("%s: a reader of any JSON accepts it as %+v", c.name, e)
		}
	}
}

func TestParseEntryBoundsTheSize(t *testing.T) {
	t.Parallel()
	pad := func(size int) []byte {
		return []byte(strings.Replace(soundEntry, "a.example", strings.Repeat("a", size-len(soundEntry)+len("a.example")), 1))
	}
	if e := pad(MaxEntry); len(e) != MaxEntry {
		t.Fatalf("%d bytes", len(e))
	}
	if _, err := ParseEntry(pad(MaxEntry)); err != nil {
		t.Errorf("an entry of the largest size: %v", err)
	}
	if _, err := ParseEntry(pad(MaxEntry + 1)); err == nil {
		t.Error("an entry that is too large was accepted")
	}
	fact := UserDeleted{User: UserObject{ID: goldenUser}}
	if _, err := New(fact, goldenID(), strings.Repeat("x", MaxEntry), goldenBy(fact.Type()), InProject("acme")); err == nil {
		t.Error("an entry that is too large was written")
	}
	// A large value is not in the entry, so it has no such limit.
	fact.Reason = strings.Repeat("x", 10*MaxEntry)
	e, err := New(fact, goldenID(), goldenLog, goldenBy(fact.Type()), InProject("acme"))
	if err != nil || len(e.Entry) > 1000 {
		t.Errorf("entry of %d bytes, %v", len(e.Entry), err)
	}
}

// parseAnyJSON is ParseEntry by way of encoding/json, which knows nothing of a fixed order.
// The two accept the same entries and read the same in them.
func parseAnyJSON(entry []byte) (Entry, error) {
	if len(entry) > MaxEntry {
		return Entry{}, fmt.Errorf("%d bytes", len(entry))
	}
	var raw struct {
		C       map[string]string `json:"c"`
		Capture Capture           `json:"capture"`
		ID      ID                `json:"id"`
		Log     string            `json:"log"`
		Outcome string            `json:"outcome"`
		T       string            `json:"t"`
		Type    Type              `json:"type"`
	}
	if err := json.Unmarshal(entry, &raw); err != nil {
		return Entry{}, err
	}
	t, err := time.Parse(TimeFormat, raw.T)
	if err != nil {
		return Entry{}, err
	}
	e := Entry{Capture: raw.Capture, ID: raw.ID, Log: raw.Log, Outcome: raw.Outcome, Time: t, Type: raw.Type}
	for _, name := range slices.Sorted(maps.Keys(raw.C)) {
		e.Commitments = append(e.Commitments, Commitment{name, raw.C[name]})
	}
	if !bytes.Equal(e.Canonical(), entry) {
		return Entry{}, errNotCanonical
	}
	return e, nil
}

func TestParseEntryReadsWhatAnyReaderDoes(t *testing.T) {
	t.Parallel()
	entries := goldenEntries(t)
	for _, c := range []struct{ old, new string }{
		{"", ""},
		{`{"context":"dig&est","payload.user":"digest"}`, `{}`},
		{`"payload.user":"digest"`, `"payload.\"\\\b\u001f":"\n"`},
		{`"context"`, `""`},
		{"a.example", "b\u00fccher.example/\U0001f602\u2028\x7f"},
		{"user.created", ""},
		{"2026-11-22T20:14:38.123456Z", "0000-01-01T00:00:00.000000Z"},
		{"01a204e5-7c2b-774b-8009-0a0b0c0d0e0f", "00000000-0000-0000-0000-000000000000"},
	} {
		entries = append(entries, []byte(strings.Replace(soundEntry, c.old, c.new, 1)))
	}
	for _, entry := range entries {
		want, err := parseAnyJSON(entry)
		if err != nil {
			t.Fatalf("%s: %v", entry, err)
		}
		got, err := ParseEntry(entry)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-any reader, +ParseEntry):\n%s", entry, err, diff)
		}
	}
}

func FuzzParseEntry(f *testing.F) {
	for _, entry := range goldenEntries(f) {
		f.Add(entry)
	}
	f.Add([]byte(soundEntry))
	f.Add([]byte(strings.Replace(soundEntry, "dig&est", `\"\\\b\u001f\ud83d\ude02`, 1)))
	f.Add([]byte(strings.Replace(soundEntry, "a.example", "\xff\u00fc\u2028", 1)))
	f.Fuzz(func(t *testing.T, entry []byte) {
		e, err := ParseEntry(entry)
		want, wantErr := parseAnyJSON(entry)
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("%q: %v; a reader of any JSON: %v", entry, err, wantErr)
		}
		if err != nil {
			return
		}
		if diff := cmp.Diff(want, e); diff != "" {
			t.Errorf("%s (-any reader, +ParseEntry):\n%s", entry, diff)
		}
		if canonical := e.Canonical(); !bytes.Equal(canonical, entry) {
			t.Errorf("accepted\n%s\nbut its canonical form is\n%s", entry, canonical)
		}
		if !json.Valid(entry) || !utf8.Valid(entry) || len(entry) > MaxEntry {
			t.Errorf("accepted what is no JSON in UTF-8 of at most %d bytes: %q", MaxEntry, entry)
		}
	})
}

func goldenEntries(tb testing.TB) (entries [][]byte) {
	tb.Helper()
	for _, name := range goldenFiles(tb) {
		text, err := os.ReadFile(filepath.Join(goldenDir, name))
		if err != nil {
			tb.Fatal(err)
		}
		entry, _, _ := readGolden(tb, text)
		entries = append(entries, entry)
	}
	return entries
}

// TestStringsAreThoseOfRFC8785 has the examples of section 3.2.2.2 and its appendix B's text.
func TestStringsAreThoseOfRFC8785(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{"", `""`},
		{"plain", `"plain"`},
		// Section 3.2.2: "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/"
		{"\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/", `"€$\u000f\nA'B\"\\\\\"/"`},
		{"\b\t\n\f\r", `"\b\t\n\f\r"`},
		{"\x00\x01\x1f", `"\u0000\u0001\u001f"`},
		{"\x7f\u0080", "\"\x7f\u0080\""},
		{"<script>&'", `"<script>&'"`},
		{"\u2028\u2029", "\"\u2028\u2029\""},
		{"ö דּ 😂", `"ö דּ 😂"`},
		{"a\xffb", "\"a\ufffdb\""},
		{"\xed\xa0\x80", "\"\ufffd\ufffd\ufffd\""}, // a surrogate in UTF-8
		{"\xf0\x9f\x98", "\"\ufffd\ufffd\ufffd\""}, // cut off
	} {
		if got := string(appendString(nil, c.in)); got != c.want {
			t.Errorf("%q became %s, want %s", c.in, got, c.want)
		}
	}
}

func TestStringsAreAlwaysJSON(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))
		out := appendString([]byte("before"), in)[len("before"):]
		var back string
		if err := json.Unmarshal(out, &back); err != nil || !utf8.Valid(out) {
			t.Fatalf("%q became %q: %v", in, out, err)
		}
		if want := strings.ToValidUTF8(in, "\ufffd"); utf8.ValidString(in) && back != want {
			t.Fatalf("%q came back as %q", in, back)
		}
	})
}

// TestWhatCallersSendIsAlwaysJSON: a caller chooses the user agent and the claims, and
// neither may make an event that readers cannot decode.
func TestWhatCallersSendIsAlwaysJSON(t *testing.T) {
	t.Parallel()
	by := goldenBy("admin_api.mutation.delete_user.executed")
	by.Request.UserAgent = "agent\xff\n\x00[\"forged\",\"line\"]"
	by.Request.ClientID = "\xc3\x28"
	by.Claimed = json.RawMessage("{\"a\":\"x\xffy\",\n\"b\":\"\u2028\"}")
	fact := DeleteUserExecuted{User: UserObject{ID: goldenUser, StandardAttributes: json.RawMessage("{\"name\":\"\xe2\x82\"}")}, Reason: "\xf0\x9f"}
	e, err := New(fact, goldenID(), goldenLog, by, AboutUser("acme", goldenUser))
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{"entry": e.Entry, "disclosures": e.Disclosures} {
		if !utf8.Valid(b) {
			t.Errorf("%s: not UTF-8: %q", name, b)
		}
	}
	lines := 0
	for d, err := range Disclosures(e.Disclosures) {
		if err != nil {
			t.Fatal(err)
		}
		if !json.Valid(d.Array) {
			t.Errorf("%s: no JSON: %q", d.Name, d.Array)
		}
		lines++
	}
	parsed, err := ParseEntry(e.Entry)
	if err != nil || len(parsed.Commitments) != lines {
		t.Errorf("%d lines for %d commitments, %v", lines, len(parsed.Commitments), err)
	}
	data, err := Data(e.ID, 0, e.Type, e.Disclosures)
	if err != nil || !json.Valid(data) || !utf8.Valid(data) {
		t.Errorf("data is %q, %v", data, err)
	}
	by.Claimed = json.RawMessage(`{"a":`)
	if _, err := New(fact, goldenID(), goldenLog, by, AboutUser("acme", goldenUser)); err == nil {
		t.Error("claims that are no JSON were written down")
	}
}

func TestOutcomesHaveTheirWords(t *testing.T) {
	t.Parallel()
	want := map[Outcome]string{Succeeded: "succeeded", Failed: "failed", Denied: "denied"}
	got := map[Outcome]string{}
	for _, o := range Outcomes() {
		got[o] = o.String()
		if back, ok := ParseOutcome(o.String()); !ok || back != o {
			t.Errorf("%s came back as %d, %t", o, back, ok)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want, +got):\n%s", diff)
	}
	for _, word := range []string{"", "unknown", "Succeeded"} {
		if o, ok := ParseOutcome(word); ok {
			t.Errorf("%q is the outcome %d", word, o)
		}
	}
}

func TestSomebodyHasDoneIt(t *testing.T) {
	t.Parallel()
	if _, err := New(UserDisabled{}, goldenID(), goldenLog, By{}, InProject("acme")); err == nil {
		t.Error("an event was made that says of nobody to have done it")
	}
}
