package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/merkle"
)

// goldens are the entries and disclosures of every activity type.
func goldens(tb testing.TB) (entries, arrays [][]byte) {
	tb.Helper()
	files, err := filepath.Glob("../../internal/event/testdata/golden/*.txt")
	if err != nil || len(files) == 0 {
		tb.Fatal(files, err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			tb.Fatal(err)
		}
		for line := range bytes.SplitSeq(text, []byte("\n")) {
			switch {
			case bytes.HasPrefix(line, []byte("{")):
				entries = append(entries, line)
			case bytes.HasPrefix(line, []byte("[")):
				arrays = append(arrays, line)
			}
		}
	}
	return entries, arrays
}

// sameAsEvent compares what is read of an entry with what package event reads.
func sameAsEvent(t *testing.T, text []byte) {
	t.Helper()
	var e, again entry
	got := e.parse(text)
	want, err := event.ParseEntry(text)
	if got != (err == nil) {
		t.Fatalf("%q is read: %t, by package event: %v", text, got, err)
	}
	if got != again.parseSlowly(text) || again.parsePlain(text) && !got {
		t.Fatalf("%q: plainly and slowly are not the same", text)
	}
	if !got {
		return
	}
	commitments := []event.Commitment(nil)
	for _, c := range e.commitments {
		commitments = append(commitments, event.Commitment{Name: string(c.name), Digest: string(c.digest)})
	}
	if len(want.Commitments) == 0 {
		want.Commitments = nil
	}
	if e.id != want.ID || string(e.log) != want.Log || string(e.typ) != string(want.Type) || e.micros != want.Time.UnixMicro() || !cmp.Equal(commitments, want.Commitments) {
		t.Fatalf("%q is read as %+v, by package event as %+v", text, e, want)
	}
}

func TestEntriesArePlain(t *testing.T) {
	t.Parallel()
	entries, arrays := goldens(t)
	for _, text := range entries {
		var e entry
		if !e.parsePlain(text) {
			t.Errorf("%s is not read as a plain entry", text)
		}
		sameAsEvent(t, text)
	}
	var o opener
	for _, array := range arrays {
		name, value, ok := o.open([]byte(base64.RawURLEncoding.EncodeToString(array)))
		if !ok {
			t.Errorf("%s is no disclosure", array)
			continue
		}
		for d, err := range event.Disclosures(array) {
			if err != nil || d.Name != string(name) || !bytes.Equal(d.Value, value) {
				t.Errorf("%s is read as %s and %s", array, name, value)
			}
		}
	}
}

