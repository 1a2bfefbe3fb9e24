package sequencer

import (
	"context"
	"database/sql"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/ledger"
	"github.com/sealog/sealog/internal/merkle"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
)

// TestARestoredBackup walks the way that docs/operations.md describes: a backup is made, the log
// goes on and is signed, the backup is put back. The server records and does not sign; an
// operator opens a new epoch; the log is sound, and says what became of it.
func TestARestoredBackup(t *testing.T) {
	t.Parallel()
	for name, after := range map[string]int{"and nothing else happened": 0, "and fewer events than were lost": 2, "and more events than were lost": 9} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			storetest.Project(t, w.db, event.PortalProject)
			w.record(t, 3)
			w.turn(t)
			restore := w.backup(t)
			w.record(t, 5)
			w.turn(t)
			lost := w.epoch(t)

			restore()
			back := w.epoch(t)
			if back.Size >= lost.Size || back.SignedSize != back.Size {
				t.Fatalf("restored: %+v, before %+v", back, lost)
			}
			if got := w.states(t); got != "behind: 9 events are known" {
				t.Errorf("states: %s", got)
			}
			w.record(t, after)
			if after == 0 {
				// Nothing is signed, so nothing is noticed; the first event shows it.
				w.turn(t)
				w.record(t, 1)
			}
			err := w.s.Finish(t.Context())
			if err == nil || !strings.Contains(err.Error(), "halted") {
				t.Fatalf("not noticed: %v", err)
			}
			want := "behind"
			if back.Size+int64(after) >= lost.Size {
				want = "forked"
			}
			if e := w.epoch(t); e.Halted != want || e.SignedSize != back.SignedSize {
				t.Errorf("%+v, want halted because %s", e, want)
			}
			if got := w.states(t); got != "halted: "+want {
				t.Errorf("states: %s", got)
			}
			w.record(t, 1) // the server goes on recording
			w.turn(t)

			origin, err := w.s.NewEpoch(t.Context(), storetest.Operator(), "acme", "restored the backup of Monday")
			if err != nil {
				t.Fatal(err)
			}
			w.record(t, 2)
			w.turn(t)
			epochs, err := auditlog.Epochs(t.Context(), w.db, "acme")
			if err != nil || len(epochs) != 2 {
				t.Fatalf("%v, %v", epochs, err)
			}
			e := epochs[1]
			if e.Origin() != origin || e.Halted != "" || e.SignedSize != e.Size || e.Start != epochs[0].Size || e.TreeSize() < 3 {
				t.Errorf("%+v", e)
			}
			opened := w.opening(t, e)
			for _, text := range []string{
				`"payload.epoch",2]`, `"payload.reason","restored the backup of Monday"]`, `"payload.previous_origin","` + lost.Origin() + `"]`,
				`"payload.last_known",{"size":9,"root":"`, `"payload.closed",{"size":`,
			} {
				if !strings.Contains(opened, text) {
					t.Errorf("%s is not in what the epoch begins with:\n%s", text, opened)
				}
			}
			if got := w.states(t); got != "ended open" {
				t.Errorf("states: %s", got)
			}
			// The same once more: a backup of before the new epoch. Its number is known outside, and
			// one need not wait until there is something to sign.
			restore()
			w.turn(t)
			if got := w.states(t); got != "behind: epoch 2 is known" {
				t.Errorf("states: %s", got)
			}
			again, err := w.s.NewEpoch(t.Context(), storetest.Operator(), "acme", "and once more")
			if err != nil || !strings.HasSuffix(again, "/e3") {
				t.Fatalf("%s, %v", again, err)
			}
			w.turn(t)
			if opened := w.opening(t, w.epoch(t)); !strings.Contains(opened, `"payload.last_known",{"origin":"`+origin+`","size":`) {
				t.Errorf("it does not say which epoch was lost:\n%s", opened)
			}
		})
	}
}

