package adminapi

import (
	"context"
	"net/http"

	"github.com/99designs/gqlgen/graphql"

	"github.com/sealog/sealog/internal/adminapi/gql"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/graph"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/store"
)

// call is one request of a proven caller; it is the root of the resolvers.
type call struct {
	*handler
	by      event.By
	project project.Project
}

// Query implements gql.ResolverRoot.
func (c *call) Query() gql.QueryResolver { return c }

// Mutation implements gql.ResolverRoot.
func (c *call) Mutation() gql.MutationResolver { return c }

// run executes a document and answers.
func (c *call) run(w http.ResponseWriter, r *http.Request, params *graphql.RawParams) {
	run := graph.Call{
		Documents: c.documents, Answers: c.answers, Owner: c.project.ID, Logger: c.Logger, RequestID: c.by.Request.ID, Refuse: c.refuse, RefuseMutation: c.refuseMutation,
	}
	run.Run(w, r, gql.NewExecutableSchema(gql.Config{Resolvers: c, Complexity: costs()}), params)
}

// refuse records that a request was refused before anything ran, and returns the error to
// answer with.
func (c *call) refuse(ctx context.Context, err error) *fault.Error {
	about := event.About(c.project.ID, "surface", "admin_api")
	return fault.Of(store.Refuse[event.AccessDenied](ctx, c.DB, c.by, about, err))
}
