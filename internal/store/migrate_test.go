package store_test

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/ledger"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
)

// TestAnOlderLogTakesLessRoomAndSaysTheSame: what version 6 of the tables writes in fewer bytes is
// read as it was written.
func TestAnOlderLogTakesLessRoomAndSaysTheSame(t *testing.T) {
	t.Parallel()
	config := store.Config{Dir: t.TempDir(), URL: storetest.URL(t)}
	raw, err := store.MigrateTo(t.Context(), config, 5)
	if err != nil {
		t.Fatal(err)
	}
	exec := func(query string, args ...any) {
		t.Helper()
		if _, err := raw.ExecContext(t.Context(), query, args...); err != nil {
			t.Fatal(err)
		}
	}
	at := time.Date(2020, 1, 31, 23, 58, 0, 0, time.UTC)
	if storetest.Engine() == store.PostgreSQL {
		exec(`CREATE TABLE events_2020_01 PARTITION OF events FOR VALUES FROM ('` + event.Floor(at.AddDate(0, 0, -30)).String() + `') TO ('` + event.Floor(at.AddDate(0, 0, 1)).String() + `')`)
	}
	type logged struct {
		Type  event.Type
		Actor string
		User  event.ID
	}
	kim, lee := event.NewID(), event.NewID()
	want := []logged{
		{"user.created", kim.String(), kim},
		{"user.disabled", "operator", kim},
		{"user.disabled", lee.String(), kim},
		{"project.app.updated", lee.String(), event.ID{}},
		{"starship.launched", kim.String(), kim},
	}
	for i, e := range want {
		exec(`INSERT INTO events (project_id, id, category, type, outcome, actor_id, user_id, entry, disclosures) VALUES ('acme', $1, 1, $2, 1, $3, $4, $5, $5)`,
			event.Floor(at.Add(time.Duration(i)*time.Second)), string(e.Type), e.Actor, e.User, []byte("{}"))
	}
	keys := []string{"", "a1:operator", "t:starship.launched", "t:user.created"}
	for _, key := range keys {
		exec(`INSERT INTO event_counts (project_id, key, span, start, outcome, n) VALUES ('acme', $1, 1, $2, 1, 3)`, key, store.Micros(at))
	}
	refs := [][]byte{bytes.Repeat([]byte{0x7e}, 16), append([]byte{0xf0, 1, 2, 3, 4, 5, 6, 7}, make([]byte, 8)...)}
	for _, ref := range refs {
		exec(`INSERT INTO event_refs (project_id, ref, id) VALUES ('acme', $1, $2)`, ref, kim)
	}
	if err := raw.Close(); err != nil {
		t.Fatal(err)
	}

	db, err := store.Open(t.Context(), config, storetest.Vault(t))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	got, err := store.Collect(t.Context(), db, func(r *logged) []any { return []any{&r.Type, &r.User, ledger.ScanActor(&r.Actor, &r.User)} },
		`SELECT type, user_id, actor_id FROM events WHERE project_id = 'acme' ORDER BY id`)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want, +got):\n%s", diff)
	}
	if n := count(t, db, `SELECT count(*) FROM events WHERE project_id = 'acme' AND actor_id = ''`); n != 2 {
		t.Errorf("%d events are by the user whom they are about", n)
	}
	if n := count(t, db, `SELECT count(*) FROM events WHERE project_id = 'acme' AND type = $1`, event.Type("user.disabled").Code()); n != 2 {
		t.Errorf("%d events have the code of their type", n)
	}
	stored, err := store.Column[string](t.Context(), db, `SELECT key FROM event_counts WHERE project_id = 'acme' AND span = 1 AND outcome = 1 AND n = 3 AND start = $1 ORDER BY key`, at.Unix()/60)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"", "a1:operator", "t:" + event.Type("user.created").Code(), "t:starship.launched"}, stored); diff != "" {
		t.Errorf("counts (-want, +got):\n%s", diff)
	}
	for _, ref := range refs {
		if n := count(t, db, `SELECT count(*) FROM event_refs WHERE ref = $1 AND id = $2`, int64(binary.BigEndian.Uint64(ref)), kim); n != 1 {
			t.Errorf("%d references %x", n, ref)
		}
	}
}
