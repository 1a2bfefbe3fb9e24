package merkle_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sealog/sealog/internal/merkle"
)

// proof is that of a leaf in a signed tree of a size.
func proof(t testing.TB, k *merkle.Key, size, index int64) merkle.Proof {
	t.Helper()
	calls := 0
	tree := grown(t, size).tree(t, size, &calls)
	path, err := tree.Inclusion(index)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := k.Sign(merkle.Checkpoint{Origin: origin, Size: size, Root: tree.Root}, time.Unix(1795521787, 0))
	if err != nil {
		t.Fatal(err)
	}
	return merkle.Proof{Index: index, Path: path, Checkpoint: signed}
}

func TestProof(t *testing.T) {
	t.Parallel()
	k := key(t, origin, 1)
	for size, index := range map[int64]int64{1: 0, 2: 1, 300: 298} {
		p := proof(t, k, size, index)
		if size == 300 {
			p.Extra = []byte("for whom it may concern")
		}
		text, err := p.Format()
		if err != nil {
			t.Fatal(err)
		}
		got, err := merkle.ParseProof(text)
		if err != nil || cmp.Diff(p, got, cmpopts.EquateEmpty()) != "" {
			t.Errorf("%d of %d: %v %s", index, size, err, cmp.Diff(p, got, cmpopts.EquateEmpty()))
		}
		signed, err := got.Verify(merkle.LeafHash(entry(index)), k.Verifier())
		if err != nil || signed.Size != size || signed.At.Unix() != 1795521787 {
			t.Errorf("%d of %d: %+v, %v", index, size, signed, err)
		}
		if _, err := got.Verify(merkle.LeafHash(entry(index+1)), k.Verifier()); err == nil {
			t.Errorf("%d of %d proves another leaf", index, size)
		}
		if _, err := got.Verify(merkle.LeafHash(entry(index)), key(t, origin, 2).Verifier()); err == nil {
			t.Errorf("%d of %d: another key's", index, size)
		}
	}
	p := proof(t, k, 2, 0)
	text, err := p.Format()
	if err != nil {
		t.Fatal(err)
	}
	want := "c2sp.org/tlog-proof@v1\nindex 0\n" + merkle.LeafHash(entry(1)).String() + "\n\n" + string(p.Checkpoint)
	if string(text) != want {
		t.Errorf("%s, not %s", text, want)
	}
}

func TestMalformedProofs(t *testing.T) {
	t.Parallel()
	p := proof(t, key(t, origin, 1), 300, 298)
	p.Extra = []byte("a")
	good, err := p.Format()
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][2]string{ // what becomes what in the text
		"no header":                {"c2sp.org/tlog-proof@v1\n", ""},
		"another version":          {"@v1", "@v2"},
		"CR":                       {"\n", "\r\n"},
		"no index":                 {"index 298\n", ""},
		"an index with a zero":     {"index 298", "index 0298"},
		"a signed index":           {"index 298", "index +298"},
		"a negative index":         {"index 298", "index -298"},
		"a huge index":             {"index 298", "index 9223372036854775808"},
		"two spaces":               {"index 298", "index  298"},
		"two indexes":              {"index 298\n", "index 298\nindex 298\n"},
		"extra data behind":        {"extra YQ==\nindex 298\n", "index 298\nextra YQ==\n"},
		"two extra data":           {"extra YQ==\n", "extra YQ==\nextra YQ==\n"},
		"empty extra data":         {"extra YQ==\n", "extra \n"},
		"extra data unpadded":      {"extra YQ==\n", "extra YQ\n"},
		"extra data of loose bits": {"extra YQ==\n", "extra YR==\n"},
		"only extra data":          {"index 298\n", "\n"},
		"a short hash":             {p.Path[0].String(), "AAAA"},
		"a hash unpadded":          {p.Path[0].String(), strings.TrimSuffix(p.Path[0].String(), "=")},
		"a space behind a hash":    {p.Path[0].String(), p.Path[0].String() + " "},
		"too many hashes":          {p.Path[0].String(), strings.Repeat(p.Path[0].String()+"\n", 64) + p.Path[0].String()},
		"no checkpoint":            {string(p.Checkpoint), ""},
		"no empty line":            {"\n\n", "\n"},
		"no signatures":            {"— ", "- "},
		"cut off":                  {string(p.Checkpoint), string(p.Checkpoint[:len(p.Checkpoint)-1])},
		"two checkpoints":          {string(p.Checkpoint), string(merkle.JoinCheckpoints([][]byte{p.Checkpoint, p.Checkpoint}))},
		"more behind":              {string(p.Checkpoint), string(p.Checkpoint) + "x"},
		"too long":                 {"extra ", "extra " + strings.Repeat("AAAA", 1<<19)},
	} {
		bad := strings.ReplaceAll(string(good), change[0], change[1])
		if bad == string(good) {
			t.Errorf("%s: nothing changes", name)
		}
		if got, err := merkle.ParseProof([]byte(bad)); err == nil {
			t.Errorf("%s is taken for %+v", name, got)
		}
	}
	for name, bad := range map[string]merkle.Proof{
		"a negative index": {Index: -1, Checkpoint: p.Checkpoint},
		"a long path":      {Path: make([]merkle.Hash, 65), Checkpoint: p.Checkpoint},
		"much extra data":  {Extra: make([]byte, 1<<20+1), Checkpoint: p.Checkpoint},
		"no checkpoint":    {},
		"an unsigned one":  {Checkpoint: []byte(checkpoint().Text())},
	} {
		if text, err := bad.Format(); err == nil {
			t.Errorf("%s is written as %.100q", name, text)
		}
	}
	largest := merkle.Proof{Extra: make([]byte, 1<<20), Index: 1<<63 - 1, Path: make([]merkle.Hash, 64),
		Checkpoint: append(append(bytes.Repeat([]byte("x"), 64<<10), "\n\n— "...), append(bytes.Repeat([]byte("y"), 192<<10-len("\n\n— \n")), '\n')...)}
	text, err := largest.Format()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := merkle.ParseProof(text); err != nil {
		t.Errorf("the largest: %v", err)
	}
}

func FuzzParseProof(f *testing.F) {
	p := proof(f, fuzzKey(f), 9, 3)
	for _, extra := range []string{"", "x"} {
		p.Extra = []byte(extra)
		text, err := p.Format()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte("c2sp.org/tlog-proof@v1\nindex 0\n\na\n\n— \n"))
	verifier, leaf := fuzzKey(f).Verifier(), merkle.LeafHash(entry(3))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := merkle.ParseProof(text)
		if err != nil {
			return
		}
		if again, err := p.Format(); err != nil || !bytes.Equal(again, text) {
			t.Errorf("%q is read as %q, %v", text, again, err)
		}
		if _, err := p.Verify(leaf, verifier); err == nil && p.Index != 3 {
			t.Errorf("%q proves a leaf that is elsewhere", text)
		}
	})
}
