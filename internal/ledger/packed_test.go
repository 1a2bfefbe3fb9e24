package ledger

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sealog/sealog/internal/event"
)

// goldens are the events that package event keeps for ever, as they are stored.
func goldens(t testing.TB) (all [][]byte) {
	t.Helper()
	files, err := filepath.Glob("../event/testdata/golden/*.txt")
	if err != nil || len(files) < 50 {
		t.Fatalf("%d golden files, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(text), "-- entry --\n")
		entry, rest, _ := strings.Cut(rest, "\n-- disclosures --\n")
		disclosures, _, _ := strings.Cut(rest, "\n-- ")
		all = append(all, []byte(entry), []byte(disclosures))
	}
	return all
}

func TestWhatIsPackedComesBackToTheByte(t *testing.T) {
	t.Parallel()
	plain, packed := 0, 0
	for _, b := range goldens(t) {
		stored := pack(b)
		var again Packed
		if err := again.Scan(stored); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%q comes back as %q, %v", b, again, err)
		}
		plain, packed = plain+len(b), packed+len(stored)
	}
	if packed*5 > plain*2 {
		t.Errorf("%d bytes are packed into %d", plain, packed)
	}
	for _, odd := range []string{
		"", "{", "[", "{}", `{"c":{`, `{"c":{}}`, `{"c":{"a":"b"}}`, `{"c":{"a":"` + strings.Repeat("A", 43) + `"}`,
		`{"c":{"a":"` + strings.Repeat("A", 43) + `","b":"`, `{"c":{"":"` + strings.Repeat("B", 43) + `"}}`, "\x01", "\x02\x00", "\x03", "\x03\x05",
	} {
		var again Packed
		stored := pack([]byte(odd))
		if odd != "" && odd[0] < 0x20 {
			continue // no event's bytes begin so
		}
		if err := again.Scan(stored); err != nil || string(again) != odd {
			t.Errorf("%q comes back as %q, %v", odd, again, err)
		}
	}
}

