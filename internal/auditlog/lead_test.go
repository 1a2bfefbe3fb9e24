package auditlog_test

import (
	"slices"
	"testing"
	"time"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
)

// TestTheFewestLead: of two conditions SQLite is told to take the index of the one that holds for fewer
// events, within the time of the filter.
func TestTheFewestLead(t *testing.T) {
	t.Parallel()
	if storetest.Engine() != store.SQLite {
		t.Log("PostgreSQL knows how often values occur, and is told nothing of these")
		return
	}
	h := newHistory(t, 23)
	counted := h.rows[len(h.rows)-200].CreatedAt().Truncate(time.Minute)
	seen := map[string]int{}
	for range 200 {
		user, kind, actor := h.users[h.random.IntN(len(h.users))], h.rows[h.random.IntN(len(h.rows))].Type, h.actors[h.random.IntN(3)]
		f := auditlog.Filter{Project: "acme", From: h.rows[len(h.rows)-1-h.random.IntN(150)].CreatedAt().Truncate(time.Minute), To: counted}
		numbers := map[string]int{}
		add := func(index string, has func(auditlog.Row) bool) {
			for _, r := range h.rows {
				if has(r) && !r.CreatedAt().Before(f.From) && r.CreatedAt().Before(f.To) {
					numbers[index]++
				}
			}
		}
		if h.random.IntN(3) > 0 {
			f.Users = []event.ID{user}
			add("events_user", func(r auditlog.Row) bool { return r.User == user })
		}
		if h.random.IntN(3) > 0 {
			f.Types = []event.Type{kind}
			add("events_type", func(r auditlog.Row) bool { return r.Type == kind })
		}
		if h.random.IntN(3) > 0 {
			f.Actors = []string{actor}
			add("events_actor", func(r auditlog.Row) bool { return r.ActorID == actor })
		}
		index, err := h.log.Leading(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		for other, n := range numbers {
			if numbers[index] > n {
				t.Errorf("%s leads to %d events where %s leads to %d: %+v", index, numbers[index], other, n, f)
			}
		}
		if len(numbers) > 1 {
			seen[index]++
		}
	}
	if len(seen) != 3 || slices.Contains([]int{seen["events_user"], seen["events_type"], seen["events_actor"]}, 0) {
		t.Errorf("not all have led: %v", seen)
	}
}

// TestACategoryAndItsTypes: a type is of one category, so that together they say no more than the types,
// or contradict each other.
func TestACategoryAndItsTypes(t *testing.T) {
	t.Parallel()
	h := newHistory(t, 29)
	count := func(f auditlog.Filter) int64 {
		f.Project = "acme"
		n, err := h.log.Within(10).Count(t.Context(), f)
		if err != nil {
			t.Fatalf("%+v: %v", f, err)
		}
		return n
	}
	sent := []event.Type{"email.sent"}
	if all, users := count(auditlog.Filter{Types: sent}), count(auditlog.Filter{Types: sent, Category: event.Users}); all == 0 || all != users {
		t.Errorf("%d were sent, %d of them are of the category that they are of", all, users)
	}
	if n := count(auditlog.Filter{Types: sent, Category: event.Admin}); n != 0 {
		t.Errorf("%d of the other category", n)
	}
	// A time that ends before it begins has nothing in it to be too much.
	now := time.Now()
	if n := count(auditlog.Filter{Users: h.users, Types: sent, From: now, To: now.Add(-time.Hour)}); n != 0 {
		t.Errorf("%d within no time", n)
	}
}