// TestEntriesThatAreAlmostSound changes one thing each.
func TestEntriesThatAreAlmostSound(t *testing.T) {
	t.Parallel()
	sound := string(created(t, 1).entry)
	var e entry
	if !e.parsePlain([]byte(sound)) {
		t.Fatal(sound)
	}
	for i := range sound {
		for _, with := range []string{"", "0", `"`, `\`, "\x7f", "é", ",", `","`} {
			sameAsEvent(t, []byte(sound[:i]+with+sound[i+1:]))
			sameAsEvent(t, []byte(sound[:i]+with+sound[i:]))
		}
	}
	for _, change := range [][2]string{
		{"2026-11-22T20:00:01", "2024-02-29T23:59:59"}, {"2026-11-22T20:00:01", "2023-02-29T00:00:00"}, {"2026-11-22T20:00:01", "2000-02-29T00:00:00"},
		{"2026-11-22T20:00:01", "1900-02-29T00:00:00"}, {"2026-11-22T20:00:01", "0000-01-01T00:00:00"}, {"2026-11-22T20:00:01", "0000-02-29T00:00:00"},
		{"2026-11-22T20:00:01", "9999-12-31T23:59:59"}, {"2026-11-22T20:00:01", "1969-12-31T23:59:59"}, {"2026-11-22T20:00:01", "2026-04-31T00:00:00"},
		{"2026-11-22T20:00:01", "2026-00-01T00:00:00"}, {"2026-11-22T20:00:01", "2026-13-01T00:00:00"}, {"2026-11-22T20:00:01", "2026-01-00T00:00:00"},
		{"2026-11-22T20:00:01", "2026-11-22T24:00:00"}, {"2026-11-22T20:00:01", "2026-11-22T20:60:00"}, {"2026-11-22T20:00:01", "2026-11-22T20:00:60"},
		{`"payload.user"`, `"payload.identities~personal"`}, {`"payload.user"`, `"zzz"`}, {`"context"`, `""`}, {`,"v":1`, `,"v":2`},
		{"id.example.com/log", "ö.example.com/\\n\u2028"}, {`{"context"`, `{,"context"`}, {`},"capture"`, `,},"capture"`},
	} {
		text := strings.Replace(sound, change[0], change[1], 1)
		if text == sound {
			t.Fatal(change)
		}
		sameAsEvent(t, []byte(text))
	}
	sameAsEvent(t, bare(t, 1).entry)
	for _, size := range []int{event.MaxEntry, event.MaxEntry + 1} {
		sameAsEvent(t, []byte(strings.Replace(sound, "id.example", strings.Repeat("a", size-len(sound)+len("id.example")), 1)))
	}
}

func FuzzEntry(f *testing.F) {
	entries, _ := goldens(f)
	for _, text := range entries {
		f.Add(text)
	}
	f.Add(bare(f, 1).entry)
	f.Fuzz(func(t *testing.T, text []byte) { sameAsEvent(t, text) })
}

func FuzzDisclosure(f *testing.F) {
	_, arrays := goldens(f)
	for _, array := range arrays {
		f.Add(array)
	}
	f.Add([]byte(`["0123456789012345678901","a\u0062",1]`))
	f.Add([]byte("[\"0123456789012345678901\",\"a\",{\"a\" :\n[1.5e-7,true]}]"))
	f.Fuzz(func(t *testing.T, array []byte) {
		var o opener
		name, value, ok := o.open([]byte(base64.RawURLEncoding.EncodeToString(array)))
		var parts []json.RawMessage
		var salt, read string
		sound := utf8.Valid(array) && json.Unmarshal(array, &parts) == nil && len(parts) == 3 &&
			json.Unmarshal(parts[0], &salt) == nil && json.Unmarshal(parts[1], &read) == nil && len(salt) == 22
		if !ok {
			return
		}
		if !sound || read != string(name) || string(bytes.TrimSpace(value)) != string(parts[2]) {
			t.Fatalf("%q is read as %q and %q, as JSON it is %q", array, name, value, parts)
		}
		n := 0
		for d, err := range event.Disclosures(array) {
			if n++; err != nil || n > 1 || d.Name != string(name) || !bytes.Equal(d.Value, value) {
				t.Fatalf("%q is read as %q and %q, by package event as %+v, %v", array, name, value, d, err)
			}
		}
	})
}

func FuzzDisclosureLine(f *testing.F) {
	f.Add([]byte(`{"position":17,"disclosures":["YQ","Yg"]}`))
	f.Add([]byte(`{"position":0,"disclosures":[]}`))
	f.Add([]byte(`{"position":00,"disclosures":["",]}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		var d disclosureLine
		if !d.parse(line) {
			return
		}
		texts := []string{}
		for _, text := range d.texts {
			if bytes.ContainsAny(text, "\"") {
				t.Fatalf("%q has the text %q", line, text)
			}
			texts = append(texts, string(text))
		}
		if again := fmt.Sprintf(`{"position":%d,"disclosures":["%s"]}`, d.position, strings.Join(texts, `","`)); again != string(line) && len(texts) > 0 || d.position < 0 {
			t.Fatalf("%q is read as %q", line, again)
		}
	})
}

func TestDisclosureLines(t *testing.T) {
	t.Parallel()
	var d disclosureLine
	for _, line := range []string{
		"", "{}", `{"position":1}`, `{"position":1,"disclosures":[]`, `{"position":1,"disclosures":[]}x`, `{"position":,"disclosures":[]}`, `{"position":-1,"disclosures":[]}`,
		`{"position":01,"disclosures":[]}`, `{"position":+1,"disclosures":[]}`, `{"position":1.0,"disclosures":[]}`, `{"position":1111111111111111111,"disclosures":[]}`,
		`{"position": 1,"disclosures":[]}`, `{"position":1,"disclosures":null}`, `{"position":1,"disclosures":["a",]}`, `{"position":1,"disclosures":["a""b"]}`,
		`{"position":1,"disclosures":[,]}`, `{"position":1,"disclosures":["a]}`, `{"disclosures":[],"position":1}`,
		`{"position":1,"disclosures":["` + strings.Repeat(`","`, maxTexts) + `"]}`,
	} {
		if d.parse([]byte(line)) {
			t.Errorf("%.60q is read as %d and %d texts", line, d.position, len(d.texts))
		}
	}
	l := lines{[]byte("a\n\nb")}
	var got []string
	for line, ok := l.next(); ok; line, ok = l.next() {
		got = append(got, string(line))
	}
	if diff := cmp.Diff([]string{"a", "", ""}, got); diff != "" {
		t.Error(diff)
	}
	var o opener
	for _, text := range []string{"", "a", "YQ==", "YR", "YQ\n", "Y\rQ", "Y+", "é"} {
		if _, _, ok := o.open([]byte(text)); ok {
			t.Errorf("%q is a disclosure", text)
		}
	}
}

