package portal

import (
	"testing"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
)

// TestStreamsOfAnAccount counts those of all sessions of an account, and gives places back.
func TestStreamsOfAnAccount(t *testing.T) {
	t.Parallel()
	l, account := newLives(12), event.NewID()
	var leave []func()
	for i := range 12 {
		out, err := l.enter(account, event.NewID())
		if err != nil {
			t.Fatalf("stream %d: %v", i, err)
		}
		leave = append(leave, out)
	}
	if _, err := l.enter(account, event.NewID()); !fault.Is(err, "QuotaExceeded") {
		t.Errorf("one too many: %v", err)
	}
	if _, err := l.enter(event.NewID(), event.NewID()); err != nil {
		t.Errorf("another account: %v", err)
	}
	for _, out := range leave {
		out()
	}
	if len(l.ofAccount) != 1 || len(l.ofSession) != 1 {
		t.Errorf("left: %v, %v", l.ofAccount, l.ofSession)
	}
	unbounded := newLives(0)
	for range 50 {
		if _, err := unbounded.enter(account, event.NewID()); err != nil {
			t.Fatal(err)
		}
	}
}
