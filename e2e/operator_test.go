package e2e

import (
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
	"github.com/sealog/sealog/internal/vault"
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
	if !strings.HasPrefix(srv.setup(), srv.url+"/setup?token=") {
		t.Fatalf("set-up link %q", srv.setup())
	}
	another := strings.TrimSpace(strings.TrimPrefix(s.must(t, "", "setup-link"), "First account: "))
	for _, link := range []string{srv.setup(), another} {
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
	if again := s.start(t); again.setup() != "" {
		t.Errorf("a set-up link %q though there is an account", again.setup())
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
		{[]string{"account", "remove-second-factor", "nobody@acme.example"}, "", 1, "AccountNotFound"},
		{[]string{"account", "remove-second-factor", email}, "", 1, "SecondFactorMissing"},
		{[]string{"serve", "--plans", taken}, "", 1, "PlansInvalid"},
		{[]string{"serve", "--plans", filepath.Join(s.dir, "none")}, "", 1, "--plans"},
		{[]string{"serve", "--stripe-secret-key", "sk_test_1"}, "", 2, "--stripe-webhook-secret-file"},
		{[]string{"serve", "--dns-server", "nonsense"}, "", 2, "--dns-server"},
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
	// Each refusal of an action is on the record, in the project's log or the Portal's.
	attempts := s.attempts(t, event.PortalProject, "acme")
	for _, code := range []string{"AccountExists", "EmailInvalid", "PasswordUnfit", "ProjectExists", "ProjectIDInvalid", "AccountNotFound", "ProjectNotFound", "KeyNotFound"} {
		if attempts[code] == 0 {
			t.Errorf("no attempt that ended with %s is on the record: %v", code, attempts)
		}
	}
	if out := s.must(t, "", "version"); !strings.HasPrefix(out, "sealog ") {
		t.Errorf("version printed %q", out)
	}
}

// attempts reads the operator's failed attempts from logs and counts them by code.
func (s *site) attempts(t testing.TB, projects ...string) map[string]int {
	t.Helper()
	file := s.flag("--master-secret-file")
	if file == "" {
		file = filepath.Join(s.dir, "data", "master-secret")
	}
	secret, err := vault.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), store.Config{Dir: filepath.Join(s.dir, "data"), URL: s.databaseURL()}, secret)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	counts := map[string]int{}
	for _, project := range projects {
		page, err := auditlog.New(db).List(t.Context(), auditlog.Filter{
			Project: project, Actors: []string{"operator"}, Outcomes: []event.Outcome{event.Failed, event.Denied},
		}, auditlog.Paging{})
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range page.Rows {
			c, err := row.Context()
			if err != nil || c.Error == nil || c.Actor.Type != event.Operator {
				t.Fatalf("%s: context %+v, %v", row.Type, c, err)
			}
			counts[c.Error.Code]++
		}
	}
	return counts
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

const createNamed = `mutation($v: String!) { createUser(input: {definition: {loginID: {key: "username", value: $v}}}) { user { id } } }`

type createdUser struct {
	CreateUser struct{ User struct{ ID string } }
}

// everyone returns the ids of all users and of the users of all user.created events.
func everyone(t testing.TB, srv *server, token string) (users, events []string) {
	t.Helper()
	type connection struct {
		PageInfo struct {
			HasNextPage bool
			EndCursor   string
		}
		Edges []struct {
			Node struct {
				ID   string
				Data struct {
					Payload struct{ User struct{ ID string } }
				}
			}
		}
	}
	collect := func(field, query string) (ids []string) {
		t.Helper()
		after := ""
		for range 1000 {
			var page map[string]connection
			srv.graphql(t, token, query, map[string]any{"after": after}).into(t, &page)
			for _, e := range page[field].Edges {
				id := e.Node.ID
				if field == "auditLogs" {
					id = base64.RawURLEncoding.EncodeToString([]byte("User:" + e.Node.Data.Payload.User.ID))
				}
				ids = append(ids, id)
			}
			if !page[field].PageInfo.HasNextPage {
				slices.Sort(ids)
				return ids
			}
			after = page[field].PageInfo.EndCursor
		}
		t.Fatal("the pages do not end")
		return nil
	}
	users = collect("users", `query($after: String) { users(first: 100, after: $after, sortDirection: ASC) { pageInfo { hasNextPage endCursor } edges { node { id } } } }`)
	events = collect("auditLogs", `query($after: String) { auditLogs(first: 100, after: $after, sortDirection: ASC, activityTypes: [USER_CREATED]) {
		pageInfo { hasNextPage endCursor } edges { node { data } } } }`)
	return users, events
}

// TestKilled ends the server the hard way while many changes are under way, and looks
// whether what was acknowledged is there, and nothing by half.
func TestKilled(t *testing.T) {
	t.Parallel()
	s, srv, k := prepared(t)
	token := k.token(t)
	var mu sync.Mutex
	var acknowledged []string
	var clients sync.WaitGroup
	for g := range 8 {
		clients.Go(func() {
			for i := range 5000 {
				a, err := srv.try(t.Context(), token, createNamed, map[string]any{"v": fmt.Sprintf("user-%d-%d", g, i)})
				if err != nil {
					return // the server is gone
				}
				if a.status == http.StatusTooManyRequests {
					time.Sleep(10 * time.Millisecond)
					continue
				}
				var made createdUser
				if err := json.Unmarshal(a.Data, &made); err != nil || len(a.Errors) > 0 || made.CreateUser.User.ID == "" {
					t.Errorf("status %d: %s", a.status, a.body)
					return
				}
				mu.Lock()
				acknowledged = append(acknowledged, made.CreateUser.User.ID)
				mu.Unlock()
			}
			t.Error("the server was never killed")
		})
	}
	eventually(t, "no work", func() error {
		mu.Lock()
		defer mu.Unlock()
		if len(acknowledged) < 100 {
			return fmt.Errorf("only %d users were made", len(acknowledged))
		}
		return nil
	})
	if err := srv.cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = srv.cmd.Wait()
	clients.Wait()
	again := s.start(t)
	users, events := everyone(t, again, k.token(t))
	if !slices.Equal(users, events) {
		t.Errorf("%d users and %d events of a creation, which are not about the same", len(users), len(events))
	}
	if len(users) != len(slices.Compact(slices.Clone(users))) {
		t.Error("a user is there twice")
	}
	for _, id := range acknowledged {
		if _, ok := slices.BinarySearch(users, id); !ok {
			t.Errorf("the user %s was acknowledged and is lost", id)
		}
	}
	t.Logf("%d acknowledged, %d kept", len(acknowledged), len(users))
	fiveMutations(t, again, k.token(t))
}

// databaseCodes are what a caller may learn of a database that does not work.
var databaseCodes = []string{"DatabaseReadOnly", "DatabaseUnavailable", "DatabaseBusy", "DatabaseTimeout"}

// refusedWell checks the answer to a mutation that the database did not take.
func refusedWell(t testing.TB, name string, a answer) (code string) {
	t.Helper()
	code = a.reason(t)
	if !slices.Contains(databaseCodes, code) {
		t.Errorf("%s: a mutation is answered with the code %q: %d %s", name, code, a.status, a.body)
	}
	for _, word := range []string{"SQLSTATE", "sqlite", "pgx", "sql:", "127.0.0.1", "transaction", "goroutine"} {
		if strings.Contains(a.body, word) {
			t.Errorf("%s: the answer tells of %q: %s", name, word, a.body)
		}
	}
	if a.status != http.StatusOK && a.status != http.StatusServiceUnavailable {
		t.Errorf("%s: status %d: %s", name, a.status, a.body)
	}
	return code
}

func notReady(t testing.TB, srv *server, name string) {
	t.Helper()
	if status, body, _ := srv.get(t, "/readyz", nil); status != http.StatusServiceUnavailable || !slices.Contains(databaseCodes, strings.TrimSpace(body)) {
		t.Errorf("%s: /readyz says %d %q", name, status, body)
	}
	if status, body, _ := srv.get(t, "/healthz", nil); status != http.StatusOK {
		t.Errorf("%s: /healthz says %d %q", name, status, body)
	}
}

// brokenDatabase checks what a running server answers while its database takes no writes:
// first whatever comes while it finds out, until there is the code asked for, then a few
// times more.
func brokenDatabase(t testing.TB, srv *server, token, name, want string) {
	t.Helper()
	mutate := func() string {
		t.Helper()
		a, err := srv.try(t.Context(), token, createNamed, map[string]any{"v": "half"})
		if err != nil {
			t.Fatal(err)
		}
		return refusedWell(t, name, a)
	}
	eventually(t, name, func() error {
		if code := mutate(); code != want {
			return fmt.Errorf("the code is %q, not %q", code, want)
		}
		return nil
	})
	for range 5 {
		mutate()
		notReady(t, srv, name)
		if t.Failed() {
			return
		}
	}
}

func readingWorks(t testing.TB, srv *server, token, name string) {
	t.Helper()
	eventually(t, name+": reading", func() error {
		a, err := srv.try(t.Context(), token, `{ users { totalCount } auditLogs { totalCount } }`, nil)
		if err == nil && (a.status != http.StatusOK || len(a.Errors) > 0) {
			err = fmt.Errorf("status %d: %s", a.status, a.body)
		}
		return err
	})
}

func worksAgain(t testing.TB, srv *server, token, name string) {
	t.Helper()
	eventually(t, name+": writing again", func() error {
		a, err := srv.try(t.Context(), token, createNamed, map[string]any{"v": name})
		if err == nil && a.reason(t) != "" {
			err = fmt.Errorf("status %d: %s", a.status, a.body)
		}
		return err
	})
	eventually(t, name+": ready again", func() error {
		if status, body, _ := srv.get(t, "/readyz", nil); status != http.StatusOK {
			return fmt.Errorf("%d %q", status, body)
		}
		return nil
	})
	users, events := everyone(t, srv, token)
	if !slices.Equal(users, events) {
		t.Errorf("%s: %d users and %d events of a creation", name, len(users), len(events))
	}
	var half struct{ Users struct{ TotalCount int } }
	srv.graphql(t, token, `{ users(searchKeyword: "half") { totalCount } }`, nil).into(t, &half)
	if half.Users.TotalCount != 0 {
		t.Errorf("%s: a user was made though an error was answered", name)
	}
}

func TestADatabaseThatIsReadOnlyOrGone(t *testing.T) {
	t.Parallel()
	if storetest.Engine() == store.PostgreSQL {
		postgreSQLReadOnlyOrGone(t)
		return
	}
	t.Run("locked", sqliteLocked)
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

func postgreSQLReadOnlyOrGone(t *testing.T) {
	s, srv, k := prepared(t)
	token := k.token(t)
	u, err := url.Parse(s.databaseURL())
	if err != nil {
		t.Fatal(err)
	}
	name := strings.TrimPrefix(u.Path, "/")
	admin, err := sql.Open("pgx", os.Getenv("SEALOG_TEST_DATABASE"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = admin.Close() })
	alter := func(what string) {
		t.Helper()
		if _, err := admin.ExecContext(t.Context(), "ALTER DATABASE "+name+" "+what); err != nil {
			t.Fatal(err)
		}
		var ended int
		err := admin.QueryRowContext(t.Context(), `
			SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = $1`, name).Scan(&ended)
		if err != nil || ended == 0 {
			t.Fatalf("%d connections ended, %v", ended, err)
		}
	}
	worksAgain(t, srv, token, "before")

	alter("SET default_transaction_read_only = on")
	brokenDatabase(t, srv, token, "read-only", "DatabaseReadOnly")
	readingWorks(t, srv, token, "read-only")
	alter("RESET default_transaction_read_only")
	worksAgain(t, srv, token, "read-only")

	alter("ALLOW_CONNECTIONS false")
	brokenDatabase(t, srv, token, "gone", "DatabaseUnavailable")
	if _, err := admin.ExecContext(t.Context(), "ALTER DATABASE "+name+" ALLOW_CONNECTIONS true"); err != nil {
		t.Fatal(err)
	}
	worksAgain(t, srv, token, "gone")
}

// sqliteLocked holds the write lock from outside for longer than the server waits for it.
func sqliteLocked(t *testing.T) {
	t.Parallel()
	s, srv, k := prepared(t)
	token := k.token(t)
	worksAgain(t, srv, token, "before")
	lock, err := s.openSQL(t).Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if _, err := lock.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	readingWorks(t, srv, token, "locked")
	answers := make(chan answer, 1)
	go func() {
		defer close(answers)
		a, err := srv.try(t.Context(), token, createNamed, map[string]any{"v": "half"})
		if err != nil {
			t.Error(err)
			return
		}
		answers <- a
	}()
	notReady(t, srv, "locked")
	begun := time.Now()
	if a, ok := <-answers; ok {
		refusedWell(t, "locked", a)
		t.Logf("answered %s after %s more: %s", a.reason(t), time.Since(begun).Round(time.Second), a.body)
	}
	if _, err := lock.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	worksAgain(t, srv, token, "locked")
}

func TestGetOfTheAdminAPIChangesNothing(t *testing.T) {
	t.Parallel()
	_, srv, k := prepared(t)
	status, _, _ := srv.get(t, "/graphql?query=mutation", func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+k.token(t)) })
	if status == http.StatusOK {
		t.Errorf("GET answered %d", status)
	}
}

