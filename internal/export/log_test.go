package export

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/ledger"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
)

// unpack reads an archive, and the order of its files.
func unpack(t *testing.T, r io.Reader) (all map[string][]byte, order []string) {
	t.Helper()
	z, err := gzip.NewReader(r)
	if err != nil {
		t.Fatal(err)
	}
	all = map[string][]byte{}
	for archive := tar.NewReader(z); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return all, order
		}
		if err != nil {
			t.Fatal(err)
		}
		if header.Typeflag != tar.TypeReg || header.Mode != 0o600 {
			t.Errorf("%s: type %c, mode %o", header.Name, header.Typeflag, header.Mode)
		}
		if all[header.Name], err = io.ReadAll(archive); err != nil {
			t.Fatal(err)
		}
		order = append(order, header.Name)
	}
}

// TestACopyIsVerified takes a copy of a log in which there is everything, as a directory and as
// an archive, and gives both to the verifier.
func TestACopyIsVerified(t *testing.T) {
	t.Parallel()
	w := full(t)
	l := w.begin(t, Filter{})
	archive := filepath.Join(t.TempDir(), "acme.tar.gz")
	sink, err := NewTarGzFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	// The same copy twice, which callers cannot write.
	err = store.InSnapshot(t.Context(), w.db, func(ctx context.Context, q *store.Snapshot) error {
		_, err := l.write(ctx, q, sink)
		return err
	})
	if err = errors.Join(err, sink.Commit()); err != nil {
		t.Fatal(err)
	}
	dir, sum := w.toDir(t, l)
	file, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	packed, order := unpack(t, file)
	if diff := cmp.Diff(packed, files(t, dir)); diff != "" {
		t.Errorf("archive and directory differ: %s", diff)
	}
	want := []string{
		"manifest.json", "checkpoint", "checkpoints.txt",
		"tile/entries/000", "tile/0/000", "disclosures/000.ndjson",
		"tile/entries/001.p/46", "tile/0/001.p/46", "disclosures/001.ndjson", "tile/1/000.p/1", "pending.ndjson",
		"epochs/1/checkpoint", "epochs/1/checkpoints.txt",
		"epochs/1/tile/entries/000", "epochs/1/tile/0/000", "epochs/1/disclosures/000.ndjson",
		"epochs/1/tile/entries/001.p/136", "epochs/1/tile/0/001.p/136", "epochs/1/disclosures/001.ndjson", "epochs/1/tile/1/000.p/1",
	}
	if diff := cmp.Diff(want, order); diff != "" {
		t.Errorf("order: %s", diff)
	}
	if !strings.HasPrefix(string(packed["manifest.json"]), "{\n  \"version\": 1,\n  \"project\": \"acme\",\n") {
		t.Errorf("manifest: %s", packed["manifest.json"])
	}
	for _, path := range []string{dir, archive} {
		v := verify(t, path, w.keys(t), 0)
		redacted := v.Epochs[0].Events["redacted"] + v.Epochs[1].Events["redacted"]
		if v.Pending["total"] != 7 || redacted == 0 || sum.Events != v.Epochs[0].Size+v.Epochs[1].Size+7 {
			t.Errorf("%+v; %+v", v, sum)
		}
	}
	if w := (Summary{Origin: sum.Origin, Size: 302, Events: 701, Pending: 7}); sum != w || !strings.HasSuffix(sum.Origin, "/e2") {
		t.Errorf("got %+v, want %+v", sum, w)
	}
	for name, data := range packed {
		plain := decoded(t, name, data)
		if bytes.Contains(plain, []byte(email(2))) || strings.HasPrefix(name, "epochs/1/") && bytes.Contains(plain, []byte(email(1))) {
			t.Errorf("what was erased is in %s", name)
		}
		if strings.HasSuffix(name, "disclosures/000.ndjson") && !bytes.Contains(plain, []byte(email(3))) {
			t.Errorf("what was not erased is not in %s", name)
		}
	}
}

