package access_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
	"github.com/sealog/sealog/internal/vault"
)

const password = "correct horse battery staple"

// world is a database with the services of this package over it, and a clock that stands
// still until it is moved.
type world struct {
	db       *store.DB
	now      time.Time
	projects *project.Service
	access   *access.Service
	refusals *access.Refusals
	log      *auditlog.Reader
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{now: time.Now().UTC().Truncate(time.Second), refusals: access.NewRefusals()}
	w.db, _ = storetest.OpenWith(t, store.Config{Now: func() time.Time { return w.now }})
	w.projects = project.New(w.db, project.Settings{PublicURL: storetest.PublicURL()})
	if err := w.projects.Bootstrap(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.access = access.New(w.db, w.projects, vault.NewPasswords(), w.refusals, slog.New(slog.DiscardHandler))
	w.log = auditlog.New(w.db)
	return w
}

func (w *world) account(t *testing.T, email string) access.Account {
	t.Helper()
	a, err := w.access.CreateAccount(t.Context(), access.ByOperator("test"), email, password, false)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (w *world) project(t *testing.T, id string, owner access.Account) project.Project {
	t.Helper()
	p, err := w.projects.Create(t.Context(), access.ByOperator("test"), id, "", owner.Object())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (w *world) signIn(t *testing.T, email string) (access.Session, string) {
	t.Helper()
	s, token, err := w.access.SignIn(t.Context(), request, email, password)
	if err != nil {
		t.Fatal(err)
	}
	return s, token
}

// types returns the types of a project's events with their outcomes, oldest first.
func (w *world) types(t *testing.T, projectID string) []string {
	t.Helper()
	page, err := w.log.List(t.Context(), auditlog.Filter{Project: projectID}, auditlog.Paging{Ascending: true})
	if err != nil {
		t.Fatal(err)
	}
	types := []string{}
	for _, r := range page.Rows {
		types = append(types, string(r.Type)+" "+r.Outcome.String())
	}
	return types
}

func (w *world) last(t *testing.T, projectID string) auditlog.Row {
	t.Helper()
	one := 1
	page, err := w.log.List(t.Context(), auditlog.Filter{Project: projectID}, auditlog.Paging{First: &one})
	if err != nil || len(page.Rows) != 1 {
		t.Fatal(err, len(page.Rows))
	}
	return page.Rows[0]
}

var request = event.Request{ID: "request-1", IP: "203.0.113.9", UserAgent: "test"}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	if !fault.Is(err, code) {
		t.Fatalf("got %v, want %s", err, code)
	}
}

func TestSetUpOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	token, err := w.access.NewSetupLink(ctx, event.BySystem("setup"))
	if err != nil {
		t.Fatal(err)
	}
	late, err := w.access.NewSetupLink(ctx, event.BySystem("setup"))
	if err != nil {
		t.Fatal(err)
	}
	wantCode(t, w.access.CheckSetupLink(ctx, event.Request{}, "wrong"), "SetupLinkInvalid")
	for range 2 { // looking does not use it up
		if err := w.access.CheckSetupLink(ctx, event.Request{}, token); err != nil {
			t.Fatal(err)
		}
	}
	_, _, err = w.access.SetUp(ctx, request, token, "first@acme.example", "short")
	wantCode(t, err, "PasswordUnfit")
	_, _, err = w.access.SetUp(ctx, request, token, "no address", password)
	wantCode(t, err, "EmailInvalid")
	session, sessionToken, err := w.access.SetUp(ctx, request, token, " First@Acme.example", password)
	if err != nil {
		t.Fatal(err)
	}
	if !session.Account.IsOperator || session.Account.Email != "first@acme.example" {
		t.Errorf("account is %+v", session.Account)
	}
	found, err := w.access.SessionByToken(ctx, sessionToken)
	if err != nil || found.Account.ID != session.Account.ID {
		t.Fatalf("the session does not work: %v", err)
	}
	for _, again := range []string{token, late} {
		_, _, err = w.access.SetUp(ctx, request, again, "second@acme.example", password)
		wantCode(t, err, "SetupLinkInvalid")
	}
	_, err = w.access.NewSetupLink(ctx, event.BySystem("setup"))
	wantCode(t, err, "SetupDone")
	got := strings.Join(w.types(t, event.PortalProject), ", ")
	want := "project.app.created succeeded, account.setup_link.created succeeded, account.setup_link.created succeeded, " +
		"account.created succeeded, account.signed_in succeeded, account.setup_link.created failed"
	if got != want {
		t.Errorf("recorded %s\nwant     %s", got, want)
	}
}

func TestSetupLinkExpires(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token, err := w.access.NewSetupLink(t.Context(), event.BySystem("setup"))
	if err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(access.SetupLifetime + time.Second)
	_, _, err = w.access.SetUp(t.Context(), request, token, "first@acme.example", password)
	wantCode(t, err, "SetupLinkInvalid")
}

func TestSignInAndOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	w.account(t, "ops@acme.example")
	for _, c := range [][2]string{{"ops@acme.example", "wrong"}, {"nobody@acme.example", password}, {"ops@acme.example", ""}} {
		_, _, err := w.access.SignIn(ctx, request, c[0], c[1])
		wantCode(t, err, "SignInFailed")
	}
	session, token := w.signIn(t, "OPS@acme.example ")
	row := w.last(t, event.PortalProject)
	c, err := row.Context()
	if err != nil {
		t.Fatal(err)
	}
	if row.Type != "account.signed_in" || c.Actor.Name != "ops@acme.example" || c.Actor.SessionID != session.ID.String() || c.IPAddress != request.IP {
		t.Errorf("recorded %s by %+v from %s", row.Type, c.Actor, c.IPAddress)
	}
	if err := w.access.SignOut(ctx, request, session); err != nil {
		t.Fatal(err)
	}
	_, err = w.access.SessionByToken(ctx, token)
	wantCode(t, err, "SessionInvalid")
	wantCode(t, w.access.SignOut(ctx, request, session), "SessionNotFound")

	// The three failures are one event, and the addresses they claimed are nowhere in it.
	w.now = w.now.Add(2 * time.Minute)
	if err := w.refusals.Record(ctx, w.db, w.now); err != nil {
		t.Fatal(err)
	}
	row = w.last(t, event.PortalProject)
	data, err := row.Data()
	if err != nil {
		t.Fatal(err)
	}
	if row.Type != "access.refused" || !strings.Contains(string(data), `"reason":"SignInFailed","count":3`) || row.ActorID != "system:access" {
		t.Errorf("recorded %s", data)
	}
	if strings.Contains(string(data), "acme.example") {
		t.Errorf("the claimed identity is in %s", data)
	}
}

