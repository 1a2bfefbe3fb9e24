package project_test

import (
	"context"
	"testing"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
)

// TestCeilings compares what applies to a project of each plan.
func TestCeilings(t *testing.T) {
	t.Parallel()
	plans, err := project.ReadPlans([]byte("plans:\n  - {name: free}\n  - {name: team, events_of_day: 7, bytes_of_day: -1, calls_per_second: 5}\n"))
	if err != nil {
		t.Fatal(err)
	}
	s, db, owner := open(t)
	s.Plans, s.Ceilings = plans, project.Ceilings{EventsOfDay: 100, BytesOfDay: 200, CallsPerSecond: 50}
	if _, err := s.Create(t.Context(), storetest.Operator(), "acme", "", owner); err != nil {
		t.Fatal(err)
	}
	check := func(want store.Quota, calls time.Duration) {
		t.Helper()
		got, err := s.Quota(t.Context(), "acme")
		p, failed := s.Get(t.Context(), "acme")
		if err != nil || failed != nil || got != want {
			t.Errorf("quota %+v, want %+v, %v, %v", got, want, err, failed)
		}
		if rate, bounded := s.Calls(p); !bounded || rate.Every != calls {
			t.Errorf("calls %+v, %t", rate, bounded)
		}
	}
	check(store.Quota{Events: 100, Bytes: 200}, 20*time.Millisecond)
	_, err = store.Record(t.Context(), db, storetest.Operator(), event.InProject("acme"),
		func(ctx context.Context, tx *store.Tx) (event.ProjectBillingSubscriptionUpdated, error) {
			return event.ProjectBillingSubscriptionUpdated{}, project.SetPlan(ctx, tx, "acme", "team")
		})
	if err != nil {
		t.Fatal(err)
	}
	check(store.Quota{Events: 7}, 200*time.Millisecond)
	s.Ceilings = project.Ceilings{}
	if got, err := s.Quota(t.Context(), "nowhere"); err != nil || got != (store.Quota{}) {
		t.Errorf("without ceilings: %+v, %v", got, err)
	}
	for _, text := range []string{"events_of_day: 0", "bytes_of_day: -2", "calls_per_second: 1000001"} {
		if _, err := project.ReadPlans([]byte("plans: [{name: a, " + text + "}]")); !fault.Is(err, "PlansInvalid") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestAnAccountOwnsSoManyProjects; what the operator makes for it is not limited.
func TestAnAccountOwnsSoManyProjects(t *testing.T) {
	t.Parallel()
	s, db, owner := open(t)
	s.Ceilings.ProjectsOwned = 2
	by := event.By{Actor: event.Actor{Type: event.Account, ID: owner.ID.String()}, Surface: event.ViaPortal}
	made := make(chan error)
	for _, id := range []string{"one", "two", "three", "four"} {
		go func() {
			_, err := s.Create(t.Context(), by, id, "", owner)
			made <- err
		}()
	}
	refused := 0
	for range 4 {
		if err := <-made; fault.Is(err, "QuotaExceeded") {
			refused++
		} else if err != nil {
			t.Error(err)
		}
	}
	if refused != 2 {
		t.Errorf("%d of 4 are refused, want 2", refused)
	}
	if n, err := store.Column[int64](t.Context(), db, `SELECT count(*) FROM projects WHERE project_id <> '_portal'`); err != nil || n[0] != 2 {
		t.Errorf("%d projects, %v", n, err)
	}
	if _, err := s.Create(t.Context(), storetest.Operator(), "five", "", owner); err != nil {
		t.Errorf("by the operator: %v", err)
	}
}
