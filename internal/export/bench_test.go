package export

import (
	"context"
	"database/sql"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/ledger"
	"github.com/sealog/sealog/internal/store"
)

// usual is an event of the size that most have.
func usual(i int, id event.ID, log string) (event.Event, error) {
	return event.New(event.UserCreated{User: userObject(i % 200)}, id, log, ann(), event.AboutUser("acme", user(i%200)))
}

// plant seals n events at once, past Record, which takes its time.
func (w *world) plant(t testing.TB, n int) {
	t.Helper()
	logs, err := store.Column[string](t.Context(), w.db, `SELECT log_id FROM projects WHERE project_id = 'acme'`)
	if err != nil {
		t.Fatal(err)
	}
	db := w.raw(t)
	clock := event.Clock{Now: w.clock}
	for done := 0; done < n; {
		var events []event.Event
		for range min(n-done, 4096) {
			w.pass(time.Second)
			e, err := usual(done, clock.Next(), logs[0])
			if err != nil {
				t.Fatal(err)
			}
			events = append(events, e)
			done++
		}
		if err := seal(t.Context(), db, events); err != nil {
			t.Fatal(err)
		}
	}
	// PostgreSQL does this by itself, in its own time.
	if w.db.Engine() == store.PostgreSQL {
		if _, err := db.ExecContext(t.Context(), "ANALYZE"); err != nil {
			t.Fatal(err)
		}
	}
}

// seal writes events down and gives them positions, in one transaction.
func seal(ctx context.Context, db *sql.DB, events []event.Event) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // it has committed, or failed
	var rows []ledger.Row
	for _, e := range events {
		rows = append(rows, ledger.NewRow(e))
	}
	if err := ledger.Insert(ctx, tx, "acme", rows); err != nil {
		return err
	}
	if err := ledger.Append(ctx, tx, "acme", ledger.Leaves(rows)); err != nil {
		return err
	}
	return tx.Commit()
}

// benchWorld has as many events as SEALOG_BENCH_EVENTS says, 100,000 by default.
func benchWorld(b *testing.B) (*world, int) {
	b.Helper()
	n := 100_000
	if text := os.Getenv("SEALOG_BENCH_EVENTS"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	w := newWorld(b)
	w.turn(b)
	w.plant(b, n)
	w.turn(b)
	return w, n
}

func perSecond(b *testing.B, n int) {
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkExport writes a copy of a log: to a directory, and as an archive to nowhere.
func BenchmarkExport(b *testing.B) {
	w, n := benchWorld(b)
	for _, c := range []struct {
		name string
		sink func() (Sink, error)
	}{
		{"dir", func() (Sink, error) { return NewDir(filepath.Join(b.TempDir(), "copy")) }},
		{"targz", func() (Sink, error) { return NewTarGz(io.Discard), nil }},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				l, err := BeginLog(b.Context(), w.db, ann(), ViaCommand, "acme", Filter{})
				if err != nil {
					b.Fatal(err)
				}
				sink, err := c.sink()
				if err != nil {
					b.Fatal(err)
				}
				if _, err := l.Write(b.Context(), sink); err != nil {
					b.Fatal(err)
				}
			}
			perSecond(b, n)
		})
	}
}

// BenchmarkTable writes the whole log as a table.
func BenchmarkTable(b *testing.B) {
	w, n := benchWorld(b)
	for _, format := range []Format{CSV, NDJSON} {
		b.Run(string(format), func(b *testing.B) {
			for b.Loop() {
				table, err := BeginTable(b.Context(), w.db, auditlog.New(w.db), ann(), ViaPortal, format, auditlog.Filter{Project: "acme"})
				if err != nil {
					b.Fatal(err)
				}
				if _, err := table.Write(b.Context(), io.Discard); err != nil {
					b.Fatal(err)
				}
			}
			perSecond(b, n)
		})
	}
}

// BenchmarkCheck checks a log.
func BenchmarkCheck(b *testing.B) {
	w, n := benchWorld(b)
	for b.Loop() {
		if r, err := Check(b.Context(), w.db, "acme", nil); err != nil || !r.Sound {
			b.Fatal(err, r)
		}
	}
	perSecond(b, n)
}
