package portal

import (
	"context"
	"crypto/rand"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/export"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/web"
)

// settleFor is how long an export waits for its own event to be signed, to be in the copy too.
const settleFor = 5 * time.Second

// ExportPage takes a project's log away, in a form that others can verify.
type ExportPage struct {
	Base
	Seal    Seal
	Query   ExportQuery
	Wrong   map[string]string // what of the query cannot be understood, by field
	Offered []event.Actor
	Keys    []string // of all the log's epochs, oldest first
	// ID is by what the page's script asks how far the download is.
	ID string
	// DaysBack is how far back the plan lets the log be read, or 0 for all of it.
	DaysBack         int
	MayAllow         bool // editors to export
	EditorsMayExport bool
}

// ExportQuery is the form as it was filled in.
type ExportQuery struct {
	Types          []string
	From, To, Zone string   // as those of LogQuery
	Actors         []string // chosen
	ActorIDs       string   // typed, apart by spaces
}

func readExportQuery(r *http.Request) ExportQuery {
	get := func(name string) string { return strings.TrimSpace(r.PostForm.Get(name)) }
	return ExportQuery{
		Types: r.PostForm["type"], From: get("from"), To: get("to"), Zone: get("tz"), Actors: r.PostForm["actor"], ActorIDs: get("actor_ids"),
	}
}

// chose reports whether an actor was chosen.
func (e ExportPage) chose(actor string) bool { return slices.Contains(e.Query.Actors, actor) }

// times are the query's times as the log's page has them.
func (q ExportQuery) times() LogQuery { return LogQuery{From: q.From, To: q.To, Zone: q.Zone} }

// typeGroups are all types, those of both tabs.
func (q ExportQuery) typeGroups() []TypeGroup {
	users, admin := LogQuery{Tab: "users", Types: q.Types}, LogQuery{Tab: "admin", Types: q.Types}
	return append(users.typeGroups(), admin.typeGroups()...)
}

// filter turns the query into what an export is asked for; wrong holds what cannot be
// understood, by field.
func (q ExportQuery) filter(project string) (_ export.Filter, wrong map[string]string) {
	bounds, wrong := q.times().filter(project)
	f := export.Filter{From: bounds.From, To: bounds.To}
	for _, text := range q.Types {
		if _, known := event.Lookup(event.Type(text)); !known {
			wrong["type"] = "There is no activity of the type “" + readable(text) + "”."
			continue
		}
		f.Types = append(f.Types, event.Type(text))
	}
	for _, id := range append(slices.Clone(q.Actors), strings.Fields(q.ActorIDs)...) {
		if len(id) > maxParameter {
			wrong["actor_ids"] = "“" + readable(id) + "” is not an actor’s id."
			continue
		}
		if !slices.Contains(f.Actors, id) {
			f.Actors = append(f.Actors, id)
		}
	}
	return f, wrong
}

// mayExport reports whether the visitor may take the log away.
func (v visit) mayExport() bool {
	return v.role.May(access.Export) || v.role == access.Editor && v.project.EditorsMayExport
}

// exporting lets through who may take the log away: owners, and editors whom they let.
func (p *portal) exporting(next func(http.ResponseWriter, *http.Request, visit) error) func(http.ResponseWriter, *http.Request, visit) error {
	return func(w http.ResponseWriter, r *http.Request, v visit) error {
		if !v.mayExport() {
			// The refusal goes on the record.
			if _, err := p.Access.Authorize(r.Context(), v.session, web.Request(r), v.project.ID, access.Export); err != nil {
				return err
			}
		}
		return next(w, r, v)
	}
}

func (p *portal) showExport(w http.ResponseWriter, r *http.Request, v visit) error {
	return p.exportPage(w, r, v, http.StatusOK, ExportQuery{}, nil)
}

