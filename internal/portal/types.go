package portal

import (
	"slices"
	"strings"

	"github.com/sealog/sealog/internal/event"
)

// TypeGroup is a heading of the list of types, with its types.
type TypeGroup struct {
	Name  string
	Types []TypeChoice
}

// TypeChoice is one type to choose.
type TypeChoice struct {
	Type, Title string
	Chosen      bool
}

// groups name the types' groups by how a type begins.
var groups = []struct{ prefix, name string }{
	{"user.", "Users"}, {"identity.", "Identities"},
	{"email.", "Messages"}, {"sms.", "Messages"}, {"whatsapp.", "Messages"},
	{"admin_api.", "Admin API"}, {"project.collaborator.", "Collaborators"}, {"project.billing.", "Billing"},
	{"project.", "Project"}, {"account.", "Portal accounts"}, {"access.", "Access"},
	{"audit_log.", "Audit log"}, {"audit.", "Audit log"}, {"backup.", "Backups"},
}

func groupOf(t event.Type) string {
	for _, g := range groups {
		if strings.HasPrefix(string(t), g.prefix) {
			return g.name
		}
	}
	return "Others"
}

// typeGroups are the types of the query's tab; a chosen type that this version does not
// record is among them too.
func (q LogQuery) typeGroups() []TypeGroup {
	var list []TypeGroup
	add := func(t event.Type) {
		name := groupOf(t)
		i := slices.IndexFunc(list, func(g TypeGroup) bool { return g.Name == name })
		if i < 0 {
			i, list = len(list), append(list, TypeGroup{Name: name})
		}
		list[i].Types = append(list[i].Types, TypeChoice{string(t), event.TitleOf(t), slices.Contains(q.Types, string(t))})
	}
	for _, s := range event.Catalogue() {
		if s.Category == q.category() {
			add(s.Type)
		}
	}
	for _, t := range q.Types {
		if _, known := event.Lookup(event.Type(t)); !known {
			add(event.Type(t))
		}
	}
	return list
}
