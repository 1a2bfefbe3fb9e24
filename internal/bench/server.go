package bench

import (
	"bufio"
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jws"

	"github.com/sealog/sealog/internal/access"
)

// service is Sealog being served, by as many processes as are wanted, and somebody who calls it
// over loopback connections that stay open.
type service struct {
	processes []*exec.Cmd
	addresses []string
	turn      atomic.Int64
	client    *http.Client
	token     string // for the Admin API
}

// serve starts the program on the site and waits until it is ready.
func (s *Site) serve(ctx context.Context, program string, processes int) (_ *service, err error) {
	v := &service{}
	defer func() {
		if err != nil {
			err = errors.Join(err, v.stop())
		}
	}()
	for range processes {
		if err := v.start(ctx, program, s); err != nil {
			return nil, err
		}
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	v.client = &http.Client{
		Jar: jar, Timeout: time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{MaxIdleConnsPerHost: 128, DisableCompression: true},
	}
	if v.token, err = s.token(ctx); err != nil {
		return nil, err
	}
	return v, v.signIn(ctx, s.Email, s.Password)
}

func (v *service) start(ctx context.Context, program string, s *Site) error {
	args := []string{"serve", "--listen", "127.0.0.1:0", "--data", s.dir}
	if s.Database != "" {
		args = append(args, "--database", s.Database, "--master-secret-file", s.dir+"/master-secret")
	}
	// It is ended in order, by stop, even when ctx has ended.
	process := exec.CommandContext(context.WithoutCancel(ctx), program, args...)
	output, err := process.StdoutPipe()
	if err != nil {
		return err
	}
	// Into a file, as a service's log goes: what is piped would wake this process up for each request.
	said, err := os.OpenFile(filepath.Join(s.dir, "server.log"), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer said.Close()
	process.Stderr = said
	if err := process.Start(); err != nil {
		return fmt.Errorf("bench: %s: %w", program, err)
	}
	v.processes = append(v.processes, process)
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		if address, ok := strings.CutPrefix(lines.Text(), "Sealog is ready: "); ok {
			v.addresses = append(v.addresses, address)
			go func() { _, _ = io.Copy(io.Discard, output) }()
			return nil
		}
	}
	return fmt.Errorf("bench: the server does not start; %s says why", said.Name())
}

// stop ends the processes as an operator would.
func (v *service) stop() error {
	var errs []error
	for _, p := range v.processes {
		errs = append(errs, p.Process.Signal(syscall.SIGTERM))
	}
	for _, p := range v.processes {
		errs = append(errs, p.Wait())
	}
	return errors.Join(errs...)
}

// token is an Admin API token for the largest project, signed with its key as programs do (RFC 7519).
func (s *Site) token(ctx context.Context) (string, error) {
	id := s.Projects[0].ID
	keys, err := s.project.Keys(ctx, id)
	if err != nil {
		return "", err
	}
	text, err := s.project.ViewPrivateKey(ctx, access.ByOperator("bench"), id, keys[0].ID)
	if err != nil {
		return "", err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return "", errors.New("bench: the project's key is no PEM")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return "", fmt.Errorf("bench: %w", err)
	}
	headers := jws.NewHeaders()
	if err := headers.Set(jws.KeyIDKey, keys[0].ID); err != nil {
		return "", fmt.Errorf("bench: %w", err)
	}
	now := time.Now()
	claims := fmt.Appendf(nil, `{"aud":[%q],"iat":%d,"exp":%d}`, id, now.Unix(), now.Add(access.TokenLifetime-time.Minute).Unix())
	signed, err := jws.Sign(claims, jws.WithKey(jwa.RS256(), key, jws.WithProtectedHeaders(headers)))
	if err != nil {
		return "", fmt.Errorf("bench: %w", err)
	}
	return string(signed), nil
}

func (v *service) address() string {
	return v.addresses[int(v.turn.Add(1))%len(v.addresses)]
}

// signIn begins a session of the Portal; its cookie is good for every process.
func (v *service) signIn(ctx context.Context, email, password string) error {
	form := url.Values{"email": {email}, "password": {password}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, v.addresses[0]+"/signin", strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Origin", v.addresses[0])
	status, body, err := v.do(request)
	if err == nil && status != http.StatusSeeOther {
		err = fmt.Errorf("bench: signing in: status %d: %.300s", status, body)
	}
	return err
}

func (v *service) do(request *http.Request) (status int, body []byte, err error) {
	response, err := v.client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	body, err = io.ReadAll(response.Body)
	return response.StatusCode, body, err
}

// get asks for a page to its last byte.
func (v *service) get(ctx context.Context, path string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, v.address()+path, nil)
	if err != nil {
		return err
	}
	status, body, err := v.do(request)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("bench: GET %s: status %d: %.300s", path, status, body)
	}
	return err
}

// graphql asks the Admin API; an answer with errors is one.
func (v *service) graphql(ctx context.Context, query string, variables map[string]any) (json.RawMessage, error) {
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, v.address()+"/_api/admin/graphql", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+v.token)
	status, text, err := v.do(request)
	if err != nil {
		return nil, err
	}
	if status != http.StatusOK || bytes.Contains(text[:min(len(text), 60)], []byte(`"errors"`)) {
		return nil, fmt.Errorf("bench: %s: status %d: %.500s", query, status, text)
	}
	return text, nil
}
