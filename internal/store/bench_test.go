package store_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
)

// BenchmarkRecord measures one small change, broken down by what recording adds to it, at 1
// and at 64 callers:
//
//	change   the change alone, in a transaction of its own
//	event    with its event and the queue row, but none of the indexes that readers use
//	indexed  with the indexes: what users get
//
// ns/op is the time between two commits' answers; rec/s is its inverse.
func BenchmarkRecord(b *testing.B) {
	for _, callers := range []int{1, 64} {
		b.Run(fmt.Sprintf("callers=%d/change", callers), func(b *testing.B) {
			db, ids := benchUsers(b)
			run(b, callers, func(ctx context.Context, n int64) error {
				return store.Bookkeep(ctx, db, func(ctx context.Context, book *store.Book) error {
					_, err := book.Exec(ctx, touch, n, "acme", ids[n%int64(len(ids))])
					return err
				})
			})
		})
		for _, indexed := range []bool{false, true} {
			name := "event"
			if indexed {
				name = "indexed"
			}
			b.Run(fmt.Sprintf("callers=%d/%s", callers, name), func(b *testing.B) {
				db, ids := benchUsers(b)
				if !indexed {
					dropIndexes(b, db)
				}
				run(b, callers, func(ctx context.Context, n int64) error {
					id := ids[n%int64(len(ids))]
					_, err := store.Record(ctx, db, storetest.Operator(), event.AboutUser("acme", id),
						func(ctx context.Context, tx *store.Tx) (event.UserReenabled, error) {
							_, err := tx.Exec(ctx, touch, n, "acme", id)
							return event.UserReenabled{User: benchUser(id)}, err
						})
					return err
				})
			})
		}
	}
}

// BenchmarkPositions measures what positions cost a call on SQLite, where they are given in the
// transaction of the change: the same calls with and without, by turns, so that whatever else
// the machine does falls on both. On PostgreSQL nothing of it is in the call.
//
// price-% is how much longer the calls took; the target is at most 15 with 1 and with 64 callers.
func BenchmarkPositions(b *testing.B) {
	if storetest.Engine() != store.SQLite {
		b.Skip("positions are given after the call")
	}
	for _, callers := range []int{1, 64} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			var took [2]time.Duration
			var calls [2]func(context.Context, int64) error
			for i := range calls {
				db, ids := benchUsers(b)
				calls[i] = func(ctx context.Context, n int64) error {
					id := ids[n%int64(len(ids))]
					change := func(ctx context.Context, tx *store.Tx) (event.UserReenabled, error) {
						_, err := tx.Exec(ctx, touch, n, "acme", id)
						return event.UserReenabled{User: benchUser(id)}, err
					}
					if i == 0 {
						return store.RecordUnsealed(ctx, db, storetest.Operator(), event.AboutUser("acme", id), change)
					}
					_, err := store.Record(ctx, db, storetest.Operator(), event.AboutUser("acme", id), change)
					return err
				}
			}
			b.ResetTimer()
			for done := 0; done < b.N; {
				n := min(b.N-done, 16*callers)
				done += n
				for i, call := range calls {
					begun := time.Now()
					share(b, callers, int64(n), call)
					took[i] += time.Since(begun)
				}
			}
			b.ReportMetric(float64(b.N)/took[0].Seconds(), "bare/s")
			b.ReportMetric(float64(b.N)/took[1].Seconds(), "sealed/s")
			b.ReportMetric(100*(took[1].Seconds()/took[0].Seconds()-1), "price-%")
		})
	}
}

const touch = `UPDATE users SET last_login_at = $1 WHERE project_id = $2 AND id = $3`

func benchUser(id event.ID) event.UserObject {
	return event.UserObject{
		ID: id, StandardAttributes: []byte(`{"email":"kim@shop.example","name":"Kim Example","email_verified":false}`),
		CustomAttributes: []byte(`{}`), Web3: []byte(`{}`), Roles: []string{}, Groups: []string{},
	}
}

func benchUsers(b *testing.B) (*store.DB, []event.ID) {
	b.Helper()
	db := storetest.Open(b)
	storetest.Project(b, db, "acme")
	ids := make([]event.ID, 256)
	for i := range ids {
		ids[i] = event.NewID()
		if _, err := store.Record(b.Context(), db, storetest.Operator(), event.InProject("acme"), createUser(ids[i])); err != nil {
			b.Fatal(err)
		}
	}
	return db, ids
}

func dropIndexes(b *testing.B, db *store.DB) {
	b.Helper()
	err := store.Bookkeep(b.Context(), db, func(ctx context.Context, book *store.Book) error {
		for _, name := range []string{"events_category", "events_attempts", "events_type", "events_user", "events_actor"} {
			if _, err := book.Exec(ctx, "DROP INDEX "+name); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

// run has a number of callers share b.N calls.
func run(b *testing.B, callers int, call func(context.Context, int64) error) {
	b.Helper()
	b.ResetTimer()
	share(b, callers, int64(b.N), call)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rec/s")
}

// share has a number of callers share a number of calls.
func share(b *testing.B, callers int, calls int64, call func(context.Context, int64) error) {
	b.Helper()
	var next atomic.Int64
	failed := make(chan error, callers)
	for range callers {
		go func() {
			for {
				n := next.Add(1)
				if n > calls {
					failed <- nil
					return
				}
				if err := call(context.Background(), n); err != nil {
					failed <- err
					return
				}
			}
		}()
	}
	for range callers {
		if err := <-failed; err != nil {
			b.Fatal(err)
		}
	}
}
