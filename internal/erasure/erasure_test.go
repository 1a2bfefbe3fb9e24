package erasure_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/erasure"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/ledger"
	"github.com/sealog/sealog/internal/sequencer"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
)

// canary is in everything personal about kim and nowhere else, other in what is about lee. They have
// nothing in common with what events are packed with, so that they stand in the files as they are.
const (
	canary = "kim.zyqxwv"
	other  = "lee.vqzwxj"
)

// world is a project with two users, whose sequencer is called by hand.
type world struct {
	db      *store.DB
	config  store.Config
	sealing *sequencer.Service
	kim     event.ID
	lee     event.ID
	service *erasure.Service
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{kim: event.NewID(), lee: event.NewID()}
	w.db, w.config = storetest.OpenWith(t, store.Config{})
	storetest.Project(t, w.db, event.PortalProject)
	storetest.Project(t, w.db, "acme")
	marks, err := sequencer.NewMarks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w.sealing = sequencer.New(w.db, marks, slog.New(slog.DiscardHandler))
	w.service = erasure.New(w.db, w.sealing.Finish, slog.New(slog.DiscardHandler))
	return w
}

func (w *world) erase(t *testing.T, user event.ID) erasure.Result {
	t.Helper()
	result, err := w.service.Erase(t.Context(), storetest.Operator(), "acme", user.String(), "request 4711")
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func record[P event.Payload[P]](t testing.TB, db *store.DB, by event.By, about event.Target, fact P) {
	t.Helper()
	_, err := store.Record(t.Context(), db, by, about, func(context.Context, *store.Tx) (P, error) { return fact, nil })
	if err != nil {
		t.Fatal(err)
	}
}

func request(name string) event.Request {
	return event.Request{ID: "request", IP: "192.0.2.7", UserAgent: name + "/1.0", URL: "https://shop.example/" + name}
}

func email(name string) string { return name + "@shop.example" }

func snapshot(user event.ID, name string) event.UserObject {
	return event.UserObject{
		ID: user, StandardAttributes: fmt.Appendf(nil, `{"email":%q,"name":"Kim %s"}`, email(name), name),
		CustomAttributes: []byte(`{}`), Web3: []byte(`{}`), Roles: []string{}, Groups: []string{},
	}
}

// live records what happens with a user: things done to them, and things they do.
func (w *world) live(t *testing.T, user event.ID, name string) {
	t.Helper()
	admin := storetest.Operator()
	admin.Request, admin.Claimed = request("ops"), []byte(`{"operator":"ops"}`)
	about := event.AboutUser("acme", user)
	record(t, w.db, admin, about, event.UserCreated{User: snapshot(user, name), Identities: []event.IdentityObject{{
		ID: event.NewID(), Type: "login_id", UserID: user, Claims: fmt.Appendf(nil, `{"email":%q}`, email(name)),
	}}})
	record(t, w.db, access.ByUser(user, request(name)), about, event.EmailSent{Sender: "shop", Recipient: email(name), Message: "verification"})
	record(t, w.db, admin, about, event.UserDisabled{User: snapshot(user, name)})
	session := event.SessionObject{ID: event.NewID(), Type: "idp", CreatedByIP: "192.0.2.7", UserAgent: name}
	record(t, w.db, admin, about, event.RevokeSessionExecuted{User: snapshot(user, name), Session: session})
	// What the user does that is about no user.
	record(t, w.db, access.ByUser(user, request(name)), event.InProject("acme"), event.EmailSent{Recipient: email(name)})
	_ = store.Refuse[event.SetDisabledStatusExecuted](t.Context(), w.db, admin, about, fault.New(fault.NotFound, "UserNotFound", "There is no such user."))
}

// stored is an event as the database has it.
type stored struct {
	id                 event.ID
	position           int64
	entry, disclosures ledger.Packed
	raw                []byte // disclosures as they are stored
}

func (w *world) events(t *testing.T) []stored {
	t.Helper()
	rows, err := store.Collect(t.Context(), w.db, func(s *stored) []any { return []any{&s.id, &s.position, &s.entry, &s.disclosures, &s.raw} }, `
		SELECT e.id, COALESCE(l.position, -1), e.entry, e.disclosures, e.disclosures
		FROM events e
		LEFT JOIN leaves l ON l.project_id = e.project_id AND l.id = e.id
		WHERE e.project_id = 'acme'
		ORDER BY 2`)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// check looks at the log as a verifier does: what is missing was said to be erased by an event
// that comes later, and nothing else was touched; and that the references are those of what is there.
func (w *world) check(t *testing.T) {
	t.Helper()
	w.settled(t)
	storetest.CheckLog(t, w.db, "acme")
	refs := map[string]bool{}
	missing := map[string]bool{}
	for _, e := range w.events(t) {
		entry, err := event.ParseEntry(e.entry)
		if err != nil {
			t.Fatal(err)
		}
		if err := event.Verify(entry, e.disclosures); err != nil {
			t.Errorf("event %s: %v", e.id, err)
		}
		names, err := event.Missing(entry, e.disclosures)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			missing[e.id.String()+" "+name] = true
		}
		if ledger.HasSeed(e.raw) != (len(names) == 0) {
			t.Errorf("event %s lacks %v, and is stored as %x", e.id, names, e.raw)
		}
		if entry.Type == "audit.redacted" && entry.Outcome == "succeeded" {
			for _, field := range redacted(t, e.disclosures) {
				if !missing[field] {
					t.Errorf("event %s says that %s was erased", e.id, field)
				}
				delete(missing, field)
			}
		}
		derived, err := entry.Derive(e.disclosures)
		if err != nil {
			t.Fatal(err)
		}
		for _, ref := range derived.Refs {
			refs[fmt.Sprintf("%x %s", w.db.Vault().Reference("acme", ref), e.id)] = true
		}
	}
	for field := range missing {
		t.Errorf("%s is withheld", field)
	}
	type row struct {
		ref int64
		id  event.ID
	}
	rows, err := store.Collect(t.Context(), w.db, func(r *row) []any { return []any{&r.ref, &r.id} }, `SELECT r.ref, r.id FROM event_refs r JOIN events e ON e.id = r.id WHERE e.project_id = 'acme'`)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, r := range rows {
		got[fmt.Sprintf("%x %s", r.ref, r.id)] = true
	}
	if diff := cmp.Diff(refs, got); diff != "" {
		t.Errorf("references (-derived, +stored):\n%s", diff)
	}
}

// settled has the log derived to its end. Once may be too little: a transaction that was broken
// off, when a sequencer stopped, can hold its locks a little longer.
func (w *world) settled(t *testing.T) {
	t.Helper()
	for range 1000 {
		if err := w.sealing.Finish(t.Context()); err != nil {
			t.Fatal(err)
		}
		left, err := store.Column[int64](t.Context(), w.db, `
			SELECT (SELECT count(*) FROM events WHERE project_id = 'acme') - derived FROM logs WHERE project_id = 'acme' AND NOT closed`)
		if err != nil {
			t.Fatal(err)
		}
		if len(left) == 1 && left[0] == 0 {
			return
		}
	}
	t.Fatal("the log is not derived to its end")
}

// redacted reads what an event audit.redacted says: "<id> <field>".
func redacted(t *testing.T, disclosures []byte) (fields []string) {
	t.Helper()
	value, err := event.PayloadKey(disclosures, "events")
	if err != nil {
		t.Fatal(err)
	}
	var events []event.RedactedEvent
	if err := json.Unmarshal(value, &events); err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		for _, field := range e.Fields {
			fields = append(fields, e.ID.String()+" "+field)
		}
	}
	return fields
}

