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

// Bounds of downloads of the log.
var (
	DownloadsOfAccount = Bound{"downloads_account", "number of downloads of an account at a time", 1, Items, fault.Exhausted, "DownloadUnderWay"}
	Downloads          = Bound{"downloads", "number of downloads at a time", 32, Items, fault.Exhausted, "TooManyDownloads"}
	DownloadsWritten   = Bound{"downloads_written", "number of downloads that read the log at a time; the others wait", 2, Items, fault.Exhausted, "TooManyDownloads"}
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
		{"Downloads of the log", []Bound{DownloadsOfAccount, Downloads, DownloadsWritten}, nil},
		GraphQL(),
		AnswersOf(),
		Settings(),
		Inputs(),
		Names(),
		Quota(),
		SignIn(),
	}
}
