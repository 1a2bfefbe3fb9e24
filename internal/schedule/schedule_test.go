package schedule

import (
	"context"
	"log/slog"
	"net/url"
	"testing"
	"time"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/directory"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
	"github.com/sealog/sealog/internal/vault"
	"github.com/sealog/sealog/internal/webhook"
)

func newService(t *testing.T) (*Service, *store.DB) {
	t.Helper()
	db := storetest.Open(t)
	storetest.Project(t, db, "acme")
	users := directory.New(db, vault.NewPasswords(), &url.URL{Scheme: "https", Host: "sealog.example"}, webhook.New(webhook.Config{}))
	return New(db, access.NewRefusals(), auditlog.NewReads(db), users, slog.New(slog.DiscardHandler)), db
}

// leave leaves one of each thing that is counted in memory.
func leave(t *testing.T, s *Service, db *store.DB) {
	t.Helper()
	by := storetest.Operator()
	s.reads.Note(by, "acme", "portal", auditlog.OfLog)
	s.refusals.Count("acme", "TokenMissing", "192.0.2.1", db.Now())
	for range 100 {
		err := store.Refuse[event.DeleteUserExecuted](t.Context(), db, by, event.InProject("acme"), fault.New(fault.NotFound, "UserNotFound", "No."))
		if err == nil {
			t.Fatal("no error")
		}
	}
}

func counts(t *testing.T, db *store.DB) map[string]int64 {
	t.Helper()
	got := map[string]int64{}
	for _, name := range []string{"audit_log.read", "access.refused", "audit_log.attempts_suppressed"} {
		n, err := auditlog.New(db).Count(t.Context(), auditlog.Filter{Project: "acme", Types: []event.Type{event.Type(name)}})
		if err != nil {
			t.Fatal(err)
		}
		got[name] = n
	}
	return got
}

func TestRunOnce(t *testing.T) {
	t.Parallel()
	s, db := newService(t)
	leave(t, s, db)
	now := db.Now()
	if err := s.runOnce(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	if got := counts(t, db); got["audit_log.read"] != 1 || got["access.refused"] != 0 || got["audit_log.attempts_suppressed"] != 1 {
		t.Errorf("at once: %v", got)
	}
	for range 2 { // the minute has ended; twice is once
		if err := s.runOnce(t.Context(), now.Add(2*time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	if got := counts(t, db); got["access.refused"] != 1 || got["audit_log.read"] != 1 || got["audit_log.attempts_suppressed"] != 1 {
		t.Errorf("after the minute: %v", got)
	}
}

func TestStopRecordsWhatIsLeft(t *testing.T) {
	t.Parallel()
	s, db := newService(t)
	s.Start()
	leave(t, s, db)
	if err := s.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := counts(t, db); got["audit_log.read"] != 1 || got["access.refused"] != 1 || got["audit_log.attempts_suppressed"] < 1 {
		t.Errorf("after Stop: %v", got)
	}
}
