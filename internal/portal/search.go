package portal

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	search "github.com/sealog/sealog/internal/query"
)

// Mistake is what is wrong with a search.
type Mistake struct {
	Message              string
	Before, Wrong, After string // the search, in three parts
	Mended               string // the search as it was probably meant, or ""
}

// mistakeOf is where in a search an error is; err is search.Parse's.
func mistakeOf(text string, err error) *Mistake {
	m := &Mistake{Message: fault.Of(err).Message, Wrong: text}
	if place, ok := fault.Of(err).Info.(search.Place); ok && place.Offset+place.Length <= len(text) {
		end := place.Offset + place.Length
		m.Before, m.Wrong, m.After = text[:place.Offset], text[place.Offset:end], text[end:]
	}
	m.Mended, _ = search.Mend(text, err)
	return m
}

// chosen is what a query asks the log for, as far back as the plan lets it be read; wrong holds
// what cannot be understood, by field. The search's times are before now.
func (p *portal) chosen(ctx context.Context, v visit, q LogQuery, now time.Time) (_ auditlog.Filter, wrong map[string]string, err error) {
	filter, wrong := q.filter(v.project.ID)
	if bound := v.project.Plan.ReadableFrom(p.Now()); filter.From.Before(bound) {
		filter.From = bound
	}
	parsed, mistake := search.Parse(q.Search)
	switch {
	case strings.Contains(q.Search, replacement) && len(q.Search) <= search.MaxBytes:
		wrong["q"] = "The search holds what is no text."
	case mistake != nil:
		wrong["q"] = fault.Of(mistake).Message
	}
	if len(wrong) > 0 {
		return filter, wrong, nil
	}
	zone, _ := location(q.Zone)
	filter, err = parsed.Filter(ctx, filter, now, zone, func(ctx context.Context, name string) ([]string, error) {
		return p.Log.ActorsNamed(ctx, v.project.ID, name)
	})
	return filter, wrong, err
}

// narrowed is a search with one more term; what the key must or, with not, must not be.
func narrowed(text, not, key, value string) string {
	return strings.TrimSpace(text + " " + term(not+key, value))
}

// term is a search for one value of a key, or "" when the key takes no such value.
func term(key, value string) string {
	quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value)
	parsed, err := search.Parse(key + `:"` + quoted + `"`)
	if err != nil {
		return ""
	}
	return parsed.String()
}

// suggestion is one way to go on writing a search.
type suggestion struct {
	Word  string `json:"word"`
	About string `json:"about"`
	// Line is the search with the word in it, and At the cursor behind the word, in the units of
	// JavaScript's strings.
	Line string `json:"line"`
	At   int    `json:"at"`
}

// showSuggestions answers the search line while somebody types: q is the text and at the cursor
// in it, in the units of JavaScript's strings.
func (p *portal) showSuggestions(w http.ResponseWriter, r *http.Request, v visit) error {
	text := readableTo(r.URL.Query().Get("q"), search.MaxBytes)
	at, err := strconv.Atoi(r.URL.Query().Get("at"))
	units := utf16.Encode([]rune(text))
	if err != nil || at < 0 || at > len(units) {
		at = len(units)
	}
	var failed error
	actors := func(key string) (all []search.Suggestion) {
		if key == actorKey {
			all, failed = p.actorsToName(r.Context(), v.project.ID)
		}
		return all
	}
	all := []suggestion{}
	for _, s := range search.Complete(text, len(string(utf16.Decode(units[:at]))), actors) {
		word := s.Text
		if !strings.HasSuffix(word, ":") && s.End == len(text) {
			word += " " // the next term can follow
		}
		begin := text[:s.Start] + word
		all = append(all, suggestion{Word: s.Text, About: s.Label, Line: begin + text[s.End:], At: len(utf16.Encode([]rune(begin)))})
	}
	if failed != nil {
		return failed
	}
	p.Reads.Note(v.by, v.project.ID, "portal", auditlog.OfLog)
	return sendJSON(w, all)
}

// actorKey is the key of a search that says who acted.
const actorKey = "actor"

var actorKinds = map[event.ActorType]string{
	event.Account: "signs in to the Portal", event.AdminAPIKey: "Admin API key", event.Operator: "operator of the server", event.System: "the server itself",
}

// actorsToName are the people and programs of a project's log as a search names them: by name, or
// by id who has none.
func (p *portal) actorsToName(ctx context.Context, project string) ([]search.Suggestion, error) {
	actors, err := p.Log.ActorsOf(ctx, project, 1000)
	var all []search.Suggestion
	for _, a := range actors {
		if text, ok := strings.CutPrefix(term(actorKey, or(a.Name, a.ID)), actorKey+":"); ok {
			all = append(all, search.Suggestion{Text: text, Label: actorKinds[a.Type]})
		}
	}
	return all, err
}
