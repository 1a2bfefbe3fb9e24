package access

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/store"
)

// How much of a minute's refused callers is kept.
const (
	maxRefusalAddresses = 1000 // counted one by one; the rest as "other"
	topAddresses        = 10   // written down
)

// Refusals counts callers who did not prove who they are, by project and minute, so that a
// flood of them is one event a minute and not a flood of events.
type Refusals struct {
	mu      sync.Mutex
	minutes map[refusalMinute]*refusalCounts // guarded by mu
}

type refusalMinute struct {
	project string
	minute  int64 // Unix seconds
}

type refusalCounts struct {
	total              int
	reasons, addresses map[string]int
}

// NewRefusals returns an empty count.
func NewRefusals() *Refusals { return &Refusals{minutes: map[refusalMinute]*refusalCounts{}} }

// Count notes one refused caller. reason is an error's code.
func (r *Refusals) Count(project, reason, address string, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := refusalMinute{project, now.Unix() / 60 * 60}
	c := r.minutes[at]
	if c == nil {
		c = &refusalCounts{reasons: map[string]int{}, addresses: map[string]int{}}
		r.minutes[at] = c
	}
	c.total++
	c.reasons[reason]++
	if _, known := c.addresses[address]; !known && len(c.addresses) >= maxRefusalAddresses {
		address = "other"
	}
	c.addresses[address]++
}

// Record writes one access.refused for each project and minute that has ended before the
// given time; what cannot be written is kept for the next call. The scheduler calls it; at the end of the program it is called with a time
// that lets everything go.
func (r *Refusals) Record(ctx context.Context, db *store.DB, before time.Time) error {
	r.mu.Lock()
	ended := map[refusalMinute]*refusalCounts{}
	for at, c := range r.minutes {
		if at.minute+60 <= before.Unix() {
			ended[at] = c
			delete(r.minutes, at)
		}
	}
	r.mu.Unlock()
	var errs []error
	for at, c := range ended {
		err := r.record(ctx, db, at, c)
		if err != nil {
			r.putBack(at, c)
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// putBack keeps what could not be written for the next Record.
func (r *Refusals) putBack(at refusalMinute, c *refusalCounts) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if newer := r.minutes[at]; newer != nil {
		c.total += newer.total
		for reason, n := range newer.reasons {
			c.reasons[reason] += n
		}
		for address, n := range newer.addresses {
			c.addresses[address] += n
		}
	}
	r.minutes[at] = c
}

func (r *Refusals) record(ctx context.Context, db *store.DB, at refusalMinute, c *refusalCounts) error {
	from := time.Unix(at.minute, 0).UTC()
	fact := event.AccessRefused{From: from, Until: from.Add(time.Minute), Total: c.total}
	for reason, n := range c.reasons {
		fact.Reasons = append(fact.Reasons, event.ReasonCount{Reason: reason, Count: n})
	}
	slices.SortFunc(fact.Reasons, func(a, b event.ReasonCount) int {
		return compareCounts(a.Count, b.Count, a.Reason, b.Reason)
	})
	for address, n := range c.addresses {
		fact.Addresses = append(fact.Addresses, event.AddressCount{Address: address, Count: n})
	}
	slices.SortFunc(fact.Addresses, func(a, b event.AddressCount) int {
		return compareCounts(a.Count, b.Count, a.Address, b.Address)
	})
	fact.Addresses = fact.Addresses[:min(len(fact.Addresses), topAddresses)]
	_, err := store.Record(ctx, db, event.BySystem("access"), event.InProject(at.project),
		func(context.Context, *store.Tx) (event.AccessRefused, error) { return fact, nil })
	return err
}

// compareCounts sorts by count, most first, then by name.
func compareCounts(a, b int, aName, bName string) int {
	if a != b {
		return b - a
	}
	return strings.Compare(aName, bName)
}
