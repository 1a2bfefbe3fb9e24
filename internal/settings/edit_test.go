package settings

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sealog/sealog/internal/fault"
)

const commented = `# Acme's own
id: acme   # never changes

# as the auditor asked
password:
  # at least
  min_length: 10    # yes
  digit_required: true


oauth: {clients: [{client_id: shop, name: "Shop é"}]}  # one
identity:
    login_id_keys:
        - key: email   # mail
          type: email
        # two
        - {key: phone, type: phone}
    blocked_usernames: ["a", 'b']
session:
admin_api: {}
# the end
`

func TestApply(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		edits []Edit
		want  func(string) string
	}{
		"a number": {[]Edit{{"/password/min_length", json.RawMessage(`12`)}},
			func(s string) string { return strings.Replace(s, "min_length: 10 ", "min_length: 12 ", 1) }},
		"the same": {[]Edit{{"/password/min_length", json.RawMessage(`10`)}}, func(s string) string { return s }},
		"a text in a flow": {[]Edit{{"/oauth/clients/0/name", json.RawMessage(`"a, b"`)}},
			func(s string) string { return strings.Replace(s, `"Shop é"`, `"a, b"`, 1) }},
		"a new key in a block": {[]Edit{{"/password/history_size", json.RawMessage(`5`)}},
			func(s string) string { return strings.Replace(s, "password:\n", "password:\n  history_size: 5\n", 1) }},
		"a new key in a flow": {[]Edit{{"/oauth/x", json.RawMessage(`[1]`)}},
			func(s string) string { return strings.Replace(s, "oauth: {", `oauth: {"x": [1], `, 1) }},
		"a key in nothing": {[]Edit{{"/session/lifetime_seconds", json.RawMessage(`60`)}},
			func(s string) string {
				return strings.Replace(s, "session:\n", "session:\n  lifetime_seconds: 60\n", 1)
			}},
		"a key in an empty flow": {[]Edit{{"/admin_api/burst", json.RawMessage(`7`)}},
			func(s string) string { return strings.Replace(s, "admin_api: {}", `admin_api: {"burst": 7}`, 1) }},
		"a new section": {[]Edit{{"/account_deletion/grace_period_days", json.RawMessage(`3`)}},
			func(s string) string { return s + "account_deletion:\n  grace_period_days: 3\n" }},
		"a key goes": {[]Edit{{"/password/digit_required", nil}},
			func(s string) string { return strings.Replace(s, "  digit_required: true\n", "", 1) }},
		"a key that is not there goes": {[]Edit{{"/password/x", nil}}, func(s string) string { return s }},
		"a list": {[]Edit{{"/identity/blocked_usernames", json.RawMessage(`["root"]`)}},
			func(s string) string {
				return strings.Replace(s, `blocked_usernames: ["a", 'b']`, "blocked_usernames:\n      - root", 1)
			}},
		"a member of a list": {[]Edit{{"/identity/login_id_keys/0/type", json.RawMessage(`"username"`)}},
			func(s string) string { return strings.Replace(s, "type: email\n", "type: username\n", 1) }},
		"what YAML would read as something else": {[]Edit{{"/oauth/clients/0/client_id", json.RawMessage(`"no"`)}, {"/password/x", json.RawMessage(`"true"`)}},
			func(s string) string {
				s = strings.Replace(s, "client_id: shop", `client_id: "no"`, 1)
				return strings.Replace(s, "password:\n", "password:\n  x: \"true\"\n", 1)
			}},
	} {
		got, err := Apply(commented, c.edits)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(c.want(commented), got); diff != "" {
			t.Errorf("%s (-want, +got):\n%s", name, diff)
		}
	}
	for _, bad := range []Edit{{"", json.RawMessage(`{}`)}, {"/id/x", json.RawMessage(`1`)}, {"/identity/login_id_keys/9", json.RawMessage(`{}`)}} {
		if _, err := Apply(commented, []Edit{bad}); !fault.Is(err, "ConfigNotEditable") {
			t.Errorf("%s: %v", bad.Path, err)
		}
	}
	if _, err := Apply("a: [", []Edit{{"/a", json.RawMessage(`1`)}}); !fault.Is(err, "ConfigInvalid") {
		t.Errorf("no YAML: %v", err)
	}
}

