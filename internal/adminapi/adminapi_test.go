package adminapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sealog/sealog/internal/adminapi/model"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
)

func TestOnlyPost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	answer := httptest.NewRecorder()
	w.handler.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/graphql?query={__typename}", nil))
	if answer.Code != http.StatusMethodNotAllowed || answer.Header().Get("Allow") != "POST" || !strings.Contains(answer.Body.String(), "POST") {
		t.Errorf("%d %v %s", answer.Code, answer.Header(), answer.Body)
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	otherKid, otherKey := w.project("other")
	soon := time.Now().Add(5 * time.Minute).Unix()
	good := map[string]any{"aud": "acme", "exp": soon}
	with := func(changes map[string]any) string {
		claims := map[string]any{"aud": "acme", "exp": soon}
		for k, v := range changes {
			claims[k] = v
			if v == nil {
				delete(claims, k)
			}
		}
		return "Bearer " + sign(t, "RS256", w.kid, w.key, claims)
	}
	for _, c := range []struct {
		name, authorization string
		denied              string // code of the event; "" when only counted
	}{
		{"missing", "", ""},
		{"not bearer", "Basic YTpi", ""},
		{"lower-case bearer", "bearer " + w.token(), ""},
		{"empty", "Bearer ", ""},
		{"not a token", "Bearer abc", ""},
		{"HS256 with the public key", "Bearer " + sign(t, "HS256", w.kid, w.key, good), ""},
		{"none", "Bearer " + sign(t, "none", w.kid, w.key, good), ""},
		{"RS512", "Bearer " + sign(t, "RS512", w.kid, w.key, good), ""},
		{"no kid", "Bearer " + sign(t, "RS256", "", w.key, good), ""},
		{"unknown kid", "Bearer " + sign(t, "RS256", "0e0c0a08-0000-4000-8000-000000000000", w.key, good), ""},
		{"signed by another project's key", "Bearer " + sign(t, "RS256", w.kid, otherKey, good), ""},
		{"another audience", with(map[string]any{"aud": "other"}), "TokenAudience"},
		{"no audience", with(map[string]any{"aud": nil}), "TokenAudience"},
		{"expired", with(map[string]any{"exp": time.Now().Add(-6 * time.Minute).Unix()}), "TokenExpired"},
		{"no exp", with(map[string]any{"exp": nil}), "TokenWithoutExpiry"},
		{"exp two hours ahead", with(map[string]any{"exp": time.Now().Add(2 * time.Hour).Unix()}), "TokenLifetime"},
		{"array of other audiences", with(map[string]any{"aud": []string{"other", "acme2"}}), "TokenAudience"},
		{"nbf in the future", with(map[string]any{"nbf": time.Now().Add(6 * time.Minute).Unix()}), "TokenNotYetValid"},
	} {
		before := len(w.attempts())
		answer := w.send(c.authorization, "application/json", `{"query":"{__typename}"}`)
		if answer.Code != http.StatusForbidden || answer.Body.String() != "Forbidden\n" ||
			!strings.HasPrefix(answer.Header().Get("Content-Type"), "text/plain") || answer.Header().Get("WWW-Authenticate") != "" {
			t.Errorf("%s: %d %v %q", c.name, answer.Code, answer.Header(), answer.Body)
		}
		attempts := w.attempts()
		switch {
		case c.denied == "" && len(attempts) != before:
			t.Errorf("%s: left %v", c.name, attempts[0])
		case c.denied != "" && (len(attempts) != before+1 || attempts[0] != "access.denied denied "+c.denied+" key"):
			t.Errorf("%s: left %v", c.name, attempts)
		}
	}
	// What Authgear has as REST is refused in JSON, and without a token as everything else.
	for _, path := range []string{"/_api/admin/users/import", "/_api/admin/users/export/task_1", "/_api/admin/images/upload"} {
		for token, want := range map[string]string{"": "403 text/plain; charset=utf-8", with(nil): "404 application/json; charset=utf-8"} {
			r := httptest.NewRequest(http.MethodPost, path, strings.NewReader("{}"))
			r.Header.Set("Authorization", token)
			answer := httptest.NewRecorder()
			w.handler.ServeHTTP(answer, r)
			if got := fmt.Sprint(answer.Code, " ", answer.Header().Get("Content-Type")); got != want {
				t.Errorf("%s: %s, want %s", path, got, want)
			}
			if token != "" && !strings.Contains(answer.Body.String(), `"reason":"NotSupported"`) {
				t.Errorf("%s: %s", path, answer.Body)
			}
		}
	}
	// A token of the other project is good there, and says nothing of acme.
	answer := w.send("Bearer "+sign(t, "RS256", otherKid, otherKey, good), "application/json", `{"query":"{__typename}"}`)
	if answer.Code != http.StatusForbidden {
		t.Errorf("another project's key with our audience: %d", answer.Code)
	}
	for _, audience := range []any{"acme", []string{"other", "acme"}} {
		answer := w.send(with(map[string]any{"aud": audience, "nbf": time.Now().Unix()}), "application/json", `{"query":"{__typename}"}`)
		if answer.Code != http.StatusOK || answer.Body.String() != `{"data":{"__typename":"Query"}}` {
			t.Errorf("audience %v: %d %s", audience, answer.Code, answer.Body)
		}
	}
	if err := w.refusals.Record(t.Context(), w.db, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if rows := w.events(event.Succeeded); rows[0].Type != "access.refused" {
		t.Errorf("strangers are not counted: %v", rows[0].Type)
	}
}

func TestEnvelope(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const document = `{"query":"{__typename}"}`
	many := ""
	for i := range 6 {
		many += fmt.Sprintf(` m%d: deleteUser(input: {userID: "x"}) { deletedUserID }`, i)
	}
	for _, c := range []struct {
		name, contentType, body string
		status                  int
		want                    string
	}{
		{"no type", "", document, 415, "application/json"},
		{"form", "application/x-www-form-urlencoded", "query={__typename}", 415, "application/json"},
		{"charset", "application/json; charset=latin1", document, 415, "UTF-8"},
		{"upper-case charset", "application/json; charset=UTF-8", document, 200, `"__typename":"Query"`},
		{"application/graphql", "application/graphql", "{__typename}", 200, `"__typename":"Query"`},
		{"too large", "application/json", `{"query":"` + strings.Repeat(" ", 1<<20) + `"}`, 413, `"name":"RequestEntityTooLarge"`},
		{"malformed", "application/json", `{"query": }`, 400, `"reason":"InvalidJSON","message":"The body is not JSON, at byte 11.","code":400,"info":{"byte_offset":11}`},
		{"cut off", "application/json", `{"query"`, 400, `"info":{"byte_offset":8}`},
		{"empty", "application/json", ``, 400, `"byte_offset":0`},
		{"two values", "application/json", document + document, 400, `"reason":"InvalidJSON"`},
		{"batch", "application/json", `[` + document + `]`, 400, `"reason":"BatchUnsupported"`},
		{"null", "application/json", `null`, 200, "Must provide an operation."},
		{"a number", "application/json", `1`, 400, `"reason":"InvalidRequest"`},
		{"query no string", "application/json", `{"query":1}`, 400, `"reason":"InvalidRequest"`},
		{"variables as array", "application/json", `{"query":"{__typename}","variables":[]}`, 400, `"reason":"InvalidRequest"`},
		{"variables as bad string", "application/json", `{"query":"{__typename}","variables":"{"}`, 400, `"reason":"InvalidRequest"`},
		{"variables as string", "application/json", `{"query":"query($i: [ID!]!) {nodes(ids: $i) {id}}","variables":"{\"i\":[\"x\"]}"}`, 200, `{"data":{"nodes":[null]}}`},
		{"variables null", "application/json", `{"query":"{__typename}","variables":null}`, 200, `"data":{`},
		{"not UTF-8", "application/json", "{\"query\":\"{__typename} # \xff\"}", 400, `"reason":"InvalidUTF8"`},
		{"syntax", "application/json", `{"query":"{ users( }"}`, 400, `"name":"BadRequest","reason":"GraphQLSyntax"`},
		{"empty document", "application/json", `{"query":" "}`, 200, "Must provide an operation."},
		{"unknown field", "application/json", `{"query":"{nothing}"}`, 200, `Cannot query field \"nothing\"`},
		{"missing variable", "application/json", `{"query":"query($id: ID!) {node(id: $id) {id}}"}`, 200, `"message":"$id: must be defined"`},
		{"missing in a variable", "application/json", `{"query":"mutation($in: DeleteUserInput!) {deleteUser(input: $in) {deletedUserID}}","variables":{"in":{}}}`, 200, `"message":"$in.userID: must be defined"`},
		{"many errors", "application/json", `{"query":"{` + strings.Repeat("nothing ", 100) + `}"}`, 200, "nothing"},
		{"which operation", "application/json", `{"query":"query a {__typename} query b {__typename}"}`, 200, "operationName must name"},
		{"this operation", "application/json", `{"query":"query a {__typename} query b {b: __typename}","operationName":"b"}`, 200, `{"data":{"b":"Query"}}`},
		{"subscription", "application/json", `{"query":"subscription { users { totalCount } }"}`, 200, `"reason":"GraphQLValidation"`},
		{"six mutations", "application/json", `{"query":` + quote("mutation {"+many+"}") + `}`, 400, `"name":"BadRequest","reason":"BadRequest"`},
		{"six mutations in fragments", "application/json", `{"query":` + quote("mutation { ...a } fragment a on Mutation {"+many+"}") + `}`, 400, `"reason":"BadRequest"`},
	} {
		before := len(w.attempts())
		answer := w.send("Bearer "+w.token(), c.contentType, c.body)
		if answer.Code != c.status || !strings.Contains(answer.Body.String(), c.want) {
			t.Errorf("%s: %d %s", c.name, answer.Code, answer.Body)
		}
		h := answer.Header()
		if h.Get("Cache-Control") != "no-store" || h.Get("Pragma") != "no-cache" || h.Get("X-Content-Type-Options") != "nosniff" ||
			h.Get("X-Frame-Options") != "DENY" || h.Get("Content-Security-Policy") == "" {
			t.Errorf("%s: headers %v", c.name, h)
		}
		refused := c.status != 200 || strings.Contains(answer.Body.String(), `"errors"`)
		if left := len(w.attempts()) - before; refused && left != 1 || !refused && left != 0 {
			t.Errorf("%s: left %d events", c.name, left)
		}
	}
	for _, attempt := range w.attempts() {
		if !strings.HasPrefix(attempt, "access.denied failed ") || !strings.HasSuffix(attempt, " key") {
			t.Errorf("left %q", attempt)
		}
	}
}

func quote(text string) string {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string
	}
	return string(quoted)
}

func TestLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bomb := "query { ...f0 } "
	for i := range 40 {
		bomb += fmt.Sprintf("fragment f%d on Query { ...f%d ...f%d } ", i, i+1, i+1)
	}
	bomb += "fragment f40 on Query { __typename }"
	dear := ""
	for i := range 5 {
		dear += fmt.Sprintf("u%d: users(first: 100) { edges { node { ...u } } } ", i)
	}
	counts, lists, searches := "", "", ""
	for i := range 500 {
		if i <= 20 {
			counts += fmt.Sprintf("c%d: auditLogs(first: 0) { totalCount } ", i)
		}
		if i <= 40 {
			searches += fmt.Sprintf("s%d: users(first: 0, searchKeyword: \"zz\") { edges { cursor } } ", i)
		}
		lists += fmt.Sprintf("l%d: users(first: 0) { edges { cursor } } ", i)
	}
	deep := "{ __type(name: \"User\") { " + strings.Repeat("ofType { ", 20) + "name" + strings.Repeat(" }", 20) + " } }"
	for _, c := range []struct{ name, query, reason string }{
		{"deep", deep, "DepthLimitExceeded"},
		{"bomb", bomb, "ComplexityLimitExceeded"},
		{"deferred", `{ ...f @defer } fragment f on Query { __typename }`, "DeferUnsupported"},
		{"deferred inside", `{ users { ... @defer { totalCount } } }`, "DeferUnsupported"},
		{"many counts", "{ " + counts + " }", "ComplexityLimitExceeded"},
		{"many lists", "{ " + lists + " }", "ComplexityLimitExceeded"},
		{"many searches", "{ " + searches + " }", "ComplexityLimitExceeded"},
		{"dear", "{ " + dear + " }" + userFragment, "ComplexityLimitExceeded"},
	} {
		begun := time.Now()
		r := w.do(c.query, nil)
		if len(r.Errors) != 1 || r.Errors[0].Extensions.Reason != c.reason || r.Errors[0].Extensions.ErrorName != "BadRequest" || string(r.Data) != "null" {
			t.Errorf("%s: %+v", c.name, r)
		}
		if took := time.Since(begun); took > 5*time.Second {
			t.Errorf("%s took %v", c.name, took)
		}
		if got := w.attempts()[0]; got != "access.denied failed "+c.reason+" key" {
			t.Errorf("%s: left %q", c.name, got)
		}
	}
	tokens := w.post(`{"query":` + quote("{ "+strings.Repeat("__typename ", 20_000)+"}") + `}`)
	if tokens.Code != 400 || !strings.Contains(tokens.Body.String(), "10000 tokens") {
		t.Errorf("too many tokens: %d %s", tokens.Code, tokens.Body)
	}
	var all json.RawMessage
	w.get(&all, introspection, nil)
	if !strings.Contains(string(all), "PROJECT_DOMAIN_VERIFIED") {
		t.Error("the schema does not show itself")
	}
	w.get(&all, `query { users(first: 100) { totalCount pageInfo { hasNextPage endCursor } edges { cursor node { ...u } } } }`+userFragment, nil)
	w.get(&all, `query { auditLogs(first: 100) { totalCount edges { cursor node { id createdAt activityType type ipAddress userAgent
		clientID data outcome requestID actor { type id name } user { ...u } } } } }`+userFragment, nil)
}

