package portal

import (
	"context"
	"slices"
	"time"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
)

// overviewDays is how far the timeline and the top lists look back when nobody asks for a time.
const overviewDays = 30

// Overview is what the timeline and the top lists look at: only what is counted as it comes in,
// so that it costs the same however many events there are.
type Overview struct {
	auditlog.Range
	Title string // what readers call the time, or "" when they asked for it themselves
	// types and notTypes are those of the filter, which the counts know of when they tell types
	// apart; open is whether the filter asks for more than any count knows.
	types, notTypes []event.Type
	open            bool
}

// overview is the time, the category and the outcomes of a page's filter.
func (p *portal) overview(ctx context.Context, v visit, page LogPage, filter auditlog.Filter) (Overview, error) {
	f := page.bounded(filter)
	o := Overview{
		Range: auditlog.Range{Project: f.Project, Category: f.Category, From: f.From, To: f.To, Outcomes: f.Outcomes},
		types: f.Types, notTypes: f.Not.Types,
		open: len(f.Users)+len(f.Actors)+len(f.Mentions)+len(f.Not.Users)+len(f.Not.Actors)+len(f.Not.Refs) > 0,
	}
	if not := f.Not.Outcomes; len(not) > 0 {
		if len(o.Outcomes) == 0 {
			o.Outcomes = event.Outcomes()
		}
		o.Outcomes = slices.DeleteFunc(slices.Clone(o.Outcomes), func(one event.Outcome) bool { return slices.Contains(not, one) })
		o.open = o.open || len(o.Outcomes) == 0
	}
	readable := v.project.Plan.ReadableFrom(p.Now())
	if o.From.After(readable) || !o.From.Before(o.To) {
		return o, nil
	}
	if month := o.To.AddDate(0, 0, -overviewDays); o.From.Before(month) {
		o.From = month
		if page.Grows {
			o.Title = "the last 30 days"
		}
	}
	// A young log begins with its first event.
	one := 1
	first, err := p.Log.List(ctx, auditlog.Filter{Project: f.Project, Category: f.Category, From: o.From, To: o.To}, auditlog.Paging{First: &one, Ascending: true})
	if err != nil {
		return o, err
	}
	if len(first.Rows) > 0 {
		if began := first.Rows[0].CreatedAt(); began.Sub(o.From) > o.To.Sub(o.From)/20 {
			o.From, o.Title = began, ""
		}
	}
	if least := o.To.Add(-time.Hour); o.From.After(least) && least.After(readable) {
		o.From = least
	}
	return o, nil
}

// counts is whether the filter chooses a type.
func (o Overview) counts(t event.Type) bool {
	return (len(o.types) == 0 || slices.Contains(o.types, t)) && !slices.Contains(o.notTypes, t)
}

// note says what of the filter is left out where events are told apart in a way.
func (o Overview) note(by string) string {
	switch {
	case o.open:
		return "All events of this tab in this time: the rest of the filter is not applied here."
	case by != byType && len(o.types)+len(o.notTypes) > 0:
		return "All events of this tab in this time: the filter’s types are not applied here."
	}
	return ""
}
