package project_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
)

func open(t *testing.T) (*project.Service, *store.DB, event.AccountObject) {
	t.Helper()
	db := storetest.Open(t)
	s := project.New(db, project.Settings{PublicURL: storetest.PublicURL()})
	for range 2 { // the second finds it there
		if err := s.Bootstrap(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	owner := event.AccountObject{ID: event.NewID(), Email: "owner@acme.example"}
	_, err := store.Record(t.Context(), db, storetest.Operator(), event.InProject(event.PortalProject),
		func(ctx context.Context, tx *store.Tx) (event.AccountCreated, error) {
			_, err := tx.Exec(ctx, `INSERT INTO accounts (id, email, password_hash, is_operator, created_at) VALUES ($1, $2, '', FALSE, 1)`, owner.ID, owner.Email)
			return event.AccountCreated{Account: owner}, err
		})
	if err != nil {
		t.Fatal(err)
	}
	return s, db, owner
}

func types(t *testing.T, db *store.DB, projectID string) string {
	t.Helper()
	page, err := auditlog.New(db).List(t.Context(), auditlog.Filter{Project: projectID}, auditlog.Paging{Ascending: true})
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	for _, r := range page.Rows {
		words = append(words, string(r.Type)+" "+r.Outcome.String())
	}
	return strings.Join(words, ", ")
}

func TestCreate(t *testing.T) {
	t.Parallel()
	s, db, owner := open(t)
	ctx := t.Context()
	p, err := s.Create(ctx, storetest.Operator(), "acme", "Acme Shop", owner)
	if err != nil {
		t.Fatal(err)
	}
	if p.Name != "Acme Shop" || !strings.HasPrefix(p.LogID, "sealog.example/log/") || len(p.LogID) != len("sealog.example/log/")+32 ||
		p.Config.Password.MinLength != 8 || len(p.Config.Identity.LoginIDKeys) != 3 {
		t.Errorf("made %+v", p)
	}
	if keys, err := s.Keys(ctx, "acme"); err != nil || len(keys) != 1 || !strings.Contains(keys[0].PublicPEM(), "PUBLIC KEY") {
		t.Errorf("%d keys, %v", len(keys), err)
	}
	if role, err := s.Role(ctx, "acme", owner.ID); err != nil || role != "OWNER" {
		t.Errorf("role %q, %v", role, err)
	}
	if m, err := s.Memberships(ctx, owner.ID); err != nil || len(m) != 1 || m[0].Name != "Acme Shop" {
		t.Errorf("memberships %+v, %v", m, err)
	}
	for id, code := range map[string]string{
		"acme": "ProjectExists", "ab": "ProjectIDInvalid", "_portal": "ProjectIDInvalid", "Acme": "ProjectIDInvalid",
		"-acme": "ProjectIDInvalid", "acme-": "ProjectIDInvalid", strings.Repeat("a", 41): "ProjectIDInvalid", "a\x00b": "ProjectIDInvalid",
	} {
		if _, err := s.Create(ctx, storetest.Operator(), id, "", owner); !fault.Is(err, code) {
			t.Errorf("%q: got %v, want %s", id, err, code)
		}
	}
	if _, err := s.Create(ctx, storetest.Operator(), "beta", strings.Repeat("n", 81), owner); !fault.Is(err, "ProjectNameInvalid") {
		t.Errorf("long name: %v", err)
	}
	if got := types(t, db, "acme"); got != "project.app.created succeeded" {
		t.Errorf("the project's log has %s", got)
	}
	if got := strings.Count(types(t, db, event.PortalProject), "project.app.created failed"); got != 9 {
		t.Errorf("%d refused attempts in the Portal's log, want 9", got)
	}
}

func TestOneOfManyWins(t *testing.T) {
	t.Parallel()
	s, db, owner := open(t)
	var wg sync.WaitGroup
	errs := make([]error, 6)
	for i := range errs {
		wg.Go(func() { _, errs[i] = s.Create(t.Context(), storetest.Operator(), "acme", "", owner) })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case !fault.Is(err, "ProjectExists"):
			t.Error(err)
		}
	}
	if won != 1 || strings.Count(types(t, db, "acme"), "project.app.created succeeded") != 1 {
		t.Errorf("%d won: %s", won, types(t, db, "acme"))
	}
	errs = make([]error, 6)
	for i := range errs {
		wg.Go(func() { _, errs[i] = s.GenerateKey(t.Context(), storetest.Operator(), "acme", "") })
	}
	wg.Wait()
	if keys, err := s.Keys(t.Context(), "acme"); err != nil || len(keys) != project.MaxKeys {
		t.Errorf("%d keys, %v", len(keys), err)
	}
}

func TestAKeyLeavesOnlyAfterItsEvent(t *testing.T) {
	t.Parallel()
	s, db, owner := open(t)
	if _, err := s.Create(t.Context(), storetest.Operator(), "acme", "", owner); err != nil {
		t.Fatal(err)
	}
	keys, err := s.Keys(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.ViewPrivateKey(t.Context(), storetest.Operator(), "acme", "other"); !fault.Is(err, "KeyNotFound") {
		t.Errorf("unknown key: %v", err)
	}
	text, err := s.ViewPrivateKey(t.Context(), storetest.Operator(), "acme", keys[0].ID)
	if err != nil || !strings.HasPrefix(string(text), "-----BEGIN PRIVATE KEY-----") {
		t.Fatalf("%.30s, %v", text, err)
	}
	if got := types(t, db, "acme"); got != "project.app.created succeeded, project.app.secret.viewed failed, project.app.secret.viewed succeeded" {
		t.Errorf("recorded %s", got)
	}
	// A log that cannot be written keeps the secret in.
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if text, err := s.ViewPrivateKey(context.Background(), storetest.Operator(), "acme", keys[0].ID); err == nil || text != nil {
		t.Errorf("the key left without an event")
	}
}
