package main

import (
	"strings"
	"testing"
)

// TestWhatExistsIsRefusedWithoutTheDatabasesWords makes things twice: the message says what is
// wrong, and no table or constraint is named.
func TestWhatExistsIsRefusedWithoutTheDatabasesWords(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for code, args := range map[string][]string{
		"AccountExists": {"account", "create", "--email", "ann@acme.example"},
		"ProjectExists": {"project", "create", "acme", "--owner", "ann@acme.example"},
	} {
		status, _, text := s.run(t, args...)
		if status != 1 || !strings.Contains(text, code) {
			t.Errorf("%v: status %d, %s", args, status, text)
		}
		for _, word := range []string{"constraint", "UNIQUE", "SQLSTATE", "accounts.", "projects"} {
			if strings.Contains(text, word) {
				t.Errorf("%v: %q in %s", args, word, text)
			}
		}
	}
}
