package store

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/limit"
)

// Quota bounds what a project records on a day; 0 is no bound.
type Quota struct{ Events, Bytes int64 }

// amount is how much was recorded: events, and the bytes of their entries and disclosures.
type amount struct{ events, bytes int64 }

func (a amount) plus(b amount) amount { return amount{a.events + b.events, a.bytes + b.bytes} }

// usage knows how much each project has recorded today, and holds it against its quota.
//
// What was committed is counted in memory. FoldUsage, every few seconds, adds it to the table
// project_usage and reads what all processes together have added. So a recording costs no
// statement and locks no row, and a quota can be exceeded by what all processes record in those
// seconds; a process that is killed forgets as much.
type usage struct {
	reserved *limit.Keyed

	mu      sync.Mutex
	quotaOf func(context.Context, string) (Quota, error) // nil: nothing is counted; guarded by mu
	of      map[usageKey]*used                           // guarded by mu
}

type usageKey struct {
	project string
	day     int64 // since 1970, UTC
}

type used struct {
	known   bool // whether quota and stored have been read
	quota   Quota
	stored  amount // by all processes, when it was last read
	unsaved amount // by this process since then
	touched time.Time
}

// idleUsage is how long a project that records nothing is kept in memory.
const idleUsage = 10 * time.Minute

func newUsage() *usage {
	return &usage{reserved: limit.New(), of: map[usageKey]*used{}}
}

// LimitUsage sets the quotas of projects; quotaOf is asked every few seconds for each that records.
// It must be called before anything is recorded.
func (db *DB) LimitUsage(quotaOf func(ctx context.Context, project string) (Quota, error)) {
	db.usage.mu.Lock()
	defer db.usage.mu.Unlock()
	db.usage.quotaOf = quotaOf
}

func usageDay(at time.Time) int64 { return at.Unix() / (24 * 60 * 60) }

// entry returns what is known of a project's day; mu is held.
func (u *usage) entry(key usageKey, now time.Time) *used {
	e, ok := u.of[key]
	if !ok {
		e = &used{}
		u.of[key] = e
	}
	e.touched = now
	return e
}

// add counts what was committed.
func (u *usage) add(project string, now time.Time, drafts []*draft) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.quotaOf == nil {
		return
	}
	e := u.entry(usageKey{project, usageDay(now)}, now)
	for _, d := range drafts {
		e.unsaved = e.unsaved.plus(amount{1, int64(d.row.Size())})
	}
}

// admit returns QuotaExceeded when a project has recorded all that it may today and the caller is
// not allowed to go on all the same.
func (db *DB) admit(ctx context.Context, by event.By, t event.Type, project string) error {
	exceeded, err := db.exceeded(ctx, project)
	if exceeded == nil || err != nil || mayAlways(by.Actor.Type) {
		return err
	}
	if protects(t) && db.usage.reserved.Take(project+"\x00"+by.Actor.ID, limit.ReservedActions, db.Now()) == nil {
		return nil
	}
	return exceeded
}