// TestApplyAnything edits at random: what comes out says what was asked for and nothing else
// (Apply itself looks at that), and the comments of what was not touched are there.
func TestApplyAnything(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	values := []string{`1`, `-2.5`, `true`, `null`, `"text"`, `""`, `"a: b # c"`, `"- x"`, `" lead"`, `"two\nlines"`, `"é"`, `[]`, `{}`, `[1,"x"]`, `{"a":{"b":[1]}}`, `"0x10"`, `"~"`, `"1e3"`, `"2026-11-24"`}
	paths := []string{"/password/min_length", "/password/digit_required", "/password/new", "/oauth/clients", "/oauth/clients/0/name", "/session", "/session/a/b",
		"/identity/login_id_keys/1/key", "/identity/blocked_usernames/0", "/identity/blocked_usernames", "/admin_api/burst", "/new/key", "/other"}
	done := 0
	for range 600 {
		text := commented
		for range 1 + r.IntN(3) {
			e := Edit{Path: paths[r.IntN(len(paths))]}
			if r.IntN(5) > 0 {
				e.Value = json.RawMessage(values[r.IntN(len(values))])
			}
			_, was, _ := read(text)
			after, err := Apply(text, []Edit{e})
			if fault.Is(err, "ConfigNotEditable") {
				continue
			}
			if err != nil {
				t.Fatalf("%+v in\n%s\n%v", e, text, err)
			}
			var to any
			if e.Value != nil {
				if to, err = decoded(string(e.Value)); err != nil {
					t.Fatal(err)
				}
			}
			wanted, _ := changed(was, steps(e.Path), to, e.Value == nil)
			if is, err := decoded(after); err != nil || !reflect.DeepEqual(is, wanted) {
				t.Fatalf("%+v makes of\n%s\nthis:\n%s\n%v", e, text, after, err)
			}
			text = after
			done++
		}
		for _, comment := range []string{"# Acme's own\n", "# never changes\n", "# as the auditor asked\n", "# the end\n"} {
			if !strings.Contains(text, comment) {
				t.Fatalf("%s is gone:\n%s", comment, text)
			}
		}
	}
	if done < 800 {
		t.Errorf("only %d edits could be made", done)
	}
}

func TestMerge(t *testing.T) {
	t.Parallel()
	_, value, problem := read(commented)
	if problem != nil {
		t.Fatal(problem)
	}
	edited, _ := changed(value, []string{"password", "min_length"}, json.Number("14"), false)
	edited, _ = changed(edited, []string{"oauth"}, nil, true)
	got := merge(commented, edited.(map[string]any))
	want := strings.Replace(strings.Replace(commented, "min_length: 10 ", "min_length: 14 ", 1), "oauth: {clients: [{client_id: shop, name: \"Shop é\"}]}  # one\n", "", 1)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want, +got):\n%s", diff)
	}
	for _, text := range []string{`{"id":"acme","password":{"min_length":9},"hook":{"blocking_handlers":[{"event":"user.pre_create","url":"https://a.example"}]}}`, `{}`, `{"a":[[],{}],"b":"x\ny"}`} {
		to, _ := decoded(text)
		got := merge("{id: acme, x: 1} # all in one line", to.(map[string]any))
		is, err := decoded(got)
		if err != nil || !reflect.DeepEqual(is, to) {
			t.Errorf("%s became %q, %v", text, got, err)
		}
	}
	if got, err := Merge("id: acme # us\n", json.RawMessage(`{"id":"acme","password":{"min_length":9}}`)); err != nil || got != "id: acme # us\npassword:\n  min_length: 9\n" {
		t.Errorf("%q, %v", got, err)
	}
	for _, text := range []string{``, `[]`, `1`, `{`, `{"id":"acme","x":1}`, `{}`} {
		if _, err := Merge(commented, json.RawMessage(text)); !fault.Is(err, "ConfigInvalid") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(commented)
	f.Add("id: acme\n---\n")
	f.Add("? [a]: b")
	f.Add("- &a b")
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := Parse("acme", text); err != nil {
			if !fault.Is(err, "ConfigInvalid") {
				t.Error(err)
			}
			return
		}
		if _, err := Read("acme", text); err != nil {
			t.Errorf("taken, and then cannot be read: %v", err)
		}
		after, err := Apply(text, []Edit{{"/password/min_length", json.RawMessage(`9`)}})
		if err != nil && !fault.Is(err, "ConfigNotEditable") {
			t.Errorf("%v", err)
		}
		if c, err2 := Parse("acme", after); err == nil && (err2 != nil || c.Password.MinLength != 9) {
			t.Errorf("edited to %q: %v", after, err2)
		}
	})
}

