package graph

import (
	"context"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/core"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"github.com/sealog/sealog/internal/limit"
)

// Documents keeps the documents that were parsed and found valid lately, by their text.
type Documents struct {
	byText *lru.Cache[string, *ast.QueryDocument]
}

const (
	keptDocuments   = 256
	maxKeptDocument = 4 << 10 // bytes; parsed, it takes some hundred times as much
)

// NewDocuments returns an empty memory of documents, for one schema.
func NewDocuments() Documents {
	c, err := lru.New[string, *ast.QueryDocument](keptDocuments)
	if err != nil {
		panic(err) // only for a size below one
	}
	return Documents{c}
}

// Prepare returns the valid document that a text is. Each step bounds the work of the next:
// the tokens, the shape of what was parsed, and the validation, of which parts take time with
// the square of that shape.
func (d Documents) Prepare(schema *ast.Schema, text string) (*ast.QueryDocument, gqlerror.List) {
	if document, ok := d.byText.Get(text); ok {
		return document, nil
	}
	document, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: text}, limit.GraphQLTokens.Most)
	if err != nil {
		return nil, gqlerror.List{errParse(err)}
	}
	if len(document.Operations) == 0 {
		e := gqlerror.Errorf("no operation provided")
		errcode.Set(e, errcode.ValidationFailed)
		return nil, gqlerror.List{e}
	}
	if err := checkShape(document); err != nil {
		return nil, gqlerror.List{{Err: err, Message: err.Message}}
	}
	errs := validator.ValidateWithRules(schema, document, quickRules())
	if n := len(errs); n > 0 && n <= maxErrors && len(text) <= maxKeptDocument {
		// Again, with words about what may have been meant: they take a millisecond each.
		errs = validator.ValidateWithRules(schema, document, rules.NewDefaultRules())
	}
	for _, e := range errs {
		errcode.Set(e, errcode.ValidationFailed)
	}
	if len(errs) > 0 {
		return nil, errs
	}
	if len(text) <= maxKeptDocument {
		d.byText.Add(text, document)
	}
	return document, nil
}

// errParse is an error of the parser, whose own bounds are told as such.
func errParse(err error) *gqlerror.Error {
	e := gqlerror.WrapIfUnwrapped(err)
	switch {
	case strings.HasPrefix(e.Message, "exceeded token limit"):
		e.Err = limit.GraphQLTokens.Exceeded()
	case strings.HasPrefix(e.Message, "exceeded maximum nesting depth"):
		e.Err = limit.GraphQLNesting.Exceeded()
	default:
		errcode.Set(e, errcode.ParseFailed)
	}
	return e
}

// quickRules are all rules of the validation, without looking for names like those unknown.
func quickRules() *rules.Rules {
	r := rules.NewDefaultRules()
	for name, rule := range map[string]core.Rule{
		rules.FieldsOnCorrectTypeRule.Name: rules.FieldsOnCorrectTypeRuleWithoutSuggestions,
		rules.KnownArgumentNamesRule.Name:  rules.KnownArgumentNamesRuleWithoutSuggestions,
		rules.KnownTypeNamesRule.Name:      rules.KnownTypeNamesRuleWithoutSuggestions,
		rules.ScalarLeafsRule.Name:         rules.ScalarLeafsRuleWithoutSuggestions,
		rules.ValuesOfCorrectTypeRule.Name: rules.ValuesOfCorrectTypeRuleWithoutSuggestions,
	} {
		r.ReplaceRule(name, rule.RuleFunc)
	}
	return r
}

// prepared gives the executor the document that Prepare returned.
type prepared struct{ document *ast.QueryDocument }

var _ graphql.Cache[*ast.QueryDocument] = prepared{}

// Get implements graphql.Cache.
func (p prepared) Get(context.Context, string) (*ast.QueryDocument, bool) { return p.document, true }

// Add implements graphql.Cache.
func (prepared) Add(context.Context, string, *ast.QueryDocument) {}
