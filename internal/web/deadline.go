package web

import (
	"context"
	"net/http"
	"time"
)

// callLasts bounds the work for one request: all of its statements, and its waiting for a connection to
// the database. What takes longer ends with 503 DatabaseTimeout.
const callLasts = 30 * time.Second

type unhurriedKey struct{}

// hurried gives a request's context the deadline of a call.
func hurried(r *http.Request) (*http.Request, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(context.WithValue(r.Context(), unhurriedKey{}, r.Context()), callLasts)
	return r.WithContext(ctx), cancel
}

// Unhurried returns a request without the deadline of a call, for answers that take as long as they
// have something to say: downloads and live pages. It ends when its client leaves.
func Unhurried(r *http.Request) *http.Request {
	whole, ok := r.Context().Value(unhurriedKey{}).(context.Context)
	if !ok {
		return r
	}
	return r.WithContext(unhurried{whole, r.Context()})
}

// unhurried is a context that ends as the one and has the values of the other.
type unhurried struct {
	context.Context
	values context.Context
}

// Value implements context.Context.
func (u unhurried) Value(key any) any { return u.values.Value(key) }
