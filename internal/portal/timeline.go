package portal

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
)

// barStep is how long the time of one bar is.
type barStep struct {
	name  string
	span  auditlog.Span // of the counts that it is made of
	every time.Duration // 0 for a month
}

const dayLong = 24 * time.Hour

var barSteps = []barStep{
	{"minute", auditlog.Minute, time.Minute}, {"5 minutes", auditlog.Minute, 5 * time.Minute}, {"15 minutes", auditlog.Minute, 15 * time.Minute},
	{"hour", auditlog.Hour, time.Hour}, {"3 hours", auditlog.Hour, 3 * time.Hour}, {"6 hours", auditlog.Hour, 6 * time.Hour},
	{"day", auditlog.Day, dayLong}, {"week", auditlog.Day, 7 * dayLong}, {"month", auditlog.Month, 0},
}

// mostBars bounds how many bars there are, but for months.
const mostBars = 130

// stepOf is the shortest step of which a time has not too many.
func stepOf(from, to time.Time) barStep {
	for _, s := range barSteps {
		if to.Sub(from) <= mostBars*s.every {
			return s
		}
	}
	return barSteps[len(barSteps)-1]
}

// start is the beginning of the bar, in UTC, that a time falls in. Weeks begin on Mondays.
func (s barStep) start(t time.Time) time.Time {
	if s.every == 0 {
		return s.span.Start(t)
	}
	return t.UTC().Truncate(s.every)
}

func (s barStep) next(start time.Time) time.Time {
	if s.every == 0 {
		return start.AddDate(0, 1, 0)
	}
	return start.Add(s.every)
}

// timelineAnswer is what the page's script draws.
type timelineAnswer struct {
	Title  string   `json:"title,omitempty"`
	From   int64    `json:"from"` // Unix seconds
	To     int64    `json:"to"`
	Step   string   `json:"step"`
	Starts []int64  `json:"starts"` // of the bars, and the end of the last
	Series []series `json:"series"`
	Total  int64    `json:"total"`
	// Note says what of the filter the bars leave out.
	Note string `json:"note,omitempty"`
}

// series are the parts of the bars that have one colour.
type series struct {
	Colour string  `json:"colour"`
	Name   string  `json:"name"`
	Counts []int64 `json:"counts"`
	total  int64
}

// The bars are told apart by outcome or by type.
const (
	byOutcome = "outcome"
	byType    = "type"
)

// typesApart is how many types have a colour of their own.
const typesApart = 5

// showTimeline answers the script that draws how many events there were when.
func (p *portal) showTimeline(w http.ResponseWriter, r *http.Request, v visit) error {
	page, filter, err := p.readPage(r, v)
	if err != nil {
		return err
	}
	if len(page.Wrong) > 0 {
		return fault.New(fault.Malformed, "FilterMalformed", "The filter could not be understood.")
	}
	o, err := p.overview(r.Context(), v, page, filter)
	if err != nil {
		return err
	}
	by := byOutcome
	if r.URL.Query().Get("by") == byType {
		by = byType
	}
	answer, err := p.timeline(r.Context(), o, by)
	if err != nil {
		return err
	}
	p.Reads.Note(v.by, v.project.ID, "portal", auditlog.OfLog)
	return sendJSON(w, answer)
}

func (p *portal) timeline(ctx context.Context, o Overview, by string) (timelineAnswer, error) {
	answer := timelineAnswer{Title: o.Title, From: o.From.Unix(), To: o.To.Unix(), Starts: []int64{}, Series: []series{}, Note: o.note(by)}
	if !o.From.Before(o.To) {
		return answer, nil
	}
	step, dimension := stepOf(o.From, o.To), auditlog.ByOutcome
	if by == byType {
		dimension = auditlog.ByType
	}
	bars, err := p.Log.Histogram(ctx, o.Range, step.span, dimension)
	if err != nil {
		return answer, err
	}
	answer.Step = step.name
	places := map[int64]int{}
	start := step.start(o.From)
	for ; start.Before(o.To); start = step.next(start) {
		places[start.Unix()] = len(answer.Starts)
		answer.Starts = append(answer.Starts, start.Unix())
	}
	n := len(answer.Starts)
	answer.Starts = append(answer.Starts, start.Unix())
	found := map[string]*series{}
	for _, bar := range bars {
		place, ok := places[step.start(bar.Start).Unix()]
		for _, c := range bar.Counts {
			if !ok || by == byType && !o.counts(event.Type(c.Value)) {
				continue
			}
			if found[c.Value] == nil {
				found[c.Value] = &series{Name: c.Value, Counts: make([]int64, n)}
			}
			found[c.Value].Counts[place] += c.Count
			found[c.Value].total += c.Count
			answer.Total += c.Count
		}
	}
	if by == byType {
		answer.Series = typeSeries(found, n)
	} else {
		answer.Series = outcomeSeries(found)
	}
	return answer, nil
}

// outcomeSeries are the outcomes that there were, in their order.
func outcomeSeries(found map[string]*series) []series {
	all := []series{}
	for _, o := range event.Outcomes() {
		if s := found[o.String()]; s != nil {
			s.Colour = s.Name
			all = append(all, *s)
		}
	}
	return all
}

// typeSeries are the types that most events have, and all others as one.
func typeSeries(found map[string]*series, bars int) []series {
	all := []series{}
	for _, s := range found {
		all = append(all, *s)
	}
	slices.SortFunc(all, func(a, b series) int { return cmp.Or(cmp.Compare(b.total, a.total), cmp.Compare(a.Name, b.Name)) })
	others := series{Name: "Others", Colour: "others", Counts: make([]int64, bars)}
	for i := range all {
		if i < typesApart {
			all[i].Name, all[i].Colour = event.TitleOf(event.Type(all[i].Name)), "type-"+string(rune('1'+i))
			continue
		}
		for bar, n := range all[i].Counts {
			others.Counts[bar] += n
		}
	}
	if len(all) > typesApart {
		return append(all[:typesApart], others)
	}
	return all
}
