package auditlog_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
)

func record[P event.Payload[P]](t testing.TB, db *store.DB, by event.By, about event.Target, fact P) {
	t.Helper()
	_, err := store.Record(t.Context(), db, by, about, func(context.Context, *store.Tx) (P, error) { return fact, nil })
	if err != nil {
		t.Fatal(err)
	}
}

func by(actor string) event.By {
	b := storetest.Operator()
	b.Actor.ID, b.Actor.Name = actor, actor+"@acme.example"
	return b
}

func user(id event.ID, email string) event.UserObject {
	return event.UserObject{ID: id, StandardAttributes: json.RawMessage(`{"email":"` + email + `"}`),
		CustomAttributes: json.RawMessage(`{}`), Web3: json.RawMessage(`{}`), Roles: []string{}, Groups: []string{}}
}

var kim, lee = event.NewID(), event.NewID()

// fill records events of two users by two actors, some of which came to nothing.
func fill(t testing.TB, db *store.DB) {
	t.Helper()
	storetest.Project(t, db, "acme")
	storetest.Project(t, db, "other")
	for i := range 30 {
		actor, id, email := by("ann"), kim, "kim@shop.example"
		if i%3 == 0 {
			actor = by("bob")
		}
		if i%2 == 0 {
			id, email = lee, "lee@shop.example"
		}
		about := event.AboutUser("acme", id)
		switch i % 4 {
		case 0:
			record(t, db, actor, about, event.UserDisabled{User: user(id, email)})
		case 1:
			record(t, db, actor, about, event.SetDisabledStatusExecuted{User: user(id, email), IsDisabled: true})
		case 2:
			record(t, db, actor, event.InProject("acme"), event.ProjectDomainCreated{Domain: "acme.example", DomainID: "1"})
		case 3:
			err := store.Refuse[event.DeleteUserExecuted](t.Context(), db, actor, about, fault.New(fault.NotFound, "UserNotFound", "No."))
			if !fault.Is(err, "UserNotFound") {
				t.Fatal(err)
			}
		}
		record(t, db, actor, event.AboutUser("other", id), event.UserReenabled{User: user(id, email)})
	}
}

func ids(rows []auditlog.Row) []event.ID {
	all := []event.ID{}
	for _, r := range rows {
		all = append(all, r.ID)
	}
	return all
}

// all reads a whole project, oldest first, for the tests to compare with.
func all(t *testing.T, l *auditlog.Reader, project string) []auditlog.Row {
	t.Helper()
	page, err := l.List(t.Context(), auditlog.Filter{Project: project}, auditlog.Paging{Ascending: true})
	if err != nil || page.HasNext {
		t.Fatal(err, page.HasNext)
	}
	return page.Rows
}

// adminTypes are the types that the Admin API's enum has for administrators.
func adminTypes() []event.Type {
	return slices.DeleteFunc(event.ContractTypes(), func(t event.Type) bool { return event.CategoryOf(t) != event.Admin })
}

