package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/ledger"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
)

// row is what the tests look at of an event.
type row struct {
	ID          event.ID
	Type        event.Type
	Outcome     int64
	Actor       string
	User        event.ID
	Disclosures ledger.Packed
	Entry       ledger.Packed
}

func events(t testing.TB, db *store.DB, project string) []row {
	t.Helper()
	rows, err := store.Collect(t.Context(), db, func(r *row) []any {
		return []any{&r.ID, &r.Type, &r.Outcome, &r.User, ledger.ScanActor(&r.Actor, &r.User), &r.Disclosures, &r.Entry}
	}, `SELECT id, type, outcome, user_id, actor_id, disclosures, entry FROM events WHERE project_id = $1 ORDER BY id`, project)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func count(t testing.TB, db *store.DB, query string, args ...any) int64 {
	t.Helper()
	n, err := store.Column[int64](t.Context(), db, query, args...)
	if err != nil {
		t.Fatal(err)
	}
	return n[0]
}

func createUser(id event.ID) func(context.Context, *store.Tx) (event.CreateUserExecuted, error) {
	return func(ctx context.Context, tx *store.Tx) (event.CreateUserExecuted, error) {
		user := event.UserObject{ID: id, CreatedAt: tx.Now(), UpdatedAt: tx.Now()}
		_, err := tx.Exec(ctx, insertUser, "acme", id, store.Micros(tx.Now()))
		if err != nil {
			return event.CreateUserExecuted{}, err
		}
		err = store.Also(ctx, tx, event.AboutUser("acme", id), event.UserCreated{User: user, Identities: []event.IdentityObject{}})
		return event.CreateUserExecuted{User: user}, err
	}
}

const insertUser = `
	INSERT INTO users (project_id, id, created_at, updated_at, is_disabled, is_deactivated, is_anonymized,
		standard_attributes, custom_attributes, search)
	VALUES ($1, $2, $3, $3, FALSE, FALSE, FALSE, '{}', '{}', '')`

func TestRecordCommitsChangeAndEventsTogether(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	storetest.Project(t, db, "acme")
	id := event.NewID()
	before := time.Now().Add(-time.Millisecond)
	_, err := store.Record(t.Context(), db, storetest.Operator(), event.InProject("acme"), createUser(id))
	if err != nil {
		t.Fatal(err)
	}
	got := events(t, db, "acme")
	if len(got) != 3 {
		t.Fatalf("%d events, want project.app.created and two more", len(got))
	}
	if got[1].Type != "user.created" || got[2].Type != "admin_api.mutation.create_user.executed" {
		t.Errorf("types are %q, %q; the user's event must come first", got[1].Type, got[2].Type)
	}
	for _, e := range got[1:] {
		if e.User != id || e.Actor != "operator" || e.Outcome != int64(event.Succeeded) {
			t.Errorf("%s: user %s, actor %s, outcome %d", e.Type, e.User, e.Actor, e.Outcome)
		}
		entry, err := event.ParseEntry(e.Entry)
		if err != nil {
			t.Fatal(err)
		}
		if entry.ID != e.ID || !entry.Time.Equal(e.ID.Time()) || entry.Time.Before(before) {
			t.Errorf("%s: entry says %s at %s, the row %s at %s", e.Type, entry.ID, entry.Time, e.ID, e.ID.Time())
		}
	}
	if n := count(t, db, `SELECT count(*) FROM users WHERE project_id = $1`, "acme"); n != 1 {
		t.Errorf("%d users", n)
	}
	if n := count(t, db, `SELECT (SELECT count(*) FROM events_pending WHERE project_id = $1) + (SELECT count(*) FROM leaves WHERE project_id = $1)`, "acme"); n != 3 {
		t.Errorf("%d events in the queue or with a position, want 3", n)
	}
}

func TestRecordOfAFailedChangeLeavesOnlyTheAttempt(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	storetest.Project(t, db, "acme")
	cases := []struct {
		name    string
		err     error
		outcome event.Outcome
		code    string
	}{
		{"denied", fault.New(fault.Denied, "RoleTooLow", "No."), event.Denied, "RoleTooLow"},
		{"failed", fault.New(fault.Conflict, "DuplicatedIdentity", "Taken."), event.Failed, "DuplicatedIdentity"},
		{"unexpected", errors.New("surprise"), event.Failed, "Unexpected"},
	}
	for i, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := store.Record(t.Context(), db, storetest.Operator(), event.InProject("acme"),
				func(ctx context.Context, tx *store.Tx) (event.CreateUserExecuted, error) {
					fact, err := createUser(event.NewID())(ctx, tx)
					if err != nil {
						t.Error(err)
					}
					return fact, c.err
				})
			if !errors.Is(err, c.err) {
				t.Errorf("got %v, want the change's own error", err)
			}
			again := store.Refuse[event.CreateUserExecuted](t.Context(), db, storetest.Operator(), event.InProject("acme"), err)
			if !errors.Is(again, c.err) {
				t.Errorf("Refuse changed the error to %v", again)
			}
			got := events(t, db, "acme")
			if len(got) != i+2 {
				t.Fatalf("%d events, want one attempt a case, recorded once", len(got))
			}
			last := got[len(got)-1]
			if last.Type != "admin_api.mutation.create_user.executed" || last.Outcome != int64(c.outcome) {
				t.Errorf("type %s, outcome %d", last.Type, last.Outcome)
			}
			data, err := event.Data(last.ID, -1, last.Type, last.Disclosures)
			if err != nil {
				t.Fatal(err)
			}
			if want := fmt.Sprintf(`"code":%q`, c.code); !bytes.Contains(data, []byte(want)) {
				t.Errorf("%s does not say %s", data, want)
			}
		})
	}
	if n := count(t, db, `SELECT count(*) FROM users`); n != 0 {
		t.Errorf("%d users are left of changes that failed", n)
	}
}

