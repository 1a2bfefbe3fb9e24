package portal

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/settings"
	"github.com/sealog/sealog/internal/web"
)

// versionsShown is how many versions the history lists at once.
const versionsShown = 50

// ConfigurationPage shows the project's configuration: as a form, as YAML, or who made it so.
type ConfigurationPage struct {
	Base
	Fields
	Recent   Recent
	Tab      string // "form", "yaml" or "history"
	Text     string // the YAML to edit
	Checksum string // of the configuration that is changed
	Problems []settings.Problem
	Blame    []BlameRow
	Versions []VersionRow
	Older    int64 // the version from which the list goes on, or 0
	MayAct   bool
}

// BlameRow is a setting and who last changed it.
type BlameRow struct {
	Path, Value string
	VersionRow
}

// VersionRow is a configuration that was, and who made it.
type VersionRow struct {
	project.Version
	Actor string // "" when it is older than the history, or not to be read any more
}

// ConfigurationPreviewPage says what would change before it does.
type ConfigurationPreviewPage struct {
	Base
	Text, Checksum string
	Diff           []DiffLine
	Changes        []ChangeRow
}

// ConfigurationAtPage is the configuration as it was when an event was recorded.
type ConfigurationAtPage struct {
	Base
	Event   string
	Text    string
	Version VersionRow
	// Diff is what would change if it were taken again.
	Diff   []DiffLine
	MayAct bool
}

// DiffLine is a line of a difference, with its sign: "+", "-", " ", or "…" for lines left out.
type DiffLine struct{ Sign, Text string }

// diffContext is how many lines that stay are shown around one that changes.
const diffContext = 4

// diffLines are the lines that change, and those around them.
func diffLines(diff string) []DiffLine {
	var all []DiffLine
	for line := range strings.Lines(diff) {
		if line = strings.TrimSuffix(line, "\n"); line != "" {
			all = append(all, DiffLine{line[:1], line[1:]})
		}
	}
	near := make([]bool, len(all))
	for i, line := range all {
		if line.Sign != " " {
			for j := max(0, i-diffContext); j < min(len(all), i+diffContext+1); j++ {
				near[j] = true
			}
		}
	}
	var lines []DiffLine
	for i, line := range all {
		switch {
		case near[i]:
			lines = append(lines, line)
		case i == 0 || near[i-1]:
			lines = append(lines, DiffLine{Sign: "…"})
		}
	}
	return lines
}

func (d DiffLine) class() string {
	switch d.Sign {
	case "+":
		return "added"
	case "-":
		return "removed"
	}
	return "same-line"
}

func (p *portal) showConfiguration(w http.ResponseWriter, r *http.Request, v visit) error {
	page := ConfigurationPage{
		Fields: formOf(v.project.Config), Tab: r.URL.Query().Get("tab"), Text: v.project.ConfigYML,
		Checksum: settings.Checksum(v.project.ConfigYML),
	}
	if from := r.URL.Query().Get("from"); from != "" {
		text, _, err := p.configurationAt(r, v, from)
		if err != nil {
			return err
		}
		page.Tab, page.Text = "yaml", text
	}
	return p.configurationPage(w, r, v, http.StatusOK, page)
}

// configurationPage shows the page with what is to be seen on its tab.
func (p *portal) configurationPage(w http.ResponseWriter, r *http.Request, v visit, status int, page ConfigurationPage) (err error) {
	page.MayAct = v.role.May(access.Act)
	switch page.Tab {
	case "history":
		if err := p.fillHistory(r, v, &page); err != nil {
			return err
		}
	case "yaml":
	default:
		page.Tab = "form"
	}
	if page.Recent, err = p.recent(r, v, "project.app.updated"); err != nil {
		return err
	}
	if page.Base, err = p.projectBase(w, r, "Configuration", "configuration", v); err != nil {
		return err
	}
	return p.render(w, r, status, page.view())
}

