package limit

import (
	"errors"
	"strings"
	"testing"

	"github.com/sealog/sealog/internal/fault"
)

func TestCheckJSON(t *testing.T) {
	t.Parallel()
	depth, values := Bound{"d", "d", 3, Levels, fault.Malformed, "D"}, Bound{"v", "v", 6, Items, fault.Malformed, "V"}
	for text, want := range map[string]string{
		``: "", `1`: "", `"a"`: "", `[[[]]]`: "", `[[[[]]]]`: "D", `{"a":{"b":[[]]}}`: "D",
		`"[[[[[[[["`: "", `"\"[[[["`: "", `"\\",[[[[`: "D", `[1,2,3,4,5]`: "", `[1,2,3,4,5,6]`: "V",
		`{"a":1,"b":2}`: "", `{"a":1,"b":2,"c":3}`: "V", `[],[],[],[]`: "V", `]]]][[[[`: "", `",,,,,,,,"`: "",
		"{\"a\":\"" + strings.Repeat(`\\`, 10) + "\",\"b\":[[[": "D",
	} {
		err := CheckJSON([]byte(text), depth, values)
		f, _ := errors.AsType[*fault.Error](err)
		if got := fault.Of(err); want == "" != (got == nil) || want != "" && f.Code != want {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}
