package export

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/ledger"
	"github.com/sealog/sealog/internal/sequencer"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
)

// world is a database with one project, whose clock a test turns.
type world struct {
	db     *store.DB
	config store.Config
	seal   *sequencer.Service

	mu  sync.Mutex
	now time.Time // guarded by mu
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{now: time.Date(2026, time.November, 28, 9, 0, 0, 0, time.UTC)}
	w.db, w.config = storetest.OpenWith(t, store.Config{Now: w.clock})
	marks, err := sequencer.NewMarks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w.seal = sequencer.New(w.db, marks, slog.New(slog.DiscardHandler))
	storetest.Project(t, w.db, "acme")
	return w
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// turn seals, signs and derives.
func (w *world) turn(t testing.TB) {
	t.Helper()
	w.pass(time.Second)
	if err := w.seal.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func ann() event.By {
	by := storetest.Operator()
	by.Actor = event.Actor{Type: event.Account, ID: "01930000-0000-7000-8000-00000000000a", Name: "ann@acme.example", SessionID: "s1"}
	by.Request = event.Request{ID: "req-1", IP: "192.0.2.7", UserAgent: "Mozilla/5.0", ClientID: "portal"}
	return by
}

func record[P event.Payload[P]](t testing.TB, w *world, by event.By, about event.Target, fact P) {
	t.Helper()
	_, err := store.Record(t.Context(), w.db, by, about, func(context.Context, *store.Tx) (P, error) { return fact, nil })
	if err != nil {
		t.Fatal(err)
	}
}

func user(n int) event.ID {
	id := event.Floor(time.Date(2026, time.January, 1, 0, 0, n, 0, time.UTC))
	id[15] = byte(n)
	return id
}

func email(n int) string { return fmt.Sprintf("kim%d@shop.example", n) }

func userObject(n int) event.UserObject {
	return event.UserObject{
		ID: user(n), StandardAttributes: json.RawMessage(`{"email":"` + email(n) + `","name":"Kim"}`),
		CustomAttributes: json.RawMessage(`{}`), Web3: json.RawMessage(`{}`), Roles: []string{}, Groups: []string{},
	}
}

// record makes n events of several kinds, by two actors, over some time: up to twenty commit
// together, of which the last is an attempt that came to nothing.
func (w *world) record(t testing.TB, n int) {
	t.Helper()
	for done := 0; done < n; {
		w.pass(2 * time.Hour)
		some, by := min(n-done, 20), ann()
		if done/20%2 == 1 {
			by = storetest.Operator()
		}
		_, err := store.Record(t.Context(), w.db, by, event.AboutUser("acme", user(done%5)),
			func(ctx context.Context, tx *store.Tx) (event.UserCreated, error) {
				for i := range some - 2 {
					about := event.AboutUser("acme", user(i%5))
					var err error
					switch i % 3 {
					case 0:
						err = store.Also(ctx, tx, about, event.UserCreated{User: userObject(i % 5)})
					case 1:
						err = store.Also(ctx, tx, about, event.UserDisabled{User: userObject(i % 5)})
					case 2:
						err = store.Also(ctx, tx, event.InProject("acme"), event.ProjectDomainCreated{Domain: "acme.example", DomainID: "1"})
					}
					if err != nil {
						return event.UserCreated{}, err
					}
				}
				return event.UserCreated{User: userObject(done % 5)}, nil
			})
		if err != nil {
			t.Fatal(err)
		}
		if some > 1 {
			err := store.Refuse[event.DeleteUserExecuted](t.Context(), w.db, by, event.AboutUser("acme", user(0)), fault.New(fault.NotFound, "UserNotFound", "No."))
			if !fault.Is(err, "UserNotFound") {
				t.Fatal(err)
			}
		}
		done += some
	}
}

// erase takes the personal values out of a user's events, on the record, as an erasure does.
func (w *world) erase(t testing.TB, n int) {
	t.Helper()
	type row struct {
		id                 event.ID
		entry, disclosures ledger.Packed
	}
	_, err := store.Record(t.Context(), w.db, ann(), event.AboutUser("acme", user(n)),
		func(ctx context.Context, tx *store.Tx) (event.AuditRedacted, error) {
			fact := event.AuditRedacted{UserID: user(n), Reason: "asked for", Events: []event.RedactedEvent{}}
			rows, err := store.Collect(ctx, tx, func(r *row) []any { return []any{&r.id, &r.entry, &r.disclosures} },
				`SELECT id, entry, disclosures FROM events WHERE project_id = 'acme' AND user_id = $1`, user(n))
			if err != nil {
				return fact, err
			}
			for _, r := range rows {
				kept, removed, err := event.Redact(r.disclosures, event.Parts{Context: true, Payload: true})
				if err != nil {
					return fact, err
				}
				before, err := event.Derive(r.entry, r.disclosures)
				if err != nil {
					return fact, err
				}
				after, err := event.Derive(r.entry, kept)
				if err != nil {
					return fact, err
				}
				for _, ref := range before.Refs {
					if slices.Contains(after.Refs, ref) {
						continue
					}
					_, err := tx.Exec(ctx, `DELETE FROM event_refs WHERE ref = $1 AND id = $2`,
						w.db.Vault().Reference("acme", ref), r.id)
					if err != nil {
						return fact, err
					}
				}
				if _, err := tx.Exec(ctx, `UPDATE events SET disclosures = $1 WHERE project_id = 'acme' AND id = $2`, ledger.Packed(kept), r.id); err != nil {
					return fact, err
				}
				fact.Events = append(fact.Events, event.RedactedEvent{ID: r.id, Fields: removed})
			}
			return fact, nil
		})
	if err != nil {
		t.Fatal(err)
	}
}

// raw is a connection of its own, as somebody has who owns the server. Tables that have triggers
// refuse it some things, which storetest.Tamper gets past, in its time.
func (w *world) raw(t testing.TB) *sql.DB {
	t.Helper()
	driver, address := "pgx", w.config.URL
	if address == "" {
		driver, address = "sqlite", "file:"+filepath.Join(w.config.Dir, "sealog.db")+"?_pragma=busy_timeout(10000)"
	}
	db, err := sql.Open(driver, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// change changes the database behind Sealog's back.
func change(t testing.TB, db *sql.DB, query string, args ...any) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatal(err)
	}
}

// queue makes an event that waits for its position, on an engine that has no queue too: there
// it is as an older version left it.
func (w *world) queue(t *testing.T) {
	t.Helper()
	if w.db.Engine().Queues() {
		record(t, w, ann(), event.InProject("acme"), event.ProjectAppRenamed{Name: "queued"})
		return
	}
	logs, err := store.Column[string](t.Context(), w.db, `SELECT log_id FROM projects WHERE project_id = 'acme'`)
	if err != nil {
		t.Fatal(err)
	}
	clock := event.Clock{Now: w.clock}
	e, err := event.New(event.ProjectAppRenamed{Name: "queued"}, clock.Next(), logs[0], ann(), event.InProject("acme"))
	if err != nil {
		t.Fatal(err)
	}
	raw := w.raw(t)
	row := []ledger.Row{ledger.NewRow(e)}
	err = ledger.Insert(t.Context(), raw, "acme", row)
	if err == nil {
		// On SQLite too, where what came before positions were given stands in the queue.
		_, err = raw.ExecContext(t.Context(), `INSERT INTO events_pending (project_id, id, hash) VALUES ($1, $2, $3)`, e.Project, e.ID, ledger.Leaves(row)[0].Hash[:])
	}
	if err != nil {
		t.Fatal(err)
	}
}

// newEpoch halts the log and lets it go on.
func (w *world) newEpoch(t *testing.T) {
	t.Helper()
	change(t, w.raw(t), `UPDATE logs SET halted = 'behind' WHERE project_id = 'acme' AND NOT closed`)
	if _, err := w.seal.NewEpoch(t.Context(), ann(), "acme", "restored the backup of Monday"); err != nil {
		t.Fatal(err)
	}
}

// full is a log with two epochs, erased values, many checkpoints, a tail and a queue.
func full(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	for range 3 {
		w.record(t, 130)
		w.turn(t)
	}
	w.erase(t, 1)
	w.turn(t)
	w.newEpoch(t)
	w.record(t, 300)
	w.turn(t)
	w.erase(t, 2)
	w.turn(t)
	w.record(t, 5) // a tail without a signature
	w.queue(t)
	return w
}

// keys are the log's verifier keys, as flags of the verifier.
func (w *world) keys(t *testing.T) (flags []string) {
	t.Helper()
	epochs, err := auditlog.Epochs(t.Context(), w.db, "acme")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range epochs {
		flags = append(flags, "--key", w.db.Vault().LogKey(e.Origin()).Verifier())
	}
	return flags
}

// begin begins a copy and has its event sealed and signed.
func (w *world) begin(t *testing.T, f Filter) *Log {
	t.Helper()
	l, err := BeginLog(t.Context(), w.db, ann(), ViaCommand, "acme", f)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// toDir writes a copy to a new directory.
func (w *world) toDir(t *testing.T, l *Log) (string, Summary) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "copy")
	sink, err := NewDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	s, err := l.Write(t.Context(), sink)
	if err != nil {
		t.Fatal(err)
	}
	return dir, s
}

// files reads a directory.
func files(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		all[filepath.ToSlash(name)], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// verifier builds sealog-verify, once.
var verifier = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "sealog-verify-*")
	if err != nil {
		return "", err
	}
	program := filepath.Join(dir, "sealog-verify")
	out, err := exec.Command("go", "build", "-o", program, "github.com/sealog/sealog/cmd/sealog-verify").CombinedOutput()
	if err != nil {
		return dir, fmt.Errorf("%w: %s", err, out)
	}
	return program, nil
})

func TestMain(m *testing.M) {
	status := m.Run()
	if program, err := verifier(); program != "" {
		if err != nil {
			os.RemoveAll(program)
		} else {
			os.RemoveAll(filepath.Dir(program))
		}
	}
	os.Exit(status)
}

// verified is what the verifier's report says that tests ask for.
type verified struct {
	Verdict string
	Epochs  []struct {
		Size   int64
		Events map[string]int64
	}
	Pending       map[string]int64
	CouldNotCheck []string `json:"could_not_check"`
}

// verify runs the verifier and wants one of some exit statuses.
func verify(t *testing.T, export string, flags []string, want ...int) verified {
	t.Helper()
	program, err := verifier()
	if err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	c := exec.CommandContext(t.Context(), program, append([]string{export, "--json"}, flags...)...)
	c.Stdout, c.Stderr = &stdout, &stderr
	err = c.Run()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited || !slices.Contains(want, c.ProcessState.ExitCode()) {
		t.Fatalf("sealog-verify: %v, want %v\n%s%s", err, want, stdout.String(), stderr.String())
	}
	var v verified
	if err := json.Unmarshal(stdout.Bytes(), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// wrap is a report as a text, for messages.
func wrap(r *Report) string {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(text))
}
