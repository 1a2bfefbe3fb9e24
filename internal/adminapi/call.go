package adminapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/sealog/sealog/internal/adminapi/gql"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/store"
)

// call is one request of a proven caller; it is the root of the resolvers.
type call struct {
	*handler
	by      event.By
	project project.Project

	// The mutations of a document run one after the other; only they touch these two.
	committed []string // response keys
	failed    bool
}

// Query implements gql.ResolverRoot.
func (c *call) Query() gql.QueryResolver { return c }

// Mutation implements gql.ResolverRoot.
func (c *call) Mutation() gql.MutationResolver { return c }

// run executes a document and answers.
func (c *call) run(w http.ResponseWriter, r *http.Request, params *graphql.RawParams) {
	ctx := r.Context()
	schema := gql.NewExecutableSchema(gql.Config{Resolvers: c, Complexity: costs()})
	e := executor.New(schema)
	e.SetQueryCache(c.documents)
	e.SetParserTokenLimit(maxTokens)
	e.SetErrorPresenter(c.present)
	e.SetRecoverFunc(c.recovered)
	e.Use(limits{schema})
	e.AroundFields(c.aroundField)
	e.AroundRootFields(c.aroundRootField)

	ctx = graphql.StartOperationTrace(ctx)
	operation, errs := e.CreateOperationContext(ctx, params)
	if len(errs) > 0 {
		c.refuseDocument(w, r, operation, errs)
		return
	}
	operation.DisableIntrospection = false
	respond, ctx := e.DispatchOperation(ctx, operation)
	response := respond(ctx)
	if response == nil {
		return // the caller has gone
	}
	if err := writeResponse(w, response.Data, response.Errors, c.committed); err != nil {
		logCause(ctx, c.Logger, c.by.Request.ID, err)
		writeFault(w, fault.Of(err))
	}
}

// refuse records that a request was refused before anything ran, and returns the error to
// answer with.
func (c *call) refuse(ctx context.Context, err error) *fault.Error {
	about := event.About(c.project.ID, "surface", "admin_api")
	return fault.Of(store.Refuse[event.AccessDenied](ctx, c.DB, c.by, about, err))
}

// maxErrors bounds how many errors of one document are told.
const maxErrors = 20

// refuseDocument answers a document that is not run: wrong syntax and too many mutations
// with an error of HTTP, the rest with errors of GraphQL.
func (c *call) refuseDocument(w http.ResponseWriter, r *http.Request, operation *graphql.OperationContext, errs gqlerror.List) {
	errs = errs[:min(len(errs), maxErrors)]
	first := errs[0]
	f, limit := errors.AsType[*fault.Error](error(first))
	code, _ := first.Extensions["code"].(string)
	switch {
	case limit && f.Code == codeTooManyMutations:
		writeFault(w, c.refuse(r.Context(), f))
		return
	case limit:
		c.refuse(r.Context(), f)
		c.fill(r.Context(), first, f, f.Field)
	case code == errcode.ParseFailed:
		f = fault.New(fault.Malformed, "GraphQLSyntax", "%s", first.Message).With(syntaxInfo{first.Locations})
		writeFault(w, c.refuse(r.Context(), f))
		return
	default:
		c.refuse(r.Context(), errValidation(first, operation))
		for _, e := range errs {
			f := errValidation(e, operation)
			e.Path = nil // that of a variable, not of the answer
			c.fill(r.Context(), e, f, f.Field)
		}
	}
	if err := writeResponse(w, nil, errs, nil); err != nil {
		writeFault(w, fault.Of(err))
	}
}

// errValidation is why a document, or one of its variables, does not fit the schema.
func errValidation(e *gqlerror.Error, operation *graphql.OperationContext) *fault.Error {
	f := fault.New(fault.Malformed, "GraphQLValidation", "%s", e.Message)
	switch {
	case strings.TrimSpace(operation.RawQuery) == "":
		f.Message = "Must provide an operation."
	case operation.Doc != nil && operation.Operation == nil:
		f.Message = "operationName must name one of the document's operations."
	case len(e.Path) > 1: // "variable", its name, and the way into it
		f.Field = e.Path[1:].String()
		f.Message = "$" + f.Field + ": " + f.Message
	}
	return f
}

// syntaxInfo says where a document is wrong.
type syntaxInfo struct {
	Locations []gqlerror.Location `json:"locations,omitempty"`
}

// recovered turns a panic of a resolver into an error, which is logged where it is presented.
func (c *call) recovered(_ context.Context, p any) error {
	return fault.Of(fmt.Errorf("adminapi: panic: %v\n%s", p, debug.Stack()))
}

// aroundField marks a resolver's error that is not understood as internal, so that its text
// is never shown, and notes which mutations are done.
func (c *call) aroundField(ctx context.Context, next graphql.Resolver) (any, error) {
	value, err := next(ctx)
	if err != nil {
		if _, ok := errors.AsType[*fault.Error](err); !ok {
			err = fault.Of(err)
		}
		return value, err
	}
	if fc := graphql.GetFieldContext(ctx); fc.Object == mutationType {
		c.committed = append(c.committed, fc.Field.Alias)
	}
	return value, nil
}

// aroundRootField runs mutations until one fails, and sees to it that the attempt is on
// the record also when the mutation never came to its service.
func (c *call) aroundRootField(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
	field := graphql.GetRootFieldContext(ctx).Field
	if graphql.GetOperationContext(ctx).Operation.Operation != ast.Mutation {
		return next(ctx)
	}
	if c.failed {
		e := fault.New(fault.Malformed, "NotExecuted", "Not executed, because an earlier mutation of the document failed.")
		graphql.AddError(graphql.WithFieldContext(ctx, &graphql.FieldContext{
			Parent: graphql.GetFieldContext(ctx), Object: mutationType, Field: field,
		}), e)
		return graphql.Null
	}
	done, before := len(c.committed), len(graphql.GetErrors(ctx))
	value := next(ctx)
	if len(c.committed) == done {
		c.failed = true
		var cause error = fault.New(fault.Internal, "Unexpected", "unexpected error")
		if errs := graphql.GetErrors(ctx); len(errs) > before {
			cause = causeOf(errs[before])
		}
		c.refuseMutation(ctx, field.Name, cause)
	}
	return value
}

// causeOf is the error to record for one that was presented: the resolver's own, which says
// whether it is recorded already, or the words about an argument.
func causeOf(e *gqlerror.Error) error {
	if _, ok := errors.AsType[*fault.Error](e.Err); ok {
		return e.Err
	}
	reason, _ := e.Extensions["reason"].(string)
	return fault.New(fault.Malformed, reason, "%s", e.Message).Because(e.Err)
}
