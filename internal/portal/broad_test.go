package portal

import (
	"net/http"
	"strings"
	"testing"

	"github.com/sealog/sealog/internal/event"
)

func TestASearchThatIsTooBroad(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *Config) { c.Log = c.Log.Within(5) })
	b := s.acme()
	for range 6 {
		s.disable("acme", "kim@shop.example", event.Request{IP: "203.0.113.9"})
	}
	if err := s.sealing.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.get(searching("created:-7d")).want(t, 200, "6 events")
	// What leaves out little is counted by what it leaves out.
	b.get(searching("-ip:203.0.113.10 created:-7d")).want(t, 200, "6 events")
	page := b.get(searching("-ip:203.0.113.9", "tab", "admin")).want(t, http.StatusTooManyRequests,
		"This would look at about", "The last day", "The last 7 days", `value="-ip:203.0.113.9"`, "Users Activities")
	if strings.Contains(page.body, "QueryTooBroad") {
		t.Error("it is an error page")
	}
	ways := page.body[strings.Index(page.body, `class="ways"`):]
	if day := link(t, ways, "btn"); !strings.Contains(day, "q=-ip%3A203.0.113.9+created%3A-1d") {
		t.Errorf("the last day is %s", day)
	}
	created := link(t, ways, "type=project.app.created")
	b.get(logPath+created).want(t, 200, "1 event<", "created the project")
	// Of a time that is over, the last days are those of that time.
	old := b.get(searching("-ip:203.0.113.9", "tab", "admin", "to", "2035-03-04T12:00", "from", "2020-01-01T00:00")).want(t, http.StatusTooManyRequests)
	if day := link(t, old.body[strings.Index(old.body, `class="ways"`):], "btn"); strings.Contains(day, "created") {
		t.Logf("the time is not over yet: %s", day)
	}
	// More groups than can be looked for.
	many := strings.Repeat("kim@shop.example ", 21)
	b.get(searching(many)).want(t, http.StatusTooManyRequests, "This is more than a search can look for.", "at most 20")
}

func TestRoughly(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{
		999: "999", 12_345: "12\u202f000", 1_000_000: "1 million", 3_280_000: "3.2 million", 12_999_999: "12 million",
	} {
		if got := roughly(n); got != want {
			t.Errorf("%d is %s, want %s", n, got, want)
		}
	}
}
