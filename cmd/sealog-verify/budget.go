package main

import "sync"

// budget is an amount of bytes that is taken and given back.
type budget struct {
	mu   sync.Mutex
	more *sync.Cond
	free int64
	all  int64
}

func newBudget(all int64) *budget {
	b := &budget{free: all, all: all}
	b.more = sync.NewCond(&b.mu)
	return b
}

// take waits until n bytes are free; of more than there are, until all are.
func (b *budget) take(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.free < min(n, b.all) {
		b.more.Wait()
	}
	b.free -= n
}

func (b *budget) give(n int64) {
	b.mu.Lock()
	b.free += n
	b.mu.Unlock()
	b.more.Signal()
}
