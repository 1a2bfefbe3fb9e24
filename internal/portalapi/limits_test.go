package portalapi

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sealog/sealog/internal/portalapi/gql"
	"github.com/sealog/sealog/internal/storetest"
)

// TestEveryLargeFieldHasACost: a field that is added needs one too.
func TestEveryLargeFieldHasACost(t *testing.T) {
	t.Parallel()
	schema := gql.NewExecutableSchema(gql.Config{}).Schema()
	if diff := cmp.Diff("", strings.Join(storetest.Uncosted(t, schema, costs(), "gql"), "\n")); diff != "" {
		t.Errorf("fields without a cost, set one in costs:\n%s", diff)
	}
}
