package query_test

import (
	"testing"

	"github.com/sealog/sealog/internal/query"
)

func TestMend(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"actr:kim":                              "actor:kim",
		`é "x" -uesr:uesr created:-7d`:          `é "x" -user:uesr created:-7d`,
		"outcome:denied,fail":                   "outcome:denied,failed",
		`type:"PROJECT_APP_UPDATE" kim`:         `type:"project.app.updated" kim`,
		"kim category:admins":                   "kim category:admin",
		"type:project":                          "type:project.*",
		"https://a.b":                           "",
		"created:soon":                          "",
		"type:user.created":                     "",
		"type:user.craeted type:user.delteed x": "type:user.created type:user.delteed x", // one at a time
	} {
		_, err := query.Parse(text)
		if got, ok := query.Mend(text, err); ok != (want != "") || ok && got != want {
			t.Errorf("%s is mended to %q, %v; want %q", text, got, ok, want)
		}
	}
}
