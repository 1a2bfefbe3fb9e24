// Package limit is the one table of what Sealog accepts at most: the size, depth, number and
// cost of inputs and answers (Bound), and how often something may happen for each key (Rate):
// calls of one API key, passwords tried from one address, attempts of one caller.
//
// Invariant: a bound is checked before the work that it bounds. The memory of a Keyed is
// bounded: it remembers the keys used latest; a key that is forgotten starts afresh, so limits
// that strangers can flood with names must not share a Keyed with others.
//
// Start reading at bounds.go, the table; docs/limits.md is generated from it.
package limit

import (
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"
)

// remembered is how many keys a Keyed remembers.
const remembered = 10_000

// Keyed is a token bucket for each key. It is safe for concurrent use.
type Keyed struct {
	buckets *lru.Cache[string, *rate.Limiter]
}

// New returns a Keyed that has seen no key.
func New() *Keyed {
	buckets, err := lru.New[string, *rate.Limiter](remembered)
	if err != nil {
		panic(err) // only for a size below one
	}
	return &Keyed{buckets}
}

// Exhausted reports whether the key's bucket of a rate is empty; it takes nothing from it. It is for
// what is only counted when it turns out to be wrong.
func (k *Keyed) Exhausted(key string, r Rate, now time.Time) bool {
	bucket, known := k.buckets.Get(key)
	return known && bucket.TokensAt(now) < 1
}

// Allow takes a token from the key's bucket, which holds burst of them and gains perSecond a
// second, and reports whether there was one. The two may differ from call to call.
func (k *Keyed) Allow(key string, perSecond float64, burst int, now time.Time) bool {
	bucket, known := k.buckets.Get(key)
	if !known {
		bucket = rate.NewLimiter(rate.Limit(perSecond), burst)
		if old, raced, _ := k.buckets.PeekOrAdd(key, bucket); raced {
			bucket = old
		}
	}
	if bucket.Limit() != rate.Limit(perSecond) || bucket.Burst() != burst {
		bucket.SetLimitAt(now, rate.Limit(perSecond))
		bucket.SetBurstAt(now, burst)
	}
	return bucket.AllowN(now, 1)
}
