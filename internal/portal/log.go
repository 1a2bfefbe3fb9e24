package portal

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"time"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/web"
)

// pageSize is how many events a page shows.
const pageSize = 50

// many is a number of events that could not be counted in time.
const many = -1

// countFor is how long a page waits for its counts; the rest of it is there at once.
const countFor = 5 * time.Second

// actorsOffered is how many actors the filter offers to choose from.
const actorsOffered = 50

// LogPage shows a project's log.
type LogPage struct {
	Base
	Seal   Seal
	Query  LogQuery
	Wrong  map[string]string // what the filter says that cannot be understood, by field
	Actors []event.Actor
	Rows   []LogRow
	Total  int64 // or many
	// Newer is how many events came since the page's upper bound, or many.
	Newer int64
	// Grows is whether events that come later can be what the filter asks for.
	Grows bool
	// DaysBack is how far back the plan lets the log be read, or 0 for all of it.
	DaysBack int
	// Until is the page's upper bound.
	Until time.Time
	// MayExport and MayErase are whether the viewer may take the log away, and may remove
	// personal data from it.
	MayExport, MayErase bool
	// Next and Previous are the queries of the pages beside this one, or "".
	Next, Previous string
}

// LogRow is an event in the list.
type LogRow struct {
	At               time.Time
	Actor, ActorType string
	ActorID          string
	Action           string
	Type             event.Type
	Target, UserID   string
	Outcome          event.Outcome
	IP, Agent        string
	Client           string
	Href             string // of its own page
}

func logRow(r auditlog.Row) (LogRow, error) {
	c, err := r.Context()
	if err != nil {
		return LogRow{}, err
	}
	s, err := r.Summary()
	if err != nil {
		return LogRow{}, err
	}
	return LogRow{
		At: r.CreatedAt(), Actor: s.Actor, ActorType: s.ActorType, ActorID: r.ActorID, Action: s.Action, Type: r.Type,
		Target: s.Target, UserID: s.TargetUserID, Outcome: r.Outcome, IP: c.IPAddress, Agent: c.UserAgent, Client: c.ClientID,
		Href: "/projects/" + url.PathEscape(r.Project) + "/audit-log/" + r.ID.String(),
	}, nil
}

// with returns the query of the list with one thing changed, from its beginning.
func (l LogPage) with(change func(*LogQuery)) string {
	q := l.Query.fromStart()
	change(&q)
	return "?" + q.encode()
}

func (l LogPage) chips() []Chip {
	return l.Query.chips(func(id string) string {
		for _, a := range l.Actors {
			if a.ID == id && a.Name != "" {
				return a.Name
			}
		}
		return id
	})
}

// cleared is the query of the tab without any filter.
func (l LogPage) cleared() string {
	return "?" + LogQuery{Tab: l.Query.Tab, Order: l.Query.Order}.encode()
}

// tab is the query of another tab: what makes sense in both is kept.
func (l LogPage) tab(name string) string {
	return l.with(func(q *LogQuery) { q.Tab, q.Types = name, nil })
}

// oneUser is the query for all that happened to a user.
func (l LogPage) oneUser(id string) string {
	return l.with(func(q *LogQuery) { q.User = id })
}

// eventHref is a row's page, which can lead back to this list.
func (l LogPage) eventHref(row LogRow) string { return row.Href + "?" + l.Query.encode() }

func (l LogPage) chosenActorIsListed() bool {
	for _, a := range l.Actors {
		if a.ID == l.Query.Actor {
			return true
		}
	}
	return l.Query.Actor == ""
}

// readPage reads what part of the log is asked for; what of it cannot be understood is in Wrong.
func (p *portal) readPage(r *http.Request, v visit) (LogPage, auditlog.Filter) {
	params := r.URL.Query()
	if v.project.ID == event.PortalProject && !params.Has("tab") {
		params.Set("tab", "admin") // it has no users
	}
	q := readQuery(params)
	filter, wrong := q.filter(v.project.ID)
	if bound := v.project.Plan.ReadableFrom(p.Now()); filter.From.Before(bound) {
		filter.From = bound
	}
	until, err := time.Parse(time.RFC3339Nano, q.Until)
	if err != nil || until.Year() < 1970 {
		if q.Until != "" {
			wrong["until"] = "The page's upper bound is not a time."
		}
		until = p.Now().UTC()
	}
	// The bound is exclusive: what is written in this very microsecond counts as newer.
	until = until.Truncate(time.Microsecond)
	q.Until = machine(until)
	return LogPage{Query: q, Wrong: wrong, DaysBack: max(0, v.project.Plan.RetrievalDays), Until: until, Grows: filter.To.IsZero() || until.Before(filter.To)}, filter
}

// newer is the filter without what the page shows already.
func (l LogPage) newer(filter auditlog.Filter) auditlog.Filter {
	if filter.From.Before(l.Until) {
		filter.From = l.Until
	}
	return filter
}

