package store_test

import (
	"context"
	"errors"
	"testing"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
)

func TestASnapshotSeesOneState(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	storetest.Project(t, db, "acme")
	read := func(ctx context.Context, q store.Querier) int64 {
		n, err := store.Column[int64](ctx, q, `SELECT count(*) FROM events WHERE project_id = $1`, "acme")
		if err != nil {
			t.Fatal(err)
		}
		return n[0]
	}
	err := store.InSnapshot(t.Context(), db, func(ctx context.Context, s *store.Snapshot) error {
		before := read(ctx, s)
		// A write while the snapshot is open neither waits for it nor shows in it.
		if _, err := store.Record(t.Context(), db, storetest.Operator(), event.InProject("acme"), createUser(event.NewID())); err != nil {
			t.Fatal(err)
		}
		if after := read(ctx, s); after != before {
			t.Errorf("the snapshot saw %d events and then %d", before, after)
		}
		if now := read(ctx, db); now != before+2 {
			t.Errorf("outside of it there are %d events, want %d", now, before+2)
		}
		_, err := store.Column[string](ctx, s, `INSERT INTO instance (key, value) VALUES ('a', 'b') RETURNING key`)
		if err == nil {
			t.Error("a snapshot wrote")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	own := errors.New("own error")
	if err := store.InSnapshot(t.Context(), db, func(context.Context, *store.Snapshot) error { return own }); !errors.Is(err, own) {
		t.Errorf("got %v", err)
	}
}
