package portal

import (
	"net/http"
	"slices"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
)

// recentEvents is how many events stand beside a page.
const recentEvents = 8

// Recent is the last events that concern a page, to stand beside it.
type Recent struct {
	Rows []LogRow
	All  string // the list of all of them
}

// recent reads the last events of some types.
func (p *portal) recent(r *http.Request, v visit, types ...event.Type) (Recent, error) {
	rows, err := p.latest(r, v, auditlog.Filter{Types: types}, recentEvents)
	query := LogQuery{Tab: "admin"}
	for _, t := range types {
		query.Types = append(query.Types, string(t))
	}
	return Recent{rows, v.path("/audit-log?" + query.encode())}, err
}

// latest reads the last events of the project that a filter chooses, as far back as the
// project's plan lets them be read. That is put on the record as reading the log.
func (p *portal) latest(r *http.Request, v visit, filter auditlog.Filter, n int) ([]LogRow, error) {
	filter.Project, filter.From = v.project.ID, v.project.Plan.ReadableFrom(p.Now())
	found, err := p.Log.List(r.Context(), filter, auditlog.Paging{First: &n})
	if err != nil {
		return nil, err
	}
	rows := make([]LogRow, 0, len(found.Rows))
	for _, row := range found.Rows {
		shown, err := logRow(row)
		if err != nil {
			return nil, err
		}
		rows = append(rows, shown)
	}
	p.Reads.Note(v.by, v.project.ID, "portal", auditlog.OfLog)
	return slices.Clip(rows), nil
}
