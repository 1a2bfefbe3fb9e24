package portal

import (
	"maps"
	"net/http"
	"net/url"
	"time"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
)

// pageSize is how many events a page shows.
const pageSize = 50

// actorsOffered is how many actors the filter offers to choose from.
const actorsOffered = 50

// LogPage shows a project's log.
type LogPage struct {
	Base
	Query  LogQuery
	Wrong  map[string]string // what the filter says that cannot be understood, by field
	Actors []event.Actor
	Rows   []LogRow
	Total  int64
	// Newer is how many events came since the page's upper bound.
	Newer int64
	// Until is the page's upper bound.
	Until time.Time
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

func (p *portal) showLog(w http.ResponseWriter, r *http.Request, v visit) error {
	params := r.URL.Query()
	if v.project.ID == event.PortalProject && !params.Has("tab") {
		params.Set("tab", "admin") // it has no users
	}
	q := readQuery(params)
	filter, wrong := q.filter(v.project.ID)
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

	base, err := p.projectBase(w, r, "Audit log", "log", v)
	if err != nil {
		return err
	}
	page := LogPage{Base: base, Query: q, Wrong: wrong, Until: until}
	if page.Actors, err = p.Log.ActorsOf(r.Context(), v.project.ID, actorsOffered); err != nil {
		return err
	}
	if len(wrong) == 0 {
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
	if page.Total, err = p.Log.Count(ctx, bounded); err != nil {
		return err
	}
	if filter.From.Before(page.Until) {
		filter.From = page.Until
	}
	if filter.To.IsZero() || filter.From.Before(filter.To) {
		if page.Newer, err = p.Log.Count(ctx, filter); err != nil {
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
