package enduser_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/directory"
	"github.com/sealog/sealog/internal/enduser"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/message"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/session"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
	"github.com/sealog/sealog/internal/vault"
	"github.com/sealog/sealog/internal/web"
	"github.com/sealog/sealog/internal/webhook"
)

// world is the surface over a database with the project acme and the user Kim.
type world struct {
	testing.TB
	db       *store.DB
	handler  http.Handler
	users    *directory.Service
	sessions *session.Service
	projects *project.Service
	refusals *access.Refusals
	p        project.Project
	kim      directory.User
	owner    event.AccountObject
}

const config = `
admin_api: {create_session_enabled: true}
oauth: {clients: [{client_id: shop}]}
authentication: {lockout: {max_attempts: 3, duration_seconds: 900, type: per_user}}
`

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{TB: t, db: storetest.Open(t), refusals: access.NewRefusals()}
	passwords, logger := vault.NewPasswords(), slog.New(slog.DiscardHandler)
	w.projects = project.New(w.db, project.Settings{PublicURL: storetest.PublicURL()})
	if err := w.projects.Bootstrap(t.Context()); err != nil {
		t.Fatal(err)
	}
	keys := access.New(w.db, w.projects, passwords, w.refusals, logger)
	owner, err := keys.CreateAccount(t.Context(), storetest.Operator(), "owner@example.org", "correct horse battery", true)
	if err != nil {
		t.Fatal(err)
	}
	w.owner = owner.Object()
	w.users = directory.New(w.db, passwords, &url.URL{Scheme: "https", Host: "sealog.example"}, webhook.New(webhook.Config{}))
	w.sessions = session.New(w.db)
	w.handler = web.Door{Log: logger, Metrics: web.NewMetrics(prometheus.NewRegistry())}.Handle(enduser.New(enduser.Config{
		Access: keys, Refusals: w.refusals, Directory: w.users, Sessions: w.sessions, Projects: w.projects, Logger: logger, Now: w.db.Now,
	}))
	w.p = w.project("acme")
	password := "the first password"
	w.kim, err = w.users.Create(t.Context(), storetest.Operator(), w.p, directory.CreateInput{
		LoginID: directory.LoginID{Key: "email", Value: "kim@shop.example"}, Password: &password,
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) project(id string) project.Project {
	w.Helper()
	if _, err := w.projects.Create(w.Context(), storetest.Operator(), id, "", w.owner); err != nil {
		w.Fatal(err)
	}
	_, err := store.Record(w.Context(), w.db, storetest.Operator(), event.InProject(id),
		func(ctx context.Context, tx *store.Tx) (event.ProjectAppUpdated, error) {
			_, err := tx.Exec(ctx, `UPDATE projects SET config = $2, version = version + 1 WHERE project_id = $1`, id, "id: "+id+config)
			return event.ProjectAppUpdated{}, err
		})
	if err != nil {
		w.Fatal(err)
	}
	p, err := w.projects.Get(w.Context(), id)
	if err != nil {
		w.Fatal(err)
	}
	return p
}

func (w *world) send(r *http.Request) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	w.handler.ServeHTTP(answer, r)
	return answer
}

func (w *world) get(path, bearer string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	return w.send(r)
}

func (w *world) post(path, bearer string, form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	return w.send(r)
}

// events lists the succeeded events of a type in the project, newest first.
func (w *world) events(t event.Type) []auditlog.Row {
	w.Helper()
	page, err := auditlog.New(w.db).List(w.Context(), auditlog.Filter{Project: w.p.ID, Types: []event.Type{t}, Outcomes: []event.Outcome{event.Succeeded}}, auditlog.Paging{})
	if err != nil {
		w.Fatal(err)
	}
	return page.Rows
}

// link sends Kim a message and returns the token of its link.
func (w *world) link() string {
	w.Helper()
	if err := w.users.SendResetPasswordMessage(w.Context(), storetest.Operator(), w.p, "kim@shop.example"); err != nil {
		w.Fatal(err)
	}
	outbox := message.New(w.db)
	entries, err := outbox.List(w.Context(), w.p.ID, "", event.ID{}, 1)
	if err != nil {
		w.Fatal(err)
	}
	content, err := outbox.Read(w.Context(), storetest.Operator(), w.p.ID, entries[0].ID)
	if err != nil {
		w.Fatal(err)
	}
	found := regexp.MustCompile(`https://sealog\.example/reset-password\?token=(\S+)`).FindStringSubmatch(content.Text)
	if found == nil || content.Recipient != "kim@shop.example" {
		w.Fatalf("no link in %+v", content)
	}
	return found[1]
}

