package message_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/message"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
	"github.com/sealog/sealog/internal/vault"
)

const text = "Your password is: correct horse battery"

type world struct {
	*testing.T
	db     *store.DB
	outbox *message.Service
}

func newWorld(t *testing.T) world {
	t.Helper()
	db := storetest.Open(t)
	storetest.Project(t, db, "acme")
	storetest.Project(t, db, "other")
	return world{t, db, message.New(db)}
}

// admin is a caller with all that a caller can have.
func admin() event.By {
	return event.By{
		Actor:   event.Actor{Type: event.AdminAPIKey, ID: "kid-1", Name: "key", Fingerprint: "print"},
		Surface: event.ViaAdminAPI,
		Request: event.Request{ID: "r-1", IP: "192.0.2.1", UserAgent: "test", Languages: []string{"de", "en"}},
		Claimed: json.RawMessage(`{"ticket":7}`),
	}
}

// put queues messages for a user, each in a transaction of its own, and returns their ids.
func (w world) put(project string, by event.By, user event.ID, n int) []event.ID {
	w.Helper()
	for range n {
		m := message.Seal(w.db.Vault(), message.Draft{
			Project: project, Channel: message.Email, Kind: "forgot-password", Recipient: "kim@shop.example",
			Subject: "Grüße", Text: text, By: by, User: user,
		})
		w.record(project, m.Enqueue)
	}
	var ids []event.ID
	for _, e := range w.list(project, "", event.ID{}, n) {
		ids = append(ids, e.ID)
	}
	return ids
}

// record runs a change in a transaction with an event of no meaning.
func (w world) record(project string, change func(context.Context, *store.Tx) error) {
	w.Helper()
	_, err := store.Record(w.Context(), w.db, storetest.Operator(), event.InProject(project),
		func(ctx context.Context, tx *store.Tx) (event.SendResetPasswordMessageExecuted, error) {
			return event.SendResetPasswordMessageExecuted{LoginID: "kim"}, change(ctx, tx)
		})
	if err != nil {
		w.Fatal(err)
	}
}

func (w world) list(project, state string, before event.ID, limit int) []message.Entry {
	w.Helper()
	entries, err := w.outbox.List(w.Context(), project, state, before, limit)
	if err != nil {
		w.Fatal(err)
	}
	return entries
}

// settle ends a message as delivery does.
func (w world) settle(e message.Entry, state string) {
	w.Helper()
	w.record(e.Project, func(ctx context.Context, tx *store.Tx) error {
		return message.Settle(ctx, tx, e, state, "no such mailbox")
	})
}

func (w world) get(project string, id event.ID) message.Entry {
	w.Helper()
	e, err := w.outbox.Get(w.Context(), project, id)
	if err != nil {
		w.Fatal(err)
	}
	return e
}

// events returns the data of a project's events of a type.
func (w world) events(project string, t event.Type) (all []string) {
	w.Helper()
	rows, err := auditlog.New(w.db).List(w.Context(), auditlog.Filter{Project: project, Types: []event.Type{t}}, auditlog.Paging{})
	if err != nil {
		w.Fatal(err)
	}
	for _, row := range rows.Rows {
		data, err := row.Data()
		if err != nil {
			w.Fatal(err)
		}
		if strings.Contains(string(data), "correct horse") {
			w.Errorf("an event has the message's text: %s", data)
		}
		all = append(all, string(data))
	}
	return all
}

func TestContentComesBackAsItWas(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, by := range map[string]event.By{"with claims": admin(), "without": storetest.Operator()} {
		id := w.put("acme", by, event.ID{}, 1)[0]
		sealed, err := store.Column[[]byte](t.Context(), w.db, `SELECT body FROM outbox WHERE project_id = 'acme' AND id = $1`, id)
		if err != nil || len(sealed) != 1 || strings.Contains(string(sealed[0]), "kim@") || strings.Contains(string(sealed[0]), "horse") {
			t.Errorf("%s: the stored body is %q, %v", name, sealed, err)
		}
		got, err := message.Open(t.Context(), w.db, w.db, "acme", id)
		if err != nil {
			t.Fatal(err)
		}
		want := message.Content{Recipient: "kim@shop.example", Subject: "Grüße", Text: text, By: by}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want, +got):\n%s", name, diff)
		}
	}
}

func TestNilIsNoMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var none *message.Message
	w.record("acme", none.Enqueue)
	if got := w.list("acme", "", event.ID{}, 10); len(got) != 0 {
		t.Errorf("%+v", got)
	}
}

func TestListPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ids := w.put("acme", admin(), event.ID{}, 5)
	w.put("other", admin(), event.ID{}, 1)
	w.settle(w.get("acme", ids[1]), message.Dead)
	w.settle(w.get("acme", ids[3]), message.Sent)
	for name, c := range map[string]struct {
		state  string
		before event.ID
		limit  int
		want   []event.ID
	}{
		"first page":  {"", event.ID{}, 2, ids[:2]},
		"second page": {"", ids[1], 2, ids[2:4]},
		"last page":   {"", ids[3], 2, ids[4:]},
		"dead":        {message.Dead, event.ID{}, 10, ids[1:2]},
		"sent":        {message.Sent, event.ID{}, 10, ids[3:4]},
		"queued":      {message.Queued, ids[0], 10, []event.ID{ids[2], ids[4]}},
		"of no state": {"lost", event.ID{}, 10, nil},
	} {
		var got []event.ID
		for _, e := range w.list("acme", c.state, c.before, c.limit) {
			got = append(got, e.ID)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want, +got):\n%s", name, diff)
		}
	}
}

func TestReadIsOnTheRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := event.NewID()
	id := w.put("acme", storetest.Operator(), user, 1)[0]
	got, err := w.outbox.Read(t.Context(), admin(), "acme", id)
	if err != nil || got.Text != text {
		t.Fatalf("%+v, %v", got, err)
	}
	events := w.events("acme", "project.message.read")
	if len(events) != 1 || !strings.Contains(events[0], `"user_id":"`+user.String()) ||
		!strings.Contains(events[0], `"message_id":"`+id.String()) || !strings.Contains(events[0], `"id":"kid-1"`) {
		t.Errorf("events: %s", events)
	}
	// An attempt is on the record too, in the caller's own project.
	if _, err := w.outbox.Read(t.Context(), admin(), "other", id); !fault.Is(err, "MessageNotFound") {
		t.Errorf("from another project: %v", err)
	}
	if events := w.events("other", "project.message.read"); len(events) != 1 || !strings.Contains(events[0], "MessageNotFound") {
		t.Errorf("events: %s", events)
	}
	w.settle(w.get("acme", id), message.Sent)
	if _, err := w.outbox.Read(t.Context(), admin(), "acme", id); !fault.Is(err, "MessageBodyErased") {
		t.Errorf("after it was sent: %v", err)
	}
}

func TestRetry(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.put("acme", storetest.Operator(), event.ID{}, 1)[0]
	if err := w.outbox.Retry(t.Context(), admin(), "acme", id); !fault.Is(err, "MessageNotDead") {
		t.Errorf("a queued message: %v", err)
	}
	w.settle(w.get("acme", id), message.Dead)
	if e := w.get("acme", id); e.State != message.Dead || e.Attempts != 1 || e.LastError != "no such mailbox" || e.SentAt != nil {
		t.Errorf("given up: %+v", e)
	}
	if err := w.outbox.Retry(t.Context(), admin(), "other", id); !fault.Is(err, "MessageNotFound") {
		t.Errorf("from another project: %v", err)
	}
	if err := w.outbox.Retry(t.Context(), admin(), "acme", id); err != nil {
		t.Fatal(err)
	}
	if e := w.get("acme", id); e.State != message.Queued || e.Attempts != 0 {
		t.Errorf("put back: %+v", e)
	}
	if events := w.events("acme", "project.message.requeued"); len(events) != 2 { // and the attempt
		t.Errorf("events: %s", events)
	}
	if due, err := message.Due(t.Context(), w.db, message.Email, "acme", w.db.Now(), 10); err != nil || len(due) != 1 {
		t.Errorf("due: %+v, %v", due, err)
	}
}