// TestTheOperatorsCeiling is above what a project sets for each of its keys.
func TestTheOperatorsCeiling(t *testing.T) {
	t.Parallel()
	now := time.Now()
	db, _ := storetest.OpenWith(t, store.Config{Now: func() time.Time { return now }})
	w := newWorldOn(t, db, nil)
	w.projects.Ceilings = project.Ceilings{CallsPerSecond: 1}
	authorization := "Bearer " + w.token()
	for i := range 5 {
		answer := w.send(authorization, "application/json", `{"query":"{__typename}"}`)
		if i < 2 && answer.Code != http.StatusOK || i >= 2 && (answer.Code != http.StatusTooManyRequests || !strings.Contains(answer.Body.String(), "QuotaExceeded")) {
			t.Errorf("call %d: %d %s", i, answer.Code, answer.Body)
		}
	}
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	now := time.Now() // and it stays so, however slow this machine is
	db, _ := storetest.OpenWith(t, store.Config{Now: func() time.Time { return now }})
	w := newWorldOn(t, db, nil)
	authorization := "Bearer " + w.token()
	for range 500 {
		answer := w.send(authorization, "application/json", `{"query":"{__typename}"}`)
		if answer.Code == http.StatusOK {
			continue
		}
		if answer.Code != http.StatusTooManyRequests || answer.Header().Get("Retry-After") == "" ||
			!strings.HasPrefix(answer.Body.String(), `{"error":{"name":"TooManyRequest","reason":"RateLimited",`) ||
			!strings.Contains(answer.Body.String(), `"code":429`) {
			t.Errorf("%d %v %s", answer.Code, answer.Header(), answer.Body)
		}
		if got := w.attempts(); len(got) != 1 || got[0] != "access.denied failed RateLimited key" {
			t.Errorf("left %v", got)
		}
		return
	}
	t.Error("500 calls in a row are all answered")
}

