package directory

import (
	"strings"
	"testing"

	"github.com/sealog/sealog/internal/fault"
)

func TestHookAnswers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
		wrong  string // a part of what is said
	}{
		"allowed":              {200, `{"is_allowed":true}`, ""},
		"created":              {201, `{"is_allowed":true}`, ""},
		"a byte order mark":    {200, "\ufeff{\"is_allowed\":true}\n", ""},
		"no content":           {204, "", "status 204 without a body"},
		"a teapot":             {418, `{"is_allowed":true}`, "status 418"},
		"a redirect":           {302, "", "status 302"},
		"a page":               {200, "<html>", "not a JSON object"},
		"a list":               {200, "[]", "not a JSON object"},
		"a text for the truth": {200, `{"is_allowed":"true"}`, "not a JSON object"},
		"something else":       {200, `{"allowed":true}`, "no is_allowed"},
	} {
		said, wrong := readHookAnswer(c.status, []byte(c.body))
		if (c.wrong == "") != (wrong == "") || !strings.Contains(wrong, c.wrong) || wrong == "" && !*said.IsAllowed {
			t.Errorf("%s: %+v, %q", name, said, wrong)
		}
	}
	f := fault.Of(errHook("user.pre_create", "https://hooks.example/in/s3cret?token=t0ken", "status 418"))
	if !strings.Contains(f.Message, "hooks.example") || strings.Contains(f.Error(), "s3cret") || strings.Contains(f.Error(), "t0ken") {
		t.Errorf("it says %q", f.Error())
	}
}
