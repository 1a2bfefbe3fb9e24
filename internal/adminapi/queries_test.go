package adminapi_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sealog/sealog/internal/adminapi/model"
	"github.com/sealog/sealog/internal/event"
)

type connection struct {
	TotalCount *int
	PageInfo   struct {
		StartCursor, EndCursor       string
		HasNextPage, HasPreviousPage bool
	}
	Edges []struct {
		Cursor string
		Node   struct {
			ID, ActivityType, Type, CreatedAt, ClientID, Outcome, EndUserAccountID string
			User                                                                   *struct{ ID string }
			Data                                                                   json.RawMessage
		}
	}
}

func (c connection) names() []string {
	names := []string{}
	for _, e := range c.Edges {
		names = append(names, e.Node.EndUserAccountID)
	}
	return names
}

func TestMissionQuery(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	kim := w.create("kim@shop.example")
	var data struct{ AuditLogs connection }
	w.get(&data, `query { auditLogs(first:5){ edges{ node{ activityType clientID createdAt data } } } }`, nil)
	if len(data.AuditLogs.Edges) < 2 {
		t.Fatalf("%+v", data)
	}
	n := data.AuditLogs.Edges[0].Node
	if n.ActivityType != "ADMIN_API_MUTATION_CREATE_USER_EXECUTED" || n.ClientID != "portal" {
		t.Errorf("%+v", n)
	}
	at, err := time.Parse(time.RFC3339Nano, n.CreatedAt)
	if err != nil || time.Since(at) > time.Minute || !strings.HasSuffix(n.CreatedAt, "Z") {
		t.Errorf("created at %s", n.CreatedAt)
	}
	var envelope struct {
		ID, Type string
		Payload  struct{ User struct{ ID string } }
		Context  map[string]any
	}
	if err := json.Unmarshal(n.Data, &envelope); err != nil {
		t.Fatal(err)
	}
	_, id, _ := model.ParseGlobalID(kim)
	if envelope.Type != "admin_api.mutation.create_user.executed" || envelope.Payload.User.ID != id.String() ||
		envelope.Context["triggered_by"] != "admin_api" || envelope.Context["app_id"] != "acme" {
		t.Errorf("%s", n.Data)
	}
}

