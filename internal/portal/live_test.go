package portal

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/event"
)

// sent is one server-sent event.
type sent struct{ id, event, data string }

// stream is an open stream of events.
type stream struct {
	t      *testing.T
	header http.Header
	news   chan sent // closed at the stream's end
	leave  func()
}

// live opens a stream as a browser's EventSource does.
func (b browser) live(path, lastID string) *stream {
	b.t.Helper()
	ctx, cancel := context.WithCancel(b.t.Context())
	b.t.Cleanup(cancel)
	r := b.request("GET", path, nil).WithContext(ctx)
	r.Header.Set("Accept", "text/event-stream")
	if lastID != "" {
		r.Header.Set("Last-Event-ID", lastID)
	}
	answer, err := b.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "text/event-stream" {
		b.t.Fatalf("%d %v", answer.StatusCode, answer.Header)
	}
	s := &stream{b.t, answer.Header, make(chan sent, 100), cancel}
	go func() {
		defer close(s.news)
		defer answer.Body.Close()
		var m sent
		for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
			name, value, _ := strings.Cut(lines.Text(), ": ")
			if name == "" && value != "" {
				continue // a comment
			}
			switch name {
			case "id":
				m.id = value
			case "event":
				m.event = value
			case "data":
				m.data += value + "\n"
			case "":
				if m != (sent{}) {
					s.news <- m
				}
				m = sent{}
			}
		}
	}()
	return s
}

// next waits for the next event.
func (s *stream) next() sent {
	s.t.Helper()
	select {
	case m, ok := <-s.news:
		if !ok {
			s.t.Fatal("the stream has ended")
		}
		return m
	case <-time.After(10 * time.Second):
		s.t.Fatal("nothing comes")
	}
	return sent{}
}

// ended waits for the end of the stream.
func (s *stream) ended() {
	s.t.Helper()
	select {
	case m, ok := <-s.news:
		if ok {
			s.t.Fatalf("%+v comes", m)
		}
	case <-time.After(10 * time.Second):
		s.t.Fatal("the stream does not end")
	}
}

// seal gives what was recorded its positions.
func (s *site) seal() {
	s.t.Helper()
	if err := s.sealing.Finish(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// liveOf returns the stream that a page would open.
func liveOf(t *testing.T, page reply) string {
	t.Helper()
	return page.attribute(t, "data-live") + "&after=" + page.attribute(t, "data-after")
}

// attribute returns the first value that an attribute has in a page.
func (r reply) attribute(t *testing.T, name string) string {
	t.Helper()
	_, rest, ok := strings.Cut(r.body, " "+name+`="`)
	if !ok {
		t.Fatalf("no %s in\n%s", name, r.body)
	}
	value, _, _ := strings.Cut(rest, `"`)
	return strings.ReplaceAll(value, "&amp;", "&")
}

func TestLive(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.acme()
	s.disable("acme", "kim@shop.example", event.Request{})
	s.seal()
	s.disable("acme", "waiting@shop.example", event.Request{}) // has no position yet
	page := b.get(searching("type:user.*")).want(t, 200, "2 events", "waiting@shop.example")
	path := liveOf(t, page)
	live := b.live(path, "")
	if h := live.header; h.Get("X-Accel-Buffering") != "no" || h.Get("Cache-Control") != "no-store" || h.Get("Content-Encoding") != "" {
		t.Errorf("the stream has %v", h)
	}
	if overlap := live.next(); overlap.id == "" || overlap.data != "" {
		t.Errorf("of what the page shows comes %+v", overlap)
	}
	// What the page shows and has no position yet comes again: its script knows it by its id.
	s.seal()
	if page.attribute(t, "data-after") != "4" {
		again := live.next()
		if id := (reply{body: again.data}).attribute(t, "data-id"); !strings.Contains(page.body, fmt.Sprintf("data-id=%q", id)) {
			t.Errorf("of the event without a position comes %+v", again)
		}
	}
	s.disable("acme", "<b>lee</b>@shop.example", event.Request{IP: "203.0.113.9"})
	s.seal()
	news := live.next()
	if news.event != "rows" || strings.Count(news.data, "<tr") != 1 || !strings.Contains(news.data, "&lt;b&gt;lee") || strings.Contains(news.data, "until=") {
		t.Errorf("%+v", news)
	}
	b.get(link(t, news.data, `class="sentence"`)).want(t, 200, "203.0.113.9")
	// What the filter leaves out moves the position on and no more.
	b.post("/projects/acme/settings/name", "name", "Acme Two").want(t, http.StatusSeeOther)
	s.seal()
	silent := live.next()
	if silent.data != "" || silent.id <= news.id && len(silent.id) <= len(news.id) {
		t.Errorf("an event of the other tab: %+v", silent)
	}
	live.leave()
	// Who comes back misses nothing and gets nothing twice.
	s.disable("acme", "late@shop.example", event.Request{})
	s.seal()
	back := b.live(path, silent.id).next()
	if strings.Count(back.data, "<tr") != 1 || !strings.Contains(back.data, "late@shop.example") {
		t.Errorf("after a break: %+v", back)
	}
	// A page's bound and its position are not of the same moment.
	early := regexp.MustCompile(`until=[^&]*`).ReplaceAllLiteralString(path, "until=2020-01-01T00:00:00Z")
	between := b.live(early, "").next()
	if strings.Count(between.data, "<tr") < 2 {
		t.Errorf("what is later than the page and at a position before that of the page: %+v", between)
	}
	for _, bad := range []string{"", "?after=x", "?after=1&q=actr:kim"} {
		b.get(logPath+"/live"+bad).want(t, http.StatusBadRequest, "FilterMalformed")
	}
	if got := b.live(logPath+"/live?after=x", "").next(); got.event != "ended" || !strings.Contains(got.data, "could not be understood") {
		t.Errorf("%+v", got)
	}
	for _, other := range []string{logPath + "?order=oldest", logPath + "?to=2020-01-01T00:00"} {
		if got := b.get(other); strings.Contains(got.body, "data-live=") {
			t.Errorf("%s can be live", other)
		}
	}
	if got := b.get(logPath + "?until=2020-01-01T00:00:00Z"); strings.Contains(got.body, "data-after=") {
		t.Error("an older page goes on live")
	}
}

func TestALiveStreamEnds(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *Config) { c.liveBeat = 20 * time.Millisecond })
	owner := s.account(ownerEmail, false)
	s.project("acme", owner)
	editor := s.account("editor@acme.example", false)
	s.join("acme", editor, access.Editor)
	s.account("stranger@acme.example", false)
	s.seal()
	b, e := s.signedIn(ownerEmail), s.signedIn("editor@acme.example")
	path := liveOf(t, e.get(logPath).want(t, 200))
	of, left, signedOut := e.live(path, "0"), e.live(path, "0"), s.signedIn("editor@acme.example")
	gone := signedOut.live(path, "0")
	signedOut.post("/signout").want(t, http.StatusSeeOther)
	rest := func(s *stream) sent {
		t.Helper()
		for {
			if m := s.next(); m.event != "rows" && m.event != "" {
				return m
			}
		}
	}
	end := rest(gone)
	signIn, err := url.Parse(link(t, end.data, "btn"))
	if err != nil || end.event != "ended" || !strings.Contains(end.data, "Your session has ended") || !strings.HasPrefix(signIn.Query().Get("next"), logPath+"?tab=users") {
		t.Errorf("%+v, %v", end, err)
	}
	gone.ended()
	e.post("/projects/acme/collaborators/leave").want(t, http.StatusSeeOther)
	for _, one := range []*stream{of, left} {
		if end := rest(one); end.event != "ended" || !strings.Contains(end.data, "There is no such project.") {
			t.Errorf("%+v", end)
		}
		one.ended()
	}
	if end := s.browser().live(path, "").next(); end.event != "ended" || !strings.Contains(end.data, "/signin") {
		t.Errorf("without a session: %+v", end)
	}
	if end := s.signedIn("stranger@acme.example").live(path, "").next(); end.event != "ended" {
		t.Errorf("a stranger: %+v", end)
	}
	s.browser().get(path).want(t, http.StatusSeeOther) // who wants no stream
	// The limits, which are given back.
	var open []*stream
	for range livesOfSession {
		open = append(open, b.live(path, "0"))
	}
	if end := rest(b.live(path, "0")); end.event != "ended" || !strings.Contains(end.data, "10 logs live already") {
		t.Errorf("one too many: %+v", end)
	}
	open[0].leave()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if again := b.live(path, "0").next(); again.event != "ended" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("a place is not given back")
		}
	}
	// The end of the server.
	s.config.Feed.Close()
	for _, one := range open[1:] {
		for range one.news { // ends
		}
	}
}

