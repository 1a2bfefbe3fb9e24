package auditlog_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/sequencer"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
)

// history is a log of events spread over two months, some of which the counts know of and some not.
type history struct {
	db     *store.DB
	log    *auditlog.Reader
	rows   []auditlog.Row // all, newest first
	users  []event.ID
	actors []string
	random *rand.Rand
}

func keyActor(id string) event.By {
	return event.By{Actor: event.Actor{Type: event.AdminAPIKey, ID: id, Name: id}, Surface: event.ViaAdminAPI, Request: event.Request{ID: "r", IP: "203.0.113.9"}}
}

func newHistory(t *testing.T, seed uint64) *history {
	t.Helper()
	h := &history{random: rand.New(rand.NewPCG(seed, 1)), actors: []string{"operator", "key-1", "key-2"}}
	begin := time.Date(2026, 9, 29, 22, 58, 40, 0, time.UTC)
	var now atomic.Int64
	now.Store(begin.UnixMicro())
	db, _ := storetest.OpenWith(t, store.Config{Now: func() time.Time { return time.UnixMicro(now.Load()) }})
	storetest.Project(t, db, "acme")
	marks, err := sequencer.NewMarks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	sealing := sequencer.New(db, marks, slog.New(slog.DiscardHandler))
	for range 4 {
		h.users = append(h.users, event.NewID())
	}
	// An account's id looks like a user's, and the counts know it.
	h.actors = append(h.actors, h.users[0].String(), event.CodeActor(h.users[1]), event.NewID().String())
	const events = 300
	for i := range events {
		// Bursts within seconds, gaps of minutes and days.
		at := time.UnixMicro(now.Load())
		toTheMinute := at.Truncate(time.Minute).Add(time.Minute).Sub(at)
		step := []time.Duration{3 * time.Second, 90 * time.Second, 7 * time.Hour, 30 * time.Millisecond, toTheMinute}[h.random.IntN(5)]
		now.Add(step.Microseconds())
		h.event(t, db)
		if i == events*3/4 {
			if err := sealing.Finish(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	h.db, h.log = db, auditlog.New(db)
	size := auditlog.MaxPage
	for after := ""; ; {
		page, err := h.log.List(t.Context(), auditlog.Filter{Project: "acme"}, auditlog.Paging{First: &size, After: after})
		if err != nil {
			t.Fatal(err)
		}
		h.rows = append(h.rows, page.Rows...)
		if !page.HasNext {
			break
		}
		after = page.Rows[len(page.Rows)-1].Cursor()
	}
	if len(h.rows) != events+1 {
		t.Fatalf("%d events", len(h.rows))
	}
	return h
}

// event records one of a few kinds.
func (h *history) event(t *testing.T, db *store.DB) {
	t.Helper()
	user := h.users[h.random.IntN(len(h.users))]
	by := storetest.Operator()
	switch h.random.IntN(6) {
	case 0:
		by = keyActor("key-1")
	case 1:
		by = keyActor("key-2")
	case 2:
		by = event.By{Actor: event.Actor{Type: event.EndUser, ID: h.users[0].String()}, Surface: event.ViaUser}
	case 3:
		by = event.By{Actor: event.Actor{Type: event.EndUser, ID: event.CodeActor(h.users[1])}, Surface: event.ViaUser}
	case 4:
		by = keyActor(h.actors[5])
	}
	switch h.random.IntN(4) {
	case 0:
		record(t, db, by, event.InProject("acme"), event.ProjectAppRenamed{Name: "a"})
	case 1:
		record(t, db, by, event.AboutUser("acme", user), event.UserReenabled{User: event.UserObject{
			ID: user, StandardAttributes: fmt.Appendf(nil, `{"email":"%s@shop.example"}`, user), CustomAttributes: []byte(`{}`), Web3: []byte(`{}`),
			Roles: []string{}, Groups: []string{},
		}})
	case 2:
		record(t, db, by, event.AboutUser("acme", user), event.EmailSent{Sender: "no-reply@acme.example", Recipient: user.String() + "@mail.example", Message: "forgot-password"})
	default:
		refused := store.Refuse[event.UpdateUserExecuted](t.Context(), db, by, event.AboutUser("acme", user), errors.New("refused"))
		if refused == nil {
			t.Fatal("the refusal was swallowed")
		}
	}
}

// filter makes one up, and what it should choose. Each time references lead to few events or, as
// in a large log, to many, and walks to a page are short or long, and in one or in several parts.
func (h *history) filter() (auditlog.Filter, func(auditlog.Row) bool) {
	h.log = auditlog.New(h.db).Within([]int64{40, 1_000_000}[h.random.IntN(2)]).Few([]int{5, 100}[h.random.IntN(2)]).Walking([]int64{0, 10, 10_000}[h.random.IntN(3)]).
		Reaching([]auditlog.Span{0, auditlog.Minute, auditlog.Hour, auditlog.Day, auditlog.Month}[h.random.IntN(5)]).
		LeavingOut([]int64{0, 20, 100_000}[h.random.IntN(3)])
	f := auditlog.Filter{Project: "acme"}
	var all []func(auditlog.Row) bool
	must := func(test func(auditlog.Row) bool) { all = append(all, test) }
	maybe := func() bool { return h.random.IntN(3) == 0 }
	at := func() time.Time {
		t := h.rows[h.random.IntN(len(h.rows))].CreatedAt()
		switch h.random.IntN(4) {
		case 0:
			return t.Truncate(time.Minute)
		case 1:
			return t.Truncate(24 * time.Hour)
		}
		return t
	}
	if maybe() {
		f.Category = []event.Category{event.Users, event.Admin}[h.random.IntN(2)]
		must(func(r auditlog.Row) bool { return r.Category == f.Category })
	}
	if maybe() {
		f.From = at()
		must(func(r auditlog.Row) bool { return !r.CreatedAt().Before(f.From) })
	}
	if maybe() {
		f.To = at()
		must(func(r auditlog.Row) bool { return r.CreatedAt().Before(f.To) })
	}
	if maybe() {
		f.Outcomes = [][]event.Outcome{{event.Succeeded}, {event.Failed}, {event.Denied}, {event.Failed, event.Denied}}[h.random.IntN(4)]
		must(func(r auditlog.Row) bool { return slices.Contains(f.Outcomes, r.Outcome) })
	}
	kinds := []event.Type{"project.app.renamed", "user.reenabled", "email.sent", "admin_api.mutation.update_user.executed", "user.created"}
	if maybe() {
		f.Types = kinds[:1+h.random.IntN(len(kinds))]
		switch h.random.IntN(5) {
		case 0:
			f.Types = adminTypes()
		case 1:
			f.Types = slices.Concat(f.Types, adminTypes())
		case 2: // all types of a category
			f.Category, f.OtherTypes = event.Users, true
			f.Types = slices.DeleteFunc(event.ContractTypes(), func(t event.Type) bool { return event.CategoryOf(t) != event.Users })
			must(func(r auditlog.Row) bool { return r.Category == event.Users })
		}
		must(func(r auditlog.Row) bool {
			return slices.Contains(f.Types, r.Type) || f.OtherTypes && !r.Type.InContract()
		})
	}
	if maybe() {
		f.Actors = []string{h.actors[h.random.IntN(len(h.actors))], h.actors[h.random.IntN(len(h.actors))]}
		for i := range h.random.IntN(2) * 8 {
			f.Actors = append(f.Actors, fmt.Sprintf("nobody-%d", i))
		}
		must(func(r auditlog.Row) bool { return slices.Contains(f.Actors, r.ActorID) })
	}
	if maybe() {
		f.Users = slices.Clone(h.users[:1+h.random.IntN(3)])
		for range h.random.IntN(2) * 8 {
			f.Users = append(f.Users, event.NewID()) // of whom there is nothing
		}
		must(func(r auditlog.Row) bool { return slices.Contains(f.Users, r.User) })
	}
	mail := func(u event.ID) event.Ref {
		return event.Ref{Kind: event.RefRecipient, Value: u.String() + "@mail.example"}
	}
	sentTo := func(r auditlog.Row, users []event.ID) bool {
		return r.Type == "email.sent" && slices.Contains(users, r.User)
	}
	if maybe() {
		m := auditlog.Mention{Refs: []event.Ref{mail(h.users[1]), mail(h.users[2])}}
		if maybe() {
			m.Users = h.users[3:]
		}
		if maybe() {
			m.Actors = []string{h.actors[h.random.IntN(len(h.actors))], h.users[0].String()}
		}
		if maybe() && len(m.Actors) > 0 {
			m.Refs = nil
		}
		f.Mentions = append(f.Mentions, m)
		must(func(r auditlog.Row) bool {
			return len(m.Refs) > 0 && sentTo(r, h.users[1:3]) || slices.Contains(m.Users, r.User) || slices.Contains(m.Actors, r.ActorID)
		})
	}
	if h.random.IntN(6) == 0 {
		f.Not = auditlog.Exclusion{Types: kinds[:1], Users: h.users[:1], Actors: h.actors[:1], Outcomes: []event.Outcome{event.Denied}}
		if maybe() {
			f.Not.Refs = []event.Ref{mail(h.users[1])}
		}
		must(func(r auditlog.Row) bool {
			return r.Type != kinds[0] && r.User != h.users[0] && r.ActorID != h.actors[0] && r.Outcome != event.Denied &&
				(len(f.Not.Refs) == 0 || !sentTo(r, h.users[1:2]))
		})
	} else if maybe() {
		// One kind of exclusion alone, or two, which the counts may cover.
		switch h.random.IntN(7) {
		case 0:
			f.Not.Types = kinds[1:3]
			must(func(r auditlog.Row) bool { return !slices.Contains(f.Not.Types, r.Type) })
		case 1:
			f.Not.Actors = []string{h.actors[h.random.IntN(len(h.actors))]}
			must(func(r auditlog.Row) bool { return r.ActorID != f.Not.Actors[0] })
		case 2:
			f.Not.Users = h.users[:1+h.random.IntN(2)]
			must(func(r auditlog.Row) bool { return !slices.Contains(f.Not.Users, r.User) })
		case 3:
			f.Not.Refs = []event.Ref{mail(h.users[1])}
			must(func(r auditlog.Row) bool { return !sentTo(r, h.users[1:2]) })
		case 4:
			f.Not.Refs, f.Not.Users = []event.Ref{mail(h.users[1])}, h.users[2:3]
			must(func(r auditlog.Row) bool { return !sentTo(r, h.users[1:2]) && r.User != h.users[2] })
		case 5:
			f.Not.Types, f.Not.Actors = kinds[:1], h.actors[h.random.IntN(len(h.actors)):]
			must(func(r auditlog.Row) bool { return r.Type != kinds[0] && !slices.Contains(f.Not.Actors, r.ActorID) })
		default:
			f.Not.Outcomes = []event.Outcome{event.Succeeded}
			must(func(r auditlog.Row) bool { return r.Outcome != event.Succeeded })
		}
	}
	return f, func(r auditlog.Row) bool {
		for _, test := range all {
			if !test(r) {
				return false
			}
		}
		return true
	}
}

// TestReadingIsExact: whatever the filter, the total, every page and every place are those of
// looking at each event, also where some events are not counted yet, unless it would look at too many.
func TestReadingIsExact(t *testing.T) {
	t.Parallel()
	h := newHistory(t, 7)
	refused := 0
	for range 200 {
		f, chosen := h.filter()
		var want []auditlog.Row
		for _, r := range h.rows {
			if chosen(r) {
				want = append(want, r)
			}
		}
		n, err := h.log.Count(t.Context(), f)
		if fault.Is(err, "QueryTooBroad") {
			refused++
			continue
		}
		if err != nil || n != int64(len(want)) {
			t.Fatalf("%+v: %d events, want %d, %v", f, n, len(want), err)
		}
		list := func(p auditlog.Paging) auditlog.Page {
			page, err := h.log.List(t.Context(), f, p)
			if err != nil {
				t.Fatalf("%+v, %+v: %v", f, p, err)
			}
			if total, err := page.Total(t.Context()); err != nil || total != n {
				t.Fatalf("%+v, %+v: a page of %d events, want %d, %v", f, p, total, n, err)
			}
			return page
		}
		p := auditlog.Paging{Ascending: h.random.IntN(2) == 0}
		if p.Ascending {
			slices.Reverse(want)
		}
		place, size := -1, h.random.IntN(20)
		if h.random.IntN(4) == 0 { // from the end
			place = h.random.IntN(len(want) + 1)
			p.Last, p.Before = &size, base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "offset:%d", place))
			page := list(p)
			got, expected := ids(page.Rows), ids(want[max(0, place-size):place])
			if !slices.Equal(got, expected) || page.HasPrevious != (place > size) {
				t.Fatalf("%+v before %d, ascending %v: %d rows, want %d; more: %v", f, place, p.Ascending, len(got), len(expected), page.HasPrevious)
			}
			continue
		}
		p.First = &size
		if h.random.IntN(3) > 0 {
			place = h.random.IntN(len(want) + 3)
			p.After = base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "offset:%d", place))
		}
		page := list(p)
		rest := want[min(len(want), place+1):]
		got, expected := ids(page.Rows), ids(rest[:min(len(rest), size)])
		if !slices.Equal(got, expected) || page.HasNext != (len(rest) > size) {
			t.Fatalf("%+v after %d, ascending %v: %d rows, want %d; more: %v", f, place, p.Ascending, len(got), len(expected), page.HasNext)
		}
	}
	if refused == 0 || refused > 50 {
		t.Errorf("%d of 200 were refused", refused)
	}
}

