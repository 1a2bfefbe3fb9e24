package main

import (
	"archive/tar"
	"bytes"
	"encoding/binary"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/sealog/sealog/internal/merkle"
)

// fuzzed is a small export with all that one can have: two epochs, erased values, a tail.
func fuzzed(tb testing.TB) export {
	tb.Helper()
	first := soundEpoch(tb, 6)
	first.size, first.older = 5, []int64{0, 2}
	second := &epochWriter{number: 2, start: 6, older: []int64{1}}
	second.events = append(second.events, opened(tb, 10, 2, first), created(tb, 11))
	second.events = append(second.events, redaction(tb, 12, first.events[3], first.events[3].erase()...))
	w := &exportWriter{tb: tb, newest: second, earlier: []*epochWriter{first}, pending: []*sealed{renamed(tb, 13)}}
	return w.files()
}

// verifyTar verifies an archive in memory.
func verifyTar(tb testing.TB, data []byte) *report {
	tb.Helper()
	r := newReport("x")
	src, err := newTarSource(bytes.NewReader(data), defaults())
	if err != nil {
		r.cannot("%s", err)
		return r
	}
	keys := keyring{}
	for n := range 2 {
		keys[originOf(testLog, n+1)] = testKey(tb, originOf(testLog, n+1)).Verifier()
	}
	v := &verifier{src: src, rep: r, keys: keys, maxSkew: 1e9, bar: &bar{}, missing: newMissing(), most: defaults()}
	v.verify()
	return r
}

// sealedBytes is all of an archive that must be as it was where the verdict is sound: files in
// order, without the manifest, whose words are nobody's, without the tail, and without the
// checkpoints' signatures, of which the cosignature may go.
func sealedBytes(data []byte) string {
	var b strings.Builder
	for r := tar.NewReader(bytes.NewReader(data)); ; {
		header, err := r.Next()
		if err != nil {
			return b.String()
		}
		text, _ := io.ReadAll(r)
		switch {
		case header.Typeflag != tar.TypeReg, header.Name == "manifest.json", header.Name == "pending.ndjson", strings.HasSuffix(header.Name, "checkpoints.txt"):
		case strings.HasSuffix(header.Name, "checkpoint"):
			body, _, _ := bytes.Cut(text, []byte("\n\n"))
			b.WriteString(header.Name + "\n" + string(body) + "\n")
		default:
			b.WriteString(header.Name + "\n" + string(text) + "\n")
		}
	}
}

// mutate reads changes of files from a script of the fuzzer's: 6 bytes each.
func mutate(x export, script []byte) export {
	x = slices.Clone(x)
	for i := range x {
		x[i].data = slices.Clone(x[i].data)
	}
	for ; len(script) >= 6 && len(x) > 1; script = script[6:] {
		op, n, at, c := script[0]%8, int(script[1])%len(x), int(binary.BigEndian.Uint16(script[2:])), script[4]
		f := &x[n]
		other := int(script[5]) % len(x)
		if len(f.data) == 0 && op < 4 {
			continue
		}
		switch op {
		case 0:
			f.data[at%len(f.data)] = c
		case 1:
			f.data[at%len(f.data)] ^= 1 << (c % 8)
		case 2:
			at %= len(f.data)
			f.data = slices.Delete(f.data, at, at+1)
		case 3:
			f.data = slices.Insert(f.data, at%len(f.data), c)
		case 4:
			x = slices.Delete(x, n, n+1)
		case 5:
			x = slices.Insert(x, other, *f)
		case 6:
			f.data, x[other].data = x[other].data, f.data
		case 7:
			lines := bytes.SplitAfter(f.data, []byte("\n"))
			a, b := at%len(lines), int(c)%len(lines)
			lines[a], lines[b] = lines[b], lines[a]
			f.data = bytes.Join(lines, nil)
		}
	}
	return x
}

