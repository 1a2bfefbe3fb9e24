package erasure_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/sealog/sealog/internal/erasure"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/storetest"
)

// many records n events about each user, several at once, of sizes that fill part of a page or
// several of them.
func (w *world) many(t *testing.T, n int) {
	t.Helper()
	var workers sync.WaitGroup
	for worker := range 16 {
		workers.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(worker)))
			for range n / 16 {
				for name, user := range map[string]event.ID{canary: w.kim, other: w.lee} {
					u := snapshot(user, name)
					more := strings.Repeat(name+" ", 1+random.IntN(40))
					if random.IntN(8) == 0 {
						more = strings.Repeat(name+" ", 1000)
					}
					u.CustomAttributes = fmt.Appendf(nil, `{"about":%q}`, more)
					record(t, w.db, storetest.Operator(), event.AboutUser("acme", user), event.UserProfileUpdated{User: u})
				}
			}
		})
	}
	workers.Wait()
}

// TestNothingOfItIsLeftInTheFiles: what was erased is not in the database's files either, and on
// PostgreSQL not in the table.
func TestNothingOfItIsLeftInTheFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.many(t, 1120)
	if err := w.sealing.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	if found := w.files(t); w.config.URL == "" && found["sealog.db"]+found["sealog.db-wal"] < 1120 {
		t.Fatalf("the canary is in the files before: %v", found)
	}
	result := w.erase(t, w.kim)
	if len(result.Events) != 1120 || len(result.Recorded) != 3 || result.Leftover != nil {
		t.Errorf("%d events in %d batches, leftover: %v", len(result.Events), len(result.Recorded), result.Leftover)
	}
	w.check(t)
	if found := w.files(t); len(found) > 0 {
		t.Errorf("the canary is left in %v", found)
	}
	if n := w.has(t, canary); n > 0 {
		t.Errorf("the canary is left in %d events", n)
	}
	if n := w.has(t, other); n != 1120 {
		t.Errorf("%d of lee's events are left", n)
	}
	w.certificate(t, result)
}

// files are the files of the database that have the canary, and how often; none on PostgreSQL.
func (w *world) files(t *testing.T) map[string]int {
	t.Helper()
	found := map[string]int{}
	err := filepath.WalkDir(w.config.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if n := bytes.Count(content, []byte(canary)); n > 0 {
			found[filepath.Base(path)] = n
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestErasingWhileOthersWrite: neither what is recorded meanwhile nor another process that
// derives, signs or erases gets in the way.
func TestErasingWhileOthersWrite(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.many(t, 160)
	ctx, cancel := context.WithCancel(t.Context())
	var others sync.WaitGroup
	others.Go(func() { w.sealing.Start(); <-ctx.Done() })
	others.Go(func() {
		for ctx.Err() == nil {
			w.live(t, w.lee, other)
		}
	})
	others.Go(func() {
		for range 5 {
			w.live(t, w.kim, canary)
		}
	})
	var erasers sync.WaitGroup
	var mu sync.Mutex
	erased := map[event.ID]int{}
	for range 2 {
		erasers.Go(func() {
			result, err := w.service.Erase(t.Context(), storetest.Operator(), "acme", w.kim.String(), "request 4711")
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			for _, e := range result.Events {
				erased[e.ID]++
			}
		})
	}
	erasers.Wait()
	cancel()
	others.Wait()
	if err := w.sealing.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	for id, n := range erased {
		if n != 1 {
			t.Errorf("event %s was erased %d times", id, n)
		}
	}
	w.check(t)
	last := w.erase(t, w.kim)
	if len(erased)+len(last.Events) != 160+5*5 || w.has(t, canary) != 0 {
		t.Errorf("%d and %d events erased, %d left", len(erased), len(last.Events), w.has(t, canary))
	}
	w.check(t)
}

// TestOnlyWhatIsDerivedIsErased: else references could be written to what is gone.
func TestOnlyWhatIsDerivedIsErased(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live(t, w.kim, canary)
	stuck := erasure.New(w.db, func(context.Context) error { return fmt.Errorf("no sequencer") }, slog.New(slog.DiscardHandler))
	if _, err := stuck.Erase(t.Context(), storetest.Operator(), "acme", w.kim.String(), "request"); !fault.Is(err, "LogBusy") {
		t.Errorf("got %v", err)
	}
	if n := w.has(t, canary); n != 5 {
		t.Errorf("%d events are left, want all 5", n)
	}
	if result := w.erase(t, w.kim); len(result.Events) != 5 {
		t.Errorf("%d events, want 5", len(result.Events))
	}
	w.check(t)
}

// TestAnEventThatWasTamperedWith is not touched; the others are erased.
func TestAnEventThatWasTamperedWith(t *testing.T) {
	t.Parallel()
	for _, instead := range []string{"no disclosure", "\x01\xff\xff", "\x02"} {
		w := newWorld(t)
		w.live(t, w.kim, canary)
		if err := w.sealing.Finish(t.Context()); err != nil {
			t.Fatal(err)
		}
		storetest.Tamper(t, w.config, func(db *sql.DB) error {
			_, err := db.ExecContext(t.Context(), `UPDATE events SET disclosures = $1 WHERE project_id = 'acme' AND type = '`+event.Type("user.disabled").Code()+`'`, []byte(instead))
			return err
		})
		_, err := w.service.Erase(t.Context(), storetest.Operator(), "acme", w.kim.String(), "request")
		if !fault.Is(err, "EventUnreadable") {
			t.Errorf("%q: got %v", instead, err)
		}
		storetest.Tamper(t, w.config, func(db *sql.DB) error {
			_, err := db.ExecContext(t.Context(), `UPDATE events SET disclosures = $1 WHERE project_id = 'acme' AND type = '`+event.Type("user.disabled").Code()+`'`, []byte{})
			return err
		})
		if n := w.has(t, canary); n != 0 {
			t.Errorf("%q: %d events are left", instead, n)
		}
	}
}
