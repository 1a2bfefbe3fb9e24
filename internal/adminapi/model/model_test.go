package model_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"pgregory.net/rapid"

	"github.com/sealog/sealog/internal/adminapi/model"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
)

func written(m graphql.Marshaler) string {
	var b bytes.Buffer
	m.MarshalGQL(&b)
	return b.String()
}

func TestGlobalID(t *testing.T) {
	t.Parallel()
	id, err := event.ParseID("97b1c929-842c-415c-a7df-6967efdda160")
	if err != nil {
		t.Fatal(err)
	}
	const global = "VXNlcjo5N2IxYzkyOS04NDJjLTQxNWMtYTdkZi02OTY3ZWZkZGExNjA"
	if got := model.GlobalID(model.TypeUser, id); got != global {
		t.Errorf("got %s", got)
	}
	if typeName, got, ok := model.ParseGlobalID(global); typeName != "User" || got != id || !ok {
		t.Errorf("got %s %s %v", typeName, got, ok)
	}
	if _, got, ok := model.ParseGlobalID(global + "="); got != id || !ok {
		t.Errorf("padded: got %s, %v", got, ok)
	}
	if _, ok := model.ParseIDOf(model.TypeAuditLog, global); ok {
		t.Error("a user is taken for an event")
	}
	encode := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	for _, bad := range []string{
		"", "x", global + "==", global[:len(global)-1] + "=", global[:len(global)-1] + "B", global[:4] + "\n" + global[4:], "VXNlcjo",
		encode("User:97B1C929-842c-415c-a7df-6967efdda160"), encode("User"), encode("User:"), encode("User:1"),
		encode("User:97b1c929-842c-415c-a7df-6967efdda160:1"), encode("User:97b1c929842c415ca7df6967efdda160"),
		base64.URLEncoding.EncodeToString([]byte("User:97b1c929-842c-415c-a7df-6967efdda16")),
	} {
		if typeName, id, ok := model.ParseGlobalID(bad); ok {
			t.Errorf("%q is taken for %s %s", bad, typeName, id)
		}
	}
}

func FuzzParseGlobalID(f *testing.F) {
	f.Add("VXNlcjo5N2IxYzkyOS04NDJjLTQxNWMtYTdkZi02OTY3ZWZkZGExNjA")
	f.Fuzz(func(t *testing.T, global string) {
		if typeName, id, ok := model.ParseGlobalID(global); ok && model.GlobalID(typeName, id) != strings.NewReplacer("+", "-", "/", "_", "=", "").Replace(global) {
			t.Errorf("%q reads as %s %s, which is written otherwise", global, typeName, id)
		}
	})
}

func TestScalars(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"2026-03-05T09:10:11Z":              `"2026-03-05T09:10:11Z"`,
		"2026-03-05T09:10:11.123400Z":       `"2026-03-05T09:10:11.1234Z"`,
		"2026-03-05T09:10:11.1234567+01:00": `"2026-03-05T08:10:11.123456Z"`,
	} {
		if got, err := model.UnmarshalDateTime(text); err != nil || written(model.MarshalDateTime(got)) != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, bad := range []any{
		"", "2026-03-05", "2026-03-05T09:10:11", "2026-13-05T09:10:11Z", "2026-03-05T09:10:11,5Z", "10000-01-01T00:00:00Z",
		"9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+01:00", 1, nil, "now",
	} {
		if got, err := model.UnmarshalDateTime(bad); !fault.Is(err, "InvalidArgument") {
			t.Errorf("%v is taken for %v, %v", bad, got, err)
		}
	}
	for _, bad := range []any{json.Number("2147483648"), json.Number("1e3"), json.Number("99999999999999999999"), int64(math.MinInt32 - 1), "1", 1.5} {
		if got, err := model.UnmarshalInt(bad); !fault.Is(err, "InvalidArgument") {
			t.Errorf("%v is taken for %v, %v", bad, got, err)
		}
	}
	for _, good := range []any{json.Number("7"), int64(7), 7} {
		if got, err := model.UnmarshalInt(good); err != nil || got != 7 {
			t.Errorf("%v: %v, %v", good, got, err)
		}
	}
	for _, good := range []any{` {"a":1} `, map[string]any{"a": json.Number("1")}} {
		if got, err := model.UnmarshalJSON(good); err != nil || string(got) != `{"a":1}` {
			t.Errorf("%v: %s, %v", good, got, err)
		}
	}
	for _, bad := range []any{"", "{", "[]", "1", 1, []any{}, nil, true} {
		if got, err := model.UnmarshalJSON(bad); !fault.Is(err, "InvalidArgument") {
			t.Errorf("%v is taken for %s, %v", bad, got, err)
		}
	}
	for kind, want := range map[event.Type]string{
		"user.created": `"USER_CREATED"`, "access.denied": `"CUSTOM"`, "": `"CUSTOM"`, "a\"b": `"CUSTOM"`, model.Custom: `"CUSTOM"`,
	} {
		if got := written(model.MarshalActivityType(kind)); got != want {
			t.Errorf("%s is %s", kind, got)
		}
	}
	if _, err := model.UnmarshalActivityType("NOTHING"); !fault.Is(err, "InvalidArgument") {
		t.Error(err)
	}
	if o, err := model.UnmarshalOutcome("FAILED"); err != nil || o != event.Failed {
		t.Error(o, err)
	}
	if _, err := model.UnmarshalOutcome("failed"); err == nil {
		t.Error("outcomes are written in upper case")
	}
}

