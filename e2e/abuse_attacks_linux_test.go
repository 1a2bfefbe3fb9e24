package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// attacker is the owner of a project, who means harm.
type attacker struct {
	*caller
	key key
}

// attack is a way to take the service down. What prepare returns is called by many at once,
// again and again; i says by which of them.
type attack struct {
	name      string
	attackers int // at once, where that is more than abuseAtOnce
	prepare   func(t *testing.T, a *abuse) func(ctx context.Context, i int) (int, error)
}

// attacks are all that were found to end a process, or to keep others waiting.
var attacks = []attack{
	{"brackets in a configuration", 0, func(t *testing.T, a *abuse) func(context.Context, int) (int, error) {
		return a.mallory.configure("id: evil\nx: " + strings.Repeat("[", 60_000) + strings.Repeat("]", 60_000))
	}},
	{"open brackets in a configuration", 0, func(t *testing.T, a *abuse) func(context.Context, int) (int, error) {
		return a.mallory.configure("id: evil\nx: " + strings.Repeat("[", 40_000))
	}},
	{"deep blocks in a configuration", 0, func(t *testing.T, a *abuse) func(context.Context, int) (int, error) {
		return a.mallory.configure("id: evil\nx:\n" + strings.Repeat("- ", 30_000) + "1\n")
	}},
	{"unknown keys in a configuration", 0, func(t *testing.T, a *abuse) func(context.Context, int) (int, error) {
		return a.mallory.configure("id: evil\n" + numbered(20_000, "k%d: 1\n"))
	}},
	{"many keys in a change of a configuration", 0, func(t *testing.T, a *abuse) func(context.Context, int) (int, error) {
		return a.mallory.updateApp(t, `{"id":"evil",`+strings.TrimSuffix(numbered(2000, `"k%d":0,`), ",")+`}`)
	}},
	{"a deep change of a configuration", 0, func(t *testing.T, a *abuse) func(context.Context, int) (int, error) {
		return a.mallory.updateApp(t, strings.Repeat(`{"a":`, 9000)+"1"+strings.Repeat("}", 9000))
	}},
	{"long domains in addresses, without credentials", 0, func(t *testing.T, a *abuse) func(context.Context, int) (int, error) {
		body, err := json.Marshal(map[string]string{"target": "a@" + letters(20_000) + ".example", "purpose": "login", "code": "123456"})
		if err != nil {
			t.Fatal(err)
		}
		return a.strangers(t, func(ctx context.Context, c *caller) (int, error) {
			status, _, err := c.send(ctx, http.MethodPost, "/api/v1/projects/shop/verify-code", "application/json", "", string(body))
			return status, err
		})
	}},
	{"long domains in a form, without credentials", 0, func(t *testing.T, a *abuse) func(context.Context, int) (int, error) {
		return a.strangers(t, func(ctx context.Context, c *caller) (int, error) {
			status, _, err := c.form(ctx, "/verify", "project", "shop", "target", "a@"+letters(6000)+".example", "purpose", "login", "code", "123456")
			return status, err
		})
	}},
	{"long domains of a project", 0, func(t *testing.T, a *abuse) func(context.Context, int) (int, error) {
		return func(ctx context.Context, _ int) (int, error) {
			status, _, err := a.mallory.form(ctx, "/projects/evil/domains", "domain", letters(6000)+".example")
			return status, err
		}
	}},
	{"large bodies without credentials", 0, func(t *testing.T, a *abuse) func(context.Context, int) (int, error) {
		return a.strangers(t, func(ctx context.Context, c *caller) (int, error) {
			status, _, err := c.form(ctx, "/signin", "email", strings.Repeat("x", 3<<20))
			return status, err
		})
	}},
	{"bodies that are never finished", 0, unfinished},
	{"equal fields", 0, func(t *testing.T, a *abuse) func(context.Context, int) (int, error) {
		return a.mallory.query("{" + strings.Repeat("__typename ", 9900) + "}")
	}},
	{"unknown fields", 0, func(t *testing.T, a *abuse) func(context.Context, int) (int, error) {
		return a.mallory.query("{" + numbered(9000, "f%d ") + "}")
	}},
	{"equal fields of the Admin API", 0, func(t *testing.T, a *abuse) func(context.Context, int) (int, error) {
		return a.mallory.admin(t, "{"+strings.Repeat("__typename ", 9900)+"}")
	}},
	{"large events many times over", 0, func(t *testing.T, a *abuse) func(context.Context, int) (int, error) {
		a.mallory.largeEvents(t)
		return a.mallory.admin(t, "{"+numbered(30, "a%d: auditLogs(first:100){edges{node{data}}} ")+"}")
	}},
	{"the configuration many times over", 0, func(t *testing.T, a *abuse) func(context.Context, int) (int, error) {
		return a.mallory.query("{appList{" + numbered(900, "a%d: effectiveAppConfig ") + "}}")
	}},
	{"the list of projects many times over", 0, func(t *testing.T, a *abuse) func(context.Context, int) (int, error) {
		return a.mallory.query("{" + numbered(400, "a%d: appList{rawAppConfig} ") + "}")
	}},
	{"exports that nobody reads", 0, slowExports},
	{"sign-ins from everywhere", 300, func(t *testing.T, a *abuse) func(context.Context, int) (int, error) {
		return a.strangers(t, func(ctx context.Context, c *caller) (int, error) {
			status, _, err := c.form(ctx, "/signin", "email", victimEmail, "password", "a wrong password")
			return status, err
		})
	}},
	{"invitations to strangers", 0, func(t *testing.T, a *abuse) func(context.Context, int) (int, error) {
		return func(ctx context.Context, i int) (int, error) {
			status, _, err := a.mallory.form(ctx, "/projects/evil/collaborators/invite", "email", fmt.Sprintf("s%d@strangers.example", i), "role", "VIEWER")
			return status, err
		}
	}},
	{"a flood of events", 0, func(t *testing.T, a *abuse) func(context.Context, int) (int, error) {
		return a.mallory.admin(t, `mutation { `+numbered(5, `a%d: createUser(input: {definition: {loginID: {key: "username", value: "x"}}}) { user { id } } `)+`}`)
	}},
}

