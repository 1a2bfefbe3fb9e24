package limit

import "github.com/sealog/sealog/internal/fault"

// Bounds of GraphQL documents, in the order in which they are checked: while the document is
// parsed, before it is validated, and before it runs.
var (
	GraphQLTokens     = Bound{"graphql_tokens", "GraphQL document", 10_000, Tokens, fault.Malformed, "GraphQLSyntax"}
	GraphQLOperations = Bound{"graphql_operations", "number of operations in the GraphQL document", 10, Items, fault.Malformed, "GraphQLValidation"}
	GraphQLFragments  = Bound{"graphql_fragments", "number of fragments in the GraphQL document", 100, Items, fault.Malformed, "GraphQLValidation"}
	GraphQLVariables  = Bound{"graphql_variables", "number of variables of a GraphQL operation", 100, Items, fault.Malformed, "GraphQLValidation"}
	GraphQLDirectives = Bound{"graphql_directives", "number of directives in the GraphQL document", 200, Items, fault.Malformed, "GraphQLValidation"}
	GraphQLNesting    = Bound{"graphql_nesting", "nesting of fields, fragments and values in the GraphQL document", 50, Levels, fault.Exhausted, "DepthLimitExceeded"}
	GraphQLSet        = Bound{"graphql_selection_set", "number of selections in one selection set of the GraphQL document", 500, Fields, fault.Exhausted, "ComplexityLimitExceeded"}
	GraphQLFields     = Bound{"graphql_fields", "number of fields in the GraphQL document, with its fragments written out,", 5_000, Fields, fault.Exhausted, "ComplexityLimitExceeded"}
	GraphQLEqual      = Bound{"graphql_equal_fields", "number of pairs of fields with the same response name in one selection set of the GraphQL document", 10_000, Items, fault.Exhausted, "ComplexityLimitExceeded"}
	GraphQLDepth      = Bound{"graphql_depth", "depth of the GraphQL document", 15, Levels, fault.Exhausted, "DepthLimitExceeded"}
	GraphQLValues     = Bound{"graphql_values", "number of argument values in the GraphQL document, with its variables written out,", 50_000, Items, fault.Exhausted, "ComplexityLimitExceeded"}
	GraphQLCost       = Bound{"graphql_cost", "cost of the GraphQL document", 20_000, Points, fault.Exhausted, "ComplexityLimitExceeded"}
	GraphQLMutations  = Bound{"graphql_mutations", "number of mutations in the GraphQL document", 5, Items, fault.Malformed, "BadRequest"}
	JSONDepth         = Bound{"json_depth", "nesting of the JSON", 50, Levels, fault.Malformed, "InvalidRequest"}
	JSONValues        = Bound{"json_values", "number of values in the JSON", 100_000, Items, fault.Malformed, "InvalidRequest"}
)

// GraphQL are the bounds of GraphQL documents and of the JSON that comes with them.
func GraphQL() Group {
	return Group{"GraphQL", []Bound{
		GraphQLTokens, GraphQLOperations, GraphQLFragments, GraphQLVariables, GraphQLDirectives, GraphQLNesting, GraphQLSet,
		GraphQLFields, GraphQLEqual, GraphQLDepth, GraphQLValues, GraphQLCost, GraphQLMutations, JSONDepth, JSONValues,
	}, nil}
}