// decoded is a file of disclosures with what base64 hides; other files as they are.
func decoded(t *testing.T, name string, data []byte) []byte {
	t.Helper()
	if !strings.Contains(name, ".ndjson") {
		return data
	}
	var plain bytes.Buffer
	for line := range bytes.Lines(data) {
		var l struct{ Disclosures []string }
		if err := json.Unmarshal(line, &l); err != nil {
			t.Fatal(err)
		}
		for _, d := range l.Disclosures {
			array, err := base64.RawURLEncoding.DecodeString(d)
			if err != nil {
				t.Fatal(err)
			}
			plain.Write(append(array, '\n'))
		}
	}
	return plain.Bytes()
}

// TestFilters withholds values, never entries, and the verifier knows of it.
func TestFilters(t *testing.T) {
	t.Parallel()
	w := full(t)
	middle := time.Date(2026, time.November, 29, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name   string
		filter Filter
		words  string
		keeps  func(event.Derived) bool
	}{
		{"from", Filter{From: middle}, "from 2026-11-29T12:00:00.000000Z", func(d event.Derived) bool { return !d.ID.Time().Before(middle) }},
		{"to", Filter{To: middle}, "before 2026-11-29T12:00:00.000000Z", func(d event.Derived) bool { return d.ID.Time().Before(middle) }},
		{"types", Filter{Types: []event.Type{"user.created", "user.disabled"}}, "types user.created, user.disabled",
			func(d event.Derived) bool { return d.Type == "user.created" || d.Type == "user.disabled" }},
		{"actors", Filter{Actors: []string{"operator"}}, "actors operator", func(d event.Derived) bool { return d.ActorID == "operator" }},
		{"all", Filter{From: middle, To: middle.Add(24 * time.Hour), Types: []event.Type{"user.created"}, Actors: []string{ann().Actor.ID}},
			"types user.created; from 2026-11-29T12:00:00.000000Z; before 2026-11-30T12:00:00.000000Z; actors " + ann().Actor.ID,
			func(d event.Derived) bool {
				return d.Type == "user.created" && d.ActorID != "operator" && !d.ID.Time().Before(middle) && d.ID.Time().Before(middle.Add(24*time.Hour))
			}},
	} {
		t.Run(c.name, func(t *testing.T) { // one after the other: each is an event that the next has to give or not
			dir, sum := w.toDir(t, w.begin(t, c.filter))
			v := verify(t, dir, w.keys(t), 0)
			withheld := v.Pending["withheld_by_filter"]
			for _, e := range v.Epochs {
				withheld += e.Events["withheld_by_filter"]
			}
			// The verifier counts those of which not all is given too.
			if sum.Withheld == 0 || withheld < sum.Withheld {
				t.Errorf("withheld: %d, and the verifier says %d", sum.Withheld, withheld)
			}
			given := 0
			for name, data := range files(t, dir) {
				for line := range bytes.Lines(decoded(t, name, data)) {
					if array, err := readArray(line); err == nil && array[1] == "context" {
						given++
					}
				}
			}
			want := 0
			for _, d := range w.derived(t) {
				always := d.Type == "audit.redacted" || d.Type == "audit_log.epoch_opened"
				if c.keeps(d) || always {
					want++
				}
			}
			if given != want {
				t.Errorf("%d events are given, want %d", given, want)
			}
			rows, err := auditlog.New(w.db).List(t.Context(), auditlog.Filter{Project: "acme", Types: []event.Type{"audit_log.exported"}}, auditlog.Paging{})
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(rows.Rows, func(r auditlog.Row) bool {
				data, err := r.Data()
				return err == nil && bytes.Contains(data, []byte(`"filter":"`+c.words+`"`)) && bytes.Contains(data, []byte(`"format":"verifiable","surface":"command"`))
			}) {
				t.Errorf("not on the record with the filter %q", c.words)
			}
		})
	}
}

func readArray(line []byte) (array [3]string, err error) {
	var parts []json.RawMessage
	if err := json.Unmarshal(line, &parts); err != nil {
		return array, err
	}
	for i := range min(2, len(parts)) {
		if err := json.Unmarshal(parts[i], &array[i]); err != nil {
			return array, err
		}
	}
	return array, nil
}

