package logapi_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
)

func halt(ctx context.Context, b *store.Book) error {
	_, err := b.Exec(ctx, `UPDATE logs SET halted = 'behind' WHERE project_id = 'acme'`)
	return err
}

// TestWhoMayRead is the table of callers, files and the setting.
func TestWhoMayRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const ok, unknown, forbidden, gone = http.StatusOK, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound
	stranger, strangersCookie := w.account("stranger@elsewhere.example", false)
	viewer, viewersCookie := w.account("viewer@acme.example", false)
	_, operatorsCookie := w.account("operator@sealog.example", false)
	w.sql(event.PortalProject, `UPDATE accounts SET is_operator = TRUE WHERE email = 'operator@sealog.example'`)
	w.sql("acme", `INSERT INTO collaborators (id, project_id, account_id, role, created_at) VALUES ($1, 'acme', $2, 'VIEWER', 0)`, event.NewID(), viewer.Account.ID)
	personal := func(s access.Session) string {
		token, _, err := w.access.NewPersonalToken(t.Context(), event.Request{IP: "192.0.2.1"}, s, "tiles", access.ReadScope, 1)
		w.must(err)
		return token
	}
	w.project("other")
	jwt, othersJWT := w.jwt("acme"), w.jwt("other")
	w.seal()
	portal := w.logOf(event.PortalProject)
	nowhere := strings.Repeat("0", 32)
	for _, c := range []struct {
		name string
		who  credential
		// read of acme's log, of the Portal's, and of none at all
		acme, portal, none int
	}{
		{"nobody", credential{}, unknown, unknown, unknown},
		{"a collaborator", credential{cookie: w.cookie}, ok, forbidden, forbidden},
		{"a viewer", credential{cookie: viewersCookie}, ok, forbidden, forbidden},
		{"a collaborator's token", credential{bearer: personal(w.owner)}, ok, forbidden, forbidden},
		{"the project's program", credential{bearer: jwt}, ok, forbidden, forbidden},
		{"an operator", credential{cookie: operatorsCookie}, forbidden, ok, forbidden},
		{"a stranger", credential{cookie: strangersCookie}, forbidden, forbidden, forbidden},
		{"a stranger's token", credential{bearer: personal(stranger)}, forbidden, forbidden, forbidden},
		{"another project's program", credential{bearer: othersJWT}, forbidden, forbidden, forbidden},
		{"no session", credential{cookie: "x"}, unknown, unknown, unknown},
		{"no token", credential{bearer: "x"}, forbidden, forbidden, forbidden},
		{"no personal token", credential{bearer: access.TokenPrefix + "x"}, unknown, unknown, unknown},
		{"a spoilt token", credential{bearer: jwt[:len(jwt)-4] + "AAAA"}, forbidden, forbidden, forbidden},
		// A token is looked at, and a cookie beside it is not.
		{"no token, and a session", credential{bearer: "x", cookie: w.cookie}, forbidden, forbidden, forbidden},
	} {
		for _, file := range []string{"checkpoint", "tile/0/000.p/1", "tile/entries/000.p/1"} {
			for log, want := range map[string]int{w.log: c.acme, portal: c.portal, nowhere: c.none} {
				closed := w.get(w.closed, c.who, log, file)
				if closed.Code != want {
					t.Errorf("%s, %s: %d %s, want %d", c.name, file, closed.Code, closed.Body, want)
				}
				if none := w.get(w.closed, c.who, nowhere, file); want != ok {
					if diff := cmp.Diff(none.Body.String()+none.Result().Status, closed.Body.String()+closed.Result().Status); diff != "" {
						t.Errorf("%s, %s: one can tell that there is a log: %s", c.name, file, diff)
					}
				}
				switch {
				case file == "tile/entries/000.p/1": // never open
				case log == nowhere:
					want = gone
				default:
					want = ok
				}
				if open := w.get(w.open, c.who, log, file); open.Code != want {
					t.Errorf("%s, %s, open to everybody: %d %s, want %d", c.name, file, open.Code, open.Body, want)
				}
			}
		}
	}
}

// TestRefusals: strangers are counted, and who is known leaves an event where they belong.
func TestRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	stranger, cookie := w.account("stranger@elsewhere.example", false)
	w.project("other")
	jwt := w.jwt("other")
	nowhere := strings.Repeat("0", 32)
	for _, c := range []struct {
		who  credential
		log  string
		want string // project, actor, code, target
	}{
		{credential{cookie: cookie}, w.log, "_portal " + stranger.Account.ID.String() + " ProjectNotFound project acme"},
		{credential{cookie: cookie}, nowhere, "_portal " + stranger.Account.ID.String() + " Forbidden log " + nowhere},
		{credential{bearer: jwt}, w.log, "other " + w.keyOf("other") + " Forbidden log " + w.log},
	} {
		if got := w.get(w.closed, c.who, c.log, "checkpoint"); got.Code != http.StatusForbidden {
			t.Errorf("%d %s", got.Code, got.Body)
		}
		if diff := cmp.Diff(c.want, w.lastDenied()); diff != "" {
			t.Error(diff)
		}
	}
	for _, who := range []credential{{}, {cookie: "x"}, {bearer: "x"}, {bearer: access.TokenPrefix + "x"}} {
		w.get(w.closed, who, w.log, "checkpoint")
	}
	w.must(w.refusals.Record(t.Context(), w.db, time.Now().Add(time.Hour)))
	page, err := auditlog.New(w.db).List(t.Context(), auditlog.Filter{Project: event.PortalProject, Types: []event.Type{"access.refused"}}, auditlog.Paging{})
	w.must(err)
	var text string
	for _, row := range page.Rows {
		data, err := row.Data()
		w.must(err)
		text += string(data)
	}
	for _, code := range []string{"TokenMissing", "SessionInvalid", "TokenMalformed", "PersonalTokenInvalid"} {
		if !strings.Contains(text, `"reason":"`+code+`"`) {
			t.Errorf("%s is not counted: %s", code, text)
		}
	}
}

// TestTooManyRequests: an account and an address that ask without end are told to wait.
func TestTooManyRequests(t *testing.T) {
	t.Parallel()
	now := time.Now() // and it stays so, however slow this machine is
	db, _ := storetest.OpenWith(t, store.Config{Now: func() time.Time { return now }})
	w := newWorldOn(t, db)
	w.grow(2)
	for name, ask := range map[string]func() (int, string){
		"account": func() (int, string) {
			got := w.get(w.closed, credential{cookie: w.cookie}, w.log, "checkpoint")
			return got.Code, got.Header().Get("Retry-After")
		},
		"address": func() (int, string) {
			got := w.get(w.open, credential{}, w.log, "checkpoint")
			return got.Code, got.Header().Get("Retry-After")
		},
	} {
		limited := false
		for range 500 {
			if code, after := ask(); code == http.StatusTooManyRequests && after == "1" {
				limited = true
				break
			}
		}
		if !limited {
			t.Errorf("an %s may ask without end", name)
		}
	}
}
