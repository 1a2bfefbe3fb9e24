package project_test

import (
	"net/url"
	"path"
	"strings"
	"testing"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/storetest"
)

// TestByLog: a log is found also when the server has moved to another host.
func TestByLog(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	before := project.New(db, project.Settings{PublicURL: &url.URL{Scheme: "http", Host: "127.0.0.1:8080"}})
	if err := before.Bootstrap(t.Context()); err != nil {
		t.Fatal(err)
	}
	p, err := before.Get(t.Context(), event.PortalProject)
	if err != nil {
		t.Fatal(err)
	}
	after := project.New(db, project.Settings{PublicURL: storetest.PublicURL()})
	if id, ok, err := after.ByLog(t.Context(), path.Base(p.LogID)); err != nil || !ok || id != p.ID {
		t.Errorf("%q, %t, %v", id, ok, err)
	}
	if id, ok, err := after.ByLog(t.Context(), strings.Repeat("0", 32)); err != nil || ok {
		t.Errorf("of no log: %q, %v", id, err)
	}
}