// TestALiveStreamFarBehind is told to load the list anew.
func TestALiveStreamFarBehind(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.acme()
	for range 505 {
		s.disable("acme", "kim@shop.example", event.Request{})
	}
	s.seal()
	far := b.live(logPath+"/live?tab=users", "0")
	if got := far.next(); got.event != "behind" {
		t.Errorf("%+v", got)
	}
	far.ended()
}

// TestManyLookLiveAsCheaplyAsOne opens five hundred streams of fifty people and counts statements.
func TestManyLookLiveAsCheaplyAsOne(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *Config) { c.liveBeat = time.Hour })
	s.project("acme", s.account(ownerEmail, false))
	s.seal()
	var sessions []browser
	reads := func(n int) int64 {
		var open []*stream
		for i := range n {
			if i/livesOfSession == len(sessions) {
				sessions = append(sessions, s.viewer(len(sessions)))
			}
			open = append(open, sessions[i/livesOfSession].live(logPath+"/live?tab=users&after=0", ""))
		}
		var settled sync.WaitGroup
		for _, one := range open { // what came before the page
			settled.Go(one.quiet)
		}
		settled.Wait()
		before := s.db.Reads()
		for range 5 {
			s.disable("acme", "kim@shop.example", event.Request{})
			s.seal()
			var all sync.WaitGroup
			for _, one := range open {
				all.Go(func() {
					for m := one.next(); !strings.Contains(m.data, "kim@shop.example"); m = one.next() {
					}
				})
			}
			all.Wait()
		}
		read := s.db.Reads() - before
		for _, one := range open {
			one.leave()
		}
		return read
	}
	one, many := reads(1), reads(500)
	t.Logf("%d reads for one, %d for five hundred", one, many)
	if many > one+60 { // the feed looks four times a second while rows are rendered
		t.Errorf("%d reads for five hundred streams, %d for one", many, one)
	}
}

// viewer is a browser in which one of many people has signed in, each from an address of their own.
func (s *site) viewer(n int) browser {
	s.t.Helper()
	email := fmt.Sprintf("viewer-%d@acme.example", n)
	s.join("acme", s.account(email, false), access.Viewer)
	_, token, err := s.access.SignIn(s.t.Context(), event.Request{IP: fmt.Sprintf("203.0.113.%d", n)}, email, password)
	if err != nil {
		s.t.Fatal(err)
	}
	b := s.browser()
	b.Jar.SetCookies(s.config.PublicURL, []*http.Cookie{{Name: access.SessionCookie(s.config.PublicURL), Value: token}})
	return b
}

// quiet waits until nothing has come for a while.
func (s *stream) quiet() {
	for {
		select {
		case <-s.news:
		case <-time.After(20 * time.Millisecond):
			return
		}
	}
}