func TestAttemptOnAProjectThatIsNotThere(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	storetest.Project(t, db, event.PortalProject)
	_, err := store.Record(t.Context(), db, storetest.Operator(), event.InProject("nowhere"), createUser(event.NewID()))
	if err == nil {
		t.Fatal("a change in a project that is not there succeeded")
	}
	got := events(t, db, event.PortalProject)
	if len(got) != 2 || got[1].Outcome != int64(event.Failed) {
		t.Fatalf("the attempt is not in the log of the portal: %v", got)
	}
}

func TestPanicIsTheCallersError(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	storetest.Project(t, db, "acme")
	_, err := store.Record(t.Context(), db, storetest.Operator(), event.InProject("acme"),
		func(context.Context, *store.Tx) (event.CreateUserExecuted, error) { panic("boom") })
	if !fault.Is(err, "Unexpected") {
		t.Fatalf("got %v", err)
	}
	if _, err := store.Record(t.Context(), db, storetest.Operator(), event.InProject("acme"), createUser(event.NewID())); err != nil {
		t.Fatalf("after a panic: %v", err)
	}
}

func TestNoChangeLeavesNothing(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	storetest.Project(t, db, "acme")
	_, err := store.Record(t.Context(), db, storetest.Operator(), event.InProject("acme"),
		func(context.Context, *store.Tx) (event.AuditLogRead, error) {
			return event.AuditLogRead{}, store.ErrNoChange
		})
	if !errors.Is(err, store.ErrNoChange) {
		t.Fatal(err)
	}
	if got := events(t, db, "acme"); len(got) != 1 {
		t.Fatalf("%d events", len(got))
	}
}

