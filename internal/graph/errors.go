package graph

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/limit"
	"github.com/sealog/sealog/internal/web"
)

// errorName is what a kind of error is called in an answer, but for a few codes.
func errorName(kind fault.Kind, code string) string {
	switch code {
	case "DataRace":
		return code
	case limit.GraphQLDepth.Code, limit.GraphQLCost.Code, limit.AnswerSize.Code:
		return "BadRequest" // to try the same again is no use
	}
	switch kind {
	case fault.Invalid:
		return "Invalid"
	case fault.Malformed:
		return "BadRequest"
	case fault.Unauthenticated:
		return "Unauthorized"
	case fault.Denied:
		return "Forbidden"
	case fault.NotFound:
		return "NotFound"
	case fault.Conflict:
		return "AlreadyExists"
	case fault.Exhausted:
		return "TooManyRequest"
	case fault.TooLarge:
		return "RequestEntityTooLarge"
	case fault.Unavailable:
		return "ServiceUnavailable"
	default:
		return "InternalError"
	}
}

// statusOf is the HTTP status that belongs to an errorName; GraphQL errors don't use it.
func statusOf(name string) int {
	switch name {
	case "BadRequest", "Invalid":
		return http.StatusBadRequest
	case "Unauthorized":
		return http.StatusUnauthorized
	case "Forbidden":
		return http.StatusForbidden
	case "NotFound":
		return http.StatusNotFound
	case "AlreadyExists", "DataRace":
		return http.StatusConflict
	case "RequestEntityTooLarge":
		return http.StatusRequestEntityTooLarge
	case "TooManyRequest":
		return http.StatusTooManyRequests
	case "ServiceUnavailable":
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}

// shown is what a caller learns of an error.
type shown struct{ name, reason, message string }

func shownAs(f *fault.Error) shown {
	s := shown{errorName(f.Kind, f.Code), f.Code, f.Message}
	if f.Kind == fault.Internal && f.Code == "Unexpected" {
		s.reason, s.message = "UnexpectedError", "unexpected error"
	}
	return s
}

// LogCause logs the cause of an error that is answered.
func LogCause(ctx context.Context, log *slog.Logger, request string, err error) {
	if !errors.Is(err, context.Canceled) {
		log.ErrorContext(ctx, "graphql", "request", request, "error", err)
	}
}

// logged reports whether an error's cause is for the log: what is not the caller's doing.
func logged(f *fault.Error) bool { return f.Kind == fault.Internal || f.Kind == fault.Unavailable }

// present turns an error of a field into what stands in the answer's errors.
func (c *Call) present(ctx context.Context, err error) *gqlerror.Error {
	f, understood := errors.AsType[*fault.Error](err)
	e := &gqlerror.Error{Err: err}
	var at ast.Path
	if inner, ok := errors.AsType[*gqlerror.Error](err); ok {
		at, e.Locations = inner.Path, inner.Locations
		if !understood && !errors.Is(err, graphql.ErrInvalidNull) {
			// GraphQL's own words about an argument; those of resolvers are understood.
			f, understood = fault.New(fault.Malformed, "InvalidArgument", "%s", inner.Message).Because(err), true
		}
	}
	if !understood {
		f = fault.Of(err)
	}
	if f == c.answerFault() {
		return e // all of the answer is replaced by this one error
	}
	field := f.Field
	if fc := graphql.GetFieldContext(ctx); fc != nil {
		e.Path = fc.Path()
		if field == "" && f.Code == "InvalidArgument" {
			// The scalar that refused it does not know what it stands for.
			if field = argument(at, len(e.Path)); field != "" {
				named := *f
				named.Message = field + ": " + f.Message
				f = &named
			}
		}
		if e.Locations == nil && fc.Field.Field != nil && fc.Field.Position != nil {
			e.Locations = []gqlerror.Location{{Line: fc.Field.Position.Line, Column: fc.Field.Position.Column}}
		}
	}
	c.fill(ctx, e, f, field)
	return e
}

// argument is the name of the input that a path ends at, beyond the field's own path.
func argument(at ast.Path, field int) string {
	for i := len(at) - 1; i >= field; i-- {
		if name, ok := at[i].(ast.PathName); ok {
			return string(name)
		}
	}
	return ""
}

// fill gives an answer's error its words, and logs what is not the caller's doing.
func (c *Call) fill(ctx context.Context, e *gqlerror.Error, f *fault.Error, field string) {
	web.CountError(ctx, f)
	s := shownAs(f)
	e.Message = s.message
	e.Extensions = map[string]any{"errorName": s.name, "reason": s.reason}
	if f.Info != nil {
		e.Extensions["info"] = f.Info
	}
	if field != "" {
		e.Extensions["field"] = field
	}
	if logged(f) {
		e.Extensions["requestID"] = c.RequestID
		LogCause(ctx, c.Logger, c.RequestID, cmp.Or[error](e.Err, f))
	}
}