// TestAggregatesAreExact compares timelines and rankings with looking at each event.
func TestAggregatesAreExact(t *testing.T) {
	t.Parallel()
	h := newHistory(t, 11)
	begin, end := h.rows[len(h.rows)-1].CreatedAt(), h.rows[0].CreatedAt()
	for _, category := range []event.Category{0, event.Users, event.Admin} {
		for _, outcomes := range [][]event.Outcome{nil, {event.Succeeded}} {
			r := auditlog.Range{Project: "acme", Category: category, Outcomes: outcomes, From: begin.Add(31 * time.Hour).Truncate(time.Minute), To: end.Truncate(time.Minute)}
			var in []auditlog.Row
			for _, row := range h.rows {
				if (category == 0 || row.Category == category) && (outcomes == nil || row.Outcome == event.Succeeded) &&
					!row.CreatedAt().Before(r.From) && row.CreatedAt().Before(r.To) {
					in = append(in, row)
				}
			}
			words := map[event.Category]string{event.Users: "users", event.Admin: "admin"}
			for by, value := range map[auditlog.Dimension]func(auditlog.Row) string{
				auditlog.ByType:     func(r auditlog.Row) string { return string(r.Type) },
				auditlog.ByCategory: func(r auditlog.Row) string { return words[r.Category] },
				auditlog.ByOutcome:  func(r auditlog.Row) string { return r.Outcome.String() },
			} {
				for _, span := range auditlog.Spans()[1:] {
					want := map[string]int64{}
					for _, row := range in {
						want[span.Start(row.CreatedAt()).String()+value(row)]++
					}
					bars, err := h.log.Histogram(t.Context(), r, span, by)
					if err != nil {
						t.Fatal(err)
					}
					got := map[string]int64{}
					for _, bar := range bars {
						for _, c := range bar.Counts {
							got[bar.Start.String()+c.Value] += c.Count
						}
					}
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("category %d, by %s and span %d (-want, +got):\n%s", category, by, span, diff)
					}
				}
			}
			for by, value := range map[auditlog.Dimension]func(auditlog.Row) string{
				auditlog.ByType: func(r auditlog.Row) string { return string(r.Type) },
				auditlog.ByActor: func(r auditlog.Row) string {
					if slices.Contains(h.actors[3:5], r.ActorID) {
						return "" // end users are not ranked
					}
					return r.ActorID
				},
			} {
				want := map[string]int64{}
				for _, row := range in {
					want[value(row)]++
				}
				delete(want, "")
				top, err := h.log.Top(t.Context(), r, by, 10)
				if err != nil {
					t.Fatal(err)
				}
				got := map[string]int64{}
				for i, c := range top {
					got[c.Value] = c.Count
					if i > 0 && top[i-1].Count < c.Count {
						t.Errorf("not ranked: %v", top)
					}
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("top by %s (-want, +got):\n%s", by, diff)
				}
			}
		}
	}
	bad := auditlog.Range{Project: "acme", From: begin, To: begin.AddDate(1, 0, 0)}
	if _, err := h.log.Histogram(t.Context(), bad, auditlog.Minute, auditlog.ByType); !fault.Is(err, "InvalidQuery") {
		t.Errorf("a timeline of a year of minutes: %v", err)
	}
}