func TestAuditLogs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	kim, lee := w.create("kim@shop.example"), w.create("lee@shop.example")
	w.do(`mutation { deleteUser(input: {userID: "x"}) { deletedUserID } }`, nil)
	w.do(`mutation($id: ID!) { deleteUser(input: {userID: $id}) { deletedUserID } }`, map[string]any{"id": lee})
	w.send("Bearer "+sign(t, "RS256", w.kid, w.key, map[string]any{"aud": "acme"}), "application/json", `{}`)
	list := func(args string) connection {
		t.Helper()
		var data struct{ AuditLogs connection }
		w.get(&data, `{ auditLogs(`+args+`) { totalCount pageInfo { startCursor endCursor hasNextPage hasPreviousPage }
			edges { cursor node { id activityType type createdAt outcome user { id } } } } }`, nil)
		if data.AuditLogs.TotalCount == nil {
			t.Fatalf("%s: no count", args)
		}
		return data.AuditLogs
	}
	all := list(`first: 100`)
	if *all.TotalCount != len(all.Edges) || all.PageInfo.HasNextPage || all.PageInfo.HasPreviousPage {
		t.Errorf("all: %+v", all.PageInfo)
	}
	for _, e := range all.Edges {
		if e.Node.Outcome != "SUCCEEDED" || e.Node.Type == "access.denied" {
			t.Errorf("unasked for: %+v", e.Node)
		}
	}
	// Of a type that the enum has no name for, and of what failed, there is something when asked for.
	denied := list(`outcomes: [FAILED, DENIED], activityTypes: [CUSTOM, ADMIN_API_MUTATION_DELETE_USER_EXECUTED]`)
	if len(denied.Edges) != 2 || denied.Edges[0].Node.ActivityType != "CUSTOM" || denied.Edges[0].Node.Type != "access.denied" ||
		denied.Edges[0].Node.Outcome != "DENIED" || denied.Edges[1].Node.Outcome != "FAILED" {
		t.Errorf("denied: %+v", denied.Edges)
	}
	if got := list(`activityTypes: [USER_CREATED]`); len(got.Edges) != 2 || *got.TotalCount != 2 ||
		got.Edges[0].Node.User != nil || got.Edges[1].Node.User == nil || got.Edges[1].Node.User.ID != kim {
		t.Errorf("created: %+v", got.Edges)
	}
	if got := list(`userIDs: ["` + lee + `"]`); len(got.Edges) != 4 {
		t.Errorf("of a deleted user: %+v", got.Edges)
	}
	if got := list(`actorIDs: ["` + w.kid + `"], sortDirection: ASC`); len(got.Edges) != 6 || got.Edges[0].Node.Type != "user.created" {
		t.Errorf("by the key: %d", len(got.Edges))
	}
	from, to := all.Edges[2].Node.CreatedAt, all.Edges[0].Node.CreatedAt
	if got := list(`rangeFrom: "` + from + `", rangeTo: "` + to + `"`); len(got.Edges) != 2 || got.Edges[0].Node.ID != all.Edges[1].Node.ID {
		t.Errorf("range: %+v", got.Edges)
	}
	if got := list(`first: 0`); len(got.Edges) != 0 || got.PageInfo.StartCursor != "" || !got.PageInfo.HasNextPage || *got.TotalCount != *all.TotalCount {
		t.Errorf("none: %+v", got.PageInfo)
	}
	page := list(`first: 2, after: "` + all.Edges[1].Cursor + `"`)
	if page.Edges[0].Node.ID != all.Edges[2].Node.ID || !page.PageInfo.HasPreviousPage || page.PageInfo.EndCursor != all.Edges[3].Cursor {
		t.Errorf("second page: %+v", page)
	}
	byOffset := list(`first: 2, after: "` + base64.RawURLEncoding.EncodeToString([]byte("offset:1")) + `"`)
	if diff := cmp.Diff(page, byOffset); diff != "" {
		t.Errorf("by offset: %s", diff)
	}
	if got := list(`last: 1`); len(got.Edges) != 1 || got.Edges[0].Cursor != all.Edges[len(all.Edges)-1].Cursor || !got.PageInfo.HasPreviousPage {
		t.Errorf("last: %+v", got)
	}
	for args, want := range map[string]string{
		`first: -1`:                        "BadRequest/InvalidQuery",
		`last: -1`:                         "BadRequest/InvalidQuery",
		`first: 1, last: 1`:                "BadRequest/InvalidQuery",
		`first: 99999999999`:               "BadRequest/InvalidArgument",
		`after: "x"`:                       "Invalid/InvalidCursor",
		`before: "!"`:                      "Invalid/InvalidCursor",
		`userIDs: ["` + kim + `", "x"]`:    "Invalid/Invalid",
		`actorIDs: [""]`:                   "Invalid/Invalid",
		`rangeFrom: "yesterday"`:           "BadRequest/InvalidArgument",
		`rangeFrom: 5`:                     "BadRequest/InvalidArgument",
		`rangeTo: "10000-01-01T00:00:00Z"`: "BadRequest/InvalidArgument",
		`activityTypes: [NOTHING]`:         "BadRequest/GraphQLValidation",
		`first: "1"`:                       "BadRequest/GraphQLValidation",
		`emails: []`:                       "BadRequest/GraphQLValidation",
		`actorIDs: [` + strings.Repeat(`"a" `, 1001) + `]`: "BadRequest/InvalidQuery",
	} {
		r := w.do(`{ auditLogs(`+args+`) { totalCount } }`, nil)
		if len(r.Errors) == 0 {
			t.Errorf("%s: %s", args, r.Data)
			continue
		}
		e := r.Errors[0]
		if got := e.Extensions.ErrorName + "/" + e.Extensions.Reason; got != want {
			t.Errorf("%s: %s %s", args, got, e.Message)
		}
		if name, _, _ := strings.Cut(args, ":"); e.Extensions.Reason == "InvalidArgument" && (e.Extensions.Field != name || !strings.HasPrefix(e.Message, name+": ")) {
			t.Errorf("%s: field %q at %v", args, e.Extensions.Field, e.Path)
		}
	}
	for _, c := range []struct {
		variable string
		value    any
		want     string
	}{
		{"$v: Int", -1, "InvalidQuery"}, {"$v: Int", 1e10, ""}, {"$v: Int", "x", ""}, {"$v: Int", 1.5, ""},
	} {
		r := w.do(`query(`+c.variable+`) { auditLogs(first: $v) { totalCount } }`, map[string]any{"v": c.value})
		if len(r.Errors) != 1 || r.Errors[0].Extensions.ErrorName != "BadRequest" || c.want != "" && r.Errors[0].Extensions.Reason != c.want {
			t.Errorf("%v: %s %+v", c.value, r.Data, r.Errors)
		}
	}
	if logged := w.logged.String(); strings.Contains(logged, "ERROR") {
		t.Errorf("the caller's mistakes are logged as ours: %s", logged)
	}
}