func TestFilters(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	fill(t, db)
	l := auditlog.New(db)
	every := all(t, l, "acme")
	middle := every[len(every)/2].CreatedAt()
	cases := []struct {
		name   string
		filter auditlog.Filter
		keep   func(auditlog.Row) bool
	}{
		{"all", auditlog.Filter{}, func(auditlog.Row) bool { return true }},
		{"users", auditlog.Filter{Category: event.Users}, func(r auditlog.Row) bool { return r.Category == event.Users }},
		{"admin", auditlog.Filter{Category: event.Admin}, func(r auditlog.Row) bool { return r.Category == event.Admin }},
		{"one type", auditlog.Filter{Types: []event.Type{"user.disabled"}}, func(r auditlog.Row) bool { return r.Type == "user.disabled" }},
		{"two types, twice", auditlog.Filter{Types: []event.Type{"user.disabled", "project.domain.created", "user.disabled"}},
			func(r auditlog.Row) bool { return r.Type == "user.disabled" || r.Type == "project.domain.created" }},
		{"every type", auditlog.Filter{Types: event.ContractTypes(), OtherTypes: true}, func(auditlog.Row) bool { return true }},
		{"other types", auditlog.Filter{OtherTypes: true}, func(r auditlog.Row) bool { return !r.Type.InContract() }},
		{"an unknown type", auditlog.Filter{Types: []event.Type{"no.such"}}, func(auditlog.Row) bool { return false }},
		{"succeeded", auditlog.Filter{Outcomes: []event.Outcome{event.Succeeded}}, func(r auditlog.Row) bool { return r.Outcome == event.Succeeded }},
		{"failed or denied", auditlog.Filter{Outcomes: []event.Outcome{event.Failed, event.Denied}}, func(r auditlog.Row) bool { return r.Outcome != event.Succeeded }},
		{"a user", auditlog.Filter{Users: []event.ID{kim}}, func(r auditlog.Row) bool { return r.User == kim }},
		{"both users", auditlog.Filter{Users: []event.ID{kim, lee}}, func(r auditlog.Row) bool { return !r.User.IsZero() }},
		{"what administrators do, among what users did", auditlog.Filter{Category: event.Users, Types: adminTypes()}, func(auditlog.Row) bool { return false }},
		{"what administrators do", auditlog.Filter{Types: adminTypes()}, func(r auditlog.Row) bool { return r.Category == event.Admin && r.Type.InContract() }},
		{"an actor", auditlog.Filter{Actors: []string{"bob"}}, func(r auditlog.Row) bool { return r.ActorID == "bob" }},
		{"from", auditlog.Filter{From: middle}, func(r auditlog.Row) bool { return !r.CreatedAt().Before(middle) }},
		{"to", auditlog.Filter{To: middle}, func(r auditlog.Row) bool { return r.CreatedAt().Before(middle) }},
		{"nothing left", auditlog.Filter{From: middle, To: middle}, func(auditlog.Row) bool { return false }},
		{"all at once", auditlog.Filter{Category: event.Admin, Actors: []string{"ann"}, Users: []event.ID{lee}, Outcomes: []event.Outcome{event.Succeeded}},
			func(r auditlog.Row) bool {
				return r.Category == event.Admin && r.ActorID == "ann" && r.User == lee && r.Outcome == event.Succeeded
			}},
	}
	for _, c := range cases {
		c.filter.Project = "acme"
		var want []event.ID
		for _, r := range every {
			if c.keep(r) {
				want = append(want, r.ID)
			}
		}
		page, err := l.List(t.Context(), c.filter, auditlog.Paging{Ascending: true})
		if err != nil {
			t.Fatal(err)
		}
		if got := ids(page.Rows); !slices.Equal(got, want) {
			t.Errorf("%s: %d rows, want %d", c.name, len(got), len(want))
		}
		if n, err := l.Count(t.Context(), c.filter); err != nil || n != int64(len(want)) {
			t.Errorf("%s: counted %d, %v; want %d", c.name, n, err, len(want))
		}
	}
}

// TestPaging compares every page with the same page cut from the whole list.
func TestPaging(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	fill(t, db)
	l := auditlog.New(db)
	every := all(t, l, "acme")
	rapid.Check(t, func(t *rapid.T) {
		rows := slices.Clone(every)
		p := auditlog.Paging{Ascending: rapid.Bool().Draw(t, "ascending")}
		if !p.Ascending {
			slices.Reverse(rows)
		}
		from, to := 0, len(rows)
		cursor := func(name string) (string, int) {
			at := rapid.IntRange(0, len(rows)-1).Draw(t, name)
			if rapid.Bool().Draw(t, name+" by offset") {
				return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "offset:%d", at)), at
			}
			return rows[at].Cursor(), at
		}
		if rapid.Bool().Draw(t, "has after") {
			p.After, from = cursor("after")
			from++
		}
		if rapid.Bool().Draw(t, "has before") {
			p.Before, to = cursor("before")
		}
		inside := rows[min(from, to):max(to, min(from, to))]
		if from > to {
			inside = nil
		}
		size := rapid.IntRange(0, 40).Draw(t, "size")
		want, next, previous := inside[:min(size, len(inside))], len(inside) > size, p.After != ""
		if rapid.Bool().Draw(t, "last") {
			p.Last = &size
			want, next, previous = inside[max(0, len(inside)-size):], p.Before != "", len(inside) > size
		} else {
			p.First = &size
		}
		page, err := l.List(context.Background(), auditlog.Filter{Project: "acme"}, p)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(ids(want), ids(page.Rows)); diff != "" {
			t.Fatalf("rows (-want +got):\n%s", diff)
		}
		if page.HasNext != next || page.HasPrevious != previous {
			t.Fatalf("has next %t, has previous %t; want %t, %t", page.HasNext, page.HasPrevious, next, previous)
		}
	})
}