// TestWhatWasPackedOnceIsRead: the dictionaries and the ways of packing never change, else what was
// packed by them could not be read.
func TestWhatWasPackedOnceIsRead(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.bin")
	if err != nil || len(files) != 5 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	ways := map[byte]bool{}
	for _, file := range files {
		stored, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		plain, err := os.ReadFile(strings.TrimSuffix(file, ".bin") + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		ways[stored[0]] = true
		if again, err := Unpack(stored); err != nil || !bytes.Equal(again, plain) {
			t.Errorf("%s is read as %q, %v", file, again, err)
		}
	}
	if !ways[packedText] || !ways[packedEntry] || !ways[packedApart] || !ways[packedSeeded] {
		t.Errorf("the files are packed in the ways %v only", ways)
	}
}

// TestValuesAreTakenOut wherever they stand as an event writes them, and nothing that only looks so.
func TestValuesAreTakenOut(t *testing.T) {
	t.Parallel()
	const (
		id, time = "01a204e5-7c2b-774b-8009-0a0b0c0d0e0f", "2026-11-22T20:14:38.123456Z"
		salt     = "xlE5gHFHCI-vorPZq-T-Dw"
		digest   = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
		hex      = "00112233445566778899aabbccddeeff"
	)
	for _, c := range []struct {
		plain, text string
		values      int
	}{
		{`["` + salt + `","context",1]`, "[\"\x01\",\"context\",1]", saltSize},
		{`{"a":"` + digest + `"}`, "{\"a\":\"\x02\"}", digestSize},
		{`{"a":"` + id + `","b":"` + id + `"}`, "{\"a\":\"\x03\",\"b\":\"\x03\"}", 1 + idSize + 1},
		{`{"a":"` + time + `","b":"` + time + `"}`, "{\"a\":\"\x04\",\"b\":\"\x04\"}", 1 + timeSize + 1},
		{`{"log":"id.example.com/log/` + hex + `"}`, "{\"log\":\"id.example.com/log/\x05\"}", hexSize},
		{`{"a":"` + strings.ToUpper(id) + `"}`, "", 0},
		{`{"a":"2026-02-30T20:14:38.123456Z"}`, "", 0},
		{`{"a":"2026-11-22T24:14:38.123456Z"}`, "", 0},
		{`{"a":"2026-11-22T20:14:60.123456Z"}`, "", 0},
		{`{"a":"2026-11-22T20:14:38,123456Z"}`, "", 0},
		{`["a","` + salt + `"]`, "", 0},
		{`["` + salt[:21] + `x","a",1]`, "", 0}, // has bits that no encoder leaves
		{`{"a":"` + digest[:42] + `t"}`, "", 0},
		{`{"a":"` + hex + `"}`, "", 0},
		{`{"a":"/` + strings.ToUpper(hex) + `"}`, "", 0},
		{`{"a":"\"` + id + `"}`, "", 0},
	} {
		if c.text == "" {
			c.text = c.plain
		}
		text, values, _ := takeValues([]byte(c.plain), nil)
		if string(text) != c.text || len(values) != c.values {
			t.Errorf("of %s are left %q and %d bytes of values, not %q and %d", c.plain, text, len(values), c.text, c.values)
		}
		if again, err := putValues(text, values, nil); err != nil || string(again) != c.plain {
			t.Errorf("%s comes back as %s, %v", c.plain, again, err)
		}
	}
	many := "["
	for i := range maxPlaces + 10 {
		many += fmt.Sprintf(`"01a204e5-7c2b-774b-8009-%012x","2026-11-22T20:14:38.%06dZ",`, i, i)
	}
	text, values, _ := takeValues([]byte(many), nil)
	if n := bytes.Count(text, []byte{markID}); n != maxPlaces {
		t.Errorf("%d ids were taken out", n)
	}
	if again, err := putValues(text, values, nil); err != nil || string(again) != many {
		t.Errorf("many values come back otherwise, %v", err)
	}
	ids := maxUnpacked/idChars + 2 // more than any event has
	for _, odd := range []struct{ text, values string }{
		{strings.Repeat("\x03", ids), strings.Repeat("\x00", ids+idSize)},
		{"\x01", ""}, {"\x03", "\x00"}, {"\x03", "\x01"}, {"\x04", "\x00short"}, {"\x00", ""}, {"a", "left"}, {"\x04\x04", "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02"},
	} {
		if plain, err := putValues([]byte(odd.text), []byte(odd.values), nil); err == nil {
			t.Errorf("%.20q with the values %.40q was read as %.40q", odd.text, odd.values, plain)
		}
	}
}

// TestSaltsAreMadeOfTheSeed where all of them can be; where one is another's, or was taken away, all are
// kept, and the seed is not.
func TestSaltsAreMadeOfTheSeed(t *testing.T) {
	t.Parallel()
	seed := event.Seed{1, 2, 3}
	salts := seed.Salts(3)
	lines := make([]string, 3)
	for i := range lines {
		lines[i] = `["` + base64url.EncodeToString(salts[i*saltSize:][:saltSize]) + `","payload.user",{"id":"01a204e5-7c2b-774b-8009-0a0b0c0d0e0f","email":"kim@shop.example"}]`
	}
	for _, c := range []struct {
		name  string
		lines []string
		way   byte
	}{
		{"whole", lines, packedSeeded},
		{"without the last", lines[:2], packedSeeded},
		{"without the first", lines[1:], packedApart},
		{"in another order", []string{lines[1], lines[0], lines[2]}, packedApart},
	} {
		plain := strings.Join(c.lines, "\n")
		stored := packSeeded([]byte(plain), seed)
		if stored[0] != c.way || bytes.Contains(stored, seed[:]) != (c.way == packedSeeded) {
			t.Errorf("%s: packed as %d: %x", c.name, stored[0], stored)
		}
		if again, err := Unpack(stored); err != nil || string(again) != plain {
			t.Errorf("%s: comes back as %s, %v", c.name, again, err)
		}
		if kept := pack([]byte(plain)); bytes.Contains(kept, seed[:]) || len(kept) <= len(stored) && c.way == packedSeeded {
			t.Errorf("%s: %d bytes with the seed, %d without", c.name, len(stored), len(kept))
		}
	}
	for _, odd := range []string{"\x04", "\x04short", "\x04" + strings.Repeat("s", 16), "\x04" + strings.Repeat("s", 16) + "\x00" + string(pack([]byte("{}")))} {
		if plain, err := Unpack([]byte(odd)); err == nil {
			t.Errorf("%q was read as %q", odd, plain)
		}
	}
}

func FuzzPacked(f *testing.F) {
	for _, b := range goldens(f) {
		f.Add(b)
		f.Add(pack(b))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 0 && b[0] >= 0x20 {
			if again, err := Unpack(pack(b)); err != nil || !bytes.Equal(again, b) {
				t.Fatalf("%q comes back as %q, %v", b, again, err)
			}
			if again, err := Unpack(packSeeded(b, event.Seed{})); err != nil || !bytes.Equal(again, b) {
				t.Fatalf("%q comes back with a seed as %q, %v", b, again, err)
			}
		}
		_, _ = Unpack(b) // whatever is stored, it does not panic
	})
}

func BenchmarkPacked(b *testing.B) {
	all := goldens(b)
	b.Run("pack", func(b *testing.B) {
		for i := range b.N {
			pack(all[i%len(all)])
		}
	})
	b.Run("unpack", func(b *testing.B) {
		stored := make([][]byte, len(all))
		for i := range all {
			stored[i] = pack(all[i])
		}
		for i := range b.N {
			if _, err := Unpack(stored[i%len(stored)]); err != nil {
				b.Fatal(err)
			}
		}
	})
}
