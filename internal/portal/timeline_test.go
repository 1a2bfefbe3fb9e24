package portal

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sealog/sealog/internal/event"
)

func (b browser) timeline(query string) timelineAnswer {
	b.t.Helper()
	var a timelineAnswer
	got := b.get(logPath+"/timeline?"+query).want(b.t, 200)
	if err := json.Unmarshal([]byte(got.body), &a); err != nil {
		b.t.Fatal(err)
	}
	if n := len(a.Starts) - 1; n > 2*mostBars {
		b.t.Errorf("%s has %d bars", query, n)
	}
	sum := int64(0)
	for _, s := range a.Series {
		for i, n := range s.Counts {
			sum += n
			if i >= len(a.Starts)-1 {
				b.t.Errorf("%s has a bar without a beginning", query)
			}
		}
	}
	if sum != a.Total {
		b.t.Errorf("%s has %d events in its bars and says %d", query, sum, a.Total)
	}
	return a
}

func (a timelineAnswer) names() string {
	var names []string
	for _, s := range a.Series {
		names = append(names, s.Name)
	}
	return strings.Join(names, ", ")
}

func TestTimeline(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.acme()
	if got := b.timeline("tab=users"); got.Total != 0 || len(got.Starts) == 0 {
		t.Errorf("an empty tab has %+v", got)
	}
	for range 7 {
		s.disable("acme", "kim@shop.example", event.Request{})
	}
	b.post("/projects/acme/audit-log/export/table", "format", "xls").want(t, 422)
	got := b.timeline("tab=admin")
	if got.names() != "succeeded, failed" || got.Total != 9 || got.Step != "minute" || got.Note != "" {
		t.Errorf("the timeline is %+v", got)
	}
	if got := b.timeline("tab=admin&by=type"); !strings.HasPrefix(got.names(), event.TitleOf("admin_api.mutation.set_disabled_status.executed")+", ") || got.Series[0].Colour != "type-1" {
		t.Errorf("by type it is %+v", got)
	}
	// What of the filter it knows, and that it says what not.
	for _, c := range []struct {
		query string
		total int64
		note  string
	}{
		{"tab=admin&outcome=failed", 1, ""},
		{"tab=admin&q=-outcome:succeeded", 1, ""},
		{"tab=admin&q=outcome:succeeded+-outcome:succeeded", 9, "rest of the filter is not applied"},
		{"tab=admin&by=type&type=project.app.created", 1, ""},
		{"tab=admin&by=type&q=-type:project.*", 8, ""},
		{"tab=admin&type=project.app.created", 9, "types are not applied"},
		{"tab=admin&q=kim@shop.example", 9, "rest of the filter is not applied"},
		{"tab=admin&actor_id=nobody&by=type", 9, "rest of the filter is not applied"},
		{"tab=users&q=category:admin", 7, "not applied"},
		{"tab=admin&to=2020-01-01T00:00", 0, ""},
		{"tab=admin&from=2035-01-01T00:00", 0, ""},
		{"tab=admin&until=2020-01-01T00:00:00Z", 0, ""},
	} {
		if got := b.timeline(c.query); got.Total != c.total || !strings.Contains(got.Note, c.note) || (c.note == "") != (got.Note == "") {
			t.Errorf("%s: %d events, want %d; note %q", c.query, got.Total, c.total, got.Note)
		}
	}
	for query, want := range map[string]string{
		"from=2026-03-01T00:00&to=2026-03-01T01:00": "minute", "from=2026-03-01T00:00&to=2026-03-01T10:00": "5 minutes",
		"from=2026-03-01T00:00&to=2026-03-02T00:00": "15 minutes", "from=2026-03-01T00:00&to=2026-03-04T00:00": "hour",
		"from=2026-03-01T00:00&to=2026-03-31T00:00": "6 hours", "from=2026-01-01T00:00&to=2026-03-31T00:00": "day",
		"from=2025-01-01T00:00&to=2026-12-31T00:00": "week", "from=1970-01-01T00:00&to=2026-12-31T00:00": "month",
	} {
		// Months are more than other bars, and still few.
		if got := b.get(logPath+"/timeline?tab=admin&"+query).want(t, 200); !strings.Contains(got.body, `"step":"`+want+`"`) && want != "month" {
			t.Errorf("%s has bars of %.200s, want %s", query, got.body, want)
		}
	}
	b.get(logPath+"/timeline?q=actr:kim").want(t, http.StatusBadRequest, "FilterMalformed")
	page := b.get(logPath+"?tab=admin").want(t, 200, `data-timeline="/projects/acme/audit-log/timeline?`, "uPlot.min.css")
	if strings.Contains(page.body, "Zoom out") {
		t.Error("there is nothing to zoom out of")
	}
	zoomed := b.get(logPath+"?tab=admin&page=1&q=kim%40shop.example&from=2026-01-01T00:00").want(t, 200)
	if out := link(t, zoomed.body[strings.Index(zoomed.body, `id="timeline"`):], "btn"); out != "?q=kim%40shop.example&tab=admin" {
		t.Errorf("zooming out leads to %s", out)
	}
}

