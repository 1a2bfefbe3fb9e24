package graph

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/limit"
)

func testSchema() *ast.Schema {
	return gqlparser.MustLoadSchema(&ast.Source{Input: `
		type Query { a: A b: A name: String other: Int list(of: [Int], in: In): [A] }
		type A { a: A b: A name: String other: Int list(of: [Int], in: In): [A] }
		input In { of: [Int] in: In }
		directive @d(of: [Int]) repeatable on FIELD | QUERY | FRAGMENT_SPREAD | INLINE_FRAGMENT
	`})
}

// many is a text n times, with the place in it.
func many(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// TestExpensiveDocuments has documents whose validation would take seconds to hours.
func TestExpensiveDocuments(t *testing.T) {
	t.Parallel()
	same := func(n int, text string) string { return strings.Repeat(text, n) }
	bomb := "{ ...f0 } " + many(40, "fragment f%d on Query { ...f%[1]dx ...f%[1]dx } ") + "fragment f40 on Query { name }"
	for i := range 40 {
		bomb = strings.ReplaceAll(bomb, fmt.Sprintf("...f%dx", i), fmt.Sprintf("...f%d", i+1))
	}
	for name, c := range map[string]struct {
		text  string
		bound limit.Bound
	}{
		"equal fields":             {"{" + same(9_900, "name ") + "}", limit.GraphQLSet},
		"equal fields of one set":  {"{" + same(400, "name ") + "}", limit.GraphQLEqual},
		"equal fields below":       {"{" + same(400, "a { "+same(20, "name ")+"} ") + "}", limit.GraphQLEqual},
		"equal fields deep":        {"{" + same(40, "a{a{a{a{a{a{"+same(20, "name ")+"}}}}}} ") + "}", limit.GraphQLEqual},
		"equal fields of inlines":  {"{" + same(400, "... { "+same(20, "name ")+"} ") + "}", limit.GraphQLEqual},
		"equal fields of spreads":  {"{" + same(300, "...f ") + "} fragment f on Query { name }", limit.GraphQLEqual},
		"fragments times spreads":  {"{" + same(100, "...f ") + "} fragment f on Query { " + same(100, "...g ") + "} fragment g on Query { " + many(100, "x%d: name ") + "}", limit.GraphQLEqual},
		"conflicts":                {"{" + same(240, "x: name x: other ") + "}", limit.GraphQLEqual},
		"unknown fields":           {"{" + many(9_000, "nome%d ") + "}", limit.GraphQLSet},
		"unknown fields below":     {"{" + same(200, "a { "+many(40, "nome%d ")+"} ") + "}", limit.GraphQLEqual},
		"fragments":                {"{" + many(200, "...f%d ") + "}" + many(200, "fragment f%d on Query { name } "), limit.GraphQLFragments},
		"unused fragments":         {"{ name }" + many(90, "fragment f%d on Query { "+same(70, "name ")+"} "), limit.GraphQLEqual},
		"fragments to the power":   {bomb, limit.GraphQLEqual},
		"fields of fragments":      {"{" + many(12, "a%d: a { ...f } ") + "} fragment f on A { " + many(490, "x%d: name ") + "}", limit.GraphQLFields},
		"operations":               {many(1_000, "query q%d { name } "), limit.GraphQLOperations},
		"variables":                {"query q(" + many(1_000, "$v%d: Int ") + ") { name }", limit.GraphQLVariables},
		"directives":               {"{ name " + same(3_000, "@d ") + "}", limit.GraphQLDirectives},
		"directives of operations": {"query " + same(3_000, "@d ") + "{ name }", limit.GraphQLDirectives},
		"nested fields":            {same(900, "{ a ") + same(900, "} "), limit.GraphQLNesting},
		"nested inline fragments":  {"{" + same(900, "... { ") + "name" + same(900, "} ") + "}", limit.GraphQLNesting},
		"nested values":            {"{ list(in: " + same(900, "{in: ") + "{}" + same(900, "} ") + ") { name } }", limit.GraphQLNesting},
		"nested lists":             {"{ list(of: " + same(900, "[ ") + same(900, "] ") + ") { name } }", limit.GraphQLNesting},
		"tokens":                   {"{" + same(20_000, "name ") + "}", limit.GraphQLTokens},
		"nesting of the parser":    {same(3_000, "{ a ") + same(3_000, "} "), limit.GraphQLNesting},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, errs := prepareInTime(t, c.text)
			if len(errs) != 1 {
				t.Fatalf("%d errors: %v", len(errs), errs[:min(len(errs), 3)])
			}
			f := fault.Of(errs[0])
			if excess, ok := f.Info.(limit.Excess); !ok || excess.Bound != c.bound.Name {
				t.Errorf("%v, want %s", errs[0], c.bound.Name)
			}
		})
	}
}

