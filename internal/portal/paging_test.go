package portal

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sealog/sealog/internal/event"
)

// users returns which of the numbered users a page shows, in its order.
func (r reply) users(t *testing.T) (numbers []int) {
	t.Helper()
	for _, part := range strings.Split(r.body, "disabled user")[1:] {
		var n int
		if _, err := fmt.Sscanf(part, "%d@", &n); err != nil {
			t.Fatal(err)
		}
		numbers = append(numbers, n)
	}
	return numbers
}

func TestPagesByNumber(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.acme()
	const n = 2*pageSize + 10
	for i := range n {
		s.disable("acme", fmt.Sprintf("user%d@shop.example", i), event.Request{})
	}
	shows := func(page reply, first, last int, words ...string) reply {
		t.Helper()
		page.want(t, 200, words...)
		got := page.users(t)
		if len(got) != max(first, last)-min(first, last)+1 || got[0] != first || got[len(got)-1] != last {
			t.Fatalf("shows %v, want %d to %d", got, first, last)
		}
		return page
	}
	first := shows(b.get(logPath), n-1, n-50, "Events 1–50", "of 110", "of 3")
	second := shows(b.get(logPath+link(t, first.body, `rel="next"`)), n-51, n-100, "Events 51–100", `value="2"`)
	third := shows(b.get(logPath+link(t, second.body, `rel="next"`)), 9, 0, "Events 101–110", `value="3"`)
	if strings.Contains(third.body, `rel="next"`) || strings.Contains(third.body, "Last</a>") {
		t.Error("the last page leads on")
	}
	shows(b.get(logPath+link(t, third.body, `rel="prev"`)), n-51, n-100, "Events 51–100", `value="2"`)
	shows(b.get(logPath+link(t, second.body, `rel="prev"`)), n-1, n-50, "Events 1–50", `value="1"`)
	last := link(t, first.body[strings.Index(first.body, `rel="next"`)+20:], "btn")
	s.disable("acme", "late@shop.example", event.Request{})
	shows(b.get(logPath+last), 9, 0, "Events 101–110", "of 110", "1 newer event")
	// By number, in both orders, with filters that the counts cover and with others.
	until := "&until=" + url.QueryEscape(first.value(t, "until"))
	for _, more := range []string{"", "&q=type:user.*", "&q=outcome:succeeded", "&q=-ip:203.0.113.9"} {
		shows(b.get(logPath+"?page=2"+more+until), n-51, n-100, "Events 51–100")
		shows(b.get(logPath+"?page=3"+more+until), 9, 0, "Events 101–110")
		shows(b.get(logPath+"?order=oldest&page=2"+more+until), 50, 99, "Events 51–100")
		shows(b.get(logPath+"?order=oldest&page=3"+more+until), 100, 109, "Events 101–110")
	}
	// What does not exist.
	beyond := b.get(logPath+"?page=4"+until).want(t, http.StatusBadRequest, "There is no page 4; the last one is page 3.")
	shows(b.get(logPath+link(t, beyond.body, "page=3")), 9, 0)
	b.get(logPath+"?page=99999999999999"+until).want(t, http.StatusBadRequest, "There is no page with this number.")
	for _, bad := range []string{"0", "-1", "x", "1.5", "%00", "%ff"} {
		b.get(logPath+"?page="+bad).want(t, http.StatusBadRequest, "There is no page with this number.", "First page")
	}
	// A number that is not the cursor's is not believed.
	lied := link(t, first.body, `rel="next"`)
	if got := shows(b.get(logPath+strings.Replace(lied, "page=2", "page=3", 1)), n-51, n-100); strings.Contains(got.body, "Events 101") {
		t.Error("the page says that it is another")
	}
	bare := shows(b.get(logPath+strings.Replace(lied, "page=2", "", 1)), n-51, n-100)
	if strings.Contains(bare.body, `class="pager-range"`) {
		t.Error("nobody knows which page it is")
	}
}

// TestPagesThatAreNotCounted can be turned, and asked for by number, and say no more than they know.
func TestPagesThatAreNotCounted(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *Config) { c.countFor = time.Nanosecond })
	b := s.acme()
	for i := range pageSize + 5 {
		s.disable("acme", fmt.Sprintf("user%d@shop.example", i), event.Request{})
	}
	first := b.get(logPath).want(t, 200, "many events", "Events 1–50")
	if strings.Contains(first.body, `id="page"`) || strings.Contains(first.body, "Last</a>") {
		t.Error("nobody knows which page is the last")
	}
	b.get(logPath+link(t, first.body, `rel="next"`)).want(t, 200, "Events 51–55", "user0@shop.example")
	b.get(logPath+"?page=2").want(t, 200, "Events 51–55", "user0@shop.example")
	b.get(logPath+"?page=3").want(t, http.StatusBadRequest, "There is no page 3.", "First page")
}
