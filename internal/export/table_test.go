package export

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/store"
)

// table writes a table and reads it again, as lines by column.
func (w *world) table(t *testing.T, format Format, f auditlog.Filter) []map[string]string {
	t.Helper()
	f.Project = "acme"
	table, err := BeginTable(t.Context(), w.db, auditlog.New(w.db), ann(), ViaPortal, format, f)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	n, err := table.Write(t.Context(), &out)
	if err != nil {
		t.Fatal(err)
	}
	var lines []map[string]string
	if format == CSV {
		text, ok := strings.CutPrefix(out.String(), "\ufeff")
		if !ok || strings.Count(text, "\n") != strings.Count(text, "\r\n") {
			t.Error("CSV without a byte order mark or with other line ends than CRLF")
		}
		cells, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range cells[1:] {
			line := map[string]string{}
			for i, cell := range row {
				line[cells[0][i]] = cell
			}
			lines = append(lines, line)
		}
	} else {
		for text := range bytes.Lines(out.Bytes()) {
			var line tableLine
			decoder := json.NewDecoder(bytes.NewReader(text))
			decoder.DisallowUnknownFields()
			if err := decoder.Decode(&line); err != nil {
				t.Fatal(err)
			}
			cells := map[string]string{}
			for i, cell := range line.cells() {
				cells[header[i]] = cell
			}
			lines = append(lines, cells)
		}
	}
	if int(n) != len(lines) {
		t.Errorf("%d lines, and %d were told", len(lines), n)
	}
	return lines
}

// TestTables writes more than a page of events in both formats.
func TestTables(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.record(t, 250)
	w.turn(t)
	record(t, w, ann(), event.AboutUser("acme", user(1)), event.UserDisabled{User: event.UserObject{
		ID: user(1), StandardAttributes: json.RawMessage(`{"email":"=cmd()@shop.example","name":"<b>\n"}`),
		CustomAttributes: json.RawMessage(`{}`), Web3: json.RawMessage(`{}`), Roles: []string{}, Groups: []string{},
	}})
	w.turn(t)
	for _, filter := range []auditlog.Filter{
		{},
		{Category: event.Admin},
		{Types: []event.Type{"user.created", "user.disabled"}, From: time.Date(2026, time.November, 28, 12, 0, 0, 0, time.UTC)},
		{Outcomes: []event.Outcome{event.Failed}, Actors: []string{"operator"}},
		{Mentions: []auditlog.Mention{{Refs: []event.Ref{{Kind: event.RefEmail, Value: email(3)}}}}},
	} {
		wide, lines := w.table(t, CSV, filter), w.table(t, NDJSON, filter)
		// The second table has the event of the first one too, when the filter lets it through.
		lines = lines[len(lines)-len(wide):]
		filter.Project = "acme"
		n, err := auditlog.New(w.db).Count(t.Context(), filter)
		if err != nil || len(wide) < int(n)-1 || len(wide) == 0 {
			t.Errorf("%s: %d lines, want %d, %v", words(filter), len(wide), n, err)
		}
		for i := range wide {
			for column, cell := range lines[i] {
				if got := wide[i][column]; got != harmless(cell) {
					t.Errorf("%s: CSV has %q, NDJSON %q", column, got, cell)
				}
			}
			id, err := event.ParseID(lines[i]["event_id"])
			if err != nil {
				t.Fatal(err)
			}
			row, err := auditlog.New(w.db).Get(t.Context(), "acme", id)
			if err != nil {
				t.Fatal(err)
			}
			data, err := row.Data()
			if err != nil || string(data) != lines[i]["data"] || moment(id.Time()) != lines[i]["time"] || strconv.FormatInt(row.Position, 10) != lines[i]["position"] && row.Position >= 0 {
				t.Errorf("%v: %s, %v", lines[i], data, err)
			}
			if i > 0 && lines[i-1]["time"] <= lines[i]["time"] {
				t.Error("not the newest first")
			}
		}
	}
	disabled := w.table(t, CSV, auditlog.Filter{Types: []event.Type{"user.disabled"}})[0]
	disabled["data"] = ""
	want := map[string]string{
		"time": disabled["time"], "actor": "ann@acme.example", "actor_type": "account", "actor_id": ann().Actor.ID,
		"action": "disabled =cmd()@shop.example", "type": "user.disabled", "title": "User disabled", "target": "'=cmd()@shop.example",
		"user_id": user(1).String(), "outcome": "succeeded", "error_code": "", "ip": "192.0.2.7", "user_agent": "Mozilla/5.0",
		"client_id": "portal", "request_id": "req-1", "position": "251", "event_id": disabled["event_id"], "data": "",
	}
	if w.db.Engine().Queues() { // ids and positions may differ in their order
		want["position"] = disabled["position"]
	}
	if diff := cmp.Diff(want, disabled); diff != "" {
		t.Error(diff)
	}
	failed := w.table(t, NDJSON, auditlog.Filter{Outcomes: []event.Outcome{event.Failed}})[0]
	if failed["error_code"] != "UserNotFound" || failed["outcome"] != "failed" {
		t.Errorf("an attempt: %v", failed)
	}
}