func TestTriesAreLimited(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.account(t, "ops@acme.example")
	for i := range 30 {
		_, _, err := w.access.SignIn(t.Context(), request, "ops@acme.example", "wrong")
		if fault.Is(err, "TooManyTries") {
			if i < 5 {
				t.Fatalf("limited after %d tries", i)
			}
			_, _, err = w.access.SignIn(t.Context(), request, "ops@acme.example", password)
			wantCode(t, err, "TooManyTries")
			w.now = w.now.Add(2 * time.Minute)
			w.signIn(t, "ops@acme.example")
			return
		}
	}
	t.Fatal("30 tries were not limited")
}

func TestSessionsEndAndAreRevoked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	w.account(t, "ops@acme.example")
	first, firstToken := w.signIn(t, "ops@acme.example")
	second, secondToken := w.signIn(t, "ops@acme.example")
	if sessions, err := w.access.Sessions(ctx, first.Account.ID); err != nil || len(sessions) != 2 {
		t.Fatalf("%d sessions, %v", len(sessions), err)
	}
	if err := w.access.RevokeSession(ctx, request, first, second.ID); err != nil {
		t.Fatal(err)
	}
	_, err := w.access.SessionByToken(ctx, secondToken)
	wantCode(t, err, "SessionInvalid")
	stranger := w.account(t, "stranger@acme.example")
	err = w.access.RevokeSession(ctx, request, access.Session{ID: event.NewID(), Account: stranger}, first.ID)
	wantCode(t, err, "SessionNotFound")

	_, peeked := w.signIn(t, "stranger@acme.example")
	w.now = w.now.Add(access.IdleLimit - time.Minute)
	if _, err := w.access.PeekSession(ctx, peeked); err != nil {
		t.Fatal(err)
	}
	if _, err := w.access.SessionByToken(ctx, firstToken); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(2 * time.Minute) // a page left open does not keep a session alive
	_, err = w.access.PeekSession(ctx, peeked)
	wantCode(t, err, "SessionInvalid")
	for range 12 { // in use, it lives on beyond the idle limit
		w.now = w.now.Add(access.IdleLimit / 2)
		if _, err := w.access.SessionByToken(ctx, firstToken); err != nil {
			t.Fatal(err)
		}
	}
	w.now = w.now.Add(access.IdleLimit + time.Second)
	_, err = w.access.SessionByToken(ctx, firstToken)
	wantCode(t, err, "SessionInvalid")
	_, thirdToken := w.signIn(t, "ops@acme.example")
	for range 14 {
		w.now = w.now.Add(access.IdleLimit - time.Minute)
		if _, err = w.access.SessionByToken(ctx, thirdToken); err != nil {
			break
		}
	}
	w.now = w.now.Add(access.IdleLimit - time.Minute)
	_, err = w.access.SessionByToken(ctx, thirdToken)
	wantCode(t, err, "SessionInvalid") // the absolute limit
}

func TestConfirmMakesANewFreshSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	w.account(t, "ops@acme.example")
	_, token := w.signIn(t, "ops@acme.example")
	w.now = w.now.Add(access.FreshFor + time.Second)
	old, err := w.access.SessionByToken(ctx, token)
	if err != nil {
		t.Fatal(err)
	}
	if old.IsFresh(w.now) {
		t.Error("fresh after five minutes")
	}
	_, _, err = w.access.Confirm(ctx, request, old, "wrong")
	wantCode(t, err, "PasswordWrong")
	if row := w.last(t, event.PortalProject); row.Type != "account.reauthenticated" || row.Outcome != event.Denied || row.ActorID != old.Account.ID.String() {
		t.Errorf("the wrong password left %s %s by %s", row.Type, row.Outcome, row.ActorID)
	}
	fresh, newToken, err := w.access.Confirm(ctx, request, old, password)
	if err != nil {
		t.Fatal(err)
	}
	if !fresh.IsFresh(w.now) || newToken == token || !fresh.ExpiresAt.Equal(old.ExpiresAt) {
		t.Errorf("the new session is %+v", fresh)
	}
	_, err = w.access.SessionByToken(ctx, token)
	wantCode(t, err, "SessionInvalid")
}

func TestRoles(t *testing.T) {
	t.Parallel()
	want := map[access.Permission]string{
		access.Read: "VIEWER EDITOR OWNER", access.Act: "EDITOR OWNER", access.Grant: "EDITOR OWNER", access.ViewSecrets: "EDITOR OWNER",
		access.Export: "OWNER", access.Erase: "OWNER", access.SeeOutbox: "OWNER",
	}
	for _, p := range access.Permissions() {
		var may []string
		for _, r := range []access.Role{access.None, access.Viewer, access.Editor, access.Owner, "ADMIN"} {
			if r.May(p) {
				may = append(may, string(r))
			}
		}
		if got := strings.Join(may, " "); got != want[p] {
			t.Errorf("%s: %q may, want %q", p, got, want[p])
		}
	}
	if access.Owner.May("something else") {
		t.Error("an unknown permission is given")
	}
}

func TestAuthorize(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	owner := w.account(t, "owner@acme.example")
	viewer := w.account(t, "viewer@acme.example")
	w.account(t, "stranger@acme.example")
	w.project(t, "acme", owner)
	_, err := store.Record(ctx, w.db, access.ByOperator("test"), event.InProject("acme"),
		func(ctx context.Context, tx *store.Tx) (event.ProjectCollaboratorInvitationAccepted, error) {
			_, err := tx.Exec(ctx, `INSERT INTO collaborators (project_id, account_id, id, role, created_at) VALUES ($1, $2, $3, 'VIEWER', 1)`,
				"acme", viewer.ID, event.NewID())
			return event.ProjectCollaboratorInvitationAccepted{UserID: viewer.ID, Role: "viewer"}, err
		})
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		email, project string
		permission     access.Permission
		code           string
	}{
		{"owner@acme.example", "acme", access.Erase, ""},
		{"viewer@acme.example", "acme", access.Read, ""},
		{"viewer@acme.example", "acme", access.Act, "RoleTooLow"},
		{"stranger@acme.example", "acme", access.Read, "ProjectNotFound"},
		{"owner@acme.example", "nowhere", access.Read, "ProjectNotFound"},
		{"owner@acme.example", "a\x00\xffb", access.Read, "ProjectNotFound"},
		{"owner@acme.example", event.PortalProject, access.Read, "ProjectNotFound"},
	}
	for _, c := range cases {
		session, _ := w.signIn(t, c.email)
		_, err := w.access.Authorize(ctx, session, request, c.project, c.permission)
		if c.code == "" {
			if err != nil {
				t.Errorf("%s %s in %s: %v", c.email, c.permission, c.project, err)
			}
			continue
		}
		if !fault.Is(err, c.code) {
			t.Errorf("%s %s in %s: got %v, want %s", c.email, c.permission, c.project, err, c.code)
		}
		log := event.PortalProject // where strangers are recorded, who have no part in the project
		if c.code == "RoleTooLow" {
			log = c.project
		}
		if row := w.last(t, log); row.Type != "access.denied" || row.Outcome != event.Denied || row.ActorID != session.Account.ID.String() {
			t.Errorf("%s %s in %s left %s %s", c.email, c.permission, c.project, row.Type, row.Outcome)
		}
	}
}