func TestNodes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	kim := w.create("kim@shop.example")
	var logs struct{ AuditLogs connection }
	w.get(&logs, `{ auditLogs(first: 1) { edges { node { id } } } }`, nil)
	log := logs.AuditLogs.Edges[0].Node.ID
	unknown := []string{
		"", "x", kim + "=x", model.GlobalID(model.TypeUser, event.NewID()), model.GlobalID(model.TypeAuditLog, event.NewID()),
		model.GlobalID("Nothing", event.NewID()),
	}
	var data struct {
		Nodes []*struct {
			Typename string `json:"__typename"`
			ID       string
			Type     string
		}
	}
	padded := kim + strings.Repeat("=", (4-len(kim)%4)%4)
	ids := slices.Concat([]string{log, padded}, unknown, []string{log})
	w.get(&data, `query($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on AuditLog { type } } }`, map[string]any{"ids": ids})
	var got []string
	for _, n := range data.Nodes {
		if n == nil {
			got = append(got, "null")
		} else {
			got = append(got, n.Typename+" "+n.ID+n.Type)
		}
	}
	event := "AuditLog " + log + "admin_api.mutation.create_user.executed"
	if diff := cmp.Diff([]string{event, "User " + kim, "null", "null", "null", "null", "null", "null", event}, got); diff != "" {
		t.Error(diff)
	}
	data.Nodes = nil
	w.get(&data, `query($ids: [ID!]!) { nodes(ids: $ids) { id } }`, map[string]any{"ids": slices.Repeat([]string{kim, "x"}, 500)})
	if len(data.Nodes) != 1000 || data.Nodes[998] == nil || data.Nodes[998].ID != kim || data.Nodes[999] != nil {
		t.Errorf("%d nodes", len(data.Nodes))
	}
	var one struct{ A, B *struct{ ID string } }
	w.get(&one, `query($a: ID!) { a: node(id: $a) { id } b: node(id: "x") { id } }`, map[string]any{"a": kim})
	if one.A == nil || one.A.ID != kim || one.B != nil {
		t.Errorf("%+v", one)
	}
	r := w.do(`query($ids: [ID!]!) { nodes(ids: $ids) { id } }`, map[string]any{"ids": slices.Repeat([]string{kim}, 1001)})
	if len(r.Errors) != 1 || r.Errors[0].Extensions.Reason != "InvalidQuery" {
		t.Errorf("%+v", r)
	}
}

