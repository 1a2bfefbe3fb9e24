package store_test

import (
	"bytes"
	"context"
	"database/sql"
	"io"
	"log/slog"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
)

// The tests of this file are about what only PostgreSQL does: locks between transactions,
// connections that are lost, partitions.

func onPostgreSQL(t *testing.T) bool {
	t.Helper()
	if storetest.Engine() != store.PostgreSQL {
		t.Log("nothing to see on this engine")
		return false
	}
	return true
}

// acmeOnPostgreSQL opens a database with a project, or returns nil on the other engine.
func acmeOnPostgreSQL(t *testing.T) *store.DB {
	t.Helper()
	if !onPostgreSQL(t) {
		return nil
	}
	db := storetest.Open(t)
	storetest.Project(t, db, "acme")
	return db
}

func TestADeadlockIsRunAgain(t *testing.T) {
	t.Parallel()
	db := acmeOnPostgreSQL(t)
	if db == nil {
		return
	}
	users := []event.ID{event.NewID(), event.NewID()}
	for _, id := range users {
		if _, err := store.Record(t.Context(), db, storetest.Operator(), event.InProject("acme"), createUser(id)); err != nil {
			t.Fatal(err)
		}
	}
	var (
		wg   sync.WaitGroup
		runs atomic.Int64
		held = [2]chan struct{}{make(chan struct{}), make(chan struct{})}
	)
	for i := range 2 {
		wg.Go(func() {
			first := true
			_, err := store.Record(t.Context(), db, storetest.Operator(), event.AboutUser("acme", users[i]),
				func(ctx context.Context, tx *store.Tx) (event.UserReenabled, error) {
					runs.Add(1)
					fact := event.UserReenabled{User: event.UserObject{ID: users[i]}}
					for n, id := range []event.ID{users[i], users[1-i]} {
						_, err := tx.Exec(ctx, `UPDATE users SET search = search || 'x' WHERE project_id = $1 AND id = $2`, "acme", id)
						if err != nil {
							return fact, err
						}
						if n == 0 && first {
							first = false
							close(held[i])
							<-held[1-i]
						}
					}
					return fact, nil
				})
			if err != nil {
				t.Errorf("transaction %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	if n := runs.Load(); n < 3 {
		t.Errorf("%d runs: there was no deadlock", n)
	}
	searches, err := store.Column[string](t.Context(), db, `SELECT search FROM users WHERE project_id = $1`, "acme")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"xx", "xx"}, searches); diff != "" {
		t.Errorf("each of two changes touched each of two users once (-want, +got):\n%s", diff)
	}
	if n := count(t, db, `SELECT count(*) FROM events WHERE type = '`+event.Type("user.reenabled").Code()+`' AND outcome = 1`); n != 2 {
		t.Errorf("%d events of two changes", n)
	}
	if n := count(t, db, `SELECT count(*) FROM events WHERE outcome <> 1`); n != 0 {
		t.Errorf("%d failed attempts of changes that succeeded", n)
	}
}

func TestASerializationFailureIsRunAgainAFewTimes(t *testing.T) {
	t.Parallel()
	db := acmeOnPostgreSQL(t)
	if db == nil {
		return
	}
	for _, c := range []struct {
		failures int64
		code     string
	}{{1, ""}, {1000, "DatabaseBusy"}} {
		var runs int64
		_, err := store.Record(t.Context(), db, storetest.Operator(), event.InProject("acme"),
			func(ctx context.Context, tx *store.Tx) (event.CreateUserExecuted, error) {
				if runs++; runs <= c.failures {
					_, err := tx.Exec(ctx, `DO $$ BEGIN RAISE EXCEPTION 'busy' USING ERRCODE = 'serialization_failure'; END $$`)
					if err == nil {
						t.Error("no failure")
					}
					return event.CreateUserExecuted{}, err
				}
				return createUser(event.NewID())(ctx, tx)
			})
		if c.code == "" && err != nil || c.code != "" && !fault.Is(err, c.code) {
			t.Errorf("after %d failures: %v", c.failures, err)
		}
		if runs > 10 || runs < 2 {
			t.Errorf("%d runs", runs)
		}
	}
}

func TestALostConnectionBeforeCommit(t *testing.T) {
	t.Parallel()
	if !onPostgreSQL(t) {
		return
	}
	config := store.Config{URL: storetest.URL(t)}
	db, err := store.Open(t.Context(), config, storetest.Vault(t))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	storetest.Project(t, db, "acme")
	other, err := sql.Open("pgx", config.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	_, err = store.Record(t.Context(), db, storetest.Operator(), event.InProject("acme"),
		func(ctx context.Context, tx *store.Tx) (event.CreateUserExecuted, error) {
			fact, err := createUser(event.NewID())(ctx, tx)
			if err != nil {
				t.Error(err)
			}
			pid, err := store.Column[int64](ctx, tx, `SELECT pg_backend_pid()`)
			if err != nil {
				t.Fatal(err)
			}
			var ended bool
			if err := other.QueryRowContext(ctx, `SELECT pg_terminate_backend($1, 10000)`, pid[0]).Scan(&ended); err != nil || !ended {
				t.Errorf("the backend did not end: %v", err)
			}
			return fact, nil
		})
	if !fault.Is(err, "DatabaseUnavailable") || fault.Of(err).Kind != fault.Unavailable {
		t.Errorf("got %v", err)
	}
	wantUsers(t, db, 0)
	if _, err := store.Record(t.Context(), db, storetest.Operator(), event.InProject("acme"), createUser(event.NewID())); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	wantUsers(t, db, 1)
}

// wantUsers looks whether so many users are there, each with its one event.
func wantUsers(t *testing.T, db *store.DB, want int64) {
	t.Helper()
	if n := count(t, db, `SELECT count(*) FROM users`); n != want {
		t.Errorf("%d users, want %d", n, want)
	}
	if n := count(t, db, `SELECT count(*) FROM events WHERE type = '`+event.Type("admin_api.mutation.create_user.executed").Code()+`'`); n != want {
		t.Errorf("%d events of %d changes", n, want)
	}
}

// TestACommitWithoutAnAnswer has a wire between Sealog and the server that breaks at COMMIT.
func TestACommitWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	if !onPostgreSQL(t) {
		return
	}
	for _, c := range []struct {
		name  string
		fault wireFault
		code  string
		users int64
	}{
		{"the request is lost", loseRequest, "CommitUnknown", 0},
		{"the answer is lost", loseAnswer, "", 1},
		{"the server says that it ends, after it has committed", endAfterCommit, "", 1},
		{"the answer is lost and nobody can be asked", loseEverything, "CommitUnknown", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			direct := storetest.URL(t)
			w := newWire(t, direct)
			db := w.open(t)
			w.fault.Store(int32(c.fault))
			runs := 0
			_, err := store.Record(t.Context(), db, storetest.Operator(), event.InProject("acme"),
				func(ctx context.Context, tx *store.Tx) (event.CreateUserExecuted, error) {
					runs++
					return createUser(event.NewID())(ctx, tx)
				})
			if c.code == "" && err != nil || c.code != "" && !fault.Is(err, c.code) {
				t.Errorf("got %v, want %q", err, c.code)
			}
			if w.fault.Load() == int32(c.fault) {
				t.Error("no COMMIT was seen")
			}
			if runs != 1 {
				t.Errorf("%d runs: nothing may be repeated of which nobody knows whether it took place", runs)
			}
			w.fault.Store(int32(sound))
			wantUsers(t, db, c.users)
			if n := count(t, db, `SELECT count(*) FROM events WHERE outcome <> 1`); n != 0 {
				t.Errorf("%d attempts are recorded as failed", n)
			}
		})
	}
}

type wireFault int32

const (
	sound          wireFault = iota
	loseRequest              // the next COMMIT does not arrive
	loseAnswer               // the answer to the next COMMIT does not arrive
	endAfterCommit           // … but FATAL in its place: "terminating connection"
	loseEverything           // … nor does anything else from then on
	down
)

// wire is a connection to a PostgreSQL server that can be broken.
type wire struct {
	url    string
	server string
	fault  atomic.Int32
}

func newWire(t *testing.T, database string) *wire {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{server: u.Host}
	u.Host = listener.Addr().String()
	w.url = u.String()
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { w.carry(client) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		wg.Wait()
	})
	return w
}

