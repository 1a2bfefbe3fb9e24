package graph_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
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
	run := func(ctx context.Context, m marshal, length int, workers int64) (text, errs string) {
		ctx = graphql.WithResponseContext(ctx, graphql.DefaultErrorPresenter, func(_ context.Context, p any) error { return errors.New(fmt.Sprint(p)) })
		var out bytes.Buffer
		m(ctx, length, workers, false, element).MarshalGQL(&out)
		var all []string // errors come in any order
		for _, err := range graphql.GetErrors(ctx) {
			all = append(all, err.Error())
		}
		slices.Sort(all)
		return out.String(), strings.Join(all, "; ")
	}
	for _, length := range []int{0, 1, 2, 7, 8, 9, 10, 100} {
		for _, workers := range []int64{1, 2, 5} {
			want, wantErrs := run(t.Context(), graphql.MarshalSliceConcurrently, length, workers)
			got, gotErrs := run(t.Context(), graph.MarshalSlice, length, workers)
			if got != want || gotErrs != wantErrs {
				t.Errorf("%d elements by %d: %s with %q, not %s with %q", length, workers, got, gotErrs, want, wantErrs)
			}
		}
	}
	ended, end := context.WithCancel(t.Context())
	end()
	want, wantErrs := run(ended, graphql.MarshalSliceConcurrently, 1, 2)
	if got, errs := run(ended, graph.MarshalSlice, 1, 2); got != want || errs != wantErrs {
		t.Errorf("one after the end: %s with %q, not %s with %q", got, errs, want, wantErrs)
	}
	// There it may be any of them at which the end is noticed.
	if got, errs := run(ended, graph.MarshalSlice, 20, 2); strings.Count(errs, "canceled") != 1 || strings.Count(got, "null") != 20 {
		t.Errorf("after the end: %s with %q", got, errs)
	}
}
