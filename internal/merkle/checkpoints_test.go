package merkle_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sealog/sealog/internal/merkle"
)

func fuzzKey(f *testing.F) *merkle.Key {
	f.Helper()
	k, err := merkle.NewKey(origin, make([]byte, 32))
	if err != nil {
		f.Fatal(err)
	}
	return k
}

func TestCheckpoints(t *testing.T) {
	t.Parallel()
	k := key(t, origin, 1)
	var notes [][]byte
	for n := range int64(4) {
		got, err := merkle.SplitCheckpoints(merkle.JoinCheckpoints(notes))
		if err != nil || cmp.Diff(notes, got) != "" {
			t.Errorf("%d checkpoints: %v %s", n, err, cmp.Diff(notes, got))
		}
		for i, note := range got {
			if signed, err := merkle.Open(note, k.Verifier()); err != nil || signed.Size != int64(i) {
				t.Errorf("checkpoint %d is of size %d, %v", i, signed.Size, err)
			}
		}
		note, err := k.Sign(merkle.Checkpoint{Origin: origin, Size: n, Extensions: []string{"— not a signature"}[:n%2]}, time.Unix(1795521787, 0))
		if err != nil {
			t.Fatal(err)
		}
		notes = append(notes, note)
	}
	// An origin may begin as a signature does.
	if got, err := merkle.SplitCheckpoints([]byte("— a\n\n— s\n\n— b\n\n— s\n— t\n")); err != nil || len(got) != 2 || string(got[1]) != "— b\n\n— s\n— t\n" {
		t.Errorf("%q, %v", got, err)
	}
	for name, bad := range map[string]string{
		"a newline":               "\n",
		"no text":                 "\n\n— s\n",
		"an empty line before":    "\na\n\n— s\n",
		"no empty line":           "a\n— s\n",
		"no signature":            "a\n\n",
		"another line":            "a\n\n— s\nb\n",
		"a hyphen":                "a\n\n- s\n",
		"a signature cut off":     "a\n\n— s",
		"an empty line behind":    "a\n\n— s\n\n",
		"two empty lines":         "a\n\n— s\n\n\nb\n\n— s\n",
		"no empty line between":   "a\n\n— s\nb\n\n— s\n",
		"the second without text": "a\n\n— s\n\n— s\n",
		"CR":                      "a\r\n\r\n— s\r\n",
		"too long":                "a\n\n— " + strings.Repeat("s", 256<<10) + "\n",
	} {
		if got, err := merkle.SplitCheckpoints([]byte(bad)); err == nil {
			t.Errorf("%s is read as %.100q", name, got)
		}
	}
}

func FuzzSplitCheckpoints(f *testing.F) {
	signed, err := fuzzKey(f).Sign(checkpoint(), time.Unix(1795521787, 0))
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(nil))
	f.Add(signed)
	f.Add(merkle.JoinCheckpoints([][]byte{signed, signed}))
	f.Add([]byte("— a\n\n— s\n\n— b\n\n— s\n— t\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		notes, err := merkle.SplitCheckpoints(text)
		if err != nil {
			return
		}
		if again := merkle.JoinCheckpoints(notes); !bytes.Equal(again, text) {
			t.Errorf("%q is read as %q", text, again)
		}
		for _, note := range notes {
			if alone, err := merkle.SplitCheckpoints(note); err != nil || len(alone) != 1 {
				t.Errorf("%q is %d checkpoints, %v", note, len(alone), err)
			}
		}
	})
}
