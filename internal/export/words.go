package export

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
)

// words says a filter as it stands in audit_log.exported; "" when it leaves nothing out.
func words(f auditlog.Filter) string {
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	switch f.Category {
	case event.Users:
		add("users activities")
	case event.Admin:
		add("admin API and portal")
	}
	list(add, "types", f.Types)
	if f.OtherTypes {
		add("types that the Admin API has no name for")
	}
	if !f.From.IsZero() {
		add("from %s", moment(f.From))
	}
	if !f.To.IsZero() {
		add("before %s", moment(f.To))
	}
	list(add, "users", f.Users)
	list(add, "actors", f.Actors)
	list(add, "outcomes", f.Outcomes)
	for _, m := range f.Mentions {
		of := slices.Concat(asWords(m.Events), asWords(m.Users), m.Actors, refs(m.Refs))
		if list(add, "about, by or mentioning", of); len(of) == 0 {
			add("none at all")
		}
	}
	list(add, "not of the types", f.Not.Types)
	list(add, "not about the users", f.Not.Users)
	list(add, "not by the actors", f.Not.Actors)
	list(add, "not with the outcomes", f.Not.Outcomes)
	list(add, "not mentioning", refs(f.Not.Refs))
	return strings.Join(parts, "; ")
}

func list[T any](add func(string, ...any), head string, values []T) {
	if len(values) > 0 {
		add("%s %s", head, strings.Join(asWords(values), ", "))
	}
}

func asWords[T any](values []T) []string {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = fmt.Sprint(v)
	}
	return all
}

// refs names what is asked for, but not a person: an erasure of that person's data does not reach
// the event of an export, which is about somebody else.
func refs(list []event.Ref) []string {
	all := make([]string, len(list))
	for i, r := range list {
		switch r.Kind {
		case event.RefSession, event.RefKey, event.RefDomain:
			all[i] = string(r.Kind) + " " + r.Value
		default:
			all[i] = string(r.Kind) + " (not recorded)"
		}
	}
	return all
}

// moment is a time as entries and tables have it: RFC 3339 in UTC with microseconds.
func moment(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }
