package directory_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sealog/sealog/internal/directory"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/ledger"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/settings"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
	"github.com/sealog/sealog/internal/vault"
	"github.com/sealog/sealog/internal/webhook"
)

// world is a database with one project.
type world struct {
	testing.TB
	db *store.DB
	p  project.Project
	s  *directory.Service
}

func newWorld(t testing.TB) world {
	t.Helper()
	db := storetest.Open(t)
	storetest.Project(t, db, "acme")
	p, err := project.New(db, project.Settings{PublicURL: storetest.PublicURL()}).Get(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	return world{t, db, p, directory.New(db, vault.NewPasswords(),
		&url.URL{Scheme: "https", Host: "sealog.example"}, webhook.New(webhook.Config{AllowPrivate: true}))}
}

var by = event.By{
	Actor:   event.Actor{Type: event.AdminAPIKey, ID: "kid-1", Name: "Key"},
	Surface: event.ViaAdminAPI, Request: event.Request{ID: "r1"},
}

func ptr[T any](v T) *T { return &v }

func (w world) create(key, value string) directory.User {
	w.Helper()
	return w.createWith(directory.CreateInput{LoginID: directory.LoginID{Key: key, Value: value}})
}

func (w world) createWith(in directory.CreateInput) directory.User {
	w.Helper()
	u, err := w.s.Create(w.Context(), by, w.p, in)
	if err != nil {
		w.Fatal(err)
	}
	return u
}

func (w world) get(id event.ID) directory.User {
	w.Helper()
	u, err := w.s.Get(w.Context(), w.p.ID, id)
	if err != nil {
		w.Fatal(err)
	}
	return u
}

// exec changes rows as a feature would that is not there yet.
func (w world) exec(query string, args ...any) {
	w.Helper()
	_, err := store.Record(w.Context(), w.db, storetest.Operator(), event.InProject(w.p.ID),
		func(ctx context.Context, tx *store.Tx) (event.ProjectAppUpdated, error) {
			_, err := tx.Exec(ctx, query, args...)
			return event.ProjectAppUpdated{}, err
		})
	if err != nil {
		w.Fatal(err)
	}
}

type row struct {
	ID                 event.ID
	Type               string
	Outcome            int64
	User               event.ID
	Entry, Disclosures ledger.Packed
}

// events returns what was recorded, but for what newWorld and exec record.
func (w world) events() []row {
	w.Helper()
	rows, err := store.Collect(w.Context(), w.db, func(r *row) []any {
		return []any{&r.ID, scanType{&r.Type}, &r.Outcome, &r.User, &r.Entry, &r.Disclosures}
	}, `
		SELECT id, type, outcome, user_id, entry, disclosures
		FROM events
		WHERE project_id = $1
		ORDER BY id`, w.p.ID)
	if err != nil {
		w.Fatal(err)
	}
	return slices.DeleteFunc(rows, func(r row) bool { return strings.HasPrefix(r.Type, "project.") })
}

// scanType reads a column of types.
type scanType struct{ to *string }

func (s scanType) Scan(src any) error {
	var t event.Type
	err := t.Scan(src)
	*s.to = string(t)
	return err
}

// expect checks the events after the first n: "type outcome" each, all about one user.
func (w world) expect(n int, user event.ID, want ...string) []row {
	w.Helper()
	rows := w.events()[n:]
	got := []string{}
	for _, r := range rows {
		got = append(got, r.Type+" "+event.Outcome(r.Outcome).String())
		if r.User != user {
			w.Errorf("%s is about user %s, want %s", r.Type, r.User, user)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.Errorf("events (-want +got):\n%s", diff)
	}
	return rows
}

func (w world) payload(r row, key string) map[string]any {
	w.Helper()
	raw, err := event.PayloadKey(r.Disclosures, key)
	if err != nil {
		w.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(raw, &m); err != nil {
		w.Fatalf("%s: %v", raw, err)
	}
	return m
}

func (w world) count(query string, args ...any) int64 {
	w.Helper()
	n, err := store.Column[int64](w.Context(), w.db, query, args...)
	if err != nil {
		w.Fatal(err)
	}
	return n[0]
}

// refused checks an error: its code, kind and info in JSON.
func refused(t testing.TB, err error, code string, kind fault.Kind, info string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %s", code)
	}
	f := fault.Of(err)
	if f.Code != code || f.Kind != kind {
		t.Errorf("error is %s (%s), want %s (%s): %v", f.Code, f.Kind, code, kind, err)
	}
	got := ""
	if f.Info != nil {
		raw, err := json.Marshal(f.Info)
		if err != nil {
			t.Fatal(err)
		}
		got = string(raw)
	}
	if got != info {
		t.Errorf("info is %s, want %s", got, info)
	}
}

// absent checks that a secret stands in no event.
func (w world) absent(secret string) {
	w.Helper()
	for _, r := range w.events() {
		if bytes.Contains(r.Disclosures, []byte(secret)) || bytes.Contains(r.Entry, []byte(secret)) {
			w.Errorf("%s holds the secret: %s", r.Type, r.Disclosures)
		}
	}
}

// mails opens the outbox.
func (w world) mails() []mail {
	w.Helper()
	type stored struct {
		id, user          event.ID
		channel, kind, st string
		body              []byte
	}
	rows, err := store.Collect(w.Context(), w.db, func(s *stored) []any {
		return []any{&s.id, &s.channel, &s.kind, &s.st, &s.body, &s.user}
	}, `SELECT id, channel, message, state, body, user_id FROM outbox WHERE project_id = $1 ORDER BY id`, w.p.ID)
	if err != nil {
		w.Fatal(err)
	}
	mails := []mail{}
	for _, s := range rows {
		if s.channel != "email" || s.st != "queued" {
			w.Errorf("mail by %q in state %q", s.channel, s.st)
		}
		plain, err := w.db.Vault().Open(vault.Place{Project: w.p.ID, Table: "outbox", ID: s.id.String()}, s.body)
		if err != nil {
			w.Fatal(err)
		}
		m := mail{Kind: s.kind, UserID: s.user}
		if err := json.Unmarshal(plain, &m); err != nil {
			w.Fatal(err)
		}
		mails = append(mails, m)
	}
	return mails
}

type mail struct {
	Kind      string
	UserID    event.ID
	Recipient string   `json:"recipient"`
	Subject   string   `json:"subject"`
	Text      string   `json:"text"`
	By        event.By `json:"by"`
}

var day = 24 * time.Hour

func attribute(pointer, kind string) settings.CustomAttribute {
	return settings.CustomAttribute{Pointer: pointer, Type: kind}
}
