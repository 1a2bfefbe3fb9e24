package limit

import (
	"fmt"
	"math"
	"time"

	"github.com/sealog/sealog/internal/fault"
)

// Rate is how often something may happen for one key: Burst times at once, and then once
// every Every.
type Rate struct {
	// Name is stable and in snake_case: the label of sealog_bounds_exceeded_total.
	Name string
	// What is limited: a plural noun phrase that names the key ("sign-ins from one address").
	What  string
	Every time.Duration
	Burst int
	// Code is that of the error, whose kind is fault.Exhausted.
	Code string
}

// Take takes a token from the key's bucket of a rate, or returns the error that there is none.
func (k *Keyed) Take(key string, r Rate, now time.Time) error {
	if k.Allow(key, 1/r.Every.Seconds(), r.Burst, now) {
		return nil
	}
	return r.Exceeded()
}

// Exceeded returns the error for more than the rate allows; its Info is an Excess.
func (r Rate) Exceeded() *fault.Error {
	wait := max(1, int(math.Ceil(r.Every.Seconds())))
	return fault.New(fault.Exhausted, r.Code, "There were too many %s: at most %s. Try again in %d s.", r.What, r.Amount(), wait).
		With(Excess{r.Name, r.Burst, Items})
}

// Amount is the rate in words: "10 at once, then one every 20s".
func (r Rate) Amount() string {
	if r.Every < time.Second {
		return fmt.Sprintf("%d at once, then %.4g a second", r.Burst, 1/r.Every.Seconds())
	}
	return fmt.Sprintf("%d at once, then one every %s", r.Burst, r.Every)
}
