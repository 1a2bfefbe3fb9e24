package graph

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
)

// fewElements is how many elements of a list are marshalled without the help of others.
const fewElements = 8

// MarshalSlice takes the place of graphql.MarshalSliceConcurrently in generated code, and does the same
// but for who does it: a few workers, each of which takes one element after another. There, each element
// has a goroutine of its own, whose stack has to grow, and that took an eighth of the time of a page.
//
// An element that panics is null, with an error; so are those left when ctx ends.
func MarshalSlice(ctx context.Context, length int, workers int64, omitPanicHandler bool, element func(ctx context.Context, i int) graphql.Marshaler) graphql.Array {
	all := make(graphql.Array, length)
	for i := range all {
		all[i] = graphql.Null
	}
	var next atomic.Int64
	ended := sync.OnceFunc(func() { graphql.AddError(ctx, ctx.Err()) })
	work := func() {
		for i := int(next.Add(1)) - 1; i < length; i = int(next.Add(1)) - 1 {
			if ctx.Err() != nil {
				ended()
				return
			}
			marshalElement(ctx, all, i, omitPanicHandler, element)
		}
	}
	var others sync.WaitGroup
	if length > fewElements {
		for range workers - 1 {
			others.Go(work)
		}
	}
	work()
	others.Wait()
	return all
}

func marshalElement(ctx context.Context, all graphql.Array, i int, omitPanicHandler bool, element func(ctx context.Context, i int) graphql.Marshaler) {
	ctx = graphql.WithFieldContext(ctx, &graphql.FieldContext{Index: &i})
	if !omitPanicHandler {
		defer func() {
			if p := recover(); p != nil {
				graphql.AddError(ctx, graphql.Recover(ctx, p))
			}
		}()
	}
	all[i] = element(ctx, i)
}
