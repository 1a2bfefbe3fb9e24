package portal

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/web"
)

// liveRoute is what a page that shows new events as they come keeps open. Its answer is a stream
// of server-sent events: rows of the list as HTML, "behind" when the list is to be loaded anew,
// and "ended", with the reason as HTML, when there will be no more.
const liveRoute = "GET /projects/{project}/audit-log/live"

const (
	// liveBeat is how often something is sent, and session and role are looked at again.
	liveBeat = 15 * time.Second
	// liveOverlap is how many positions before that of the page are looked at: what was recorded
	// while the page was made can have any of them and still be later than the page's bound.
	liveOverlap = 100
)

// livePath is what a live page keeps open.
func (l LogPage) livePath() string { return l.path("/audit-log/live?") + l.Query.encode() }

// after is the position up to which the page shows the log; false when it is not the latest page.
func (l LogPage) after() (string, bool) {
	return strconv.FormatInt(l.Seal.Size-1, 10), l.Latest && l.Number == 1
}

// showLive sends the events of the page's filter as they get positions.
func (p *portal) showLive(w http.ResponseWriter, r *http.Request, v visit) error {
	page, filter, err := p.readPage(r, v)
	if err != nil {
		return err
	}
	after, err := strconv.ParseInt(first(r.Header.Get("Last-Event-ID"), r.URL.Query().Get("after")), 10, 64)
	if len(page.Wrong) > 0 || err != nil {
		return fault.New(fault.Malformed, "FilterMalformed", "The filter could not be understood.")
	}
	leave, err := p.lives.enter(v.session.Account.ID, v.session.ID)
	if err != nil {
		return err
	}
	defer leave()
	// The first time, what the page shows already is left out by its time.
	known := int64(-1)
	if !page.Latest && r.Header.Get("Last-Event-ID") == "" {
		known, after = after, max(after-liveOverlap, -1)
	}
	r = web.Unhurried(r)
	s := liveStream{p: p, r: r, v: v, page: page, filter: filter, known: known, sse: newSSE(w)}
	s.page.Base, s.page.Query = Base{ProjectID: v.project.ID, assets: p.assets}, page.Query.fromStart()
	missed, news, err := p.Feed.Listen(r.Context(), v.project.ID, after)
	if fault.Is(err, "FeedBehind") {
		return s.sse.send("", "behind", "")
	}
	if err != nil {
		return err
	}
	p.Reads.Note(v.by, v.project.ID, "portal", auditlog.OfLog)
	if err := s.follow(missed, news); err != nil && !errors.Is(err, errGone) {
		p.note(r, fault.Of(err), http.StatusOK, err) // the answer has begun
	}
	return nil
}

// liveStream is one open page.
type liveStream struct {
	p      *portal
	r      *http.Request
	v      visit
	page   LogPage
	filter auditlog.Filter
	// known is the position up to which the page shows what is earlier than its bound.
	known int64
	sse   sse
}

// follow sends what was missed and then what comes, until either side has had enough.
func (s liveStream) follow(missed []auditlog.Row, news <-chan []auditlog.Row) error {
	ctx := s.r.Context()
	if err := s.sse.begin(); err != nil {
		return err
	}
	beat := time.NewTicker(s.p.liveBeat)
	defer beat.Stop()
	for rows, ok := missed, true; ; {
		switch {
		case !ok && (ctx.Err() != nil || s.p.Feed.Ended()):
			return nil
		case !ok:
			return s.sse.send("", "behind", "")
		}
		if err := s.tell(rows); err != nil {
			return err
		}
		rows = nil
		select {
		case rows, ok = <-news:
		case <-beat.C:
			if err := s.p.mayStill(s.r, s.v); err != nil {
				s.p.note(s.r, fault.Of(err), http.StatusOK, err)
				return s.sse.ended(ctx, s.r, err)
			}
			s.p.Reads.Note(s.v.by, s.v.project.ID, "portal", auditlog.OfLog)
			if err := s.sse.beat(); err != nil {
				return err
			}
		}
	}
}

// tell sends those of some events that the page's filter chooses, and how far the log has got.
func (s liveStream) tell(rows []auditlog.Row) error {
	if len(rows) == 0 {
		return nil
	}
	var shown []LogRow
	for _, row := range rows {
		if row.Position <= s.known && row.CreatedAt().Before(s.page.Until) {
			continue
		}
		if chosen, err := s.filter.Chooses(row); err != nil || !chosen {
			continue // what cannot be read is not found by the list either
		}
		one, err := logRow(row)
		if err != nil {
			return err
		}
		shown = append(shown, one)
	}
	var html strings.Builder
	if err := s.page.liveRows(shown).Render(s.r.Context(), &html); err != nil {
		return err
	}
	return s.sse.send(strconv.FormatInt(rows[len(rows)-1].Position, 10), "rows", html.String())
}

// mayStill looks again whether who began to look may do so.
func (p *portal) mayStill(r *http.Request, v visit) error {
	session, err := p.session(r)
	if err != nil {
		return err
	}
	_, err = p.Access.Authorize(r.Context(), session, web.Request(r), v.project.ID, access.Read)
	return err
}

// streamed answers who wants a stream and gets none by a stream that says why: a browser tells
// its scripts nothing of any other answer.
func (p *portal) streamed(next web.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := next(w, r)
		if err == nil || errors.Is(err, errGone) {
			return
		}
		if !strings.Contains(r.Header.Get("Accept"), "text/event-stream") {
			p.fail(w, r, err)
			return
		}
		p.note(r, fault.Of(err), http.StatusOK, err)
		_ = newSSE(w).ended(r.Context(), r, err) // a client that has left needs no answer
	})
}

// listOf is where the list is that a stream belongs to.
func listOf(r *http.Request) string {
	list := LogPage{Base: Base{ProjectID: r.PathValue("project")}, Query: readQuery(r.URL.Query()).fromStart()}
	return localPath(list.path("/audit-log?")+list.Query.encode(), "/projects")
}

// reason is why a stream has ended, for the page.
func reason(ctx context.Context, r *http.Request, err error) (string, error) {
	var html strings.Builder
	f := fault.Of(err)
	if f.Code == "SessionInvalid" {
		err := sessionEnded("/signin?"+url.Values{"next": {listOf(r)}}.Encode()).Render(ctx, &html)
		return html.String(), err
	}
	err = liveEnded(f.Message).Render(ctx, &html)
	return html.String(), err
}
