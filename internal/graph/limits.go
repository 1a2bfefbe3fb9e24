package graph

import (
	"context"
	"reflect"

	"github.com/99designs/gqlgen/complexity"
	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/limit"
)

// CountCost is what a document pays for a totalCount, since the database has to look
// through all that is counted.
const CountCost = 1_000

// limits refuses documents before they run.
type limits struct{ schema graphql.ExecutableSchema }

// ExtensionName implements graphql.HandlerExtension.
func (limits) ExtensionName() string { return "limits" }

// Validate implements graphql.HandlerExtension.
func (limits) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationContext implements graphql.OperationContextMutator.
func (l limits) MutateOperationContext(ctx context.Context, operation *graphql.OperationContext) *gqlerror.Error {
	// The size comes first: it bounds what the others look at.
	s := sizes{byFragment: map[string]size{}, byVariable: map[string]int{}, variables: operation.Variables}
	whole := s.of(operation.Operation.SelectionSet)
	var err *fault.Error
	switch {
	case whole.deferred:
		err = fault.New(fault.Malformed, "DeferUnsupported", "The directive @defer is not supported.")
	case whole.depth > limit.GraphQLDepth.Most:
		err = limit.GraphQLDepth.Exceeded()
	case whole.values > limit.GraphQLValues.Most:
		err = limit.GraphQLValues.Exceeded()
	case whole.selections > limit.GraphQLCost.Most, whole.counts*CountCost > limit.GraphQLCost.Most:
		err = errCost()
	case operation.Operation.Operation == ast.Mutation &&
		len(graphql.CollectFields(operation, operation.Operation.SelectionSet, []string{mutationType})) > limit.GraphQLMutations.Most:
		err = limit.GraphQLMutations.Exceeded()
	case complexity.Calculate(ctx, l.schema, operation.Operation, operation.Variables) > limit.GraphQLCost.Most:
		err = errCost()
	default:
		return nil
	}
	return &gqlerror.Error{Err: err, Message: err.Message}
}

func errCost() *fault.Error {
	err := limit.GraphQLCost.Exceeded()
	err.Message += " Ask for smaller pages or fewer fields."
	return err
}

// size is how large a selection is with its fragments written out.
type size struct {
	depth, selections int
	counts            int  // how many times a totalCount is asked for
	values            int  // of arguments, variables written out
	deferred          bool // whether a part is to be sent later
}

// sizes measures each fragment once, however often it is spread. The document is valid, so
// no fragment spreads itself.
type sizes struct {
	byFragment map[string]size
	byVariable map[string]int // values
	variables  map[string]any
}

func (s sizes) of(set ast.SelectionSet) size {
	var whole size
	for _, selection := range set {
		var part size
		switch selection := selection.(type) {
		case *ast.Field:
			part = s.of(selection.SelectionSet)
			part.depth++
			for _, argument := range selection.Arguments {
				part.values += s.values(argument.Value)
			}
			if selection.Name == "totalCount" {
				part.counts++
			}
		case *ast.InlineFragment:
			part = s.of(selection.SelectionSet)
			part.deferred = part.deferred || selection.Directives.ForName("defer") != nil
		case *ast.FragmentSpread:
			known, ok := s.byFragment[selection.Name]
			if !ok {
				known = s.of(selection.Definition.SelectionSet)
				s.byFragment[selection.Name] = known
			}
			part = known
			part.deferred = part.deferred || selection.Directives.ForName("defer") != nil
		}
		whole.deferred = whole.deferred || part.deferred
		whole.depth = max(whole.depth, part.depth)
		whole.selections = min(whole.selections+part.selections+1, limit.GraphQLCost.Most+1)
		whole.values = min(whole.values+part.values, limit.GraphQLValues.Most+1)
		whole.counts = min(whole.counts+part.counts, limit.GraphQLCost.Most+1)
	}
	return whole
}

// values counts the values that an argument has when its variables are written out.
func (s sizes) values(v *ast.Value) int {
	if v == nil {
		return 0
	}
	if v.Kind == ast.Variable {
		known, ok := s.byVariable[v.Raw]
		if !ok {
			known = countValues(s.variables[v.Raw])
			s.byVariable[v.Raw] = known
		}
		return known
	}
	count := 1
	for _, child := range v.Children {
		count += s.values(child.Value)
	}
	return count
}

// countValues counts the values that a variable's value is made of.
func countValues(v any) int {
	count := 1
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			count += countValues(item)
		}
	case map[string]any:
		for _, item := range v {
			count += countValues(item)
		}
	default:
		// Coercion makes lists of one type; the items of those hold nothing more.
		if list := reflect.ValueOf(v); list.Kind() == reflect.Slice {
			count += list.Len()
		}
	}
	return count
}

// PageSize is the largest number of rows a page can have.
func PageSize(first, last *int, most int) int {
	rows := most
	for _, n := range []*int{first, last} {
		if n != nil {
			rows = min(rows, max(*n, 0))
		}
	}
	return rows
}

// Times is a product that cannot overflow.
func Times(child, rows int) int {
	return min(child, limit.GraphQLCost.Most+1) * min(rows, limit.GraphQLCost.Most+1)
}
