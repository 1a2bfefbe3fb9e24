package e2e

import (
	"database/sql"
	"encoding/json"
	"errors"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sealog/sealog/internal/bench"
)

// TestBench runs what measures reading, writing and serving on a small log. How fast it was is
// nobody's business here: only that everything was done and is told.
func TestBench(t *testing.T) {
	t.Parallel()
	server := os.Getenv("SEALOG_TEST_DATABASE")
	on := func(args ...string) []string {
		if server != "" {
			args = append(args, "--server", server)
		}
		return args
	}
	run := func(args ...string) bench.Report {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), binary, append([]string{"bench"}, append(args, "--json")...)...).Output()
		if err != nil {
			said := ""
			if failed, ok := errors.AsType[*exec.ExitError](err); ok {
				said = string(failed.Stderr)
			}
			t.Fatalf("bench %v: %v\n%s", args, err, said)
		}
		var r bench.Report
		if err := json.Unmarshal(out, &r); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		for _, f := range r.Figures {
			if f.Value <= 0 || f.Unit == "" || f.What == "" {
				t.Errorf("bench %v: %+v", args, f)
			}
		}
		return r
	}
	dir := filepath.Join(t.TempDir(), "site")
	load := run(on("load", dir, "--events", "3000", "--projects", "2", "--days", "90")...)
	if load.Bench != "load" || !slices.ContainsFunc(load.Figures, func(f bench.Figure) bool { return f.What == "of it events" }) {
		t.Errorf("%+v", load)
	}
	site, err := bench.OpenSite(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dropDatabase(t, server, site.Database) })
	if err := site.Close(); err != nil {
		t.Error(err)
	}
	for i, p := range site.Projects {
		if want := []int{2400, 600}[i]; p.Events != want {
			t.Errorf("%s has %d events, not %d", p.ID, p.Events, want)
		}
		// The log is sound by Sealog's own check of it: tree, columns, counts, references.
		args := []string{"check", "--data", dir, p.ID}
		if site.Database != "" {
			args = append(args, "--database", site.Database, "--master-secret-file", filepath.Join(dir, "master-secret"))
		}
		if out, err := exec.CommandContext(t.Context(), binary, args...).CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	}
	if r := run("read", dir, "--for", "100ms"); len(r.Figures) < 10 {
		t.Errorf("%+v", r)
	}
	if r := run("http", dir, "--for", "100ms"); len(r.Figures) < 14 {
		t.Errorf("%+v", r)
	}
	if r := run(on("write", "--for", "400ms")...); len(r.Figures) != 9 {
		t.Errorf("%+v", r)
	}
	for _, refused := range []struct {
		code string
		args []string
	}{
		{"BenchNotEmpty", on("load", dir, "--events", "3000")}, {"BenchNotLoaded", []string{"read", t.TempDir()}},
		{"BenchInvalid", []string{"load", t.TempDir(), "--events", "10"}}, {"BenchInvalid", []string{"http", dir, "--processes", "0"}},
	} {
		out, err := exec.CommandContext(t.Context(), binary, append([]string{"bench"}, refused.args...)...).CombinedOutput()
		if err == nil || !strings.Contains(string(out), refused.code) {
			t.Errorf("bench %v: %v\n%s", refused.args, err, out)
		}
	}
}

// dropDatabase removes a database that a benchmark has left on a server.
func dropDatabase(t *testing.T, server, address string) {
	t.Helper()
	if address == "" {
		return
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	admin, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	if _, err := admin.Exec("DROP DATABASE " + strings.TrimPrefix(u.Path, "/") + " WITH (FORCE)"); err != nil {
		t.Error(err)
	}
}
