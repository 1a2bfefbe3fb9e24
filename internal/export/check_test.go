package export

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/ledger"
	"github.com/sealog/sealog/internal/merkle"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
)

func (w *world) check(t *testing.T) *Report {
	t.Helper()
	r, err := Check(t.Context(), w.db, "acme", nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestASoundDatabase has two epochs, several days and months, erased values, a tail and a queue.
func TestASoundDatabase(t *testing.T) {
	t.Parallel()
	w := full(t)
	r := w.check(t)
	if !r.Sound || len(r.Findings) > 0 {
		t.Fatalf("%s", wrap(r))
	}
	n := r.Checked
	if n.Epochs != 2 || n.Events != 700 || n.Positions+n.Queued != n.Events || n.Queued < 1 || n.NotCounted != 6 ||
		n.Tiles != 2 || n.Checkpoints != 5 || n.Redacted == 0 || n.Disclosures < 1000 || n.Counts < 500 || n.References < 500 {
		t.Errorf("%s", wrap(r))
	}
	var told []int64
	if _, err := Check(t.Context(), w.db, "acme", func(done, total int64) { told = append(told, done, total) }); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int64{512, 700, 700, 700}, told); diff != "" {
		t.Errorf("progress: %s", diff)
	}
	if _, err := Check(t.Context(), w.db, "nobody", nil); !fault.Is(err, "ProjectNotFound") {
		t.Errorf("of no project: %v", err)
	}
	projects, err := Projects(t.Context(), w.db)
	if err != nil || !cmp.Equal(projects, []string{"acme"}) {
		t.Errorf("projects: %v, %v", projects, err)
	}
}

// TestALogWithoutEpochs has nothing but a queue, or not even that.
func TestALogWithoutEpochs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if r := w.check(t); !r.Sound || r.Checked.Events != 1 {
		t.Errorf("%s", wrap(r))
	}
}

// TestEveryDifferenceIsFound plants one after the other into a sound log, and looks for the
// kinds of findings that it leads to.
func TestEveryDifferenceIsFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.record(t, 160)
	w.turn(t)
	w.record(t, 160)
	w.turn(t)
	storetest.Tamper(t, w.config, func(db *sql.DB) error {
		for _, query := range save {
			change(t, db, query)
		}
		plantEach(t, w, db)
		return nil
	})
}

