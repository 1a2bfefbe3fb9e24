package settings

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/limit"
)

// Edit is a key to be set, or to be left out when Value is nil. Path is a JSON Pointer.
type Edit struct {
	Path  string
	Value json.RawMessage
}

func errNotEditable(path string) error {
	return fault.New(fault.Invalid, "ConfigNotEditable",
		"%s cannot be changed in place in the way the configuration is written; change it as text.", path).On("config")
}

// Apply makes edits in a YAML text: what they are not about stays as it is written, comments
// too. What comes out says exactly what was asked for, or it is an error.
//
// Errors: ConfigInvalid (the text is no configuration, or would exceed a bound),
// ConfigNotEditable (also when the edits together would read too much text).
func Apply(text string, edits []Edit) (string, error) {
	if err := limit.ConfigEdits.Check(len(edits) * len(text)); err != nil {
		err := limit.ConfigEdits.Exceeded()
		err.Message += " Change less at once, or change the configuration as text."
		return "", err.On("config")
	}
	file, value, problem := read(text)
	if problem != nil {
		return "", invalid(*problem)
	}
	d := document{text, file, value}
	for _, e := range edits {
		if err := d.apply(e); err != nil {
			return "", err
		}
	}
	return d.text, nil
}

// document is a text with what it says: its nodes and its value.
type document struct {
	text  string
	file  *ast.File
	value any
}

// apply makes one edit.
func (d *document) apply(e Edit) error {
	path := steps(e.Path)
	if len(path) > limit.ConfigDepth.Most {
		return invalid(*exceeding(limit.ConfigDepth, 0))
	}
	var value any
	if e.Value != nil {
		var problem *Problem
		if value, problem = fromJSON(e.Value); problem != nil {
			return invalid(*problem)
		}
	}
	wanted, ok := changed(d.value, path, value, e.Value == nil)
	if !ok || len(path) == 0 {
		return errNotEditable(e.Path)
	}
	if reflect.DeepEqual(d.value, wanted) {
		return nil
	}
	lines := strings.SplitAfter(d.text, "\n")
	for depth := len(path); depth > 0; depth-- {
		// The key itself, then, where it cannot be reached, what is around it.
		part, _ := member(wanted, path[:depth])
		gone := depth == len(path) && e.Value == nil
		after, ok := splice(d.file, lines, path[:depth], part, gone)
		if !ok {
			continue
		}
		if file, is, problem := read(after); problem == nil && reflect.DeepEqual(is, wanted) {
			*d = document{after, file, wanted}
			return nil
		} else if problem != nil && problem.Exceeded != nil {
			return invalid(*problem)
		}
	}
	return errNotEditable(e.Path)
}

// changed is a value in which one thing is set or left out. The value itself stays as it is.
func changed(value any, path []string, to any, gone bool) (any, bool) {
	if len(path) == 0 {
		return to, true
	}
	switch v := value.(type) {
	case nil:
		if gone {
			return nil, true
		}
		inner, ok := changed(nil, path[1:], to, gone)
		return map[string]any{path[0]: inner}, ok
	case map[string]any:
		copied := maps.Clone(v)
		if gone && len(path) == 1 {
			delete(copied, path[0])
			return copied, true
		}
		if _, there := v[path[0]]; gone && !there {
			return v, true
		}
		inner, ok := changed(v[path[0]], path[1:], to, gone)
		copied[path[0]] = inner
		return copied, ok
	case []any:
		i, err := strconv.Atoi(path[0])
		if err != nil || i < 0 || i > len(v) || i == len(v) && gone {
			return nil, false
		}
		if gone && len(path) == 1 {
			return slices.Delete(slices.Clone(v), i, i+1), true
		}
		copied := slices.Clone(v)
		if i == len(v) {
			copied = append(copied, nil)
		}
		inner, ok := changed(copied[i], path[1:], to, gone)
		copied[i] = inner
		return copied, ok
	default:
		return nil, false
	}
}

// member is what stands at a path of a value.
func member(value any, path []string) (any, bool) {
	for _, step := range path {
		next, ok := memberOf(value, step)
		if !ok {
			return nil, false
		}
		value = next
	}
	return value, true
}

// splice changes the lines of a text at one path. It is tried, and looked at afterwards:
// what does not come out as wanted is not taken.
func splice(file *ast.File, lines []string, path []string, value any, gone bool) (string, bool) {
	at := find(file, path)
	switch {
	case at.depth == len(path) && gone:
		return cut(lines, at)
	case at.depth == len(path):
		if after, ok := replaceScalar(lines, at.node, value); ok {
			return after, true
		}
		return replaceEntry(lines, at, path[len(path)-1], value)
	case gone:
		return "", false
	case at.depth == 0:
		return appendEntry(lines, at.node, path, value)
	default:
		return insertEntry(lines, at, path[at.depth:], value)
	}
}

// flow writes a value on one line.
func flow(value any) string { return encoded(value) }

