package ledger

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestSqueezedIsReadByThePackage: what is squeezed is a block of S2, of any text, and smaller than its
// own where the text is an event's.
func TestSqueezedIsReadByThePackage(t *testing.T) {
	t.Parallel()
	squeezed, better := 0, 0
	for _, plain := range goldens(t) {
		text, _, _ := takeValues(plain, nil)
		squeezed, better = squeezed+len(squeezes(t, text)), better+len(dictionary2.EncodeBetter(nil, text))
	}
	if squeezed > better {
		t.Errorf("%d bytes, and %d as the package does it", squeezed, better)
	}
	random := rand.New(rand.NewPCG(1, 2))
	noise := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		return string(b)
	}
	apart := noise(3000) // so that what comes before it is not near by
	for _, text := range []string{
		"", "a", "abc", "abcd", noise(59), noise(60), noise(61), noise(62), noise(256), noise(257), noise(maxSqueezed), noise(maxSqueezed + 1),
		strings.Repeat("a", maxSqueezed), strings.Repeat("ab", maxSqueezed), string(dictionary2Text), string(dictionary2Text[1:]) + string(dictionary2Text[:9000]),
	} {
		squeezes(t, []byte(text))
	}
	for n := range 40 { // of the offsets about where a copy takes more bytes, and of the largest
		again := noise(n)
		for k := range 9 {
			squeezes(t, []byte(again+noise(max(0, nearBy-4+k-n))+again))
		}
		squeezes(t, append([]byte(noise(maxSqueezed-n)), dictionary2Text[:n]...))
	}
	for n := range 2*maxRepeat3 + maxCopy2 + 10 {
		again := noise(n)
		squeezes(t, []byte(again+again))
		squeezes(t, []byte(again+apart+again))
		squeezes(t, []byte(apart+again+"-"+again+"+"+again)) // the second with the offset of the first
		squeezes(t, []byte(string(dictionary2Text[2000:2000+n])+"!"+string(dictionary2Text[2001+n:2001+2*n])))
		squeezes(t, dictionary2Text[len(dictionary2Text)-n:]) // up to where the dictionary ends
		squeezes(t, append(bytes.Clone(dictionary2Text[len(dictionary2Text)-n:]), dictionary2Text[len(dictionary2Text)-n:]...))
	}
}

func squeezes(t *testing.T, text []byte) []byte {
	t.Helper()
	squeezed := dictionary2.squeeze([]byte("before"), text)[len("before"):]
	if again, err := dictionary2.Decode(nil, squeezed); err != nil || !bytes.Equal(again, text) {
		t.Fatalf("%d bytes, %.200q, come back as %.200q, %v", len(text), text, again, err)
	}
	return squeezed
}

func FuzzSqueeze(f *testing.F) {
	for _, b := range goldens(f) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, text []byte) { squeezes(t, text) })
}

func TestMarkIn(t *testing.T) {
	t.Parallel()
	for mark := range 256 {
		for at := range 20 {
			for _, before := range []byte{lastMark + 1, 0x20, 0x7f, 0x80, 0x80 + lastMark, 0x80 + lastMark + 1, 0xff} {
				text := bytes.Repeat([]byte{before}, 20)
				text[at] = byte(mark)
				want := len(text)
				if mark <= lastMark {
					want = at
				}
				if got := markIn(text); got != want {
					t.Fatalf("%d in %x at %d: found at %d", mark, before, at, got)
				}
			}
		}
	}
	if got := markIn([]byte{'a', 1, 0, 5}); got != 1 {
		t.Errorf("the first of several is at %d", got)
	}
}
