package project_test

import (
	"strings"
	"testing"

	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/storetest"
)

func TestEditorsMayExport(t *testing.T) {
	t.Parallel()
	s, db, owner := open(t)
	ctx := t.Context()
	if _, err := s.Create(ctx, storetest.Operator(), "acme", "Acme Shop", owner); err != nil {
		t.Fatal(err)
	}
	for _, may := range []bool{false, true, true, false} {
		if err := s.SetEditorsMayExport(ctx, storetest.Operator(), "acme", may); err != nil {
			t.Fatal(err)
		}
		p, err := s.Get(ctx, "acme")
		if err != nil || p.EditorsMayExport != may {
			t.Errorf("editors may export: %t, %v", p.EditorsMayExport, err)
		}
	}
	if got := strings.Count(types(t, db, "acme"), "project.export_access.updated succeeded"); got != 4 {
		t.Errorf("%d events", got)
	}
	if err := s.SetEditorsMayExport(ctx, storetest.Operator(), "nowhere", true); !fault.Is(err, "ProjectNotFound") {
		t.Errorf("a project that is none: %v", err)
	}
}