func (p *portal) showLog(w http.ResponseWriter, r *http.Request, v visit) (err error) {
	page, filter := p.readPage(r, v)
	if page.Base, err = p.projectBase(w, r, "Audit log", "log", v); err != nil {
		return err
	}
	page.MayExport, page.MayErase = v.mayExport(), v.role.May(access.Erase)
	if page.Seal, err = p.seal(r, v); err != nil {
		return err
	}
	if page.Actors, err = p.Log.ActorsOf(r.Context(), v.project.ID, actorsOffered); err != nil {
		return err
	}
	if len(page.Wrong) == 0 {
		if err := p.fill(r, &page, filter); err != nil {
			return err
		}
		p.Reads.Note(v.by, v.project.ID, "portal")
	}
	status := http.StatusOK
	if len(page.Wrong) > 0 {
		status = http.StatusBadRequest
	}
	return p.render(w, r, status, page.view())
}

// fill reads the page's rows and counts.
func (p *portal) fill(r *http.Request, page *LogPage, filter auditlog.Filter) error {
	ctx, size, q := r.Context(), pageSize, page.Query
	bounded := filter
	if bounded.To.IsZero() || page.Until.Before(bounded.To) {
		bounded.To = page.Until
	}
	paging := auditlog.Paging{First: &size, After: q.After, Ascending: q.Order == "oldest"}
	if q.Before != "" {
		paging.First, paging.Last, paging.After, paging.Before = nil, &size, "", q.Before
	}
	found, err := p.Log.List(ctx, bounded, paging)
	if isCursor(err) {
		maps.Copy(page.Wrong, map[string]string{"page": "The link to this page of the log is damaged. Start again from the first page."})
		return nil
	}
	if err != nil {
		return err
	}
	for _, r := range found.Rows {
		row, err := logRow(r)
		if err != nil {
			return err
		}
		page.Rows = append(page.Rows, row)
	}
	counting, cancel := context.WithTimeout(ctx, p.countFor)
	defer cancel()
	if page.Total, err = p.count(counting, bounded); err != nil {
		return err
	}
	if page.Grows {
		if page.Newer, err = p.count(counting, page.newer(filter)); err != nil {
			return err
		}
	}
	if n := len(found.Rows); n > 0 {
		if found.HasNext {
			next := q
			next.After, next.Before = found.Rows[n-1].Cursor(), ""
			page.Next = "?" + next.encode()
		}
		if found.HasPrevious {
			previous := q
			previous.After, previous.Before = "", found.Rows[0].Cursor()
			page.Previous = "?" + previous.encode()
		}
	}
	return nil
}

// count counts events, or says many when that takes too long: the page is worth more than
// its numbers.
func (p *portal) count(ctx context.Context, filter auditlog.Filter) (int64, error) {
	n, err := p.Log.Count(ctx, filter)
	if fault.Is(err, "DatabaseTimeout") {
		return many, nil
	}
	return n, err
}

// newerRoute is what open pages ask for by themselves.
const newerRoute = "GET /projects/{project}/audit-log/newer"

// newerPath is what an open page asks for, again and again, to learn that there are newer events.
func (l LogPage) newerPath() string { return l.path("/audit-log/newer?") + l.Query.encode() }

// showNewer answers with the link to newer events, if there are any. Nothing of the log is
// shown, so nobody has read it.
func (p *portal) showNewer(w http.ResponseWriter, r *http.Request, v visit) error {
	page, filter := p.readPage(r, v)
	if len(page.Wrong) > 0 {
		return fault.New(fault.Malformed, "FilterMalformed", "The filter could not be understood.")
	}
	page.Base = Base{ProjectID: v.project.ID, assets: p.assets}
	one := 1
	if page.Grows {
		found, err := p.Log.List(r.Context(), page.newer(filter), auditlog.Paging{First: &one})
		if err != nil {
			return err
		}
		if len(found.Rows) > 0 {
			return p.render(w, r, stopPolling, page.newerLink("Newer events — show them"))
		}
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// stopPolling is the status after which htmx does not ask again.
const stopPolling = 286

// polled answers an open page that asks by itself: an error leaves the page as it is, and
// ends the asking unless it may pass.
func (p *portal) polled(next web.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := next(w, r)
		if err == nil {
			return
		}
		if r.Header.Get("HX-Request") == "" {
			p.fail(w, r, err)
			return
		}
		f := fault.Of(err)
		switch {
		case f.Code == "SessionInvalid":
			list := LogPage{Base: Base{ProjectID: r.PathValue("project")}, Query: readQuery(r.URL.Query())}
			next := localPath(list.path("/audit-log?")+list.Query.encode(), "/projects")
			p.note(r, f, stopPolling, err)
			if err := p.render(w, r, stopPolling, sessionEnded("/signin?"+url.Values{"next": {next}}.Encode())); err != nil {
				p.fail(w, r, err)
			}
		case f.Kind == fault.Internal || f.Kind == fault.Unavailable:
			p.note(r, f, http.StatusNoContent, err)
			w.WriteHeader(http.StatusNoContent)
		default:
			p.note(r, f, stopPolling, err)
			w.WriteHeader(stopPolling)
		}
	})
}