func TestOperatorsReadThePortalsLog(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if _, err := w.access.CreateAccount(t.Context(), access.ByOperator("test"), "root@acme.example", password, true); err != nil {
		t.Fatal(err)
	}
	session, _ := w.signIn(t, "root@acme.example")
	if role, err := w.access.Authorize(t.Context(), session, request, event.PortalProject, access.Read); err != nil || role != access.Viewer {
		t.Errorf("role %q, %v", role, err)
	}
	_, err := w.access.Authorize(t.Context(), session, request, event.PortalProject, access.Act)
	wantCode(t, err, "RoleTooLow")
}

func TestWhatCouldNotBeWrittenIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.refusals.Count(event.PortalProject, "SignInFailed", "192.0.2.1", w.now)
	w.now = w.now.Add(2 * time.Minute)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.refusals.Record(gone, w.db, w.now); err == nil {
		t.Fatal("recorded although the context has ended")
	}
	w.refusals.Count(event.PortalProject, "SignInFailed", "192.0.2.1", w.now.Add(-2*time.Minute))
	for range 2 {
		if err := w.refusals.Record(t.Context(), w.db, w.now); err != nil {
			t.Fatal(err)
		}
	}
	row := w.last(t, event.PortalProject)
	data, err := row.Data()
	if err != nil || row.Type != "access.refused" || !strings.Contains(string(data), `"total":2`) {
		t.Errorf("%s, %v", data, err)
	}
	if n := strings.Count(strings.Join(w.types(t, event.PortalProject), " "), "access.refused succeeded"); n != 1 {
		t.Errorf("%d events", n)
	}
}

// TestFloodingALimitForgetsNothing tries, from an address that is refused already, very many
// other names, and looks whether the first is still limited.
func TestFloodingALimitForgetsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.account(t, "ops@acme.example")
	limited := func(email, password string) bool {
		_, _, err := w.access.SignIn(t.Context(), request, email, password)
		return fault.Is(err, "TooManyTries")
	}
	for n := 0; !limited("ops@acme.example", "wrong"); n++ {
		if n > 40 {
			t.Fatal("never limited")
		}
	}
	for n := 0; !limited(fmt.Sprintf("name%d@acme.example", n), "wrong"); n++ {
		if n > 60 {
			t.Fatal("the address is never limited")
		}
	}
	for n := range 10_100 {
		if !limited(fmt.Sprintf("other%d@acme.example%s", n, strings.Repeat("x", n%2*1000)), "wrong") {
			t.Fatalf("let through after %d", n)
		}
	}
	if !limited("ops@acme.example", password) {
		t.Error("the flood has lifted the limit")
	}
	// Who comes from elsewhere is not kept out by it.
	elsewhere := request
	elsewhere.IP = "2001:db8::1"
	if _, _, err := w.access.SignIn(t.Context(), elsewhere, "ops@acme.example", password); err != nil {
		t.Errorf("the owner is kept out: %v", err)
	}
	for _, name := range []string{"a\x00b@acme.example", "\xff@acme.example", strings.Repeat("x", 1<<20)} {
		elsewhere.IP = "2001:db8:1::" + fmt.Sprint(len(name)%10)
		if _, _, err := w.access.SignIn(t.Context(), elsewhere, name, password); !fault.Is(err, "SignInFailed") {
			t.Errorf("%.20q: %v", name, err)
		}
	}
}

func TestOneFirstAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tokens := make([]string, 4)
	for i := range tokens {
		token, err := w.access.NewSetupLink(t.Context(), event.BySystem("setup"))
		if err != nil {
			t.Fatal(err)
		}
		tokens[i] = token
	}
	var wg sync.WaitGroup
	var won atomic.Int32
	for i, token := range tokens {
		wg.Go(func() {
			_, _, err := w.access.SetUp(t.Context(), request, token, fmt.Sprintf("first%d@acme.example", i), password)
			if err == nil {
				won.Add(1)
			} else if !fault.Is(err, "SetupLinkInvalid") {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("%d first accounts", won.Load())
	}
}