// reference is the algorithm of Relay's specification, section 4.4, word by word.
func reference(total int, first, last, after, before *int) []int {
	edges := make([]int, total)
	for i := range edges {
		edges[i] = i
	}
	if after != nil {
		edges = slices.DeleteFunc(edges, func(i int) bool { return i <= *after })
	}
	if before != nil {
		edges = slices.DeleteFunc(edges, func(i int) bool { return i >= *before })
	}
	if first != nil && len(edges) > *first {
		edges = edges[:*first]
	}
	if last != nil && len(edges) > *last {
		edges = edges[len(edges)-*last:]
	}
	return edges
}

func TestWindow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		cursors := rapid.SampledFrom([]model.Cursors{model.Offsets, model.InMemory}).Draw(t, "cursors")
		number := rapid.Ptr(rapid.IntRange(0, 12), true)
		total := rapid.IntRange(0, 10).Draw(t, "total")
		first, last := number.Draw(t, "first"), number.Draw(t, "last")
		after, before := number.Draw(t, "after"), number.Draw(t, "before")
		args := model.Args{First: first, Last: last}
		for at, to := range map[*int]**string{after: &args.After, before: &args.Before} {
			if at != nil {
				cursor := cursors.At(*at)
				*to = &cursor
			}
		}
		start, end, err := args.Window(cursors, total)
		if err != nil {
			t.Fatal(err)
		}
		got := []int{}
		for i := start; i < end; i++ {
			got = append(got, i)
		}
		if want := reference(total, first, last, after, before); !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
		info := cursors.Info(start, end, end < total)
		if len(got) > 0 && (info.HasPreviousPage != (got[0] > 0) || info.HasNextPage != (got[len(got)-1] < total-1) ||
			info.StartCursor != cursors.At(got[0]) || info.EndCursor != cursors.At(got[len(got)-1])) {
			t.Fatalf("%v of %d: %+v", got, total, info)
		}
		if len(got) == 0 && info.StartCursor+info.EndCursor != "" {
			t.Fatalf("an empty page has cursors: %+v", info)
		}
	})
}

func TestWindowRefuses(t *testing.T) {
	t.Parallel()
	negative := -1
	for _, args := range []model.Args{{First: &negative}, {Last: &negative}} {
		if _, _, err := args.Window(model.Offsets, 3); !fault.Is(err, "InvalidQuery") || fault.Of(err).Kind != fault.Malformed {
			t.Error(err)
		}
	}
	encode := base64.RawURLEncoding.EncodeToString
	for _, bad := range []string{
		"x", encode([]byte("offset:-1")), encode([]byte("offset:")), encode([]byte("offset:1e3")), encode([]byte("offset:99999999999")),
		encode([]byte("id:1")), model.InMemory.At(1), model.Offsets.At(1) + "=",
	} {
		for _, args := range []model.Args{{After: &bad}, {Before: &bad}} {
			if _, _, err := args.Window(model.Offsets, 3); !fault.Is(err, "InvalidCursor") || fault.Of(err).Kind != fault.Invalid || fault.Of(err).Field == "" {
				t.Errorf("%q: %v", bad, err)
			}
		}
	}
	if got := model.Offsets.At(9); got != "b2Zmc2V0Ojk" {
		t.Errorf("offset:9 is %s", got)
	}
	if got := model.InMemory.At(0); got != "YXJyYXljb25uZWN0aW9uOjA=" {
		t.Errorf("arrayconnection:0 is %s", got)
	}
	// What is not known to end can be walked.
	first := 2
	after := model.Offsets.At(5)
	if start, end, err := (model.Args{First: &first, After: &after}).Window(model.Offsets, math.MaxInt); start != 6 || end != 8 || err != nil {
		t.Error(start, end, err)
	}
}
