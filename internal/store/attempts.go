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
	suppressed map[string]*suppressed // by project; guarded by mu
}

type suppressed struct {
	by          map[string]map[string]int // actor id → code → count
	from, until time.Time
}

func newAttempts() *attempts {
	callers, err := lru.New[string, *rate.Limiter](attemptCallers)
	if err != nil {
		panic(err) // only for a size below one
	}
	return &attempts{callers: callers, suppressed: map[string]*suppressed{}}
}

func (a *attempts) allow(project, actor, code string, now time.Time) bool {
	key := project + "\x00" + actor
	limiter := rate.NewLimiter(attemptsPerSecond, attemptsBurst)
	if old, ok, _ := a.callers.PeekOrAdd(key, limiter); ok {
		limiter = old
	}
	if limiter.AllowN(now, 1) {
		return true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.suppressed[project]
	if s == nil {
		s = &suppressed{by: map[string]map[string]int{}, from: now}
		a.suppressed[project] = s
	}
	if s.by[actor] == nil {
		s.by[actor] = map[string]int{}
	}
	s.by[actor][code]++
	s.until = now
	return false
}

func (a *attempts) take() map[string]*suppressed {
	a.mu.Lock()
	defer a.mu.Unlock()
	taken := a.suppressed
	a.suppressed = map[string]*suppressed{}
	return taken
}

// RecordSuppressed writes one event for each caller some of whose attempts the limit has
// swallowed since the last call. The scheduler calls it every minute and at the end.
func RecordSuppressed(ctx context.Context, db *DB) error {
	var errs []error
	for project, s := range db.attempts.take() {
		for actor, codes := range s.by {
			fact := event.AuditLogAttemptsSuppressed{From: s.from.UTC(), Until: s.until.UTC()}
			for code, n := range codes {
				fact.Total += n
				fact.Reasons = append(fact.Reasons, event.ReasonCount{Reason: code, Count: n})
			}
			slices.SortFunc(fact.Reasons, func(a, b event.ReasonCount) int { return strings.Compare(a.Reason, b.Reason) })
			_, err := Record(ctx, db, event.BySystem("store"), event.About(project, "actor", actor),
				func(context.Context, *Tx) (event.AuditLogAttemptsSuppressed, error) { return fact, nil })
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