// TestConcurrentCallers has many callers, some of whom fail, panic or are gone, and looks
// whether exactly the acknowledged changes and their events are there.
func TestConcurrentCallers(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	storetest.Project(t, db, "acme")
	const callers, each = 16, 12
	var (
		wg sync.WaitGroup
		mu sync.Mutex
		ok = map[event.ID]bool{}
	)
	for c := range callers {
		wg.Go(func() {
			for i := range each {
				id := event.NewID()
				ctx, cancel := context.WithCancel(t.Context())
				if (c+i)%5 == 1 {
					cancel()
				}
				_, err := store.Record(ctx, db, storetest.Operator(), event.InProject("acme"),
					func(ctx context.Context, tx *store.Tx) (event.CreateUserExecuted, error) {
						fact, err := createUser(id)(ctx, tx)
						switch (c + i) % 5 {
						case 2:
							return fact, fault.New(fault.Invalid, "No", "No.")
						case 3:
							if i%2 == 0 {
								panic("boom")
							}
						}
						return fact, err
					})
				cancel()
				if err == nil {
					mu.Lock()
					ok[id] = true
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	ids, err := store.Column[event.ID](t.Context(), db, `SELECT id FROM users WHERE project_id = $1`, "acme")
	if err != nil {
		t.Fatal(err)
	}
	if len(ids) != len(ok) || len(ok) == 0 {
		t.Errorf("%d users, %d acknowledged", len(ids), len(ok))
	}
	for _, id := range ids {
		if !ok[id] {
			t.Errorf("user %s is there though the caller heard an error", id)
		}
	}
	succeeded := count(t, db, `SELECT count(*) FROM events WHERE project_id = $1 AND type = $2 AND outcome = 1`,
		"acme", event.Type("admin_api.mutation.create_user.executed").Code())
	if succeeded != int64(len(ok)) {
		t.Errorf("%d events for %d changes", succeeded, len(ok))
	}
}

func TestTheDatabaseRefusesAWriteWithoutAnEvent(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	storetest.Project(t, db, "acme")
	storetest.Project(t, db, "other")
	if _, err := store.Record(t.Context(), db, storetest.Operator(), event.InProject("acme"), createUser(event.NewID())); err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		`UPDATE users SET is_disabled = TRUE`,
		`DELETE FROM users`,
		`UPDATE projects SET name = 'x'`,
		`INSERT INTO setup_links (token_hash, created_at, expires_at) VALUES ('x', 1, 2)`,
		`UPDATE events SET type = 'x'`,
		`UPDATE events SET disclosures = ''`,
		`DELETE FROM events`,
	} {
		err := store.Bookkeep(t.Context(), db, func(ctx context.Context, b *store.Book) error {
			_, err := b.Exec(ctx, statement)
			return err
		})
		if err == nil {
			t.Errorf("%s: went through", statement)
		}
	}
	// An event of one project is no licence to write in another.
	_, err := store.Record(t.Context(), db, storetest.Operator(), event.InProject("other"),
		func(ctx context.Context, tx *store.Tx) (event.CreateUserExecuted, error) {
			_, err := tx.Exec(ctx, `UPDATE users SET is_disabled = TRUE WHERE project_id = $1`, "acme")
			return event.CreateUserExecuted{}, err
		})
	if err == nil {
		t.Error("an event of one project covered a write in another")
	}
	// What is nobody's action may be written.
	err = store.Bookkeep(t.Context(), db, func(ctx context.Context, b *store.Book) error {
		_, err := b.Exec(ctx, `UPDATE users SET last_login_at = 5 WHERE project_id = $1`, "acme")
		return err
	})
	if err != nil {
		t.Errorf("bookkeeping: %v", err)
	}
	if n := count(t, db, `SELECT count(*) FROM users WHERE is_disabled`); n != 0 {
		t.Errorf("%d users were changed", n)
	}
}

func TestTheReadPoolIsReadOnly(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	_, err := store.Column[string](t.Context(), db, `INSERT INTO instance (key, value) VALUES ('a', 'b') RETURNING key`)
	if !fault.Is(err, "DatabaseReadOnly") {
		t.Fatalf("the read pool wrote, or said %v", err)
	}
}

func TestAttemptsAreLimitedAndCounted(t *testing.T) {
	t.Parallel()
	at := time.Now()
	db, _ := storetest.OpenWith(t, store.Config{Now: func() time.Time { return at }})
	storetest.Project(t, db, "acme")
	const tries = 100
	for range tries {
		err := store.Refuse[event.DeleteUserExecuted](t.Context(), db, storetest.Operator(), event.InProject("acme"),
			fault.New(fault.NotFound, "UserNotFound", "No such user."))
		if !fault.Is(err, "UserNotFound") {
			t.Fatal(err)
		}
	}
	if err := store.RecordSuppressed(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	got := events(t, db, "acme")[1:]
	last := got[len(got)-1]
	if last.Type != "audit_log.attempts_suppressed" {
		t.Fatalf("last event is %s", last.Type)
	}
	total, err := event.PayloadKey(last.Disclosures, "total")
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprint(tries - (len(got) - 1)); string(total) != want {
		t.Errorf("%d attempts recorded and %s counted, of %d", len(got)-1, total, tries)
	}
	if len(got) > 70 {
		t.Errorf("%d events for one caller's failures", len(got))
	}
}

// TestUnknownProjectsShareOneLimit has one caller fail in very many projects that are not
// there: that is one caller's failures in the Portal's log, not many.
func TestUnknownProjectsShareOneLimit(t *testing.T) {
	t.Parallel()
	at := time.Now()
	db, _ := storetest.OpenWith(t, store.Config{Now: func() time.Time { return at }})
	storetest.Project(t, db, event.PortalProject)
	const tries = 200
	for i := range tries {
		err := store.Refuse[event.DeleteUserExecuted](t.Context(), db, storetest.Operator(), event.InProject(fmt.Sprintf("nowhere-%d", i)),
			fault.New(fault.NotFound, "ProjectNotFound", "No such project."))
		if !fault.Is(err, "ProjectNotFound") {
			t.Fatal(err)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := store.RecordSuppressed(gone, db); err == nil {
		t.Fatal("recorded although the context has ended")
	}
	if err := store.RecordSuppressed(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	got := events(t, db, event.PortalProject)[1:]
	last := got[len(got)-1]
	total, err := event.PayloadKey(last.Disclosures, "total")
	if err != nil || last.Type != "audit_log.attempts_suppressed" || len(got) > 90 || string(total) != fmt.Sprint(tries-(len(got)-1)) {
		t.Errorf("%d events, the last %s says %s, %v", len(got), last.Type, total, err)
	}
}
