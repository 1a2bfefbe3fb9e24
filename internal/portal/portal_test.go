package portal

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/billing"
	"github.com/sealog/sealog/internal/directory"
	"github.com/sealog/sealog/internal/erasure"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/message"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/sequencer"
	"github.com/sealog/sealog/internal/session"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
	"github.com/sealog/sealog/internal/vault"
	"github.com/sealog/sealog/internal/web"
	"github.com/sealog/sealog/internal/webhook"
)

const (
	ownerEmail = "ops@acme.example"
	password   = "correct horse battery"
)

// site is a Portal on a fresh database, with what tests need of what is underneath.
type site struct {
	t        *testing.T
	db       *store.DB
	access   *access.Service
	projects *project.Service
	users    *directory.Service
	log      *auditlog.Reader
	reads    *auditlog.Reads
	sealing  *sequencer.Service // does nothing by itself
	server   *httptest.Server
	config   Config
	handler  http.Handler
	later    time.Duration // by which the Portal's clock is ahead
}

func newSite(t *testing.T, change ...func(*Config)) *site {
	t.Helper()
	s := &site{t: t, db: storetest.Open(t)}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	s.projects = project.New(s.db, project.Settings{PublicURL: storetest.PublicURL()})
	s.access = access.New(s.db, s.projects, vault.NewPasswords(), access.NewRefusals(), log)
	s.log, s.reads = auditlog.New(s.db), auditlog.NewReads(s.db)
	if err := s.projects.Bootstrap(t.Context()); err != nil {
		t.Fatal(err)
	}
	marks, err := sequencer.NewMarks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s.sealing = sequencer.New(s.db, marks, log)
	s.server = httptest.NewUnstartedServer(nil)
	public := &url.URL{Scheme: "http", Host: s.server.Listener.Addr().String()}
	s.users = directory.New(s.db, vault.NewPasswords(), public, webhook.New(webhook.Config{}))
	feed := auditlog.NewFeed(s.log, log)
	t.Cleanup(feed.Close)
	config := Config{
		Access: s.access, Projects: s.projects, Log: s.log, Feed: feed, Reads: s.reads, PublicURL: public,
		Billing:   billing.New(s.db, s.projects, billing.Config{}, log),
		Directory: s.users, Sessions: session.New(s.db), Messages: message.New(s.db),
		Erasure: erasure.New(s.db, s.sealing.Finish, log), DB: s.db, Settle: s.sealing.Finish,
		Logger: log, Now: func() time.Time { return time.Now().Add(s.later) }, Version: "test",
	}
	s.config = config
	s.restart(change...)
	s.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) })
	s.server.Start()
	t.Cleanup(s.server.Close)
	return s
}

// restart makes the Portal anew with other settings; nothing may be under way.
func (s *site) restart(change ...func(*Config)) {
	for _, c := range change {
		c(&s.config)
	}
	s.handler = web.Door{Log: s.config.Logger, Metrics: web.NewMetrics(prometheus.NewRegistry())}.Handle(New(s.config))
}

// account makes an account and a project "acme" in which it has a role.
func (s *site) account(email string, operator bool) access.Account {
	s.t.Helper()
	a, err := s.access.CreateAccount(s.t.Context(), access.ByOperator("test"), email, password, operator)
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

func (s *site) project(id string, owner access.Account) {
	s.t.Helper()
	if _, err := s.projects.Create(s.t.Context(), access.ByOperator("test"), id, "Acme Shop", owner.Object()); err != nil {
		s.t.Fatal(err)
	}
}

// join gives an account a role, which no service does yet.
func (s *site) join(id string, a access.Account, role access.Role) {
	s.t.Helper()
	_, err := store.Record(s.t.Context(), s.db, access.ByOperator("test"), event.InProject(id),
		func(ctx context.Context, tx *store.Tx) (event.ProjectCollaboratorInvitationAccepted, error) {
			_, err := tx.Exec(ctx, `
				INSERT INTO collaborators (project_id, account_id, id, role, created_at)
				VALUES ($1, $2, $3, $4, $5)`, id, a.ID, event.NewID(), string(role), store.Micros(tx.Now()))
			return event.ProjectCollaboratorInvitationAccepted{}, err
		})
	if err != nil {
		s.t.Fatal(err)
	}
}

// browser is a client with cookies that does not follow redirects.
type browser struct {
	*site
	*http.Client
}

func (s *site) browser() browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return browser{s, &http.Client{Jar: jar, CheckRedirect: stay}}
}