func (p *portal) exportPage(w http.ResponseWriter, r *http.Request, v visit, status int, q ExportQuery, wrong map[string]string) (err error) {
	page := ExportPage{
		Query: q, Wrong: wrong, ID: rand.Text(), DaysBack: max(0, v.project.Plan.RetrievalDays),
		MayAllow: v.role.May(access.Export), EditorsMayExport: v.project.EditorsMayExport,
	}
	if page.Seal, err = p.seal(r, v); err != nil {
		return err
	}
	epochs, err := auditlog.Epochs(r.Context(), p.DB, v.project.ID)
	if err != nil {
		return err
	}
	for _, e := range epochs {
		page.Keys = append(page.Keys, p.Log.VerifierKey(e.Origin()))
	}
	if page.Offered, err = p.Log.ActorsOf(r.Context(), v.project.ID, actorsOffered); err != nil {
		return err
	}
	if page.Base, err = p.projectBase(w, r, "Export", "log", v); err != nil {
		return err
	}
	return p.render(w, r, status, page.view())
}

// exportLog answers with the verifiable copy. That it was taken is on the record before the
// first byte leaves.
func (p *portal) exportLog(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	q := readExportQuery(r)
	filter, wrong := q.filter(v.project.ID)
	if len(wrong) > 0 {
		return p.exportPage(w, r, v, http.StatusBadRequest, q, wrong)
	}
	if bound := v.project.Plan.ReadableFrom(p.Now()); filter.From.Before(bound) {
		filter.From = bound
	}
	ended, err := p.writers.begin(v.session.Account.ID)
	if err != nil {
		return err
	}
	defer ended()
	taken, err := export.BeginLog(r.Context(), p.DB, v.by, export.ViaPortal, v.project.ID, filter)
	if err != nil {
		return err
	}
	p.settle(r)
	key, whole := requestKey(v, r.PostForm.Get("id")), false
	taken.Progress = func(done, total int64) {
		p.downloads.set(key, progress{State: "running", Done: done, Total: total}, p.Now())
	}
	taken.Progress(0, 0)
	defer func() { p.downloads.end(key, !whole, p.Now()) }()
	err = p.send(w, r, download{p.fileName(v, "tar.gz"), "application/gzip", func(ctx context.Context, out io.Writer) error {
		_, err := taken.Write(ctx, export.NewTarGz(out))
		return err
	}})
	whole = err == nil
	return err
}

// settle has the event that says that a copy is taken signed, so that it is in the copy as well.
// A copy without it is good, too.
func (p *portal) settle(r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), settleFor)
	defer cancel()
	if err := p.Settle(ctx); err != nil {
		p.Logger.WarnContext(r.Context(), "an export was not waited for", "request", web.Request(r).ID, "error", err)
	}
}

// exportTable answers with the events that the log's page shows, as a table.
func (p *portal) exportTable(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	q := readQuery(r.PostForm)
	filter, wrong, err := p.chosen(r.Context(), v, q, p.Now())
	if err != nil {
		return err
	}
	if len(wrong) > 0 {
		return fault.New(fault.Malformed, "FilterMalformed", "The filter could not be understood.")
	}
	ended, err := p.writers.begin(v.session.Account.ID)
	if err != nil {
		return err
	}
	defer ended()
	format := export.Format(r.PostForm.Get("format"))
	taken, err := export.BeginTable(r.Context(), p.DB, p.Log, v.by, export.ViaPortal, format, filter)
	if err != nil {
		return err
	}
	contentType := "text/csv; charset=utf-8"
	if format == export.NDJSON {
		contentType = "application/x-ndjson"
	}
	return p.send(w, r, download{p.fileName(v, string(format)), contentType, func(ctx context.Context, out io.Writer) error {
		_, err := taken.Write(ctx, out)
		return err
	}})
}

// fileName names a download after its project and its day, in UTC.
func (p *portal) fileName(v visit, extension string) string {
	return v.project.ID + "-" + p.Now().UTC().Format(time.DateOnly) + "." + extension
}

// allowExport says whether editors may take the log away.
func (p *portal) allowExport(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	may := r.PostForm.Get("editors") != ""
	if err := p.Projects.SetEditorsMayExport(r.Context(), v.by, v.project.ID, may); err != nil {
		return err
	}
	p.flash(w, "export-access")
	return redirect(w, r, v.path("/audit-log/export"))
}
