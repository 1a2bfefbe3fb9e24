package portal

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // the zones of viewers are known on any machine
	"unicode/utf8"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	search "github.com/sealog/sealog/internal/query"
)

// LogQuery is the audit log page's query as it was typed; every part of the page's state is
// in its URL.
type LogQuery struct {
	Tab      string   // "users" or "admin"
	Search   string   // in the language of package query
	Types    []string // activity types
	From, To string   // as <input type=datetime-local> writes them
	Zone     string   // the zone of From, To and Search: "Europe/Zurich", minutes to add for UTC, or "" for UTC
	Actor    string   // chosen
	ActorID  string   // typed
	User     string
	Outcome  string // "", "succeeded", "failed", "denied"
	Order    string // "" for newest first, "oldest"

	Until         string // later events are left out, so that pages do not shift
	After, Before string // cursors
	// Page is the page's number in the result, from 1: what is asked for, or, beside a cursor,
	// what the page after or before it is called.
	Page string
}

// Everything that is put into URLs is at most so long.
const maxParameter = 200

// replacement stands where a parameter held what is no text.
const replacement = "\ufffd"

// readable is a parameter as pages and databases can have it. What is no text in it, or too
// much, stays visible, so that it is refused rather than left out.
func readable(text string) string { return readableTo(text, maxParameter) }

// readableTo is readable for a text of at most so many bytes.
func readableTo(text string, most int) string {
	if len(text) > most {
		end := most
		for end > most-utf8.UTFMax && !utf8.RuneStart(text[end]) {
			end--
		}
		text = text[:end] + replacement
	}
	return strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", replacement), replacement)
}

func readQuery(v url.Values) LogQuery {
	get := func(name string) string { return readable(strings.TrimSpace(v.Get(name))) }
	q := LogQuery{
		Tab: get("tab"), From: get("from"), To: get("to"), Zone: get("tz"), Actor: get("actor"), ActorID: get("actor_id"),
		User: get("user"), Outcome: get("outcome"), Order: get("order"),
		Until: get("until"), After: get("after"), Before: get("before"), Page: get("page"),
		Search: readableTo(strings.TrimSpace(v.Get("q")), search.MaxBytes),
	}
	if q.Tab != "admin" {
		q.Tab = "users"
	}
	if q.Outcome == "all" {
		q.Outcome = ""
	}
	if q.Order != "oldest" {
		q.Order = ""
	}
	for _, t := range v["type"] {
		if t = readable(strings.TrimSpace(t)); t != "" && !slices.Contains(q.Types, t) && len(q.Types) < 200 {
			q.Types = append(q.Types, t)
		}
	}
	return q
}

// values is the query as it stands in a URL; what is not set is left out.
func (q LogQuery) values() url.Values {
	v := url.Values{}
	set := func(name, value string) {
		if value != "" {
			v.Set(name, value)
		}
	}
	set("tab", q.Tab)
	set("q", q.Search)
	for _, t := range q.Types {
		v.Add("type", t)
	}
	set("from", q.From)
	set("to", q.To)
	if q.From != "" || q.To != "" || q.Search != "" {
		set("tz", q.Zone)
	}
	set("actor", q.Actor)
	set("actor_id", q.ActorID)
	set("user", q.User)
	set("outcome", q.Outcome)
	set("order", q.Order)
	set("until", q.Until)
	set("after", q.After)
	set("before", q.Before)
	set("page", q.Page)
	return v
}

func (q LogQuery) encode() string { return q.values().Encode() }

// pairs are the names and values of the query, for the fields of a form.
func (q LogQuery) pairs() [][2]string {
	var pairs [][2]string
	values := q.values()
	for _, name := range slices.Sorted(maps.Keys(values)) {
		for _, value := range values[name] {
			pairs = append(pairs, [2]string{name, value})
		}
	}
	return pairs
}

// fromStart is the query without a place in the result.
func (q LogQuery) fromStart() LogQuery {
	q.Until, q.After, q.Before, q.Page = "", "", "", ""
	return q
}

// filtered is whether anything is left out of the tab.
func (q LogQuery) filtered() bool { return q.Search != "" || q.fielded() }

// fielded is whether the fields of the filter say anything.
func (q LogQuery) fielded() bool {
	return len(q.Types) > 0 || q.From != "" || q.To != "" || q.Actor != "" || q.ActorID != "" || q.User != "" || q.Outcome != ""
}

func (q LogQuery) category() event.Category {
	if q.Tab == "admin" {
		return event.Admin
	}
	return event.Users
}

// localTime is what <input type=datetime-local> writes.
var localTimes = []string{"2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02T15:04:05.000", "2006-01-02"}

var zoneName = regexp.MustCompile(`^[A-Z][A-Za-z0-9_+-]*(/[A-Z][A-Za-z0-9_+-]*){0,2}$`)

