package export

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// TarGz is a copy in one stream: a tar archive, compressed. One that was not
// committed ends without its trailers, so that whoever reads it sees that it is not whole.
type TarGz struct {
	gzip *gzip.Writer
	tar  *tar.Writer
	made time.Time

	// Of a file.
	path string
	file *os.File // nil when somebody else owns the stream
}

// compression is the level of gzip. The usual one makes a copy an eighth smaller, and takes more
// than twice the time.
const compression = gzip.BestSpeed

// NewTarGz writes a copy to a stream, which stays the caller's to close. When the copy fails
// the caller has to break the stream off.
func NewTarGz(w io.Writer) *TarGz {
	z, err := gzip.NewWriterLevel(w, compression)
	if err != nil {
		panic(err) // there is no such level
	}
	return &TarGz{gzip: z, tar: tar.NewWriter(z), made: time.Now().Truncate(time.Second)}
}

// NewTarGzFile begins a copy in a new file, which has its name only when it is whole. Only its
// owner may read it.
//
// Errors: FileExists, FileNotWritable.
func NewTarGzFile(path string) (*TarGz, error) {
	if err := free(path); err != nil {
		return nil, err
	}
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".partial-*")
	if err != nil {
		return nil, notWritable(path, err)
	}
	t := NewTarGz(file)
	t.path, t.file = path, file
	return t, nil
}

func free(path string) error {
	switch _, err := os.Lstat(path); {
	case err == nil:
		return exists(path)
	case !errors.Is(err, fs.ErrNotExist):
		return notWritable(path, err)
	}
	return nil
}

// Create implements Sink.
func (t *TarGz) Create(name string, size int64) (io.Writer, error) {
	err := t.tar.WriteHeader(&tar.Header{
		Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, ModTime: t.made,
	})
	if err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	return t.tar, nil
}

// Commit implements Sink.
func (t *TarGz) Commit() error {
	err := errors.Join(t.tar.Close(), t.gzip.Close())
	if t.file == nil {
		if err != nil {
			return fmt.Errorf("export: %w", err)
		}
		return nil
	}
	if err == nil {
		err = t.file.Sync()
	}
	if err = errors.Join(err, t.file.Close()); err == nil {
		err = free(t.path)
	}
	if err == nil {
		err = os.Rename(t.file.Name(), t.path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("export: %w", err), os.Remove(t.file.Name()))
	}
	return nil
}

// Abort implements Sink.
func (t *TarGz) Abort() error {
	if t.file == nil {
		return nil
	}
	return errors.Join(t.file.Close(), os.Remove(t.file.Name()))
}
