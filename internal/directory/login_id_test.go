package directory

import (
	"github.com/sealog/sealog/internal/settings"
	"testing"
)

func TestNormalise(t *testing.T) {
	t.Parallel()
	config := settings.IdentityConfig{LoginIDKeys: []settings.LoginIDKey{
		{Key: "email", Type: "email", MaxLength: 320}, {Key: "phone", Type: "phone", MaxLength: 40},
		{Key: "username", Type: "username", MaxLength: 40}, {Key: "odd", Type: "odd"},
	}}
	cases := []struct{ key, in, value, unique string }{
		{"email", "Jane.Doe+x@Example.ORG", "jane.doe+x@example.org", "jane.doe+x@example.org"},
		{"email", "\tjane@example.org\n", "jane@example.org", "jane@example.org"},
		{"email", "JÖRG@BÜCHER.example", "jörg@bücher.example", "jörg@xn--bcher-kva.example"},
		{"email", "jo\u0308rg@xn--BCHER-kva.example", "jörg@bücher.example", "jörg@xn--bcher-kva.example"},
		{"email", "jane@localhost", "jane@localhost", "jane@localhost"},
		{"email", "Jane <jane@example.org>", "", ""},
		{"email", "jane@example.org\r\nBcc: x@y.z", "", ""},
		{"email", `"a b"@example.org`, "", ""},
		{"email", "jane@[127.0.0.1]", "", ""},
		{"email", "jane@-bad-.example", "", ""},
		{"email", "jane@@example.org", "", ""},
		{"email", "@example.org", "", ""},
		{"email", "jane@", "", ""},
		{"phone", "+15005550006", "+15005550006", "+15005550006"},
		{"phone", " +1 (500) 555-0006 ", "+15005550006", "+15005550006"},
		{"phone", "+852 9876 5432", "+85298765432", "+85298765432"},
		{"phone", "+41.44.668.18.00", "+41446681800", "+41446681800"},
		{"phone", "5005550006", "", ""},
		{"phone", "+1500555000", "", ""},
		{"phone", "+1 500 FLOWERS", "", ""},
		{"phone", "+15005550006;ext=1", "", ""},
		{"phone", "+15005550006+1", "", ""},
		{"phone", "+", "", ""},
		{"username", "Jane_Doe-1.x", "jane_doe-1.x", "jane_doe-1.x"},
		{"username", "ＪＡＮＥ", "jane", "jane"},
		{"username", "Ζωή", "ζωή", "ζωή"},
		{"username", "jane@example.org", "", ""},
		{"username", "+15005550006", "", ""},
		{"username", "jane doe", "", ""},
		{"username", "   ", "", ""},
		{"username", "ja\u200bne", "", ""},
		{"odd", "x", "", ""},
	}
	for _, c := range cases {
		i, err := normalise(config, LoginID{c.key, c.in})
		if ok := c.value != ""; ok != (err == nil) || ok && (i.Value != c.value || i.UniqueKey != c.unique) {
			t.Errorf("%s %q: %q, %q, %v; want %q, %q", c.key, c.in, i.Value, i.UniqueKey, err, c.value, c.unique)
		}
	}
}
