package project_test

import (
	"testing"

	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/storetest"
)

func TestReservedIDs(t *testing.T) {
	t.Parallel()
	for id, code := range map[string]string{
		"www": "ProjectIDReserved", "api": "ProjectIDReserved", "mail": "ProjectIDReserved", "admin": "ProjectIDReserved",
		"portal": "ProjectIDReserved", "www2": "", "acme": "", "_portal": "ProjectIDInvalid",
	} {
		if err := project.CheckNewID(id); (code == "") != (err == nil) || code != "" && !fault.Is(err, code) {
			t.Errorf("%s: %v", id, err)
		}
	}
	s, _, owner := open(t)
	_, err := s.Create(t.Context(), storetest.Operator(), "api", "", owner)
	if !fault.Is(err, "ProjectIDReserved") {
		t.Errorf("created: %v", err)
	}
}