// found counts the events that a search for an e-mail address gives.
func (w *world) found(t *testing.T, name string) int64 {
	t.Helper()
	ref, _ := event.NewRef(event.RefEmail, email(name))
	n, err := store.Column[int64](t.Context(), w.db, `SELECT count(*) FROM event_refs WHERE ref = $1`, w.db.Vault().Reference("acme", ref))
	if err != nil {
		t.Fatal(err)
	}
	return n[0]
}

func (w *world) has(t *testing.T, text string) (n int) {
	t.Helper()
	for _, e := range w.events(t) {
		if strings.Contains(string(e.disclosures), text) {
			n++
		}
	}
	return n
}

func TestEraseOnePerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 3 {
		w.live(t, w.kim, canary)
		w.live(t, w.lee, other)
	}
	if err := w.sealing.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.check(t)
	before, lee, ops := w.events(t), w.has(t, other), w.has(t, `"operator":"ops"`)
	if w.found(t, canary) == 0 || w.has(t, canary) != 15 {
		t.Fatalf("%d references and %d events before", w.found(t, canary), w.has(t, canary))
	}
	result := w.erase(t, w.kim)
	w.check(t)
	if len(result.Events) != 15 || result.Fields() < 15 || len(result.Recorded) != 1 || len(result.Earlier) != 0 || result.Leftover != nil {
		t.Errorf("%d events, %d fields, %d recorded, %d earlier, %v", len(result.Events), result.Fields(), len(result.Recorded), len(result.Earlier), result.Leftover)
	}
	if w.found(t, canary) != 0 || w.has(t, canary) != 0 {
		t.Errorf("%d references and %d events are left", w.found(t, canary), w.has(t, canary))
	}
	if n := w.has(t, other); n != lee || w.found(t, other) == 0 {
		t.Errorf("%d of lee's %d events are left", n, lee)
	}
	if n := w.has(t, `"operator":"ops"`); n != ops || n == 0 || w.has(t, "ops/1.0") != ops || w.has(t, `"ip_address":"192.0.2.7"`) < ops {
		t.Errorf("%d of %d contexts of administrators are left", n, ops)
	}
	after := w.events(t)
	if len(after) != len(before)+1 || after[len(after)-1].id != result.Recorded[0] {
		t.Errorf("%d events, %d before", len(after), len(before))
	}
	for i, e := range before {
		if string(after[i].entry) != string(e.entry) {
			t.Errorf("the entry at %d was changed", i)
		}
	}
	// The public parts tell what happened all the same, and to whom.
	for _, e := range result.Events {
		d, err := event.Derive(after[e.Position].entry, after[e.Position].disclosures)
		if err != nil || after[e.Position].id != e.ID || (d.User != w.kim && d.ActorID != w.kim.String()) {
			t.Errorf("event %s at %d: %+v, %v", e.ID, e.Position, d, err)
		}
	}

	// Once more: there is nothing left, and that somebody asked stands in the log.
	again := w.erase(t, w.kim)
	w.check(t)
	if len(again.Events) != 0 || len(again.Recorded) != 1 || !cmp.Equal(again.Earlier, result.Recorded) {
		t.Errorf("again: %+v", again)
	}
	if n := len(w.events(t)); n != len(after)+1 {
		t.Errorf("%d events, want one more than %d", n, len(after))
	}
	// What comes later is erased by the next.
	w.live(t, w.kim, canary)
	if result := w.erase(t, w.kim); len(result.Events) != 5 || len(result.Earlier) != 2 {
		t.Errorf("later: %d events, %d earlier", len(result.Events), len(result.Earlier))
	}
	w.check(t)
}

func TestEraseRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live(t, w.kim, canary)
	account := event.NewID()
	by := event.By{Actor: event.Actor{Type: event.Account, ID: account.String(), Name: "ops@acme.example"}, Surface: event.ViaPortal, Request: request("ops")}
	record(t, w.db, by, event.AboutUser("acme", w.lee), event.UserDisabled{User: snapshot(w.lee, other)})
	before := len(w.events(t))
	for _, c := range []struct{ project, user, reason, code string }{
		{"acme", email(canary), "request", "UserIDInvalid"},
		{"acme", event.ID{}.String(), "request", "UserIDInvalid"},
		{"acme", w.kim.String(), " \n", "ReasonMissing"},
		{"acme", w.kim.String(), strings.Repeat("x", 1001), "ReasonMissing"},
		{"acme", w.kim.String(), "two\nlines", "ReasonMissing"},
		{"acme", w.kim.String(), "\xff", "ReasonMissing"},
		{"nowhere", w.kim.String(), "request", "ProjectNotFound"},
		{"acme", event.NewID().String(), "request", "NothingToErase"},
		{"acme", account.String(), "request", "NothingToErase"}, // an account's events are about others
		{event.PortalProject, w.kim.String(), "request", "NothingToErase"},
	} {
		if _, err := w.service.Erase(t.Context(), storetest.Operator(), c.project, c.user, c.reason); !fault.Is(err, c.code) {
			t.Errorf("%s, %s, %.20q: got %v, want %s", c.project, c.user, c.reason, err, c.code)
		}
	}
	if n := w.has(t, email(canary)); n != 5 {
		t.Errorf("%d events have the address, as before or because it was given instead of an id", n)
	}
	if n := len(w.events(t)); n != before+8 {
		t.Errorf("%d attempts are on the record, want 8", n-before)
	}
	// An attempt about somebody nobody knows makes nobody known.
	unknown := event.NewID().String()
	for range 2 {
		if _, err := w.service.Erase(t.Context(), storetest.Operator(), "acme", unknown, "request"); !fault.Is(err, "NothingToErase") {
			t.Errorf("got %v", err)
		}
	}
}
