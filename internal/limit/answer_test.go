package limit

import (
	"sync"
	"testing"

	"github.com/sealog/sealog/internal/fault"
)

func TestAnswer(t *testing.T) {
	t.Parallel()
	all := NewAnswers()
	a := all.Begin("acme")
	if err := a.Write(smallAnswer); err != nil || all.taken != 0 {
		t.Errorf("a small one took %d, %v", all.taken, err)
	}
	if err := a.Write(AnswerSize.Most - smallAnswer); err != nil {
		t.Error(err)
	}
	if err := a.Write(1); !fault.Is(err, "AnswerTooLarge") || !fault.Is(a.Err(), "AnswerTooLarge") {
		t.Errorf("one byte too many: %v", err)
	}
	if err := a.Hold(1); !fault.Is(err, "AnswerTooLarge") {
		t.Errorf("after the first error: %v", err)
	}
	a.End()
	if b := all.Begin("acme"); !fault.Is(b.Hold(AnswerMemory.Most+1), "AnswerTooLarge") {
		t.Error("too much was held")
	}
	if ctx := WithAnswer(t.Context(), all.Begin("acme")); Hold(ctx, 5) != nil || !fault.Is(Hold(ctx, AnswerMemory.Most), "AnswerTooLarge") {
		t.Error("a context counts nothing")
	}
	if Hold(t.Context(), 1<<40) != nil {
		t.Error("a context without an answer is bounded")
	}
}

// TestAnswersTogether: one owner leaves room for others, and all is given back.
func TestAnswersTogether(t *testing.T) {
	t.Parallel()
	all := NewAnswers()
	first := all.Begin("acme")
	if err := first.Hold(AnswerMemory.Most); err != nil {
		t.Fatal(err)
	}
	second := all.Begin("acme")
	if err := second.Hold(20 << 20); !fault.Is(err, "AnswersBusy") {
		t.Errorf("a second one of the owner: %v", err)
	}
	other := all.Begin("beta")
	if err := other.Hold(20 << 20); err != nil {
		t.Errorf("another owner's: %v", err)
	}
	for _, a := range []*Answer{first, second, other} {
		a.End()
	}
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			a := all.Begin("acme")
			for range 50 {
				_ = a.Hold(100_000) // some are refused
			}
			a.End()
		})
	}
	wg.Wait()
	if all.taken != 0 || len(all.byOwner) != 0 {
		t.Errorf("%d left, %v", all.taken, all.byOwner)
	}
}