func TestTheOverviewLooksBackAsFarAsThePlanDoes(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.projects.Plans = testPlans // 30 days
	b := s.acme()
	now := time.Now()
	for _, query := range []string{"tab=admin", "tab=admin&from=2020-01-01T00:00"} {
		got := b.timeline(query)
		if from := time.Unix(got.From, 0); now.Sub(from) > 30*24*time.Hour+time.Minute {
			t.Errorf("%s begins at %s", query, from)
		}
	}
	s.later = 40 * 24 * time.Hour // what there is can be read no more
	if got := b.timeline("tab=admin&from=2020-01-01T00:00"); got.Total != 0 {
		t.Errorf("%d events of what cannot be read", got.Total)
	}
	if got := b.get(logPath+"/top?tab=admin").want(t, 200, "None in this time."); strings.Contains(got.body, "<li>") {
		t.Errorf("the lists have what cannot be read: %s", got.body)
	}
}

func TestTopLists(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.acme()
	for range 3 {
		s.disable("acme", "kim@shop.example", event.Request{})
	}
	b.post("/projects/acme/settings/name", "name", "Acme Two").want(t, http.StatusSeeOther)
	if err := s.sealing.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	top := b.get(logPath+"/top?tab=admin&q=created:-7d&page=3&until="+url.QueryEscape(time.Now().UTC().Add(time.Minute).Format(time.RFC3339))).want(t, 200,
		"Key 0b7fae5e (API key)", ownerEmail, `class="top-count">3<`)
	name := event.TitleOf("admin_api.mutation.set_disabled_status.executed")
	only := link(t, top.body, `title="`+name+`"`)
	if only != "?q=created%3A-7d&tab=admin&type=admin_api.mutation.set_disabled_status.executed" {
		t.Errorf("a type leads to %s", only)
	}
	b.get(logPath+only).want(t, 200, "3 events")
	b.get(logPath+link(t, top.body, `title="Leave out `+name+`"`)).want(t, 200, "-type:admin_api.mutation.set_disabled_status.executed", "2 events")
	b.get(logPath+link(t, top.body, `title="Key 0b7fae5e (API key)"`)).want(t, 200, "3 events")
	without := link(t, top.body, `title="Leave out Key 0b7fae5e (API key)"`)
	b.get(logPath+without).want(t, 200, "-actor:0b7fae5e-7a6d-4b2c-9f6e-6a1f3e5f0001", "2 events")
	// What is left out is left out of the lists as well, as far as they can.
	again := b.get(logPath+"/top"+without).want(t, 200, "Of all events of this tab")
	if strings.Contains(again.body, "Key 0b7fae5e") {
		t.Error("an actor who is left out stands in the list")
	}
	b.get(logPath+"/top?user=kim").want(t, http.StatusBadRequest)
	s.account("stranger@acme.example", false)
	x := s.signedIn("stranger@acme.example")
	x.get(logPath+"/top").want(t, http.StatusNotFound, "ProjectNotFound")
	x.get(logPath+"/timeline").want(t, http.StatusNotFound, "ProjectNotFound")
}