// plantEach is TestEveryDifferenceIsFound over a connection that may do everything.
func plantEach(t *testing.T, w *world, db *sql.DB) {
	t.Helper()
	const at = ` WHERE project_id = 'acme' AND id = (SELECT id FROM leaves WHERE project_id = 'acme' AND position = 7)`
	for _, c := range []struct {
		name  string
		query string
		args  func(*testing.T, *world) []any
		kinds string
		text  string
	}{
		{"category", `UPDATE events SET category = 3 - category` + at, nil, "column", "the column category"},
		{"type", `UPDATE events SET type = '` + event.Type("user.deleted").Code() + `'` + at, nil, "column", "the column type has user.deleted, and the event says user.created"},
		{"outcome", `UPDATE events SET outcome = 3` + at, nil, "column", "the column outcome has denied, and the event says succeeded"},
		{"type in words", `UPDATE events SET type = 'user.created'` + at, nil, "column", "the column type has user.created, and the event says " + event.Type("user.created").Code()},
		{"actor who is the user", `UPDATE events SET actor_id = ''` + at, nil, "column", "the column actor_id has , and"},
		{"actor", `UPDATE events SET actor_id = 'bob'` + at, nil, "column", "the column actor_id has bob"},
		{"deceiving actor", `UPDATE events SET actor_id = $1` + at, func(*testing.T, *world) []any { return []any{"\x1b[2J\u202eann\n"} }, "column", `actor_id has \\x1b[2J\\u202eann\\n, and`},
		{"user", `UPDATE events SET user_id = NULL` + at, nil, "column", "the column user_id has 00000000-0000"},
		{"entry", `UPDATE events SET entry = $1` + at, func(t *testing.T, w *world) []any { return []any{[]byte("{}")} }, "count entry leaf reference", "not in canonical form"},
		{"another's entry", `UPDATE events SET entry = (SELECT entry FROM events WHERE project_id = 'acme' ORDER BY id LIMIT 1)` + at, nil, "count entry leaf reference", "the entry is that of the event"},
		{"values", `UPDATE events SET disclosures = (SELECT disclosures FROM events WHERE project_id = 'acme' ORDER BY id LIMIT 1)` + at, nil, "column count disclosure reference withheld", ""},
		{"values cut off", `UPDATE events SET disclosures = $1` + at, func(t *testing.T, w *world) []any { return []any{[]byte("nothing")} }, "count disclosure entry reference", "is no disclosure"},
		{"values erased without a word", `UPDATE events SET disclosures = $1` + at, func(t *testing.T, w *world) []any { return []any{w.redacted(t)} }, "reference withheld", "context~personal, payload.identities~personal, payload.user~personal: not there"},
		{"values erased but for the seed", `UPDATE events SET disclosures = $1` + at, func(*testing.T, *world) []any { return []any{append([]byte{4}, make([]byte, 16+2)...)} }, "actor column count disclosure reference withheld", "the seed of its salt is stored"},
		{"leaf", `UPDATE leaves SET hash = $1 WHERE project_id = 'acme' AND position = 7`, func(t *testing.T, w *world) []any { return []any{make([]byte, 32)} }, "checkpoint leaf tile tree", "the leaf at position 7 has another hash"},
		{"leaf too short", `UPDATE leaves SET hash = $1 WHERE project_id = 'acme' AND position = 7`, func(t *testing.T, w *world) []any { return []any{make([]byte, 3)} }, "leaf", "has 3 bytes"},
		{"position taken away", `DELETE FROM leaves WHERE project_id = 'acme' AND position = 7`, nil, "count position reference", "nothing stands at the positions from 7 to 7"},
		{"last position taken away", `DELETE FROM leaves WHERE project_id = 'acme' AND position = 320`, nil, "count position", "from 320 to 320"},
		{"event taken away", `DELETE FROM events` + at, nil, "count position", "it has the position 7, and is no event"},
		{"beyond the end", `UPDATE leaves SET position = 5000 WHERE project_id = 'acme' AND position = 320`, nil, "count position", "1 events have positions from 321 on"},
		{"swapped", `UPDATE leaves SET position = CASE position WHEN -7 THEN 8 WHEN -8 THEN 7 ELSE -position END WHERE project_id = 'acme' AND position IN (7, 8, -7, -8)`, nil, "checkpoint tile tree", "the leaves make"},
		{"queue", `INSERT INTO events_pending (project_id, id) VALUES ('acme', $1)`, func(t *testing.T, w *world) []any { return []any{event.NewID()} }, "queue", "and is no event"},
		{"sealed and queued", `INSERT INTO events_pending (project_id, id, hash) SELECT project_id, id, hash FROM leaves WHERE project_id = 'acme' AND position = 7`, nil, "queue", "has the position 7, and waits for another"},
		{"frontier", `UPDATE logs SET frontier = $1 WHERE project_id = 'acme'`, func(t *testing.T, w *world) []any { return []any{make([]byte, 3*32)} }, "tree", "the log's frontier another"},
		{"frontier cut off", `UPDATE logs SET frontier = $1 WHERE project_id = 'acme'`, func(t *testing.T, w *world) []any { return []any{make([]byte, 3)} }, "tree", ""},
		{"size", `UPDATE logs SET size = size - 1 WHERE project_id = 'acme'`, nil, "checkpoint position tree", ""},
		{"closed", `UPDATE logs SET closed = TRUE WHERE project_id = 'acme'`, nil, "tree", "epoch 1 has the positions"},
		{"projected", `UPDATE logs SET derived = derived - 3 WHERE project_id = 'acme'`, nil, "count reference", ""},
		{"projected beyond", `UPDATE logs SET derived = derived + 3 WHERE project_id = 'acme'`, nil, "tree", "324 events are counted, and the log has 321"},
		{"tile", `UPDATE tiles SET hashes = $1 WHERE project_id = 'acme'`, func(t *testing.T, w *world) []any { return []any{make([]byte, 32)} }, "tile", "tile 1/0"},
		{"tile taken away", `DELETE FROM tiles WHERE project_id = 'acme'`, nil, "tile", "tile 1/0"},
		{"tile more", `INSERT INTO tiles (project_id, epoch, level, idx, hashes) VALUES ('acme', 1, 2, 0, $1)`, func(t *testing.T, w *world) []any { return []any{make([]byte, 32)} }, "tile", "2 tiles above the leaves, and its tree 1"},
		{"signed size", `UPDATE logs SET signed_size = signed_size - 1 WHERE project_id = 'acme'`, nil, "checkpoint", "the newest checkpoint has the size 321"},
		{"checkpoint forged", `UPDATE checkpoints SET note = $1 WHERE project_id = 'acme' AND size = 161`, func(t *testing.T, w *world) []any { return []any{[]byte("nothing\n")} }, "checkpoint", "the checkpoint of size 161: merkle: checkpoint"},
		{"checkpoint of another tree", `UPDATE checkpoints SET note = $1 WHERE project_id = 'acme' AND size = 161`, func(t *testing.T, w *world) []any { return []any{w.signed(t, 161)} }, "checkpoint", "the checkpoint of size 161 has the root"},
		{"checkpoint of another size", `UPDATE checkpoints SET note = $1 WHERE project_id = 'acme' AND size = 161`, func(t *testing.T, w *world) []any { return []any{w.signed(t, 162)} }, "checkpoint", "it says 162"},
		{"checkpoint of a larger tree", `INSERT INTO checkpoints (project_id, epoch, size, note, created_at) VALUES ('acme', 1, 400, $1, 0)`, func(t *testing.T, w *world) []any { return []any{w.signed(t, 400)} }, "checkpoint", "covers 400 leaves, and there are 321"},
		{"checkpoints taken away", `DELETE FROM checkpoints WHERE project_id = 'acme'`, nil, "checkpoint", "the newest checkpoint has the size 0"},
		{"count", `UPDATE event_counts SET n = n + 1 WHERE project_id = 'acme' AND key = 't:` + event.Type("user.created").Code() + `' AND span = 3 AND start = (SELECT min(start) FROM event_counts WHERE span = 3)`, nil, "count", `the day of "t:user.created" from 2026-11-28T00:00Z, succeeded: counted`},
		{"count of a month", `UPDATE event_counts SET n = n - 1 WHERE project_id = 'acme' AND key = '' AND span = 4 AND outcome = 2 AND start = (SELECT min(start) FROM event_counts WHERE span = 4)`, nil, "count", `the month of "" from 2026-11-01T00:00Z, failed: counted`},
		{"counts of a time taken away", `DELETE FROM event_counts WHERE project_id = 'acme' AND span = 1 AND start = (SELECT max(start) FROM event_counts WHERE span = 1)`, nil, "count", "counted 0, there are"},
		{"count of an empty minute", `INSERT INTO event_counts (project_id, key, span, start, outcome, n) VALUES ('acme', '', 1, 1, 1, 5)`, nil, "count", `1 rows count "" by the minute where there is no event of it`},
		{"count of a minute within a day", `INSERT INTO event_counts (project_id, key, span, start, outcome, n) VALUES ('acme', '', 1, $1, 1, 5)`, func(t *testing.T, w *world) []any { return []any{auditlog.Minutes(w.clock().Truncate(24 * time.Hour))} }, "count", "counted 5, there are 0"},
		{"count of an unknown key", `INSERT INTO event_counts (project_id, key, span, start, outcome, n) VALUES ('acme', 't:user.flown', 2, 0, 1, 5)`, nil, "count", `1 rows count "t:user.flown" by the hour`},
		{"reference", `INSERT INTO event_refs (ref, id) SELECT 0, id FROM leaves WHERE project_id = 'acme' AND position = 7`, nil, "reference", "leads to it, and it does not mention it"},
		{"a known reference", `INSERT INTO event_refs (ref, id) SELECT (SELECT max(ref) FROM event_refs), l.id FROM leaves l WHERE l.project_id = 'acme' AND l.position = 0`, nil, "reference", "leads to it, and it does not mention it"},
		{"references taken away", `DELETE FROM event_refs WHERE id = (SELECT id FROM leaves WHERE project_id = 'acme' AND position = 7)`, nil, "reference", "of the identifiers that it mentions do not lead to it"},
		{"actor of no event", `INSERT INTO event_actors (project_id, actor_id, name, type) VALUES ('acme', 'bob', 'Bob', 'account')`, nil, "actor", `no event is by "bob", named "Bob" (account)`},
		{"actor of another name", `UPDATE event_actors SET name = 'Ann' WHERE project_id = 'acme' AND actor_id <> 'operator'`, nil, "actor", `is not among the actors`},
		{"actor of another type", `UPDATE event_actors SET type = 'system' WHERE project_id = 'acme' AND actor_id = 'operator'`, nil, "actor", `(system)`},
		{"actors taken away", `DELETE FROM event_actors WHERE project_id = 'acme'`, nil, "actor", `"operator", named "operator", is not among the actors`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if r := w.check(t); !r.Sound {
				t.Fatalf("%s", wrap(r))
			}
			var args []any
			if c.args != nil {
				args = c.args(t, w)
			}
			change(t, db, c.query, args...)
			if c.name == "swapped" { // in two steps, as positions are unique
				change(t, db, c.query)
			}
			defer func() {
				for _, query := range restore {
					change(t, db, query)
				}
			}()
			r := w.check(t)
			var kinds []string
			for _, k := range []Kind{KindActor, KindCheckpoint, KindColumn, KindCount, KindDisclosure, KindEntry, KindLeaf, KindPosition, KindQueue, KindReference, KindTile, KindTree, KindWithheld} {
				if r.Counts[k] > 0 {
					kinds = append(kinds, string(k))
				}
			}
			if got := strings.Join(kinds, " "); got != c.kinds || r.Sound {
				t.Errorf("kinds: got %q, want %q\n%s", got, c.kinds, wrap(r))
			}
			if text := wrap(r); !strings.Contains(strings.ReplaceAll(text, `\"`, `"`), c.text) {
				t.Errorf("%q is not in\n%s", c.text, text)
			}
		})
	}
}

