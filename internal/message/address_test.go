package message_test

import (
	"strings"
	"testing"

	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/limit"
	"github.com/sealog/sealog/internal/message"
)

func TestNormalEmail(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		" Ann@ACME.example\n": "ann@acme.example", "ann": "", "Ann <ann@acme.example>": "", "": "",
		"a@" + strings.Repeat("x", 300) + ".example": "a@" + strings.Repeat("x", 300) + ".example",
	} {
		if got, err := message.NormalEmail(in); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
	_, err := message.NormalEmail(strings.Repeat("(", 1<<20))
	if excess, ok := fault.Of(err).Info.(limit.Excess); !ok || excess.Bound != limit.EmailLength.Name {
		t.Errorf("a long one: %v", err)
	}
}
