package judges_test

import (
	"bytes"
	"encoding/base64"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sealog/sealog/internal/merkle"
)

// TestLogs has logs judged whose sizes lie around those of tiles; the largest has a tile of
// level 2.
func TestLogs(t *testing.T) {
	t.Parallel()
	for _, size := range []int64{0, 1, 2, 255, 256, 257, 1000, 66_000} {
		k := key(t, 1)
		for judge, err := range verdicts(t, os.DirFS(numbered(size).write(t, k)), k.Verifier()) {
			if err != nil {
				t.Errorf("%d entries: %s says %v", size, judge, err)
			}
		}
	}
}

// damages are done to a log of 1,000 entries: three full bundles and one of 232. All judges are
// to see each of them but those that are named as blind.
var damages = map[string]struct {
	blind []string
	do    func(t *testing.T, dir string)
}{
	"a byte of an entry":          {nil, change("tile/entries/001", 40)},
	"a byte of an entry, at last": {nil, change("tile/entries/003.p/232", 40)},
	"a length of an entry":        {nil, change("tile/entries/001", 1)},
	"a hash of a full tile":       {nil, change("tile/0/001", 40)},
	"a hash of a partial tile":    {nil, change("tile/0/003.p/232", 40)},
	"a hash of a tile of level 1": {nil, change("tile/1/000.p/3", 40)},
	"a signature":                 {nil, change("checkpoint", 150)},
	"a hash more in a tile":       {[]string{"fsck"}, more("tile/0/003.p/232", make([]byte, 32))},
	"an entry more in a bundle":   {[]string{"fsck"}, more("tile/entries/003.p/232", []byte{0, 1, 'x'})},
	"bundles swapped":             {nil, swap("tile/entries/000", "tile/entries/001")},
	"bundles and tiles swapped": {nil, func(t *testing.T, dir string) {
		swap("tile/entries/000", "tile/entries/001")(t, dir)
		swap("tile/0/000", "tile/0/001")(t, dir)
	}},
	"a bundle missing":             {nil, remove("tile/entries/003.p/232")},
	"a tile missing":               {nil, remove("tile/0/002")},
	"a tile of level 1 missing":    {nil, remove("tile/1/000.p/3")},
	"no checkpoint":                {nil, remove("checkpoint")},
	"an entry missing":             {nil, other(func(entries [][]byte) [][]byte { return append(slices.Delete(entries, 300, 301), entry(1000)) }, false)},
	"an entry twice":               {nil, other(func(entries [][]byte) [][]byte { return slices.Insert(entries, 300, entries[299])[:1000] }, false)},
	"rewritten without the key":    {nil, other(rewritten, false)},
	"cut off, with another's key":  {nil, other(func(entries [][]byte) [][]byte { return entries[:900] }, true)},
	"truncated":                    {[]string{"fsck", "torchwood"}, truncated},
	"without its cosignature":      {[]string{"fsck"}, line(5, func(*testing.T, string) string { return "" })},
	"a cosignature of another day": {[]string{"fsck"}, line(5, backdated)},
	"a size that was never signed": {nil, func(t *testing.T, dir string) {
		put(t, dir, "checkpoint", bytes.Replace(get(t, dir, "checkpoint"), []byte("\n1000\n"), []byte("\n999\n"), 1))
	}},
	"a root that was never the log's": {nil, func(t *testing.T, dir string) {
		signed, err := key(t, 1).Sign(merkle.Checkpoint{Origin: origin, Size: 1000, Root: merkle.LeafHash(nil)}, at)
		if err != nil {
			t.Fatal(err)
		}
		put(t, dir, "checkpoint", signed)
	}},
	"a checkpoint of another history": {[]string{"fsck", "torchwood"}, func(t *testing.T, dir string) {
		put(t, dir, "checkpoints.txt", grow(rewritten(numbered(1000).entries)).sign(t, key(t, 1), 500))
	}},
}

// rewritten changes one entry of a history.
func rewritten(entries [][]byte) [][]byte {
	entries = slices.Clone(entries)
	entries[300] = []byte("nothing happened")
	return entries
}

// change flips a bit.
func change(path string, place int) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		data := get(t, dir, path)
		data[place] ^= 1
		put(t, dir, path, data)
	}
}

func more(path string, data []byte) func(*testing.T, string) {
	return func(t *testing.T, dir string) { put(t, dir, path, append(get(t, dir, path), data...)) }
}

func swap(one, two string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		data := get(t, dir, one)
		put(t, dir, one, get(t, dir, two))
		put(t, dir, two, data)
	}
}

func remove(path string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		if err := os.Remove(filepath.Join(dir, filepath.FromSlash(path))); err != nil {
			t.Fatal(err)
		}
	}
}

// other puts another log's files in place of the log's, sound in themselves: with the log's
// checkpoints, or with such as are signed by a key that is not the log's.
func other(history func([][]byte) [][]byte, signed bool) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		checkpoint, older := get(t, dir, "checkpoint"), get(t, dir, "checkpoints.txt")
		theirs := grow(history(numbered(1000).entries)).write(t, key(t, 2))
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		if err := os.CopyFS(dir, os.DirFS(theirs)); err != nil {
			t.Fatal(err)
		}
		if !signed {
			put(t, dir, "checkpoint", checkpoint)
			put(t, dir, "checkpoints.txt", older)
		}
	}
}

// truncated has the log as it was at size 900, beside a checkpoint that somebody kept of now.
func truncated(t *testing.T, dir string) {
	l := numbered(1000)
	older := grow(l.entries[:900]).write(t, key(t, 1))
	for _, path := range []string{"checkpoint", "tile/entries/003.p/132", "tile/0/003.p/132"} {
		put(t, dir, path, get(t, older, path))
	}
	put(t, dir, "checkpoints.txt", l.sign(t, key(t, 1), 1000))
}

// line changes a line of the checkpoint: the plain signature is line 4, the cosignature 5.
func line(n int, change func(t *testing.T, line string) string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		all := lines(string(get(t, dir, "checkpoint")))
		all[n] = change(t, all[n])
		put(t, dir, "checkpoint", []byte(strings.Join(all, "")))
	}
}

func lines(text string) []string { return strings.SplitAfter(text, "\n") }

// backdated sets a cosignature back by 65,536 seconds.
func backdated(t *testing.T, line string) string {
	start := strings.LastIndex(line, " ") + 1
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(line[start:], "\n"))
	if err != nil {
		t.Fatal(err)
	}
	raw[4+5]-- // behind the key's id, the time in eight bytes
	return line[:start] + base64.StdEncoding.EncodeToString(raw) + "\n"
}

// TestDamagedLogs sees that the judges can say no.
func TestDamagedLogs(t *testing.T) {
	t.Parallel()
	k := key(t, 1)
	for name, damage := range damages {
		dir := numbered(1000).write(t, k)
		damage.do(t, dir)
		for judge, err := range verdicts(t, os.DirFS(dir), k.Verifier()) {
			if blind := slices.Contains(damage.blind, judge); blind != (err == nil) {
				t.Errorf("%s: %s says %v", name, judge, err)
			}
		}
	}
}

// TestOtherKeys sees that no judge takes the key of another log.
func TestOtherKeys(t *testing.T) {
	t.Parallel()
	dir := numbered(10).write(t, key(t, 1))
	epoch, err := merkle.NewKey(origin+"/e2", bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range []string{key(t, 2).Verifier(), epoch.Verifier(), "", origin} {
		for judge, err := range verdicts(t, os.DirFS(dir), other) {
			if err == nil {
				t.Errorf("%s takes the key %q", judge, other)
			}
		}
	}
}
