package e2e

import (
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// troubles are what a tab's browser complains of: exceptions, and what the policy forbids.
type troubles struct {
	mu  sync.Mutex
	all []string // guarded by mu
}

func (c *troubles) add(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, text)
}

// listen gathers troubles until the tab is closed.
func (c *troubles) listen(b *tab) {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, runtime.Enable, struct{}{}); err != nil {
		b.t.Fatal(err)
	}
	if _, err := chromedp.Call(b.ctx, log.Enable, struct{}{}); err != nil {
		b.t.Fatal(err)
	}
	go func() {
		for e, err := range chromedp.Events(b.ctx, runtime.ExceptionThrown) {
			if err != nil {
				return
			}
			c.add(fmt.Sprintf("%+v", e.ExceptionDetails))
		}
	}()
	go func() {
		for e, err := range chromedp.Events(b.ctx, log.EntryAdded) {
			if err != nil {
				return
			}
			if strings.Contains(e.Entry.Text, "Content Security Policy") {
				c.add(e.Entry.Text)
			}
		}
	}()
}

// createUsers makes users with the usernames user<from> … user<to-1>, five in a call.
func createUsers(t *testing.T, srv *server, token string, from, to int) {
	t.Helper()
	for i := from; i < to; i += 5 {
		var ignored any
		var doc strings.Builder
		for j := i; j < min(i+5, to); j++ {
			fmt.Fprintf(&doc, `m%d: createUser(input: {definition: {loginID: {key: "username", value: "user%d"}}}) { user { id } } `, j, j)
		}
		srv.graphql(t, token, "mutation {"+doc.String()+"}", nil).into(t, &ignored)
	}
}

// is waits until an expression holds in the page.
func (b *tab) is(expression string) {
	b.t.Helper()
	for deadline := time.Now().Add(15 * time.Second); ; {
		ok, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))
		if err == nil && ok {
			return
		}
		if time.Now().After(deadline) {
			b.shot("failed")
			b.t.Fatalf("at %s: not %s (%v)", b.location(), expression, err)
		}
		b.do(chromedp.Sleep(30 * time.Millisecond))
	}
}

// value returns what a field holds.
func (b *tab) value(id string) string {
	b.t.Helper()
	text, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](fmt.Sprintf("document.getElementById(%q).value", id)))
	if err != nil {
		b.t.Fatal(err)
	}
	return text
}

