package portal

import (
	"net/http"
	"net/url"
	"time"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	search "github.com/sealog/sealog/internal/query"
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
	Seal  Seal
	Query LogQuery
	Wrong map[string]string // what the filter says that cannot be understood, by field
	// Mistake is what is wrong with the search, and Broad why the log was not looked at; or nil.
	Mistake *Mistake
	Broad   *Broad
	// Elsewhere is how many events the search finds in the other tab when it finds none in this one.
	Elsewhere int64
	Actors    []event.Actor
	Rows      []LogRow
	Total     int64 // or many
	Number    int64 // of this page, from 1; 0 when it is not known
	// Newer is how many events came since the page's upper bound, or many.
	Newer int64
	// Grows is whether events that come later can be what the filter asks for.
	Grows bool
	// DaysBack is how far back the plan lets the log be read, or 0 for all of it.
	DaysBack int
	// Until is the page's upper bound; Latest is whether it is when the page was asked for.
	Until  time.Time
	Latest bool
	// ToldApart is what the timeline's bars are told apart by at first: the counts know of the
	// filter's types where they tell types apart.
	ToldApart string
	// MayExport and MayErase are whether the viewer may take the log away, and may remove
	// personal data from it.
	MayExport, MayErase bool
	// Next and Previous are the queries of the pages beside this one, or "".
	Next, Previous string
}

// LogRow is an event in the list.
type LogRow struct {
	ID               string
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
		ID: r.ID.String(), At: r.CreatedAt(), Actor: s.Actor, ActorType: s.ActorType, ActorID: r.ActorID, Action: s.Action, Type: r.Type,
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
func (p *portal) readPage(r *http.Request, v visit) (LogPage, auditlog.Filter, error) {
	params := r.URL.Query()
	if v.project.ID == event.PortalProject && !params.Has("tab") {
		params.Set("tab", "admin") // it has no users
	}
	q := readQuery(params)
	until, err := time.Parse(time.RFC3339Nano, q.Until)
	known := err == nil && until.Year() >= 1970
	if !known {
		until = p.Now().UTC()
	}
	// The bound is exclusive: what is written in this very microsecond counts as newer.
	until = until.Truncate(time.Microsecond)
	page := LogPage{Query: q, DaysBack: max(0, v.project.Plan.RetrievalDays), Until: until, Latest: q.Until == ""}
	filter, wrong, err := p.chosen(r.Context(), v, q, until)
	if err != nil {
		return page, filter, err
	}
	if q.Until != "" && !known {
		wrong["until"] = "The page's upper bound is not a time."
	}
	page.Wrong = wrong
	if _, err := search.Parse(q.Search); err != nil {
		page.Mistake = mistakeOf(q.Search, err)
	}
	page.readNumber()
	page.Query.Until = machine(until)
	page.Grows = filter.To.IsZero() || until.Before(filter.To)
	return page, filter, nil
}

// bounded is the filter without what came after the page's upper bound.
func (l LogPage) bounded(filter auditlog.Filter) auditlog.Filter {
	if filter.To.IsZero() || l.Until.Before(filter.To) {
		filter.To = l.Until
	}
	return filter
}

// newer is the filter without what the page shows already.
func (l LogPage) newer(filter auditlog.Filter) auditlog.Filter {
	if filter.From.Before(l.Until) {
		filter.From = l.Until
	}
	return filter
}

func (p *portal) showLog(w http.ResponseWriter, r *http.Request, v visit) error {
	page, filter, err := p.readPage(r, v)
	if err != nil {
		return err
	}
	if page.Base, err = p.projectBase(w, r, "Audit log", "log", v); err != nil {
		return err
	}
	if page.ToldApart = byOutcome; len(filter.Types)+len(filter.Not.Types) > 0 {
		page.ToldApart = byType
	}
	page.MayExport, page.MayErase = v.mayExport(), v.role.May(access.Erase)
	if page.Seal, err = p.seal(r, v); err != nil {
		return err
	}
	if page.Actors, err = p.Log.ActorsOf(r.Context(), v.project.ID, actorsOffered); err != nil {
		return err
	}
	if len(page.Wrong) == 0 {
		if err := p.fill(r, v, &page, filter); err != nil {
			return err
		}
		p.Reads.Note(v.by, v.project.ID, "portal", auditlog.OfLog)
	}
	status := http.StatusOK
	switch {
	case len(page.Wrong) > 0:
		status = http.StatusBadRequest
	case page.Broad != nil:
		status = web.Status(fault.Exhausted)
	}
	return p.render(w, r, status, page.view())
}