func (w *world) tokens() directory.Tokens {
	w.Helper()
	t, err := w.users.CreateSession(w.Context(), storetest.Operator(), w.p, w.kim.ID, directory.CreateSessionInput{ClientID: "shop"})
	if err != nil {
		w.Fatal(err)
	}
	return t
}

func form(token, password, again string) url.Values {
	return url.Values{"token": {token}, "password": {password}, "again": {again}}
}

func TestResetByLink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	access, token, other := w.tokens().AccessToken, w.link(), w.link()
	if r := w.get("/reset-password?token="+token, ""); r.Code != 200 || !strings.Contains(r.Body.String(), "New password") ||
		r.Header().Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %s", r.Code, r.Body)
	}
	for name, c := range map[string]struct {
		f    url.Values
		says string
	}{
		"different": {form(token, "a new password", "another one"), "differ"},
		"short":     {form(token, "short", "short"), "too short"},
		"empty":     {form(token, "", ""), "cannot be"},
		"reused":    {form(token, "the first password", "the first password"), "used it before"},
	} {
		if r := w.post("/reset-password", "", c.f); r.Code != 422 || !strings.Contains(r.Body.String(), c.says) {
			t.Errorf("%s: %d %s", name, r.Code, r.Body)
		}
	}
	if r := w.post("/reset-password", "", form(token, "a new password", "a new password")); r.Code != 200 || !strings.Contains(r.Body.String(), "is changed") {
		t.Fatalf("%d %s", r.Code, r.Body)
	}
	rows := w.events("user.password.reset")
	if len(rows) != 1 || rows[0].ActorID != w.kim.ID.String() || rows[0].User != w.kim.ID {
		t.Errorf("events: %+v", rows)
	}
	if len(w.events("user.session.terminated")) != 1 || w.get("/oauth2/userinfo", access).Code != 401 {
		t.Error("the sessions go on")
	}
	for _, used := range []string{token, other, "nonsense", ""} {
		if r := w.get("/reset-password?token="+used, ""); r.Code != 403 || !strings.Contains(r.Body.String(), "ResetLinkInvalid") {
			t.Errorf("%q: %d", used, r.Code)
		}
		if r := w.post("/reset-password", "", form(used, "yet another password", "yet another password")); r.Code != 403 {
			t.Errorf("%q: %d", used, r.Code)
		}
	}
	if err := w.refusals.Record(t.Context(), w.db, w.db.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
}

func TestLinkOnceOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.link()
	var all sync.WaitGroup
	codes := make([]int, 4)
	for i := range codes {
		all.Go(func() {
			password := fmt.Sprint("a new password ", i)
			codes[i] = w.post("/reset-password", "", form(token, password, password)).Code
		})
	}
	all.Wait()
	slices.Sort(codes)
	if codes[0] != 200 || codes[1] == 200 || len(w.events("user.password.reset")) != 1 {
		t.Errorf("answers %v", codes)
	}
}

func TestForeignForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.link()
	r := httptest.NewRequest(http.MethodPost, "/reset-password", strings.NewReader(form(token, "a new password", "a new password").Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	if answer := w.send(r); answer.Code != 403 || !strings.Contains(answer.Body.String(), "CrossOrigin") {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
}

// code makes a code for an address.
func (w *world) code(target, purpose string) string {
	w.Helper()
	code, err := w.users.GenerateCode(w.Context(), storetest.Operator(), w.p, target, purpose)
	if err != nil {
		w.Fatal(err)
	}
	return code
}

// show posts a code as an application does.
func (w *world) show(target, purpose, code string) (int, string) {
	body, err := json.Marshal(map[string]string{"target": target, "purpose": purpose, "code": code})
	if err != nil {
		w.Fatal(err)
	}
	answer := w.send(httptest.NewRequest(http.MethodPost, "/api/v1/projects/acme/verify-code", strings.NewReader(string(body))))
	return answer.Code, answer.Body.String()
}

// wrong is a code that is not right.
func wrong(code string) string { return fmt.Sprintf("%06d", (int(code[5]-'0')+1)%10) }

func TestVerificationCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	code := w.code("kim@shop.example", "verification")
	if status, body := w.show("kim@shop.example", "login", code); status != 403 {
		t.Errorf("for another purpose: %d %s", status, body)
	}
	if status, body := w.show("kim@shop.example", "verification", wrong(code)); status != 403 || !strings.Contains(body, `"reason":"CodeInvalid"`) {
		t.Errorf("wrong: %d %s", status, body)
	}
	if rows := w.events("authentication.primary.oob_otp_email.failed"); len(rows) != 1 || rows[0].User != w.kim.ID || rows[0].ActorID == w.kim.ID.String() {
		t.Errorf("the wrong code left %+v", rows)
	}
	want := `{"verified":true,"user_id":"` + w.kim.ID.String() + `"}` + "\n"
	if status, body := w.show("KIM@shop.example", "verification", code); status != 200 || body != want {
		t.Errorf("right: %d %s", status, body)
	}
	if status, _ := w.show("kim@shop.example", "verification", code); status != 403 {
		t.Errorf("again: %d", status)
	}
	kim, err := w.users.Get(t.Context(), "acme", w.kim.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]directory.Claim{{Name: "email", Value: "kim@shop.example"}}, kim.VerifiedClaims); diff != "" {
		t.Errorf("claims: %s", diff)
	}
	for _, name := range []event.Type{"identity.email.verified", "one_time_code.verified"} {
		if rows := w.events(name); len(rows) != 1 || rows[0].ActorID != w.kim.ID.String() {
			t.Errorf("%s: %+v", name, rows)
		}
	}
	// An address that no user has.
	if status, body := w.show("+14155552671", "verification", w.code("+14155552671", "verification")); status != 200 || !strings.Contains(body, `"user_id":null`) {
		t.Errorf("nobody's: %d %s", status, body)
	}
	page := url.Values{"project": {"acme"}, "target": {"kim@shop.example"}, "purpose": {"login"}, "code": {w.code("kim@shop.example", "login")}}
	if r := w.post("/verify", "", page); r.Code != 200 || !strings.Contains(r.Body.String(), "The code is right") {
		t.Errorf("page: %d %s", r.Code, r.Body)
	}
	if r := w.post("/verify", "", page); r.Code != 403 || !strings.Contains(r.Body.String(), "wrong, used or too old") {
		t.Errorf("page: %d %s", r.Code, r.Body)
	}
	if r := w.get("/verify?project=acme&target=kim@shop.example", ""); r.Code != 200 {
		t.Errorf("page: %d", r.Code)
	}
	for body, status := range map[string]int{`{`: 400, `{"target":"nothing","code":"1"}`: 422, `{"x":1}`: 400} {
		r := w.send(httptest.NewRequest(http.MethodPost, "/api/v1/projects/acme/verify-code", strings.NewReader(body)))
		if r.Code != status {
			t.Errorf("%s: %d", body, r.Code)
		}
	}
	if r := w.send(httptest.NewRequest(http.MethodPost, "/api/v1/projects/nothing/verify-code", strings.NewReader(`{"target":"a@b.example","code":"1"}`))); r.Code != 403 {
		t.Errorf("no project: %d", r.Code)
	}
}

// TestGuessing: however many guess at once, a code takes so many attempts, and no more.
func TestGuessing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	code := w.code("kim@shop.example", "verification")
	var all sync.WaitGroup
	for range 15 {
		all.Go(func() { w.show("kim@shop.example", "verification", wrong(code)) })
	}
	all.Wait()
	if n := len(w.events("authentication.primary.oob_otp_email.failed")); n != w.p.Config.Authentication.CodeAttempts {
		t.Errorf("%d attempts were compared", n)
	}
	if status, _ := w.show("kim@shop.example", "verification", code); status != 403 {
		t.Errorf("after too many attempts the right code gives %d", status)
	}
}

func TestLockout(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 3 {
		if status, _ := w.show("kim@shop.example", "login", wrong(w.code("kim@shop.example", "login"))); status != 403 {
			t.Errorf("wrong code: %d", status)
		}
	}
	if status, body := w.show("kim@shop.example", "login", w.code("kim@shop.example", "login")); status != 403 || !strings.Contains(body, "AccountLockedOut") {
		t.Errorf("locked out: %d %s", status, body)
	}
	of, err := w.users.LockoutsOf(t.Context(), w.p, []event.ID{w.kim.ID})
	if err != nil || !of[w.kim.ID].IsLocked || of[w.kim.ID].Until == nil {
		t.Errorf("%+v %v", of, err)
	}
	if _, err := w.users.ResetAccountLockout(t.Context(), storetest.Operator(), w.p, w.kim.ID); err != nil {
		t.Fatal(err)
	}
	if status, body := w.show("kim@shop.example", "login", w.code("kim@shop.example", "login")); status != 200 {
		t.Errorf("after the reset: %d %s", status, body)
	}
}

