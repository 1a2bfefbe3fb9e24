package e2e

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// prepared is a site with an account, the project acme, its key and a running server.
func prepared(t testing.TB, args ...string) (*site, *server, key) {
	t.Helper()
	s := newSite(t)
	srv := s.start(t, args...)
	srv.setup() // it is made and recorded before there is an account
	out := s.must(t, password+"\n", "account", "create", "--email", email)
	if !strings.Contains(out, email) || strings.Contains(out, password) {
		t.Fatalf("account create printed %q", out)
	}
	s.must(t, "", "project", "create", "acme", "--owner", email, "--name", "Acme Shop")
	return s, srv, s.key(t, "acme")
}

// fiveMutations calls each of them once and returns the user's global id.
func fiveMutations(t testing.TB, srv *server, token string) string {
	t.Helper()
	var created struct {
		CreateUser struct{ User struct{ ID string } }
	}
	srv.graphql(t, token, `mutation($input: CreateUserInput!) { createUser(input: $input) { user { id } } }`, map[string]any{
		"input": map[string]any{"definition": map[string]any{"loginID": map[string]any{"key": "email", "value": "kim@shop.example"}}, "password": "a long enough one"},
	}).into(t, &created)
	id := created.CreateUser.User.ID
	if raw, err := base64.RawURLEncoding.DecodeString(id); err != nil || !strings.HasPrefix(string(raw), "User:") {
		t.Fatalf("user id %q", id)
	}
	var ignored any
	srv.graphql(t, token, `mutation($id: ID!) { updateUser(input: {userID: $id, standardAttributes: "{\"name\":\"Kim\"}"}) { user { standardAttributes } } }`,
		map[string]any{"id": id}).into(t, &ignored)
	var disabled struct {
		SetDisabledStatus struct{ User struct{ IsDisabled bool } }
	}
	srv.graphql(t, token, `mutation($id: ID!) { setDisabledStatus(input: {userID: $id, isDisabled: true, reason: "chargeback"}) { user { isDisabled } } }`,
		map[string]any{"id": id}).into(t, &disabled)
	if !disabled.SetDisabledStatus.User.IsDisabled {
		t.Error("the user is not disabled")
	}
	srv.graphql(t, token, `mutation($id: ID!) { resetPassword(input: {userID: $id, password: "another long one"}) { user { id } } }`,
		map[string]any{"id": id}).into(t, &ignored)
	srv.graphql(t, token, `mutation($id: ID!) { deleteUser(input: {userID: $id, reason: "asked for it"}) { deletedUserID } }`,
		map[string]any{"id": id}).into(t, &ignored)
	return id
}