// open opens the database at the other end, with a project.
func (w *wire) open(t *testing.T) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), store.Config{URL: w.url}, storetest.Vault(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	storetest.Project(t, db, "acme")
	return db
}

// carry carries one connection. Requests and answers alternate, so that the first bytes
// after a COMMIT are its answer.
func (w *wire) carry(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", w.server)
	if err != nil || wireFault(w.fault.Load()) == down {
		return
	}
	defer server.Close()
	var answerOf atomic.Int32 // the fault that the next answer meets
	var wg sync.WaitGroup
	wg.Go(func() {
		defer client.Close()
		chunk(server, func(b []byte) error {
			switch wireFault(answerOf.Load()) {
			case loseAnswer, loseEverything:
				return io.EOF
			case endAfterCommit:
				client.Write(fatalMessage())
				return io.EOF
			}
			_, err := client.Write(b)
			return err
		})
	})
	chunk(client, func(b []byte) error {
		fault := wireFault(w.fault.Load())
		if fault == down {
			return io.EOF
		}
		if bytes.Contains(b, []byte("commit\x00")) && fault != sound {
			next := sound
			if fault == loseEverything {
				next = down
			}
			if w.fault.CompareAndSwap(int32(fault), int32(next)) {
				if fault == loseRequest {
					return io.EOF
				}
				answerOf.Store(int32(fault))
			}
		}
		_, err := server.Write(b)
		return err
	})
	if answerOf.Load() == 0 {
		server.Close()
	}
	wg.Wait()
}