func TestBadPaging(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	fill(t, db)
	l := auditlog.New(db)
	raw := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	one, minus, huge := 1, -1, 1<<30
	for name, c := range map[string]struct {
		paging auditlog.Paging
		code   string
	}{
		"both ends":        {auditlog.Paging{First: &one, Last: &one}, "InvalidQuery"},
		"negative first":   {auditlog.Paging{First: &minus}, "InvalidQuery"},
		"negative last":    {auditlog.Paging{Last: &minus}, "InvalidQuery"},
		"not base64":       {auditlog.Paging{After: "%"}, "InvalidCursor"},
		"padded":           {auditlog.Paging{After: raw("offset:1") + "="}, "InvalidCursor"},
		"another thing":    {auditlog.Paging{Before: raw("user:1")}, "InvalidCursor"},
		"negative offset":  {auditlog.Paging{After: raw("offset:-1")}, "InvalidCursor"},
		"offset of text":   {auditlog.Paging{After: raw("offset:x")}, "InvalidCursor"},
		"offset too large": {auditlog.Paging{After: raw("offset:99999999999999999999")}, "InvalidCursor"},
		"short id":         {auditlog.Paging{After: raw("id:00")}, "InvalidCursor"},
		"long id":          {auditlog.Paging{After: raw("id:" + strings.Repeat("0", 34))}, "InvalidCursor"},
		"id of text":       {auditlog.Paging{After: raw("id:" + strings.Repeat("x", 32))}, "InvalidCursor"},
	} {
		_, err := l.List(t.Context(), auditlog.Filter{Project: "acme"}, c.paging)
		if !fault.Is(err, c.code) {
			t.Errorf("%s: got %v, want %s", name, err, c.code)
		}
	}
	page, err := l.List(t.Context(), auditlog.Filter{Project: "acme"}, auditlog.Paging{First: &huge})
	if err != nil || len(page.Rows) > auditlog.MaxPage {
		t.Errorf("a huge page: %d rows, %v", len(page.Rows), err)
	}
	page, err = l.List(t.Context(), auditlog.Filter{Project: "acme"}, auditlog.Paging{After: raw("offset:100000")})
	if err != nil || len(page.Rows) != 0 || page.HasNext {
		t.Errorf("beyond the end: %d rows, %v", len(page.Rows), err)
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	storetest.Project(t, db, "acme")
	l := auditlog.New(db)
	ann := by("ann")
	about := event.AboutUser("acme", kim)
	record(t, db, ann, about, event.SetDisabledStatusExecuted{User: user(kim, "kim@shop.example"), IsDisabled: true})
	record(t, db, ann, about, event.SetDisabledStatusExecuted{User: user(kim, "kim@shop.example")})
	record(t, db, ann, event.InProject("acme"), event.ProjectAppSecretViewed{Secrets: []string{"adminAPISecrets", "smtpSecret"}})
	record(t, db, ann, about, event.UpdateUserExecuted{User: user(kim, "new@shop.example"), Original: user(kim, "kim@shop.example")})
	if err := store.Refuse[event.DeleteUserExecuted](t.Context(), db, ann, about, fault.New(fault.Denied, "RoleTooLow", "No.")); err == nil {
		t.Fatal("no error")
	}
	rows := all(t, l, "acme")[1:]
	want := []string{
		"ann@acme.example disabled the user kim@shop.example",
		"ann@acme.example enabled the user kim@shop.example",
		"ann@acme.example viewed the secrets adminAPISecrets, smtpSecret",
		"ann@acme.example updated the attributes of new@shop.example",
		"ann@acme.example was denied: user deleted",
	}
	for i, r := range rows {
		s, err := r.Summary()
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Actor + " " + s.Action; got != want[i] {
			t.Errorf("got  %q\nwant %q", got, want[i])
		}
	}
	changes, err := rows[3].Changes()
	if err != nil {
		t.Fatal(err)
	}
	wantChanges := []auditlog.Change{{Path: "/standard_attributes/email", Old: json.RawMessage(`"kim@shop.example"`), New: json.RawMessage(`"new@shop.example"`)}}
	if diff := cmp.Diff(wantChanges, changes); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

func TestSameRequest(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	storetest.Project(t, db, "acme")
	l := auditlog.New(db)
	one, two := by("ann"), by("ann")
	one.Request.ID, two.Request.ID = "one", "two"
	for _, b := range []event.By{one, two, one} {
		record(t, db, b, event.InProject("acme"), event.ProjectDomainCreated{})
	}
	rows := all(t, l, "acme")
	same, err := l.SameRequest(t.Context(), rows[1])
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]event.ID{rows[1].ID, rows[3].ID}, ids(same)); diff != "" {
		t.Error(diff)
	}
}

