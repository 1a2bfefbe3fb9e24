package store

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"

	"github.com/sealog/sealog/internal/event"
)

// How many attempts of one caller are recorded one by one; the rest are counted.
const (
	attemptsPerSecond = 2
	attemptsBurst     = 60
	attemptCallers    = 10_000 // callers remembered
)

// attempts limits how many failed attempts a caller can put into a log, and counts those
// that the limit swallows.
type attempts struct {
	callers *lru.Cache[string, *rate.Limiter]

	mu         sync.Mutex
	suppressed map[suppressedCaller]suppressed // guarded by mu
}

type suppressedCaller struct{ project, actor string }

type suppressed struct {
	codes       map[string]int
	from, until time.Time
}

func newAttempts() *attempts {
	callers, err := lru.New[string, *rate.Limiter](attemptCallers)
	if err != nil {
		panic(err) // only for a size below one
	}
	return &attempts{callers: callers, suppressed: map[suppressedCaller]suppressed{}}
}

func (a *attempts) allow(project, actor, code string, now time.Time) bool {
	key := project + "\x00" + actor
	limiter, known := a.callers.Get(key)
	if !known {
		limiter = rate.NewLimiter(attemptsPerSecond, attemptsBurst)
		if old, raced, _ := a.callers.PeekOrAdd(key, limiter); raced {
			limiter = old
		}
	}
	if limiter.AllowN(now, 1) {
		return true
	}
	a.count(suppressedCaller{project, actor}, suppressed{codes: map[string]int{code: 1}, from: now, until: now})
	return false
}

// count adds to what was swallowed of one caller.
func (a *attempts) count(caller suppressedCaller, more suppressed) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s, ok := a.suppressed[caller]
	if !ok {
		a.suppressed[caller] = more
		return
	}
	for code, n := range more.codes {
		s.codes[code] += n
	}
	if more.from.Before(s.from) {
		s.from = more.from
	}
	if more.until.After(s.until) {
		s.until = more.until
	}
	a.suppressed[caller] = s
}

func (a *attempts) take() map[suppressedCaller]suppressed {
	a.mu.Lock()
	defer a.mu.Unlock()
	taken := a.suppressed
	a.suppressed = map[suppressedCaller]suppressed{}
	return taken
}

// RecordSuppressed writes one event for each caller some of whose attempts the limit has
// swallowed since the last call; what cannot be written is kept for the next. The scheduler
// calls it every minute and at the end.
func RecordSuppressed(ctx context.Context, db *DB) error {
	var errs []error
	for caller, s := range db.attempts.take() {
		fact := event.AuditLogAttemptsSuppressed{From: s.from.UTC(), Until: s.until.UTC()}
		for code, n := range s.codes {
			fact.Total += n
			fact.Reasons = append(fact.Reasons, event.ReasonCount{Reason: code, Count: n})
		}
		slices.SortFunc(fact.Reasons, func(a, b event.ReasonCount) int { return strings.Compare(a.Reason, b.Reason) })
		_, err := Record(ctx, db, event.BySystem("store"), event.About(caller.project, "actor", caller.actor),
			func(context.Context, *Tx) (event.AuditLogAttemptsSuppressed, error) { return fact, nil })
		if err != nil {
			db.attempts.count(caller, s)
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