func TestAddressesAreLimited(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	last := 0
	for range 30 {
		last = w.get("/reset-password?token=guess", "").Code
	}
	if last != 429 {
		t.Errorf("after 30 guesses: %d", last)
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(w *world, s event.ID) error{
		"revokeSession": func(w *world, s event.ID) error {
			_, err := w.users.RevokeSession(w.Context(), storetest.Operator(), w.p, s)
			return err
		},
		"revokeAllSessions": func(w *world, _ event.ID) error {
			_, err := w.users.RevokeAllSessions(w.Context(), storetest.Operator(), w.p, w.kim.ID)
			return err
		},
		"disabled": func(w *world, _ event.ID) error {
			_, err := w.users.SetDisabledStatus(w.Context(), storetest.Operator(), w.p, w.kim.ID, directory.DisableInput{IsDisabled: true})
			return err
		},
		"deleted": func(w *world, _ event.ID) error {
			_, err := w.users.Delete(w.Context(), storetest.Operator(), w.p, w.kim.ID, "")
			return err
		},
		"valid no more": func(w *world, _ event.ID) error {
			past := w.db.Now().Add(-time.Second)
			_, err := w.users.SetAccountValidUntil(w.Context(), storetest.Operator(), w.p, w.kim.ID, &past)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			tokens, admin, foreign := w.tokens(), w.adminToken("acme"), ""
			w.project("other")
			foreign = w.adminToken("other")
			var claims map[string]any
			r := w.get("/oauth2/userinfo", tokens.AccessToken)
			if err := json.Unmarshal(r.Body.Bytes(), &claims); err != nil || r.Code != 200 {
				t.Fatalf("%d %s", r.Code, r.Body)
			}
			if claims["sub"] != w.kim.ID.String() || claims["email"] != "kim@shop.example" || claims["email_verified"] != false {
				t.Errorf("userinfo: %v", claims)
			}
			active := func(bearer, token string) map[string]any {
				r := w.post("/oauth2/introspect", bearer, url.Values{"token": {token}})
				var answer map[string]any
				if err := json.Unmarshal(r.Body.Bytes(), &answer); err != nil || r.Code != 200 {
					t.Fatalf("%d %s", r.Code, r.Body)
				}
				return answer
			}
			for _, token := range []string{tokens.AccessToken, tokens.RefreshToken} {
				if a := active(admin, token); a["active"] != true || a["sub"] != w.kim.ID.String() || a["client_id"] != "shop" ||
					!strings.Contains(a["scope"].(string), "openid") {
					t.Errorf("introspection: %v", a)
				}
				if a := active(foreign, token); len(a) != 1 || a["active"] != false {
					t.Errorf("of another project: %v", a)
				}
			}
			refresh := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {tokens.RefreshToken}, "client_id": {"shop"}}
			r = w.post("/oauth2/token", "", refresh)
			var renewed struct {
				AccessToken string `json:"access_token"`
			}
			if err := json.Unmarshal(r.Body.Bytes(), &renewed); err != nil || r.Code != 200 || w.get("/oauth2/userinfo", renewed.AccessToken).Code != 200 {
				t.Fatalf("token: %d %s", r.Code, r.Body)
			}
			for _, bad := range []url.Values{
				{"grant_type": {"password"}},
				{"grant_type": {"refresh_token"}, "refresh_token": {tokens.AccessToken}, "client_id": {"shop"}},
				{"grant_type": {"refresh_token"}, "refresh_token": {tokens.RefreshToken}, "client_id": {"other"}},
			} {
				if r := w.post("/oauth2/token", "", bad); r.Code != 400 || !strings.Contains(r.Body.String(), `"error":`) {
					t.Errorf("%v: %d %s", bad, r.Code, r.Body)
				}
			}
			id, err := event.ParseID(tokens.RefreshToken[:36])
			if err != nil {
				t.Fatal(err)
			}
			if err := end(w, id); err != nil {
				t.Fatal(err)
			}
			for _, token := range []string{tokens.AccessToken, renewed.AccessToken} {
				if r := w.get("/oauth2/userinfo", token); r.Code != 401 || !strings.Contains(r.Header().Get("WWW-Authenticate"), "invalid_token") {
					t.Errorf("afterwards: %d", r.Code)
				}
			}
			for _, token := range []string{tokens.AccessToken, tokens.RefreshToken} {
				if a := active(admin, token); a["active"] != false {
					t.Errorf("afterwards: %v", a)
				}
			}
			if r := w.post("/oauth2/token", "", refresh); r.Code != 400 {
				t.Errorf("afterwards: %d", r.Code)
			}
		})
	}
}

