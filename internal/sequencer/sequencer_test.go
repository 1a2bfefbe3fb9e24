package sequencer

import (
	"context"
	"database/sql"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/merkle"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
)

// world is a database with one project, and a sequencer that is called by hand.
type world struct {
	db     *store.DB
	config store.Config
	s      *Service
	dir    string // of the marks
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{dir: t.TempDir()}
	w.db, w.config = storetest.OpenWith(t, store.Config{})
	storetest.Project(t, w.db, "acme")
	w.s = w.another(t)
	return w
}

// another is a sequencer of another process on the same database and the same files.
func (w *world) another(t *testing.T) *Service {
	t.Helper()
	marks, err := NewMarks(w.dir)
	if err != nil {
		t.Fatal(err)
	}
	return New(w.db, marks, slog.New(slog.DiscardHandler))
}

func (w *world) record(t *testing.T, n int) {
	t.Helper()
	for range n {
		_, err := store.Record(t.Context(), w.db, storetest.Operator(), event.InProject("acme"),
			func(context.Context, *store.Tx) (event.ProjectAppRenamed, error) {
				return event.ProjectAppRenamed{Name: "acme"}, nil
			})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// turn lets the sequencer do all there is to do, and looks at the log.
func (w *world) turn(t *testing.T) {
	t.Helper()
	if err := w.s.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	storetest.CheckLog(t, w.db, "acme")
}

func (w *world) epoch(t *testing.T) auditlog.Epoch {
	t.Helper()
	e, ok, err := auditlog.OpenEpoch(t.Context(), w.db, "acme")
	if err != nil || !ok {
		t.Fatalf("no open epoch: %v", err)
	}
	return e
}

// tamper changes the database behind Sealog's back, its triggers taken away.
func (w *world) tamper(t *testing.T, query string, args ...any) {
	t.Helper()
	storetest.Tamper(t, w.config, func(db *sql.DB) error {
		_, err := db.ExecContext(t.Context(), query, args...)
		return err
	})
}

func TestEventsGetPositionsAndAreSigned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.turn(t)
	for _, n := range []int{1, 2, 253, 1, 300, 0, 700} {
		w.record(t, n)
		w.turn(t)
	}
	e := w.epoch(t)
	if e.Size != 1+1257 || e.SignedSize != e.Size || e.Projected != e.Size {
		t.Errorf("%+v", e)
	}
	reader := auditlog.New(w.db)
	c, _, err := reader.Checkpoint(t.Context(), "acme")
	if err != nil || c.Size != e.Size || time.Since(c.At).Abs() > time.Minute {
		t.Errorf("checkpoint %+v, %v", c.Signed, err)
	}
	for _, position := range []int64{0, 255, 256, 1000, 1257} {
		rows, _, err := reader.Follow(t.Context(), "acme", position-1, time.Time{}, 1)
		if err != nil || len(rows) != 1 || rows[0].Position != position {
			t.Fatalf("position %d: %v, %v", position, rows, err)
		}
		proof, err := reader.Proof(t.Context(), "acme", rows[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := proof.Verify(proof.LeafHash, w.db.Vault().LogKey(e.Origin()).Verifier()); err != nil || proof.LeafHash != rows[0].LeafHash() {
			t.Errorf("position %d: %v", position, err)
		}
	}
	files, err := filepath.Glob(filepath.Join(w.dir, "*"))
	if err != nil || len(files) != 2 {
		t.Errorf("files of checkpoints: %v, %v", files, err)
	}
}

// TestNothingToDoCostsOneLook: a log without news is neither read nor written.
func TestNothingToDoCostsOneLook(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.turn(t)
	w.s.thinned = w.db.Now()
	before := w.db.Reads()
	if err := w.s.runOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := w.db.Reads() - before; n != 3 {
		t.Errorf("%d statements, want one look for each step", n)
	}
}

// TestSeveralProcesses: they share the work and get in nobody's way.
func TestSeveralProcesses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 3)
	for range 3 {
		s := w.another(t)
		go func() {
			for ctx.Err() == nil {
				clear(s.signedAt)
				// Not under ctx: a statement that is broken off may hold its locks a little longer.
				if err := s.runOnce(t.Context()); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	w.record(t, 300)
	cancel()
	for range 3 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	w.turn(t)
	if e := w.epoch(t); e.Size != 301 || e.SignedSize != 301 || e.Projected != 301 {
		t.Errorf("%+v", e)
	}
}

// TestTheGuardHaltsTheLog: each way in which the database is not what was signed ends the
// signing, in the database, and on the record; the log goes on in a new epoch.
func TestTheGuardHaltsTheLog(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, cause string
		attack      func(t *testing.T, w *world)
	}{
		{"a mark of a larger tree", "behind", func(t *testing.T, w *world) {
			e := w.epoch(t)
			w.mark(t, e, merkle.Checkpoint{Origin: e.Origin(), Size: 1000})
		}},
		{"a mark of a later epoch", "behind", func(t *testing.T, w *world) {
			e := w.epoch(t)
			e.Number = 4
			w.mark(t, e, merkle.Checkpoint{Origin: e.Origin(), Size: 1})
		}},
		{"a mark with another root", "forked", func(t *testing.T, w *world) {
			e := w.epoch(t)
			w.mark(t, e, merkle.Checkpoint{Origin: e.Origin(), Size: 2})
		}},
		{"the frontier", "forked", func(t *testing.T, w *world) {
			e := w.epoch(t)
			var f merkle.Frontier
			for range e.TreeSize() {
				f.Append(merkle.LeafHash([]byte("another")))
			}
			w.tamper(t, `UPDATE logs SET frontier = $1 WHERE project_id = 'acme'`, f.Bytes())
		}},
		{"a leaf", "forked", func(t *testing.T, w *world) {
			w.tamper(t, `UPDATE leaves SET hash = $1 WHERE project_id = 'acme' AND position = 1`, make([]byte, 32))
		}},
		{"a checkpoint without signature", "signature", func(t *testing.T, w *world) {
			w.tamper(t, `UPDATE checkpoints SET note = $1 WHERE project_id = 'acme'`, []byte("nothing\n"))
		}},
		{"checkpoints removed", "signature", func(t *testing.T, w *world) {
			w.tamper(t, `DELETE FROM checkpoints WHERE project_id = 'acme'`)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.record(t, 4)
			w.turn(t)
			if _, err := w.s.NewEpoch(t.Context(), storetest.Operator(), "acme", "for no reason"); !fault.Is(err, "LogNotHalted") {
				t.Errorf("a new epoch of a sound log: %v", err)
			}
			if err := w.s.Finish(t.Context()); err != nil {
				t.Fatal(err)
			}
			c.attack(t, w)
			w.record(t, 1)
			err := w.s.Finish(t.Context())
			if err == nil || !strings.Contains(err.Error(), "halted") {
				t.Fatalf("not noticed: %v", err)
			}
			e := w.epoch(t)
			if e.Halted != c.cause {
				t.Errorf("halted because %q, want %q", e.Halted, c.cause)
			}
			signed := e.SignedSize
			w.record(t, 2) // the log goes on being written
			if err := w.another(t).Finish(t.Context()); err != nil {
				t.Errorf("another process: %v", err)
			}
			if e := w.epoch(t); e.SignedSize != signed {
				t.Errorf("another process has signed: %+v", e)
			}
			rows, err := auditlog.New(w.db).List(t.Context(), auditlog.Filter{Project: "acme", Types: []event.Type{"audit_log.halted"}}, auditlog.Paging{})
			if err != nil || len(rows.Rows) != 1 {
				t.Errorf("on the record: %v, %v", rows.Rows, err)
			}
			if _, err := w.s.NewEpoch(t.Context(), storetest.Operator(), "acme", " "); !fault.Is(err, "ReasonMissing") {
				t.Errorf("without a reason: %v", err)
			}
			origin, err := w.s.NewEpoch(t.Context(), storetest.Operator(), "acme", "restored the backup of Monday")
			if err != nil {
				t.Fatal(err)
			}
			w.record(t, 3)
			if err := w.s.Finish(t.Context()); err != nil {
				t.Fatal(err)
			}
			e = w.epoch(t)
			if e.Origin() != origin || e.Number < 2 || e.SignedSize != e.Size || e.Projected != e.Size || e.TreeSize() < 4 {
				t.Errorf("%+v, origin %s", e, origin)
			}
			first, _, err := auditlog.New(w.db).Follow(t.Context(), "acme", e.Start-1, time.Time{}, 1)
			if err != nil || len(first) != 1 || first[0].Type != "audit_log.epoch_opened" {
				t.Errorf("the epoch begins with %v, %v", first, err)
			}
		})
	}
}

// mark writes a mark that the log's own key has signed.
func (w *world) mark(t *testing.T, e auditlog.Epoch, c merkle.Checkpoint) {
	t.Helper()
	note, err := w.db.Vault().LogKey(e.Origin()).Sign(c, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.s.marks.set(e, note); err != nil {
		t.Fatal(err)
	}
}

// TestADamagedMark keeps the log from being signed until somebody has looked, and halts nothing.
func TestADamagedMark(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.turn(t)
	e := w.epoch(t)
	if err := os.WriteFile(w.s.marks.file(e.Log, ".mark"), []byte(e.Log+"\nnonsense\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.record(t, 1)
	if err := w.s.Finish(t.Context()); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("got %v", err)
	}
	if now := w.epoch(t); now.SignedSize != e.SignedSize || now.Halted != "" {
		t.Errorf("%+v", now)
	}
	if err := os.Remove(w.s.marks.file(e.Log, ".mark")); err != nil {
		t.Fatal(err)
	}
	w.turn(t)
	if now := w.epoch(t); now.SignedSize != now.Size {
		t.Errorf("%+v", now)
	}
}

// TestCheckpointsAreThinned keeps the last of each hour.
func TestCheckpointsAreThinned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 4 {
		w.record(t, 1)
		w.turn(t)
	}
	if err := w.s.thin(t.Context(), w.db.Now()); err != nil {
		t.Fatal(err)
	}
	sizes := func() []int64 {
		all, err := store.Column[int64](t.Context(), w.db, `SELECT size FROM checkpoints WHERE project_id = 'acme' ORDER BY size`)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	if n := len(sizes()); n != 4 {
		t.Errorf("%d checkpoints of today", n)
	}
	if err := w.s.thin(t.Context(), w.db.Now().Add(25*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if left := sizes(); len(left) < 1 || len(left) > 2 || left[len(left)-1] != 5 { // the four may straddle an hour
		t.Errorf("left: %v", left)
	}
	storetest.CheckLog(t, w.db, "acme")
}
