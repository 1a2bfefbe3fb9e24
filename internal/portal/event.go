package portal

import (
	"bytes"
	"encoding/json"
	"net/http"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
)

// EventPage shows all that is known of one event.
type EventPage struct {
	Base
	LogRow
	ID      string
	Context event.Context
	Changes []ChangeRow
	Raw     string // the whole event, indented
	Claimed string // what the caller claims, indented
	Same    []LogRow
	// IsConfiguration is whether the event changed the project's configuration.
	IsConfiguration bool
	Seal            Seal
	// Back leads to the list that the event was opened from, ProofHref to the event's proof.
	Back, ProofHref string
	// AllOfActor and AllOfUser lead to what the same actor did, and what happened to the same user.
	AllOfActor, AllOfUser string
}

// ChangeRow is one place before and after; what was not there is "".
type ChangeRow struct{ Path, Old, New string }

func isCursor(err error) bool { return fault.Is(err, "InvalidCursor") }

func (p *portal) showEvent(w http.ResponseWriter, r *http.Request, v visit) error {
	found, err := p.rowOf(r, v)
	if err != nil {
		return err
	}
	base, err := p.projectBase(w, r, event.TitleOf(found.Type), "log", v)
	if err != nil {
		return err
	}
	page := EventPage{Base: base, ID: found.ID.String()}
	if err := page.read(found); err != nil {
		return err
	}
	same, err := p.Log.SameRequest(r.Context(), found)
	if err != nil {
		return err
	}
	for _, other := range same {
		row, err := logRow(other)
		if err != nil {
			return err
		}
		page.Same = append(page.Same, row)
	}
	if page.Seal, err = p.seal(r, v); err != nil {
		return err
	}
	page.lead(r, found)
	p.Reads.Note(v.by, v.project.ID, "portal", auditlog.OfLog)
	return p.render(w, r, http.StatusOK, page.view())
}

// read takes from the event what its page shows.
func (e *EventPage) read(row auditlog.Row) (err error) {
	if e.LogRow, err = logRow(row); err != nil {
		return err
	}
	if e.Context, err = row.Context(); err != nil {
		return err
	}
	changes, err := row.Changes()
	if err != nil {
		return err
	}
	for _, c := range changes {
		e.Changes = append(e.Changes, ChangeRow{c.Path, inCell(c.Old), inCell(c.New)})
	}
	data, err := row.Data()
	if err != nil {
		return err
	}
	e.IsConfiguration = row.Type == event.ProjectAppUpdated{}.Type() && row.Outcome == event.Succeeded && len(changes) > 0
	e.Raw, e.Claimed = indented(data), indented(e.Context.Claimed)
	return nil
}

// tabOf is the tab of the log in which an event stands.
func tabOf(row auditlog.Row) string {
	if row.Category == event.Admin {
		return "admin"
	}
	return "users"
}

// backQuery is that of the list from which a page about an event was opened.
func backQuery(r *http.Request, row auditlog.Row) LogQuery {
	back := readQuery(r.URL.Query())
	if !r.URL.Query().Has("tab") {
		back.Tab = tabOf(row)
	}
	return back
}

// lead sets the links to the event's other page and to lists.
func (e *EventPage) lead(r *http.Request, row auditlog.Row) {
	list, tab, back := e.path("/audit-log"), tabOf(row), backQuery(r, row).encode()
	e.Back, e.ProofHref = list+"?"+back, e.Href+"/proof?"+back
	e.AllOfActor = list + "?" + LogQuery{Tab: tab, Actor: row.ActorID}.encode()
	if !row.User.IsZero() {
		e.AllOfUser = list + "?" + LogQuery{Tab: tab, User: row.User.String()}.encode()
	}
}

func indented(data []byte) string {
	var b bytes.Buffer
	if len(data) == 0 || json.Indent(&b, data, "", "  ") != nil {
		return string(data)
	}
	return b.String()
}

// inCell writes a value for people: text without its quotes, the rest as JSON.
func inCell(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil && text != "" {
		return text
	}
	return string(value)
}
