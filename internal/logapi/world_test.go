package logapi_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/logapi"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/sequencer"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
	"github.com/sealog/sealog/internal/vault"
	"github.com/sealog/sealog/internal/web"
)

const password = "correct horse battery staple"

// world is the files of a database with the project acme, whose owner is owner@acme.example.
type world struct {
	t        *testing.T
	db       *store.DB
	access   *access.Service
	refusals *access.Refusals
	projects *project.Service
	reads    *auditlog.Reads
	sealing  *sequencer.Service
	closed   http.Handler // only for who may read
	open     http.Handler // checkpoints and hash tiles for everybody
	owner    access.Session
	cookie   string // the owner's
	log      string // 32 digits
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return newWorldOn(t, storetest.Open(t))
}

func newWorldOn(t *testing.T, db *store.DB) *world {
	t.Helper()
	w := &world{t: t, db: db, refusals: access.NewRefusals()}
	log := slog.New(slog.DiscardHandler)
	w.projects = project.New(w.db, project.Settings{PublicURL: storetest.PublicURL()})
	w.must(w.projects.Bootstrap(t.Context()))
	w.access = access.New(w.db, w.projects, vault.NewPasswords(), w.refusals, log)
	w.reads = auditlog.NewReads(w.db)
	marks, err := sequencer.NewMarks(t.TempDir())
	w.must(err)
	w.sealing = sequencer.New(w.db, marks, log)
	serve := func(public bool) http.Handler {
		return web.Door{Log: log, Metrics: web.NewMetrics(prometheus.NewRegistry())}.Handle(logapi.New(logapi.Config{
			Access: w.access, Refusals: w.refusals, Projects: w.projects, Reads: w.reads, DB: w.db, Logger: log, PublicCheckpoints: public,
		}))
	}
	w.closed, w.open = serve(false), serve(true)
	w.owner, w.cookie = w.account("owner@acme.example", false)
	w.log = w.project("acme")
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// account makes an account that has signed in.
func (w *world) account(email string, operator bool) (access.Session, string) {
	w.t.Helper()
	_, err := w.access.CreateAccount(w.t.Context(), access.ByOperator("test"), email, password, operator)
	w.must(err)
	session, token, err := w.access.SignIn(w.t.Context(), event.Request{IP: "192.0.2.1"}, email, password)
	w.must(err)
	return session, token
}

// project makes a project of the owner's and returns the digits of its log.
func (w *world) project(id string) string {
	w.t.Helper()
	p, err := w.projects.Create(w.t.Context(), access.ByOperator("test"), id, "", w.owner.Account.Object())
	w.must(err)
	return path.Base(p.LogID)
}

// jwt is a good token of a project's Admin API.
func (w *world) jwt(id string) string {
	w.t.Helper()
	keys, err := w.projects.Keys(w.t.Context(), id)
	w.must(err)
	text, err := w.projects.ViewPrivateKey(w.t.Context(), access.ByOperator("test"), id, keys[0].ID)
	w.must(err)
	block, _ := pem.Decode(text)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	w.must(err)
	encode := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	input := encode(fmt.Sprintf(`{"alg":"RS256","kid":%q}`, keys[0].ID)) + "." +
		encode(fmt.Sprintf(`{"aud":%q,"exp":%d}`, id, time.Now().Add(5*time.Minute).Unix()))
	sum := sha256.Sum256([]byte(input))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key.(*rsa.PrivateKey), crypto.SHA256, sum[:])
	w.must(err)
	return input + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// grow records events of acme until it has so many, and seals them.
func (w *world) grow(size int) {
	w.t.Helper()
	n, err := store.Column[int64](w.t.Context(), w.db, `SELECT count(*) FROM events WHERE project_id = 'acme'`)
	w.must(err)
	for range size - int(n[0]) {
		_, err := store.Record(w.t.Context(), w.db, storetest.Operator(), event.InProject("acme"),
			func(context.Context, *store.Tx) (event.ProjectAppRenamed, error) {
				return event.ProjectAppRenamed{Name: "acme"}, nil
			})
		w.must(err)
	}
	w.seal()
}

func (w *world) seal() {
	w.t.Helper()
	w.must(w.sealing.Finish(w.t.Context()))
	storetest.CheckLog(w.t, w.db, "acme")
}

// credential is what a caller shows.
type credential struct{ bearer, cookie string }

// get asks for a file of a log.
func (w *world) get(h http.Handler, who credential, log, file string) *httptest.ResponseRecorder {
	return w.request(h, http.MethodGet, who, "/log/"+log+"/"+file)
}

func (w *world) request(h http.Handler, method string, who credential, target string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "https://sealog.example"+target, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	if who.bearer != "" {
		r.Header.Set("Authorization", "Bearer "+who.bearer)
	}
	if who.cookie != "" {
		r.AddCookie(&http.Cookie{Name: "__Host-sealog", Value: who.cookie})
	}
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, r)
	return answer
}

func (w *world) do(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, r)
	return answer
}

// sql changes the database behind Sealog's back.
func (w *world) sql(project, statement string, args ...any) {
	w.t.Helper()
	_, err := store.Record(w.t.Context(), w.db, storetest.Operator(), event.InProject(project),
		func(ctx context.Context, tx *store.Tx) (event.ProjectAppRenamed, error) {
			_, err := tx.Exec(ctx, statement, args...)
			return event.ProjectAppRenamed{Name: project}, err
		})
	w.must(err)
}

// logOf returns the digits of a project's log.
func (w *world) logOf(id string) string {
	w.t.Helper()
	p, err := w.projects.Get(w.t.Context(), id)
	w.must(err)
	return path.Base(p.LogID)
}

func (w *world) keyOf(id string) string {
	w.t.Helper()
	keys, err := w.projects.Keys(w.t.Context(), id)
	w.must(err)
	return keys[0].ID
}

// lastDenied says of the newest access.denied in any log: project, actor, code, target.
func (w *world) lastDenied() string {
	w.t.Helper()
	var newest auditlog.Row
	for _, id := range []string{event.PortalProject, "acme", "other"} {
		page, err := auditlog.New(w.db).List(w.t.Context(), auditlog.Filter{
			Project: id, Types: []event.Type{"access.denied"}, Outcomes: []event.Outcome{event.Denied},
		}, auditlog.Paging{})
		w.must(err)
		if len(page.Rows) > 0 && page.Rows[0].CreatedAt().After(newest.CreatedAt()) {
			newest = page.Rows[0]
		}
	}
	c, err := newest.Context()
	w.must(err)
	return newest.Project + " " + newest.ActorID + " " + c.Error.Code + " " + c.Target.Kind + " " + c.Target.ID
}
