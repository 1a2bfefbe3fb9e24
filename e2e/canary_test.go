package e2e

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sealog/sealog/internal/ledger"
)

// visitor is a browser without scripts: it keeps cookies and says where it came from.
type visitor struct {
	srv    *server
	client *http.Client
	at     string // the page it is on
	seen   []string
}

func newVisitor(t testing.TB, srv *server) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &visitor{srv: srv, client: &http.Client{Jar: jar, Timeout: time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

func (v *visitor) do(t testing.TB, method, path string, form url.Values) (int, string, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, v.srv.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0")
	if v.at != "" {
		r.Header.Set("Referer", v.at)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", v.srv.url)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	response, err := v.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range response.Cookies() {
		if (c.Name == "sealog" || c.Name == "sealog-challenge") && c.Value != "" {
			v.seen = append(v.seen, c.Value)
		}
	}
	v.at = r.URL.String()
	return response.StatusCode, string(text), response.Header.Get("Location")
}

// open reads a page that must be there.
func (v *visitor) open(t testing.TB, path string) string {
	t.Helper()
	status, text, _ := v.do(t, http.MethodGet, path, nil)
	if status != http.StatusOK {
		t.Fatalf("GET %s: %d\n%.600s", path, status, text)
	}
	return text
}

// send posts a form that must be answered with a status, and returns the page or the place
// that the answer sends the browser to.
func (v *visitor) send(t testing.TB, want int, path string, fields ...string) (page, to string) {
	t.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	status, page, to := v.do(t, http.MethodPost, path, form)
	if status != want {
		t.Fatalf("POST %s: %d, not %d\n%.600s", path, status, want, page)
	}
	return page, to
}

// signIn signs an account in.
func (v *visitor) signIn(t testing.TB, email, password string) {
	t.Helper()
	v.open(t, "/signin")
	v.send(t, http.StatusSeeOther, "/signin", "email", email, "password", password)
	if len(v.seen) == 0 {
		t.Fatal("no session cookie")
	}
}

// forms are the ways in which a text can stand in another.
func forms(secret string) map[string]string {
	asJSON, err := json.Marshal(secret)
	if err != nil {
		panic(err) // never for a string
	}
	all := map[string]string{
		"plain": secret, "JSON": strings.Trim(string(asJSON), `"`), "URL": url.QueryEscape(secret), "path": url.PathEscape(secret),
		"HTML": html.EscapeString(secret), "hex": hex.EncodeToString([]byte(secret)), "HEX": strings.ToUpper(hex.EncodeToString([]byte(secret))),
		"Go": strings.Trim(fmt.Sprintf("%q", secret), `"`),
	}
	for shift := range 3 {
		// Of base64, what does not depend on the bytes before and after.
		from := (3 - shift) % 3
		whole := []byte(secret)[from : from+(len(secret)-from)/3*3]
		all[fmt.Sprint("base64 ", shift)] = base64.RawStdEncoding.EncodeToString(whole)
		all[fmt.Sprint("base64url ", shift)] = base64.RawURLEncoding.EncodeToString(whole)
	}
	return all
}

// findIn names the forms in which a secret stands in a text.
func findIn(text, secret string) []string {
	var found []string
	for name, form := range forms(secret) {
		if strings.Contains(text, form) {
			found = append(found, name)
		}
	}
	slices.Sort(found)
	return found
}

// TestTheSearchForCanaries proves that what TestCanaries looks with can see.
func TestTheSearchForCanaries(t *testing.T) {
	t.Parallel()
	const secret = "a <secret> \"canary\" & more/+"
	for name, form := range forms(secret) {
		if len(findIn("before "+form+" after", secret)) == 0 {
			t.Errorf("%s is not found", name)
		}
	}
	for n := range 3 {
		text := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", n) + secret + "yy"))
		if len(findIn(text, secret)) == 0 {
			t.Errorf("base64 after %d bytes is not found", n)
		}
	}
	if found := findIn("nothing <secret> here", secret); found != nil {
		t.Errorf("found as %v what is not there", found)
	}
}

// openSQL opens a site's database beside the program.
func (s *site) openSQL(t testing.TB) *sql.DB {
	t.Helper()
	driver, name := "sqlite", filepath.Join(s.dir, "data", "sealog.db")
	if u := s.databaseURL(); u != "" {
		driver, name = "pgx", u
	}
	db, err := sql.Open(driver, name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// databaseURL is the address of a site's PostgreSQL database, or "".
func (s *site) databaseURL() string { return s.flag("--database") }

func (s *site) flag(name string) string {
	for i, arg := range s.args {
		if arg == name {
			return s.args[i+1]
		}
	}
	return ""
}

// masterSecret is the text of the file with the master secret.
func (s *site) masterSecret(t testing.TB) string {
	t.Helper()
	file := s.flag("--master-secret-file")
	if file == "" {
		file = filepath.Join(s.dir, "data", "master-secret")
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

// dump returns every value of every table, bytes as they are, and behind them what is packed in them.
func (s *site) dump(t testing.TB) string {
	t.Helper()
	db := s.openSQL(t)
	list := `SELECT name FROM sqlite_master WHERE type = 'table'`
	if s.databaseURL() != "" {
		list = `SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE c.relkind IN ('r', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema')`
	}
	var b strings.Builder
	var tables []string
	query := func(text string, row func([]any)) {
		rows, err := db.QueryContext(t.Context(), text)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		columns, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			values, into := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				into[i] = &values[i]
			}
			if err := rows.Scan(into...); err != nil {
				t.Fatal(err)
			}
			row(values)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	}
	query(list, func(row []any) { tables = append(tables, fmt.Sprint(row[0])) })
	if len(tables) < 10 {
		t.Fatalf("only the tables %v", tables)
	}
	for _, table := range tables {
		query("SELECT * FROM "+table, func(row []any) {
			b.WriteString(table)
			for _, v := range row {
				if raw, ok := v.([]byte); ok {
					var plain ledger.Packed // of what is no event the bytes themselves
					if err := plain.Scan(raw); err == nil {
						raw = append(raw[:len(raw):len(raw)], plain...)
					}
					v = string(raw)
				}
				fmt.Fprintf(&b, "\t%v", v)
			}
			b.WriteByte('\n')
		})
	}
	return b.String()
}

// files returns every byte of the data directory, but for the master secret's own file.
func (s *site) files(t testing.TB) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(filepath.Join(s.dir, "data"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "master-secret" {
			return err
		}
		text, err := os.ReadFile(path)
		b.Write(text)
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return b.String()
}

var eventLinks = regexp.MustCompile(`href="(/projects/[a-z_]+/audit-log/[^"?#]+[^"]*)"`)

// TestCanaries sends known secrets through everything that takes or gives one, well and
// failing, and looks for them wherever they must not be.
func TestCanaries(t *testing.T) {
	t.Parallel()
	canary := func(name string) string { return "Canary<" + name + ">&\"" + rand.Text()[:16] + `"` }
	secrets := map[string]string{} // by what they are
	keep := func(name, value string) string {
		if len(value) < 10 {
			t.Fatalf("%s is too short to look for: %q", name, value)
		}
		secrets[name] = value
		if raw, err := base64.RawURLEncoding.DecodeString(value); err == nil && len(raw) == 32 {
			secrets[name+", raw"] = string(raw)
		}
		return value
	}
	var said strings.Builder // what commands say on standard error
	s := newSite(t)
	mails, flags := startMail(t)
	srv := s.start(t, append(flags, unreachableStripe(t, keep)...)...)
	run := func(stdin string, want int, args ...string) string {
		t.Helper()
		out, errs, status := s.run(t, stdin, args...)
		if status != want {
			t.Fatalf("sealog %v: status %d\n%s", args, status, errs)
		}
		said.WriteString(errs)
		return out
	}
	keep("master secret", s.masterSecret(t))
	if secrets["master secret, raw"] == "" {
		t.Fatal("the master secret is not 32 bytes")
	}

	// Set-up.
	token := func(link string) string {
		_, token, ok := strings.Cut(strings.TrimSpace(link), "token=")
		if !ok {
			t.Fatalf("no token in %q", link)
		}
		return token
	}
	first := keep("set-up token", token(srv.setup()))
	keep("another set-up token", token(run("", 0, "setup-link")))
	own := keep("account password", canary("account"))
	v := newVisitor(t, srv)
	v.open(t, "/setup?token="+first)
	setup := []string{"token", first, "email", email, "id", "acme", "name", "Acme"}
	v.send(t, 422, "/setup", append(setup, "password", own, "password_again", keep("mistyped password", canary("mistyped")))...)
	v.at = srv.url + "/setup?token=" + first
	tooShort := keep("short password", "Canary"+rand.Text()[:5])
	v.send(t, 422, "/setup", append(setup, "password", tooShort, "password_again", tooShort)...)
	v.at = srv.url + "/setup?token=" + first
	v.send(t, 303, "/setup", append(setup, "password", own, "password_again", own)...)
	v.at = srv.url + "/setup?token=" + first
	v.send(t, 403, "/setup", append(setup, "password", own, "password_again", own)...)
	v.do(t, http.MethodGet, "/setup?token="+first, nil)

	// Commands.
	second := keep("second account's password", canary("second"))
	run(second+"\n", 0, "account", "create", "--email", "two@acme.example")
	run(second+"\n", 1, "account", "create", "--email", "two@acme.example")
	run(tooShort+"\n", 1, "account", "create", "--email", "three@acme.example")
	_, generated, _ := strings.Cut(run("", 0, "account", "create", "--email", "four@acme.example"), "password: ")
	keep("generated password", strings.TrimSpace(generated))
	run("", 0, "project", "create", "beta", "--owner", "two@acme.example")
	run("", 1, "project", "create", "beta", "--owner", "two@acme.example")
	k := s.key(t, "acme")
	run("", 1, "project", "key", "acme", "--out", filepath.Join(s.dir, "acme.pem"))
	run("", 1, "setup-link")

	// Sign-in, confirmation, key download.
	stranger := newVisitor(t, srv)
	stranger.open(t, "/signin")
	stranger.send(t, 401, "/signin", "email", email, "password", keep("wrong password", canary("wrong")))
	stranger.send(t, 401, "/signin", "email", keep("password in the e-mail field", canary("email")), "password", "")
	stranger.signIn(t, email, own)
	stranger.send(t, 403, "/confirm", "password", keep("wrong confirmation", canary("confirm")))
	stranger.send(t, 303, "/confirm", "password", own, "next", "/projects/acme/admin-api?download="+k.kid)
	stranger.open(t, "/projects/acme/admin-api?download="+k.kid)
	pemText, _ := stranger.send(t, 200, "/projects/acme/admin-api/keys/"+k.kid+"/private-key")
	stranger.send(t, 404, "/projects/acme/admin-api/keys/nonsense/private-key")
	v.send(t, 303, "/signout")
	v.signIn(t, email, own)
	lines := strings.Split(strings.TrimSpace(pemText), "\n")
	if len(lines) < 20 || !strings.Contains(lines[0], "PRIVATE KEY") {
		t.Fatalf("downloaded %.60s", pemText)
	}
	keep("PEM header", lines[0])
	for i, line := range lines[8 : len(lines)-1] { // before them is the modulus, which is public
		if len(line) == 64 {
			keep(fmt.Sprint("PEM line ", 8+i), line)
		}
	}
	private, ok := k.private.(*rsa.PrivateKey)
	if !ok {
		t.Fatalf("the key is a %T", k.private)
	}
	keep("private exponent", string(private.D.Bytes()))
	keep("prime", string(private.Primes[0].Bytes()))

	// The Admin API.
	jwt := keep("JWT", k.token(t))
	keep("JWT signature", jwt[strings.LastIndex(jwt, ".")+1:])
	created, reset := keep("user's password", canary("created")), keep("user's new password", canary("reset"))
	const decoy = "decoy-kim@shop.example"
	createUser := `mutation($v: String!, $p: String, $s: Boolean) {
		createUser(input: {definition: {loginID: {key: "email", value: $v}}, password: $p, sendPassword: $s}) { user { id } } }`
	var made struct {
		CreateUser struct{ User struct{ ID string } }
	}
	var ignored any
	srv.graphql(t, jwt, createUser, map[string]any{"v": decoy, "p": created, "s": true}).into(t, &made)
	id := made.CreateUser.User.ID
	resetPassword := `mutation($id: ID!, $p: String, $s: Boolean) { resetPassword(input: {userID: $id, password: $p, sendPassword: $s}) { user { id } } }`
	srv.graphql(t, jwt, resetPassword, map[string]any{"id": id, "p": reset, "s": true}).into(t, &ignored)
	srv.graphql(t, jwt, `mutation($id: ID!) { updateUser(input: {userID: $id, standardAttributes: "{\"name\":\"Kim\"}"}) { user { id } } }`, map[string]any{"id": id}).into(t, &ignored)
	srv.graphql(t, jwt, `mutation($id: ID!) { setDisabledStatus(input: {userID: $id, isDisabled: true, reason: "r"}) { user { id } } }`, map[string]any{"id": id}).into(t, &ignored)
	nobody := base64.RawURLEncoding.EncodeToString([]byte("User:01890000-0000-7000-8000-000000000000"))
	refused := func(name, query string, variables map[string]any) {
		t.Helper()
		if a := srv.graphql(t, jwt, query, variables); a.status == 200 && len(a.Errors) == 0 {
			t.Errorf("%s: %s", name, a.body)
		} else {
			said.WriteString(a.body)
		}
	}
	failing := func(name string) string { return keep(name, canary(strings.ReplaceAll(name, " ", "-"))) }
	refused("taken", createUser, map[string]any{"v": decoy, "p": failing("password of a taken name")})
	refused("short", createUser, map[string]any{"v": "b@shop.example", "p": "Cana" + rand.Text()[:2]})
	refused("used", resetPassword, map[string]any{"id": id, "p": created})
	refused("used now", resetPassword, map[string]any{"id": id, "p": reset})
	refused("nobody", resetPassword, map[string]any{"id": nobody, "p": failing("nobody's password")})
	refused("no id", resetPassword, map[string]any{"id": "x", "p": failing("password without an id")})
	refused("NUL", resetPassword, map[string]any{"id": id, "p": failing("password with a NUL") + "\x00"})
	refused("long", resetPassword, map[string]any{"id": id, "p": strings.Repeat(failing("long password"), 100)})
	refused("nobody updated", `mutation($id: ID!) { updateUser(input: {userID: $id, standardAttributes: "{}"}) { user { id } } }`, map[string]any{"id": nobody})
	refused("nobody disabled", `mutation($id: ID!) { setDisabledStatus(input: {userID: $id, isDisabled: true}) { user { id } } }`, map[string]any{"id": nobody})
	refused("nobody deleted", `mutation($id: ID!) { deleteUser(input: {userID: $id}) { deletedUserID } }`, map[string]any{"id": nobody})
	// Errors may quote what the caller sent back to the caller, but nobody else.
	quoted := said.Len()
	quote := func(name, query string, variables map[string]any) {
		t.Helper()
		if a := srv.graphql(t, jwt, query, variables); a.status == 200 && len(a.Errors) == 0 {
			t.Errorf("%s: %s", name, a.body)
		}
	}
	inline := func(name string) string {
		text, err := json.Marshal(failing(name))
		if err != nil {
			t.Fatal(err)
		}
		return strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(text))
	}
	quote("unknown field", `mutation { resetPassword(input: {userID: "`+id+`", passwort: `+inline("password in an unknown field")+`}) { user { id } } }`, nil)
	quote("wrong type", `mutation($p: Boolean) { resetPassword(input: {userID: "`+id+`", sendPassword: $p}) { user { id } } }`, map[string]any{"p": failing("password of a wrong type")})
	quote("syntax", `mutation { resetPassword(input: {userID: "`+id+`", password: `+inline("password before a syntax error"), nil)
	quote("six", `mutation { a: resetPassword(input: {userID: "`+id+`", password: `+inline("password in six")+`}) { user { id } } `+
		repeated(5, `b%d: deleteUser(input: {userID: "`+id+`"}) { deletedUserID } `)+`}`, nil)
	if said.Len() != quoted {
		t.Fatal("an answer to the caller was kept")
	}
	strangers := keep("JWT of another audience", key{"other", k.kid, k.private}.token(t))
	if a := srv.graphql(t, strangers, `{ users { totalCount } }`, nil); a.status != 403 {
		t.Errorf("another audience: %d", a.status)
	}
	srv.graphql(t, keep("forged JWT", jwt[:len(jwt)-20]+"AAAAAAAAAAAAAAAAAAAA"), `{ users { totalCount } }`, nil)
	srv.graphql(t, jwt, `mutation($id: ID!) { deleteUser(input: {userID: $id, reason: "r"}) { deletedUserID } }`, map[string]any{"id": id}).into(t, &ignored)
	portalCanaries(t, s, srv, v, mails, own, keep)
	for i, value := range append(v.seen, stranger.seen...) {
		keep(fmt.Sprint("session ", i), value)
	}

	// What administrators and programs see.
	a := srv.graphql(t, k.token(t), `{ auditLogs(first: 100, outcomes: [SUCCEEDED, FAILED, DENIED]) { pageInfo { hasNextPage }
		edges { node { type outcome requestID ipAddress userAgent clientID actor { type id name } user { id standardAttributes } data } } } }`, nil)
	if a.status != 200 || len(a.Errors) > 0 || !strings.Contains(a.body, `"hasNextPage":false`) {
		t.Fatalf("the log: %d %.500s", a.status, a.body)
	}
	var pages strings.Builder
	events := map[string]bool{}
	for _, list := range []string{
		"/projects/acme/audit-log", "/projects/acme/audit-log?tab=admin", "/projects/acme/audit-log?tab=users",
		"/projects/acme/audit-log?tab=admin&outcome=failed", "/projects/acme/audit-log?tab=admin&outcome=denied",
		"/projects/_portal/audit-log", "/projects/_portal/audit-log?tab=admin",
		"/projects/_portal/audit-log?tab=admin&outcome=failed", "/projects/_portal/audit-log?tab=admin&outcome=denied",
	} {
		page := v.open(t, list)
		pages.WriteString(page)
		for _, m := range eventLinks.FindAllStringSubmatch(page, -1) {
			events[html.UnescapeString(m[1])] = true
		}
	}
	if len(events) < 15 {
		t.Errorf("only %d events are linked to", len(events))
	}
	for path := range events {
		pages.WriteString(v.open(t, path))
	}
	v.open(t, "/account/sessions")
	if status, _, _ := v.do(t, http.MethodGet, "/decoy-path", nil); status != 404 {
		t.Errorf("the decoy is there: %d", status)
	}
	srv.stop(t)

	// The search, each place with something that it has to find there.
	for _, place := range []struct{ name, text, decoy string }{
		{"the server's log", srv.log.String(), "/decoy-path"},
		{"what commands and refusals say", said.String(), "AccountExists"},
		{"auditLogs", a.body, decoy},
		{"the Portal's pages", pages.String(), decoy},
		{"the tables", s.dump(t), decoy},
		// Events are packed there; the tables above were looked at unpacked.
		{"the data directory", s.files(t), "two@acme.example"},
	} {
		if place.name == "the data directory" && s.databaseURL() != "" {
			continue // nothing is kept there
		}
		if len(findIn(place.text, place.decoy)) == 0 {
			t.Errorf("%s (%d bytes): the search does not find %q", place.name, len(place.text), place.decoy)
		}
		for name, secret := range secrets {
			if found := findIn(place.text, secret); len(found) > 0 {
				at := strings.Index(place.text, forms(secret)[found[0]])
				t.Errorf("%s: the %s stands there (%s): …%q…", place.name, name, found[0], place.text[max(0, at-160):at])
			}
		}
	}
	if len(secrets) < 65 {
		t.Errorf("only %d secrets were looked for", len(secrets))
	}
}

// eventually tries until it goes well, for a bounded time.
func eventually(t testing.TB, what string, try func() error) {
	t.Helper()
	var err error
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if err = try(); err == nil {
			return
		}
	}
	t.Fatalf("%s: %v", what, err)
}

// try is graphql for when the server may end at any time: it returns an error instead of
// failing the test.
func (s *server) try(ctx context.Context, token, query string, variables any) (a answer, err error) {
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		return a, err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/graphql", bytes.NewReader(body))
	if err != nil {
		return a, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return a, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return a, err
	}
	a.status, a.body = response.StatusCode, string(text)
	if a.status == http.StatusOK {
		err = json.Unmarshal(text, &a)
	}
	return a, err
}

// reason is the stable code of a failed call, from GraphQL or from HTTP; "" when it went well.
func (a answer) reason(t testing.TB) string {
	t.Helper()
	if len(a.Errors) > 0 {
		return a.Errors[0].Extensions.Reason
	}
	if a.status == http.StatusOK {
		return ""
	}
	var e struct{ Error struct{ Reason string } }
	if err := json.Unmarshal([]byte(a.body), &e); err != nil {
		t.Errorf("status %d without a code: %.300s", a.status, a.body)
	}
	return e.Error.Reason
}