func TestUsers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var all []string
	for i := range 5 {
		email := fmt.Sprintf("u%d@shop.example", i)
		w.create(email)
		all = append(all, email)
	}
	list := func(args string) connection {
		t.Helper()
		var data struct{ Users connection }
		w.get(&data, `{ users(`+args+`) { totalCount pageInfo { startCursor endCursor hasNextPage hasPreviousPage }
			edges { cursor node { id endUserAccountID } } } }`, nil)
		return data.Users
	}
	at := model.Offsets.At
	for args, want := range map[string][]string{
		`sortDirection: ASC`: all,
		`sortBy: CREATED_AT, sortDirection: ASC, first: 2`:                    all[:2],
		`sortDirection: ASC, first: 2, after: "` + at(1) + `"`:                all[2:4],
		`sortDirection: ASC, last: 2`:                                         all[3:],
		`sortDirection: ASC, last: 2, before: "` + at(3) + `"`:                all[1:3],
		`sortDirection: ASC, before: "` + at(3) + `"`:                         all[:3],
		`sortDirection: ASC, after: "` + at(0) + `", before: "` + at(4) + `"`: all[1:4],
		`sortDirection: ASC, first: 3, last: 1`:                               all[2:3],
		`sortDirection: ASC, after: "` + at(9) + `"`:                          {},
		`sortDirection: ASC, first: 500`:                                      all,
		`searchKeyword: "U3@"`:                                                all[3:4],
		`searchKeyword: "nobody"`:                                             {},
		`sortBy: LAST_LOGIN_AT, first: 0`:                                     {},
	} {
		got := list(args)
		if diff := cmp.Diff(want, got.names()); diff != "" {
			t.Errorf("%s: %s", args, diff)
		}
		if strings.Contains(args, "ASC") && len(want) > 0 {
			hasNext, hasPrevious := want[len(want)-1] != all[4], want[0] != all[0]
			if got.PageInfo.HasNextPage != hasNext || got.PageInfo.HasPreviousPage != hasPrevious || *got.TotalCount != 5 {
				t.Errorf("%s: %+v of %d", args, got.PageInfo, *got.TotalCount)
			}
		}
	}
	if got := list(`first: 1`); got.names()[0] != all[4] {
		t.Errorf("newest first: %v", got.names())
	}
	var found struct {
		A, B  *struct{ EndUserAccountID string }
		C, D  []struct{ EndUserAccountID string }
		Users struct{ TotalCount int }
	}
	w.get(&found, `{ a: getUserByLoginID(loginIDKey: "email", loginIDValue: "U1@SHOP.example") { endUserAccountID }
		b: getUserByLoginID(loginIDKey: "email", loginIDValue: "nobody@shop.example") { endUserAccountID }
		c: getUsersByStandardAttribute(attributeName: "email", attributeValue: "u2@shop.example") { endUserAccountID }
		d: getUsersByStandardAttribute(attributeName: "email", attributeValue: "nobody@shop.example") { endUserAccountID }
		users { totalCount } }`, nil)
	if found.A == nil || found.A.EndUserAccountID != all[1] || found.B != nil || len(found.C) != 1 || found.D == nil || len(found.D) != 0 || found.Users.TotalCount != 5 {
		t.Errorf("%+v", found)
	}
	for document, want := range map[string]string{
		`{ users(first: -1) { totalCount } }`:                                                "BadRequest/InvalidQuery",
		`{ users(after: "x") { totalCount } }`:                                               "Invalid/InvalidCursor",
		`{ users(searchKeyword: "` + strings.Repeat("x", 501) + `") { totalCount } }`:        "Invalid/ValidationFailed",
		`{ getUsersByStandardAttribute(attributeName: "name", attributeValue: "x") { id } }`: "Invalid/GetUsersInvalidArgument",
		`{ getUserByLoginID(loginIDKey: "fax", loginIDValue: "1") { id } }`:                  "Invalid/GetUsersInvalidArgument",
		`{ getUserByOAuth(oauthProviderAlias: "none", oauthProviderUserID: "1") { id } }`:    "Invalid/GetUsersInvalidArgument",
		`{ users { edges { node { identities(first: -1) { totalCount } } } } }`:              "BadRequest/InvalidQuery",
		`{ users { edges { node { authenticators(after: "x") { totalCount } } } } }`:         "Invalid/InvalidCursor",
	} {
		r := w.do(document, nil)
		if len(r.Errors) == 0 {
			t.Errorf("%s: %s", document, r.Data)
			continue
		}
		if got := r.Errors[0].Extensions.ErrorName + "/" + r.Errors[0].Extensions.Reason; got != want {
			t.Errorf("%s: %s", document, got)
		}
	}
	var inner struct {
		Users struct {
			Edges []struct {
				Node struct {
					Identities connection
					None       connection
					Some       struct {
						Edges []struct {
							Node struct{ Claims map[string]string }
						}
					}
				}
			}
		}
	}
	w.get(&inner, `{ users(first: 1) { edges { node { identities(first: 1) { totalCount pageInfo { startCursor } edges { cursor } }
		none: identities(identityType: OAUTH) { totalCount }
		some: identities { edges { node { claims(names: ["email", "nothing"]) } } } } } } }`, nil)
	n := inner.Users.Edges[0].Node
	if *n.Identities.TotalCount != 1 || n.Identities.PageInfo.StartCursor != "YXJyYXljb25uZWN0aW9uOjA=" || *n.None.TotalCount != 0 {
		t.Errorf("%+v", n)
	}
	if diff := cmp.Diff(map[string]string{"email": all[4]}, n.Some.Edges[0].Node.Claims); diff != "" {
		t.Error(diff)
	}
}

