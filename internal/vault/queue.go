package vault

import (
	"context"
	"sync"

	"github.com/sealog/sealog/internal/limit"
)

// Standing is what is known of whoever has a password checked.
type Standing uint8

// The standings, from the first to be served to the last.
const (
	Known      Standing = iota // a right password came from there lately
	Unknown                    // nothing is known
	Suspicious                 // a wrong password came from there lately
	standings
)

// queue lets so many work at a time; the others wait, each standing in a line of bounded length.
// A line is served before those of lower standing, but every fourth turn is theirs, so that nobody
// waits for ever. It is safe for concurrent use.
type queue struct {
	most int

	mu      sync.Mutex
	running int                        // guarded by mu
	turn    int                        // guarded by mu
	lines   [standings][]chan struct{} // guarded by mu
}

// enter waits for a place; leave gives it back.
//
// Errors: PasswordsBusy.
func (q *queue) enter(ctx context.Context, s Standing) error {
	q.mu.Lock()
	if q.running < q.most {
		q.running++
		q.mu.Unlock()
		return nil
	}
	if err := limit.PasswordsWaiting.Check(len(q.lines[s]) + 1); err != nil {
		q.mu.Unlock()
		return err
	}
	called := make(chan struct{})
	q.lines[s] = append(q.lines[s], called)
	q.mu.Unlock()
	select {
	case <-called:
		return nil
	case <-ctx.Done():
		if !q.withdraw(s, called) {
			q.leave() // it was called at this very moment
		}
		return ctx.Err()
	}
}

// withdraw takes somebody out of a line, and reports whether they were still in it.
func (q *queue) withdraw(s Standing, called chan struct{}) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, other := range q.lines[s] {
		if other == called {
			q.lines[s] = append(q.lines[s][:i], q.lines[s][i+1:]...)
			return true
		}
	}
	return false
}

// leave gives the place to the next in line.
func (q *queue) leave() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.turn++
	order := [standings]Standing{Known, Unknown, Suspicious}
	switch {
	case q.turn%8 == 0:
		order = [standings]Standing{Suspicious, Known, Unknown}
	case q.turn%4 == 0:
		order = [standings]Standing{Unknown, Known, Suspicious}
	}
	for _, s := range order {
		if line := q.lines[s]; len(line) > 0 {
			q.lines[s] = line[1:]
			close(line[0])
			return
		}
	}
	q.running--
}