// numbered repeats a text with the numbers from 0.
func numbered(times int, format string) string {
	var b strings.Builder
	for i := range times {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// letters is a text of so many different letters of which Punycode makes much work.
func letters(n int) string {
	text := make([]rune, n)
	for i := range text {
		text[i] = rune(0x4e00 + i)
	}
	return string(text)
}

// strangers lets each call come from an address of its own.
func (a *abuse) strangers(t *testing.T, call func(ctx context.Context, c *caller) (int, error)) func(context.Context, int) (int, error) {
	return func(ctx context.Context, _ int) (int, error) {
		c := a.caller(t)
		defer c.client.CloseIdleConnections()
		return call(ctx, c)
	}
}

// configure previews a configuration.
func (m *attacker) configure(text string) func(context.Context, int) (int, error) {
	return func(ctx context.Context, _ int) (int, error) {
		status, _, err := m.form(ctx, "/projects/evil/configuration", "step", "preview", "checksum", "x", "text", text)
		return status, err
	}
}

func envelope(query string, variables any) string {
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		panic(err) // texts and maps of texts
	}
	return string(body)
}

// query calls the Portal API.
func (m *attacker) query(document string) func(context.Context, int) (int, error) {
	body := envelope(document, nil)
	return func(ctx context.Context, _ int) (int, error) {
		status, _, err := m.send(ctx, http.MethodPost, "/api/graphql", "application/json", "", body)
		return status, err
	}
}

// admin calls the Admin API of the attacker's project.
func (m *attacker) admin(t *testing.T, document string) func(context.Context, int) (int, error) {
	t.Helper()
	body, token := envelope(document, nil), m.key.token(t)
	return func(ctx context.Context, _ int) (int, error) {
		status, _, err := m.send(ctx, http.MethodPost, "/_api/admin/graphql", "application/json", token, body)
		return status, err
	}
}

// updateApp changes the configuration through the Portal API; config is JSON.
func (m *attacker) updateApp(t *testing.T, config string) func(context.Context, int) (int, error) {
	t.Helper()
	_, text, err := m.send(t.Context(), http.MethodPost, "/api/graphql", "application/json", "", envelope("{appList{id}}", nil))
	var answer struct {
		Data struct{ AppList []struct{ ID string } }
	}
	if err != nil || json.Unmarshal([]byte(text), &answer) != nil || len(answer.Data.AppList) != 1 {
		t.Fatalf("the attacker's projects: %v, %s", err, text)
	}
	body := `{"query":"mutation($i: UpdateAppInput!) { updateApp(input: $i) { app { id } } }","variables":{"i":{"appID":"` +
		answer.Data.AppList[0].ID + `","appConfig":` + config + `}}}`
	return func(ctx context.Context, _ int) (int, error) {
		status, _, err := m.send(ctx, http.MethodPost, "/api/graphql", "application/json", "", body)
		return status, err
	}
}

// largeEvents saves configurations that differ in hundreds of lines, as large as they can be.
func (m *attacker) largeEvents(t *testing.T) {
	t.Helper()
	_, page, err := m.send(t.Context(), http.MethodGet, "/projects/evil/configuration?tab=yaml", "", "", "")
	if err != nil {
		t.Fatal(err)
	}
	checksum := match(t, checksumOn, page)
	for i := range 22 {
		text := "id: evil\n" + numbered(1500, fmt.Sprintf("# %d-%%d ", i)+strings.Repeat("x", 100)+"\n")
		status, page, err := m.form(t.Context(), "/projects/evil/configuration", "step", "save", "checksum", checksum, "text", text)
		if err != nil || status != http.StatusSeeOther && status != http.StatusTooManyRequests {
			t.Fatalf("save %d: %d, %v\n%.500s", i, status, err, page)
		}
		_, page, err = m.send(t.Context(), http.MethodGet, "/projects/evil/configuration?tab=yaml", "", "", "")
		if err != nil {
			t.Fatal(err)
		}
		checksum = match(t, checksumOn, page)
	}
}

// hold opens a connection from an address and writes to it; it is closed when ctx ends.
func (a *abuse) hold(ctx context.Context, text string) (int, error) {
	u, err := url.Parse(a.srv.url)
	if err != nil {
		return 0, err
	}
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(a.address())}}
	conn, err := dialer.DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(abuseFor))
	if _, err := conn.Write([]byte(text)); err != nil {
		return 0, err
	}
	<-ctx.Done()
	return 0, nil
}

