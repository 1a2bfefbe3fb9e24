package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/sealog/sealog/internal/fault"
)

// place is where a SQLite database lies, and which files it had there when it was opened. A file
// can be moved, removed or replaced while it is open, and the operating system lets the process
// write to it as before: to a file that nobody finds again. So before each transaction, after each
// COMMIT and once a second the files at the path are compared with those that are open. Once they
// differ, nothing is written until a restart. A nil place never differs.
type place struct {
	path string
	log  *slog.Logger
	lost atomic.Bool
	left atomic.Bool // the files are being closed

	mu    sync.Mutex
	files map[string]os.FileInfo // by suffix; guarded by mu
}

// The suffixes of the files next to a SQLite database: its write-ahead log and the index of that.
const (
	walSuffix = "-wal"
	shmSuffix = "-shm"
)

var errReplaced = fault.New(fault.Unavailable, "DatabaseReplaced",
	"The database was moved, removed or replaced while the server was running, so nothing is written any more; nothing was changed. The server has to be stopped, given the right database, and started again.")

// notePlace remembers the database's file, which is about to be opened.
func notePlace(path string, log *slog.Logger) (*place, error) {
	p := &place{path: path, log: log, files: map[string]os.FileInfo{}}
	return p, p.note("")
}

// note remembers files, which must be those that are open.
func (p *place) note(suffixes ...string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, suffix := range suffixes {
		info, err := os.Stat(p.path + suffix)
		if err != nil {
			return err
		}
		p.files[suffix] = info
	}
	return nil
}

// leave says that the files are being closed: what becomes of them is not looked at any more.
func (p *place) leave() {
	if p != nil {
		p.left.Store(true)
	}
}

// check returns DatabaseReplaced when the files are not those that are open, and from then on. What
// cannot be looked at for another reason is taken to be there.
func (p *place) check() error {
	if p == nil {
		return nil
	}
	if p.lost.Load() {
		return errReplaced
	}
	if p.left.Load() {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for suffix, open := range p.files {
		found, err := os.Stat(p.path + suffix)
		switch {
		case err == nil && os.SameFile(open, found):
			continue
		case err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) && !errors.Is(err, syscall.ESTALE):
			continue
		}
		if !p.lost.Swap(true) {
			p.log.Error("The database file was moved, removed or replaced while the server was running. Nothing is written any more. "+
				"Stop the server, put the right database in place, and start the server again.",
				"code", errReplaced.Code, "file", p.path+suffix, "missing", err != nil)
		}
		return errReplaced
	}
	return nil
}

// size returns the length of one of the files in bytes.
func (p *place) size(suffix string) (int64, error) {
	info, err := os.Stat(p.path + suffix)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// placedConnector opens connections to the file of a place, and to no other that lies there now.
type placedConnector struct {
	driver.Connector
	place *place
}

// Connect implements driver.Connector.
func (c placedConnector) Connect(ctx context.Context) (driver.Conn, error) {
	if err := c.place.check(); err != nil {
		return nil, err
	}
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.place.check(); err != nil {
		// Not closed: the last connection to a database removes the write-ahead log at its path, which may
		// be that of the database that lies there now.
		return nil, err
	}
	return conn, nil
}