func TestValues(t *testing.T) {
	t.Parallel()
	nested := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	for _, text := range []string{
		"", " ", "1", "-1", "-", "01", "-01", "1.", ".1", "1.5", "1e5", "1E+5", "1e", "1e-", "0", "0.0", "+1", "tru", "true", "truex", "null", "nul", "false", `""`, `"`, `"\"`,
		`"\u12"`, `"\u12aF"`, `"\u12g4"`, `"\x"`, `"\b\f\n\r\t\/\\\""`, "\"\x00\"", "\"\x7f\"", "\"\n\"", "{}", "{ }", "{,}", `{"a"}`, `{"a":}`, `{"a":1}`, `{"a":1,}`, `{"a":1,"a":2}`,
		`{"a" : [1, 2 , {"b":null}]}`, `{a:1}`, `{1:1}`, "[]", "[,]", "[1,]", "[1 2]", "[1", "{", "[}", "{]", `{"a"`, `{"a":1`, `{"a":1 "b":2}`, "1 2", "\ufeff1", "\u00a01", "'a'", "1 ",
		nested(maxDepth), nested(maxDepth + 1), `"` + strings.Repeat("x", 1<<16) + `"`,
	} {
		if got, want := validJSON([]byte(text)), json.Valid([]byte(text)) && utf8.ValidString(text); got != want {
			t.Errorf("%.40q: %t, want %t", text, got, want)
		}
	}
	for _, text := range []string{"\"\xff\"", "\"\xed\xa0\x80\""} {
		if validJSON([]byte(text)) {
			t.Errorf("%q is in UTF-8", text)
		}
	}
}

func FuzzValue(f *testing.F) {
	_, arrays := goldens(f)
	for _, array := range arrays {
		f.Add(array)
	}
	f.Add([]byte(`{"a":[-1.5E+7,null,true,false,"\u00e4\n",{}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if got, want := validJSON(text), json.Valid(text) && utf8.Valid(text); got != want {
			t.Fatalf("%q: %t, want %t", text, got, want)
		}
	})
}

func TestSeen(t *testing.T) {
	t.Parallel()
	s := newSeen(3)
	id := func(n byte) event.ID { return event.ID{15: n} }
	for i, step := range []struct {
		id   byte
		want sighting
	}{
		{10, seenFirst}, {11, seenFirst}, {11, seenBefore}, {12, seenFirst}, {13, seenFirst}, // 10 is dropped
		{9, seenLate}, {9, seenBefore}, {10, seenLate}, {11, seenBefore}, {14, seenFirst}, // 11 is dropped
		{11, seenLate}, {12, seenBefore}, {20, seenFirst}, {15, seenFirst}, {16, seenFirst}, {17, seenFirst}, // 20 is dropped
		{18, seenLate}, {18, seenBefore}, {21, seenFirst},
	} {
		if got := s.add(id(step.id)); got != step.want {
			t.Errorf("step %d: %d is %d, want %d", i, step.id, got, step.want)
		}
	}
}

func TestPrintable(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"plain ö 😂": "plain ö 😂", "a\nb\x1b[2J": `a\nb\x1b[2J`, "\u202e\u200b\u009b": `\u202e\u200b\u009b`, "\xff": "\ufffd", "\x00": `\x00`,
		strings.Repeat("x", 201): strings.Repeat("x", 200) + "…",
	} {
		if got := printable(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func TestDisclosuresPath(t *testing.T) {
	t.Parallel()
	for index, want := range map[int64]string{0: "disclosures/000.ndjson", 1234067: "disclosures/x001/x234/067.ndjson"} {
		if got := disclosuresPath(index); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	var h heads
	h.sort()
	h.pass(&merkle.Frontier{}, func(head) { t.Error("a head of none") })
}
