package auditlog_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/sequencer"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
)

// TestBrowsingWhileOthersWrite: who leafs through the log below a bound of time sees everything
// that stood there when they began, nothing twice, and all of it in order, however many write
// meanwhile, in whichever direction and with pages of whatever size; and some who write take
// their time between the event's id and the commit.
func TestBrowsingWhileOthersWrite(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	storetest.Project(t, db, "acme")
	marks, err := sequencer.NewMarks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	sealing := sequencer.New(db, marks, slog.New(slog.DiscardHandler))
	ctx, stop := context.WithCancel(t.Context())
	var writing sync.WaitGroup
	for i := range 4 {
		writing.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				if err := writeSlowly(ctx, db, fmt.Sprintf("key-%d", i), n); err != nil && ctx.Err() == nil {
					t.Error(err)
					return
				}
			}
		})
	}
	writing.Go(func() {
		for ctx.Err() == nil {
			if err := sealing.Finish(ctx); err != nil && ctx.Err() == nil {
				t.Error(err)
				return
			}
		}
	})
	defer writing.Wait()
	defer stop()
	log, chance := auditlog.New(db), rand.New(rand.NewPCG(1, 2))
	for round := range 12 {
		for n := int64(0); n < 30*int64(round+1); { // each finds more than the one before
			if n, err = log.Count(t.Context(), auditlog.Filter{Project: "acme"}); err != nil {
				t.Fatal(err)
			}
		}
		f := auditlog.Filter{Project: "acme", To: db.Now()}
		if round%3 == 1 {
			f.Actors = []string{"key-1"}
		} else if round%3 == 2 {
			f.Category, f.Outcomes = event.Admin, []event.Outcome{event.Failed}
		}
		stood := map[event.ID]bool{}
		for _, id := range browse(t, log, f, 100, false, false) {
			stood[id] = true
		}
		ascending, backwards := round%2 == 0, chance.IntN(2) == 0
		seen := browse(t, log, f, 1+chance.IntN(40), ascending, backwards)
		inOrder := slices.IsSortedFunc(seen, func(a, b event.ID) int {
			if c := slices.Compare(a[:], b[:]); ascending {
				return c
			} else {
				return -c
			}
		})
		distinct := map[event.ID]bool{}
		for _, id := range seen {
			distinct[id] = true
			delete(stood, id)
		}
		if !inOrder || len(distinct) != len(seen) || len(stood) > 0 {
			t.Errorf("round %d, ascending %v, backwards %v: %d events, in order: %v, %d of them distinct, %d vanished",
				round, ascending, backwards, len(seen), inOrder, len(distinct), len(stood))
		}
	}
}

// browse leafs from one end of a result to the other and returns the ids in the result's order.
func browse(t *testing.T, log *auditlog.Reader, f auditlog.Filter, size int, ascending, backwards bool) (seen []event.ID) {
	t.Helper()
	p := auditlog.Paging{First: &size, Ascending: ascending}
	if backwards {
		p.First, p.Last = nil, &size
	}
	for {
		page, err := log.List(t.Context(), f, p)
		if err != nil {
			t.Fatal(err)
		}
		if backwards {
			seen = append(ids(page.Rows), seen...)
		} else {
			seen = append(seen, ids(page.Rows)...)
		}
		if n := len(page.Rows); backwards && page.HasPrevious {
			p.Before = page.Rows[0].Cursor()
		} else if !backwards && page.HasNext {
			p.After = page.Rows[n-1].Cursor()
		} else {
			return seen
		}
	}
}

// writeSlowly records a change or an attempt. On PostgreSQL others get ids and commit between its
// id and its commit.
func writeSlowly(ctx context.Context, db *store.DB, actor string, n int) error {
	_, err := store.Record(ctx, db, by(actor), event.InProject("acme"), func(ctx context.Context, tx *store.Tx) (event.ProjectAppRenamed, error) {
		name := fmt.Sprintf("%s %d", actor, n)
		if n%4 == 3 {
			return event.ProjectAppRenamed{}, fault.New(fault.Invalid, "ProjectNameInvalid", "No.")
		}
		if n%5 == 0 && storetest.Engine() == store.PostgreSQL {
			if _, err := tx.Exec(ctx, `SELECT pg_sleep(0.01)`); err != nil {
				return event.ProjectAppRenamed{}, err
			}
		}
		return event.ProjectAppRenamed{Name: name}, nil
	})
	if fault.Is(err, "ProjectNameInvalid") {
		return nil
	}
	return err
}
