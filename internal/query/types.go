package query

import (
	"slices"
	"strings"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
)

// knownTypes are the activity types that this version knows: those that Sealog records, in
// reading order, and after them those that only the Admin API has names for.
var knownTypes = func() []event.Type {
	var all []event.Type
	for _, s := range event.Catalogue() {
		all = append(all, s.Type)
	}
	return unique(append(all, event.ContractTypes()...))
}()

// everyOf ends a value that stands for all types whose names begin so.
const everyOf = "*"

// readType reads a type by its stored name or by that of the Admin API's enum, or the beginning
// of such a name with an asterisk after it. The canonical form is that of stored names.
func readType(text string) (string, *fault.Error) {
	beginning, isPrefix := strings.CutSuffix(text, everyOf)
	if isPrefix && beginning == "" {
		return "", malformed("Before the asterisk stands how a type's name begins: type:project.*")
	}
	types := typesOf(text)
	switch {
	case len(types) == 0:
		return "", unknownType(text, beginning)
	case isPrefix:
		return string(types[0][:len(event.Type(beginning).EnumName())]) + everyOf, nil
	default:
		return string(types[0]), nil
	}
}

// typesOf returns the known types that a value stands for. Stored names and those of the enum
// are as long as each other and differ in case and in what is a dot.
func typesOf(text string) []event.Type {
	beginning, isPrefix := strings.CutSuffix(text, everyOf)
	wanted := event.Type(beginning).EnumName()
	var all []event.Type
	for _, t := range knownTypes {
		if name := t.EnumName(); name == wanted && !isPrefix || isPrefix && strings.HasPrefix(name, wanted) {
			all = append(all, t)
		}
	}
	return all
}

func unknownType(text, beginning string) *fault.Error {
	var names []string
	for _, t := range knownTypes {
		names = append(names, t.EnumName())
	}
	near := nearest(event.Type(text).EnumName(), names)
	if i := slices.Index(names, near); i >= 0 {
		near = string(knownTypes[i])
	}
	if all := strings.TrimSuffix(beginning, ".") + "." + everyOf; len(typesOf(all)) > 0 {
		near = all
	}
	return unknown("QueryUnknownValue", "type", text, near,
		" Types have names like project.app.updated; project.* stands for all that begin so.")
}
