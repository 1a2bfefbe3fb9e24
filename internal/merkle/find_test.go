package merkle_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sealog/sealog/internal/merkle"
)

// TestFindCheckpoints reads checkpoints in the forms in which people keep them.
func TestFindCheckpoints(t *testing.T) {
	t.Parallel()
	k := key(t, origin, 1)
	sign := func(size int64) string {
		note, err := k.Sign(merkle.Checkpoint{Origin: origin, Size: size}, time.Unix(1795521787, 0))
		if err != nil {
			t.Fatal(err)
		}
		return string(note)
	}
	one, two := sign(1), sign(2)
	for name, c := range map[string]struct {
		text    string
		sizes   []int64
		skipped []int
	}{
		"as served":               {one, []int64{1}, nil},
		"as an export has them":   {one + "\n" + two, []int64{1, 2}, nil},
		"appended":                {one + two, []int64{1, 2}, nil},
		"CRLF":                    {strings.ReplaceAll(one+two, "\n", "\r\n"), []int64{1, 2}, nil},
		"no last newline":         {strings.TrimRight(one, "\n"), []int64{1}, nil},
		"a byte order mark":       {"\ufeff" + one, []int64{1}, nil},
		"empty lines":             {"\n\n" + one + "\n\n\n" + two + "\n\n", []int64{1, 2}, nil},
		"blanks at line ends":     {strings.ReplaceAll(one, "\n", " \t\n"), []int64{1}, nil},
		"quoted in a mail":        {"> " + strings.ReplaceAll(one, "\n", "\n> "), []int64{1}, nil},
		"quoted twice":            {"> > " + strings.ReplaceAll(one, "\n", "\n>> "), []int64{1}, nil},
		"with a page of an error": {one + "<html>502 Bad Gateway</html>\n" + two, []int64{1, 2}, []int{strings.Count(one, "\n") + 1}},
		"something else":          {"hello\n\nworld\n", nil, []int{1, 3}},
		"cut within a signature":  {one[:strings.Index(one, "— ")], nil, []int{1, 2, 3}},
		"nothing":                 {"", nil, nil},
	} {
		found, skipped := merkle.FindCheckpoints([]byte(c.text))
		var sizes []int64
		for _, f := range found {
			signed, err := merkle.Open(f.Note, k.Verifier())
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			sizes = append(sizes, signed.Size)
		}
		if !slices.Equal(sizes, c.sizes) || !slices.Equal(skipped, c.skipped) {
			t.Errorf("%s: sizes %v, skipped lines %v", name, sizes, skipped)
		}
	}
	// A signature is never forgiven, and the line is named.
	damaged := strings.Replace(two, "— "+origin+" ", "— "+origin+" A", 1)
	found, _ := merkle.FindCheckpoints([]byte(one + damaged))
	if len(found) != 2 || found[1].Line != strings.Count(one, "\n")+1 {
		t.Fatalf("%+v", found)
	}
	if _, err := merkle.Open(found[1].Note, k.Verifier()); err == nil {
		t.Error("a damaged signature is good")
	}
}

func FuzzFindCheckpoints(f *testing.F) {
	signed, err := fuzzKey(f).Sign(checkpoint(), time.Unix(1795521787, 0))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(signed)
	f.Add(bytes.Repeat(signed, 2))
	f.Add([]byte("> a\r\n> 1\r\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		found, skipped := merkle.FindCheckpoints(text)
		last := 0
		for _, each := range found {
			if notes, err := merkle.SplitCheckpoints(each.Note); err != nil || len(notes) != 1 || each.Line <= last {
				t.Errorf("%q at line %d is %d checkpoints, %v", each.Note, each.Line, len(notes), err)
			}
			last = each.Line
		}
		// What an export has is found whole.
		if notes, err := merkle.SplitCheckpoints(text); err == nil && len(skipped) == 0 && len(found) != len(notes) {
			t.Errorf("%d of %d found", len(found), len(notes))
		}
	})
}
