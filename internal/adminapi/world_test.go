package adminapi_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/adminapi"
	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/directory"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/sequencer"
	"github.com/sealog/sealog/internal/session"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
	"github.com/sealog/sealog/internal/vault"
	"github.com/sealog/sealog/internal/web"
	"github.com/sealog/sealog/internal/webhook"
)

// world is an Admin API with the project acme, over a database of its own.
type world struct {
	t        testing.TB
	db       *store.DB
	handler  http.Handler
	access   *access.Service
	owner    event.AccountObject
	projects *project.Service
	users    *directory.Service
	refusals *access.Refusals
	log      *auditlog.Reader
	reads    *auditlog.Reads
	sealing  *sequencer.Service
	kid      string
	key      *rsa.PrivateKey
	logged   *bytes.Buffer
}

func newWorld(t testing.TB) *world {
	t.Helper()
	return newWorldOn(t, storetest.Open(t), nil)
}

func newWorldOn(t testing.TB, db *store.DB, plans project.Plans) *world {
	t.Helper()
	w := &world{t: t, db: db, logged: &bytes.Buffer{}}
	logger := slog.New(slog.NewTextHandler(w.logged, nil))
	marks, err := sequencer.NewMarks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w.sealing = sequencer.New(w.db, marks, logger)
	w.projects = project.New(w.db, project.Settings{PublicURL: storetest.PublicURL(), Plans: plans})
	if err := w.projects.Bootstrap(t.Context()); err != nil {
		t.Fatal(err)
	}
	passwords := vault.NewPasswords()
	w.refusals = access.NewRefusals()
	w.log, w.reads = auditlog.New(w.db), auditlog.NewReads(w.db)
	w.access = access.New(w.db, w.projects, passwords, w.refusals, logger)
	owner, err := w.access.CreateAccount(t.Context(), storetest.Operator(), "owner@example.org", "correct horse battery", true)
	if err != nil {
		t.Fatal(err)
	}
	w.owner = owner.Object()
	w.users = directory.New(w.db, passwords, &url.URL{Scheme: "https", Host: "sealog.example"}, webhook.New(webhook.Config{AllowPrivate: true}))
	w.handler = web.Door{Log: slog.New(slog.DiscardHandler), Metrics: web.NewMetrics(prometheus.NewRegistry())}.Handle(adminapi.New(adminapi.Config{
		Access:    w.access,
		Directory: w.users,
		Sessions:  session.New(w.db),
		Log:       w.log, Reads: w.reads, DB: w.db, Logger: logger,
	}))
	w.kid, w.key = w.project("acme")
	return w
}

// seal gives every event its position and signs, as a server's sequencer does.
func (w *world) seal() {
	w.t.Helper()
	if err := w.sealing.Finish(context.Background()); err != nil {
		w.t.Fatal(err)
	}
	storetest.CheckLog(w.t, w.db, "acme")
}

// project makes a project and returns its key.
func (w *world) project(id string) (string, *rsa.PrivateKey) {
	w.t.Helper()
	ctx, by := context.Background(), storetest.Operator()
	if _, err := w.projects.Create(ctx, by, id, "", w.owner); err != nil {
		w.t.Fatal(err)
	}
	keys, err := w.projects.Keys(ctx, id)
	if err != nil {
		w.t.Fatal(err)
	}
	text, err := w.projects.ViewPrivateKey(ctx, by, id, keys[0].ID)
	if err != nil {
		w.t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		w.t.Fatal(err)
	}
	return keys[0].ID, key.(*rsa.PrivateKey)
}

// sign makes a JWT. Algorithms that the Admin API does not take are there to be refused.
func sign(t testing.TB, algorithm, kid string, key *rsa.PrivateKey, claims map[string]any) string {
	t.Helper()
	encode := func(v any) string {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(text)
	}
	header := map[string]any{"alg": algorithm, "typ": "JWT"}
	if kid != "" {
		header["kid"] = kid
	}
	input := encode(header) + "." + encode(claims)
	var signature []byte
	var err error
	switch algorithm {
	case "RS256":
		sum := sha256.Sum256([]byte(input))
		signature, err = rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	case "RS512":
		sum := sha512.Sum512([]byte(input))
		signature, err = rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA512, sum[:])
	case "HS256":
		public, encodeErr := x509.MarshalPKIXPublicKey(&key.PublicKey)
		if encodeErr != nil {
			t.Fatal(encodeErr)
		}
		mac := hmac.New(sha256.New, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}))
		mac.Write([]byte(input))
		signature = mac.Sum(nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return input + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func (w *world) token() string {
	return sign(w.t, "RS256", w.kid, w.key, map[string]any{"aud": "acme", "exp": time.Now().Add(5 * time.Minute).Unix()})
}

// send posts a body as it stands.
func (w *world) send(authorization, contentType, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/_api/admin/graphql?client_id=portal&query=ignored", strings.NewReader(body))
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	answer := httptest.NewRecorder()
	w.handler.ServeHTTP(answer, r)
	return answer
}

// post sends a body with a good token.
func (w *world) post(body string) *httptest.ResponseRecorder {
	return w.send("Bearer "+w.token(), "application/json", body)
}

type gqlError struct {
	Message    string
	Path       []any
	Locations  []map[string]int
	Extensions struct {
		ErrorName, Reason, Field, RequestID string
		Info                                json.RawMessage
	}
}

type response struct {
	Data       json.RawMessage
	Errors     []gqlError
	Extensions struct{ Committed []string }
}

// do runs a document.
func (w *world) do(query string, variables map[string]any) response {
	w.t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		w.t.Fatal(err)
	}
	answer := w.post(string(body))
	if answer.Code != http.StatusOK {
		w.t.Fatalf("status %d: %s", answer.Code, answer.Body)
	}
	var r response
	if err := json.NewDecoder(io.LimitReader(answer.Body, 100<<20)).Decode(&r); err != nil {
		w.t.Fatal(err)
	}
	return r
}

// get runs a document that must succeed and reads its data into v.
func (w *world) get(v any, query string, variables map[string]any) {
	w.t.Helper()
	r := w.do(query, variables)
	if len(r.Errors) > 0 {
		w.t.Fatalf("%s: %+v", query, r.Errors)
	}
	if err := json.Unmarshal(r.Data, v); err != nil {
		w.t.Fatal(err)
	}
}

// create makes a user with an e-mail address and returns the global id.
func (w *world) create(email string) string {
	w.t.Helper()
	var data struct {
		CreateUser struct{ User struct{ ID string } }
	}
	w.get(&data, `mutation($value: String!) {
		createUser(input: {definition: {loginID: {key: "email", value: $value}}}) { user { id } } }`, map[string]any{"value": email})
	return data.CreateUser.User.ID
}

// events lists "type outcome" of a project's latest events, newest first.
func (w *world) events(outcomes ...event.Outcome) []auditlog.Row {
	w.t.Helper()
	page, err := w.log.List(context.Background(), auditlog.Filter{Project: "acme", Outcomes: outcomes}, auditlog.Paging{})
	if err != nil {
		w.t.Fatal(err)
	}
	return page.Rows
}

// attempts says of the events that did not succeed, newest first, what they are:
// "type outcome code actor".
func (w *world) attempts() []string {
	w.t.Helper()
	var lines []string
	for _, row := range w.events(event.Failed, event.Denied) {
		c, err := row.Context()
		if err != nil {
			w.t.Fatal(err)
		}
		actor := c.Actor.ID
		if actor == w.kid {
			actor = "key"
		}
		lines = append(lines, string(row.Type)+" "+row.Outcome.String()+" "+c.Error.Code+" "+actor)
	}
	return lines
}
