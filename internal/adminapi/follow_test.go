package adminapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
	"github.com/sealog/sealog/internal/vault"
)

// followed is a page of auditLogs with afterPosition.
type followed struct {
	TotalCount int
	PageInfo   struct {
		StartCursor, EndCursor       string
		HasNextPage, HasPreviousPage bool
	}
	Edges []struct {
		Cursor string
		Node   struct {
			ID, Type, Outcome, LeafHash string
			Position                    *int
			Data                        struct{ Seq int }
		}
	}
}

func (w *world) follow(after, first int) followed {
	w.t.Helper()
	var data struct{ AuditLogs followed }
	w.get(&data, `query($after: Int, $first: Int) { auditLogs(afterPosition: $after, first: $first) { totalCount
		pageInfo { startCursor endCursor hasNextPage hasPreviousPage }
		edges { cursor node { id type outcome leafHash position data } } } }`, map[string]any{"after": after, "first": first})
	return data.AuditLogs
}

func (f followed) positions() []int {
	positions := []int{}
	for _, e := range f.Edges {
		positions = append(positions, *e.Node.Position)
	}
	return positions
}

// rename records an event of acme, or, with a cause, an attempt at one.
func rename(ctx context.Context, db *store.DB, cause error) error {
	if cause != nil {
		if err := store.Refuse[event.ProjectAppRenamed](ctx, db, storetest.Operator(), event.InProject("acme"), cause); !errors.Is(err, cause) {
			return err
		}
		return nil
	}
	_, err := store.Record(ctx, db, storetest.Operator(), event.InProject("acme"),
		func(context.Context, *store.Tx) (event.ProjectAppRenamed, error) {
			return event.ProjectAppRenamed{Name: "acme"}, nil
		})
	return err
}

// TestFollowingWhileOthersWrite: whoever goes from page to page by position gets every event
// once, in the order of the log, however many write at the same time.
func TestFollowingWhileOthersWrite(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(`UPDATE projects SET config = $2 WHERE project_id = $1`, "acme", unlimited)
	const writers, each = 6, 40
	var writing, sealing sync.WaitGroup
	written, ended := make(chan struct{}), make(chan struct{})
	for range writers {
		writing.Go(func() {
			for i := range each {
				var cause error
				if i%8 == 0 {
					cause = fault.New(fault.Denied, "RoleTooLow", "No.")
				}
				if err := rename(t.Context(), w.db, cause); err != nil {
					t.Error(err)
				}
			}
		})
	}
	sealing.Go(func() {
		for {
			if err := w.sealing.Finish(t.Context()); err != nil {
				t.Error(err)
			}
			select {
			case <-ended:
				return
			default:
			}
		}
	})
	go func() {
		writing.Wait()
		close(written)
	}()
	next, outcomes, seen := 0, map[string]int{}, map[string]bool{}
	read := func() (more bool) {
		page := w.follow(next-1, 7)
		for _, e := range page.Edges {
			if *e.Node.Position != next || e.Node.Data.Seq != next+1 || seen[e.Node.ID] {
				t.Fatalf("position %d, seq %d, want %d", *e.Node.Position, e.Node.Data.Seq, next)
			}
			seen[e.Node.ID] = true
			outcomes[e.Node.Outcome]++
			next++
		}
		if page.PageInfo.HasNextPage && len(page.Edges) < 7 {
			t.Fatalf("a page of %d, and there is more", len(page.Edges))
		}
		return page.PageInfo.HasNextPage
	}
	for going := true; going; {
		read()
		select {
		case <-written:
			going = false
		default:
		}
	}
	close(ended)
	sealing.Wait()
	w.seal()
	for read() {
	}
	all, err := store.Column[int64](t.Context(), w.db, `SELECT count(*) FROM events WHERE project_id = $1`, "acme")
	if err != nil {
		t.Fatal(err)
	}
	if int64(next) != all[0] || outcomes["DENIED"] != writers*each/8 || next < writers*each {
		t.Errorf("%d events followed, of %d; %v", next, all[0], outcomes)
	}
	if end := w.follow(next-1, 7); len(end.Edges) != 0 || end.PageInfo.HasNextPage || !end.PageInfo.HasPreviousPage || end.TotalCount != 0 {
		t.Errorf("at the end: %+v", end)
	}
}

