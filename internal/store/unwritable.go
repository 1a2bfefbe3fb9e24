package store

import (
	"sync"
	"time"

	"github.com/sealog/sealog/internal/fault"
)

// unwritableFor is how long a failed write is remembered that no other write has followed.
const unwritableFor = 30 * time.Second

// unwritable remembers the last write that failed because the database takes none. A full disk can let
// a small write through, which a look at whether anything can be written is, and no other.
type unwritable struct {
	mu  sync.Mutex
	err error     // guarded by mu
	at  time.Time // guarded by mu
}

// note remembers how a write has ended.
func (u *unwritable) note(err error, now time.Time) {
	full := fault.Is(err, "DatabaseFull") || fault.Is(err, "DatabaseReadOnly")
	if err != nil && !full {
		return // it says nothing of what can be written
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.err, u.at = err, now
}

// last is the failure that is remembered; nil when there is none.
func (u *unwritable) last(now time.Time) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if now.Sub(u.at) > unwritableFor {
		return nil
	}
	return u.err
}
