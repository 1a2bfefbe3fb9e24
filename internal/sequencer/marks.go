package sequencer

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/merkle"
)

// publishEvery bounds how often a log's file of checkpoints grows.
const publishEvery = time.Minute

// Marks are files outside of the database that say what was signed. For each log there are two,
// named after its id: <id>.mark has the newest checkpoint that this machine knows of, <id>.txt
// one checkpoint a minute, oldest first, with an empty line between them. Copy the latter
// elsewhere, and nobody can rewrite the log unseen.
type Marks struct {
	dir string

	mu        sync.Mutex
	published map[string]time.Time // by log; guarded by mu
}

// NewMarks returns the marks in a directory, which is made if need be.
func NewMarks(dir string) (*Marks, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("sequencer: directory of checkpoints: %w", err)
	}
	return &Marks{dir: dir, published: map[string]time.Time{}}, nil
}

// ReadMarks returns the marks in a directory that may be missing, and to which nothing is written.
func ReadMarks(dir string) *Marks { return &Marks{dir: dir, published: map[string]time.Time{}} }

// file is the name of a log's file. Only the random end of its id is used: the rest is a host.
func (m *Marks) file(log, suffix string) string {
	return filepath.Join(m.dir, path.Base(log)+suffix)
}

// get reads the mark of a log: the newest checkpoint, verified, and its epoch; false when there
// is no mark. key gives the verifier key of an origin.
func (m *Marks) get(log string, key func(origin string) string) (_ merkle.Signed, epoch int64, ok bool, err error) {
	note, err := os.ReadFile(m.file(log, ".mark"))
	if errors.Is(err, fs.ErrNotExist) {
		return merkle.Signed{}, 0, false, nil
	}
	if err != nil {
		return merkle.Signed{}, 0, false, fmt.Errorf("sequencer: mark of %s: %w", log, err)
	}
	origin, _, _ := strings.Cut(string(note), "\n")
	epoch = 1
	if rest, found := strings.CutPrefix(origin, log+"/e"); found {
		if epoch, err = strconv.ParseInt(rest, 10, 64); err != nil {
			return merkle.Signed{}, 0, false, fmt.Errorf("sequencer: mark of %s: %w", log, err)
		}
	} else if origin != log {
		return merkle.Signed{}, 0, false, fmt.Errorf("sequencer: the mark of %s is one of %q", log, origin)
	}
	signed, err := merkle.Open(note, key(origin))
	if err != nil {
		return merkle.Signed{}, 0, false, fmt.Errorf("sequencer: the mark of %s is damaged; look into the matter before you remove it: %w", log, err)
	}
	return signed, epoch, true, nil
}

// isOlder reports whether a mark is of a larger tree of the same epoch than a checkpoint, which
// another process beside this one has signed.
func (m *Marks) isOlder(e auditlog.Epoch, size int64) bool {
	note, err := os.ReadFile(m.file(e.Log, ".mark"))
	lines := strings.SplitN(string(note), "\n", 3)
	if err != nil || len(lines) < 3 || lines[0] != e.Origin() {
		return false
	}
	known, err := strconv.ParseInt(lines[1], 10, 64)
	return err == nil && known > size
}

// set replaces the mark of an epoch's log, durably, unless it is of a larger tree.
func (m *Marks) set(e auditlog.Epoch, note []byte) (err error) {
	if m.isOlder(e, e.TreeSize()) {
		return nil
	}
	temp, err := os.CreateTemp(m.dir, ".mark-*")
	if err != nil {
		return fmt.Errorf("sequencer: mark of %s: %w", e.Log, err)
	}
	defer func() {
		if err != nil {
			os.Remove(temp.Name())
			err = fmt.Errorf("sequencer: mark of %s: %w", e.Log, err)
		}
	}()
	_, err = temp.Write(note)
	if err = errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), m.file(e.Log, ".mark"))
}

// publish appends a checkpoint to the log's file, unless that has grown just now.
func (m *Marks) publish(e auditlog.Epoch, note []byte, now time.Time) error {
	m.mu.Lock()
	due := now.Sub(m.published[e.Log]) >= publishEvery
	if due {
		m.published[e.Log] = now
	}
	m.mu.Unlock()
	if !due {
		return nil
	}
	file, err := os.OpenFile(m.file(e.Log, ".txt"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("sequencer: checkpoints of %s: %w", e.Log, err)
	}
	text := note
	if info, err := file.Stat(); err == nil && info.Size() > 0 {
		text = append([]byte("\n"), note...)
	}
	_, err = file.Write(text)
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("sequencer: checkpoints of %s: %w", e.Log, err)
	}
	return nil
}
