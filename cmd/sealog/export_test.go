package main

import (
	"bytes"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
)

// site is where commands find their data.
type site struct {
	flags  []string
	config store.Config
}

// newSite has a project with the id acme.
func newSite(t *testing.T) site {
	t.Helper()
	dir := t.TempDir()
	s := site{flags: []string{"--data", dir}, config: store.Config{Dir: dir, URL: storetest.URL(t)}}
	if s.config.URL != "" {
		secret := filepath.Join(dir, "secret")
		if err := os.WriteFile(secret, []byte(base64.RawURLEncoding.EncodeToString(storetest.Master)), 0o600); err != nil {
			t.Fatal(err)
		}
		s.flags = append(s.flags, "--database", s.config.URL, "--master-secret-file", secret)
	}
	for _, args := range [][]string{{"account", "create", "--email", "ann@acme.example"}, {"project", "create", "acme", "--owner", "ann@acme.example"}} {
		if status, out, text := s.run(t, args...); status != 0 {
			t.Fatalf("%v: %s%s", args, out, text)
		}
	}
	return s
}

// run runs one command line.
func (s site) run(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	none, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer none.Close()
	errors, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer errors.Close()
	var out bytes.Buffer
	status = run(t.Context(), append(args, s.flags...), terminal{none, &out, errors})
	text, err := os.ReadFile(errors.Name())
	if err != nil {
		t.Fatal(err)
	}
	return status, out.String(), string(text)
}

// TestTakingTheLogAway as a directory and as an archive, with the keys to verify it with.
func TestTakingTheLogAway(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	parent := t.TempDir()
	for _, name := range []string{"copy", "copy.tar.gz", "copy.tgz"} {
		path := filepath.Join(parent, name)
		status, out, text := s.run(t, "export", "acme", path, "--from", "2026-01-01", "--to", "2126-01-01T00:00:00Z", "--type", "project.app.created")
		if status != 0 || text != "" || !strings.Contains(out, "export: "+path+"\n") || !strings.Contains(out, "sealog log key acme > acme.vkey\n") {
			t.Fatalf("%d\n%s%s", status, out, text)
		}
		for _, line := range []string{"\nevents: ", "\nsigned: ", "\ncheckpoint: ", " events are without their values"} {
			if !strings.Contains(out, line) {
				t.Errorf("%q is not in\n%s", line, out)
			}
		}
		if strings.Contains(out, "not signed yet") {
			t.Errorf("the copy does not cover itself:\n%s", out)
		}
		info, err := os.Stat(path)
		if err != nil || info.IsDir() != (name == "copy") || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	_, key, _ := s.run(t, "log", "key", "acme")
	_, cosigner, _ := s.run(t, "log", "key", "acme", "--cosignature")
	text, err := os.ReadFile(filepath.Join(parent, "copy", "checkpoint"))
	if err != nil {
		t.Fatal(err)
	}
	origin, _, _ := strings.Cut(string(text), "\n")
	if !strings.HasPrefix(key, origin+"+") || !strings.HasPrefix(cosigner, origin+"+") || key == cosigner || strings.Count(key, "\n") != 1 {
		t.Errorf("keys of %s: %q, %q", origin, key, cosigner)
	}
}

// TestExportsThatAreRefused leave nothing behind but a word in the log.
func TestExportsThatAreRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	parent := t.TempDir()
	file := filepath.Join(parent, "file")
	if err := os.WriteFile(file, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	there := filepath.Join(parent, "new")
	for _, c := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"acme", parent}, 1, "DirectoryNotEmpty: "},
		{[]string{"acme", file}, 1, "FileExists: "},
		{[]string{"acme", filepath.Join(parent, "no", "where")}, 1, "FileNotWritable: "},
		{[]string{"nobody", there}, 1, "ProjectNotFound: "},
		{[]string{"acme", there, "--type", "user.creatd"}, 1, `TypeUnknown: There is no activity type "user.creatd"; did you mean user.created?`},
		{[]string{"acme", there, "--type", "USER.DELETED"}, 1, "did you mean user.deleted?"},
		{[]string{"acme", there, "--from", "2026-02-01", "--to", "2026-01-01"}, 1, "FilterInvalid: "},
		{[]string{"acme", there, "--from", "yesterday"}, 2, `--from: "yesterday" is no time`},
		{[]string{"acme", there, "--to", "0001-01-01"}, 2, "is no time"},
	} {
		status, out, text := s.run(t, append([]string{"export"}, c.args...)...)
		if status != c.status || !strings.Contains(text, c.want) {
			t.Errorf("%v: %d\n%s%s", c.args, status, out, text)
		}
	}
	entries, err := os.ReadDir(parent)
	if err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
	status, out, text := s.run(t, "log", "key", "nobody")
	if status != 1 || !strings.Contains(text, "ProjectNotFound") {
		t.Errorf("log key: %d %s%s", status, out, text)
	}
}

// TestChecking exits with 1 when something differs, and says what.
func TestChecking(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	status, out, text := s.run(t, "check", "acme")
	if status != 0 || !strings.Contains(out, "nothing differs") || text != "" {
		t.Errorf("%d\n%s%s", status, out, text)
	}
	storetest.Tamper(t, s.config, func(db *sql.DB) error {
		_, err := db.ExecContext(t.Context(), `UPDATE events SET actor_id = 'bob' WHERE project_id = 'acme' AND type = '`+event.Type("project.app.created").Code()+`'`)
		return err
	})
	status, out, text = s.run(t, "check", "acme")
	if status != 1 || !strings.Contains(out, "FOUND 1 differences\n  column event ") || !strings.Contains(text, "LogDiffers: ") {
		t.Errorf("%d\n%s%s", status, out, text)
	}
	status, out, _ = s.run(t, "check", "--all", "--json")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if status != 1 || len(lines) != 2 {
		t.Fatalf("%d\n%s", status, out)
	}
	for i, want := range []string{"_portal", "acme"} {
		var report struct {
			Project  string
			Sound    bool
			Counts   map[string]int64
			Findings []struct{ Kind, Event, Text string }
		}
		if err := json.Unmarshal([]byte(lines[i]), &report); err != nil {
			t.Fatal(err)
		}
		if report.Project != want || report.Sound != (want == "_portal") || len(report.Findings) != i || report.Counts["column"] != int64(i) {
			t.Errorf("%s", lines[i])
		}
	}
	for _, args := range [][]string{{"check"}, {"check", "acme", "--all"}} {
		if status, _, text := s.run(t, args...); status != 2 || !strings.Contains(text, "name a project, or give --all") {
			t.Errorf("%v: %d %s", args, status, text)
		}
	}
	if status, _, text := s.run(t, "check", "nobody"); status != 1 || !strings.Contains(text, "ProjectNotFound") {
		t.Errorf("nobody: %d %s", status, text)
	}
}
