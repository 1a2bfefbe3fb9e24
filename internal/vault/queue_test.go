package vault

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/limit"
)

// TestQueue fills the lines and looks at the order in which they are served.
func TestQueue(t *testing.T) {
	t.Parallel()
	q := &queue{most: 1}
	if err := q.enter(t.Context(), Unknown); err != nil {
		t.Fatal(err)
	}
	served := make(chan string)
	wait := func(name string, s Standing) {
		t.Helper()
		before := q.waiting(s)
		go func() {
			if err := q.enter(t.Context(), s); err != nil {
				name = err.Error()
			}
			served <- name
		}()
		for q.waiting(s) == before {
			select {
			case got := <-served:
				t.Fatalf("%s is served out of turn", got)
			default:
			}
		}
	}
	for i := range 3 {
		wait(fmt.Sprint("suspicious ", i), Suspicious)
	}
	for i := range 3 {
		wait(fmt.Sprint("unknown ", i), Unknown)
	}
	for i := range 3 {
		wait(fmt.Sprint("known ", i), Known)
	}
	var order []string
	for range 9 {
		q.leave()
		order = append(order, <-served)
	}
	want := "known 0, known 1, known 2, unknown 0, unknown 1, unknown 2, suspicious 0, suspicious 1, suspicious 2"
	if got := strings.Join(order, ", "); got != want {
		t.Errorf("served %s", got)
	}

	// Each line is bounded, and the others are open then.
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	for range limit.PasswordsWaiting.Most {
		go func() { ended <- q.enter(ctx, Unknown) }()
	}
	for q.waiting(Unknown) < limit.PasswordsWaiting.Most {
		select {
		case err := <-ended:
			t.Fatal(err)
		default:
		}
	}
	if err := q.enter(t.Context(), Unknown); !fault.Is(err, "PasswordsBusy") {
		t.Errorf("one too many: %v", err)
	}
	wait("known", Known)
	q.leave()
	if got := <-served; got != "known" {
		t.Errorf("served %s", got)
	}
	cancel()
	for range limit.PasswordsWaiting.Most {
		if err := <-ended; err == nil {
			t.Error("served after its caller has left")
		}
	}
	q.leave()
	if q.running != 0 || q.waiting(Unknown) != 0 {
		t.Errorf("%d run, %d wait", q.running, q.waiting(Unknown))
	}
}

// TestQueueServesEverybody: a flood of those who come first keeps nobody out.
func TestQueueServesEverybody(t *testing.T) {
	t.Parallel()
	q := &queue{most: 1, running: 1}
	enter := func(s Standing) chan struct{} {
		called := make(chan struct{})
		q.lines[s] = append(q.lines[s], called)
		return called
	}
	suspicious := enter(Suspicious)
	for turns := 1; ; turns++ {
		enter(Known)
		enter(Unknown)
		q.leave()
		select {
		case <-suspicious:
			if turns > 8 {
				t.Errorf("served after %d turns", turns)
			}
			return
		default:
		}
		if turns > 100 {
			t.Fatal("not served")
		}
	}
}

func (q *queue) waiting(s Standing) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.lines[s])
}