// unfinished holds hundreds of connections, each with a body of which the last byte is missing.
func unfinished(t *testing.T, a *abuse) func(context.Context, int) (int, error) {
	host := strings.TrimPrefix(a.srv.url, "http://")
	body := "email=" + strings.Repeat("x", 1<<20)
	request := fmt.Sprintf("POST /signin HTTP/1.1\r\nHost: %s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s",
		host, len(body)+1, body)
	return func(ctx context.Context, _ int) (int, error) {
		var connections sync.WaitGroup
		for range 40 { // by each
			connections.Go(func() { _, _ = a.hold(ctx, request) })
		}
		connections.Wait()
		return 0, nil
	}
}

// slowExports asks for copies of the log and reads nothing of them.
func slowExports(t *testing.T, a *abuse) func(context.Context, int) (int, error) {
	host := strings.TrimPrefix(a.srv.url, "http://")
	u, err := url.Parse(a.srv.url)
	if err != nil {
		t.Fatal(err)
	}
	var cookies strings.Builder
	for _, c := range a.mallory.client.Jar.Cookies(u) {
		fmt.Fprintf(&cookies, "%s=%s; ", c.Name, c.Value)
	}
	request := fmt.Sprintf("POST /projects/evil/audit-log/export HTTP/1.1\r\nHost: %s\r\nCookie: %s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 0\r\n\r\n",
		host, cookies.String())
	return func(ctx context.Context, _ int) (int, error) { return a.hold(ctx, request) }
}
