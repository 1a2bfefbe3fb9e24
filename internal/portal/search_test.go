package portal

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sealog/sealog/internal/event"
)

const logPath = "/projects/acme/audit-log"

// found returns how many rows a page of the log has.
func (r reply) found() int { return strings.Count(r.body, `class="sentence"`) }

func searching(q string, more ...string) string {
	v := url.Values{"q": {q}}
	for i := 0; i < len(more); i += 2 {
		v.Set(more[i], more[i+1])
	}
	return logPath + "?" + v.Encode()
}

func TestSearch(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.acme()
	kim := s.disable("acme", "kim@shop.example", event.Request{IP: "203.0.113.9"})
	s.disable("acme", "lee@shop.example", event.Request{IP: "203.0.113.10"})
	if err := s.sealing.Finish(t.Context()); err != nil { // names are known from then on
		t.Fatal(err)
	}
	for q, want := range map[string]int{
		"kim@shop.example":                      1,
		"ip:203.0.113.10":                       1,
		"-ip:203.0.113.10":                      1,
		"type:user.* created:-7d":               2,
		"type:user.* created:..-7d":             0,
		"user:" + kim.String():                  1,
		`actor:"key 0b7fae5e"`:                  2,
		`-actor:"Key 0b7fae5e"`:                 0,
		"outcome:denied":                        0,
		"outcome:succeeded kim@shop.example":    1,
		"lee@shop.example ip:203.0.113.9":       0,
		"created:2020-01-01..2020-02-01":        0,
		"lee@shop.example created:2020-01-01..": 1,
	} {
		if got := b.get(searching(q)).want(t, 200).found(); got != want {
			t.Errorf("%s finds %d, want %d", q, got, want)
		}
	}
	// It holds beside the filter, and goes wherever the filter goes.
	page := b.get(searching("  TYPE:USER_DISABLED   kim@shop.example ", "outcome", "succeeded")).want(t, 200,
		`<span class="text-truncate">type:user.disabled kim@shop.example</span>`, `value="TYPE:USER_DISABLED   kim@shop.example"`, "1 event<")
	b.get(logPath+link(t, page.body, `class="chip"`)).want(t, 200, "2 events")
	poll := pollOf(t, page.body)
	b.asks(poll).want(t, http.StatusNoContent)
	s.disable("acme", "lee@shop.example", event.Request{})
	b.asks(poll).want(t, http.StatusNoContent)
	s.disable("acme", "kim@shop.example", event.Request{})
	hint := b.asks(poll).want(t, stopPolling)
	b.get(link(t, hint.body, "btn")).want(t, 200, "2 events", "type:user.disabled kim@shop.example")
	detail := b.get(link(t, page.body, `class="sentence"`)).want(t, 200)
	if back := link(t, detail.body[strings.Index(detail.body, `class="back"`):], "href"); !strings.Contains(back, "q=TYPE") {
		t.Errorf("the event leads back to %s", back)
	}
	table := b.post(logPath+"/export/table", "tab", "users", "q", "lee@shop.example", "format", "csv").want(t, 200)
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(table.body, "\ufeff"))).ReadAll()
	if err != nil || len(rows) != 3 {
		t.Errorf("%d rows in the table, %v", len(rows), err)
	}
	b.post(logPath+"/export/table", "q", "actr:kim", "format", "csv").want(t, http.StatusBadRequest, "FilterMalformed")
	// What a search finds in the other tab only.
	other := b.get(searching("type:admin_api.*")).want(t, 200, "No activity in the selected range.", "in the other tab: 4 events")
	b.get(logPath+link(t, other.body, "btn btn-primary")).want(t, 200, "4 events")
	b.get(logPath+"?q=type:user.*&tab=admin&type=project.app.created").want(t, 200, "in the other tab: 4 events")
}

func TestAMistakeInASearch(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.acme()
	s.disable("acme", "kim@shop.example", event.Request{})
	page := b.get(searching("kim@shop.example <b> -type:user.disabld", "outcome", "failed")).want(t, http.StatusBadRequest,
		"<code>kim@shop.example &lt;b&gt; <mark>-type:user.disabld</mark></code>", "did you mean user.disabled?",
		`value="kim@shop.example &lt;b&gt; -type:user.disabld"`, `<option value="failed" selected`)
	if page.found() != 0 {
		t.Error("a search that is not understood finds something")
	}
	mended, err := url.ParseQuery(strings.TrimPrefix(link(t, page.body[strings.Index(page.body, `class="mistake"`):], "btn"), "?"))
	if err != nil || mended.Get("q") != "kim@shop.example <b> -type:user.disabled" || mended.Get("outcome") != "failed" {
		t.Errorf("it is mended to %v", mended)
	}
	if got := b.get(searching("created:soon")).want(t, http.StatusBadRequest, "is no time"); strings.Contains(got.body, "Search for&nbsp;") {
		t.Error("it is mended")
	}
	b.get(searching(strings.Repeat("x", 5000))).want(t, http.StatusBadRequest, "at most 4,096 bytes")
	for _, bad := range []string{"%00", "a%00b", "%ff"} {
		b.get(logPath+"?q="+bad).want(t, http.StatusBadRequest, "no text")
		b.get(logPath+"/newer?q="+bad).want(t, http.StatusBadRequest)
	}
}

func TestSuggestions(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.acme()
	ask := func(q string, at int) (all []suggestion) {
		t.Helper()
		got := b.get(fmt.Sprintf("%s/suggest?%s", logPath, url.Values{"q": {q}, "at": {fmt.Sprint(at)}}.Encode())).want(t, 200)
		if err := json.Unmarshal([]byte(got.body), &all); err != nil {
			t.Fatal(err)
		}
		return all
	}
	if got := ask("", 0); len(got) < 10 || got[0].Line != "actor:" || got[0].At != 6 {
		t.Errorf("at the beginning: %v", got)
	}
	// Two units of JavaScript, four bytes.
	want := []suggestion{{Word: "outcome:", About: "succeeded, failed or denied", Line: "🦊 outcome: kim", At: 11}}
	if diff := cmp.Diff(want, ask("🦊 outc kim", 7)); diff != "" {
		t.Error(diff)
	}
	want = []suggestion{{Word: "denied", About: "it was not allowed", Line: "-outcome:denied ", At: 16}}
	if diff := cmp.Diff(want, ask("-outcome:d", 10)); diff != "" {
		t.Error(diff)
	}
	want = []suggestion{{Word: `"Key 0b7fae5e"`, About: "Admin API key", Line: `-actor:"Key 0b7fae5e" `, At: 22}}
	s.disable("acme", "kim@shop.example", event.Request{})
	s.seal()
	if diff := cmp.Diff(want, ask("-actor:key", 10)); diff != "" {
		t.Error(diff)
	}
	if got := ask(`"kim `, 5); len(got) != 0 {
		t.Errorf("inside of quotation marks: %v", got)
	}
	s.account("stranger@acme.example", false)
	s.signedIn("stranger@acme.example").get(logPath+"/suggest?q=").want(t, http.StatusNotFound, "ProjectNotFound")
}
