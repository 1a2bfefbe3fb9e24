package e2e

import (
	"encoding/base64"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
)

func TestHealthAndMetrics(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	srv := s.start(t, "--log-format", "json")
	for path, want := range map[string]string{"/healthz": "ok\n", "/readyz": "ready\n"} {
		if status, body, _ := srv.get(t, path, nil); status != 200 || body != want {
			t.Errorf("%s: %d %q", path, status, body)
		}
	}
	status, body, _ := srv.get(t, "/metrics", nil)
	for _, name := range []string{"sealog_http_request_duration_seconds_count", "sealog_database_up 1", "sealog_events_pending ", "go_goroutines"} {
		if status != 200 || !strings.Contains(body, name) {
			t.Errorf("/metrics: %d without %s", status, name)
		}
	}
	if !strings.Contains(srv.log.String(), `"msg":"request"`) {
		t.Errorf("the log is not JSON: %s", srv.log)
	}
}

func TestTheSetupLinkStaysUntilThereIsAnAccount(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	srv := s.start(t)
	if !strings.HasPrefix(srv.setup, srv.url+"/setup?token=") {
		t.Fatalf("set-up link %q", srv.setup)
	}
	another := strings.TrimSpace(strings.TrimPrefix(s.must(t, "", "setup-link"), "First account: "))
	for _, link := range []string{srv.setup, another} {
		if status, body, _ := srv.get(t, strings.TrimPrefix(link, srv.url), nil); status != 200 || !strings.Contains(body, "<form") {
			t.Errorf("%s: %d", link, status)
		}
	}
	out := s.must(t, "", "account", "create", "--email", email)
	if _, generated, ok := strings.Cut(out, "password: "); !ok || len(strings.TrimSpace(generated)) < 20 {
		t.Errorf("no generated password in %q", out)
	}
	if _, errs, status := s.run(t, "", "setup-link"); status != 1 || !strings.Contains(errs, "SetupDone") {
		t.Errorf("setup-link with an account: %d %s", status, errs)
	}
	srv.stop(t)
	if again := s.start(t); again.setup != "" {
		t.Errorf("a set-up link %q though there is an account", again.setup)
	}
}

func TestCommandsSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.must(t, password, "account", "create", "--email", email)
	s.must(t, "", "project", "create", "acme", "--owner", email)
	taken := filepath.Join(s.dir, "taken")
	if err := os.WriteFile(taken, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args   []string
		stdin  string
		status int
		code   string
	}{
		{[]string{"account", "create", "--email", email}, password, 1, "AccountExists"},
		{[]string{"account", "create", "--email", "nobody"}, password, 1, "EmailInvalid"},
		{[]string{"account", "create", "--email", "b@acme.example"}, "short", 1, "PasswordUnfit"},
		{[]string{"project", "create", "acme", "--owner", email}, "", 1, "ProjectExists"},
		{[]string{"project", "create", "_portal", "--owner", email}, "", 1, "ProjectIDInvalid"},
		{[]string{"project", "create", "beta", "--owner", "nobody@acme.example"}, "", 1, "AccountNotFound"},
		{[]string{"project", "key", "nowhere", "--out", filepath.Join(s.dir, "x")}, "", 1, "ProjectNotFound"},
		{[]string{"project", "key", "acme", "--kid", "x", "--out", filepath.Join(s.dir, "x")}, "", 1, "KeyNotFound"},
		{[]string{"project", "key", "acme", "--out", taken}, "", 1, "FileExists"},
		{[]string{"project", "key", "acme", "--out", filepath.Join(s.dir, "no", "such", "dir")}, "", 1, "FileNotWritable"},
		{[]string{"serve", "--listen", "nonsense"}, "", 2, "--listen"},
		{[]string{"serve", "--public-url", "ftp://x"}, "", 2, "--public-url"},
		{[]string{"nonsense"}, "", 2, "nonsense"},
	} {
		_, errs, status := s.run(t, c.stdin, c.args...)
		if status != c.status || !strings.Contains(errs, c.code) {
			t.Errorf("sealog %s: status %d, %s", strings.Join(c.args, " "), status, errs)
		}
	}
	if text, err := os.ReadFile(taken); err != nil || string(text) != "mine" {
		t.Errorf("the file that was there holds %q, %v", text, err)
	}
	if _, err := os.Stat(filepath.Join(s.dir, "x")); err == nil {
		t.Error("a failed command left a file")
	}
	if out := s.must(t, "", "version"); !strings.HasPrefix(out, "sealog ") {
		t.Errorf("version printed %q", out)
	}
}