// TestALostMark: the last checkpoint of a file that was copied elsewhere does as well.
func TestALostMark(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	storetest.Project(t, w.db, event.PortalProject)
	w.record(t, 3)
	w.turn(t)
	e := w.epoch(t)
	text, err := os.ReadFile(w.s.marks.file(e.Log, ".txt"))
	if err != nil {
		t.Fatal(err)
	}
	notes, err := merkle.SplitCheckpoints(text)
	if err != nil || len(notes) == 0 {
		t.Fatalf("%q, %v", notes, err)
	}
	if err := os.WriteFile(w.s.marks.file(e.Log, ".mark"), notes[len(notes)-1], 0o600); err != nil {
		t.Fatal(err)
	}
	if m, err := w.s.mark(e.Log); err != nil || m.Size != 4 || m.epoch != 1 {
		t.Errorf("%+v, %v", m, err)
	}
	w.record(t, 1)
	w.turn(t)
	if got := w.states(t); got != "open" {
		t.Errorf("states: %s", got)
	}
}

// states are those of the project's trees, which are among all projects' too.
func (w *world) states(t *testing.T) string {
	t.Helper()
	of, err := w.s.Status(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	var states []string
	for _, one := range of {
		states = append(states, one.State)
	}
	all, err := w.s.Status(t.Context(), "")
	if err != nil || !slices.Contains(all, of[len(of)-1]) || slices.IndexFunc(all, func(s Status) bool { return s.Project == event.PortalProject }) < 0 {
		t.Errorf("%v is not among %v, %v", of, all, err)
	}
	return strings.Join(states, " ")
}

// opening returns the disclosures of the first leaf of an epoch.
func (w *world) opening(t *testing.T, e auditlog.Epoch) string {
	t.Helper()
	text, err := store.Column[ledger.Packed](t.Context(), w.db, `
		SELECT e.disclosures
		FROM leaves l
		JOIN events e ON e.project_id = l.project_id AND e.id = l.id
		WHERE l.project_id = 'acme' AND l.position = $1 AND e.type = '`+event.Type("audit_log.epoch_opened").Code()+`'`, e.Start)
	if err != nil || len(text) != 1 {
		t.Fatalf("position %d: %v, %v", e.Start, text, err)
	}
	return string(text[0])
}

// backup copies the database with the engine's own tools and returns what puts it back in its
// place, in which it is opened again.
func (w *world) backup(t *testing.T) (restore func()) {
	t.Helper()
	if w.config.URL != "" {
		return w.backupPostgreSQL(t)
	}
	saved := filepath.Join(t.TempDir(), "backup.db")
	if _, err := store.Backup(t.Context(), w.db, storetest.Operator(), saved); err != nil {
		t.Fatal(err)
	}
	return func() {
		w.closed(t, func() {
			path := filepath.Join(w.config.Dir, "sealog.db")
			for _, suffix := range []string{"-wal", "-shm"} {
				if err := os.RemoveAll(path + suffix); err != nil {
					t.Fatal(err)
				}
			}
			from, err := os.Open(saved)
			if err != nil {
				t.Fatal(err)
			}
			defer from.Close()
			to, err := os.Create(path)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(to, from); err != nil {
				t.Fatal(err)
			}
			if err := to.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// backupPostgreSQL has the server copy the database, which nobody may be connected to.
func (w *world) backupPostgreSQL(t *testing.T) (restore func()) {
	t.Helper()
	u, err := url.Parse(w.config.URL)
	if err != nil {
		t.Fatal(err)
	}
	name := strings.TrimPrefix(u.Path, "/")
	server, err := sql.Open("pgx", os.Getenv("SEALOG_TEST_DATABASE"))
	if err != nil {
		t.Fatal(err)
	}
	run := func(ctx context.Context, statement string) {
		if _, err := server.ExecContext(ctx, statement); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(func() {
		run(context.Background(), "DROP DATABASE IF EXISTS "+name+"_saved")
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	w.closed(t, func() { run(t.Context(), "CREATE DATABASE "+name+"_saved TEMPLATE "+name) })
	return func() {
		w.closed(t, func() {
			run(t.Context(), "DROP DATABASE "+name+" WITH (FORCE)")
			run(t.Context(), "CREATE DATABASE "+name+" TEMPLATE "+name+"_saved")
		})
	}
}

// closed does something while the database is closed, and opens it again. The marks, which are
// files elsewhere, stay as they are.
func (w *world) closed(t *testing.T, do func()) {
	t.Helper()
	if err := w.db.Close(); err != nil {
		t.Fatal(err)
	}
	do()
	config := w.config
	config.Log = slog.New(slog.DiscardHandler)
	db, err := store.Open(t.Context(), config, storetest.Vault(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	w.db = db
	w.s = w.another(t)
}