// TestATooBroadQuery is refused before it runs, and says what would narrow it; what the counts
// cover, but for few events that it leaves out, or a narrower condition is not.
func TestATooBroadQuery(t *testing.T) {
	t.Parallel()
	h := newHistory(t, 3)
	about := 0
	for _, r := range h.rows {
		if r.User == h.users[0] {
			about++
		}
	}
	h.log = h.log.Within(150).LeavingOut(int64(about - 1))
	broad := auditlog.Filter{Project: "acme", Not: auditlog.Exclusion{Users: h.users[:1]}}
	narrow := broad
	narrow.From = h.rows[50].CreatedAt()
	renamed := broad
	renamed.Types = []event.Type{"project.app.renamed"}
	if n, err := h.log.LeavingOut(int64(about)).Count(t.Context(), broad); err != nil || n != int64(len(h.rows)-about) {
		t.Errorf("%d of %d events are not about a user, who has %d: %v", n, len(h.rows), about, err)
	}
	for name, c := range map[string]struct {
		f       auditlog.Filter
		refused bool
	}{
		"every event but those about a user": {broad, true},
		"the latest of them":                 {narrow, false},
		"of one type":                        {renamed, false},
		"every event":                        {auditlog.Filter{Project: "acme"}, false},
		"all but one type":                   {auditlog.Filter{Project: "acme", Not: auditlog.Exclusion{Types: renamed.Types}}, false},
	} {
		if _, err := h.log.List(t.Context(), c.f, auditlog.Paging{After: "no cursor"}); !fault.Is(err, "InvalidCursor") {
			t.Errorf("%s, after no cursor: %v", name, err)
		}
		_, listed := h.log.List(t.Context(), c.f, auditlog.Paging{})
		_, counted := h.log.Count(t.Context(), c.f)
		for _, err := range []error{listed, counted} {
			if fault.Is(err, "QueryTooBroad") != c.refused || (err != nil) != c.refused {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// TestTheTotalOfAUser: in a log of which not all can be looked at, what a user has is counted while it is
// found out whether that is too much, whichever outcomes are chosen of it.
func TestTheTotalOfAUser(t *testing.T) {
	t.Parallel()
	h := newHistory(t, 5)
	for _, user := range h.users {
		var has int64
		for _, r := range h.rows {
			if r.User == user {
				has++
			}
		}
		if has < 10 || has > int64(len(h.rows)/2) {
			t.Fatalf("the user has %d of %d events", has, len(h.rows))
		}
		for _, outcomes := range [][]event.Outcome{nil, {event.Succeeded}, {event.Failed, event.Denied}, event.Outcomes()} {
			f := auditlog.Filter{Project: "acme", Users: []event.ID{user}, Outcomes: outcomes}
			var want int64
			for _, r := range h.rows {
				if r.User == user && (outcomes == nil || slices.Contains(outcomes, r.Outcome)) {
					want++
				}
			}
			one := 1
			log := h.log.Within(has)
			n, err := log.Count(t.Context(), f)
			page, err2 := log.List(t.Context(), f, auditlog.Paging{First: &one})
			if err := errors.Join(err, err2); err != nil {
				t.Fatalf("outcomes %v: %v", outcomes, err)
			}
			total, err := page.Total(t.Context())
			if err != nil || n != want || total != want {
				t.Errorf("outcomes %v: counted %d, with a page %d, want %d, %v", outcomes, n, total, want, err)
			}
			log = h.log.Within(has - 1)
			n, counted := log.Count(t.Context(), f)
			page, listed := log.List(t.Context(), f, auditlog.Paging{First: &one})
			if outcomes != nil && !slices.Contains(outcomes, event.Succeeded) && counted == nil && listed == nil {
				// Attempts have an index of their own, in which there are few enough.
				if total, err := page.Total(t.Context()); err != nil || n != want || total != want {
					t.Errorf("outcomes %v, looked for among attempts: counted %d, with a page %d, want %d, %v", outcomes, n, total, want, err)
				}
				continue
			}
			if !fault.Is(counted, "QueryTooBroad") || !fault.Is(listed, "QueryTooBroad") {
				t.Errorf("outcomes %v, one more than may be looked at: %v, %v", outcomes, counted, listed)
			}
		}
	}
}

// TestAPageBehindAWholeMinute: an event that stands exactly on a minute, with the cursor on it, is
// counted in that minute and not on the page.
func TestAPageBehindAWholeMinute(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)
	var now atomic.Int64
	now.Store(noon.Add(-time.Hour).UnixMicro())
	db, _ := storetest.OpenWith(t, store.Config{Now: func() time.Time { return time.UnixMicro(now.Load()) }})
	storetest.Project(t, db, "acme")
	marks, err := sequencer.NewMarks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []time.Time{noon, noon.Add(time.Second), noon.Add(time.Hour)} {
		now.Store(at.UnixMicro())
		record(t, db, storetest.Operator(), event.InProject("acme"), event.ProjectAppRenamed{Name: "a"})
	}
	if err := sequencer.New(db, marks, slog.New(slog.DiscardHandler)).Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	log := auditlog.New(db).Walking(0)
	f := auditlog.Filter{Project: "acme", Types: []event.Type{event.ProjectAppRenamed{}.Type()}, Outcomes: []event.Outcome{event.Succeeded}}
	one, all := 1, []event.ID{}
	p := auditlog.Paging{First: &one, Ascending: true}
	for range 3 {
		page, err := log.List(t.Context(), f, p)
		if err != nil || len(page.Rows) != 1 || page.HasNext != (len(all) < 2) {
			t.Fatalf("%d rows after %d, more: %v, %v", len(page.Rows), len(all), page.HasNext, err)
		}
		all, p.After = append(all, page.Rows[0].ID), page.Rows[0].Cursor()
	}
	if !all[0].Time().Equal(noon) {
		t.Errorf("the first event is of %s", all[0].Time())
	}
}

// TestManyKeysAreWalked: what would take more parameters than an engine allows is not led by counts.
func TestManyKeysAreWalked(t *testing.T) {
	t.Parallel()
	h := newHistory(t, 5)
	h.log = h.log.Walking(0)
	f := auditlog.Filter{Project: "acme", Actors: h.actors, Outcomes: []event.Outcome{event.Failed, event.Failed, event.Denied}}
	for i := range 700 {
		f.Actors = append(f.Actors, fmt.Sprint("somebody-", i))
	}
	var want []event.ID
	for _, r := range h.rows {
		if slices.Contains(h.actors, r.ActorID) && r.Outcome != event.Succeeded {
			want = append(want, r.ID)
		}
	}
	page, err := h.log.List(t.Context(), f, auditlog.Paging{})
	if err != nil || !slices.Equal(ids(page.Rows), want[:min(len(want), auditlog.MaxPage)]) {
		t.Errorf("%d rows, want %d: %v", len(page.Rows), len(want), err)
	}
	if n, err := h.log.Count(t.Context(), f); err != nil || n != int64(len(want)) {
		t.Errorf("%d events, want %d: %v", n, len(want), err)
	}
	f.Outcomes = []event.Outcome{event.Failed, event.Failed, event.Failed}
	failed, err := h.log.Count(t.Context(), f)
	f.Outcomes = []event.Outcome{event.Denied}
	denied, err2 := h.log.Count(t.Context(), f)
	if err != nil || err2 != nil || failed+denied != int64(len(want)) {
		t.Errorf("%d failed and %d were denied of %d: %v, %v", failed, denied, len(want), err, err2)
	}
	f = auditlog.Filter{Project: "acme", Category: event.Users}
	for i := range 640 {
		f.Not.Refs = append(f.Not.Refs, event.Ref{Kind: event.RefRecipient, Value: fmt.Sprint("nobody-", i)})
	}
	if page, err := h.log.List(t.Context(), f, auditlog.Paging{}); err != nil || len(page.Rows) == 0 {
		t.Errorf("%d rows without what 640 mention: %v", len(page.Rows), err)
	}
	far := base64.RawURLEncoding.EncodeToString([]byte("offset:9223372036854775807"))
	if page, err := h.log.List(t.Context(), f, auditlog.Paging{After: far}); err != nil || len(page.Rows) != 0 {
		t.Errorf("%d rows after the last place that there can be: %v", len(page.Rows), err)
	}
}
