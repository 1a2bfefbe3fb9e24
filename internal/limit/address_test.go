package limit_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sealog/sealog/internal/limit"
)

func TestNeighbourhood(t *testing.T) {
	t.Parallel()
	for ip, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "::ffff:192.0.2.7": "192.0.2.7", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
		"2001:db8:1:2::9": "2001:db8:1:2::/64", "2001:db8:1:3::9": "2001:db8:1:3::/64", "fe80::1%eth0": "fe80::/64", "": "", "pipe": "pipe",
	} {
		if got := limit.Neighbourhood(ip); got != want {
			t.Errorf("%q is in %q, want %q", ip, got, want)
		}
	}
}

// TestNoLimitTakesAnAddress reads the program: whoever has a /64 has 2^64 addresses, so an address is
// never the key of a limit as it is.
func TestNoLimitTakesAnAddress(t *testing.T) {
	t.Parallel()
	calls := 0
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) < 3 {
				return true
			}
			if method, ok := call.Fun.(*ast.SelectorExpr); ok && (method.Sel.Name == "Allow" || method.Sel.Name == "Take" || method.Sel.Name == "Exhausted") {
				calls++
				if mentionsAddress(call.Args[0]) {
					t.Errorf("%s: the key of a limit is an address; use limit.Neighbourhood", files.Position(call.Pos()))
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if calls < 10 {
		t.Errorf("only %d calls of limits were found", calls)
	}
}

// mentionsAddress reports whether an expression reads a field IP outside of limit.Neighbourhood.
func mentionsAddress(e ast.Expr) (found bool) {
	ast.Inspect(e, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if f, ok := n.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "Neighbourhood" {
				return false
			}
		case *ast.SelectorExpr:
			found = found || n.Sel.Name == "IP"
		case *ast.Ident:
			found = found || n.Name == "ip"
		}
		return true
	})
	return found
}