// save and restore keep and give back all that a project's log consists of.
var save, restore = func() (save, restore []string) {
	for _, table := range []string{"events", "events_pending", "leaves", "logs", "tiles", "checkpoints", "event_counts", "event_refs", "event_actors"} {
		save = append(save, `CREATE TABLE saved_`+table+` AS SELECT * FROM `+table)
		restore = append(restore, `DELETE FROM `+table, `INSERT INTO `+table+` SELECT * FROM saved_`+table)
	}
	return save, restore
}()

// redacted is what is left of the values of the event at position 7 without those that are personal.
func (w *world) redacted(t *testing.T) []byte {
	t.Helper()
	stored, err := store.Column[ledger.Packed](t.Context(), w.db, `SELECT disclosures FROM events WHERE project_id = 'acme' AND id = (
		SELECT id FROM leaves WHERE project_id = 'acme' AND position = 7)`)
	if err != nil {
		t.Fatal(err)
	}
	kept, removed, err := event.Redact(stored[0], event.Parts{Context: true, Payload: true})
	if err != nil || len(removed) == 0 {
		t.Fatal(err, removed)
	}
	return kept
}

// signed is a checkpoint that the log's key has signed, of another tree.
func (w *world) signed(t *testing.T, size int64) []byte {
	t.Helper()
	logs, err := store.Column[string](t.Context(), w.db, `SELECT log_id FROM projects WHERE project_id = 'acme'`)
	if err != nil {
		t.Fatal(err)
	}
	note, err := w.db.Vault().LogKey(logs[0]).Sign(merkle.Checkpoint{Origin: logs[0], Size: size}, w.clock())
	if err != nil {
		t.Fatal(err)
	}
	return note
}

