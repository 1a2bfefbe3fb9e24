package ledger

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
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
	if packed*2 > plain {
		t.Errorf("%d bytes are packed into %d", plain, packed)
	}
	for _, odd := range []string{
		"", "{", "[", "{}", `{"c":{`, `{"c":{}}`, `{"c":{"a":"b"}}`, `{"c":{"a":"` + strings.Repeat("A", 43) + `"}`,
		`{"c":{"a":"` + strings.Repeat("A", 43) + `","b":"`, `{"c":{"":"` + strings.Repeat("B", 43) + `"}}`, "\x01", "\x02\x00",
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

// TestTheDictionaryNeverChanges: what was packed with it could not be read.
func TestTheDictionaryNeverChanges(t *testing.T) {
	t.Parallel()
	stored, err := os.ReadFile("testdata/packed-1.bin")
	if err != nil {
		t.Fatal(err)
	}
	plain, err := os.ReadFile("testdata/packed-1.txt")
	if err != nil {
		t.Fatal(err)
	}
	if again, err := unpack(stored); err != nil || !bytes.Equal(again, plain) {
		t.Errorf("what was packed by the first version is read as %q, %v", again, err)
	}
}

func FuzzPacked(f *testing.F) {
	for _, b := range goldens(f) {
		f.Add(b)
		f.Add(pack(b))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 0 && b[0] >= 0x20 {
			if again, err := unpack(pack(b)); err != nil || !bytes.Equal(again, b) {
				t.Fatalf("%q comes back as %q, %v", b, again, err)
			}
		}
		_, _ = unpack(b) // whatever is stored, it does not panic
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
			if _, err := unpack(stored[i%len(stored)]); err != nil {
				b.Fatal(err)
			}
		}
	})
}