func TestFollow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.seal()
	size := w.follow(-1, 100).TotalCount
	if size < 2 {
		t.Fatalf("%d events", size)
	}
	w.create("kim@shop.example")
	var unsealed struct {
		AuditLogs struct {
			Edges []struct {
				Node struct {
					Position *int
					Data     map[string]any
				}
			}
		}
	}
	w.get(&unsealed, `{ auditLogs(first: 1) { edges { node { position data } } } }`, nil)
	newest := unsealed.AuditLogs.Edges[0].Node
	if sealed := !w.db.Engine().Queues(); sealed != (newest.Position != nil) || sealed != (newest.Data["seq"] != nil) {
		t.Errorf("before sealing: %+v", newest)
	}
	w.seal()
	all := w.follow(-1, 100)
	if len(all.Edges) != size+2 || all.TotalCount != size+2 || all.PageInfo.HasNextPage || all.PageInfo.HasPreviousPage {
		t.Errorf("%d events: %+v", len(all.Edges), all.PageInfo)
	}
	page := w.follow(0, 1)
	if diff := cmp.Diff([]int{1}, page.positions()); diff != "" || !page.PageInfo.HasNextPage || !page.PageInfo.HasPreviousPage ||
		page.TotalCount != size+1 || page.PageInfo.EndCursor != all.Edges[1].Cursor {
		t.Errorf("second event: %+v %s", page, diff)
	}
	if none := w.follow(-1, 0); len(none.Edges) != 0 || !none.PageInfo.HasNextPage {
		t.Errorf("none: %+v", none)
	}
	if beyond := w.follow(1000, 5); len(beyond.Edges) != 0 || beyond.PageInfo.HasNextPage || beyond.TotalCount != 0 {
		t.Errorf("beyond the end: %+v", beyond)
	}
	// A cursor of the one way leads on in the other.
	var data struct{ AuditLogs connection }
	w.get(&data, `query($after: String) { auditLogs(after: $after, sortDirection: ASC, first: 1) { edges { node { id } } } }`,
		map[string]any{"after": all.Edges[0].Cursor})
	if data.AuditLogs.Edges[0].Node.ID != all.Edges[1].Node.ID {
		t.Errorf("after the first: %+v", data.AuditLogs.Edges)
	}
	if err := w.reads.Record(t.Context()); err != nil {
		t.Fatal(err)
	}
	if newest := w.events(); newest[0].Type != "audit_log.read" {
		t.Errorf("reading is not on the record: %s", newest[0].Type)
	}
	for _, args := range []string{
		`last: 1`, `after: ""`, `before: "x"`, `rangeFrom: "2026-01-01T00:00:00Z"`, `rangeTo: "2026-01-01T00:00:00Z"`,
		`activityTypes: []`, `userIDs: []`, `actorIDs: ["x"]`, `outcomes: [SUCCEEDED]`, `sortDirection: ASC`, `first: -1`,
	} {
		r := w.do(`{ auditLogs(afterPosition: 0, `+args+`) { totalCount } }`, nil)
		if len(r.Errors) != 1 || r.Errors[0].Extensions.ErrorName+"/"+r.Errors[0].Extensions.Reason != "BadRequest/InvalidQuery" {
			t.Errorf("%s: %s %+v", args, r.Data, r.Errors)
		}
	}
	if r := w.do(`{ auditLogs(afterPosition: -2) { totalCount } }`, nil); len(r.Errors) != 1 || r.Errors[0].Extensions.Field != "afterPosition" {
		t.Errorf("%+v", r)
	}
}

// TestFollowingWithinThePlan: what is older than the plan lets be read is jumped over, and
// nothing else is, also where the log's order is not that of time.
func TestFollowingWithinThePlan(t *testing.T) {
	t.Parallel()
	past := func() time.Time { return time.Now().AddDate(0, 0, -40) }
	old, config := storetest.OpenWith(t, store.Config{Now: past})
	config.Now = nil
	v, err := vault.New(storetest.Master)
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), config, v)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	w := newWorldOn(t, db, project.Plans{{Name: "free", Collaborators: -1, Domains: -1, RetrievalDays: 30}})
	w.seal()
	size := w.follow(-1, 100).TotalCount
	var want []int
	for i := range 9 {
		at := db
		if i%3 != 0 {
			at = old
		} else {
			want = append(want, size+i)
		}
		if err := rename(t.Context(), at, nil); err != nil {
			t.Fatal(err)
		}
		w.seal()
	}
	page := w.follow(size-1, 2)
	if diff := cmp.Diff(want[:2], page.positions()); diff != "" || page.TotalCount != 3 || !page.PageInfo.HasNextPage {
		t.Errorf("%s: %+v", diff, page.PageInfo)
	}
	page = w.follow(want[1], 2)
	if diff := cmp.Diff(want[2:], page.positions()); diff != "" || page.TotalCount != 1 || page.PageInfo.HasNextPage {
		t.Errorf("%s: %+v", diff, page.PageInfo)
	}
	if all := w.follow(-1, 100); len(all.Edges) != size+3 {
		t.Errorf("%d events, want %d", len(all.Edges), size+3)
	}
	var one json.RawMessage
	w.get(&one, `{ auditLogs(first: 1, outcomes: [SUCCEEDED]) { totalCount } }`, nil)
	if want := fmt.Sprintf(`{"auditLogs":{"totalCount":%d}}`, size+3); string(one) != want {
		t.Errorf("by time %s, by position %s", one, want)
	}
}