func TestAnotherMasterSecret(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.must(t, password, "account", "create", "--email", email)
	file := filepath.Join(s.dir, "other-secret")
	if err := os.WriteFile(file, []byte(base64.RawURLEncoding.EncodeToString(make([]byte, 32))), 0o600); err != nil {
		t.Fatal(err)
	}
	other := &site{dir: s.dir, args: append(append([]string{}, s.args...), "--master-secret-file", file)}
	if _, errs, status := other.run(t, "", "serve", "--listen", "127.0.0.1:0"); status != 1 || !strings.Contains(errs, "MasterSecretWrong") {
		t.Errorf("status %d, %s", status, errs)
	}
	if storetest.Engine() == store.SQLite {
		if err := os.Remove(filepath.Join(s.dir, "data", "master-secret")); err != nil {
			t.Fatal(err)
		}
		if _, errs, status := s.run(t, "", "setup-link"); status != 1 || !strings.Contains(errs, "MasterSecretMissing") {
			t.Errorf("without the secret: status %d, %s", status, errs)
		}
	}
}

// TestKilled ends the server the hard way, in the middle of things, and looks whether what
// was acknowledged is there.
func TestKilled(t *testing.T) {
	t.Parallel()
	s, srv, k := prepared(t)
	fiveMutations(t, srv, k.token(t))
	if err := srv.cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = srv.cmd.Wait()
	again := s.start(t)
	var log struct{ AuditLogs struct{ TotalCount int } }
	again.graphql(t, k.token(t), `{ auditLogs(activityTypes: [ADMIN_API_MUTATION_DELETE_USER_EXECUTED, USER_DELETED]) { totalCount } }`, nil).into(t, &log)
	if log.AuditLogs.TotalCount != 2 {
		t.Errorf("%d events of the deletion after the kill", log.AuditLogs.TotalCount)
	}
}

func TestADatabaseThatIsReadOnlyOrGone(t *testing.T) {
	t.Parallel()
	if storetest.Engine() != store.SQLite {
		t.Log("on PostgreSQL the server's own refusals are tested in package store")
		return
	}
	s := newSite(t)
	s.must(t, password, "account", "create", "--email", email)
	data := filepath.Join(s.dir, "data")
	for _, name := range []string{"sealog.db-wal", "sealog.db-shm"} {
		if err := os.Remove(filepath.Join(data, name)); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(data, "sealog.db"), []byte(strings.Repeat("no database", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, errs, status := s.run(t, "", "setup-link"); status != 1 || !strings.Contains(errs, "DatabaseUnavailable") {
		t.Errorf("a database of nonsense: status %d, %s", status, errs)
	}
	if err := os.RemoveAll(data); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(data, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, errs, status := s.run(t, "", "setup-link"); status != 1 || !strings.Contains(errs, "DataDirectoryUnavailable") {
		t.Errorf("a file in the directory's place: status %d, %s", status, errs)
	}
}

func TestGetOfTheAdminAPIChangesNothing(t *testing.T) {
	t.Parallel()
	_, srv, k := prepared(t)
	status, _, _ := srv.get(t, "/graphql?query=mutation", func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+k.token(t)) })
	if status == http.StatusOK {
		t.Errorf("GET answered %d", status)
	}
}
