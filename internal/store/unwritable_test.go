package store

import (
	"errors"
	"testing"
	"time"

	"github.com/sealog/sealog/internal/fault"
)

func TestUnwritable(t *testing.T) {
	t.Parallel()
	full := fault.New(fault.Unavailable, "DatabaseFull", "The database has no space left; nothing was changed.")
	now := time.Now()
	var u unwritable
	if err := u.last(now); err != nil {
		t.Errorf("at first: %v", err)
	}
	u.note(full, now)
	u.note(errors.New("of another kind"), now)
	u.note(fault.New(fault.Denied, "RoleTooLow", "No."), now)
	if err := u.last(now.Add(unwritableFor)); !fault.Is(err, "DatabaseFull") {
		t.Errorf("after a full disk: %v", err)
	}
	if err := u.last(now.Add(unwritableFor + 1)); err != nil {
		t.Errorf("later: %v", err)
	}
	u.note(full, now)
	u.note(nil, now)
	if err := u.last(now); err != nil {
		t.Errorf("after a write: %v", err)
	}
}