// TestNoCellIsAFormula has what spreadsheets take for one.
func TestNoCellIsAFormula(t *testing.T) {
	t.Parallel()
	for cell, want := range map[string]string{
		"":                    "",
		"kim":                 "kim",
		"kim=1":               "kim=1",
		"0-1":                 "0-1",
		"{\"id\":\"=1\"}":     "{\"id\":\"=1\"}",
		"=cmd|' /C calc'!A0":  "'=cmd|' /C calc'!A0",
		"+1":                  "'+1",
		"-1":                  "'-1",
		"@SUM(A1)":            "'@SUM(A1)",
		"\t=1":                "'\t=1",
		"\tkim":               "'\tkim",
		"\rkim":               "'\rkim",
		"\n=1":                "'\n=1",
		" =1":                 "' =1",
		" kim":                " kim",
		"\"=1":                "'\"=1",
		"'=1":                 "''=1",
		"' \"  -1":            "'' \"  -1",
		"'kim":                "'kim",
		"\u00a0=1":            "'\u00a0=1",
		"\u3000=1":            "'\u3000=1",
		"\ufeff=1":            "'\ufeff=1",
		"＝1":                  "'＝1",
		"＋1":                  "'＋1",
		"－1":                  "'－1",
		"＠SUM(A1)":            "'＠SUM(A1)",
		"2026-11-28T09:00:00": "2026-11-28T09:00:00",
	} {
		got := harmless(cell)
		if got != want {
			t.Errorf("%q: %q, want %q", cell, got, want)
		}
		// As the package's documentation says how to take it off again.
		back := got
		if rest, ok := strings.CutPrefix(got, "'"); ok && beginsFormula(rest) {
			back = rest
		}
		if back != cell {
			t.Errorf("%q comes back as %q", cell, back)
		}
	}
}

// TestCellsFitASpreadsheet: what Excel would drop is cut visibly.
func TestCellsFitASpreadsheet(t *testing.T) {
	t.Parallel()
	id := event.NewID()
	for name, c := range map[string]struct {
		cell string
		cut  bool
	}{
		"short":              {"kim", false},
		"as long as can be":  {strings.Repeat("x", 32_767), false},
		"one more":           {strings.Repeat("x", 32_768), true},
		"many bytes":         {strings.Repeat("ü", 32_767), false},
		"surrogate pairs":    {strings.Repeat("😀", 16_383), false},
		"too many pairs":     {strings.Repeat("😀", 16_384), true},
		"much":               {strings.Repeat("😀x", 1<<20), true},
		"a formula and long": {harmless("=" + strings.Repeat("x", 32_766)), true},
	} {
		got := fitting(c.cell, id)
		if n := len(utf16.Encode([]rune(got))); n > 32_767 || !utf8.ValidString(got) {
			t.Errorf("%s: %d characters", name, n)
		}
		if c.cut != strings.HasSuffix(got, "[cut, see event "+id.String()+"]") || !c.cut && got != c.cell {
			t.Errorf("%s: ends with %.80q", name, got[max(0, len(got)-80):])
		}
	}
}

// TestColumnsAreThoseOfBothFormats: the names in CSV are those in JSON, in their order.
func TestColumnsAreThoseOfBothFormats(t *testing.T) {
	t.Parallel()
	var tags []string
	for f := range reflect.TypeFor[tableLine]().Fields() {
		tags = append(tags, f.Tag.Get("json"))
	}
	if diff := cmp.Diff(header, tags); diff != "" {
		t.Error(diff)
	}
	if n := len((tableLine{}).cells()); n != len(header) {
		t.Errorf("%d cells", n)
	}
}

// breaking is a stream that breaks after some bytes.
type breaking struct{ left int }

var errBroken = errors.New("broken pipe")

// Write implements io.Writer.
func (b *breaking) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, errBroken
	}
	return len(p), nil
}

