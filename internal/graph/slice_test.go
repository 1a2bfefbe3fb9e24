package graph_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"

	"github.com/sealog/sealog/internal/graph"
)

// TestMarshalSlice: in the place of gqlgen's own it gives the same, of lists of any length, also where
// elements panic.
func TestMarshalSlice(t *testing.T) {
	t.Parallel()
	type marshal = func(context.Context, int, int64, bool, func(context.Context, int) graphql.Marshaler) graphql.Array
	element := func(ctx context.Context, i int) graphql.Marshaler {
		if at := graphql.GetFieldContext(ctx); at == nil || *at.Index != i {
			t.Errorf("element %d has the context of %v", i, at)
		}
		if i%7 == 3 {
			panic(fmt.Sprint("no ", i))
		}
		return graphql.MarshalInt(i)
	}
	run := func(ctx context.Context, m marshal, length int, workers int64) (text string, errs int) {
		ctx = graphql.WithResponseContext(ctx, graphql.DefaultErrorPresenter, func(_ context.Context, p any) error { return errors.New(fmt.Sprint(p)) })
		var out bytes.Buffer
		m(ctx, length, workers, false, element).MarshalGQL(&out)
		return out.String(), len(graphql.GetErrors(ctx))
	}
	for _, length := range []int{0, 1, 2, 7, 8, 9, 10, 100} {
		for _, workers := range []int64{1, 2, 5} {
			want, wantErrs := run(t.Context(), graphql.MarshalSliceConcurrently, length, workers)
			got, gotErrs := run(t.Context(), graph.MarshalSlice, length, workers)
			if got != want || gotErrs != wantErrs {
				t.Errorf("%d elements by %d: %s with %d errors, not %s with %d", length, workers, got, gotErrs, want, wantErrs)
			}
		}
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if got, errs := run(ended, graph.MarshalSlice, 20, 2); errs != 1 || strings.Count(got, "null") != 20 {
		t.Errorf("after the end: %s with %d errors", got, errs)
	}
}
