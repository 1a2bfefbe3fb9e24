package settings

import (
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

var escaper = strings.NewReplacer("~", "~0", "/", "~1")

// EscapeKey writes one step of a JSON Pointer (RFC 6901, section 3).
func EscapeKey(step string) string { return escaper.Replace(step) }

// pointer writes a JSON Pointer.
func pointer(steps []string) string {
	var b strings.Builder
	for _, step := range steps {
		b.WriteString("/" + EscapeKey(step))
	}
	return b.String()
}

// steps reads a JSON Pointer.
func steps(pointer string) []string {
	if pointer == "" {
		return nil
	}
	all := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	for i, step := range all {
		all[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
	}
	return all
}

// body is the one document of a file, or nil.
func body(file *ast.File) ast.Node {
	if len(file.Docs) == 0 {
		return nil
	}
	return plain(file.Docs[0].Body)
}

// plain is a node without what stands around it.
func plain(n ast.Node) ast.Node {
	if group, ok := n.(*ast.CommentGroupNode); ok && group != nil {
		return nil // a document of comments alone
	}
	return n
}

// entries are the pairs of a mapping, and whether the node is one.
func entries(n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	default:
		return nil, false
	}
}

// keyOf is the key of a pair as text.
func keyOf(pair *ast.MappingValueNode) string {
	if text, ok := pair.Key.(*ast.StringNode); ok {
		return text.Value
	}
	return pair.Key.GetToken().Value
}

// place is where a value stands in a document.
type place struct {
	// depth is how many steps of the path lead to it; fewer than asked for when the rest is
	// not there.
	depth int
	// node is the value; pair is its pair when it is a mapping's, item its index in a sequence.
	node ast.Node
	pair *ast.MappingValueNode
	in   ast.Node // what holds it, or nil for the document
}

// find follows a path as far as it leads.
func find(file *ast.File, path []string) place {
	at := place{node: body(file)}
	for _, step := range path {
		next, ok := at.step(step)
		if !ok {
			return at
		}
		next.depth = at.depth + 1
		at = next
	}
	return at
}

func (p place) step(step string) (place, bool) {
	if pairs, ok := entries(p.node); ok {
		i := slices.IndexFunc(pairs, func(pair *ast.MappingValueNode) bool { return keyOf(pair) == step })
		if i < 0 {
			return place{}, false
		}
		return place{node: pairs[i].Value, pair: pairs[i], in: p.node}, true
	}
	if list, ok := p.node.(*ast.SequenceNode); ok {
		if i, err := strconv.Atoi(step); err == nil && i >= 0 && i < len(list.Values) {
			return place{node: list.Values[i], in: p.node}, true
		}
	}
	return place{}, false
}

// line is the line on which the place begins, from 1, or 0.
func (p place) line() int {
	var n ast.Node = p.node
	if p.pair != nil {
		n = p.pair.Key
	}
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return 0
	}
	return n.GetToken().Position.Line
}

// lineOf finds the line of what a JSON Pointer points at, or of the nearest thing around it.
func lineOf(file *ast.File, pointer string) int { return find(file, steps(pointer)).line() }