// TestHowAnEpochBegins: with the event that opened it, which says where the one before ended.
func TestHowAnEpochBegins(t *testing.T) {
	t.Parallel()
	for query, text := range map[string]string{
		`UPDATE logs SET opened_by = (SELECT id FROM leaves WHERE project_id = 'acme' AND position = 3) WHERE epoch = 2`:  "begins with another event than the one that opened it",
		`UPDATE logs SET frontier = (SELECT hash FROM leaves WHERE project_id = 'acme' AND position = 3) WHERE epoch = 1`: "and has become another",
	} {
		w := newWorld(t)
		w.record(t, 7)
		w.turn(t)
		w.newEpoch(t)
		w.record(t, 3)
		w.turn(t)
		if r := w.check(t); !r.Sound {
			t.Fatalf("%s", wrap(r))
		}
		change(t, w.raw(t), query)
		if r := w.check(t); r.Counts[KindTree] == 0 || !strings.Contains(wrap(r), text) {
			t.Errorf("%q is not in\n%s", text, wrap(r))
		}
	}
}

// TestErasures: what is missing is accounted for by events that come later, or whose ids are
// smaller because another process's clock was behind.
func TestErasures(t *testing.T) {
	t.Parallel()
	id := func(n int) event.ID { return event.Floor(time.UnixMicro(int64(n))) }
	entry := func(n int, typ event.Type) event.Entry { return event.Entry{ID: id(n), Type: typ} }
	redaction := func(n int, of int, fields ...string) func(*erasures, *Report) {
		payload, err := json.Marshal([]event.RedactedEvent{{ID: id(of), Fields: fields}})
		if err != nil {
			t.Fatal(err)
		}
		line := fmt.Appendf(nil, `["0123456789012345678901","payload.events",%s]`, payload)
		return func(s *erasures, r *Report) { s.event(r, entry(n, "audit.redacted"), line, nil) }
	}
	lacks := func(n int, fields ...string) func(*erasures, *Report) {
		return func(s *erasures, r *Report) { s.event(r, entry(n, "user.created"), nil, fields) }
	}
	for _, c := range []struct {
		name  string
		steps []func(*erasures, *Report)
		want  int64
	}{
		{"covered", []func(*erasures, *Report){lacks(1, "a", "b"), redaction(2, 1, "b", "a")}, 0},
		{"covered in two steps", []func(*erasures, *Report){lacks(1, "a", "b"), redaction(2, 1, "a"), redaction(3, 1, "b")}, 0},
		{"covered in part", []func(*erasures, *Report){lacks(1, "a", "b"), redaction(2, 1, "a")}, 1},
		{"another event covered", []func(*erasures, *Report){lacks(1, "a"), redaction(2, 3, "a"), lacks(4, "a")}, 2},
		{"a clock behind", []func(*erasures, *Report){redaction(1, 2, "a"), redaction(1, 2, "b"), lacks(2, "a", "b")}, 0},
		{"a clock behind, in part", []func(*erasures, *Report){redaction(1, 2, "a"), lacks(2, "a", "b"), redaction(3, 2, "b")}, 0},
		{"a clock behind, not all", []func(*erasures, *Report){redaction(1, 2, "a"), lacks(2, "a", "b")}, 1},
		{"nothing is missing", []func(*erasures, *Report){lacks(1), redaction(2, 1, "a")}, 0},
	} {
		s, r := newErasures(), newReport("acme")
		for _, step := range c.steps {
			step(s, r)
		}
		s.settle(r)
		if r.Counts[KindWithheld] != c.want || r.Total() != c.want {
			t.Errorf("%s: %s", c.name, wrap(r))
		}
	}
	s, r := newErasures(), newReport("acme")
	s.event(r, entry(1, "audit.redacted"), []byte(`["0123456789012345678901","payload.events",7]`), nil)
	if r.Counts[KindEntry] != 1 {
		t.Errorf("nonsense: %s", wrap(r))
	}
}

// TestAReportIsBounded in what it shows, not in what it counts.
func TestAReportIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.record(t, 700)
	w.turn(t)
	storetest.Tamper(t, w.config, func(db *sql.DB) error {
		_, err := db.ExecContext(t.Context(), `UPDATE events SET actor_id = 'bob' WHERE project_id = 'acme'`)
		return err
	})
	change(t, w.raw(t), `INSERT INTO event_refs (ref, id) SELECT 0, l.id FROM leaves l WHERE l.project_id = 'acme'`)
	r := w.check(t)
	if r.Counts[KindColumn] != 701 || r.Counts[KindReference] != 701 || len(r.Findings) != 2*maxFindings || r.Total() != 2*701 {
		t.Errorf("%d findings, %v", len(r.Findings), r.Counts)
	}
}