func chunk(from net.Conn, carry func([]byte) error) {
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 && carry(buf[:n]) != nil || err != nil {
			return
		}
	}
}

// fatalMessage is an ErrorResponse of PostgreSQL's protocol 3 (its documentation, section
// "Message Formats").
func fatalMessage() []byte {
	body := []byte("SFATAL\x00VFATAL\x00C57P01\x00Mterminating connection due to administrator command\x00\x00")
	return append([]byte{'E', 0, 0, 0, byte(len(body) + 4)}, body...)
}

func TestPartitionsAcrossAYearsEnd(t *testing.T) {
	t.Parallel()
	now := time.Date(2030, time.November, 30, 23, 59, 59, 0, time.UTC)
	var clock atomic.Pointer[time.Time]
	clock.Store(&now)
	// A database of its own: one that is copied has the partitions of today.
	db, err := store.Open(t.Context(), store.Config{
		Dir: t.TempDir(), URL: storetest.URL(t), Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return *clock.Load() },
	}, storetest.Vault(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	// Made a second time, and from a place where it is another month already.
	east := time.FixedZone("east", 14*3600)
	for _, at := range []time.Time{now, now, now.In(east)} {
		if err := store.EnsurePartitions(t.Context(), db, at, 2); err != nil {
			t.Fatal(err)
		}
	}
	if !onPostgreSQL(t) {
		return
	}
	partitions, err := store.Column[string](t.Context(), db, `
		SELECT c.relname FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
		WHERE i.inhparent = 'events'::regclass ORDER BY c.relname`)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"events_2030_11", "events_2030_12", "events_2031_01"}, partitions); diff != "" {
		t.Errorf("(-want, +got):\n%s", diff)
	}
	storetest.Project(t, db, "acme")
	for _, c := range []struct {
		at   time.Time
		want string
	}{
		{time.Date(2030, 11, 30, 23, 59, 59, 999999000, time.UTC), "events_2030_11"},
		{time.Date(2030, 12, 1, 0, 0, 0, 0, time.UTC), "events_2030_12"},
		{time.Date(2030, 12, 31, 23, 59, 59, 999998000, time.UTC), "events_2030_12"},
		{time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC), "events_2031_01"},
		{time.Date(2031, 1, 31, 23, 59, 59, 0, time.UTC), "events_2031_01"},
	} {
		clock.Store(&c.at)
		_, err := store.Record(t.Context(), db, storetest.Operator(), event.InProject("acme"),
			func(context.Context, *store.Tx) (event.AccessDenied, error) { return event.AccessDenied{}, nil })
		if err != nil {
			t.Fatalf("%s: %v", c.at, err)
		}
		got, err := store.Column[string](t.Context(), db, `SELECT tableoid::regclass::text FROM events ORDER BY id DESC LIMIT 1`)
		if err != nil || got[0] != c.want {
			t.Errorf("%s is in %v, want %s (%v)", c.at, got, c.want, err)
		}
	}

	// Outside of all partitions there is no place for an event, and so none for a change.
	before := count(t, db, `SELECT count(*) FROM events`)
	late := time.Date(2031, 2, 1, 0, 0, 0, 0, time.UTC)
	clock.Store(&late)
	if _, err := store.Record(t.Context(), db, storetest.Operator(), event.InProject("acme"), createUser(event.NewID())); err == nil {
		t.Error("a change was made whose event had no place")
	}
	wantUsers(t, db, 0)
	if after := count(t, db, `SELECT count(*) FROM events`); after != before {
		t.Errorf("%d events became %d", before, after)
	}
	if err := store.EnsurePartitions(t.Context(), db, late, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Record(t.Context(), db, storetest.Operator(), event.InProject("acme"), createUser(event.NewID())); err != nil {
		t.Errorf("with its partition: %v", err)
	}
	wantUsers(t, db, 1)
}