// TestTwoServersOnOneDatabase runs two servers on one database, where the engine has room
// for two, else commands beside a server.
func TestTwoServersOnOneDatabase(t *testing.T) {
	t.Parallel()
	s, one, k := prepared(t)
	if storetest.Engine() == store.SQLite {
		commandsBesideAServer(t, s, one, k)
		return
	}
	two := s.start(t)
	if two.setup() != "" {
		t.Errorf("the second server prints the set-up link %q", two.setup())
	}
	token := k.token(t)
	const clients, each = 8, 10
	manyUsers(t, []*server{one, two}, token, clients, each)
	for i, srv := range []*server{one, two} {
		users, events := everyone(t, srv, token)
		if len(users) != clients*each || !slices.Equal(users, events) {
			t.Errorf("server %d shows %d users and %d events of a creation", i, len(users), len(events))
		}
	}

	// A key that is deleted through one is refused by the other at once.
	v := newVisitor(t, one)
	v.signIn(t, email, password)
	v.send(t, http.StatusSeeOther, "/projects/acme/admin-api/keys")
	for i, srv := range []*server{one, two} {
		if a := srv.graphql(t, token, `{ users { totalCount } }`, nil); a.status != http.StatusOK {
			t.Errorf("server %d, before the key is deleted: %d %s", i, a.status, a.body)
		}
	}
	v.send(t, http.StatusSeeOther, "/projects/acme/admin-api/keys/"+k.kid+"/delete")
	for i, srv := range []*server{two, one} {
		if a := srv.graphql(t, token, `{ users { totalCount } }`, nil); a.status != http.StatusForbidden || a.body != "Forbidden\n" {
			t.Errorf("server %d, after the key was deleted: %d %s", i, a.status, a.body)
		}
	}
	// A session is one for both, and who signs out at one is out at the other.
	other := newVisitor(t, two)
	other.client.Jar = v.client.Jar // cookies know no ports
	other.open(t, "/projects/acme/audit-log?tab=admin")
	v.send(t, http.StatusSeeOther, "/signout")
	if status, _, to := other.do(t, http.MethodGet, "/projects/acme/audit-log", nil); status != http.StatusSeeOther || !strings.HasPrefix(to, "/signin") {
		t.Errorf("signed out at one, the other answers %d to %q", status, to)
	}
}

