package graph

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/sealog/sealog/internal/fault"
)

func TestEveryKindHasAName(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, kind := range fault.Kinds() {
		name := errorName(kind, "X")
		if seen[name] {
			t.Errorf("two kinds are called %s", name)
		}
		seen[name] = true
		if status := statusOf(name); status < 400 || (status == 500) != (kind == fault.Internal) {
			t.Errorf("%s is status %d", name, status)
		}
	}
	if errorName(fault.Conflict, "DataRace") != "DataRace" || errorName(fault.TooLarge, "X") != "RequestEntityTooLarge" {
		t.Error("codes with a name of their own have lost it")
	}
	hidden := shownAs(fault.Of(errors.New("secret")))
	if hidden != (shown{"InternalError", "UnexpectedError", "unexpected error"}) {
		t.Errorf("an internal error shows %+v", hidden)
	}
}

func TestPanicsAreHidden(t *testing.T) {
	t.Parallel()
	f := fault.Of(recovered(t.Context(), "secret"))
	if f.Kind != fault.Internal || strings.Contains(shownAs(f).message, "secret") || !strings.Contains(f.Error(), "secret") {
		t.Errorf("%+v", f)
	}
}

func FuzzParseParams(f *testing.F) {
	for _, seed := range []string{`{"query":"{a}","variables":{"a":[1,{}]}}`, `{"variables":"{\"a\":1}"}`, `[]`, ` `, `null`, `{"query":1}`, "\"\\ud800\""} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		params, err := parseParams(body)
		if err == nil {
			if _, err := json.Marshal(params.Variables); err != nil {
				t.Error(err)
			}
			return
		}
		if fault.Of(err).Kind != fault.Malformed {
			t.Errorf("%q: %v", body, err)
		}
	})
}