// TestIndexesOfThePastAreRebuiltOnce a month has ended, and not before.
func TestIndexesOfThePastAreRebuiltOnce(t *testing.T) {
	t.Parallel()
	db, config := storetest.OpenWith(t, store.Config{})
	now := time.Date(2020, 1, 31, 12, 0, 0, 0, time.UTC)
	rebuild := func(now time.Time) {
		t.Helper()
		if err := store.RebuildPastIndexes(t.Context(), db, now); err != nil {
			t.Fatal(err)
		}
	}
	rebuild(now)
	if !onPostgreSQL(t) {
		return
	}
	if err := store.EnsurePartitions(t.Context(), db, now, 1); err != nil {
		t.Fatal(err)
	}
	raw, err := sql.Open("pgx", config.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	// Types come by turns, so that each page of their index is split where nothing more comes.
	if _, err := raw.ExecContext(t.Context(), `
		INSERT INTO events (project_id, id, category, type, outcome, actor_id, entry, disclosures)
		SELECT 'acme', ($1::text || lpad(to_hex(n), 12, '0'))::uuid, 2, (n % 7)::text, 1, 'ann', ''::bytea, ''::bytea
		FROM generate_series(1, 20000) n`, event.Floor(now).String()[:24]); err != nil {
		t.Fatal(err)
	}
	type index struct {
		file, size int64
	}
	state := func() index {
		t.Helper()
		rows, err := store.Collect(t.Context(), db, func(i *index) []any { return []any{&i.file, &i.size} }, `
			SELECT pg_relation_filenode(x.indexrelid)::bigint, pg_relation_size(x.indexrelid)
			FROM pg_index x
			WHERE x.indrelid = 'events_2020_01'::regclass AND pg_get_indexdef(x.indexrelid) LIKE '%(project_id, type, id)'`)
		if err != nil || len(rows) != 1 {
			t.Fatalf("%v, %v", rows, err)
		}
		return rows[0]
	}
	before := state()
	rebuild(now)
	rebuild(now.Add(24 * time.Hour)) // the month has ended half a day ago
	if state() != before {
		t.Error("the indexes of a month that has just ended were rebuilt")
	}
	// As one that was broken off leaves it.
	for _, statement := range []string{
		`CREATE INDEX events_2020_01_type_ccnew ON events_2020_01 (type)`,
		`UPDATE pg_index SET indisvalid = FALSE WHERE indexrelid = 'events_2020_01_type_ccnew'::regclass`,
	} {
		if _, err := raw.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	held, err := raw.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	for _, c := range []struct {
		another string
		rebuilt bool
	}{{`SELECT pg_advisory_lock(6201606)`, false}, {`SELECT pg_advisory_unlock(6201606)`, true}} {
		if _, err := held.ExecContext(t.Context(), c.another); err != nil {
			t.Fatal(err)
		}
		rebuild(now.Add(36 * time.Hour))
		if again := state(); c.rebuilt == (again == before) {
			t.Errorf("after %s: %+v became %+v", c.another, before, again)
		}
	}
	after := state()
	if after.size*3 > before.size*2 {
		t.Errorf("%d bytes became %d", before.size, after.size)
	}
	if n := count(t, db, `SELECT count(*) FROM pg_index WHERE indrelid = 'events_2020_01'::regclass AND NOT indisvalid`); n != 0 {
		t.Errorf("%d indexes are left that are not valid", n)
	}
	rebuild(now.Add(36 * time.Hour))
	if state() != after {
		t.Error("the indexes of a month were rebuilt twice")
	}
}
