package limit

import (
	"context"
	"sync"

	"github.com/sealog/sealog/internal/fault"
)

// Bounds of answers whose size depends on what they hold.
var (
	AnswerSize    = Bound{"answer_size", "answer", 32 << 20, Bytes, fault.Exhausted, "AnswerTooLarge"}
	AnswerMemory  = Bound{"answer_memory", "memory for one answer", 96 << 20, Bytes, fault.Exhausted, "AnswerTooLarge"}
	AnswersMemory = Bound{"answers_memory", "memory for all large answers of the API that are being made", 128 << 20, Bytes, fault.Exhausted, "AnswersBusy"}
)

// AnswersOf are the bounds of answers.
func AnswersOf() Group {
	return Group{"Answers of the GraphQL APIs", []Bound{AnswerSize, AnswerMemory, AnswersMemory}, nil}
}

// Answers is the memory that the answers of one API may take together. It is safe for
// concurrent use.
//
// Invariant: taken is the sum of byOwner, at most AnswersMemory, and no owner has more than
// AnswerMemory, so that one of them cannot take it all.
type Answers struct {
	mu      sync.Mutex
	taken   int
	byOwner map[string]int
}

// NewAnswers returns an Answers of which nothing is taken.
func NewAnswers() *Answers { return &Answers{byOwner: map[string]int{}} }

const (
	// smallAnswer is how many bytes an answer takes that are not asked for: nearly all are
	// smaller.
	smallAnswer = 1 << 20
	// answerStep is how many bytes an answer asks for at once.
	answerStep = 1 << 20
)

func (a *Answers) take(owner string, n int) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.byOwner[owner]+n > AnswerMemory.Most || a.taken+n > AnswersMemory.Most {
		err := AnswersMemory.Exceeded()
		err.Message += " Try again, or ask for smaller pages or fewer fields."
		return err
	}
	a.byOwner[owner] += n
	a.taken += n
	return nil
}

func (a *Answers) give(owner string, n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.taken -= n
	if a.byOwner[owner] -= n; a.byOwner[owner] == 0 {
		delete(a.byOwner, owner)
	}
}

// Answer counts the bytes that are held to make one answer. It is safe for concurrent use.
type Answer struct {
	all   *Answers
	owner string

	mu          sync.Mutex
	held, taken int
	written     int
	err         error // the first; what follows is not made
}

// Begin begins an answer to one of an owner's requests. It must be ended.
func (a *Answers) Begin(owner string) *Answer { return &Answer{all: a, owner: owner} }

// End gives back what the answer has taken.
func (a *Answer) End() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all.give(a.owner, a.taken)
	a.taken = 0
}

// Err is why the answer cannot be made, or nil.
func (a *Answer) Err() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.err
}

// Hold counts bytes that were read or made for the answer.
//
// Errors: AnswerTooLarge, AnswersBusy.
func (a *Answer) Hold(n int) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.hold(n)
}

func (a *Answer) hold(n int) error {
	if a.err != nil {
		return a.err
	}
	a.held += n
	if a.held > AnswerMemory.Most {
		a.err = tooLarge(AnswerMemory)
		return a.err
	}
	if wants := a.held - smallAnswer - a.taken; wants > 0 {
		wants = (wants + answerStep - 1) / answerStep * answerStep
		if err := a.all.take(a.owner, wants); err != nil {
			a.err = err
			return err
		}
		a.taken += wants
	}
	return nil
}

// Write counts bytes of the answer itself.
//
// Errors: AnswerTooLarge, AnswersBusy.
func (a *Answer) Write(n int) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.written += n; a.written > AnswerSize.Most && a.err == nil {
		a.err = tooLarge(AnswerSize)
	}
	return a.hold(n)
}

func tooLarge(b Bound) error {
	err := b.Exceeded()
	err.Message += " Ask for smaller pages or fewer fields."
	return err
}

// answerKey is the key of a context's Answer.
type answerKey struct{}

// WithAnswer returns a context in which Hold counts for an answer.
func WithAnswer(ctx context.Context, a *Answer) context.Context {
	return context.WithValue(ctx, answerKey{}, a)
}

// Hold counts bytes that were read for the answer that a context is of, if it is of one.
//
// Errors: AnswerTooLarge, AnswersBusy.
func Hold(ctx context.Context, n int) error {
	if a, ok := ctx.Value(answerKey{}).(*Answer); ok {
		return a.Hold(n)
	}
	return nil
}