// scalar writes a text, number or truth value as YAML does, bare where that is safe.
func scalar(value any) string {
	text, err := yaml.Marshal(value)
	if number, ok := value.(json.Number); ok {
		return number.String()
	}
	if err != nil || strings.Contains(strings.TrimSuffix(string(text), "\n"), "\n") {
		return flow(value)
	}
	return strings.TrimSuffix(string(text), "\n")
}

func isOpen(value any) bool {
	switch value.(type) {
	case map[string]any, []any:
		return true
	}
	return false
}

// block writes "key: value" with an indentation, a mapping or a list on lines of their own.
func block(key string, value any, indent int) string {
	pad := strings.Repeat(" ", indent)
	head := pad + scalar(key) + ":"
	switch v := value.(type) {
	case map[string]any:
		if len(v) == 0 {
			return head + " {}\n"
		}
		var b strings.Builder
		b.WriteString(head + "\n")
		for _, k := range slices.Sorted(maps.Keys(v)) {
			b.WriteString(block(k, v[k], indent+2))
		}
		return b.String()
	case []any:
		if len(v) == 0 {
			return head + " []\n"
		}
		var b strings.Builder
		b.WriteString(head + "\n")
		for _, item := range v {
			if isOpen(item) {
				b.WriteString(pad + "  - " + flow(item) + "\n")
			} else {
				b.WriteString(pad + "  - " + scalar(item) + "\n")
			}
		}
		return b.String()
	default:
		return head + " " + scalar(value) + "\n"
	}
}

// replaceScalar puts a scalar in the place of another that stands on one line.
func replaceScalar(lines []string, node ast.Node, value any) (string, bool) {
	if _, ok := node.(ast.ScalarNode); !ok || isOpen(value) || node.GetToken() == nil {
		return "", false
	}
	tk := node.GetToken()
	raw := strings.TrimSpace(tk.Origin)
	line := tk.Position.Line - 1
	if raw == "" || strings.Contains(raw, "\n") || line >= len(lines) {
		return "", false
	}
	before, rest, ok := column(lines[line], tk.Position.Column)
	if !ok || !strings.HasPrefix(rest, raw) {
		return "", false
	}
	replaced := slices.Clone(lines)
	text := scalar(value)
	if strings.ContainsAny(before, "{[") {
		text = flow(value) // a bare text may hold what ends a flow
	}
	replaced[line] = before + text + strings.TrimPrefix(rest, raw)
	return strings.Join(replaced, ""), true
}

// column divides a line before its n-th character, from 1.
func column(line string, n int) (before, rest string, ok bool) {
	at := 0
	for range n - 1 {
		if at >= len(line) {
			return "", "", false
		}
		_, size := utf8.DecodeRuneInString(line[at:])
		at += size
	}
	return line[:at], line[at:], true
}

// extent is the last line, from 1, that a node's tokens stand on.
type extent struct{ last int }

// Visit implements ast.Visitor.
func (e *extent) Visit(n ast.Node) ast.Visitor {
	if tk := n.GetToken(); tk != nil && tk.Position != nil {
		lines := 0
		if tk.Type == token.StringType || tk.Type == token.DoubleQuoteType || tk.Type == token.SingleQuoteType {
			lines = strings.Count(strings.Trim(tk.Origin, "\n "), "\n")
		}
		e.last = max(e.last, tk.Position.Line+lines)
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		if n.End != nil {
			e.last = max(e.last, n.End.Position.Line)
		}
	case *ast.SequenceNode:
		if n.End != nil {
			e.last = max(e.last, n.End.Position.Line)
		}
	case *ast.CommentGroupNode, *ast.CommentNode:
		return nil
	}
	return e
}

// span is the lines, from 0 and without the end, of a pair of a block mapping that begins
// its line, or of a value of a sequence.
func span(lines []string, p place) (from, to int, ok bool) {
	if p.pair == nil || isFlow(p.in) {
		return 0, 0, false
	}
	key := p.pair.Key.GetToken().Position
	before, _, ok := column(lines[key.Line-1], key.Column)
	if !ok || strings.TrimSpace(before) != "" {
		return 0, 0, false
	}
	e := extent{last: key.Line}
	if p.node != nil {
		ast.Walk(&e, p.node)
	}
	// A block scalar's own token is its header: its text goes on while it is indented.
	if _, ok := p.node.(*ast.LiteralNode); ok {
		for e.last < len(lines) && (strings.TrimSpace(lines[e.last]) == "" || strings.HasPrefix(lines[e.last], before+" ")) {
			e.last++
		}
	}
	return key.Line - 1, min(e.last, len(lines)), true
}

func isFlow(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.IsFlowStyle
	case *ast.SequenceNode:
		return n.IsFlowStyle
	}
	return false
}

// cut takes a pair out of a block mapping.
func cut(lines []string, p place) (string, bool) {
	from, to, ok := span(lines, p)
	if !ok {
		return "", false
	}
	return strings.Join(slices.Delete(slices.Clone(lines), from, to), ""), true
}