// TestSchemaAndTypesAgree: every key of the types is one of the schema and the other way
// round, and what the schema calls a default is what Default says.
func TestSchemaAndTypesAgree(t *testing.T) {
	t.Parallel()
	var schema node
	if err := json.Unmarshal(Schema(), &schema); err != nil {
		t.Fatal(err)
	}
	agree(t, "", schema, reflect.TypeFor[Config]())
	raw, err := json.Marshal(Default("acme"))
	if err != nil {
		t.Fatal(err)
	}
	var value map[string]any
	if err := json.Unmarshal(raw, &value); err != nil {
		t.Fatal(err)
	}
	defaults(t, "", schema, value)
}

type node struct {
	Properties map[string]node `json:"properties"`
	Items      *node           `json:"items"`
	Default    any             `json:"default"`
	Words      string          `json:"description"`
}

func agree(t *testing.T, at string, n node, typ reflect.Type) {
	t.Helper()
	for typ.Kind() == reflect.Slice || typ.Kind() == reflect.Pointer {
		if typ.Kind() == reflect.Slice && n.Items != nil {
			n = *n.Items
		}
		typ = typ.Elem()
	}
	if n.Words == "" && len(n.Properties) > 0 {
		t.Errorf("%s has no description", at)
	}
	if typ.Kind() != reflect.Struct {
		return
	}
	seen := map[string]bool{}
	for i := range typ.NumField() {
		name, _, _ := strings.Cut(typ.Field(i).Tag.Get("yaml"), ",")
		seen[name] = true
		inner, ok := n.Properties[name]
		if !ok {
			t.Errorf("the schema has no %s/%s", at, name)
			continue
		}
		if tag, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ","); tag != name {
			t.Errorf("%s/%s is %q in JSON", at, name, tag)
		}
		agree(t, at+"/"+name, inner, typ.Field(i).Type)
	}
	for name := range n.Properties {
		if !seen[name] {
			t.Errorf("the types have no %s/%s", at, name)
		}
	}
}

func defaults(t *testing.T, at string, n node, value any) {
	t.Helper()
	if members, ok := value.(map[string]any); ok {
		for name, inner := range n.Properties {
			defaults(t, at+"/"+name, inner, members[name])
		}
		return
	}
	if n.Default != nil && fmt.Sprint(n.Default) != fmt.Sprint(value) {
		t.Errorf("%s is %v by default, the schema says %v", at, value, n.Default)
	}
}

// TestLines: every problem knows where it is, whatever the key looks like.
func TestLines(t *testing.T) {
	t.Parallel()
	_, err := Parse("acme", "id: acme\npassword:\n  \"min length/~x\": 1\n  min_length: many\n\nidentity:\n  login_id_keys:\n    - key: email\n      type: email\n    - key: email\n      typo: x\nextra.key: {}\n")
	f := fault.Of(err)
	problems, ok := f.Info.(Problems)
	if !ok {
		t.Fatal(err)
	}
	var got []string
	for _, p := range problems.Problems {
		got = append(got, p.String())
	}
	want := []string{
		"line 3: /password/min length~1~0x: there is no such key",
		"line 4: /password/min_length: must be of type integer, and is string",
		"line 10: /identity/login_id_keys/1: the key type is missing",
		"line 11: /identity/login_id_keys/1/typo: there is no such key",
		"line 12: /extra.key: there is no such key",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want, +got):\n%s", diff)
	}
}
