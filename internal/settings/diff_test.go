package settings

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCompare(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ before, after, text, changes string }{
		{`{"a":1,"b":[1,2]}`, `{"b":[1,2],"a":1}`, "", "[]"},
		{`{"id":"acme","session":{"idle_timeout_seconds":3600}}`, `{"id":"acme","session":{"idle_timeout_seconds":900}}`,
			" {\n   \"id\": \"acme\",\n   \"session\": {\n-    \"idle_timeout_seconds\": 3600\n+    \"idle_timeout_seconds\": 900\n   }\n }\n",
			`[{"path":"/session/idle_timeout_seconds","old":3600,"new":900}]`},
		{`{"a":[{"x":1}]}`, `{"a":[{"x":1},{"y":"<&>"}]}`,
			" {\n   \"a\": [\n     0: {\n       \"x\": 1\n     },\n+    1: {\n+      \"y\": \"<&>\"\n+    }\n   ]\n }\n",
			`[{"path":"/a/1","new":{"y":"\u003c\u0026\u003e"}}]`},
		{`{"a/b":{"c":1},"z":null}`, `{"a/b":[1],"z":null}`,
			" {\n-  \"a/b\": {\n-    \"c\": 1\n-  },\n+  \"a/b\": [\n+    0: 1\n+  ],\n   \"z\": null\n }\n",
			`[{"path":"/a~1b","old":{"c":1},"new":[1]}]`},
		{`{"a":1}`, `{}`, " {\n-  \"a\": 1\n }\n", `[{"path":"/a","old":1}]`},
	} {
		text, changes, err := Compare(json.RawMessage(c.before), json.RawMessage(c.after))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.text, text); diff != "" {
			t.Errorf("%s → %s (-want, +got):\n%s", c.before, c.after, diff)
		}
		raw, err := json.Marshal(changes)
		if err != nil {
			t.Fatal(err)
		}
		if string(raw) != c.changes {
			t.Errorf("%s → %s: %s", c.before, c.after, raw)
		}
	}
}
