package e2e

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// abuseMemory bounds the data of the server under attack, in bytes.
	abuseMemory = 1 << 30
	// abusePatience is how long the owner of another project may wait for an answer meanwhile:
	// generous, since tests share their machine.
	abusePatience = 2 * time.Second
	// abuseAtOnce is how many attackers there are, and abuseFor how long they go on.
	abuseAtOnce = 16
	abuseFor    = 3 * time.Second
	// abuseRest is how much memory the server may hold some time after the attacks, in bytes.
	abuseRest = 400 << 20
)

const (
	malloryEmail = "mallory@evil.example"
	victimEmail  = "vic@shop.example"
)

// abuse is a server with little memory, a project of an attacker, and one of somebody else.
type abuse struct {
	*site
	srv     *server
	key     key // of the victim's project
	mallory *attacker
	session *caller   // of the victim
	known   []*caller // addresses from which the victim has signed in
	visits  int
	next    atomic.Uint32
}

// TestAbuse lets attackers loose on a server whose memory is limited: callers without
// credentials, and the owner of a project of their own. Meanwhile the owner of another project
// opens the audit log, calls the Admin API and signs in. Each answer comes within
// abusePatience, the server lives, and in the end its memory returns.
//
// It is not parallel to other tests, so that what is measured is its own.
func TestAbuse(t *testing.T) {
	a := newAbuse(t)
	before := a.usage(t)
	for _, attack := range attacks {
		t.Run(attack.name, func(t *testing.T) { a.under(t, max(attack.attackers, abuseAtOnce), attack.prepare(t, a)) })
		if a.ended() {
			t.Fatalf("the server has ended under %q", attack.name)
		}
	}
	a.recovered(t, before)
}

func newAbuse(t *testing.T) *abuse {
	t.Helper()
	a := &abuse{site: newSite(t)}
	for _, who := range []struct{ email, project string }{{victimEmail, "shop"}, {malloryEmail, "evil"}} {
		a.must(t, password+"\n", "account", "create", "--email", who.email)
		a.must(t, "", "project", "create", who.project, "--owner", who.email)
	}
	a.srv = a.start(t)
	limit := unix.Rlimit{Cur: abuseMemory, Max: abuseMemory}
	if err := unix.Prlimit(a.srv.cmd.Process.Pid, unix.RLIMIT_DATA, &limit, nil); err != nil {
		t.Fatal(err)
	}
	a.key = a.site.key(t, "shop")
	a.session = a.caller(t)
	a.session.signIn(t, victimEmail)
	for range 80 { // each may try ten passwords at once
		c := a.caller(t)
		c.signIn(t, victimEmail)
		a.known = append(a.known, c)
	}
	a.mallory = &attacker{caller: a.caller(t), key: a.site.key(t, "evil")}
	a.mallory.signIn(t, malloryEmail)
	return a
}

// address is a loopback address that nobody has used yet.
func (a *abuse) address() string {
	n := a.next.Add(1)
	return fmt.Sprintf("127.%d.%d.%d", 1+n>>16, n>>8&255, n&255|1)
}

// caller is a client with an address and cookies of its own.
type caller struct {
	url    string
	client *http.Client
}

