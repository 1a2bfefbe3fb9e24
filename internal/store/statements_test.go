package store

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"
)

// TestStatementsAreKept: texts that come again are prepared once, up to a bound, and answer the
// same in and outside of snapshots, while more callers ask than there are connections.
func TestStatementsAreKept(t *testing.T) {
	t.Parallel()
	db, _ := openWriter(t)
	ask := func(ctx context.Context, q Querier, text string, want int64) {
		got, err := Column[int64](ctx, q, text, want)
		if err != nil || len(got) != 1 || got[0] != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	const texts = maxKept + 50
	var all sync.WaitGroup
	for caller := range 20 {
		all.Go(func() {
			for i := range 5 * texts {
				text := fmt.Sprintf("SELECT CAST($1 AS INTEGER) /* %d */", i%texts)
				if caller%2 == 0 {
					ask(t.Context(), db, text, int64(i))
					continue
				}
				err := InSnapshot(t.Context(), db, func(ctx context.Context, q *Snapshot) error {
					ask(ctx, q, text, int64(i))
					ask(ctx, q, text, int64(caller))
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	deadline := time.Now().Add(prepareDeadline)
	for {
		db.kept.mu.Lock()
		prepared := 0
		for _, stmt := range db.kept.texts {
			if stmt != nil {
				prepared++
			}
		}
		kept := db.kept.kept
		db.kept.mu.Unlock()
		if prepared == maxKept && kept == maxKept {
			return
		}
		if kept > maxKept || time.Now().After(deadline) {
			t.Fatalf("%d texts are prepared, %d counted, of %d", prepared, kept, texts)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
