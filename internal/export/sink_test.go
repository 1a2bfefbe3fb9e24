package export

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sealog/sealog/internal/fault"
)

// fill writes two files to a sink.
func fill(t *testing.T, sink Sink) {
	t.Helper()
	for _, name := range []string{"manifest.json", "tile/0/x001/234"} {
		out, err := sink.Create(name, int64(len(name)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(out, name); err != nil {
			t.Fatal(err)
		}
	}
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

// TestADirectoryIsWholeOrNotThere, and for its owner alone.
func TestADirectoryIsWholeOrNotThere(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	empty := filepath.Join(parent, "empty")
	if err := os.Mkdir(empty, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{filepath.Join(parent, "new"), empty + "/"} {
		sink, err := NewDir(path)
		if err != nil {
			t.Fatal(err)
		}
		fill(t, sink)
		if _, err := os.Stat(filepath.Join(path, "manifest.json")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("there before it is whole: %v", err)
		}
		if err := sink.Commit(); err != nil {
			t.Fatal(err)
		}
		if got := files(t, path); len(got) != 2 || string(got["tile/0/x001/234"]) != "tile/0/x001/234" {
			t.Errorf("files: %q", got)
		}
		err = filepath.WalkDir(path, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := d.Info()
			if err == nil && info.Mode().Perm()&0o077 != 0 {
				t.Errorf("%s: mode %o", path, info.Mode())
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	sink, err := NewDir(filepath.Join(parent, "given-up"))
	if err != nil {
		t.Fatal(err)
	}
	fill(t, sink)
	if err := sink.Abort(); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(names(t, parent), " "); got != "empty new" {
		t.Errorf("in the directory: %s", got)
	}
}

// TestNothingIsOverwritten, be it there from the beginning or made meanwhile.
func TestNothingIsOverwritten(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	file := filepath.Join(parent, "file")
	if err := os.WriteFile(file, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := NewDir(file); !fault.Is(err, "FileExists") {
		t.Errorf("a file: %v", err)
	}
	if _, err := NewDir(parent); !fault.Is(err, "DirectoryNotEmpty") {
		t.Errorf("a directory with a file: %v", err)
	}
	if _, err := NewDir(filepath.Join(parent, "no", "where")); !fault.Is(err, "FileNotWritable") {
		t.Errorf("nowhere: %v", err)
	}
	if _, err := NewTarGzFile(file); !fault.Is(err, "FileExists") {
		t.Errorf("an archive: %v", err)
	}
	if _, err := NewTarGzFile(filepath.Join(parent, "no", "where")); !fault.Is(err, "FileNotWritable") {
		t.Errorf("an archive nowhere: %v", err)
	}
	dir, err := NewDir(filepath.Join(parent, "late"))
	if err != nil {
		t.Fatal(err)
	}
	archive, err := NewTarGzFile(filepath.Join(parent, "late.tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	fill(t, dir)
	fill(t, archive)
	for _, name := range []string{"late", "late.tar.gz"} {
		if err := os.WriteFile(filepath.Join(parent, name), []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := dir.Commit(); !fault.Is(err, "FileExists") {
		t.Errorf("meanwhile a file: %v", err)
	}
	if err := archive.Commit(); !fault.Is(err, "FileExists") {
		t.Errorf("meanwhile an archive: %v", err)
	}
	if got := strings.Join(names(t, parent), " "); got != "file late late.tar.gz" {
		t.Errorf("in the directory: %s", got)
	}
}

// TestAStreamThatWasNotCommitted does not read like a whole one.
func TestAStreamThatWasNotCommitted(t *testing.T) {
	t.Parallel()
	var stream bytes.Buffer
	sink := NewTarGz(&stream)
	fill(t, sink)
	if err := errors.Join(sink.gzip.Flush(), sink.Abort()); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "half.tar.gz")
	if err := os.WriteFile(path, stream.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	verify(t, path, nil, 2)
}

// TestAFileThatIsLarge is made twice: to be measured, and to be written.
func TestAFileThatIsLarge(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, spooled, spooled + 1, 3*spooled + 5} {
		path := filepath.Join(t.TempDir(), "dir")
		sink, err := NewDir(path)
		if err != nil {
			t.Fatal(err)
		}
		w, times := &writer{sink: sink}, 0
		want := bytes.Repeat([]byte("12345678"), size/8+1)[:size]
		err = w.stream("file", true, func(out io.Writer) error {
			times++
			for part := want; len(part) > 0; part = part[min(len(part), 1000):] {
				if _, err := out.Write(part[:min(len(part), 1000)]); err != nil {
					return err
				}
			}
			return nil
		})
		if err = errors.Join(err, sink.Commit()); err != nil {
			t.Fatal(err)
		}
		if got := files(t, path)["file"]; !bytes.Equal(got, want) || times != 1 && size <= spooled || times != 2 && size > spooled {
			t.Errorf("%d bytes: %d were written, made %d times", size, len(got), times)
		}
	}
	grown, n := &writer{sink: NewTarGz(io.Discard)}, 0
	err := grown.stream("file", true, func(out io.Writer) error {
		n++
		_, err := out.Write(make([]byte, spooled+3-n))
		return err
	})
	if err == nil {
		t.Error("a file that changed while it was written")
	}
}
