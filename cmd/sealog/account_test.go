package main

import (
	"strings"
	"testing"
)

// TestAccountCommands goes through what an operator can do to an account.
func TestAccountCommands(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	const ann = "ann@acme.example"
	for _, c := range []struct {
		args   []string
		status int
		want   string // in what is printed
	}{
		{[]string{"account", "list"}, 0, "enabled"},
		{[]string{"account", "sessions", ann}, 0, "LAST SEEN"},
		{[]string{"account", "sessions", ann, "--end"}, 0, "sessions ended: 0"},
		{[]string{"account", "reset-password", ann}, 0, "/reset?token="},
		{[]string{"account", "disable", ann}, 0, "disabled: " + ann},
		{[]string{"account", "disable", ann}, 1, "AccountDisabled"},
		{[]string{"account", "list"}, 0, "disabled since"},
		{[]string{"account", "reset-password", ann}, 1, "AccountDisabled"},
		{[]string{"account", "enable", " Ann@Acme.Example "}, 0, "enabled: " + ann},
		{[]string{"account", "enable", ann}, 1, "AccountNotDisabled"},
		{[]string{"account", "disable", "nobody@acme.example"}, 1, "AccountNotFound"},
	} {
		status, out, text := s.run(t, c.args...)
		if status != c.status || !strings.Contains(out+text, c.want) {
			t.Errorf("%v: status %d\n%s%s", c.args, status, out, text)
		}
	}
}