// FuzzVerify changes an export's files: the verdict is never that it is sound when anything
// sealed was changed.
func FuzzVerify(f *testing.F) {
	x := fuzzed(f)
	sound := x.tar(f)
	if r := verifyTar(f, sound); r.exit() != 0 {
		f.Fatalf("exit %d: %+v", r.exit(), r)
	}
	want := sealedBytes(sound)
	for op := range byte(8) {
		for n := range byte(len(x)) {
			f.Add([]byte{op, n, 0, 3 + op*n, 1, 2})
		}
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		changed := mutate(x, script).tar(t)
		if r := verifyTar(t, changed); r.exit() == 0 && sealedBytes(changed) != want {
			t.Errorf("sound, and it is not what was sealed: %q", script)
		}
	})
}

// FuzzArchive changes the archive itself.
func FuzzArchive(f *testing.F) {
	sound := fuzzed(f).tar(f)
	want := sealedBytes(sound)
	f.Add([]byte{0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, script []byte) {
		changed := slices.Clone(sound)
		for ; len(script) >= 4; script = script[4:] {
			changed[int(binary.BigEndian.Uint16(script))*int(script[2])%len(changed)] ^= script[3]
		}
		if r := verifyTar(t, changed); r.exit() == 0 && sealedBytes(changed) != want {
			t.Errorf("sound, and it is not what was sealed: %q", script)
		}
	})
}

// TestSealedBytes flips a bit in all places of each file, of which there are many, so in one of
// sixty-one: none is left unnoticed.
func TestSealedBytes(t *testing.T) {
	t.Parallel()
	x := fuzzed(t)
	for i := range x {
		name := x[i].name
		if name == "manifest.json" || name == "pending.ndjson" || strings.HasSuffix(name, "checkpoints.txt") || strings.HasSuffix(name, "checkpoint") {
			continue
		}
		for at := 3 * i; at < len(x[i].data); at += 61 {
			x[i].data[at] ^= 1
			if r := verifyTar(t, x.tar(t)); r.exit() == 0 {
				t.Errorf("byte %d of %s was changed, and the verdict is sound", at, name)
			}
			x[i].data[at] ^= 1
		}
	}
}

// edited changes a text: each four bytes of a script are an operation (replace a byte, insert one, cut
// to the end of the line, cut the rest), a place and a byte.
func edited(text, script []byte) []byte {
	for ; len(script) >= 4 && len(text) > 0; script = script[4:] {
		at := int(binary.BigEndian.Uint16(script[1:])) % len(text)
		switch script[0] % 4 {
		case 0:
			text[at] = script[3]
		case 1:
			text = slices.Insert(text, at, script[3])
		case 2:
			end := bytes.IndexByte(text[at:], '\n') + 1
			text = slices.Delete(text, at, at+end)
		case 3:
			text = text[:at]
		}
	}
	return text
}

// FuzzCheckpoints reads a checkpoints.txt that was changed: it is split only where a note begins, and
// what is read is signed. The input is a script of changes, four bytes each, and not the text: the
// engine minimizes what it finds in steps that grow with the square of the length, and signatures
// are slow to verify.
func FuzzCheckpoints(f *testing.F) {
	x := fuzzed(f)
	sound := x.at(f, "epochs/1/checkpoints.txt").data
	f.Add([]byte{})
	f.Add([]byte{0, 0, 40, 1, 1, 0, 200, 10, 2, 1, 0, 0})
	f.Fuzz(func(t *testing.T, script []byte) {
		text := edited(append(sound[:len(sound):len(sound)], sound...), script)
		v := &verifier{rep: newReport("x"), keys: keyring{}, most: defaults()}
		l := &epochLog{number: 1, origin: testLog, key: testKey(t, testLog).Verifier(), rep: &epochReport{}}
		v.readOthers(l, text)
		notes, err := merkle.SplitCheckpoints(text)
		if err == nil && !bytes.Equal(merkle.JoinCheckpoints(notes), text) {
			t.Errorf("%q is split as %q", text, notes)
		}
		if err != nil != (v.rep.Findings.Counts[kindMalformed] > 0) || len(l.heads.list) > len(notes) {
			t.Errorf("%q: %v, %+v", text, err, v.rep)
		}
		for _, h := range l.heads.list {
			if h.size != 0 && h.size != 2 {
				t.Errorf("%q has a signed checkpoint of size %d", text, h.size)
			}
		}
	})
}