// derived is all events, as their bytes say.
func (w *world) derived(t *testing.T) []event.Derived {
	t.Helper()
	type row struct{ entry, disclosures ledger.Packed }
	rows, err := store.Collect(t.Context(), w.db, func(r *row) []any { return []any{&r.entry, &r.disclosures} },
		`SELECT entry, disclosures FROM events WHERE project_id = 'acme' ORDER BY id`)
	if err != nil {
		t.Fatal(err)
	}
	all := make([]event.Derived, len(rows))
	for i, r := range rows {
		if all[i], err = event.Derive(r.entry, r.disclosures); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// TestNothingSigned is a log that has no checkpoint: all of it is pending.
func TestNothingSigned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.record(t, 3)
	w.queue(t)
	dir, sum := w.toDir(t, w.begin(t, Filter{}))
	if sum.Size != 0 || sum.Pending != 6 || sum.Events != 6 {
		t.Errorf("%+v", sum)
	}
	if got := files(t, dir); len(got) != 2 {
		t.Errorf("files: %v", got)
	}
	v := verify(t, dir, []string{"--key", w.db.Vault().LogKey(sum.Origin).Verifier()}, 2)
	if v.Pending["intact"] != 6 {
		t.Errorf("%+v", v)
	}
}

// TestTheCopyCoversItsOwnEvent when the log is signed between the record and the copy.
func TestTheCopyCoversItsOwnEvent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.record(t, 3)
	l := w.begin(t, Filter{})
	w.turn(t)
	dir, sum := w.toDir(t, l)
	if sum.Pending != 0 || sum.Size != 5 {
		t.Errorf("%+v", sum)
	}
	if !bytes.Contains(files(t, dir)["tile/entries/000.p/5"], []byte(`"type":"audit_log.exported"`)) {
		t.Error("the export's event is not in it")
	}
	verify(t, dir, w.keys(t), 0)
}

// TestForgedCheckpoints are no checkpoints of the log: it goes on, and its copy is sound
// without them.
func TestForgedCheckpoints(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.record(t, 3)
	w.turn(t)
	w.record(t, 3)
	w.turn(t)
	change(t, w.raw(t), `UPDATE checkpoints SET note = $1 WHERE project_id = 'acme' AND size = 7`, []byte("nothing\n"))
	w.record(t, 1)
	w.pass(time.Second)
	if err := w.seal.Finish(t.Context()); err == nil {
		t.Fatal("the forged checkpoint was not noticed")
	}
	if _, err := w.seal.NewEpoch(t.Context(), ann(), "acme", "somebody changed the database"); err != nil {
		t.Fatal(err)
	}
	l := w.begin(t, Filter{})
	w.turn(t)
	dir, sum := w.toDir(t, l)
	if sum.Unsigned != 1 {
		t.Errorf("%+v", sum)
	}
	verify(t, dir, w.keys(t), 0)
}

