package portal

import (
	"net/http"
	"net/url"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/web"
)

// newerRoute is what open pages ask for by themselves.
const newerRoute = "GET /projects/{project}/audit-log/newer"

// newerPath is what an open page asks for, again and again, to learn that there are newer events.
func (l LogPage) newerPath() string { return l.path("/audit-log/newer?") + l.Query.encode() }

// showNewer answers with the link to newer events, if there are any. Nothing of the log is
// shown, so nobody has read it.
func (p *portal) showNewer(w http.ResponseWriter, r *http.Request, v visit) error {
	page, filter, err := p.readPage(r, v)
	if err != nil {
		return err
	}
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
