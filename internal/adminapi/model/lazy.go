package model

import (
	"context"
	"sync"
)

// Lazy is a value that is loaded when it is first asked for, once for all who ask.
type Lazy[T any] struct {
	load  func(context.Context) (T, error)
	once  sync.Once
	value T
	err   error
}

// NewLazy returns a value that load will load.
func NewLazy[T any](load func(context.Context) (T, error)) *Lazy[T] { return &Lazy[T]{load: load} }

// Get returns the value.
func (l *Lazy[T]) Get(ctx context.Context) (T, error) {
	l.once.Do(func() { l.value, l.err = l.load(ctx) })
	return l.value, l.err
}