// location is the zone that times are typed in; false when there is no such zone.
func location(zone string) (*time.Location, bool) {
	if zone == "" || zone == "UTC" {
		return time.UTC, true
	}
	if minutes, err := strconv.Atoi(zone); err == nil && minutes >= -24*60 && minutes <= 24*60 {
		return time.FixedZone("", -minutes*60), true
	}
	if !zoneName.MatchString(zone) || zone == "Local" {
		return time.UTC, false
	}
	l, err := time.LoadLocation(zone)
	if err != nil {
		return time.UTC, false
	}
	return l, true
}

func parseLocal(text string, zone *time.Location) (time.Time, bool) {
	for _, layout := range localTimes {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return t.UTC(), t.Year() >= 1970
		}
	}
	return time.Time{}, false
}

// filter turns the query into what the log is asked for; wrong holds what cannot be
// understood, by field. Until is not a part of it.
func (q LogQuery) filter(project string) (_ auditlog.Filter, wrong map[string]string) {
	f, wrong := auditlog.Filter{Project: project, Category: q.category()}, map[string]string{}
	for _, text := range q.Types {
		t := event.Type(text)
		_, known := event.Lookup(t)
		if (!known && !t.InContract()) || event.CategoryOf(t) != q.category() {
			wrong["type"] = "This tab has no activity of the type “" + text + "”."
			continue
		}
		f.Types = append(f.Types, t)
	}
	zone, ok := location(q.Zone)
	if !ok {
		wrong["from"] = "The time zone “" + q.Zone + "” is not known."
	}
	for _, bound := range []struct {
		name, text string
		to         *time.Time
	}{{"from", q.From, &f.From}, {"to", q.To, &f.To}} {
		if bound.text == "" {
			continue
		}
		if *bound.to, ok = parseLocal(bound.text, zone); !ok {
			wrong[bound.name] = "That is not a date and time. Write it like 2026-01-31T18:00."
		}
	}
	if len(wrong) == 0 && !f.From.IsZero() && !f.To.IsZero() && !f.From.Before(f.To) {
		wrong["to"] = "The end is not after the beginning."
	}
	for _, actor := range []struct{ name, id string }{{"actor", q.Actor}, {"actor_id", q.ActorID}} {
		switch {
		case strings.Contains(actor.id, replacement):
			wrong[actor.name] = "That is not an actor's id."
		case actor.id != "" && !slices.Contains(f.Actors, actor.id):
			f.Actors = append(f.Actors, actor.id)
		}
	}
	if q.User != "" {
		id, err := event.ParseID(q.User)
		if err != nil {
			wrong["user"] = "That is not a user id: 36 characters like 0198c0de-1234-7abc-8def-0123456789ab."
		} else {
			f.Users = []event.ID{id}
		}
	}
	if q.Outcome != "" {
		outcome, ok := event.ParseOutcome(q.Outcome)
		if !ok {
			wrong["outcome"] = "There is no such outcome."
		} else {
			f.Outcomes = []event.Outcome{outcome}
		}
	}
	return f, wrong
}

// Chip is one active part of the filter, with the query that is left without it.
type Chip struct{ Label, Value, Without string }

func (q LogQuery) chips(actorName func(string) string) []Chip {
	var chips []Chip
	chip := func(label, value string, without func(*LogQuery)) {
		if value == "" {
			return
		}
		rest := q.fromStart()
		rest.Types = slices.Clone(rest.Types)
		without(&rest)
		chips = append(chips, Chip{label, value, "?" + rest.encode()})
	}
	if parsed, err := search.Parse(q.Search); err == nil {
		chip("Search", parsed.String(), func(q *LogQuery) { q.Search = "" })
	}
	zone := " UTC"
	if q.Zone != "" {
		zone = ""
		if strings.Contains(q.Zone, "/") {
			zone = " " + q.Zone
		}
	}
	for i, t := range q.Types {
		chip("Type", event.TitleOf(event.Type(t)), func(q *LogQuery) { q.Types = slices.Delete(q.Types, i, i+1) })
	}
	chip("From", inChip(q.From, zone), func(q *LogQuery) { q.From = "" })
	chip("To", inChip(q.To, zone), func(q *LogQuery) { q.To = "" })
	chip("Actor", actorName(q.Actor), func(q *LogQuery) { q.Actor = "" })
	chip("Actor", actorName(q.ActorID), func(q *LogQuery) { q.ActorID = "" })
	chip("User", q.User, func(q *LogQuery) { q.User = "" })
	chip("Outcome", q.Outcome, func(q *LogQuery) { q.Outcome = "" })
	return chips
}

func inChip(local, zone string) string {
	if local == "" {
		return ""
	}
	return strings.Replace(local, "T", " ", 1) + zone
}
