package enduser_test

import (
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

// TestWhichProjectsThereAre: a project that exists answers strangers as one that does not.
func TestWhichProjectsThereAre(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`)
	for _, target := range []string{"nobody@example.org", "no address"} {
		api, page := map[string]bool{}, map[string]bool{}
		for _, name := range []string{"acme", "nope", "_portal", "-", "%FF"} {
			r := w.send(httptest.NewRequest("POST", "/api/v1/projects/"+name+"/verify-code", strings.NewReader(`{"target":"`+target+`","code":"123456"}`)))
			api[r.Result().Status+r.Body.String()] = true
			f := httptest.NewRequest("POST", "/verify", strings.NewReader("project="+name+"&target="+target+"&code=123456"))
			f.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			answer := w.send(f)
			body := strings.ReplaceAll(answer.Body.String(), `value="`+name+`"`, "")
			if name != "%FF" {
				page[answer.Result().Status+id.ReplaceAllString(body, "")] = true
			}
		}
		if len(api) != 1 || len(page) != 1 {
			t.Errorf("%s: the answers differ: %v %v", target, api, page)
		}
	}
}