func TestUnavailable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	authorization := "Bearer " + w.token()
	if answer := w.send(authorization, "application/json", `{"query":"{__typename}"}`); answer.Code != 200 {
		t.Fatal(answer.Body)
	}
	r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(`{"query":"{__typename}"}`))
	r.Header.Set("Authorization", authorization)
	r.Header.Set("Content-Type", "application/json")
	ctx, cancel := contextExpired(t)
	defer cancel()
	answer := httptest.NewRecorder()
	w.handler.ServeHTTP(answer, r.WithContext(ctx))
	if answer.Code != http.StatusServiceUnavailable || !strings.HasPrefix(answer.Body.String(), `{"error":{"name":"ServiceUnavailable",`) {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
}

// A document that was parsed for one call serves others at the same time.
func TestCallsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create("kim@shop.example")
	authorization := "Bearer " + w.token()
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 5 {
				answer := w.send(authorization, "application/json", `{"query":`+quote(`query($n: Int) { users(first: $n) { edges { node { ...u } } }
					auditLogs(first: $n) { totalCount edges { node { data user { id } } } } }`+userFragment)+`,"variables":{"n":10}}`)
				if answer.Code != 200 || strings.Contains(answer.Body.String(), `"errors"`) || !strings.Contains(answer.Body.String(), "kim@shop.example") {
					t.Errorf("%d %s", answer.Code, answer.Body)
				}
			}
		})
	}
	group.Wait()
}

