package e2e

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/export"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/vault"
)

// TestErase erases a deleted user beside a running server. Nothing about them is left in the
// database or its files, the certificate says what went, and the log is as sound as before.
func TestErase(t *testing.T) {
	t.Parallel()
	s, srv, k := prepared(t)
	raw, err := base64.RawURLEncoding.DecodeString(fiveMutations(t, srv, k.token(t)))
	if err != nil {
		t.Fatal(err)
	}
	user := strings.TrimPrefix(string(raw), "User:")
	personal := []string{"kim@shop.example", "chargeback", "asked for it"}
	for _, text := range personal {
		if !strings.Contains(s.dump(t), text) {
			t.Fatalf("%q is not there before", text)
		}
	}
	file := filepath.Join(s.dir, "certificate.txt")
	erase := []string{"erase", "acme", "--user", user, "--reason", "request 4711"}
	if _, errs, status := s.run(t, "yes\n", erase...); status != 1 || !strings.Contains(errs, "NotConfirmed") {
		t.Errorf("where nobody can be asked: status %d, %s", status, errs)
	}
	out := s.must(t, "", append(erase, "--yes", "--certificate", file)...)
	for _, text := range personal {
		if strings.Contains(s.dump(t), text) {
			t.Errorf("%q is left in the database", text)
		}
		if s.databaseURL() == "" && strings.Contains(s.files(t), text) {
			t.Errorf("%q is left in the files", text)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := note.NewVerifier(line(t, out, "key"))
	if err != nil {
		t.Fatal(err)
	}
	opened, err := note.Open(text, note.VerifierList(verifier))
	if err != nil || line(t, opened.Text, "user") != user || line(t, opened.Text, "recorded") != line(t, out, "recorded") || line(t, opened.Text, "reason") != "request 4711" {
		t.Errorf("%v in\n%s", err, text)
	}
	if info, err := os.Stat(file); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	s.verify(t, "acme")

	// The Admin API and the Portal go on showing what happened.
	logs := srv.graphql(t, k.token(t), `query { auditLogs(first: 100, outcomes: [SUCCEEDED, FAILED]) { edges { node { data } } } }`, nil)
	if n := strings.Count(logs.body, `"data":{"id"`); len(logs.Errors) > 0 || n < 12 || !strings.Contains(logs.body, `"type":"audit.redacted"`) {
		t.Errorf("%d events in %s", n, logs.body)
	}

	for _, c := range []struct {
		args []string
		code string
	}{
		{append(erase, "--yes", "--certificate", file), "FileExists"},
		{append(erase, "--yes", "--certificate", filepath.Join(s.dir, "no", "such")), "FileNotWritable"},
		{[]string{"erase", "acme", "--user", event.NewID().String(), "--reason", "x", "--yes", "--certificate", filepath.Join(s.dir, "x")}, "NothingToErase"},
		{[]string{"erase", "acme", "--user", "kim@shop.example", "--reason", "x", "--yes"}, "UserIDInvalid"},
		{[]string{"erase", "acme", "--user", user, "--reason", " ", "--yes"}, "ReasonMissing"},
		{[]string{"erase", "nowhere", "--user", user, "--reason", "x", "--yes"}, "ProjectNotFound"},
	} {
		if _, errs, status := s.run(t, "", c.args...); status != 1 || !strings.Contains(errs, c.code) {
			t.Errorf("sealog %s: status %d, %s", strings.Join(c.args, " "), status, errs)
		}
		if s.attempts(t, event.PortalProject, "acme")[c.code] == 0 {
			t.Errorf("no attempt that ended with %s is on the record", c.code)
		}
	}
	if strings.Contains(s.dump(t), "kim@shop.example") {
		t.Error("what was given instead of an id is on the record")
	}
	if _, err := os.Stat(filepath.Join(s.dir, "x")); err == nil {
		t.Error("a failed command left a file")
	}
	// Without a file the certificate is what is printed. Nothing was left to erase.
	if again := s.must(t, "", append(erase, "--yes")...); !strings.HasPrefix(again, "Sealog erasure certificate v1\n") || line(t, again, "fields") != "0" {
		t.Errorf("again:\n%s", again)
	}
	s.verify(t, "acme")
}

// line is what follows a word, or a word and a colon, on the line that begins with it.
func line(t testing.TB, text, word string) string {
	t.Helper()
	for l := range strings.Lines(text) {
		for _, sep := range []string{": ", " "} {
			if rest, ok := strings.CutPrefix(l, word+sep); ok {
				return strings.TrimSuffix(rest, "\n")
			}
		}
	}
	t.Fatalf("no %s in\n%s", word, text)
	return ""
}

// report is what sealog-verify prints with --json, as far as it is looked at here.
type report struct {
	Verdict string
	Epochs  []struct {
		Epoch  int64
		Events struct{ Intact, Redacted, Withheld int64 }
	}
	Findings any
}

// verify takes a copy of a project's log and gives it to the verifier, with the keys of all its
// epochs; the copy must be sound. What the database keeps beside the log must be sound, too.
func (s *site) verify(t testing.TB, project string) report {
	t.Helper()
	secret, err := vault.Load(s.masterFile())
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), store.Config{Dir: filepath.Join(s.dir, "data"), URL: s.databaseURL()}, secret)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if checked, err := export.Check(t.Context(), db, project, nil); err != nil || !checked.Sound {
		t.Errorf("check: %+v, %v", checked, err)
	}
	epochs, err := auditlog.Epochs(t.Context(), db, project)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	copied := filepath.Join(dir, "copy")
	l, err := export.BeginLog(t.Context(), db, access.ByOperator("test"), export.ViaCommand, project, export.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	sink, err := export.NewDir(copied)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Write(t.Context(), sink); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "sealog-verify")
	if out, err := exec.Command("go", "build", "-o", program, "github.com/sealog/sealog/cmd/sealog-verify").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	args := []string{copied, "--json"}
	for _, e := range epochs {
		args = append(args, "--key", secret.LogKey(e.Origin()).Verifier())
	}
	out, err := exec.Command(program, args...).Output()
	var r report
	if jsonErr := json.Unmarshal(out, &r); jsonErr != nil {
		t.Fatalf("%v, %v\n%s", err, jsonErr, out)
	}
	if err != nil || r.Verdict != "sound" {
		t.Errorf("%v\n%s", err, out)
	}
	return r
}

// masterFile is the file with the master secret.
func (s *site) masterFile() string {
	if file := s.flag("--master-secret-file"); file != "" {
		return file
	}
	return filepath.Join(s.dir, "data", "master-secret")
}
