// Package e2e tests Sealog from outside: it builds the program, starts it on port 0 with
// fresh data, and drives it by its commands, its HTTP API and a real browser.
package e2e

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jws"

	"github.com/sealog/sealog/internal/storetest"
)

// binary is the program under test, built once.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "sealog-e2e-")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "sealog")
	build := exec.Command("go", "build", "-o", binary, "github.com/sealog/sealog/cmd/sealog")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		panic(err)
	}
	status := m.Run()
	stopBrowser()
	os.RemoveAll(dir)
	os.Exit(status)
}

const (
	email    = "ops@acme.example"
	password = "correct horse battery staple"
)

// site is one installation: its data, and how to start programs on it.
type site struct {
	dir  string
	args []string // flags that name the data
}

func newSite(t testing.TB) *site {
	t.Helper()
	s := &site{dir: t.TempDir()}
	s.args = []string{"--data", filepath.Join(s.dir, "data")}
	if u := storetest.URL(t); u != "" {
		secret := make([]byte, 32)
		if _, err := rand.Read(secret); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(s.dir, "master-secret")
		if err := os.WriteFile(file, []byte(base64.RawURLEncoding.EncodeToString(secret)+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		s.args = append(s.args, "--database", u, "--master-secret-file", file)
	}
	return s
}

// run runs a command to its end and returns what it printed and its exit status.
func (s *site) run(t testing.TB, stdin string, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	cmd := exec.Command(binary, append(args, s.args...)...)
	cmd.Stdin = strings.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// must is run for a command that has to succeed.
func (s *site) must(t testing.TB, stdin string, args ...string) string {
	t.Helper()
	out, errs, status := s.run(t, stdin, args...)
	if status != 0 {
		t.Fatalf("sealog %s: status %d\n%s", strings.Join(args, " "), status, errs)
	}
	return out
}

// server is a running "sealog serve".
type server struct {
	demo  string // the demo account's password, when it was made
	url   string
	lines <-chan string // what it prints after it is ready
	link  *string       // what setup returns, once it has been called
	cmd   *exec.Cmd
	log   *lockedBuffer
}

type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write implements io.Writer.
func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

// String returns what has been written.
func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// start starts a server on a free port and waits until it says that it is ready.
func (s *site) start(t testing.TB, args ...string) *server {
	t.Helper()
	srv := &server{log: &lockedBuffer{}}
	srv.cmd = exec.Command(binary, append(append([]string{"serve", "--listen", "127.0.0.1:0", "--drain", "0s"}, s.args...), args...)...)
	srv.cmd.Stderr = srv.log
	out, err := srv.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := srv.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if srv.cmd.ProcessState == nil {
			srv.stop(t)
		}
		if t.Failed() {
			t.Logf("log of the server:\n%s", srv.log)
		}
	})
	lines := make(chan string, 10)
	go func() {
		defer close(lines)
		for scan := bufio.NewScanner(out); scan.Scan(); {
			lines <- scan.Text()
		}
	}()
	timeout := time.After(60 * time.Second)
	for srv.url == "" {
		select {
		case line, ok := <-lines:
			if !ok {
				t.Fatalf("the server ended:\n%s", srv.log)
			}
			if p, ok := strings.CutPrefix(line, "Demo password: "); ok {
				srv.demo = p
			}
			if u, ready := strings.CutPrefix(line, "Sealog is ready: "); ready {
				srv.url = u
			}
		case <-timeout:
			t.Fatalf("the server is not ready:\n%s", srv.log)
		}
	}
	srv.lines = lines
	return srv
}

// setup is the set-up link that the server prints while there is no account, or "".
func (s *server) setup() string {
	if s.link == nil {
		link := ""
		select { // it follows at once, if it does
		case line := <-s.lines:
			link = strings.TrimPrefix(line, "First account: ")
		case <-time.After(2 * time.Second):
		}
		s.link = &link
	}
	return *s.link
}

// stop ends the server as an operator would, and expects it to end well.
func (s *server) stop(t testing.TB) {
	t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.cmd.Wait() }()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("the server ended with %v\n%s", err, s.log)
		}
	case <-time.After(40 * time.Second):
		t.Errorf("the server did not end")
		_ = s.cmd.Process.Kill()
		<-done
	}
}

// key is an Admin API key as "sealog project key" wrote it.
type key struct {
	project, kid string
	private      any
}

func (s *site) key(t testing.TB, project string) key {
	t.Helper()
	file := filepath.Join(s.dir, project+".pem")
	out := s.must(t, "", "project", "key", project, "--out", file)
	kid, ok := strings.CutPrefix(strings.TrimSpace(out), "kid: ")
	if !ok {
		t.Fatalf("no kid in %q", out)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v", info.Mode(), err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "PRIVATE KEY" {
		t.Fatalf("no PKCS#8 PEM in %.40s", text)
	}
	private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return key{project, kid, private}
}

// token signs a token that lasts five minutes.
func (k key) token(t testing.TB) string {
	t.Helper()
	payload := fmt.Appendf(nil, `{"aud":[%q],"iat":%d,"exp":%d}`, k.project, time.Now().Unix(), time.Now().Add(5*time.Minute).Unix())
	headers := jws.NewHeaders()
	if err := headers.Set("kid", k.kid); err != nil {
		t.Fatal(err)
	}
	signed, err := jws.Sign(payload, jws.WithKey(jwa.RS256(), k.private, jws.WithProtectedHeaders(headers)))
	if err != nil {
		t.Fatal(err)
	}
	return string(signed)
}

// answer is what a GraphQL call came back with.
type answer struct {
	status int
	body   string
	Data   json.RawMessage
	Errors []struct {
		Message    string
		Extensions struct{ ErrorName, Reason string }
	}
	Extensions struct{ Committed []string }
}

func (s *server) graphql(t testing.TB, token, query string, variables any) answer {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		t.Fatal(err)
	}
	a := s.post(t, "/_api/admin/graphql", token, "application/json", bytes.NewReader(body), nil)
	if a.status == http.StatusOK {
		if err := json.Unmarshal([]byte(a.body), &a); err != nil {
			t.Fatalf("%v in %s", err, a.body)
		}
	}
	return a
}

func (s *server) post(t testing.TB, path, token, contentType string, body io.Reader, change func(*http.Request)) answer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+path, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", contentType)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	r.Header.Set("User-Agent", "e2e/1.0")
	if change != nil {
		change(r)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{status: response.StatusCode, body: string(text)}
}

// into reads the data of an answer that must have no errors.
func (a answer) into(t testing.TB, v any) {
	t.Helper()
	if a.status != http.StatusOK || len(a.Errors) > 0 {
		t.Fatalf("status %d: %s", a.status, a.body)
	}
	if err := json.Unmarshal(a.Data, v); err != nil {
		t.Fatalf("%v in %s", err, a.body)
	}
}

func (s *server) get(t testing.TB, path string, change func(*http.Request)) (int, string, http.Header) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(r)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text), response.Header
}