// manyUsers makes users through several servers at once.
func manyUsers(t testing.TB, servers []*server, token string, clients, each int) {
	t.Helper()
	var wait sync.WaitGroup
	for c := range clients {
		wait.Go(func() {
			for i := range each {
				a, err := servers[c%len(servers)].try(t.Context(), token, createNamed, map[string]any{"v": fmt.Sprintf("user-%d-%d", c, i)})
				if err != nil || a.status != http.StatusOK || len(a.Errors) > 0 {
					t.Errorf("client %d: %v, %d %s", c, err, a.status, a.body)
				}
			}
		})
	}
	wait.Wait()
}

func commandsBesideAServer(t *testing.T, s *site, srv *server, k key) {
	t.Helper()
	const projects = 6
	var wait sync.WaitGroup
	for i := range projects {
		wait.Go(func() {
			id := fmt.Sprintf("project-%d", i)
			if _, errs, status := s.run(t, "", "project", "create", id, "--owner", email); status != 0 {
				t.Errorf("project create %s: status %d, %s", id, status, errs)
			}
		})
	}
	manyUsers(t, []*server{srv}, k.token(t), 4, 10)
	wait.Wait()
	if users, events := everyone(t, srv, k.token(t)); len(users) != 40 || !slices.Equal(users, events) {
		t.Errorf("%d users and %d events of a creation", len(users), len(events))
	}
	v := newVisitor(t, srv)
	v.signIn(t, email, password)
	list := v.open(t, "/projects")
	for i := range projects {
		id := fmt.Sprintf("project-%d", i)
		if !strings.Contains(list, "/projects/"+id+"/audit-log") {
			t.Errorf("the server does not show %s", id)
		}
		if a := srv.graphql(t, s.key(t, id).token(t), `{ auditLogs { totalCount } }`, nil); a.status != http.StatusOK || !strings.Contains(a.body, `"totalCount":2`) {
			t.Errorf("%s: %d %s", id, a.status, a.body)
		}
	}
}