// TestATableThatBreaksOff says so, whether the reader of it went away or the database did.
func TestATableThatBreaksOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.record(t, 150)
	for _, format := range []Format{CSV, NDJSON} {
		begin := func() *Table {
			table, err := BeginTable(t.Context(), w.db, auditlog.New(w.db), ann(), ViaPortal, format, auditlog.Filter{Project: "acme"})
			if err != nil {
				t.Fatal(err)
			}
			return table
		}
		for _, left := range []int{0, 1, 10, 20000} {
			if _, err := begin().Write(t.Context(), &breaking{left}); !errors.Is(err, errBroken) {
				t.Errorf("%s after %d bytes: %v", format, left, err)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		out := &cancelling{cancel: cancel}
		if n, err := begin().Write(ctx, out); !errors.Is(err, context.Canceled) || n != 100 {
			t.Errorf("%s: %d lines, %v", format, n, err)
		}
		table := begin()
		if _, err := table.Write(t.Context(), &bytes.Buffer{}); err != nil {
			t.Error(err)
		}
		if n, err := table.Write(t.Context(), &bytes.Buffer{}); !errors.Is(err, errWritten) || n != 0 {
			t.Errorf("%s twice: %d, %v", format, n, err)
		}
	}
	if _, err := BeginTable(t.Context(), w.db, auditlog.New(w.db), ann(), ViaPortal, "xlsx", auditlog.Filter{Project: "acme"}); !fault.Is(err, "FormatUnknown") {
		t.Errorf("an unknown format: %v", err)
	}
	exported := func(outcomes string) int64 {
		n, err := store.Column[int64](t.Context(), w.db, `SELECT count(*) FROM events WHERE project_id = 'acme' AND type = '`+event.Type("audit_log.exported").Code()+`' AND outcome `+outcomes)
		if err != nil {
			t.Fatal(err)
		}
		return n[0]
	}
	w.turn(t)
	before := exported("= 1")
	_, err := BeginTable(t.Context(), w.db, auditlog.New(w.db).Within(1), ann(), ViaPortal, CSV,
		auditlog.Filter{Project: "acme", OtherTypes: true})
	if !fault.Is(err, "QueryTooBroad") {
		t.Errorf("too broad: %v", err)
	}
	if n := exported("= 1"); n != before {
		t.Errorf("what was not taken away stands as taken: %d events, %d before", n, before)
	}
	if n := exported("<> 1"); n != 2 {
		t.Errorf("%d attempts", n)
	}
}

// cancelling takes the context away when a page of lines has come.
type cancelling struct {
	lines  int
	cancel func()
}

// Write implements io.Writer.
func (c *cancelling) Write(p []byte) (int, error) {
	if c.lines += bytes.Count(p, []byte("\n")); c.lines >= 100 {
		c.cancel()
	}
	return len(p), nil
}

// TestAFilterInWords says every part of a filter.
func TestAFilterInWords(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, time.November, 28, 10, 0, 0, 1000, time.FixedZone("", 3600))
	f := auditlog.Filter{
		Project: "acme", Category: event.Users, Types: []event.Type{"user.created"}, OtherTypes: true, From: at, To: at.Add(time.Hour),
		Users: []event.ID{user(1)}, Actors: []string{"operator"}, Outcomes: []event.Outcome{event.Failed, event.Denied},
		Mentions: []auditlog.Mention{{Events: []event.ID{user(4)}, Users: []event.ID{user(2)}, Actors: []string{"bob"}, Refs: []event.Ref{{Kind: event.RefEmail, Value: email(1)}}}},
		Not: auditlog.Exclusion{
			Types: []event.Type{"user.disabled"}, Users: []event.ID{user(3)}, Actors: []string{"ann"}, Outcomes: []event.Outcome{event.Succeeded},
			Refs: []event.Ref{{Kind: event.RefIP, Value: "192.0.2.7"}},
		},
	}
	want := "users activities; types user.created; types that the Admin API has no name for; from 2026-11-28T09:00:00.000001Z; " +
		"before 2026-11-28T10:00:00.000001Z; users " + user(1).String() + "; actors operator; outcomes failed, denied; about, by or mentioning " +
		user(4).String() + ", " + user(2).String() + ", bob, email (not recorded); not of the types user.disabled; not about the users " + user(3).String() +
		"; not by the actors ann; not with the outcomes succeeded; not mentioning ip (not recorded)"
	if got := words(f); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	// A part that is added to the filter has to be said too.
	for _, of := range []reflect.Value{reflect.ValueOf(f), reflect.ValueOf(f.Mentions[0]), reflect.ValueOf(f.Not)} {
		for i := range of.NumField() {
			if field := of.Type().Field(i); field.IsExported() && of.Field(i).IsZero() {
				t.Errorf("the test does not set %s.%s: say it in words, and set it here", of.Type().Name(), field.Name)
			}
		}
	}
	if got := words(auditlog.Filter{Project: "acme"}); got != "" {
		t.Errorf("no filter: %s", got)
	}
	if got := words(auditlog.Filter{Project: "acme", Mentions: []auditlog.Mention{{}}}); got != "none at all" {
		t.Errorf("a filter for nothing: %s", got)
	}
}