// BenchmarkAuditLogsPage reads the newest 100 events through the handler.
func BenchmarkAuditLogsPage(b *testing.B) {
	w := newWorld(b)
	for i := range 60 {
		w.create(fmt.Sprintf("u%d@shop.example", i))
	}
	w.exec(`UPDATE projects SET config = $2 WHERE project_id = $1`, "acme", "id: acme\nadmin_api: {requests_per_second: 1e9, burst: 1000000000}\n")
	authorization := "Bearer " + w.token()
	for _, c := range []struct{ name, query string }{
		{"data", `query { auditLogs(first:100){ edges{ node{ activityType clientID createdAt data } } } }`},
		{"full", `query { auditLogs(first:100){ totalCount edges{ cursor node{ id activityType type clientID ipAddress createdAt outcome data user { id formattedName } actor { id name } } } } }`},
	} {
		body := `{"query":` + quote(c.query) + `}`
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if answer := w.send(authorization, "application/json", body); answer.Code != 200 || answer.Body.Len() < 50_000 {
					b.Fatal(answer.Code, answer.Body)
				}
			}
		})
	}
}

func TestNodesOfIdentitiesAndAuthenticators(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var created struct {
		CreateUser struct {
			User struct {
				Identities struct {
					Edges []struct{ Node struct{ ID string } }
				}
				PrimaryPassword struct{ ID string }
			}
		}
	}
	w.get(&created, `mutation { createUser(input: {definition: {loginID: {key: "username", value: "kim"}}, password: "a long enough one"}) {
		user { identities { edges { node { id } } } primaryPassword { id } } } }`, nil)
	identity, authenticator := created.CreateUser.User.Identities.Edges[0].Node.ID, created.CreateUser.User.PrimaryPassword.ID
	var data struct {
		Nodes []*struct {
			Typename string `json:"__typename"`
			ID       string
			Claims   map[string]string
			Kind     string
		}
		Node *struct{ ID string }
	}
	w.get(&data, `query($ids: [ID!]!, $other: ID!) {
		nodes(ids: $ids) { __typename id ... on Identity { claims(names: ["preferred_username"]) } ... on Authenticator { kind } }
		node(id: $other) { id } }`,
		map[string]any{"ids": []string{authenticator, identity}, "other": model.GlobalID(model.TypeIdentity, event.NewID())})
	if len(data.Nodes) != 2 || data.Nodes[0] == nil || data.Nodes[1] == nil || data.Node != nil {
		t.Fatalf("%+v", data)
	}
	if n := data.Nodes[0]; n.Typename != "Authenticator" || n.ID != authenticator || n.Kind != "PRIMARY" {
		t.Errorf("authenticator %+v", n)
	}
	if n := data.Nodes[1]; n.Typename != "Identity" || n.ID != identity || n.Claims["preferred_username"] != "kim" {
		t.Errorf("identity %+v", n)
	}
}
