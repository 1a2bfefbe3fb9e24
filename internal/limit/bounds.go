package limit

import "github.com/sealog/sealog/internal/fault"

// Bounds of HTTP. A route without a bound of its own has BodyOfStranger.
var (
	BodyOfStranger = Bound{"body_stranger", "body of a request that needs no session", 64 << 10, Bytes, fault.TooLarge, "BodyTooLarge"}
	BodyOfForm     = Bound{"body_form", "body of a form of the Portal", 64 << 10, Bytes, fault.TooLarge, "BodyTooLarge"}
	BodyOfConfig   = Bound{"body_configuration", "body of the configuration form", 1 << 20, Bytes, fault.TooLarge, "BodyTooLarge"}
	BodyOfStripe   = Bound{"body_stripe", "body of an event of Stripe's", 256 << 10, Bytes, fault.TooLarge, "BodyTooLarge"}
	BodyOfGraphQL  = Bound{"body_graphql", "body of a GraphQL request", 1 << 20, Bytes, fault.TooLarge, "RequestEntityTooLarge"}
	RequestHeader  = Bound{"request_header", "header of a request", 64 << 10, Bytes, fault.TooLarge, "HeaderTooLarge"}
)

// Bounds of GraphQL documents and answers.
var (
	GraphQLTokens    = Bound{"graphql_tokens", "GraphQL document", 10_000, Tokens, fault.Malformed, "GraphQLSyntax"}
	GraphQLDepth     = Bound{"graphql_depth", "depth of the GraphQL document", 15, Levels, fault.Exhausted, "DepthLimitExceeded"}
	GraphQLCost      = Bound{"graphql_cost", "cost of the GraphQL document", 20_000, Points, fault.Exhausted, "ComplexityLimitExceeded"}
	GraphQLMutations = Bound{"graphql_mutations", "number of mutations in the GraphQL document", 5, Items, fault.Malformed, "BadRequest"}
)

// Bounds of a project's configuration.
var (
	ConfigSize = Bound{"configuration_size", "configuration", 256 << 10, Bytes, fault.Invalid, "ConfigInvalid"}
)

// Group is a part of the table, as docs/limits.md shows it.
type Group struct {
	Title  string
	Bounds []Bound
	Rates  []Rate
}

// All lists every bound and rate.
func All() []Group {
	return []Group{
		{"Requests", []Bound{BodyOfStranger, BodyOfForm, BodyOfConfig, BodyOfStripe, BodyOfGraphQL, RequestHeader}, nil},
		{"GraphQL", []Bound{GraphQLTokens, GraphQLDepth, GraphQLCost, GraphQLMutations}, nil},
		{"Configuration of a project", []Bound{ConfigSize}, nil},
	}
}
