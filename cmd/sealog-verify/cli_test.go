package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/sealog/sealog/internal/merkle"
)

func TestCommandLine(t *testing.T) {
	t.Parallel()
	w := &exportWriter{tb: t, newest: soundEpoch(t, 3)}
	path := w.files().dir(t)
	key := testKey(t, testLog)
	keyFile := write(t, "LOG.vkey", []byte("\n"+testKey(t, originOf(testLog, 2)).Verifier()+"\n"+key.Verifier()+"\n"))
	seed := bytes.Repeat([]byte{7}, 32)
	another, err := merkle.NewKey(testLog, seed)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		args []string
		exit int
		says string
	}{
		{"help", []string{"--help"}, 0, "Checks an export"},
		{"nothing", nil, 2, "expected"},
		{"no such flag", []string{path, "--x"}, 2, "unknown flag"},
		{"skew below zero", []string{path, "--max-skew=-1s"}, 2, "below zero"},
		{"key as text", []string{path, "--key", key.Verifier()}, 0, "verdict: sound"},
		{"key as a file, with one of an epoch that is not there", []string{path, "--key", keyFile}, 2, "/e2 was given"},
		{"key that is none", []string{path, "--key", write(t, "k", []byte("x"))}, 2, "holds no verifier key"},
		{"key of cosignatures", []string{path, "--key", key.CosignatureVerifier()}, 2, "--key"},
		{"two keys", []string{path, "--key", key.Verifier(), "--key", another.Verifier()}, 2, "two keys for one origin"},
		{"the same key twice", []string{path, "--key", key.Verifier(), "--key", key.Verifier()}, 0, "verdict: sound"},
		{"no such export", []string{path + "x", "--key", key.Verifier()}, 2, "cannot be opened"},
		{"a file that is no archive", []string{keyFile, "--key", key.Verifier()}, 2, "no archive of an export"},
		{"an empty directory", []string{t.TempDir(), "--key", key.Verifier()}, 2, "manifest.json is missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			if exit := run(c.args, &out, &out); exit != c.exit || !strings.Contains(out.String(), c.says) {
				t.Errorf("exit %d, want %d, %q\n%s", exit, c.exit, c.says, out.String())
			}
		})
	}
}

// broken is a writer that cannot be written to.
type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestUnwrittenReportIsNotSound(t *testing.T) {
	t.Parallel()
	w := &exportWriter{tb: t, newest: soundEpoch(t, 3)}
	if exit := run(append(keysOf(t, 1), w.files().dir(t)), broken{}, broken{}); exit == 0 {
		t.Error("exit 0")
	}
}

// TestHostileDirectory has files that are none.
func TestHostileDirectory(t *testing.T) {
	t.Parallel()
	w := &exportWriter{tb: t, newest: soundEpoch(t, 3)}
	for name, put := range map[string]func(path string) error{
		"pipe":          func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"directory":     func(path string) error { return os.Mkdir(path, 0o700) },
		"link outside":  func(path string) error { return os.Symlink("/dev/zero", path) },
		"link upwards":  func(path string) error { return os.Symlink("../../../../../../../etc/passwd", path) },
		"sparse file":   func(path string) error { return first(os.WriteFile(path, nil, 0o600), os.Truncate(path, 1<<40)) },
		"link to a log": func(path string) error { return os.Symlink("nowhere", path) },
	} {
		for _, file := range []string{"manifest.json", "checkpoint", "checkpoints.txt", "tile/entries/000.p/3", "tile/0/000.p/3", "disclosures/000.ndjson"} {
			dir := w.files().dir(t)
			path := filepath.Join(dir, file)
			if err := first(os.Remove(path), put(path)); err != nil {
				t.Fatal(err)
			}
			if o := verifyWith(t, append(keysOf(t, 1), dir)...); o.exit == 0 && !(file == "checkpoints.txt" && name == "link to a log") {
				t.Errorf("%s as a %s: exit %d\n%s", file, name, o.exit, o.stdout)
			}
		}
	}
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// TestHostileArchive has archives that are no exports, or more than one.
func TestHostileArchive(t *testing.T) {
	t.Parallel()
	w := &exportWriter{tb: t, newest: soundEpoch(t, 3)}
	plain, zipped := w.files().tar(t), readAll(t, w.files().archive(t))
	link := func(name string) []byte {
		var b bytes.Buffer
		tw := tar.NewWriter(&b)
		if err := tw.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}); err != nil {
			t.Fatal(err)
		}
		return append(b.Bytes(), plain...)
	}
	var again bytes.Buffer
	z := gzip.NewWriter(&again)
	if _, err := z.Write(append(plain, bytes.Repeat([]byte{0}, 2*maxPadding)...)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	renamedFile := w.files()
	renamedFile[0].name = "../manifest.json"
	absolute := w.files()
	absolute.at(t, "tile/entries/000.p/3").name = "/tile/entries/000.p/3"
	extra := append(w.files(), file{"evil", []byte("x")})
	for name, data := range map[string][]byte{
		"cut off":                       zipped[:len(zipped)-30],
		"cut off before the checksum":   zipped[:len(zipped)-8],
		"another checksum":              append(zipped[:len(zipped)-8:len(zipped)-8], 1, 2, 3, 4, 5, 6, 7, 8),
		"more behind it":                append(zipped[:len(zipped):len(zipped)], "more"...),
		"more behind it, not zipped":    append(plain[:len(plain):len(plain)], "more"...),
		"a bomb of zeros behind it":     again.Bytes(),
		"a link in front":               link("x"),
		"a link as the manifest":        link("manifest.json"),
		"a path upwards":                renamedFile.tar(t),
		"an absolute path":              absolute.tar(t),
		"a file that nobody asked for":  extra.tar(t),
		"the archive twice":             append(plain[:len(plain)-1024:len(plain)-1024], plain...),
		"an archive of nothing":         make([]byte, 1024),
		"nothing":                       nil,
		"a file cut off in the archive": plain[:1700],
	} {
		o := verifyWith(t, append(keysOf(t, 1), write(t, "x.tar.gz", data))...)
		if o.exit != 2 {
			t.Errorf("%s: exit %d\n%s", name, o.exit, o.stdout)
		}
	}
	if o := verifyWith(t, append(keysOf(t, 1), write(t, "x.tar.gz", zipped))...); o.exit != 0 {
		t.Errorf("the archive itself: exit %d\n%s", o.exit, o.stdout)
	}
}

func readAll(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestNothingElseOfSealogIsUsed keeps the program small enough to be read.
func TestNothingElseOfSealogIsUsed(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	const module = "github.com/sealog/sealog/"
	for path := range strings.FieldsSeq(string(out)) {
		rest, ours := strings.CutPrefix(path, module)
		if ours && rest != "cmd/sealog-verify" && rest != "internal/event" && rest != "internal/merkle" {
			t.Errorf("it uses %s", path)
		}
	}
}