// fillHistory reads who last changed each setting, and the versions. Neither costs more when
// there are more versions.
func (p *portal) fillHistory(r *http.Request, v visit, page *ConfigurationPage) error {
	ctx, id := r.Context(), v.project.ID
	var before int64
	if text := r.URL.Query().Get("before"); text != "" {
		var err error
		if before, err = strconv.ParseInt(text, 10, 64); err != nil {
			return fault.New(fault.Malformed, "InvalidCursor", "The link to this page of the history is damaged.")
		}
	}
	blame, err := p.Projects.Blame(ctx, id)
	if err != nil {
		return err
	}
	versions, err := p.Projects.Versions(ctx, id, before, versionsShown+1)
	if err != nil {
		return err
	}
	if len(versions) > versionsShown {
		versions = versions[:versionsShown]
		page.Older = versions[versionsShown-1].Number
	}
	leaves, err := leavesOf(v.project.Config)
	if err != nil {
		return err
	}
	all := slices.Clone(versions)
	for i := range leaves {
		leaves[i].Version = blame.Of(leaves[i].Path)
		all = append(all, leaves[i].Version)
	}
	actors, err := p.actorsOf(r, v, all)
	if err != nil {
		return err
	}
	for _, version := range versions {
		page.Versions = append(page.Versions, VersionRow{version, actors[version.Event]})
	}
	for i := range leaves {
		leaves[i].Actor = actors[leaves[i].Event]
	}
	page.Blame = leaves
	return nil
}

// actorsOf returns who made versions, by their events, as far back as the plan lets the log
// be read.
func (p *portal) actorsOf(r *http.Request, v visit, versions []project.Version) (map[event.ID]string, error) {
	var ids []event.ID
	seen := map[event.ID]bool{{}: true}
	for _, version := range versions {
		if !seen[version.Event] {
			seen[version.Event] = true
			ids = append(ids, version.Event)
		}
	}
	actors, from := map[event.ID]string{}, v.project.Plan.ReadableFrom(p.Now())
	for chunk := range slices.Chunk(ids, 500) {
		rows, err := p.Log.GetMany(r.Context(), v.project.ID, chunk)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			if row.CreatedAt().Before(from) {
				continue
			}
			s, err := row.Summary()
			if err != nil {
				return nil, err
			}
			actors[row.ID] = s.Actor
		}
	}
	p.Reads.Note(v.by, v.project.ID, "portal", auditlog.OfLog)
	return actors, nil
}

// leavesOf lists the settings that are in force, by their JSON Pointers.
func leavesOf(c settings.Config) ([]BlameRow, error) {
	text, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	_, changes, err := settings.Compare(json.RawMessage(`{}`), text)
	if err != nil {
		return nil, err
	}
	var rows []BlameRow
	for _, change := range changes {
		rows = appendLeaves(rows, change.Path, change.New)
	}
	return rows, nil
}

func appendLeaves(rows []BlameRow, path string, value json.RawMessage) []BlameRow {
	var object map[string]json.RawMessage
	var list []json.RawMessage
	switch {
	case json.Unmarshal(value, &object) == nil && len(object) > 0:
		for _, key := range slices.Sorted(maps.Keys(object)) {
			rows = appendLeaves(rows, path+"/"+settings.EscapeKey(key), object[key])
		}
	case json.Unmarshal(value, &list) == nil && len(list) > 0:
		for i, item := range list {
			rows = appendLeaves(rows, path+"/"+strconv.Itoa(i), item)
		}
	default:
		rows = append(rows, BlameRow{Path: path, Value: inCell(value)})
	}
	return rows
}

func (p *portal) configurationAt(r *http.Request, v visit, text string) (string, project.Version, error) {
	id, err := event.ParseID(text)
	if err != nil {
		return "", project.Version{}, fault.New(fault.NotFound, "EventNotFound", "There is no such event in this project’s log.").Because(err)
	}
	return p.Projects.ConfigAt(r.Context(), v.project.ID, id)
}

func (p *portal) showConfigurationAt(w http.ResponseWriter, r *http.Request, v visit) error {
	text, version, err := p.configurationAt(r, v, r.PathValue("event"))
	if err != nil {
		return err
	}
	page := ConfigurationAtPage{Event: r.PathValue("event"), Text: text, MayAct: v.role.May(access.Act)}
	actors, err := p.actorsOf(r, v, []project.Version{version})
	if err != nil {
		return err
	}
	page.Version = VersionRow{version, actors[version.Event]}
	// What was accepted once may not fit the schema of today; then there is nothing to compare.
	if preview, err := p.Projects.Preview(v.project, text); err == nil {
		page.Diff = diffLines(preview.Diff)
	} else if !fault.Is(err, "ConfigInvalid") {
		return err
	}
	if page.Base, err = p.projectBase(w, r, "Configuration as it was", "configuration", v); err != nil {
		return err
	}
	return p.render(w, r, http.StatusOK, page.view())
}

