package auditlog

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
)

// TestPagesWalkAnIndex looks at SQLite's plans: a page is read in the order of an index that
// holds the filter, never by sorting the log. (PostgreSQL plans by the size of its tables,
// which are empty here.)
func TestPagesWalkAnIndex(t *testing.T) {
	t.Parallel()
	if storetest.Engine() != store.SQLite {
		t.Log("PostgreSQL's plans depend on how full its tables are; they are measured, not tested")
		return
	}
	db := storetest.Open(t)
	ids, derived := make([]event.ID, 10), int64(1000)
	for i := range ids {
		ids[i] = event.NewID()
	}
	for _, c := range []struct {
		name, index string
		filter      Filter
	}{
		{"everything", "sqlite_autoindex_events_1", Filter{}},
		{"the users' tab", "sqlite_autoindex_events_1", Filter{Category: event.Users}},
		{"the administrators' tab", "events_category", Filter{Category: event.Admin}},
		{"a tab's successes", "events_category", Filter{Category: event.Admin, Outcomes: []event.Outcome{event.Succeeded}}},
		{"what was denied", "events_attempts", Filter{Outcomes: []event.Outcome{event.Denied}}},
		{"one type", "events_type", Filter{Types: []event.Type{"user.created"}}},
		{"one user", "events_user", Filter{Users: []event.ID{event.NewID()}}},
		{"one actor", "events_actor", Filter{Actors: []string{"ann"}}},
		{"one of two users", "events_user", Filter{Users: ids[:2]}.ways()[1].filter},
		{"one of two actors", "events_actor", Filter{Actors: []string{"ann", "bob"}}.ways()[1].filter},
		{"who may be a user, by id", "events_actor", Filter{Actors: []string{event.NewID().String()}, half: byID}},
		{"all that administrators can do", "events_category", Filter{Types: slices.DeleteFunc(event.ContractTypes(), func(t event.Type) bool { return event.CategoryOf(t) != event.Admin })}.ways()[0].filter},
		{"what a user did", "events_user", Filter{Actors: []string{event.NewID().String()}, half: bySelf}},
		{"what was done to a user", "events_user", Filter{Users: ids[:1], Types: []event.Type{"user.created"}, Outcomes: []event.Outcome{event.Succeeded}, lead: leadUsers}},
		{"to whom something was done", "events_type", Filter{Users: ids[:1], Types: []event.Type{"user.created"}, Actors: []string{"ann"}, lead: leadTypes}},
		{"what an actor did to somebody", "events_actor", Filter{Category: event.Admin, Users: ids[:1], Actors: []string{"ann"}, lead: leadActors}},
		{"what was denied to a user", "events_attempts", Filter{Users: ids[:1], Outcomes: []event.Outcome{event.Denied}, lead: leadAttempts}},
		{"one type on one day", "events_type", Filter{Types: []event.Type{"user.created"}, From: time.Unix(86400, 0), To: time.Unix(2*86400, 0), lead: leadTypes}},
		{"one type but for an actor", "events_type", Filter{Types: []event.Type{"user.created"}, Not: Exclusion{Actors: []string{"ann"}}, lead: leadTypes}},
		{"ten events", "sqlite_autoindex_events_1", Filter{Mentions: []Mention{{Events: ids}}, Outcomes: []event.Outcome{event.Succeeded}, below: &derived}},
		{"one type without the tail", "events_type", Filter{Types: []event.Type{"user.created"}, below: &derived}},
	} {
		c.filter.Project = "acme"
		b := &builder{}
		c.filter.where(b, nil)
		type step struct {
			id, parent, unused int64
			detail             string
		}
		plan, err := store.Collect(t.Context(), db, func(s *step) []any { return []any{&s.id, &s.parent, &s.unused, &s.detail} },
			"EXPLAIN QUERY PLAN SELECT "+columns+" FROM "+c.filter.from(b)+" WHERE "+b.text()+" ORDER BY e.id DESC LIMIT 50", b.args...)
		if err != nil {
			t.Fatal(err)
		}
		var steps []string
		for _, s := range plan {
			steps = append(steps, s.detail)
		}
		if text := strings.Join(steps, "; "); !strings.HasPrefix(text, "SEARCH e USING INDEX "+c.index) || strings.Contains(text, "TEMP B-TREE") {
			t.Errorf("%s: %s", c.name, text)
		}
	}
}