func TestRequestContext(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := httptest.NewRequest(http.MethodPost, "/graphql?client_id=c1&state=s&x_state=x&ui_locales=de-AT%20fr", strings.NewReader(
		`{"query":"mutation { createUser(input: {definition: {loginID: {key: \"username\", value: \"kim\"}}}) { user { id } } }"}`))
	r.Header.Set("Authorization", "Bearer "+w.token())
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "test/1")
	answer := httptest.NewRecorder()
	w.handler.ServeHTTP(answer, r)
	var data struct {
		AuditLogs struct {
			Edges []struct {
				Node struct {
					ClientID, UserAgent, IPAddress, RequestID string
					Actor                                     map[string]string
					Data                                      struct{ Context map[string]any }
				}
			}
		}
	}
	w.get(&data, `{ auditLogs(first: 1) { edges { node { clientID userAgent ipAddress requestID actor { type id } data } } } }`, nil)
	n := data.AuditLogs.Edges[0].Node
	c := n.Data.Context
	if n.ClientID != "c1" || n.UserAgent != "test/1" || n.IPAddress != "192.0.2.1" || n.RequestID != answer.Header().Get("X-Request-ID") {
		t.Errorf("%+v", n)
	}
	if diff := cmp.Diff(map[string]string{"type": "ADMIN_API_KEY", "id": w.kid}, n.Actor); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]any{"state": "s", "x_state": "x"}, c["oauth"]); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]any{"de-AT", "fr"}, c["preferred_languages"]); diff != "" || c["language"] != "de-AT" {
		t.Error(diff, c["language"])
	}
}

func TestReadingIsNoted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do(`{ auditLogs { edges { cursor } } }`, nil)
	if err := w.reads.Record(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(typesOf(w), func(line string) bool { return line == "audit_log.read "+w.kid }) {
		t.Errorf("reading the log left no event: %v", typesOf(w))
	}
}

// TestReadingUsersIsNoted asks for users, and for what belongs to them, in every way there is.
func TestReadingUsersIsNoted(t *testing.T) {
	t.Parallel()
	for _, query := range []string{
		`{ users { edges { cursor } } }`,
		`{ getUserByLoginID(loginIDKey: "email", loginIDValue: "kim@shop.example") { id } }`,
		`{ getUserByLoginID(loginIDKey: "email", loginIDValue: "nobody@shop.example") { id } }`,
		`{ getUserByOAuth(oauthProviderAlias: "x", oauthProviderUserID: "y") { id } }`,
		`{ getUsersByStandardAttribute(attributeName: "email", attributeValue: "kim@shop.example") { id } }`,
		`query($id: ID!) { node(id: $id) { id } }`,
		`query($id: ID!) { nodes(ids: [$id]) { id } }`,
		`query($identity: ID!) { node(id: $identity) { id } }`,
	} {
		w := newWorld(t)
		user := w.create("kim@shop.example")
		identities, err := store.Column[event.ID](t.Context(), w.db, `SELECT id FROM identities WHERE project_id = 'acme'`)
		if err != nil || len(identities) != 1 {
			t.Fatalf("identities %v, %v", identities, err)
		}
		w.do(query, map[string]any{"id": user, "identity": model.GlobalID(model.TypeIdentity, identities[0])})
		if err := w.reads.Record(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := len(slices.DeleteFunc(typesOf(w), func(line string) bool { return line != "project.users.read "+w.kid })); n != 1 {
			t.Errorf("%s leaves %d events", query, n)
		}
	}
}

func typesOf(w *world) []string {
	var lines []string
	for _, row := range w.events() {
		lines = append(lines, string(row.Type)+" "+row.ActorID)
	}
	return lines
}