func (a *abuse) caller(t testing.TB) *caller {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(a.address())}}
	transport := &http.Transport{DialContext: dialer.DialContext}
	t.Cleanup(transport.CloseIdleConnections)
	return &caller{a.srv.url, &http.Client{Jar: jar, Transport: transport, Timeout: time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// send makes a request, reads the answer to its end, and returns its status.
func (c *caller) send(ctx context.Context, method, path, contentType, token, body string) (int, string, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.url+path, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := c.client.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), err
}

func (c *caller) form(ctx context.Context, path string, fields ...string) (int, string, error) {
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return c.send(ctx, http.MethodPost, path, "application/x-www-form-urlencoded", "", form.Encode())
}

func (c *caller) signIn(t testing.TB, email string) {
	t.Helper()
	if status, text, err := c.form(t.Context(), "/signin", "email", email, "password", password); err != nil || status != http.StatusSeeOther {
		t.Fatalf("sign-in: %d, %v\n%.300s", status, err, text)
	}
}

// under sends an attack from so many callers for abuseFor and holds the victim's answers
// against abusePatience.
func (a *abuse) under(t *testing.T, attackers int, send func(ctx context.Context, i int) (int, error)) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), abuseFor)
	defer stop()
	var wait sync.WaitGroup
	var mu sync.Mutex
	statuses := map[int]int{}
	for i := range attackers {
		wait.Go(func() {
			for ctx.Err() == nil {
				status, err := send(ctx, i)
				if err != nil && ctx.Err() != nil {
					return
				}
				mu.Lock()
				statuses[status]++
				mu.Unlock()
			}
		})
	}
	slowest := map[string]time.Duration{}
	asked := 0
	pause := time.NewTicker(150 * time.Millisecond)
	defer pause.Stop()
	for ; ctx.Err() == nil; asked++ {
		for name, took := range a.visit(t) {
			slowest[name] = max(slowest[name], took)
		}
		<-pause.C
	}
	wait.Wait()
	t.Logf("the attackers' answers by status: %v; the victim's slowest of %d each: %v", statuses, asked, slowest)
	for what, took := range slowest {
		if took > abusePatience {
			t.Errorf("%s took %s", what, took)
		}
	}
}

// ended reports whether the server's process has ended, of which its parent has not been told yet.
func (a *abuse) ended() bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", a.srv.cmd.Process.Pid))
	return err != nil || strings.Contains(string(text), ") Z ")
}

// visit is what the victim does, and how long each answer took.
func (a *abuse) visit(t *testing.T) map[string]time.Duration {
	t.Helper()
	took := map[string]time.Duration{}
	ask := func(what string, want int, call func(ctx context.Context) (int, string, error)) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 30*time.Second)
		defer cancel()
		begun := time.Now()
		status, text, err := call(ctx)
		took[what] = time.Since(begun)
		if err != nil || status != want {
			t.Errorf("%s: %d, %v\n%.300s", what, status, err, text)
		}
	}
	ask("audit log page", http.StatusOK, func(ctx context.Context) (int, string, error) {
		return a.session.send(ctx, http.MethodGet, "/projects/shop/audit-log", "", "", "")
	})
	token := a.key.token(t)
	ask("Admin API", http.StatusOK, func(ctx context.Context) (int, string, error) {
		return a.session.send(ctx, http.MethodPost, "/_api/admin/graphql", "application/json", token,
			`{"query":"{ auditLogs(first: 5) { edges { node { activityType data } } } }"}`)
	})
	ask("sign-in", http.StatusSeeOther, func(ctx context.Context) (int, string, error) {
		a.visits++
		return a.known[a.visits%len(a.known)].form(ctx, "/signin", "email", victimEmail, "password", password)
	})
	return took
}

// usage is what a server takes of the machine.
type usage struct{ memory, goroutines, files int }

func (a *abuse) usage(t testing.TB) usage {
	t.Helper()
	var u usage
	dir := fmt.Sprintf("/proc/%d", a.srv.cmd.Process.Pid)
	text, err := os.ReadFile(dir + "/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kilobytes, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(value), " kB"))
			if err != nil {
				t.Fatal(err)
			}
			u.memory = kilobytes << 10
		}
	}
	open, err := os.ReadDir(dir + "/fd")
	if err != nil {
		t.Fatal(err)
	}
	u.files = len(open)
	_, metrics, _ := a.srv.get(t, "/metrics", nil)
	for line := range strings.Lines(metrics) {
		if value, ok := strings.CutPrefix(line, "go_goroutines "); ok {
			if u.goroutines, err = strconv.Atoi(strings.TrimSpace(value)); err != nil {
				t.Fatal(err)
			}
		}
	}
	return u
}

// recovered waits until the server has given back what the attacks took.
func (a *abuse) recovered(t *testing.T, before usage) {
	t.Helper()
	var now usage
	for deadline := time.Now().Add(3 * time.Minute); ; time.Sleep(time.Second) {
		now = a.usage(t)
		if now.memory < abuseRest && now.goroutines < before.goroutines+50 && now.files < before.files+50 {
			t.Logf("before the attacks %+v, after them %+v", before, now)
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("before the attacks %+v, three minutes after them %+v", before, now)
		}
		a.visit(t) // memory is given back by a server that works
	}
}
