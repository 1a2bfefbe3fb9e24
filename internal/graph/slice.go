package graph

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
)

// MarshalSlice takes the place of graphql.MarshalSliceConcurrently in generated code: it returns what
// element makes of each place below length, in order. That function starts a goroutine for each element,
// whose stack has to grow, which took an eighth of the time of a page; here so many workers, at least
// one, take one element after another.
//
// An element that panics is null, with an error; so are those left when ctx ends.
func MarshalSlice(ctx context.Context, length int, workers int64, omitPanicHandler bool, element func(ctx context.Context, i int) graphql.Marshaler) graphql.Array {
	all := make(graphql.Array, length)
	for i := range all {
		all[i] = graphql.Null
	}
	var next atomic.Int64
	var ended sync.Once
	work := func() {
		for i := int(next.Add(1)) - 1; i < length; i = int(next.Add(1)) - 1 {
			at := graphql.WithFieldContext(ctx, &graphql.FieldContext{Index: &i})
			if err := ctx.Err(); err != nil && length > 1 {
				ended.Do(func() { graphql.AddError(at, err) })
				return
			}
			marshalElement(at, all, i, omitPanicHandler, element)
		}
	}
	var others sync.WaitGroup
	defer others.Wait()
	for range min(int(workers), length) - 1 {
		others.Go(work)
	}
	work()
	return all
}

func marshalElement(ctx context.Context, all graphql.Array, i int, omitPanicHandler bool, element func(ctx context.Context, i int) graphql.Marshaler) {
	if !omitPanicHandler {
		defer func() {
			if p := recover(); p != nil {
				graphql.AddError(ctx, graphql.Recover(ctx, p))
			}
		}()
	}
	all[i] = element(ctx, i)
}