// replaceEntry writes a pair of a block mapping anew. A comment behind its key stays.
func replaceEntry(lines []string, p place, key string, value any) (string, bool) {
	from, to, ok := span(lines, p)
	if !ok {
		return "", false
	}
	indent := p.pair.Key.GetToken().Position.Column - 1
	return strings.Join(slices.Replace(slices.Clone(lines), from, to, block(key, value, indent)), ""), true
}

// nested wraps a value in the mappings that lead to it.
func nested(path []string, value any) any {
	for _, step := range slices.Backward(path[1:]) {
		value = map[string]any{step: value}
	}
	return value
}

// appendEntry adds a pair to the document's own mapping, at its end.
func appendEntry(lines []string, root ast.Node, path []string, value any) (string, bool) {
	if isFlow(root) {
		return "", false
	}
	text := strings.Join(lines, "")
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return text + block(path[0], nested(path, value), 0), true
}

// insertEntry adds a pair to a mapping that is there, as its first.
func insertEntry(lines []string, p place, path []string, value any) (string, bool) {
	value = nested(path, value)
	pairs, isMapping := entries(p.node)
	if isMapping && isFlow(p.node) {
		open := p.node.GetToken().Position
		before, rest, ok := column(lines[open.Line-1], open.Column)
		if !ok || !strings.HasPrefix(rest, "{") {
			return "", false
		}
		pair := strconv.Quote(path[0]) + ": " + flow(value)
		if len(pairs) > 0 {
			pair += ", "
		}
		after := slices.Clone(lines)
		after[open.Line-1] = before + "{" + pair + strings.TrimPrefix(rest, "{")
		return strings.Join(after, ""), true
	}
	if p.pair == nil {
		return "", false
	}
	key := p.pair.Key.GetToken().Position
	indent := key.Column + 1
	if isMapping && len(pairs) > 0 {
		indent = pairs[0].Key.GetToken().Position.Column - 1
		if pairs[0].Key.GetToken().Position.Line == key.Line {
			return "", false
		}
	} else if !isMapping {
		if _, isNull := p.node.(*ast.NullNode); !isNull {
			return "", false
		}
	}
	return strings.Join(slices.Insert(slices.Clone(lines), key.Line, block(path[0], value, indent)), ""), true
}

// Merge makes a YAML text say what a JSON configuration says, and edits only what differs.
// A text that cannot be edited so, or only with much reading, is written again as a whole,
// without its comments.
//
// Errors: ConfigInvalid (the JSON is none, or does not fit the schema).
func Merge(text string, wanted json.RawMessage) (string, error) {
	to, problem := fromJSON(wanted)
	if problem != nil {
		return "", invalid(*problem)
	}
	all, ok := to.(map[string]any)
	if !ok {
		return "", invalid(Problem{Message: "it is not a JSON object"})
	}
	// Before anything is written, since that takes time with the number of keys.
	if problems := violations(to); len(problems) > 0 {
		return "", invalid(problems...)
	}
	return merge(text, all), nil
}

// merge makes a text say what an object says.
func merge(text string, to map[string]any) string {
	_, from, problem := read(text)
	if problem != nil {
		from = nil // what is stored was read once; this is for texts of other versions
	}
	if from != nil {
		if merged, err := Apply(text, differences("", from, any(to))); err == nil { // it says what was asked for
			return merged
		}
	}
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(to)) {
		b.WriteString(block(key, to[key], 0))
	}
	if _, is, problem := read(b.String()); problem == nil && reflect.DeepEqual(is, any(to)) {
		return b.String()
	}
	return encoded(to) + "\n" // JSON is YAML
}

// differences are the edits that lead from one value to another.
func differences(at string, from, to any) []Edit {
	if reflect.DeepEqual(from, to) {
		return nil
	}
	was, ok := from.(map[string]any)
	is, ok2 := to.(map[string]any)
	if ok && ok2 {
		var all []Edit
		for _, key := range slices.Sorted(maps.Keys(was)) {
			if _, stays := is[key]; !stays {
				all = append(all, Edit{Path: at + "/" + EscapeKey(key)})
			}
		}
		for _, key := range slices.Sorted(maps.Keys(is)) {
			if old, there := was[key]; there {
				all = append(all, differences(at+"/"+EscapeKey(key), old, is[key])...)
			} else {
				all = append(all, Edit{Path: at + "/" + EscapeKey(key), Value: json.RawMessage(encoded(is[key]))})
			}
		}
		return all
	}
	list, ok := from.([]any)
	other, ok2 := to.([]any)
	if !ok || !ok2 || len(list) != len(other) {
		return []Edit{{Path: at, Value: json.RawMessage(encoded(to))}}
	}
	var all []Edit
	for i := range list {
		all = append(all, differences(at+"/"+strconv.Itoa(i), list[i], other[i])...)
	}
	return all
}
