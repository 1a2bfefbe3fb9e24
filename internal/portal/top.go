package portal

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
)

// How many values a top list has at first, and in all.
const (
	topShown = 5
	topMost  = 20
)

// TopLists are who acted most, and what happened most often, in a time.
type TopLists struct {
	Title         string
	Actors, Types []TopRow
	// Note says what of the filter they leave out.
	Note string
}

// TopRow is a value of a top list.
type TopRow struct {
	Name  string
	Count int64
	Share string // of the first row's count, in percent
	// Only and Not lead to the events with this value, and to those without.
	Only, Not string
}

// showTop answers a page that has been loaded with its top lists.
func (p *portal) showTop(w http.ResponseWriter, r *http.Request, v visit) error {
	page, filter, err := p.readPage(r, v)
	if err != nil {
		return err
	}
	if len(page.Wrong) > 0 {
		return fault.New(fault.Malformed, "FilterMalformed", "The filter could not be understood.")
	}
	page.Base = Base{ProjectID: v.project.ID, assets: p.assets}
	o, err := p.overview(r.Context(), v, page, filter)
	if err != nil {
		return err
	}
	lists := TopLists{Title: o.Title}
	switch {
	case o.open:
		lists.Note = "Of all events of this tab in this time."
	case len(filter.Types)+len(filter.Not.Types) > 0:
		lists.Note = "Actors: of all events of this tab in this time."
	}
	if lists.Types, err = p.topTypes(r, page, o); err != nil {
		return err
	}
	if lists.Actors, err = p.topActors(r, page, o, filter); err != nil {
		return err
	}
	p.Reads.Note(v.by, v.project.ID, "portal", auditlog.OfLog)
	return p.render(w, r, http.StatusOK, page.topLists(lists))
}

func (p *portal) topTypes(r *http.Request, page LogPage, o Overview) ([]TopRow, error) {
	top, err := p.Log.Top(r.Context(), o.Range, auditlog.ByType, auditlog.MaxPage)
	if err != nil {
		return nil, err
	}
	top = slices.DeleteFunc(top, func(c auditlog.ValueCount) bool { return !o.counts(event.Type(c.Value)) })
	return page.topRows(top, func(value string) (string, func(*LogQuery)) {
		return event.TitleOf(event.Type(value)), func(q *LogQuery) { q.Types = []string{value} }
	}, "type"), nil
}

func (p *portal) topActors(r *http.Request, page LogPage, o Overview, filter auditlog.Filter) ([]TopRow, error) {
	top, err := p.Log.Top(r.Context(), o.Range, auditlog.ByActor, auditlog.MaxPage)
	if err != nil {
		return nil, err
	}
	top = slices.DeleteFunc(top, func(c auditlog.ValueCount) bool {
		return slices.Contains(filter.Not.Actors, c.Value) || len(filter.Actors) > 0 && !slices.Contains(filter.Actors, c.Value)
	})
	top = top[:min(len(top), topMost)]
	ids := make([]string, len(top))
	for i, c := range top {
		ids[i] = c.Value
	}
	known, err := p.Log.ActorsByID(r.Context(), page.ProjectID, ids)
	if err != nil {
		return nil, err
	}
	return page.topRows(top, func(value string) (string, func(*LogQuery)) {
		name := value
		if actor, ok := known[value]; ok {
			name = actorLabel(actor)
		}
		return name, func(q *LogQuery) { q.Actor, q.ActorID = value, "" }
	}, "actor"), nil
}

// topRows make a list of counts; of gives a value's name and what a query for it changes.
func (l LogPage) topRows(top []auditlog.ValueCount, of func(string) (string, func(*LogQuery)), key string) []TopRow {
	rows := make([]TopRow, min(len(top), topMost))
	for i, c := range top[:len(rows)] {
		name, only := of(c.Value)
		rows[i] = TopRow{
			Name: name, Count: c.Count, Share: strconv.FormatFloat(100*float64(c.Count)/float64(top[0].Count), 'f', 1, 64),
			Only: l.with(only), Not: l.with(func(q *LogQuery) { q.Search = narrowed(q.Search, "-", key, c.Value) }),
		}
	}
	return rows
}
