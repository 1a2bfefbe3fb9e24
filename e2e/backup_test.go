package e2e

import (
	"database/sql"
	"encoding/json"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sealog/sealog/internal/event"
)

// TestBackupAndRestore walks the way that docs/operations.md describes: a backup of a running
// server, the day on which it is put back, and the logs that go on in new trees.
func TestBackupAndRestore(t *testing.T) {
	t.Parallel()
	s, srv, k := prepared(t)
	fiveMutations(t, srv, k.token(t))
	restore := s.backUp(t, srv)
	srv = s.start(t)
	for range 2 {
		fiveMutations(t, srv, k.token(t))
	}
	srv.stop(t)
	if status := s.must(t, "", "log", "status"); strings.Count(status, "  open\n") != 2 {
		t.Fatalf("before:\n%s", status)
	}

	restore()
	status := s.must(t, "", "log", "status")
	if !strings.Contains(status, "events are known") {
		t.Errorf("after the backup was put back:\n%s", status)
	}
	// The server runs, and records, and signs no more.
	srv = s.start(t)
	fiveMutations(t, srv, k.token(t))
	eventually(t, "the log is halted", func() error {
		if status := s.must(t, "", "log", "status", "acme"); !strings.Contains(status, "halted: ") {
			return unexpected(status)
		}
		return nil
	})
	if _, errs, status := s.run(t, "", "log", "new-epoch", "nowhere", "--reason", "x"); status != 1 || !strings.Contains(errs, "ProjectNotFound") {
		t.Errorf("of no project: status %d, %s", status, errs)
	}
	if _, errs, status := s.run(t, "", "log", "new-epoch", "acme", "--reason", " "); status != 1 || !strings.Contains(errs, "ReasonMissing") {
		t.Errorf("without a reason: status %d, %s", status, errs)
	}
	out := s.must(t, "", "log", "new-epoch", "acme", "--reason", "the disk failed; Monday's backup was restored")
	if origin := line(t, out, "origin"); !strings.HasSuffix(origin, "/e2") || !strings.HasPrefix(line(t, out, "key"), origin+"+") {
		t.Errorf("it printed\n%s", out)
	}
	if _, errs, status := s.run(t, "", "log", "new-epoch", "acme", "--reason", "once more"); status != 1 || !strings.Contains(errs, "LogNotHalted") {
		t.Errorf("of a sound log: status %d, %s", status, errs)
	}
	fiveMutations(t, srv, k.token(t))
	eventually(t, "the log is signed", func() error {
		status := s.must(t, "", "log", "status", "acme")
		if !strings.Contains(status, "  ended\n") || !strings.Contains(status, "  open\n") {
			return unexpected(status)
		}
		return nil
	})
	srv.stop(t)
	if r := s.verify(t, "acme"); len(r.Epochs) != 2 {
		t.Errorf("%d epochs are verified", len(r.Epochs))
	}
	attempts := s.attempts(t, event.PortalProject, "acme")
	for _, code := range []string{"ProjectNotFound", "ReasonMissing", "LogNotHalted"} {
		if attempts[code] == 0 {
			t.Errorf("no attempt that ended with %s is on the record: %v", code, attempts)
		}
	}
}

type unexpected string

// Error implements error.
func (e unexpected) Error() string { return string(e) }

// backUp makes a backup, with the server's own command or with the database's tools, and stops
// the server. It returns what puts the backup back in its place.
func (s *site) backUp(t *testing.T, srv *server) (restore func()) {
	t.Helper()
	saved := filepath.Join(s.dir, "backup.db")
	if s.databaseURL() != "" {
		if _, errs, status := s.run(t, "", "backup", saved); status != 1 || !strings.Contains(errs, "BackupNotHere") {
			t.Errorf("status %d, %s", status, errs)
		}
		srv.stop(t)
		return s.backUpPostgreSQL(t)
	}
	out := s.must(t, "", "backup", saved)
	info, err := os.Stat(saved)
	if err != nil || info.Mode() != 0o600 || line(t, out, "backup") != saved || !strings.Contains(out, "master-secret") {
		t.Errorf("%v, %v, printed\n%s", info.Mode(), err, out)
	}
	var events int
	if err := json.Unmarshal([]byte(line(t, out, "events")), &events); err != nil || events < 12 {
		t.Errorf("%d events, %v", events, err)
	}
	if _, errs, status := s.run(t, "", "backup", saved); status != 1 || !strings.Contains(errs, "FileExists") {
		t.Errorf("over a backup that is there: status %d, %s", status, errs)
	}
	srv.stop(t)
	return func() {
		path := filepath.Join(s.dir, "data", "sealog.db")
		for _, suffix := range []string{"-wal", "-shm"} {
			if err := os.RemoveAll(path + suffix); err != nil {
				t.Fatal(err)
			}
		}
		from, err := os.Open(saved)
		if err != nil {
			t.Fatal(err)
		}
		defer from.Close()
		to, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(to, from); err != nil {
			t.Fatal(err)
		}
		if err := to.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// backUpPostgreSQL has the database's server copy the database, which nobody is connected to.
func (s *site) backUpPostgreSQL(t *testing.T) (restore func()) {
	t.Helper()
	u, err := url.Parse(s.databaseURL())
	if err != nil {
		t.Fatal(err)
	}
	name := strings.TrimPrefix(u.Path, "/")
	admin, err := sql.Open("pgx", os.Getenv("SEALOG_TEST_DATABASE"))
	if err != nil {
		t.Fatal(err)
	}
	run := func(statement string) {
		if _, err := admin.Exec(statement); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(func() {
		run("DROP DATABASE " + name + "_saved")
		if err := admin.Close(); err != nil {
			t.Error(err)
		}
	})
	run("CREATE DATABASE " + name + "_saved TEMPLATE " + name)
	return func() {
		run("DROP DATABASE " + name + " WITH (FORCE)")
		run("CREATE DATABASE " + name + " TEMPLATE " + name + "_saved")
	}
}
