package project_test

import (
	"errors"
	"github.com/sealog/sealog/internal/settings"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/limit"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/storetest"
)

func TestConfigure(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	storetest.Project(t, db, "acme")
	s := project.New(db, project.Settings{PublicURL: storetest.PublicURL()})
	const text = "id: acme # ours\npassword: {min_length: 12}\noauth:\n  clients:\n    - client_id: shop\n"
	p, err := s.Configure(t.Context(), storetest.Operator(), "acme", text, 1)
	if err != nil {
		t.Fatal(err)
	}
	if p.ConfigYML != text || p.Version != 2 || p.Config.Password.MinLength != 12 || p.Config.Password.HistorySize != 3 {
		t.Errorf("%+v", p)
	}
	if client, ok := p.Config.Client("shop"); !ok || client.AccessTokenLifetimeSeconds != 1800 {
		t.Errorf("client: %+v", client)
	}
	page, err := auditlog.New(db).List(t.Context(), auditlog.Filter{Project: "acme", Types: []event.Type{"project.app.updated"}}, auditlog.Paging{})
	if err != nil || len(page.Rows) != 1 {
		t.Fatal(err, len(page.Rows))
	}
	data, err := page.Rows[0].Data()
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`"path":"/password/min_length","old":8,"new":12`, `-    \"min_length\": 8,\n+    \"min_length\": 12,\n`, `"updated_secrets":[]`, `"app_config_old":{"id":"acme"`} {
		if !strings.Contains(string(data), part) {
			t.Errorf("there is no %s in %s", part, data)
		}
	}
	if _, err := s.Configure(t.Context(), storetest.Operator(), "acme", text, 1); !fault.Is(err, "ConfigChanged") {
		t.Errorf("an old version: %v", err)
	}
	var both sync.WaitGroup
	errs := make([]error, 2)
	for i := range errs {
		both.Go(func() { _, errs[i] = s.Configure(t.Context(), storetest.Operator(), "acme", "id: acme\n", 2) })
	}
	both.Wait()
	if (errs[0] == nil) == (errs[1] == nil) || !fault.Is(errors.Join(errs...), "ConfigChanged") {
		t.Errorf("two at once: %v", errs)
	}
	if _, err := s.Configure(t.Context(), storetest.Operator(), "nothing", "id: nothing\n", 0); !fault.Is(err, "ProjectNotFound") {
		t.Errorf("no project: %v", err)
	}
}

func TestConfigureRefuses(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	storetest.Project(t, db, "acme")
	s := project.New(db, project.Settings{PublicURL: storetest.PublicURL()})
	for text, want := range map[string][]settings.Problem{
		"id: other\n": {{Path: "/id", Line: 1, Message: "must be the project's id, acme"}},
		"id: acme\npassword: {min_length: 0}\naccount_deletion: {grace_period_days: 181}\n": {
			{Path: "/password/min_length", Line: 2, Message: "must be at least 1"},
			{Path: "/account_deletion/grace_period_days", Line: 3, Message: "must be at most 180"},
		},
		"id: acme\noauth:\n  clients:\n    - client_id: a\n    - client_id: a\n": {
			{Path: "/oauth/clients/1/client_id", Line: 5, Message: "must be there once"},
		},
		"id: acme\nhook: {blocking_handlers: [{event: user.pre_create, url: 'file:///etc/passwd'}]}\n": {
			{Path: "/hook/blocking_handlers/0/url", Line: 2, Message: "must look like ^https?://[^/\\s]+"},
		},
		"id: &a acme\n":           {{Line: 1, Message: "anchors, aliases and tags are not taken"}},
		"id: acme\n---\nid: acme": {{Message: "it has more than one document"}},
		"id: acme\x00":            {{Message: "it holds a NUL character"}},
		"id: acme\n#" + strings.Repeat("x", 256<<10): {{
			Message: "The configuration exceeds the limit of 256 KiB", Exceeded: &limit.Excess{Bound: "configuration_size", Limit: 256 << 10, Unit: limit.Bytes},
		}},
	} {
		_, err := s.Configure(t.Context(), storetest.Operator(), "acme", text, 0)
		f, ok := errors.AsType[*fault.Error](err)
		if !ok || f.Code != "ConfigInvalid" {
			t.Errorf("%.60q: %v", text, err)
			continue
		}
		if diff := cmp.Diff(settings.Problems{Problems: want}, f.Info); diff != "" {
			t.Errorf("%.60q (-want, +got):\n%s", text, diff)
		}
	}
	for _, text := range []string{"id: acme\nunknown: 1\n", "id: acme\nid: acme\n", "id: [\n", "- 1\n", "id: acme\npassword: long\n"} {
		_, err := s.Configure(t.Context(), storetest.Operator(), "acme", text, 0)
		f, _ := errors.AsType[*fault.Error](err)
		if f == nil || f.Code != "ConfigInvalid" || f.Info.(settings.Problems).Problems[0].Line == 0 {
			t.Errorf("%q: %v", text, err)
		}
	}
	p, err := s.Get(t.Context(), "acme")
	if err != nil || p.Version != 1 {
		t.Errorf("a refused configuration was stored: %+v %v", p, err)
	}
}