func TestFiveMutationsAndTheMissionsQuery(t *testing.T) {
	t.Parallel()
	_, srv, k := prepared(t)
	fiveMutations(t, srv, k.token(t))
	var log struct {
		AuditLogs struct {
			Edges []struct {
				Node struct {
					ActivityType, ClientID, CreatedAt string
					Data                              struct {
						Type    string
						Payload struct{ User struct{ ID string } }
						Context struct {
							TriggeredBy string `json:"triggered_by"`
							UserAgent   string `json:"user_agent"`
							IPAddress   string `json:"ip_address"`
							Actor       struct{ Type, ID string }
						}
					}
				}
			}
		}
	}
	srv.graphql(t, k.token(t), `query { auditLogs(first:5){ edges{ node{ activityType clientID createdAt data } } } }`, nil).into(t, &log)
	var got []string
	for _, e := range log.AuditLogs.Edges {
		n := e.Node
		got = append(got, n.ActivityType)
		if n.Data.Context.Actor.ID != k.kid || n.Data.Context.Actor.Type != "admin_api_key" || n.Data.Context.TriggeredBy != "admin_api" ||
			n.Data.Context.UserAgent != "e2e/1.0" || n.Data.Context.IPAddress != "127.0.0.1" || n.ClientID != "" {
			t.Errorf("%s: context %+v", n.ActivityType, n.Data.Context)
		}
		if !strings.HasSuffix(n.CreatedAt, "Z") || n.Data.Payload.User.ID == "" {
			t.Errorf("%s: created at %q, user %q", n.ActivityType, n.CreatedAt, n.Data.Payload.User.ID)
		}
	}
	want := []string{
		"ADMIN_API_MUTATION_DELETE_USER_EXECUTED", "USER_DELETED", "ADMIN_API_MUTATION_RESET_PASSWORD_EXECUTED",
		"ADMIN_API_MUTATION_SET_DISABLED_STATUS_EXECUTED", "USER_DISABLED",
	}
	if !slices.Equal(got, want) {
		t.Errorf("the newest five are %v", got)
	}
	var all struct {
		AuditLogs struct {
			TotalCount int
			Edges      []struct{ Node struct{ Type string } }
		}
	}
	srv.graphql(t, k.token(t), `{ auditLogs(sortDirection: ASC) { totalCount edges { node { type } } } }`, nil).into(t, &all)
	var types []string
	for _, e := range all.AuditLogs.Edges {
		types = append(types, e.Node.Type)
	}
	wantTypes := []string{
		"project.app.created", "project.app.secret.viewed",
		"user.created", "admin_api.mutation.create_user.executed",
		"user.profile.updated", "admin_api.mutation.update_user.executed",
		"user.disabled", "admin_api.mutation.set_disabled_status.executed",
		"admin_api.mutation.reset_password.executed",
		"user.deleted", "admin_api.mutation.delete_user.executed",
	}
	types = slices.DeleteFunc(types, func(s string) bool { return s == "audit_log.read" }) // written when the scheduler gets to it
	if !slices.Equal(types, wantTypes) {
		t.Errorf("the log is %v", types)
	}
	for _, secret := range []string{"a long enough one", "another long one"} {
		if a := srv.graphql(t, k.token(t), `{ auditLogs { edges { node { data } } } }`, nil); strings.Contains(a.body, secret) {
			t.Errorf("a password is in the log")
		}
	}
}

func TestStrangersAndRefusals(t *testing.T) {
	t.Parallel()
	s, srv, k := prepared(t)
	s.must(t, "", "project", "create", "other", "--owner", email)
	other := s.key(t, "other")
	forged := key{"acme", k.kid, other.private}
	for name, token := range map[string]string{"none": "", "junk": "x.y.z", "another project's key": forged.token(t), "wrong audience": key{"other", k.kid, k.private}.token(t)} {
		a := srv.graphql(t, token, `{ users { totalCount } }`, nil)
		if a.status != http.StatusForbidden || a.body != "Forbidden\n" {
			t.Errorf("%s: %d %q", name, a.status, a.body)
		}
	}
	// Only who has proven to hold the key is on the record by name.
	var log struct {
		AuditLogs struct {
			Edges []struct {
				Node struct {
					Type    string
					Outcome string
					Actor   struct{ ID string }
				}
			}
		}
	}
	srv.graphql(t, k.token(t), `{ auditLogs(outcomes: [DENIED]) { edges { node { type outcome actor { id } } } } }`, nil).into(t, &log)
	if e := log.AuditLogs.Edges; len(e) != 1 || e[0].Node.Type != "access.denied" || e[0].Node.Actor.ID != k.kid {
		t.Errorf("denied: %+v", e)
	}
}

// document is a request with a document and nothing else.
func document(text string) string {
	body, err := json.Marshal(map[string]string{"query": text})
	if err != nil {
		panic(err) // never for strings
	}
	return string(body)
}

