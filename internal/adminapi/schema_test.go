package adminapi

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/sealog/sealog/internal/adminapi/gql"
	"github.com/sealog/sealog/internal/adminapi/model"
	"github.com/sealog/sealog/internal/event"
)

var update = flag.Bool("update", false, "write activitytype.graphqls anew")

func TestActivityTypes(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("\"What happened. CUSTOM is every type that has no name here; AuditLog.type says which it is.\"\nenum AuditLogActivityType {\n")
	for _, name := range event.ContractTypes() {
		fmt.Fprintf(&b, "  %s\n", name.EnumName())
	}
	fmt.Fprintf(&b, "  %s\n}\n", model.Custom)
	const file = "activitytype.graphqls"
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != b.String() {
		t.Errorf("%s is not what event.ContractTypes says; run this test with -update, then gqlgen", file)
	}
	if n := len(schema().Types["AuditLogActivityType"].EnumValues); n != len(event.ContractTypes())+1 {
		t.Errorf("the generated schema has %d types", n)
	}
}

func schema() *ast.Schema { return gql.NewExecutableSchema(gql.Config{}).Schema() }

func TestEveryMutationHasARefusal(t *testing.T) {
	t.Parallel()
	s := schema()
	if len(s.Mutation.Fields) < 5 {
		t.Fatal("mutations are missing")
	}
	for _, field := range s.Mutation.Fields {
		if refusals[field.Name] == nil {
			t.Errorf("a failed %s would not be recorded", field.Name)
		}
	}
	if refusals["nothing"] != nil {
		t.Error("a refusal for what is no mutation")
	}
}

func TestEnumNames(t *testing.T) {
	t.Parallel()
	for _, value := range schema().Types["AuditLogActorType"].EnumValues {
		kind, err := model.UnmarshalActorType(value.Name)
		if err != nil || !strings.EqualFold(string(kind), value.Name) {
			t.Errorf("%s: %q, %v", value.Name, kind, err)
		}
	}
	for _, kind := range []event.ActorType{event.AdminAPIKey, event.Account, event.EndUser, event.Operator, event.System} {
		if schema().Types["AuditLogActorType"].EnumValues.ForName(strings.ToUpper(string(kind))) == nil {
			t.Errorf("the schema does not know the actor type %s", kind)
		}
	}
	for _, o := range event.Outcomes() {
		if schema().Types["AuditLogOutcome"].EnumValues.ForName(strings.ToUpper(o.String())) == nil {
			t.Errorf("the schema does not know the outcome %s", o)
		}
	}
}

func TestParameters(t *testing.T) {
	t.Parallel()
	// 256 bytes of what came, the last character whole; \xff becomes the three bytes of U+FFFD.
	if got, want := parameter("a\x00b\xff"+strings.Repeat("é", 300)), "a b\ufffd"+strings.Repeat("é", 126); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := parameter("abc\xff\xff"+strings.Repeat("é", 300)), "abc\ufffd"+strings.Repeat("é", 125); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
