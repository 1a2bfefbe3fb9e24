package store

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/limit"
)

// How many attempts of one caller are recorded one by one; the rest are counted.
const (
	attemptsPerSecond = 2
	attemptsBurst     = 60
	// In a project that has used up its quota.
	exceededPerSecond = 1.0 / 60
	exceededBurst     = 5
)

// What of a caller's attempts stands out all the same, so that many harmless ones cannot hide what
// follows: in each minute the first of every type is recorded whatever came before, and so are the
// first maxNew at something (type and target) that was not tried in that minute. Of those that are
// counted the first maxListed different ones are listed.
const (
	maxNew    = 20
	maxListed = 50
)

// Bounds of memory: the callers whose attempts are told apart, and what is known of one.
const (
	maxCallers = 1000
	maxTried   = 100
	maxTarget  = 128 // bytes of a target's id
)

// attempts limits how many failed attempts a caller can put into a log, and counts those
// that the limit swallows.
type attempts struct {
	callers *limit.Keyed

	mu         sync.Mutex
	tried      *lru.Cache[attemptCaller, *tried] // guarded by mu
	suppressed map[attemptCaller]*suppressed     // guarded by mu
}

type attemptCaller struct{ project, actor string }

// otherCallers stands for all callers beyond maxCallers.
var otherCallers = attemptCaller{event.PortalProject, "others"}

// attempted is what somebody tried, and how it ended.
type attempted struct {
	try
	code string
}

type try struct {
	kind   event.Type
	target event.ContextTarget
}

func tryOf(t event.Type, about event.Target) try {
	target := event.ContextTarget{Kind: about.Kind, ID: about.ID}
	if !about.User.IsZero() {
		target = event.ContextTarget{Kind: "user", ID: about.User.String()}
	}
	target.ID = strings.Clone(target.ID[:min(len(target.ID), maxTarget)])
	return try{t, target}
}

// tried is what a caller tried in one minute.
type tried struct {
	minute int64
	types  map[event.Type]bool
	tries  map[try]bool
	left   int // of maxNew
}

// first notes a try and reports whether nothing like it was noted in the minute.
func (c *tried) first(what try) (ofType, ofAll bool) {
	ofType, ofAll = !c.types[what.kind], !c.tries[what] && len(c.tries) < maxTried
	c.types[what.kind] = true
	if ofAll {
		c.tries[what] = true
	}
	return ofType, ofAll
}

func newAttempts() *attempts {
	known, err := lru.New[attemptCaller, *tried](maxCallers)
	if err != nil {
		panic(err) // only for a size below one
	}
	return &attempts{callers: limit.New(), tried: known, suppressed: map[attemptCaller]*suppressed{}}
}

// allow reports whether an attempt is to be recorded, and else counts it. In a project that has used
// up its quota few are: attempts must not fill the log instead.
func (a *attempts) allow(caller attemptCaller, what attempted, exceeded bool, now time.Time) bool {
	key := caller.project + "\x00" + caller.actor
	if exceeded {
		return a.callers.Allow(key+"\x00exceeded", exceededPerSecond, exceededBurst, now) || a.swallow(caller, what, now)
	}
	allowed := a.callers.Allow(key, attemptsPerSecond, attemptsBurst, now)
	a.mu.Lock()
	defer a.mu.Unlock()
	minute := now.Unix() / 60
	c, ok := a.tried.Get(caller)
	if !ok || c.minute != minute {
		c = &tried{minute, map[event.Type]bool{}, map[try]bool{}, maxNew}
		a.tried.Add(caller, c)
	}
	ofType, ofAll := c.first(what.try)
	switch {
	case allowed || ofType:
		return true
	case ofAll && c.left > 0:
		c.left--
		return true
	default:
		a.one(caller, what, now)
		return false
	}
}

// swallow counts an attempt that is not recorded; it returns false.
func (a *attempts) swallow(caller attemptCaller, what attempted, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.one(caller, what, now)
	return false
}

// one counts one attempt; mu is held.
func (a *attempts) one(caller attemptCaller, what attempted, now time.Time) {
	s := newSuppressed(now)
	s.add(what, 1)
	a.count(caller, s)
}

// count adds to what was swallowed of one caller; mu is held.
func (a *attempts) count(caller attemptCaller, more *suppressed) {
	s, ok := a.suppressed[caller]
	if !ok && len(a.suppressed) >= maxCallers {
		caller = otherCallers
		s, ok = a.suppressed[caller]
	}
	if !ok {
		a.suppressed[caller] = more
		return
	}
	s.merge(more)
}

func (a *attempts) take() map[attemptCaller]*suppressed {
	a.mu.Lock()
	defer a.mu.Unlock()
	taken := a.suppressed
	a.suppressed = map[attemptCaller]*suppressed{}
	return taken
}

// suppressed is what was swallowed of one caller.
type suppressed struct {
	total       int
	codes       map[string]int
	listed      map[attempted]int
	from, until time.Time
}

func newSuppressed(now time.Time) *suppressed {
	return &suppressed{codes: map[string]int{}, listed: map[attempted]int{}, from: now, until: now}
}

func (s *suppressed) add(what attempted, n int) {
	s.total += n
	s.codes[what.code] += n
	s.list(what, n)
}

func (s *suppressed) list(what attempted, n int) {
	if _, ok := s.listed[what]; ok || len(s.listed) < maxListed {
		s.listed[what] += n
	}
}

func (s *suppressed) merge(more *suppressed) {
	s.total += more.total
	for code, n := range more.codes {
		s.codes[code] += n
	}
	for what, n := range more.listed {
		s.list(what, n)
	}
	if more.from.Before(s.from) {
		s.from = more.from
	}
	if more.until.After(s.until) {
		s.until = more.until
	}
}

func (s *suppressed) fact() event.AuditLogAttemptsSuppressed {
	f := event.AuditLogAttemptsSuppressed{From: s.from.UTC(), Until: s.until.UTC(), Total: s.total, Other: s.total, Attempts: []event.AttemptCount{}}
	for _, code := range slices.Sorted(maps.Keys(s.codes)) {
		f.Reasons = append(f.Reasons, event.ReasonCount{Reason: code, Count: s.codes[code]})
	}
	for what, n := range s.listed {
		f.Attempts = append(f.Attempts, event.AttemptCount{
			Type: what.kind, Reason: what.code, TargetType: what.target.Kind, TargetID: what.target.ID, Count: n,
		})
		f.Other -= n
	}
	slices.SortFunc(f.Attempts, func(a, b event.AttemptCount) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.TargetType, b.TargetType), cmp.Compare(a.TargetID, b.TargetID))
	})
	return f
}

// RecordSuppressed writes one event for each caller some of whose attempts the limit has
// swallowed since the last call; what cannot be written is kept for the next. The scheduler
// calls it every minute and at the end.
func RecordSuppressed(ctx context.Context, db *DB) error {
	var errs []error
	for caller, s := range db.attempts.take() {
		_, err := Record(ctx, db, event.BySystem("store"), event.About(caller.project, "actor", caller.actor),
			func(context.Context, *Tx) (event.AuditLogAttemptsSuppressed, error) { return s.fact(), nil })
		if err != nil {
			db.attempts.mu.Lock()
			db.attempts.count(caller, s)
			db.attempts.mu.Unlock()
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