func TestAnUnknownTypeIsKeptAndShown(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	fill(t, db)
	// As a newer version would have left it.
	_, err := store.Record(t.Context(), db, by("ann"), event.InProject("acme"), func(ctx context.Context, tx *store.Tx) (event.ProjectDomainCreated, error) {
		_, err := tx.Exec(ctx, `
			INSERT INTO events (project_id, id, category, type, outcome, actor_id, entry, disclosures)
			SELECT project_id, $1, 2, 'starship_launched', 1, actor_id, entry, disclosures FROM events WHERE project_id = 'acme' AND type = '`+event.Type("project.domain.created").Code()+`' LIMIT 1`,
			event.Floor(time.Now()))
		return event.ProjectDomainCreated{}, err
	})
	if err != nil {
		t.Fatal(err)
	}
	l := auditlog.New(db)
	page, err := l.List(t.Context(), auditlog.Filter{Project: "acme", Types: []event.Type{"starship_launched"}}, auditlog.Paging{})
	if err != nil || len(page.Rows) != 1 {
		t.Fatal(len(page.Rows), err)
	}
	s, err := page.Rows[0].Summary()
	if err != nil || s.Action != "did: Starship launched" {
		t.Errorf("%q, %v", s.Action, err)
	}
	if data, err := page.Rows[0].Data(); err != nil || !json.Valid(data) || !strings.Contains(string(data), `"type":"starship_launched"`) {
		t.Errorf("%s, %v", data, err)
	}
}

func TestReadsAreRecordedOnceAnHour(t *testing.T) {
	t.Parallel()
	now := time.Now().Truncate(time.Hour)
	db, _ := storetest.OpenWith(t, store.Config{Now: func() time.Time { return now }})
	storetest.Project(t, db, "acme")
	first, second := auditlog.NewReads(db), auditlog.NewReads(db) // two processes
	flush := func() {
		t.Helper()
		for _, r := range []*auditlog.Reads{first, second} {
			if err := r.Record(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 3 {
		first.Note(by("ann"), "acme", "portal", auditlog.OfLog)
		second.Note(by("ann"), "acme", "portal", auditlog.OfLog)
		flush()
	}
	first.Note(by("ann"), "acme", "admin_api", auditlog.OfLog)
	first.Note(by("bob"), "acme", "portal", auditlog.OfLog)
	first.Note(by("bob"), "acme", "portal", auditlog.OfUsers)
	flush()
	now = now.Add(time.Hour)
	second.Note(by("ann"), "acme", "portal", auditlog.OfLog)
	flush()
	flush()
	second.Note(by("ann"), "acme", "portal", auditlog.OfLog)
	if err := second.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range all(t, auditlog.New(db), "acme")[1:] {
		data, err := r.Data()
		if err != nil {
			t.Fatal(err)
		}
		var said struct {
			Payload struct {
				Surface string
				Count   int
			}
		}
		if err := json.Unmarshal(data, &said); err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprint(r.Type, " ", r.ActorID, " ", said.Payload.Surface, " ", said.Payload.Count))
	}
	want := []string{
		// The first of the hour at once; then how many more there were in each process.
		"audit_log.read ann portal 1", "audit_log.read ann portal 2", "audit_log.read ann portal 3",
		"audit_log.read ann admin_api 1", "audit_log.read bob portal 1", "project.users.read bob portal 1",
		"audit_log.read ann portal 1", "audit_log.read ann portal 1",
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("recorded %v", got)
	}
}
