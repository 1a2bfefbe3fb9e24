package store

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/limit"
)

// How many attempts of one caller are recorded one by one; the rest are counted.
const (
	attemptsPerSecond = 2
	attemptsBurst     = 60
)

// attempts limits how many failed attempts a caller can put into a log, and counts those
// that the limit swallows.
type attempts struct {
	callers *limit.Keyed

	mu         sync.Mutex
	suppressed map[suppressedCaller]suppressed // guarded by mu
}

type suppressedCaller struct{ project, actor string }

type suppressed struct {
	codes       map[string]int
	from, until time.Time
}

func newAttempts() *attempts {
	return &attempts{callers: limit.New(), suppressed: map[suppressedCaller]suppressed{}}
}

func (a *attempts) allow(project, actor, code string, now time.Time) bool {
	key := project + "\x00" + actor
	if a.callers.Allow(key, attemptsPerSecond, attemptsBurst, now) {
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
