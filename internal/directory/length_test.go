package directory

import (
	"strings"
	"testing"
	"time"

	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/limit"
	"github.com/sealog/sealog/internal/settings"
)

// different is n letters of which few are the same: IDNA takes time with their square.
func different(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteRune(rune(0x4e00 + i%20000))
	}
	return b.String()
}

// TestLengthComesFirst gives every function that normalises text so much of it that the work
// would take minutes.
func TestLengthComesFirst(t *testing.T) {
	t.Parallel()
	long := different(100_000)
	email, phone := "a@"+long+".example", "+1"+strings.Repeat(" 5", 5_000_000)
	config := settings.IdentityConfig{LoginIDKeys: []settings.LoginIDKey{{Key: "email", Type: "email"}, {Key: "username", Type: "username"}, {Key: "phone", Type: "phone"}}}
	refused := map[string]func() bool{
		"email":     func() bool { _, _, ok := normaliseEmail(email); return !ok },
		"phone":     func() bool { _, ok := normalisePhone(phone); return !ok },
		"E.164":     func() bool { return !isE164(phone) },
		"username":  func() bool { _, ok := normaliseUsername(long); return !ok },
		"URL":       func() bool { return !isURI("https://" + long + ".example/") },
		"language":  func() bool { return !isLanguage(strings.Repeat("en-", 1_000_000)) },
		"country":   func() bool { return !isCountry(long) },
		"password":  func() bool { return checkPassword(settings.PasswordConfig{MinimumGuessableLevel: 5}, long) != nil },
		"guessable": func() bool { return guessableLevel(strings.Repeat("aB3$", 1_000_000)) <= 5 },
		"address": func() bool {
			_, _, err := addressOf(email)
			excess, ok := fault.Of(err).Info.(limit.Excess)
			return ok && excess.Bound == limit.TargetLength.Name
		},
		"login id of type email":    func() bool { _, err := normalise(config, LoginID{"email", email}); return err != nil },
		"login id of type phone":    func() bool { _, err := normalise(config, LoginID{"phone", phone}); return err != nil },
		"login id of type username": func() bool { _, err := normalise(config, LoginID{"username", long}); return err != nil },
	}
	for name, f := range refused {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			done := make(chan bool, 1)
			go func() { done <- f() }()
			select {
			case ok := <-done:
				if !ok {
					t.Error("taken")
				}
			case <-time.After(10 * time.Second):
				t.Error("still at work after 10 s")
			}
		})
	}
}

// TestDeepAttributes: what is nested deeply, or of very many values, is refused before it is
// decoded.
func TestDeepAttributes(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		`{"a":` + strings.Repeat("[", 9_000) + strings.Repeat("]", 9_000) + "}",
		strings.Repeat(`{"a":`, 9_000) + "1" + strings.Repeat("}", 9_000),
		`{"a":[` + strings.Repeat("0,", 30_000) + "0]}",
	} {
		object, causes := parseObject("/custom", []byte(raw))
		if object != nil || len(causes) != 1 {
			t.Errorf("%.30s: %v, %v", raw, len(object), causes)
		}
	}
	if _, causes := parseObject("/custom", []byte(`{"a":[[[[{"b":1}]]]]}`)); causes != nil {
		t.Errorf("%v", causes)
	}
}
