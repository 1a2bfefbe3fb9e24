package merkle_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/sealog/sealog/internal/merkle"
)

const origin = "sealog.example/log/00112233445566778899aabbccddeeff"

// storage is the hashes of a tree where tlog wants them.
type storage []merkle.Hash

// ReadHashes implements tlog.HashReader.
func (s *storage) ReadHashes(indexes []int64) ([]merkle.Hash, error) {
	hashes := make([]merkle.Hash, len(indexes))
	for i, index := range indexes {
		hashes[i] = (*s)[index]
	}
	return hashes, nil
}

func entry(n int64) []byte { return fmt.Appendf(nil, "entry %d", n) }

// TestFrontier grows a tree beside tlog's own and compares them at every size.
func TestFrontier(t *testing.T) {
	t.Parallel()
	var f merkle.Frontier
	var s storage
	for n := range int64(700) {
		want, err := tlog.TreeHash(n, &s)
		if n == 0 {
			want, err = merkle.Frontier{}.Root(), nil
		}
		if err != nil || f.Root() != want || f.Size() != n {
			t.Fatalf("size %d: root %s, want %s, %v", n, f.Root(), want, err)
		}
		again, err := merkle.ParseFrontier(n, f.Bytes())
		if err != nil || again.Root() != f.Root() {
			t.Fatalf("size %d: read again: %v", n, err)
		}
		f = again
		hashes, err := tlog.StoredHashes(n, entry(n), &s)
		if err != nil {
			t.Fatal(err)
		}
		s = append(s, hashes...)
		completed := f.Append(merkle.LeafHash(entry(n)))
		if len(completed) != len(hashes) {
			t.Fatalf("leaf %d completes %d subtrees, tlog says %d", n, len(completed), len(hashes))
		}
		for level, hash := range completed {
			if hash != hashes[level] {
				t.Fatalf("leaf %d, level %d: %s, want %s", n, level, hash, hashes[level])
			}
		}
	}
	if got := (merkle.Frontier{}).Root().String(); got != "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" { // RFC 6962: SHA-256 of nothing
		t.Errorf("the empty tree's root is %s", got)
	}
	for size, b := range map[int64]int{-1: 0, 0: 32, 1: 0, 3: 32, 4: 64, 2: 31} {
		if _, err := merkle.ParseFrontier(size, make([]byte, b)); err == nil {
			t.Errorf("%d bytes are the frontier of a tree of %d", b, size)
		}
	}
	// A frontier that was copied does not change with the other.
	mine := f
	theirs, err := merkle.ParseFrontier(f.Size(), f.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	mine.Append(merkle.LeafHash([]byte("mine")))
	theirs.Append(merkle.LeafHash([]byte("theirs")))
	if mine.Root() == theirs.Root() {
		t.Error("different trees have one root")
	}
}

func checkpoint() merkle.Checkpoint {
	return merkle.Checkpoint{Origin: origin, Size: 184203, Root: merkle.LeafHash([]byte("x"))}
}

func TestCheckpoint(t *testing.T) {
	t.Parallel()
	for _, c := range []merkle.Checkpoint{checkpoint(), {Origin: origin + "/e2", Extensions: []string{"one", "two 2"}}} {
		got, err := merkle.ParseCheckpoint(c.Text())
		if err != nil || got.Text() != c.Text() || got.Size != c.Size || got.Root != c.Root || got.Origin != c.Origin {
			t.Errorf("%+v became %+v, %v", c, got, err)
		}
	}
	good := checkpoint().Text()
	lines := strings.SplitAfter(good, "\n")
	for name, bad := range map[string]string{
		"nothing": "", "no newline": strings.TrimSuffix(good, "\n"), "two lines": lines[0] + lines[1], "an empty line": good + "\n",
		"an empty origin": "\n" + lines[1] + lines[2], "size with a zero": lines[0] + "0184203\n" + lines[2], "signed size": lines[0] + "+184203\n" + lines[2],
		"size below zero": lines[0] + "-1\n" + lines[2], "a huge size": lines[0] + "9223372036854775808\n" + lines[2], "size in hex": lines[0] + "0x10\n" + lines[2],
		"short root": lines[0] + lines[1] + "AAAA\n", "root without padding": lines[0] + lines[1] + strings.ReplaceAll(lines[2], "=", ""),
		"CR": strings.ReplaceAll(good, "\n", "\r\n"), "NUL": good + "a\x00b\n", "no UTF-8": good + "\xff\n", "too long": good + strings.Repeat("x", 1<<17) + "\n",
	} {
		if c, err := merkle.ParseCheckpoint(bad); err == nil {
			t.Errorf("%s is taken for %+v", name, c)
		}
	}
}

func key(t *testing.T, name string, seed byte) *merkle.Key {
	t.Helper()
	k, err := merkle.NewKey(name, bytes.Repeat([]byte{seed}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestKey(t *testing.T) {
	t.Parallel()
	k, at := key(t, origin, 1), time.Date(2026, 11, 24, 12, 3, 7, 999, time.UTC)
	signed, err := k.Sign(checkpoint(), at)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := merkle.Open(signed, k.Verifier())
	if err != nil || opened.Text() != checkpoint().Text() || !opened.At.Equal(at.Truncate(time.Second)) {
		t.Errorf("%+v, %v", opened, err)
	}
	// The plain signature is one that x/mod's own verifier takes.
	theirs, err := note.NewVerifier(k.Verifier())
	if err != nil {
		t.Fatal(err)
	}
	n, err := note.Open(signed, note.VerifierList(theirs))
	if err != nil || n.Text != checkpoint().Text() || len(n.UnverifiedSigs) != 1 {
		t.Errorf("%+v, %v", n, err)
	}
	// Without the cosignature it is a checkpoint still, of no known time.
	lines := strings.SplitAfter(string(signed), "\n")
	without := strings.Join(lines[:len(lines)-2], "")
	if opened, err := merkle.Open([]byte(without), k.Verifier()); err != nil || !opened.At.IsZero() {
		t.Errorf("without its cosignature: %+v, %v", opened, err)
	}
	onlyTimed := strings.Join(append(append([]string(nil), lines[:len(lines)-3]...), lines[len(lines)-2]), "")
	other, later := key(t, origin, 2), checkpoint()
	later.Size++
	foreign, err := other.Sign(checkpoint(), at)
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]string{
		"only the cosignature":      onlyTimed,
		"another key's":             string(foreign),
		"another size":              strings.Replace(string(signed), "184203", "184204", 1),
		"nothing":                   "",
		"no signature":              checkpoint().Text(),
		"a signature of other text": later.Text() + "\n" + lines[len(lines)-3],
		"cut off":                   string(signed[:len(signed)-20]),
	} {
		if opened, err := merkle.Open([]byte(bad), k.Verifier()); err == nil {
			t.Errorf("%s is taken for %+v", name, opened)
		}
	}
	for _, bad := range []string{"", "x", origin, k.Verifier() + "A", k.CosignatureVerifier(), strings.Replace(k.Verifier(), "+", "+0", 1), strings.Replace(k.Verifier(), "sealog", "Sealog", 1)} {
		if _, err := merkle.Open(signed, bad); err == nil {
			t.Errorf("%q is taken for a key", bad)
		}
	}
	if _, err := k.Sign(merkle.Checkpoint{Origin: "other.example/log"}, at); err == nil {
		t.Error("a key signs for another log")
	}
	for _, bad := range []string{"", "a b", "a+b", "a\nb"} {
		if _, err := merkle.NewKey(bad, make([]byte, 32)); err == nil {
			t.Errorf("%q names a key", bad)
		}
	}
	if _, err := merkle.NewKey(origin, make([]byte, 31)); err == nil {
		t.Error("31 bytes are a seed")
	}
}

func TestTilePaths(t *testing.T) {
	t.Parallel()
	for path, tile := range map[string]merkle.Tile{ // the examples of C2SP tlog-tiles first
		"tile/0/x001/x234/067":          {Level: 0, Index: 1234067, Width: 256},
		"tile/0/x001/x234/067.p/1":      {Level: 0, Index: 1234067, Width: 1},
		"tile/1/000.p/255":              {Level: 1, Index: 0, Width: 255},
		"tile/entries/x001/x234/067":    {Level: merkle.EntriesLevel, Index: 1234067, Width: 256},
		"tile/entries/999":              {Level: merkle.EntriesLevel, Index: 999, Width: 256},
		"tile/63/x001/000":              {Level: 63, Index: 1000, Width: 256},
		"tile/entries/x039/062.p/7":     {Level: merkle.EntriesLevel, Index: 39062, Width: 7},
		"tile/0/x001/x000/x000/000.p/2": {Level: 0, Index: 1000000000, Width: 2},
	} {
		if got := tile.Path(); got != path {
			t.Errorf("%+v is at %s, not %s", tile, got, path)
		}
		if got, err := merkle.ParseTilePath(path); err != nil || got != tile {
			t.Errorf("%s is %+v, %v", path, got, err)
		}
	}
	for _, bad := range []string{
		"", "tile", "tile/0", "tile/0/", "tile/0/67", "tile/0/0067", "tile/0/x000/001", "tile/0/001/002", "tile/0/x001", "tile/64/000", "tile/-1/000",
		"tile/00/000", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000.p/", "tile/8/000/../001", "/tile/0/000", "tile/0/000?x",
		"tile/0/" + strings.Repeat("x999/", 12) + "999", "tile/entriesx/000", "tile/0/+01",
	} {
		if got, err := merkle.ParseTilePath(bad); err == nil {
			t.Errorf("%q is %+v", bad, got)
		}
	}
}

func TestBundle(t *testing.T) {
	t.Parallel()
	var bundle []byte
	var err error
	entries := [][]byte{{}, []byte("a"), bytes.Repeat([]byte("b"), merkle.MaxEntry)}
	for _, e := range entries {
		if bundle, err = merkle.AppendEntry(bundle, e); err != nil {
			t.Fatal(err)
		}
	}
	got, err := merkle.ReadBundle(bundle)
	if err != nil || len(got) != len(entries) {
		t.Fatalf("%d entries, %v", len(got), err)
	}
	for i := range entries {
		if !bytes.Equal(got[i], entries[i]) {
			t.Errorf("entry %d has %d bytes", i, len(got[i]))
		}
	}
	if _, err := merkle.AppendEntry(nil, make([]byte, merkle.MaxEntry+1)); err == nil {
		t.Error("an entry of 64 KiB fits")
	}
	for name, bad := range map[string][]byte{"half a length": {0}, "half an entry": {0, 2, 1}, "257 entries": make([]byte, 2*257)} {
		if _, err := merkle.ReadBundle(bad); err == nil {
			t.Errorf("%s is a bundle", name)
		}
	}
}

func FuzzParseCheckpoint(f *testing.F) {
	f.Add(checkpoint().Text())
	f.Add("a\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\nx\n")
	f.Fuzz(func(t *testing.T, text string) {
		if c, err := merkle.ParseCheckpoint(text); err == nil && c.Text() != text {
			t.Errorf("%q is read as %q", text, c.Text())
		}
	})
}

func FuzzParseTilePath(f *testing.F) {
	f.Add("tile/0/x001/x234/067.p/8")
	f.Add("tile/entries/000")
	f.Fuzz(func(t *testing.T, path string) {
		if tile, err := merkle.ParseTilePath(path); err == nil && (tile.Path() != path || tile.Index < 0 || tile.Width < 1 || tile.Width > merkle.TileWidth) {
			t.Errorf("%q is read as %+v", path, tile)
		}
	})
}

func FuzzReadBundle(f *testing.F) {
	f.Add([]byte{0, 1, 'a', 0, 0})
	f.Fuzz(func(t *testing.T, bundle []byte) {
		entries, err := merkle.ReadBundle(bundle)
		if err != nil {
			return
		}
		var again []byte
		for _, e := range entries {
			if again, err = merkle.AppendEntry(again, e); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(again, bundle) {
			t.Errorf("%x is read as %x", bundle, again)
		}
	})
}

func FuzzOpen(f *testing.F) {
	k, err := merkle.NewKey(origin, make([]byte, 32))
	if err != nil {
		f.Fatal(err)
	}
	signed, err := k.Sign(checkpoint(), time.Unix(1795521787, 0))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(signed)
	f.Fuzz(func(t *testing.T, text []byte) {
		if opened, err := merkle.Open(text, k.Verifier()); err == nil && opened.Text() != checkpoint().Text() {
			t.Errorf("%q is signed", opened.Text())
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	var f merkle.Frontier
	leaf := merkle.LeafHash(make([]byte, 600))
	for b.Loop() {
		f.Append(leaf)
	}
}
