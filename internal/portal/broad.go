package portal

import (
	"context"
	"slices"
	"strconv"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
)

// Broad is why a query was not run: too many events would have to be looked at.
type Broad struct {
	Message string
	Events  int64 // so many; 0 when the number is not what is wrong
	Limit   int64
	Ways    []Way
}

// Way is one way to ask for less.
type Way struct{ Label, Note, Href string }

// tooBroad finds out what would make a query narrow enough; the error is what refused it.
func (p *portal) tooBroad(ctx context.Context, page *LogPage, bounded auditlog.Filter, err error) (*Broad, error) {
	broad := &Broad{Message: fault.Of(err).Message}
	info, ok := fault.Of(err).Info.(auditlog.TooBroad)
	if !ok {
		return broad, nil
	}
	broad.Events, broad.Limit = info.Events, info.Limit
	if slices.Contains(info.Narrow, "created") {
		broad.Ways = page.shorter(bounded)
	}
	if !slices.Contains(info.Narrow, "type") || len(bounded.Types) > 0 {
		return broad, nil
	}
	of := auditlog.Range{Project: bounded.Project, Category: bounded.Category, From: bounded.From, To: bounded.To}
	top, err := p.Log.Top(ctx, of, auditlog.ByType, 5)
	if err != nil {
		return nil, err
	}
	for _, t := range top {
		href := page.with(func(q *LogQuery) { q.Types = []string{t.Value} })
		broad.Ways = append(broad.Ways, Way{event.TitleOf(event.Type(t.Value)), events(t.Count), href})
	}
	return broad, nil
}

// shorter are times at the end of the filter's, each with the query for it.
func (l LogPage) shorter(bounded auditlog.Filter) []Way {
	zone, _ := location(l.Query.Zone)
	var ways []Way
	for _, days := range []int{1, 7} {
		from := bounded.To.AddDate(0, 0, -days)
		if !from.After(bounded.From) {
			continue
		}
		label := "The last day"
		if days > 1 {
			label = "The last " + strconv.Itoa(days) + " days"
		}
		ways = append(ways, Way{label, "", l.with(func(q *LogQuery) {
			if q.To == "" && l.Grows {
				q.Search = narrowed(q.Search, "", "created", "-"+strconv.Itoa(days)+"d")
				return
			}
			q.From = from.In(zone).Format(localTimes[0])
		})})
	}
	return ways
}

// roughly writes a large number as one says it.
func roughly(n int64) string {
	switch {
	case n >= 10_000_000:
		return strconv.FormatInt(n/1_000_000, 10) + " million"
	case n >= 1_000_000:
		text := strconv.FormatFloat(float64(n/100_000)/10, 'f', -1, 64)
		return text + " million"
	case n >= 10_000:
		return grouped(n / 1000 * 1000)
	default:
		return grouped(n)
	}
}
