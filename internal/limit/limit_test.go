package limit

import (
	"fmt"
	"testing"
	"time"
)

func TestAllow(t *testing.T) {
	t.Parallel()
	k, now := New(), time.Now()
	allowed := func(key string, perSecond float64, burst, calls int) int {
		n := 0
		for range calls {
			if k.Allow(key, perSecond, burst, now) {
				n++
			}
		}
		return n
	}
	if n := allowed("a", 1, 5, 20); n != 5 {
		t.Errorf("a burst of %d, want 5", n)
	}
	if n := allowed("b", 1, 5, 20); n != 5 {
		t.Errorf("another key had %d", n)
	}
	now = now.Add(3 * time.Second)
	if n := allowed("a", 1, 5, 20); n != 3 {
		t.Errorf("%d after three seconds, want 3", n)
	}
	now = now.Add(time.Minute)
	if n := allowed("a", 1, 2, 20); n != 2 {
		t.Errorf("%d with a smaller bucket, want 2", n)
	}
}

// TestAKeyInUseIsRemembered floods with names, and looks whether one in use is forgotten.
func TestAKeyInUseIsRemembered(t *testing.T) {
	t.Parallel()
	k, now := New(), time.Now()
	k.Allow("in use", 0, 1, now)
	for i := range 2 * remembered {
		k.Allow(fmt.Sprint(i), 0, 1, now)
		if i%1000 == 0 && k.Allow("in use", 0, 1, now) {
			t.Fatalf("forgotten after %d others", i)
		}
	}
	if k.buckets.Len() > remembered {
		t.Errorf("%d keys remembered", k.buckets.Len())
	}
}