func (p *portal) showSchema(w http.ResponseWriter, _ *http.Request, _ visit) error {
	w.Header().Set("Content-Type", "application/schema+json")
	_, _ = w.Write(settings.Schema()) // a client that has left needs no answer
	return nil
}

// configure takes the form or the YAML, shows what would change, and changes it: step by step.
func (p *portal) configure(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	// Browsers end lines with CR and LF (HTML, "construct the entry list").
	text, sum := strings.ReplaceAll(r.PostForm.Get("text"), "\r\n", "\n"), r.PostForm.Get("checksum")
	page := ConfigurationPage{Tab: "yaml", Text: text, Checksum: sum, Fields: fieldsOf(r)}
	switch r.PostForm.Get("step") {
	case "form":
		return p.configureByForm(w, r, v, sum)
	case "edit":
		return p.configurationPage(w, r, v, http.StatusOK, page)
	case "save":
		err := p.Projects.Update(r.Context(), v.by, v.project.ID, project.Update{Text: &text, Checksum: sum})
		if err != nil {
			return p.configurationRefused(w, r, v, page, err)
		}
		p.flash(w, "configured")
		return redirect(w, r, v.path("/configuration"))
	default:
		return p.previewConfiguration(w, r, v, page)
	}
}

// configurationRefused shows the text again with what is wrong with it.
func (p *portal) configurationRefused(w http.ResponseWriter, r *http.Request, v visit, page ConfigurationPage, err error) error {
	said := fault.Of(err)
	switch problems, ok := said.Info.(settings.Problems); {
	case ok && page.Tab == "form":
		page.attribute(problems.Problems)
	case ok:
		page.Problems = problems.Problems
		page.Error = "The configuration has problems, and nothing was saved."
	case said.Code == "ConfigChanged":
		// The text is kept; previewing it again compares it with what is in force now.
		now, err := p.Projects.Get(r.Context(), v.project.ID)
		if err != nil {
			return err
		}
		page.Checksum, v.project = settings.Checksum(now.ConfigYML), now
		page.Error = "Somebody else has changed the configuration meanwhile, and nothing of yours was saved. Your text is below: preview it again to see how it differs from what is in force now."
	default:
		return err
	}
	return p.configurationPage(w, r, v, statusOf(err), page)
}

func (p *portal) previewConfiguration(w http.ResponseWriter, r *http.Request, v visit, page ConfigurationPage) error {
	preview, err := p.Projects.Preview(v.project, page.Text)
	if err == nil && page.Checksum != settings.Checksum(v.project.ConfigYML) {
		err = fault.New(fault.Conflict, "ConfigChanged", "Somebody else has changed the configuration.")
	}
	if err != nil {
		return p.configurationRefused(w, r, v, page, err)
	}
	shown := ConfigurationPreviewPage{Text: page.Text, Checksum: page.Checksum, Diff: diffLines(preview.Diff)}
	for _, c := range preview.Changes {
		shown.Changes = append(shown.Changes, ChangeRow{c.Path, inCell(c.Old), inCell(c.New)})
	}
	if shown.Base, err = p.projectBase(w, r, "Preview", "configuration", v); err != nil {
		return err
	}
	return p.render(w, r, http.StatusOK, shown.view())
}

// configureByForm makes of the form's fields edits of the YAML, and shows what they change.
func (p *portal) configureByForm(w http.ResponseWriter, r *http.Request, v visit, sum string) error {
	page := ConfigurationPage{Tab: "form", Text: v.project.ConfigYML, Checksum: sum, Fields: typedForm(r)}
	edits, err := page.edits(v.project.Config)
	if err != nil {
		return err
	}
	if page.wrong() {
		return p.configurationPage(w, r, v, http.StatusUnprocessableEntity, page)
	}
	if sum != settings.Checksum(v.project.ConfigYML) {
		page.Error = "Somebody else has changed the configuration meanwhile, and nothing of yours was saved. Look through the fields and send them again."
		page.Checksum = settings.Checksum(v.project.ConfigYML)
		return p.configurationPage(w, r, v, http.StatusConflict, page)
	}
	text, err := settings.Apply(v.project.ConfigYML, edits)
	if fault.Is(err, "ConfigNotEditable") {
		page.Error = fault.Of(err).Message
		return p.configurationPage(w, r, v, http.StatusUnprocessableEntity, page)
	}
	if err != nil {
		return err
	}
	page.Text = text
	return p.previewConfiguration(w, r, v, page)
}
