package limit_test

import (
	"strings"
	"testing"

	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/limit"
)

func TestCheckName(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Acme Shop", "Ünïcode – 店 №1 😀", "شركة", strings.Repeat("ü", 80)} {
		if err := limit.ProjectName.CheckName(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range []string{
		"", strings.Repeat("x", 81), "a\xff", "two\nlines", "two\r\nlines", "tab\t", "nul\x00", "esc\x1b[2J", "c1\u0085", "line\u2028", "paragraph\u2029",
		"bidi\u202e", "bidi\u2066", "mark\u200e", "zero\u200b", "joiner\u200d", "bom\ufeff", "soft\u00ad", "private\ue000", "tag\U000e0041",
	} {
		if err := limit.ProjectName.CheckName(name); !fault.Is(err, "ProjectNameInvalid") {
			t.Errorf("%q: %v", name, err)
		}
	}
}
