package store_test

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
)

// byKey is an Admin API key, which quotas bind.
func byKey(id string) event.By {
	return event.By{Actor: event.Actor{Type: event.AdminAPIKey, ID: id}, Surface: event.ViaAdminAPI}
}

func quota(q store.Quota) func(context.Context, string) (store.Quota, error) {
	return func(context.Context, string) (store.Quota, error) { return q, nil }
}

// mail records an event that no quota lets through.
func mail(t *testing.T, db *store.DB, by event.By, project string) error {
	t.Helper()
	_, err := store.Record(t.Context(), db, by, event.InProject(project),
		func(context.Context, *store.Tx) (event.EmailSent, error) { return event.EmailSent{Sender: "shop"}, nil })
	return err
}

func TestQuotaOfEvents(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	db, _ := storetest.OpenWith(t, store.Config{Now: func() time.Time { return now }})
	storetest.Project(t, db, "acme")
	storetest.Project(t, db, "other")
	db.LimitUsage(quota(store.Quota{Events: 10}))
	for i := range 10 {
		if err := mail(t, db, byKey("k"), "acme"); err != nil {
			t.Fatalf("event %d: %v", i, err)
		}
	}
	for range 200 {
		if err := mail(t, db, byKey("k"), "acme"); !fault.Is(err, "QuotaExceeded") || fault.Of(err).Kind != fault.Exhausted {
			t.Fatalf("beyond the quota: %v", err)
		}
	}
	if err := mail(t, db, byKey("k"), "other"); err != nil {
		t.Errorf("another project: %v", err)
	}
	if err := mail(t, db, storetest.Operator(), "acme"); err != nil {
		t.Errorf("the operator: %v", err)
	}
	if err := mail(t, db, event.BySystem("outbox"), "acme"); err != nil {
		t.Errorf("a job: %v", err)
	}
	// The refusals are counted: a few are events.
	recorded, said := suppressedIn(t, db, "acme")
	if recorded > 10+5+2 || said.Total != 195 {
		t.Errorf("%d events, %d are counted", recorded, said.Total)
	}
	now = now.Add(24 * time.Hour)
	if err := mail(t, db, byKey("k"), "acme"); err != nil {
		t.Errorf("on the next day: %v", err)
	}
}

// TestProtectiveActionsWorkBeyondTheQuota, for a number; one caller's do not take from another's.
func TestProtectiveActionsWorkBeyondTheQuota(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	db, _ := storetest.OpenWith(t, store.Config{Now: func() time.Time { return now }})
	storetest.Project(t, db, "acme")
	db.LimitUsage(quota(store.Quota{Events: 1}))
	disable := func(by event.By) error {
		_, err := store.Record(t.Context(), db, by, event.AboutUser("acme", event.NewID()),
			func(context.Context, *store.Tx) (event.SetDisabledStatusExecuted, error) {
				return event.SetDisabledStatusExecuted{IsDisabled: true}, nil
			})
		return err
	}
	if err := mail(t, db, byKey("k"), "acme"); err != nil {
		t.Fatal(err)
	}
	for _, by := range []event.By{byKey("k"), byKey("owner")} {
		for i := range 20 {
			if err := disable(by); err != nil {
				t.Fatalf("action %d: %v", i, err)
			}
		}
		if err := disable(by); !fault.Is(err, "QuotaExceeded") {
			t.Errorf("beyond the reserve: %v", err)
		}
	}
	now = now.Add(2 * time.Minute)
	if err := disable(byKey("owner")); err != nil {
		t.Errorf("two minutes later: %v", err)
	}
}

func TestQuotaOfBytes(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	storetest.Project(t, db, "acme")
	db.LimitUsage(quota(store.Quota{Bytes: 100_000}))
	n := 0
	for ; n < 1000; n++ {
		_, err := store.Record(t.Context(), db, byKey("k"), event.InProject("acme"), func(context.Context, *store.Tx) (event.ProjectAppUpdated, error) {
			return event.ProjectAppUpdated{ConfigDiff: strings.Repeat("x", 6000)}, nil
		})
		if fault.Is(err, "QuotaExceeded") {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	// After the quota come the reserved actions.
	if n < 10+20 || n > 17+20 {
		t.Errorf("%d events of some 6,500 bytes", n)
	}
}

// TestQuotaOfSeveralProcesses: what another process has recorded is known after both have folded,
// and nothing is counted twice or forgotten, however many record meanwhile.
func TestQuotaOfSeveralProcesses(t *testing.T) {
	t.Parallel()
	first, config := storetest.OpenWith(t, store.Config{})
	second, err := store.Open(t.Context(), config, storetest.Vault(t))
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	storetest.Project(t, first, "acme")
	var workers sync.WaitGroup
	for _, db := range []*store.DB{first, second} {
		db.LimitUsage(quota(store.Quota{Events: 1000}))
		for range 4 {
			workers.Go(func() {
				for range 10 {
					if err := mail(t, db, byKey("k"), "acme"); err != nil {
						t.Error(err)
					}
				}
			})
		}
		workers.Go(func() {
			for range 5 {
				if err := store.FoldUsage(t.Context(), db); err != nil {
					t.Error(err)
				}
			}
		})
	}
	workers.Wait()
	for _, db := range []*store.DB{first, second, first} {
		if err := store.FoldUsage(t.Context(), db); err != nil {
			t.Fatal(err)
		}
	}
	stored, err := store.Column[int64](t.Context(), first, `SELECT sum(events) FROM project_usage WHERE project_id = 'acme'`)
	if err != nil || stored[0] != 80 {
		t.Errorf("%d events are counted, want 80, %v", stored, err)
	}
	for _, db := range []*store.DB{first, second} {
		db.LimitUsage(quota(store.Quota{Events: 80}))
		if err := store.FoldUsage(t.Context(), db); err != nil { // reads the quota, too
			t.Fatal(err)
		}
		if err := mail(t, db, byKey("k"), "acme"); !fault.Is(err, "QuotaExceeded") {
			t.Errorf("got %v", err)
		}
	}
	if err := store.SweepUsage(t.Context(), first, time.Now().AddDate(0, 0, 60)); err != nil {
		t.Fatal(err)
	}
	if n, err := store.Column[int64](t.Context(), first, `SELECT count(*) FROM project_usage`); err != nil || n[0] != 0 {
		t.Errorf("%d rows are left, %v", n, err)
	}
}

// TestTheMessageSaysWhatToDo also shows that the error is one of package limit.
func TestTheMessageSaysWhatToDo(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	storetest.Project(t, db, "acme")
	db.LimitUsage(quota(store.Quota{Events: 1}))
	if err := mail(t, db, byKey("k"), "acme"); err != nil {
		t.Fatal(err)
	}
	f := fault.Of(mail(t, db, byKey("k"), "acme"))
	info, err := json.Marshal(f.Info)
	if err != nil || string(info) != `{"bound":"events_of_day","limit":1,"unit":"items"}` {
		t.Errorf("info %s, %v", info, err)
	}
	const want = "The number of events that a project records on one day (UTC) exceeds the limit of 1 items. The day ends at midnight UTC; " +
		"until then only what protects the project can be done, such as deleting keys, removing collaborators and disabling users. Ask the operator for a higher limit."
	if f.Message != want {
		t.Errorf("message %s", f.Message)
	}
}
