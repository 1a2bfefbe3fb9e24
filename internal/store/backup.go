package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
)

// Copy is a copy of a database that was made and looked at.
type Copy struct {
	Path   string
	Bytes  int64
	Events int64 // of all projects
}

// Backup copies a SQLite database to a file, as the database is at one moment; whoever reads and
// writes it meanwhile does not notice. What was deleted or erased before that moment is not in
// the copy. The file must not exist; it is of mode 0600, and has its name only when it is
// complete and was read through. Nothing of the master secret is in it.
//
// It is recorded in the Portal's log before it begins.
//
// Errors: BackupNotHere (PostgreSQL has its own tools), FileExists, FileNotWritable,
// BackupFailed, BackupDamaged (the copy is no sound database).
func Backup(ctx context.Context, db *DB, by event.By, path string) (_ Copy, err error) {
	defer fault.Wrap(&err, "store.Backup")
	about := event.InProject(event.PortalProject)
	refuse := func(err error) (Copy, error) {
		return Copy{}, Refuse[event.BackupCreated](ctx, db, by, about, err)
	}
	if db.engine != SQLite {
		return refuse(fault.New(fault.Invalid, "BackupNotHere",
			"A PostgreSQL database is copied with its own tools, pg_dump or pg_basebackup; see docs/operations.md, \"Backup and restore\"."))
	}
	temp, err := reserve(path)
	if err != nil {
		return refuse(err)
	}
	defer os.Remove(temp)
	_, err = Record(ctx, db, by, about, func(context.Context, *Tx) (event.BackupCreated, error) {
		return event.BackupCreated{Engine: string(db.engine)}, nil
	})
	if err != nil {
		return Copy{}, err
	}
	c, err := copyTo(ctx, db, temp)
	if err == nil {
		c.Path, err = path, settleFile(temp, path)
	}
	if err != nil {
		return refuse(err)
	}
	return c, nil
}

// reserve makes an empty file in the directory of path, in which path is not taken.
func reserve(path string) (temp string, err error) {
	if _, err := os.Lstat(path); err == nil {
		return "", errFileExists(path)
	}
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return "", fmt.Errorf("store: %w", err)
	}
	file, err := os.CreateTemp(dir, ".sealog-backup-*") // of mode 0600
	if err != nil {
		return "", fault.New(fault.Invalid, "FileNotWritable", "The file %s cannot be written.", path).Because(err)
	}
	return file.Name(), file.Close()
}

func errFileExists(path string) error {
	return fault.New(fault.Conflict, "FileExists", "The file %s exists already.", path)
}

// copyTo copies the database into an empty file, durably, and reads the copy through.
func copyTo(ctx context.Context, db *DB, temp string) (c Copy, err error) {
	failed := func(err error) (Copy, error) {
		return Copy{}, fault.New(fault.Unavailable, "BackupFailed", "The copy could not be made.").Because(err)
	}
	// The readers of the pool may not write anything at all; this one, not into the database.
	source, err := openFile(db, "ro", "busy_timeout(10000)")
	if err != nil {
		return failed(err)
	}
	defer source.Close()
	if _, err := source.ExecContext(ctx, `VACUUM INTO $1`, temp); err != nil {
		return failed(err)
	}
	if c.Bytes, err = syncFile(temp); err != nil {
		return failed(err)
	}
	damaged := func(err error) (Copy, error) {
		return Copy{}, fault.New(fault.Unavailable, "BackupDamaged", "The copy that was made is not sound; it was removed.").Because(err)
	}
	made, err := openPlaced(nil, sqliteDSN(temp, "ro"), 1)
	if err != nil {
		return damaged(err)
	}
	defer made.Close()
	var verdict string
	if err := made.QueryRowContext(ctx, `PRAGMA integrity_check(1)`).Scan(&verdict); err != nil || verdict != "ok" {
		return damaged(errors.Join(errors.New("store: integrity check: "+verdict), err))
	}
	if err := made.QueryRowContext(ctx, `SELECT count(*) FROM events`).Scan(&c.Events); err != nil {
		return damaged(err)
	}
	return c, nil
}

// syncFile makes a file's content durable and returns its size.
func syncFile(path string) (size int64, err error) {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return 0, err
	}
	info, err := file.Stat()
	if err == nil {
		size = info.Size()
	}
	return size, errors.Join(err, file.Sync(), file.Close())
}

// settleFile gives a complete file its name, which nobody may have taken meanwhile.
func settleFile(temp, path string) error {
	err := os.Link(temp, path)
	if errors.Is(err, fs.ErrExist) {
		return errFileExists(path)
	}
	if err != nil { // a file system without links
		err = os.Rename(temp, path)
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		return fault.New(fault.Unavailable, "BackupFailed", "The copy could not be given its name.").Because(err)
	}
	return nil
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
