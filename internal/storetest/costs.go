package storetest

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
)

// resolved finds the fields whose generated code calls something that takes a context, which
// is what reads from the database.
var resolved = regexp.MustCompile(`(?s)\nfunc \(ec \*executionContext\) _(\w+)_(\w+)\(ctx .*?\n}`)

// Uncosted lists the fields of a schema, as Type.field, for which root, a ComplexityRoot, has
// no function although they return a list, JSON of any size, or what is read on demand.
// Mutations are bounded by their number instead. generated is the directory of the schema's
// generated code.
func Uncosted(t *testing.T, schema *ast.Schema, root any, generated string) []string {
	t.Helper()
	onDemand := map[string]bool{}
	files, err := filepath.Glob(filepath.Join(generated, "*.generated.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range resolved.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(m[0], "ec.Resolvers.") || regexp.MustCompile(`return obj\.\w+\(ctx`).MatchString(m[0]) {
				onDemand[m[1]+"."+m[2]] = true
			}
		}
	}
	var found []string
	for name, definition := range schema.Types {
		if definition.Kind != ast.Object || name == "Mutation" || strings.HasPrefix(name, "__") {
			continue
		}
		costs := reflect.ValueOf(root).FieldByNameFunc(func(other string) bool { return strings.EqualFold(name, other) })
		for _, field := range definition.Fields {
			if strings.HasPrefix(field.Name, "__") {
				continue
			}
			of := schema.Types[field.Type.Name()]
			large := of.Kind == ast.Scalar && !of.BuiltIn && of.Name != "DateTime"
			if !large && field.Type.Elem == nil && !onDemand[name+"."+field.Name] {
				continue
			}
			if !hasCost(costs, field.Name) {
				found = append(found, name+"."+field.Name)
			}
		}
	}
	slices.Sort(found)
	return found
}

// hasCost reports whether one of a type's functions, whose names are those of the Go fields
// that are bound, is that of a field and set.
func hasCost(costs reflect.Value, field string) bool {
	if !costs.IsValid() {
		return false
	}
	f := costs.FieldByNameFunc(func(name string) bool { return strings.EqualFold(name, field) })
	return f.IsValid() && !f.IsNil()
}