func TestForget(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	kim, lee := event.NewID(), event.NewID()
	w.put("acme", admin(), kim, 2)
	others := append(w.put("acme", admin(), lee, 1), w.put("acme", admin(), event.ID{}, 1)...)
	w.put("other", admin(), kim, 1)
	w.record("acme", func(ctx context.Context, tx *store.Tx) error { return message.Forget(ctx, tx, "acme", kim) })
	var left []event.ID
	for _, e := range w.list("acme", "", event.ID{}, 10) {
		left = append([]event.ID{e.ID}, left...)
	}
	if diff := cmp.Diff(others, left); diff != "" || len(w.list("other", "", event.ID{}, 10)) != 1 {
		t.Errorf("(-want, +got):\n%s", diff)
	}
}

// TestTake: a message is one process's until its lease has run out, and nobody's when it
// was put off, settled or forgotten since it was looked for.
func TestTake(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put("acme", admin(), event.ID{}, 1)
	now := w.db.Now()
	due := func(at time.Time) []message.Entry {
		t.Helper()
		entries, err := message.Due(t.Context(), w.db, message.Email, "acme", at, 10)
		if err != nil {
			t.Fatal(err)
		}
		return entries
	}
	take := func(e message.Entry, at time.Time) bool {
		t.Helper()
		taken, err := message.Take(t.Context(), w.db, e, at, at.Add(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		return taken
	}
	e := due(now)[0]
	if n, err := message.Due(t.Context(), w.db, message.SMS, "acme", now, 10); err != nil || len(n) != 0 {
		t.Errorf("on the other channel: %+v, %v", n, err)
	}
	if !take(e, now) || take(e, now) || len(due(now)) != 0 {
		t.Error("taken twice, or due while it is taken")
	}
	later := now.Add(time.Minute)
	if len(due(later)) != 1 || !take(e, later) {
		t.Error("not to be had after the lease")
	}
	if err := message.PutOff(t.Context(), w.db, e, later.Add(time.Hour), "busy"); err != nil {
		t.Fatal(err)
	}
	if take(e, later.Add(2*time.Hour)) {
		t.Error("taken on the strength of an old look")
	}
	if len(due(later)) != 0 || len(due(later.Add(time.Hour))) != 1 {
		t.Error("due too early, or never")
	}
	e = due(later.Add(time.Hour))[0]
	if e.Attempts != 1 || e.LastError != "busy" {
		t.Errorf("put off: %+v", e)
	}
	w.settle(e, message.Sent)
	if take(e, later.Add(time.Hour)) || len(due(later.Add(time.Hour))) != 0 {
		t.Error("taken after it was sent")
	}
}

// TestMessagesOfTheFirstVersion: a body that was sealed before By was kept whole has the
// system as its cause, and never nobody.
func TestMessagesOfTheFirstVersion(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	storetest.Project(t, db, "acme")
	id := event.NewID()
	sealed := db.Vault().Seal(vault.Place{Project: "acme", Table: "outbox", ID: id.String()},
		[]byte(`{"recipient":"kim@shop.example","subject":"s","text":"t","by":{"type":"operator","id":"operator"},"user_id":"01930000-0000-7000-8000-00000000000a"}`))
	err := store.Bookkeep(t.Context(), db, func(ctx context.Context, book *store.Book) error {
		_, err := book.Exec(ctx, `
			INSERT INTO outbox (project_id, id, channel, message, body, state, created_at)
			VALUES ('acme', $1, 'email', 'send-password-to-new-user', $2, 'queued', 1)`, id, sealed)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	content, err := message.Open(t.Context(), db, db, "acme", id)
	if err != nil || content.Recipient != "kim@shop.example" || content.By.Actor.Type != event.System || content.By.Actor.ID == "" {
		t.Errorf("%+v %v", content, err)
	}
}
