package query_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/query"
	"github.com/sealog/sealog/internal/sequencer"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
)

func record[P event.Payload[P]](t *testing.T, db *store.DB, by event.By, about event.Target, fact P) {
	t.Helper()
	_, err := store.Record(t.Context(), db, by, about, func(context.Context, *store.Tx) (P, error) { return fact, nil })
	if err != nil {
		t.Fatal(err)
	}
}

func userObject(id event.ID, attributes string) event.UserObject {
	return event.UserObject{ID: id, StandardAttributes: json.RawMessage(attributes),
		CustomAttributes: json.RawMessage(`{}`), Web3: json.RawMessage(`{}`), Roles: []string{}, Groups: []string{}}
}

// world is a log with one event a day from 2026-11-01 on, at noon in UTC.
type world struct {
	log    *auditlog.Reader
	labels map[event.ID]string
	ids    map[string]event.ID
}

// The people of the world.
var (
	kim, lee   = event.NewID(), event.NewID()
	opsAccount = event.NewID().String()
	leeAccount = event.NewID().String()
	opsSession = event.NewID().String()
)

const ciKey = "01930000-0000-7000-8000-0000000000ee"

func newWorld(t *testing.T) *world {
	t.Helper()
	var now atomic.Int64
	now.Store(time.Date(2026, 10, 31, 12, 0, 0, 0, time.UTC).UnixMicro())
	db, _ := storetest.OpenWith(t, store.Config{Now: func() time.Time { return time.UnixMicro(now.Load()) }})
	storetest.Project(t, db, "acme")
	marks, err := sequencer.NewMarks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w := &world{log: auditlog.New(db), labels: map[event.ID]string{}, ids: map[string]event.ID{}}
	w.read(t, "begun")

	from := func(a event.Actor, via event.Surface, ip string) event.By {
		return event.By{Actor: a, Surface: via, Request: event.Request{ID: "r", IP: ip}}
	}
	ops := from(event.Actor{Type: event.Account, ID: opsAccount, Name: "ops@acme.example", SessionID: opsSession}, event.ViaPortal, "203.0.113.9")
	other := from(event.Actor{Type: event.Account, ID: leeAccount, Name: "lee@acme.example"}, event.ViaPortal, "2001:db8::1")
	key := from(event.Actor{Type: event.AdminAPIKey, ID: ciKey, Name: "Nightly build"}, event.ViaAdminAPI, "203.0.113.9")
	job := from(event.Actor{Type: event.System, ID: "system:schedule", Name: "Sealog (schedule)"}, event.ViaSystem, "")
	self := from(event.Actor{Type: event.EndUser, ID: kim.String()}, event.ViaUser, "198.51.100.7")
	aboutKim, aboutLee, project := event.AboutUser("acme", kim), event.AboutUser("acme", lee), event.InProject("acme")
	refused := func(err error) {
		t.Helper()
		if err == nil {
			t.Fatal("the refusal was swallowed")
		}
	}
	for _, e := range []struct {
		label  string
		happen func()
	}{
		{"created", func() {
			record(t, db, ops, aboutKim, event.CreateUserExecuted{User: userObject(kim, `{"email":"kim@shop.example","preferred_username":"Kim"}`)})
		}},
		{"mailed", func() {
			record(t, db, job, aboutKim, event.EmailSent{Sender: "no-reply@acme.example", Recipient: "Kim@Shop.example", Message: "forgot-password"})
		}},
		{"signed in", func() {
			record(t, db, self, aboutKim, event.UserReenabled{User: userObject(kim, `{"phone_number":"+41445550101"}`)})
		}},
		{"renamed", func() { record(t, db, key, project, event.ProjectAppRenamed{Name: "a"}) }},
		{"denied", func() {
			refused(store.Refuse[event.UpdateUserExecuted](t.Context(), db, other, aboutKim, fault.New(fault.Denied, "Forbidden", "No.")))
		}},
		{"failed", func() {
			refused(store.Refuse[event.DeleteUserExecuted](t.Context(), db, key, aboutLee, fault.New(fault.NotFound, "UserNotFound", "No.")))
		}},
		{"domain", func() {
			record(t, db, storetest.Operator(), project, event.ProjectDomainCreated{Domain: "acme.example", DomainID: "1"})
		}},
		{"disabled", func() {
			record(t, db, ops, aboutLee, event.UserDisabled{User: userObject(lee, `{"email":"lee@shop.example"}`)})
		}},
	} {
		now.Add((24 * time.Hour).Microseconds())
		e.happen()
		w.read(t, e.label)
		if e.label == "failed" { // what comes after is not derived yet
			if err := sequencer.New(db, marks, slog.New(slog.DiscardHandler)).Finish(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	return w
}

// read gives the newest event its label.
func (w *world) read(t *testing.T, label string) {
	t.Helper()
	one := 1
	page, err := w.log.List(t.Context(), auditlog.Filter{Project: "acme"}, auditlog.Paging{First: &one})
	if err != nil || len(page.Rows) != 1 {
		t.Fatal(page, err)
	}
	if old, ok := w.labels[page.Rows[0].ID]; ok {
		t.Fatalf("%s is %s", label, old)
	}
	w.labels[page.Rows[0].ID], w.ids[label] = label, page.Rows[0].ID
}

// search returns the labels of what is found, oldest first, and holds that Count agrees.
func (w *world) search(t *testing.T, base auditlog.Filter, text string) string {
	t.Helper()
	q, err := query.Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	base.Project = "acme"
	names := func(ctx context.Context, name string) ([]string, error) { return w.log.ActorsNamed(ctx, "acme", name) }
	f, err := q.Filter(t.Context(), base, time.Date(2026, 11, 8, 18, 0, 0, 0, time.UTC), time.UTC, names)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	page, err := w.log.List(t.Context(), f, auditlog.Paging{Ascending: true})
	if err != nil {
		t.Fatalf("%.100s: %v", text, err)
	}
	var found []string
	for _, row := range page.Rows {
		found = append(found, w.labels[row.ID])
	}
	if n, err := w.log.Count(t.Context(), f); err != nil || n != int64(len(found)) {
		t.Errorf("%.100s: %d are counted and %d found, %v", text, n, len(found), err)
	}
	return strings.Join(found, ", ")
}

const everything = "begun, created, mailed, signed in, renamed, denied, failed, domain, disabled"

func TestSearch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct{ text, want string }{
		{"", everything},
		{"actor:ops@acme.example", "created, disabled"},
		{"actor:OPS@acme.example", "created, disabled"},
		{"actor:" + opsAccount, "created, disabled"},
		{`actor:"nightly build",system:schedule`, "mailed, renamed, failed"},
		{"actor:operator", "begun, domain"},
		{"-actor:ops@acme.example,operator -actor:system:schedule", "signed in, renamed, denied, failed"},
		{"actor:nobody@acme.example", ""},
		{"actor:" + kim.String(), "signed in"},
		{"user:" + kim.String(), "created, mailed, signed in, denied"},
		{"user:" + strings.ToUpper(lee.String()), "failed, disabled"},
		{"user:kim@shop.example", "created, mailed"},
		{"user:KIM", "created"},
		{`user:"+41 44 555 01 01"`, "signed in"},
		{"user:kim@shop.example," + lee.String(), "created, mailed, failed, disabled"},
		{"-user:" + kim.String(), "begun, renamed, failed, domain, disabled"},
		{"-user:kim@shop.example", "begun, signed in, renamed, denied, failed, domain, disabled"},
		{"type:project.*", "begun, renamed, domain"},
		{"type:PROJECT_DOMAIN_CREATED,user.disabled", "domain, disabled"},
		{"type:project.* -type:project.domain.*", "begun, renamed"},
		{"-type:project.*,user.*,audit_log.*", "created, mailed, denied, failed"},
		{"type:project.* type:user.*", ""},
		{"outcome:denied", "denied"},
		{"-outcome:succeeded", "denied, failed"},
		{"outcome:succeeded -outcome:succeeded", ""},
		{"category:users", "mailed, signed in, disabled"},
		{"-category:users", "begun, created, renamed, denied, failed, domain"},
		{"category:users,admin", everything},
		{"-category:users,admin", ""},
		{"created:2026-11-03", "signed in"},
		{"created:2026-11-03T12:00", "signed in"},
		{"created:2026-11-03T13:00+01:00", "signed in"},
		{"created:2026-11-03..2026-11-05", "signed in, renamed, denied"},
		{"created:2026-11-03T12:30..2026-11-05T12:00", "renamed"},
		{"created:..2026-11-01", "begun, created"},
		{"created:yesterday", "domain"},
		{"created:today", "disabled"},
		{"created:yesterday..today", "domain, disabled"},
		{"created:-1d", "disabled"},
		{"created:-30h", "domain, disabled"},
		{"created:-36h..-24h", "domain"},
		{"-created:-2d", "begun, created, mailed, signed in, renamed, denied, failed"},
		{"-created:..2026-11-06 -created:today", "domain"},
		{"created:2026-11-05..2026-11-03", ""},
		{"id:" + w.ids["denied"].String(), "denied"},
		{"id:" + w.ids["denied"].String() + "," + strings.ToUpper(w.ids["disabled"].String()), "denied, disabled"},
		{"recipient:Kim@Shop.example", "mailed"},
		{"recipient:kim@shop.example", ""},
		{"email:KIM@shop.example", "created, mailed"},
		{"email:kim@shop.example,lee@shop.example", "created, mailed, disabled"},
		{"email:kim@shop.example email:lee@shop.example", ""},
		{"-email:kim@shop.example user:" + kim.String(), "signed in, denied"},
		{"phone:+41-44-555-01-01", "signed in"},
		{"username:kim", "created"},
		{"ip:203.0.113.9", "created, renamed, failed, disabled"},
		{"ip:2001:0db8:0::1", "denied"},
		{"ip:203.0.113.9 -session:" + opsSession, "renamed, failed"},
		{"session:" + opsSession, "created, disabled"},
		{"key:" + ciKey, "renamed, failed"},
		{"domain:ACME.example", "domain"},
		{"kim@shop.example", "created, mailed"},
		{"2001:db8::1", "denied"},
		{`"+41 44 555 01 01"`, "signed in"},
		{"acme.example", "domain"},
		{"ops@acme.example", "created, disabled"},
		{kim.String(), "created, mailed, signed in, denied"},
		{ciKey, "renamed, failed"},
		{opsSession, "created, disabled"},
		{w.ids["failed"].String(), "failed"},
		{"203.0.113.9 ops@acme.example", "created, disabled"},
		{"203.0.113.9 -ops@acme.example", "renamed, failed"},
		{"-" + kim.String(), "begun, renamed, failed, domain, disabled"},
		{"acme.example,2001:db8::1", "denied, domain"},
		{"nothing of the kind", ""},
		{`actor:ops@acme.example type:admin_api.* -outcome:failed created:-4w ip:203.0.113.9 "kim@shop.example"`, "created"},
	} {
		if got := w.search(t, auditlog.Filter{}, c.text); got != c.want {
			t.Errorf("%s\n finds %s\n  want %s", c.text, got, c.want)
		}
	}
}

// TestSearchInAPage: the query only ever narrows what a page shows.
func TestSearchInAPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	day := func(d int) time.Time { return time.Date(2026, 11, d, 0, 0, 0, 0, time.UTC) }
	for _, c := range []struct {
		base       auditlog.Filter
		text, want string
	}{
		{auditlog.Filter{Category: event.Users}, "category:admin", ""},
		{auditlog.Filter{Category: event.Users}, "user:" + kim.String(), "mailed, signed in"},
		{auditlog.Filter{From: day(5)}, "created:..2026-11-06", "denied, failed"},
		{auditlog.Filter{From: day(5), To: day(6)}, "created:2026-11-01..", "denied"},
		{auditlog.Filter{From: day(5)}, "created:2026-11-01", ""},
		{auditlog.Filter{Outcomes: []event.Outcome{event.Succeeded}}, "outcome:denied", ""},
		{auditlog.Filter{Users: []event.ID{lee}}, "user:" + kim.String(), ""},
		{auditlog.Filter{Users: []event.ID{lee}}, "-user:" + lee.String(), ""},
		{auditlog.Filter{Actors: []string{opsAccount, ciKey}}, "actor:ops@acme.example", "created, disabled"},
		{auditlog.Filter{Types: []event.Type{"user.disabled", "email.sent"}}, "-type:user.*", "mailed"},
		{auditlog.Filter{OtherTypes: true}, "type:project.app.renamed,project.domain.created", "renamed"},
		{auditlog.Filter{OtherTypes: true}, "-type:project.*", ""},
		{auditlog.Filter{OtherTypes: true}, "-type:user.*", "renamed"},
		{auditlog.Filter{Mentions: []auditlog.Mention{{Users: []event.ID{kim}}}}, "ip:203.0.113.9", "created"},
		{auditlog.Filter{Not: auditlog.Exclusion{Users: []event.ID{kim}}}, "-user:" + lee.String(), "begun, renamed, domain"},
	} {
		if got := w.search(t, c.base, c.text); got != c.want {
			t.Errorf("%s within %+v\n finds %s\n  want %s", c.text, c.base, got, c.want)
		}
	}
}

// TestLongLists: as many values as there may be are answered.
func TestLongLists(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var values []string
	for i := range query.MaxValues - 1 {
		values = append(values, fmt.Sprintf("user-%d@a.b", i))
	}
	list := strings.Join(values, ",")
	for _, c := range []struct{ text, want string }{
		{"email:kim@shop.example," + list, "created, mailed"},
		{"actor:operator," + list, "begun, domain"},
		{"-user:kim@shop.example," + list, "begun, signed in, renamed, denied, failed, domain, disabled"},
		{"-kim@shop.example," + list, "begun, signed in, renamed, denied, failed, domain, disabled"},
		{"id:" + w.ids["failed"].String() + strings.Repeat(","+w.ids["failed"].String(), 100), "failed"},
		{strings.Repeat("-type:email.* ", query.MaxTerms-1) + "category:users", "signed in, disabled"},
	} {
		if got := w.search(t, auditlog.Filter{}, c.text); got != c.want {
			t.Errorf("%.60s…\n finds %s\n  want %s", c.text, got, c.want)
		}
	}
}