// fitsAPhone checks that nothing of a page is wider than a phone.
func (b *tab) fitsAPhone(name string) {
	b.t.Helper()
	b.do(chromedp.EmulateViewport(390, 844), chromedp.Sleep(300*time.Millisecond))
	wide, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > innerWidth`))
	if err != nil || wide {
		b.t.Errorf("%s is wider than the phone (%v)", b.location(), err)
	}
	b.shot(name)
	b.do(chromedp.EmulateViewport(1280, 900))
}

// pressed presses a key that a script answers. One that is sent from outside types its character
// too, whatever the script says, since the two are sent apart; so this one is the page's own.
func (b *tab) pressed(key string) {
	b.t.Helper()
	b.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(
		`document.activeElement.dispatchEvent(new KeyboardEvent("keydown", {key: %q, bubbles: true, cancelable: true})); 0`, key)))
}

// swipe drags a finger from one place to another, level.
func (b *tab) swipe(from, to, y float64) {
	b.t.Helper()
	finger := func(kind input.DispatchTouchEventType, at ...float64) {
		points := []*input.TouchPoint{}
		for _, x := range at {
			points = append(points, &input.TouchPoint{X: x, Y: y})
		}
		if _, err := chromedp.Call(b.ctx, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: kind, TouchPoints: points}); err != nil {
			b.t.Fatal(err)
		}
	}
	finger(input.DispatchTouchEventTypeTouchStart, from)
	for i := range 5 {
		finger(input.DispatchTouchEventTypeTouchMove, from+(to-from)*float64(i+1)/5)
	}
	finger(input.DispatchTouchEventTypeTouchEnd)
}

// TestBrowsing looks for events in a browser: by a search, on the timeline, by page.
func TestBrowsing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	srv := s.start(t)
	b := newTab(t, srv)
	var heard troubles
	heard.listen(b)
	b.open(srv.setup())
	b.fill(map[string]string{"email": email, "password": password, "password_again": password, "id": "acme", "name": "Acme Shop"})
	b.follow("main form button[type=submit]")
	token := s.key(t, "acme").token(t)
	createUsers(t, srv, token, 0, 130)

	// Written with suggestions, by keys alone.
	b.open("/projects/acme/audit-log?tab=admin")
	b.pressed("/")
	b.is(`document.activeElement.id === "q" && document.querySelectorAll(".suggestion").length > 5`)
	b.shot("suggested-keys")
	b.do(chromedp.KeyEvent("typ"))
	b.is(`document.querySelectorAll(".suggestion").length === 1 && document.getElementById("q").getAttribute("aria-expanded") === "true"`)
	b.do(chromedp.KeyEvent(kb.ArrowDown))
	b.is(`document.getElementById(document.getElementById("q").getAttribute("aria-activedescendant")).textContent.startsWith("type:")`)
	b.pressed("Enter")
	b.do(chromedp.KeyEvent("create_user.ex"))
	b.is(`document.querySelectorAll(".suggestion").length === 1`)
	b.shot("suggested-types")
	b.do(chromedp.KeyEvent(kb.Tab))
	if got := b.value("q"); got != "type:admin_api.mutation.create_user.executed " {
		t.Errorf("the line holds %q", got)
	}
	b.do(chromedp.KeyEvent(kb.Tab))
	b.is(`document.activeElement.type === "submit"`) // nobody is kept in the line
	b.do(chromedp.Focus(chromedp.CSS("#q")))
	b.do(chromedp.KeyEvent("outc"))
	b.is(`document.querySelectorAll(".suggestion").length === 1`)
	b.do(chromedp.KeyEvent(kb.Escape))
	b.is(`document.getElementById("q-suggestions").hidden`)
	for range len("outc") {
		b.do(chromedp.KeyEvent(kb.Backspace))
	}
	b.do(chromedp.KeyEvent(kb.Enter))
	b.waits("130 events")
	b.sees("type:admin_api.mutation.create_user.executed")
	b.shot("found")

	// Who acted is offered by name.
	b.open("/projects/acme/audit-log?tab=admin")
	b.do(chromedp.Focus(chromedp.CSS("#q")), chromedp.KeyEvent("-actor:OPS"))
	b.is(`document.querySelectorAll(".suggestion").length === 1`)
	b.shot("suggested-actors")
	b.do(chromedp.KeyEvent(kb.Tab))
	if got := b.value("q"); got != "-actor:"+email+" " {
		t.Errorf("the line holds %q", got)
	}

	// A mistake, and what was meant.
	b.open("/projects/acme/audit-log?tab=users&q=user130+type%3Auser.craeted")
	b.sees("did you mean user.created?", "Nothing was looked for")
	b.shot("mistake")
	b.fitsAPhone("mistake-phone")
	b.do(chromedp.Click(chromedp.CSS(".mistake a")))
	b.waits("No activity in the selected range.")
	b.open("/projects/acme/audit-log?tab=admin&q=type%3Auser.created")
	b.sees("What you search for stands in the other tab: 130 events.")
	b.do(chromedp.Click(chromedp.CSS(".empty a.btn")))
	b.waits("130 events until")

	// The timeline: a stretch that is dragged over is the filter's time.
	b.open("/projects/acme/audit-log?tab=users&q=outcome%3Asucceeded")
	b.is(`document.getElementById("timeline").dataset.state === "drawn" && document.querySelector("#timeline canvas")`)
	b.is(`document.querySelectorAll(".top-list li").length > 0`)
	b.shot("timeline")
	area, err := chromedp.Run(b.ctx, chromedp.Evaluate[struct{ X, Y, W, H float64 }](
		`(() => { const r = document.querySelector("#timeline .u-over").getBoundingClientRect(); return {X: r.x, Y: r.y, W: r.width, H: r.height}; })()`))
	if err != nil {
		t.Fatal(err)
	}
	b.do(chromedp.DragAndDropXY(area.X+area.W/2, area.Y+area.H/2, area.X+area.W-2, area.Y+area.H/2, 8))
	b.is(`location.search.includes("from=") && location.search.includes("to=") && location.search.includes("tz=") && document.querySelector(".chips")`)
	at, err := url.Parse(b.location())
	if q := at.Query(); err != nil || q.Get("tab") != "users" || q.Get("q") != "outcome:succeeded" || q.Get("from") >= q.Get("to") || !regexp.MustCompile(`^20\d\d-\d\d-\d\dT\d\d:\d\d$`).MatchString(q.Get("from")) {
		t.Errorf("dragging leads to %v", q)
	}
	b.sees("130 events", "Zoom out", "From", "To")
	b.is(`document.getElementById("timeline").dataset.state === "drawn"`)
	b.shot("zoomed")
	b.do(chromedp.Click(chromedp.CSS(".timeline-head a.btn")))
	b.is(`!location.search.includes("from=") && location.search.includes("q=outcome")`)
	b.is(`document.getElementById("timeline").dataset.state === "drawn"`)
	b.swipe(area.X+area.W/2, area.X+area.W-2, area.Y+area.H/2) // with a finger
	b.is(`location.search.includes("from=") && location.search.includes("q=outcome")`)
	b.do(chromedp.Click(chromedp.CSS(".timeline-head a.btn")))
	b.is(`!location.search.includes("from=")`)
	b.is(`document.getElementById("timeline").dataset.state === "drawn"`)
	b.do(chromedp.Click(chromedp.CSS("[data-by=type]")))
	b.waits("User created 130")
	b.do(chromedp.Click(chromedp.CSS(".timeline-table summary")))
	b.shot("timeline-by-type")

	// The top lists.
	b.open("/projects/acme/audit-log?tab=admin")
	b.is(`document.querySelectorAll(".top-name").length > 2`)
	b.do(chromedp.Click(chromedp.CSS(".top-name")))
	b.is(`location.search.includes("type=admin_api.mutation.create_user.executed") && document.querySelectorAll("#log").length === 1`)
	b.waits("130 events until")
	b.open("/projects/acme/audit-log?tab=admin")
	b.is(`document.querySelectorAll(".top-not").length > 2`)
	b.do(chromedp.Click(chromedp.CSS(".top-not")))
	b.is(`location.search.includes("q=-type%3Aadmin_api.mutation.create_user.executed") && document.querySelectorAll("#log").length === 1`)
	b.is(`document.querySelectorAll("table.log tbody tr").length < 10`)
	b.seesNot("created the user user1")

	// By page.
	b.open("/projects/acme/audit-log?tab=users")
	b.do(chromedp.Evaluate[chromedp.Void](`document.getElementById("page").value = "2"; 0`), chromedp.Click(chromedp.CSS(".page-form button")))
	b.waits("Events 51–100 of 130")
	b.sees("created the user user79", "created the user user30")
	b.do(chromedp.Evaluate[chromedp.Void](`[...document.querySelectorAll(".pager a")].find(a => a.textContent.includes("Last")).click(); 0`))
	b.waits("Events 101–130 of 130")
	b.sees("created the user user0")
	b.do(chromedp.Click(chromedp.CSS(".pager a[rel=prev]")))
	b.waits("Events 51–100 of 130")
	b.shot("page-2")
	b.fitsAPhone("page-2-phone")
	b.open("/projects/acme/audit-log?tab=users&page=9")
	b.sees("There is no page 9; the last one is page 3.")
	b.scheme("dark")
	b.open("/projects/acme/audit-log?tab=users&q=created%3A-7d+-ip%3A203.0.113.9")
	b.is(`document.getElementById("timeline").dataset.state === "drawn" && document.querySelectorAll(".top-list li").length > 0`)
	b.shot("dark")
	b.fitsAPhone("dark-phone")
	heard.mu.Lock()
	defer heard.mu.Unlock()
	for _, text := range heard.all {
		t.Errorf("the browser complains: %s", text)
	}
}

// TestLive looks at a log while things happen.
func TestLive(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	srv := s.start(t)
	b := newTab(t, srv)
	var heard troubles
	heard.listen(b)
	b.open(srv.setup())
	b.fill(map[string]string{"email": email, "password": password, "password_again": password, "id": "acme", "name": "Acme Shop"})
	b.follow("main form button[type=submit]")
	token := s.key(t, "acme").token(t)

	// From an empty list on.
	b.open("/projects/acme/audit-log?tab=users&q=type%3Auser.*")
	b.sees("No activity in the selected range.")
	b.do(chromedp.Click(chromedp.CSS("#live [data-toggle]")))
	b.is(`document.querySelector("#live [data-toggle]").getAttribute("aria-pressed") === "true"`)
	createUsers(t, srv, token, 0, 1)
	b.waits("created the user user0")
	b.is(`document.querySelector("#live [data-toggle]").getAttribute("aria-pressed") === "true"`)
	b.do(chromedp.Evaluate[chromedp.Void](`document.querySelector("table.log").dataset.seen = "yes"; 0`), chromedp.Sleep(500*time.Millisecond))
	createUsers(t, srv, token, 1, 2)
	begun := time.Now()
	b.is(`document.querySelector("table.log tbody tr").textContent.includes("created the user user1")`)
	if took := time.Since(begun); took > 2*time.Second {
		t.Errorf("an event is seen after %s", took)
	}
	b.is(`document.querySelector("table.log").dataset.seen === "yes"`) // nothing was loaded anew
	b.is(`document.querySelector("[data-count]").textContent === "1 new"`)
	b.is(`document.querySelector("[data-said]").textContent === "1 new event"`)
	b.shot("live")

	b.do(chromedp.Click(chromedp.CSS("#live [data-pause]")))
	createUsers(t, srv, token, 2, 5)
	b.is(`document.querySelector("[data-count]").textContent === "3 waiting"`)
	b.seesNot("created the user user3")
	b.shot("paused")
	b.fitsAPhone("paused-phone")
	b.do(chromedp.Click(chromedp.CSS("#live [data-pause]")))
	b.is(`[...document.querySelectorAll("table.log tbody tr")].map(r => /user user([0-9]+)/.exec(r.textContent)[1]).join() === "4,3,2,1,0"`)
	b.shot("resumed")

	// Off, and on again: what came in between is there, once.
	b.do(chromedp.Click(chromedp.CSS("#live [data-toggle]")))
	b.is(`document.querySelector("#live [data-toggle]").getAttribute("aria-pressed") === "false"`)
	createUsers(t, srv, token, 5, 7)
	b.do(chromedp.Sleep(700 * time.Millisecond))
	b.seesNot("created the user user5")
	b.do(chromedp.Click(chromedp.CSS("#live [data-toggle]")))
	b.is(`[...document.querySelectorAll("table.log tbody tr")].map(r => /user user([0-9]+)/.exec(r.textContent)[1]).join() === "6,5,4,3,2,1,0"`)

	// Ended from elsewhere.
	revokeOthers(t, srv)
	for deadline := time.Now().Add(30 * time.Second); !strings.Contains(b.text(), "Your session has ended"); {
		if time.Now().After(deadline) {
			t.Fatal("nothing is said of the session's end")
		}
		b.do(chromedp.Sleep(200 * time.Millisecond))
	}
	b.is(`document.querySelector("#live [data-toggle]").getAttribute("aria-pressed") === "false"`)
	b.shot("session-ended")
	b.follow("#newer a")
	b.fill(map[string]string{"email": email, "password": password})
	b.follow("main form button[type=submit]")
	b.sees("created the user user6")
	b.do(chromedp.Click(chromedp.CSS("#live [data-toggle]")))
	b.is(`document.querySelector("#live [data-toggle]").getAttribute("aria-pressed") === "true"`)
	b.do(chromedp.Sleep(300 * time.Millisecond))
	begun = time.Now()
	srv.stop(t)
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("with somebody looking live, the server took %s to stop", took)
	}
	heard.mu.Lock()
	defer heard.mu.Unlock()
	for _, text := range heard.all {
		t.Errorf("the browser complains: %s", text)
	}
}

// revokeOthers signs in and ends every other session of the account.
func revokeOthers(t *testing.T, srv *server) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &http.Client{Jar: jar}
	send := func(method, path string, form url.Values) string {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, srv.url+path, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		answer, err := c.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		var text strings.Builder
		if err := answer.Write(&text); err != nil || answer.StatusCode != http.StatusOK {
			t.Fatalf("%s %s: %d, %v", method, path, answer.StatusCode, err)
		}
		return text.String()
	}
	send("POST", "/signin", url.Values{"email": {email}, "password": {password}})
	others := regexp.MustCompile(`action="(/account/sessions/[^"]*/revoke)"`).FindAllStringSubmatch(send("GET", "/account/sessions", nil), -1)
	if len(others) == 0 {
		t.Fatal("there is no other session")
	}
	for _, m := range others {
		send("POST", m[1], nil)
	}
}