// repeated writes a text so often, each time with its number.
func repeated(times int, format string) string {
	var b strings.Builder
	for i := range times {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

func TestHostileRequests(t *testing.T) {
	t.Parallel()
	_, srv, k := prepared(t)
	token := k.token(t)
	query := `{"query":"{ users { totalCount } }"}`
	for _, c := range []struct {
		name, contentType, body string
		change                  func(*http.Request)
		status                  int
		contains                string
	}{
		{"plain text", "text/plain", query, nil, 415, ""},
		{"malformed JSON", "application/json", `{"query":`, nil, 400, "InvalidJSON"},
		{"a batch", "application/json", "[" + query + "]", nil, 400, "error"},
		{"invalid UTF-8", "application/json", "{\"query\":\"{ users(searchKeyword: \\\"\xff\\\") { totalCount } }\"}", nil, 400, "error"},
		{"2 MB", "application/json", `{"query":"` + strings.Repeat(" ", 2<<20) + `"}`, nil, 413, "RequestEntityTooLarge"},
		{"GraphQL syntax", "application/json", `{"query":"{ users("}`, nil, 400, "error"},
		{"unknown field", "application/json", `{"query":"{ nonsense }"}`, nil, 200, "errors"},
		{"too deep", "application/json", document(`{ __type(name: "User") { fields { type { ` + strings.Repeat("ofType { ", 12) + "name" + strings.Repeat(" }", 12) + ` } } } }`), nil, 200, `"DepthLimitExceeded"`},
		{"as deep as can be", "application/json", document(`{ __type(name: "User") { fields { type { ` + strings.Repeat("ofType { ", 11) + "name" + strings.Repeat(" }", 11) + ` } } } }`), nil, 200, `"data":{`},
		{"too costly", "application/json", document(`{ ` + repeated(60, `a%d: users { edges { node { id identities { edges { node { id } } } } } } `) + `}`), nil, 200, `"ComplexityLimitExceeded"`},
		{"six mutations", "application/json", document(`mutation { ` + repeated(6, `m%d: createUser(input: {definition: {loginID: {key: "username", value: "six%[1]d"}}}) { user { id } } `) + `}`), nil, 400, `limit of 5 items`},
		{"negative page", "application/json", `{"query":"{ auditLogs(first: -1) { totalCount } }"}`, nil, 200, "InvalidQuery"},
		{"bad cursor", "application/json", `{"query":"{ auditLogs(after: \"%\") { edges { cursor } } }"}`, nil, 200, "InvalidCursor"},
		{"a date that is none", "application/json", `{"query":"{ auditLogs(rangeFrom: \"2026-02-30T00:00:00Z\") { totalCount } }"}`, nil, 200, "errors"},
		{"bad user id", "application/json", `{"query":"{ auditLogs(userIDs: [\"x\"]) { totalCount } }"}`, nil, 200, "invalid user IDs"},
		{"NUL in a search", "application/json", document(`{ users(searchKeyword: "a\u0000b") { totalCount } }`), nil, 200, `"reason":"ValidationFailed"`},
		{"NUL in a login id", "application/json", document(`{ getUserByLoginID(loginIDKey: "username", loginIDValue: "a\u0000b") { id } }`), nil, 200, `"reason":"GetUsersInvalidArgument"`},
		{"NUL in an id", "application/json", document(`{ node(id: "a\u0000b") { id } }`), nil, 200, `{"data":{"node":null}}`},
		{"NUL in an actor", "application/json", document(`{ auditLogs(actorIDs: ["a\u0000b"]) { totalCount } }`), nil, 200, `"field":"actorIDs","reason":"Invalid"`},
		{"NUL in a new user", "application/json", document(`mutation { createUser(input: {definition: {loginID: {key: "username", value: "a\u0000b"}}}) { user { id } } }`), nil, 200, `"reason":"ValidationFailed"`},
		{"forged forwarding", "application/json", query, func(r *http.Request) { r.Header.Set("X-Forwarded-For", "1.2.3.4, not an address") }, 200, "totalCount"},
		{"another host", "application/json", query, func(r *http.Request) { r.Host = "evil.example" }, 200, "totalCount"},
	} {
		a := srv.post(t, "/graphql", token, c.contentType, strings.NewReader(c.body), c.change)
		if a.status != c.status || !strings.Contains(a.body, c.contains) {
			t.Errorf("%s: %d %.300s", c.name, a.status, a.body)
		}
		if strings.Contains(a.body, "goroutine") || strings.Contains(a.body, "sql:") {
			t.Errorf("%s: tells too much: %.300s", c.name, a.body)
		}
	}
	if a := srv.graphql(t, token, `{ users(searchKeyword: "six") { totalCount } }`, nil); !strings.Contains(a.body, `"totalCount":0`) {
		t.Errorf("six mutations in one document left %s", a.body)
	}
	if a := srv.graphql(t, key{"acme", "a\x00b", k.private}.token(t), `{ users { totalCount } }`, nil); a.status != http.StatusForbidden || a.body != "Forbidden\n" {
		t.Errorf("a NUL in the key's id: %d %q", a.status, a.body)
	}
	// A user agent of a megabyte is refused at the door, one of 20 KB is cut; nothing is lost.
	huge := srv.post(t, "/graphql", token, "application/json", strings.NewReader(query), func(r *http.Request) { r.Header.Set("User-Agent", strings.Repeat("a", 1<<20)) })
	if huge.status != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("1 MB user agent: %d", huge.status)
	}
	body, err := json.Marshal(map[string]string{"query": `mutation { createUser(input: {definition: {loginID: {key: "username", value: "kim"}}}) { user { id } } }`})
	if err != nil {
		t.Fatal(err)
	}
	cut := srv.post(t, "/graphql", token, "application/json", strings.NewReader(string(body)), func(r *http.Request) {
		r.Header.Set("User-Agent", strings.Repeat("b", 20<<10)+"\tforged")
		r.Header.Set("X-Forwarded-For", "1.2.3.4, not an address")
	})
	if cut.status != 200 || strings.Contains(cut.body, "errors") {
		t.Fatalf("20 KB user agent: %d %s", cut.status, cut.body)
	}
	var log struct {
		AuditLogs struct {
			Edges []struct {
				Node struct{ UserAgent, IPAddress string }
			}
		}
	}
	srv.graphql(t, token, `{ auditLogs(first: 1, activityTypes: [ADMIN_API_MUTATION_CREATE_USER_EXECUTED]) { edges { node { userAgent ipAddress } } } }`, nil).into(t, &log)
	if n := log.AuditLogs.Edges[0].Node; len(n.UserAgent) > 600 || len(n.UserAgent) < 100 || n.IPAddress != "127.0.0.1" {
		t.Errorf("recorded a user agent of %d bytes from %q", len(n.UserAgent), n.IPAddress)
	}
	// The Portal answers on its own host only.
	if status, body, _ := srv.get(t, "/signin", func(r *http.Request) { r.Host = "evil.example" }); status != http.StatusMisdirectedRequest || !strings.Contains(body, "HostUnknown") {
		t.Errorf("forged host: %d", status)
	}
}

func TestTrustedHops(t *testing.T) {
	t.Parallel()
	_, srv, k := prepared(t, "--trusted-hops", "1")
	body := `{"query":"mutation { createUser(input: {definition: {loginID: {key: \"username\", value: \"kim\"}}}) { user { id } } }"}`
	a := srv.post(t, "/graphql", k.token(t), "application/json", strings.NewReader(body), func(r *http.Request) {
		r.Header.Set("X-Forwarded-For", "6.6.6.6, 203.0.113.9")
	})
	if a.status != 200 {
		t.Fatal(a.body)
	}
	var log struct {
		AuditLogs struct {
			Edges []struct{ Node struct{ IPAddress string } }
		}
	}
	srv.graphql(t, k.token(t), `{ auditLogs(first: 1, activityTypes: [ADMIN_API_MUTATION_CREATE_USER_EXECUTED]) { edges { node { ipAddress } } } }`, nil).into(t, &log)
	if ip := log.AuditLogs.Edges[0].Node.IPAddress; ip != "203.0.113.9" {
		t.Errorf("the client is %q", ip)
	}
}