// signedIn returns a browser in which an account has signed in.
func (s *site) signedIn(email string) browser {
	s.t.Helper()
	b := s.browser()
	if got := b.post("/signin", "email", email, "password", password); got.status != http.StatusSeeOther {
		s.t.Fatalf("sign-in of %s: %d\n%s", email, got.status, got.body)
	}
	return b
}

type reply struct {
	status int
	header http.Header
	body   string
}

func (b browser) send(r *http.Request) reply {
	b.t.Helper()
	answer, err := b.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return reply{answer.StatusCode, answer.Header, string(body)}
}

func (b browser) request(method, path string, body io.Reader) *http.Request {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.server.URL+path, body)
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

func (b browser) get(path string) reply {
	b.t.Helper()
	return b.send(b.request("GET", path, nil))
}

func (b browser) post(path string, pairs ...string) reply {
	b.t.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	r := b.request("POST", path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.send(r)
}

// want fails the test unless the reply has the status and its body holds the texts.
func (r reply) want(t *testing.T, status int, texts ...string) reply {
	t.Helper()
	if r.status != status {
		t.Fatalf("status %d, want %d\n%s", r.status, status, r.body)
	}
	for _, text := range texts {
		if !strings.Contains(r.body, text) {
			t.Errorf("there is no %q in\n%s", text, r.body)
		}
	}
	return r
}

func (r reply) leadsTo(t *testing.T, location string) reply {
	t.Helper()
	r.want(t, http.StatusSeeOther)
	if got := r.header.Get("Location"); got != location {
		t.Fatalf("leads to %q, want %q", got, location)
	}
	return r
}

// count returns how many events there are, of all projects.
func (s *site) count() int64 {
	s.t.Helper()
	n, err := store.Column[int64](s.t.Context(), s.db, `SELECT count(*) FROM events`)
	if err != nil {
		s.t.Fatal(err)
	}
	return n[0]
}

// types returns the types of a project's events, oldest first.
func (s *site) types(id string) []string {
	s.t.Helper()
	rows, err := store.Column[event.Type](s.t.Context(), s.db, `SELECT type FROM events WHERE project_id = $1 ORDER BY id`, id)
	if err != nil {
		s.t.Fatal(err)
	}
	types := []string{}
	for _, t := range rows {
		types = append(types, string(t))
	}
	return types
}

// disable records that a key disabled a user of that e-mail address, as one request with the
// user's own event.
func (s *site) disable(id, email string, req event.Request) event.ID {
	s.t.Helper()
	user := event.NewID()
	attributes, err := json.Marshal(map[string]string{"email": email})
	if err != nil {
		s.t.Fatal(err)
	}
	object := event.UserObject{
		ID: user, CreatedAt: time.Now(), UpdatedAt: time.Now(), IsDisabled: true, StandardAttributes: attributes,
		CustomAttributes: json.RawMessage(`{}`), Web3: json.RawMessage(`{}`), Roles: []string{}, Groups: []string{},
	}
	by := event.By{
		Actor:   event.Actor{Type: event.AdminAPIKey, ID: "0b7fae5e-7a6d-4b2c-9f6e-6a1f3e5f0001", Name: "Key 0b7fae5e", Fingerprint: "sQ2kq8vXo5bq0"},
		Surface: event.ViaAdminAPI, Request: req, Claimed: json.RawMessage(`{"support_agent":"kim"}`),
	}
	about := event.AboutUser(id, user)
	_, err = store.Record(s.t.Context(), s.db, by, about,
		func(ctx context.Context, tx *store.Tx) (event.SetDisabledStatusExecuted, error) {
			return event.SetDisabledStatusExecuted{User: object, IsDisabled: true, Reason: "chargeback"},
				store.Also(ctx, tx, about, event.UserDisabled{User: object})
		})
	if err != nil {
		s.t.Fatal(err)
	}
	return user
}