func TestWhoMayIntrospect(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tokens := w.tokens()
	for _, bearer := range []string{"", "nonsense", tokens.AccessToken} {
		if r := w.post("/oauth2/introspect", bearer, url.Values{"token": {tokens.AccessToken}}); r.Code != 401 {
			t.Errorf("%q: %d", bearer, r.Code)
		}
	}
	if r := w.post("/oauth2/introspect", w.adminToken("acme"), nil); r.Code != 400 {
		t.Errorf("without a token: %d", r.Code)
	}
	for _, bearer := range []string{"", "nonsense", tokens.RefreshToken} {
		if r := w.get("/oauth2/userinfo", bearer); r.Code != 401 {
			t.Errorf("userinfo with %q: %d", bearer, r.Code)
		}
	}
}

// adminToken signs an Admin API token of a project.
func (w *world) adminToken(id string) string {
	w.Helper()
	keys, err := w.projects.Keys(w.Context(), id)
	if err != nil {
		w.Fatal(err)
	}
	text, err := w.projects.ViewPrivateKey(w.Context(), storetest.Operator(), id, keys[0].ID)
	if err != nil {
		w.Fatal(err)
	}
	block, _ := pem.Decode(text)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		w.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	input := encode([]byte(`{"alg":"RS256","kid":"`+keys[0].ID+`"}`)) + "." +
		encode(fmt.Appendf(nil, `{"aud":%q,"exp":%d}`, id, time.Now().Add(time.Minute).Unix()))
	sum := sha256.Sum256([]byte(input))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key.(*rsa.PrivateKey), crypto.SHA256, sum[:])
	if err != nil {
		w.Fatal(err)
	}
	return input + "." + encode(signature)
}

// TestClientSecrets: from its first secret on a client has to show one for tokens.
func TestClientSecrets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	by, ctx := storetest.Operator(), t.Context()
	renew := func(token string, change func(r *http.Request, form url.Values)) int {
		form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}, "client_id": {"shop"}}
		r := httptest.NewRequest(http.MethodPost, "/oauth2/token", nil)
		if change != nil {
			change(r, form)
		}
		r.Body = io.NopCloser(strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return w.send(r).Code
	}
	tokens := w.tokens()
	if code := renew(tokens.RefreshToken, nil); code != http.StatusOK {
		t.Errorf("a public client: %d", code)
	}
	secret := func() string {
		t.Helper()
		change, err := w.projects.NewClientSecret(w.p, "shop")
		if err != nil {
			t.Fatal(err)
		}
		if err := w.projects.ChangeSecret(ctx, by, "acme", change, nil); err != nil {
			t.Fatal(err)
		}
		secrets, err := w.projects.ViewSecrets(ctx, by, "acme", []string{project.OAuthClientSecrets})
		if err != nil {
			t.Fatal(err)
		}
		return secrets.ClientSecrets[len(secrets.ClientSecrets)-1].Value
	}
	first, second := secret(), secret()
	inForm := func(secret string) func(*http.Request, url.Values) {
		return func(_ *http.Request, form url.Values) { form.Set("client_secret", secret) }
	}
	inHeader := func(secret string) func(*http.Request, url.Values) {
		return func(r *http.Request, form url.Values) {
			form.Del("client_id")
			r.SetBasicAuth("shop", secret)
		}
	}
	for name, c := range map[string]struct {
		change func(*http.Request, url.Values)
		want   int
	}{
		"none": {nil, 401}, "wrong": {inForm("wrong"), 401}, "wrong in the header": {inHeader("wrong"), 401}, "empty": {inForm(""), 401},
		"first": {inForm(first), 200}, "second, in the header": {inHeader(second), 200},
	} {
		if got := renew(w.tokens().RefreshToken, c.change); got != c.want {
			t.Errorf("%s: %d, not %d", name, got, c.want)
		}
	}
}

// TestLongAddresses: IDNA takes time with the square of a domain's length, so that what nobody
// signed in for is refused by its length.
func TestLongAddresses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var long strings.Builder
	for i := range 20_000 {
		long.WriteRune(rune(0x4e00 + i))
	}
	address := "a@" + long.String() + ".example"
	if status, body := w.show(address, "verification", "123456"); status != 422 || !strings.Contains(body, "320 bytes") {
		t.Errorf("verify-code: %d %.300s", status, body)
	}
	short := "a@" + long.String()[:15_000] + ".example"
	if answer := w.post("/verify", "", url.Values{"project": {"acme"}, "target": {short}, "code": {"123456"}}); answer.Code < 400 || answer.Code >= 500 {
		t.Errorf("verify: %d", answer.Code)
	}
}