// TestALogThatLostAnEvent gives no copy that looks whole.
func TestALogThatLostAnEvent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.record(t, 5)
	w.turn(t)
	storetest.Tamper(t, w.config, func(db *sql.DB) error {
		_, err := db.ExecContext(t.Context(), `DELETE FROM events WHERE project_id = 'acme' AND type = '`+event.Type("user.disabled").Code()+`'`)
		return err
	})
	parent := t.TempDir()
	sink, err := NewDir(filepath.Join(parent, "copy"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.begin(t, Filter{}).Write(t.Context(), sink); !fault.Is(err, "LogDamaged") {
		t.Errorf("got %v", err)
	}
	if left, err := os.ReadDir(parent); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// refusing is a sink that looks whether the export is on the record when the first byte comes.
type refusing struct {
	first   func() error
	aborted bool
}

func (r *refusing) Create(string, int64) (io.Writer, error) { return nil, r.first() }
func (r *refusing) Commit() error                           { return errors.New("committed") }
func (r *refusing) Abort() error                            { r.aborted = true; return nil }

// TestOnTheRecordFirst: nothing leaves before the event has committed, and nothing twice.
func TestOnTheRecordFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own := errors.New("the disk is full")
	sink := &refusing{first: func() error {
		n, err := store.Column[int64](t.Context(), w.db, `SELECT count(*) FROM events WHERE project_id = 'acme' AND type = '`+event.Type("audit_log.exported").Code()+`' AND outcome = 1`)
		if err != nil || n[0] != 1 {
			t.Errorf("on the record: %v, %v", n, err)
		}
		return own
	}}
	l := w.begin(t, Filter{})
	if _, err := l.Write(t.Context(), sink); !errors.Is(err, own) || !sink.aborted {
		t.Errorf("got %v, aborted: %v", err, sink.aborted)
	}
	again := &refusing{first: func() error { return nil }}
	if _, err := l.Write(t.Context(), again); !errors.Is(err, errWritten) || !again.aborted {
		t.Errorf("a second copy: %v", err)
	}
	if _, err := BeginLog(t.Context(), w.db, ann(), ViaCommand, "nobody", Filter{}); !fault.Is(err, "ProjectNotFound") {
		t.Errorf("of no project: %v", err)
	}
}

// TestWhileEverythingGoesOn takes copies while events are recorded, sealed and erased.
func TestWhileEverythingGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.record(t, 40)
	w.turn(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := 0; ctx.Err() == nil; n++ {
			w.record(t, 10)
			w.erase(t, n%5)
			w.pass(time.Second)
			if err := w.seal.Finish(t.Context()); err != nil {
				t.Error(err)
			}
		}
	}()
	for range 6 {
		dir, sum := w.toDir(t, w.begin(t, Filter{}))
		if sum.Size < 41 {
			t.Errorf("%+v", sum)
		}
		// An erasure in the tail is not proven yet; nothing else may be wrong.
		v := verify(t, dir, w.keys(t), 0, 2)
		for _, text := range v.CouldNotCheck {
			if !strings.Contains(text, "only events that are not sealed yet") {
				t.Error(text)
			}
		}
		r, err := Check(t.Context(), w.db, "acme", nil)
		if err != nil || !r.Sound {
			t.Fatalf("%v\n%s", err, wrap(r))
		}
	}
	cancel()
	<-done
}

// TestPackedEvents are in a copy as they were hashed, and are found sound.
func TestPackedEvents(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.record(t, 30)
	w.turn(t)
	w.queue(t)
	type row struct {
		id                 event.ID
		entry, disclosures ledger.Packed
	}
	rows, err := store.Collect(t.Context(), w.db, func(r *row) []any { return []any{&r.id, &r.entry, &r.disclosures} },
		`SELECT id, entry, disclosures FROM events WHERE project_id = 'acme'`)
	if err != nil {
		t.Fatal(err)
	}
	update := func(rows ...row) {
		storetest.Tamper(t, w.config, func(db *sql.DB) error {
			for _, r := range rows {
				_, err := db.ExecContext(t.Context(), `UPDATE events SET entry = $1, disclosures = $2 WHERE project_id = 'acme' AND id = $3`,
					r.entry, r.disclosures, r.id)
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	update(rows...)
	if r := w.check(t); !r.Sound || r.Checked.Events != 32 {
		t.Errorf("%s", wrap(r))
	}
	dir, _ := w.toDir(t, w.begin(t, Filter{}))
	verify(t, dir, w.keys(t), 0)
	// What begins like something that was packed, and is not.
	rows[5].entry, rows[6].disclosures = []byte{1, 2, 3}, []byte{1, 2, 3}
	update(rows[5], rows[6])
	if r := w.check(t); r.Counts[KindEntry] != 1 || r.Counts[KindDisclosure] != 1 {
		t.Errorf("%s", wrap(r))
	}
	if _, err := w.begin(t, Filter{}).Write(t.Context(), NewTarGz(io.Discard)); !fault.Is(err, "LogDamaged") {
		t.Errorf("a copy of what cannot be read: %v", err)
	}
}
