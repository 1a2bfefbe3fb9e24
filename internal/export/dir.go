package export

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/sealog/sealog/internal/fault"
)

// Dir is a copy in a directory. It has its name only when it is whole: until then it is a
// hidden directory beside it. Only its owner may read it. Its many files are not flushed to the
// disk one by one; should the power fail just then, the verifier finds those that are lost.
type Dir struct {
	path, temp string
	parent     string // of the files that are written now
	current    *os.File
}

// NewDir begins a copy in a directory that is new, or empty.
//
// Errors: FileExists, DirectoryNotEmpty, FileNotWritable.
func NewDir(path string) (*Dir, error) {
	d := &Dir{path: filepath.Clean(path)}
	if _, err := d.vacant(); err != nil {
		return nil, err
	}
	temp, err := os.MkdirTemp(filepath.Dir(d.path), "."+filepath.Base(d.path)+".partial-*")
	if err != nil {
		return nil, notWritable(path, err)
	}
	d.temp = temp
	return d, nil
}

// vacant says whether an empty directory stands in the way, or an error why the path is taken.
func (d *Dir) vacant() (isDir bool, err error) {
	info, err := os.Lstat(d.path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, notWritable(d.path, err)
	}
	if !info.IsDir() {
		return false, exists(d.path)
	}
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return false, notWritable(d.path, err)
	}
	if len(entries) > 0 {
		return false, fault.New(fault.Conflict, "DirectoryNotEmpty", "The directory %s is not empty.", d.path)
	}
	return true, nil
}

func exists(path string) error {
	return fault.New(fault.Conflict, "FileExists", "The file %s exists already.", path)
}

func notWritable(path string, cause error) error {
	return fault.New(fault.Invalid, "FileNotWritable", "%s cannot be written.", path).Because(cause)
}

// Create implements Sink.
func (d *Dir) Create(name string, _ int64) (_ io.Writer, err error) {
	if err := d.finish(); err != nil {
		return nil, err
	}
	path := filepath.Join(d.temp, filepath.FromSlash(name))
	if parent := filepath.Dir(path); parent != d.parent {
		if err := os.MkdirAll(parent, 0o700); err != nil {
			return nil, fmt.Errorf("export: %w", err)
		}
		d.parent = parent
	}
	if d.current, err = os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600); err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	return d.current, nil
}

// finish ends the file that is being written.
func (d *Dir) finish() error {
	if d.current == nil {
		return nil
	}
	err := d.current.Close()
	d.current = nil
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	return nil
}

// Commit implements Sink.
func (d *Dir) Commit() error {
	if err := d.finish(); err != nil {
		return errors.Join(err, d.Abort())
	}
	err := d.rename()
	if err != nil {
		return errors.Join(err, d.Abort())
	}
	return nil
}

func (d *Dir) rename() error {
	isDir, err := d.vacant()
	if err != nil {
		return err
	}
	if isDir {
		if err := os.Remove(d.path); err != nil {
			return notWritable(d.path, err)
		}
	}
	if err := os.Rename(d.temp, d.path); err != nil {
		return notWritable(d.path, err)
	}
	return nil
}

// Abort implements Sink.
func (d *Dir) Abort() error { return errors.Join(d.finish(), os.RemoveAll(d.temp)) }
