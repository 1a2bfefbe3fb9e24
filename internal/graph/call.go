// Package graph is GraphQL over HTTP as both of Sealog's APIs speak it: the envelope of
// requests and answers, what a document may ask for, how errors look, and that mutations run
// one after the other, each on its own, until one fails.
//
// Invariant: a document that is refused, and a mutation that fails, are recorded by who owns
// the Call before they are answered. Start reading at Call.Run.
package graph

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/limit"
)

// mutationType is the name of the type of mutations.
const mutationType = "Mutation"

// Call is one request of a proven caller. All of the exported fields are required.
type Call struct {
	Documents Documents
	// Answers bounds the memory of all answers; Owner is whose share of it this one takes.
	Answers   *limit.Answers
	Owner     string
	Logger    *slog.Logger
	RequestID string
	// Refuse records that the whole document was refused before anything ran, and returns the
	// error to answer with.
	Refuse func(ctx context.Context, err error) *fault.Error
	// RefuseMutation records that a mutation failed, unless its error says that that is
	// recorded already.
	RefuseMutation func(ctx context.Context, field string, cause error)

	answer *limit.Answer

	// The mutations of a document run one after the other; only they touch these two.
	committed []string // response keys
	failed    bool
}

// Run executes a document and answers.
func (c *Call) Run(w http.ResponseWriter, r *http.Request, schema graphql.ExecutableSchema, params *graphql.RawParams) {
	ctx := r.Context()
	document, errs := c.Documents.Prepare(schema.Schema(), params.Query)
	if len(errs) > 0 {
		c.refuseDocument(w, r, &graphql.OperationContext{RawQuery: params.Query}, errs)
		return
	}
	e := executor.New(schema)
	e.SetQueryCache(prepared{document})
	e.SetErrorPresenter(c.present)
	e.SetRecoverFunc(recovered)
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
	c.answer = c.Answers.Begin(c.Owner)
	defer c.answer.End()
	ctx = limit.WithAnswer(ctx, c.answer)
	respond, ctx := e.DispatchOperation(ctx, operation)
	response := respond(ctx)
	if response == nil {
		return // the caller has gone
	}
	if err := c.answer.Err(); err != nil {
		f := fault.Of(err)
		e := &gqlerror.Error{Err: f}
		c.fill(ctx, e, f, "")
		response.Data, response.Errors = nil, gqlerror.List{e}
	}
	if err := writeResponse(w, response.Data, response.Errors, c.committed); err != nil {
		LogCause(ctx, c.Logger, c.RequestID, err)
		WriteFault(ctx, w, fault.Of(err))
	}
}

// maxErrors bounds how many errors of one document are told.
const maxErrors = 20

// refuseDocument answers a document that is not run: wrong syntax and too many mutations
// with an error of HTTP, the rest with errors of GraphQL.
func (c *Call) refuseDocument(w http.ResponseWriter, r *http.Request, operation *graphql.OperationContext, errs gqlerror.List) {
	errs = errs[:min(len(errs), maxErrors)]
	first := errs[0]
	f, refused := errors.AsType[*fault.Error](error(first))
	code, _ := first.Extensions["code"].(string)
	switch {
	case refused && (f.Code == limit.GraphQLMutations.Code || f.Code == limit.GraphQLTokens.Code):
		WriteFault(r.Context(), w, c.Refuse(r.Context(), f))
		return
	case refused:
		c.Refuse(r.Context(), f)
		c.fill(r.Context(), first, f, f.Field)
	case code == errcode.ParseFailed:
		f = fault.New(fault.Malformed, "GraphQLSyntax", "%s", first.Message).With(syntaxInfo{first.Locations})
		WriteFault(r.Context(), w, c.Refuse(r.Context(), f))
		return
	default:
		c.Refuse(r.Context(), errValidation(first, operation))
		for _, e := range errs {
			f := errValidation(e, operation)
			e.Path = nil // that of a variable, not of the answer
			c.fill(r.Context(), e, f, f.Field)
		}
	}
	if err := writeResponse(w, nil, errs, nil); err != nil {
		WriteFault(r.Context(), w, fault.Of(err))
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
func recovered(_ context.Context, p any) error {
	return fault.Of(fmt.Errorf("graph: panic: %v\n%s", p, debug.Stack()))
}

// aroundField marks a resolver's error that is not understood as internal, so that its text
// is never shown, and notes which mutations are done.
func (c *Call) aroundField(ctx context.Context, next graphql.Resolver) (any, error) {
	err := cmp.Or(c.answer.Err(), ctx.Err())
	if err != nil {
		return nil, err // the answer is too large, or the caller has gone
	}
	value, err := next(ctx)
	if err == nil {
		err = c.held(value)
	}
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
func (c *Call) aroundRootField(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
	field := graphql.GetRootFieldContext(ctx).Field
	if graphql.GetOperationContext(ctx).Operation.Operation != ast.Mutation {
		return c.count(next(ctx))
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
		c.RefuseMutation(ctx, field.Name, cause)
	}
	return c.count(value)
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
