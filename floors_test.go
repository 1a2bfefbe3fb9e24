// Package sealog holds no code; its tests look at the architecture of the whole module.
package sealog

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/sealog/sealog"

// floors is where each package stands: it may import packages of its own floor and below.
// A package that is not here does not pass; docs/design.md says what each is for.
var floors = map[string]int{
	"internal/fault": 0, "internal/limit": 0, "internal/event": 0, "internal/merkle": 0,
	"internal/config": 1, "internal/vault": 1, "internal/webhook": 1, "internal/settings": 1, "internal/ledger": 1,
	"internal/store":   2,
	"internal/project": 3, "internal/auditlog": 3, "internal/message": 3, "internal/session": 3,
	"internal/access": 4, "internal/directory": 4, "internal/erasure": 4, "internal/export": 4, "internal/query": 4,
	"internal/sequencer": 5, "internal/delivery": 5, "internal/schedule": 5, "internal/web": 5, "internal/graph": 5, "internal/billing": 5,
	"internal/adminapi/gql": 5, "internal/adminapi/model": 5, "internal/portalapi/gql": 5, "internal/portalapi/model": 5, "internal/portalapi": 6,
	"internal/adminapi": 6, "internal/portal": 6, "internal/portal/static": 6,
	"internal/enduser": 6, "internal/logapi": 6, "internal/demo": 6, "internal/storetest": 6, "internal/outsidetest": 0, "internal/bench": 7, "cmd/sealog": 7, "cmd/sealog-verify": 7, "e2e": 8, ".": 8,
}

type pkg struct {
	ImportPath string
	Imports    []string
}

func packages(t *testing.T) []pkg {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func short(path string) string {
	if path == module {
		return "."
	}
	return strings.TrimPrefix(path, module+"/")
}

func TestImportsOnlyGoDown(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		floor, known := floors[short(p.ImportPath)]
		if !known {
			t.Errorf("package %s stands on no floor", short(p.ImportPath))
		}
		for _, path := range p.Imports {
			if !strings.HasPrefix(path, module) {
				continue
			}
			if below, ok := floors[short(path)]; ok && below > floor {
				t.Errorf("%s (floor %d) imports %s (floor %d)", short(p.ImportPath), floor, short(path), below)
			}
			if short(path) == "internal/storetest" || short(path) == "internal/outsidetest" {
				t.Errorf("%s imports %s outside of a test", short(p.ImportPath), short(path))
			}
		}
	}
}

// TestAnAuditorCanReadAllOfTheVerifier: of this module it stands on two packages, and on nothing
// that reaches a network or a database.
func TestAnAuditorCanReadAllOfTheVerifier(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-deps", "./cmd/sealog-verify").Output()
	if err != nil {
		t.Fatal(err)
	}
	allowed := []string{module + "/cmd/sealog-verify", module + "/internal/event", module + "/internal/merkle"}
	for _, path := range strings.Fields(string(out)) {
		if strings.HasPrefix(path, module) && !slices.Contains(allowed, path) {
			t.Errorf("the verifier imports %s", short(path))
		}
		if path == "net/http" || path == "github.com/jackc/pgx/v5" || path == "modernc.org/sqlite" {
			t.Errorf("the verifier imports %s", path)
		}
	}
}

// TestOnlyAccessMakesCallers holds event.By literals to the packages that verify a caller.
func TestOnlyAccessMakesCallers(t *testing.T) {
	t.Parallel()
	// git grep exits 1 when nothing matches; there is always access itself. A map type, whose
	// braces hold no By, is let pass.
	out, err := exec.Command("git", "grep", "-l", "--untracked", "-E", `(^|[^]])event\.By\{`, "--", "*.go").Output()
	if err != nil {
		t.Fatal(err)
	}
	// What bench makes up stands in databases of its own, which nobody's log is in.
	allowed := []string{"internal/access/", "internal/storetest/", "internal/bench/"}
	for _, file := range strings.Fields(string(out)) {
		if !strings.HasSuffix(file, "_test.go") && !slices.ContainsFunc(allowed, func(dir string) bool { return strings.HasPrefix(file, dir) }) {
			t.Errorf("%s makes an event.By; only package access knows who is calling", file)
		}
	}
}
