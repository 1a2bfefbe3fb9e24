package limit

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write docs/limits.md")

const docs = "../../docs/limits.md"

// TestDocs compares docs/limits.md with the table.
func TestDocs(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	b.WriteString(`# Limits

Every input, answer and queue of Sealog has a limit. A request beyond one is refused before any work that grows with
it, with the error code below and the limit in the message (and as ` + "`bound`, `limit` and `unit`" + ` in the error's
` + "`info`" + ` where the answer is JSON); ` + "`sealog_bounds_exceeded_total{bound=\"…\"}`" + ` counts it. ` +
		"This page is generated from package `internal/limit`: `go test ./internal/limit -update`.\n")
	for _, g := range All() {
		fmt.Fprintf(&b, "\n## %s\n\n| limit | at most | error | `bound` |\n|---|---|---|---|\n", g.Title)
		for _, e := range g.Bounds {
			fmt.Fprintf(&b, "| %s | %s | `%s` | `%s` |\n", e.What, e.Amount(), e.Code, e.Name)
		}
		for _, e := range g.Rates {
			fmt.Fprintf(&b, "| %s | %s | `%s` | `%s` |\n", e.What, e.Amount(), e.Code, e.Name)
		}
	}
	if *update {
		if err := os.WriteFile(docs, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	is, err := os.ReadFile(docs)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(b.String(), string(is)); diff != "" {
		t.Errorf("docs/limits.md (-want, +got), run go test ./internal/limit -update:\n%s", diff)
	}
}

// TestTable checks that every bound of this package is listed, named once, and enforced
// somewhere.
func TestTable(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	snake := regexp.MustCompile(`^[a-z0-9]+(_[a-z0-9]+)*$`)
	for _, g := range All() {
		for _, b := range g.Bounds {
			if b.Most <= 0 || b.What == "" || b.Code == "" || b.Unit == "" || !snake.MatchString(b.Name) || names[b.Name] {
				t.Errorf("incomplete or repeated: %+v", b)
			}
			names[b.Name] = true
		}
		for _, r := range g.Rates {
			if r.Burst <= 0 || r.Every <= 0 || r.What == "" || r.Code == "" || !snake.MatchString(r.Name) || names[r.Name] {
				t.Errorf("incomplete or repeated: %+v", r)
			}
			names[r.Name] = true
		}
	}
	source := sources(t)
	for variable, name := range declared(t) {
		if !names[name] {
			t.Errorf("%s (%s) is not in All", variable, name)
		}
		if !strings.Contains(source, "limit."+variable) {
			t.Errorf("%s is enforced nowhere", variable)
		}
	}
}

// declared returns the names of the package's bounds and rates by the variables that hold them.
func declared(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				return true
			}
			literal, ok := spec.Values[0].(*ast.CompositeLit)
			if !ok {
				return true
			}
			kind, ok := literal.Type.(*ast.Ident)
			if ok && (kind.Name == "Bound" || kind.Name == "Rate") {
				first, _ := literal.Elts[0].(*ast.BasicLit)
				found[spec.Names[0].Name] = strings.Trim(first.Value, `"`)
			}
			return true
		})
	}
	return found
}

// ofPackage is where this package checks a bound of its own.
var ofPackage = regexp.MustCompile(`\b(Answers?[A-Z][a-z]+)\.Most\b`)

// sources is all Go code that is no test.
func sources(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, root := range []string{"../../internal", "../../cmd"} {
		err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			if strings.Contains(path, "internal/limit/") { // what the package enforces itself
				text = ofPackage.ReplaceAll(text, []byte("limit.$1"))
			}
			all.Write(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}
