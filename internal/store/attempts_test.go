package store_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
)

// suppressedIn reads the last event of a log, which must be audit_log.attempts_suppressed.
func suppressedIn(t *testing.T, db *store.DB, project string) (recorded int, said event.AuditLogAttemptsSuppressed) {
	t.Helper()
	if err := store.RecordSuppressed(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	got := events(t, db, project)[1:]
	last := got[len(got)-1]
	if last.Type != said.Type() {
		t.Fatalf("the last event is %s", last.Type)
	}
	for key, into := range map[string]any{"total": &said.Total, "reasons": &said.Reasons, "attempts": &said.Attempts, "other": &said.Other} {
		text, err := event.PayloadKey(last.Disclosures, key)
		if err == nil {
			err = json.Unmarshal(text, into)
		}
		if err != nil {
			t.Fatalf("%s: %v", key, err)
		}
	}
	return len(got) - 1, said
}

// TestHarmlessAttemptsHideNothing: after many refusals of one sort, what is tried next is still
// recorded by its type and target, and what is only counted is named.
func TestHarmlessAttemptsHideNothing(t *testing.T) {
	t.Parallel()
	at := time.Now()
	db, _ := storetest.OpenWith(t, store.Config{Now: func() time.Time { return at }})
	storetest.Project(t, db, "acme")
	low := fault.New(fault.Denied, "RoleTooLow", "No.")
	denied := func(kind, id string) {
		_ = store.Refuse[event.AccessDenied](t.Context(), db, storetest.Operator(), event.About("acme", kind, id), low)
	}
	for range 100 {
		denied("permission", "act")
	}
	user := event.NewID()
	for range 10 {
		denied("permission", "view_secrets")
		_ = store.Refuse[event.AuditRedacted](t.Context(), db, storetest.Operator(), event.AboutUser("acme", user), low)
	}
	recorded, said := suppressedIn(t, db, "acme")
	if recorded != 62 || said.Total != 120-62 || said.Other != 0 {
		t.Errorf("%d are recorded, %d are counted, %d of them are not listed", recorded, said.Total, said.Other)
	}
	want := []event.AttemptCount{
		{Type: "access.denied", Reason: "RoleTooLow", TargetType: "permission", TargetID: "act", Count: 40},
		{Type: "access.denied", Reason: "RoleTooLow", TargetType: "permission", TargetID: "view_secrets", Count: 9},
		{Type: "audit.redacted", Reason: "RoleTooLow", TargetType: "user", TargetID: user.String(), Count: 9},
	}
	if diff := cmp.Diff(want, said.Attempts); diff != "" {
		t.Errorf("attempts (-want, +got):\n%s", diff)
	}
	if diff := cmp.Diff([]event.ReasonCount{{Reason: "RoleTooLow", Count: 58}}, said.Reasons); diff != "" {
		t.Errorf("reasons (-want, +got):\n%s", diff)
	}
}

// TestManyDifferentAttemptsAreBounded: neither the log nor the memory grows with what is made up, and
// after all that a type that was not tried before is still recorded.
func TestManyDifferentAttemptsAreBounded(t *testing.T) {
	t.Parallel()
	at := time.Now()
	db, _ := storetest.OpenWith(t, store.Config{Now: func() time.Time { return at }})
	storetest.Project(t, db, "acme")
	missing := fault.New(fault.NotFound, "UserNotFound", "No such user.")
	for range 500 {
		_ = store.Refuse[event.DeleteUserExecuted](t.Context(), db, storetest.Operator(), event.AboutUser("acme", event.NewID()), missing)
	}
	_ = store.Refuse[event.AuditRedacted](t.Context(), db, storetest.Operator(), event.InProject("acme"), missing)
	recorded, said := suppressedIn(t, db, "acme")
	if recorded != 60+20+1 || said.Total != 501-recorded || len(said.Attempts) != 50 || said.Other != said.Total-50 {
		t.Errorf("%d are recorded, %d are counted, %d of them are listed, %d are not", recorded, said.Total, len(said.Attempts), said.Other)
	}
}

// TestManyCallersAreBounded counts the callers beyond a number together.
func TestManyCallersAreBounded(t *testing.T) {
	t.Parallel()
	at := time.Now()
	db, _ := storetest.OpenWith(t, store.Config{Now: func() time.Time { return at }})
	storetest.Project(t, db, event.PortalProject)
	storetest.Project(t, db, "acme")
	const callers, each = 1010, 62
	for i := range callers {
		store.SwallowAttempts(db, "acme", fmt.Sprint("caller ", i), each, at)
	}
	_, said := suppressedIn(t, db, event.PortalProject)
	if said.Total != 10*(each-60) {
		t.Errorf("%d attempts of other callers, want %d", said.Total, 10*(each-60))
	}
}