// prepareInTime prepares a document, which must end within a time that is long for it and
// short for what the bounds are against.
func prepareInTime(t *testing.T, text string) (document *ast.QueryDocument, errs []error) {
	t.Helper()
	done := make(chan struct{})
	schema := testSchema()
	go func() {
		defer close(done)
		d, found := NewDocuments().Prepare(schema, text)
		document = d
		for _, e := range found {
			errs = append(errs, e)
		}
	}()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatalf("still at work after 20 s: %.200s", text)
	}
	return document, errs
}

// TestDocumentsWithinTheBounds are as expensive as the bounds allow.
func TestDocumentsWithinTheBounds(t *testing.T) {
	t.Parallel()
	same := func(n int, text string) string { return strings.Repeat(text, n) }
	for name, c := range map[string]struct {
		text  string
		valid bool
	}{
		"aliases":         {"{" + many(500, "x%d: name ") + "}", true},
		"equal fields":    {"{" + same(140, "name ") + "}", true},
		"a large list":    {"{ list(of: [" + same(9_000, "1 ") + "]) { name } }", true},
		"unknown fields":  {"{" + many(9, "a%d: a {"+many(490, "nome%d ")+"} ") + "}", false},
		"unknown values":  {"{ list(of: [" + same(9_000, "A ") + "]) { name } }", false},
		"cycle":           {"{ ...f } fragment f on Query { a { ...g } } fragment g on A { b { ...g } }", false},
		"missing":         {"{ ...f }", false},
		"twice":           {"{ ...f } fragment f on Query { name } fragment f on Query { other }", false},
		"no operation":    {"fragment f on Query { name }", false},
		"nothing":         {"", false},
		"comments":        {"{ name }" + same(9_000, "#\n"), true},
		"one long string": {"{ list(of: \"" + same(500_000, "x") + "\") { name } }", false},
		"one long name":   {"{ " + same(500_000, "x") + " }", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			document, errs := prepareInTime(t, c.text)
			if (len(errs) == 0) != c.valid || (document != nil) != c.valid {
				t.Errorf("%v", errs[:min(len(errs), 3)])
			}
		})
	}
}

// TestDocumentsAreParsedOnce: a document that was valid lately is not looked at again.
func TestDocumentsAreParsedOnce(t *testing.T) {
	t.Parallel()
	d, schema := NewDocuments(), testSchema()
	first, errs := d.Prepare(schema, "{ name }")
	again, errs2 := d.Prepare(schema, "{ name }")
	if first == nil || first != again || errs != nil || errs2 != nil {
		t.Errorf("%p, %p, %v, %v", first, again, errs, errs2)
	}
	if e, _ := d.Prepare(schema, "{ nome }"); e != nil {
		t.Error("valid")
	}
	_, errs = d.Prepare(schema, "{ nome }")
	if len(errs) != 1 || !strings.Contains(errs[0].Message, "Did you mean") {
		t.Errorf("%v", errs)
	}
}

// TestRandomDocuments makes documents that press on all bounds at once.
func TestRandomDocuments(t *testing.T) {
	t.Parallel()
	for seed := range uint64(30) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			prepareInTime(t, randomDocument(rand.New(rand.NewPCG(seed, 1))))
		})
	}
}

func randomDocument(r *rand.Rand) string {
	fragments, left := r.IntN(40), 2_000+r.IntN(6_000)
	var b strings.Builder
	var set func(depth, after int)
	set = func(depth, after int) {
		b.WriteString("{ ")
		for range 1 + r.IntN(20) {
			left--
			switch pick := r.IntN(10); {
			case left < 0 || pick < 4 || depth > 12:
				b.WriteString([]string{"name ", "other ", "x: name ", "x: other ", "nome "}[r.IntN(5)])
			case pick < 7:
				b.WriteString([]string{"a ", "b ", "list ", "x: a "}[r.IntN(4)])
				set(depth+1, after)
			case pick < 8:
				b.WriteString("... on A ")
				set(depth+1, after)
			case after < fragments:
				fmt.Fprintf(&b, "...f%d ", after+r.IntN(fragments-after))
			}
		}
		b.WriteString("name } ")
	}
	b.WriteString("{ a ")
	set(1, 0)
	b.WriteString("} ")
	for i := range fragments {
		fmt.Fprintf(&b, "fragment f%d on A ", i)
		set(1, i+1)
	}
	return b.String()
}