// exceeded returns the error that says which quota of a project is used up today, or nil.
func (db *DB) exceeded(ctx context.Context, project string) (exceeded, err error) {
	u := db.usage
	u.mu.Lock()
	if u.quotaOf == nil || project == event.PortalProject {
		u.mu.Unlock()
		return nil, nil
	}
	now := db.Now()
	key := usageKey{project, usageDay(now)}
	known := u.entry(key, now).known
	u.mu.Unlock()
	if !known {
		if err := db.readUsage(ctx, key); err != nil {
			return nil, err
		}
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.entry(key, now).exceeded(), nil
}

func (e *used) exceeded() error {
	now := e.stored.plus(e.unsaved)
	var over *fault.Error
	switch {
	case e.quota.Events > 0 && now.events >= e.quota.Events:
		over = limit.EventsOfDay.To(e.quota.Events).Exceeded()
	case e.quota.Bytes > 0 && now.bytes >= e.quota.Bytes:
		over = limit.BytesOfDay.To(e.quota.Bytes).Exceeded()
	default:
		return nil
	}
	over.Message += " The day ends at midnight UTC; until then only what protects the project can be done, " +
		"such as deleting keys, removing collaborators and disabling users. Ask the operator for a higher limit."
	return over
}

// readUsage reads a project's quota and what all processes have stored of its day.
func (db *DB) readUsage(ctx context.Context, key usageKey) error {
	u := db.usage
	u.mu.Lock()
	quotaOf := u.quotaOf
	u.mu.Unlock()
	quota, err := quotaOf(ctx, key.project)
	if err != nil {
		return err
	}
	stored, _, err := One(ctx, db, func(a *amount) []any { return []any{&a.events, &a.bytes} }, `
		SELECT events, bytes
		FROM project_usage
		WHERE project_id = $1 AND day = $2`, key.project, key.day)
	if err != nil {
		return err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if e, ok := u.of[key]; ok {
		e.quota, e.stored, e.known = quota, stored, true
	}
	return nil
}

// FoldUsage adds what this process has counted to project_usage, reads what all processes have
// counted, and forgets the projects that record nothing any more. The scheduler calls it every two
// seconds and at the end; one goroutine at a time.
func FoldUsage(ctx context.Context, db *DB) error {
	var errs []error
	counted := db.usage.take(db.Now())
	keys := slices.SortedFunc(maps.Keys(counted), func(a, b usageKey) int {
		return cmp.Or(cmp.Compare(a.project, b.project), cmp.Compare(a.day, b.day))
	})
	for some := range slices.Chunk(keys, usageAtOnce) {
		if err := db.saveUsage(ctx, some, counted); err != nil {
			errs = append(errs, err)
			continue
		}
		for _, key := range some {
			errs = append(errs, db.readUsage(ctx, key))
		}
	}
	return errors.Join(errs...)
}

// take returns what is not saved by project, zero for those that are only watched, and forgets
// what is idle.
func (u *usage) take(now time.Time) map[usageKey]amount {
	u.mu.Lock()
	defer u.mu.Unlock()
	counted := map[usageKey]amount{}
	for key, e := range u.of {
		if e.unsaved == (amount{}) && now.Sub(e.touched) > idleUsage {
			delete(u.of, key)
			continue
		}
		counted[key] = e.unsaved
	}
	return counted
}

// usageAtOnce is for how many projects usage is saved in one transaction. All processes do it in the
// order of the projects, so none waits for another in a circle.
const usageAtOnce = 100

// saveUsage adds what was counted of some projects. A failure leaves it unsaved.
func (db *DB) saveUsage(ctx context.Context, keys []usageKey, counted map[usageKey]amount) error {
	keys = slices.DeleteFunc(slices.Clone(keys), func(key usageKey) bool { return counted[key] == amount{} })
	if len(keys) == 0 {
		return nil
	}
	err := Bookkeep(ctx, db, func(ctx context.Context, b *Book) error {
		for _, key := range keys {
			if _, err := b.Exec(ctx, `
				INSERT INTO project_usage (project_id, day, events, bytes)
				VALUES ($1, $2, $3, $4)
				ON CONFLICT (project_id, day)
				DO UPDATE SET events = project_usage.events + excluded.events, bytes = project_usage.bytes + excluded.bytes`,
				key.project, key.day, counted[key].events, counted[key].bytes); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	db.usage.mu.Lock()
	defer db.usage.mu.Unlock()
	for _, key := range keys {
		e := db.usage.of[key] // it is there: nothing but take deletes entries
		e.stored = e.stored.plus(counted[key])
		e.unsaved = amount{e.unsaved.events - counted[key].events, e.unsaved.bytes - counted[key].bytes}
	}
	return nil
}

// SweepUsage removes the usage of days that have long ended.
func SweepUsage(ctx context.Context, db *DB, now time.Time) error {
	return Bookkeep(ctx, db, func(ctx context.Context, b *Book) error {
		_, err := b.Exec(ctx, `DELETE FROM project_usage WHERE day < $1`, usageDay(now)-keptUsage)
		return err
	})
}

// keptUsage is for how many days project_usage is kept.
const keptUsage = 40
