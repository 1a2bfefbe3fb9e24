package access_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/event"
)

func TestPersonalTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	account := w.account(t, "ops@acme.example")
	w.project(t, "acme", account)
	session, _ := w.signIn(t, "ops@acme.example")
	for _, c := range []struct {
		name  string
		scope access.Scope
		days  int
		code  string
	}{
		{"", access.ReadScope, 1, "TokenNameInvalid"}, {strings.Repeat("x", 81), access.ReadScope, 1, "TokenNameInvalid"},
		{"ci", "ALL", 1, "TokenScopeInvalid"}, {"ci", "", 1, "TokenScopeInvalid"},
		{"ci", access.ReadScope, 0, "TokenDaysInvalid"}, {"ci", access.ReadScope, 366, "TokenDaysInvalid"},
	} {
		_, _, err := w.access.NewPersonalToken(t.Context(), request, session, c.name, c.scope, c.days)
		wantCode(t, err, c.code)
	}
	// What each scope lets an owner do.
	may := map[access.Scope]string{
		access.ReadScope: "read", access.ActScope: "read act", access.SecretsScope: "read act grant view_secrets export erase see_outbox",
	}
	for scope, want := range may {
		token, made, err := w.access.NewPersonalToken(t.Context(), request, session, "ci "+string(scope), scope, 30)
		if err != nil || !strings.HasPrefix(token, "sealog_pat_") || len(token) != len("sealog_pat_")+43 {
			t.Fatalf("%q, %v", token, err)
		}
		by, err := w.access.SessionByPersonalToken(t.Context(), request, token)
		if err != nil || by.TokenID != made.ID || by.Account.ID != account.ID || by.Scope != scope {
			t.Fatalf("%+v, %v", by, err)
		}
		if actor := by.By(request).Actor; actor.TokenID != made.ID.String() || actor.SessionID != "" || actor.ID != account.ID.String() {
			t.Errorf("the actor is %+v", actor)
		}
		var got []string
		for _, p := range access.Permissions() {
			if _, err := w.access.Authorize(t.Context(), by, request, "acme", p); err == nil {
				got = append(got, string(p))
			} else {
				wantCode(t, err, "ScopeTooNarrow")
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s may %v, want %s", scope, got, want)
		}
		if by.IsFresh(w.now) != (scope == access.SecretsScope) {
			t.Errorf("%s: fresh %v", scope, by.IsFresh(w.now))
		}
		if scope != access.ReadScope {
			_, _, err = w.access.MintToken(t.Context(), by, request, "acme", "test")
			wantCode(t, err, "SessionRequired")
		}
		_, _, err = w.access.NewPersonalToken(t.Context(), request, by, "another", access.ReadScope, 1)
		wantCode(t, err, "SessionRequired")
	}
	all, err := w.access.PersonalTokens(t.Context(), account.ID)
	if err != nil || len(all) != 3 || all[0].LastUsedAt == nil {
		t.Fatalf("%+v, %v", all, err)
	}
	w.now = w.now.Add(access.FreshFor + time.Second)
	_, _, err = w.access.NewPersonalToken(t.Context(), request, session, "late", access.SecretsScope, 1)
	wantCode(t, err, "NotFresh")

	token, made, err := w.access.NewPersonalToken(t.Context(), request, session, "short", access.ReadScope, 1)
	if err != nil {
		t.Fatal(err)
	}
	other, _ := w.access.CreateAccount(t.Context(), access.ByOperator("test"), "other@acme.example", password, false)
	wantCode(t, w.access.RevokePersonalToken(t.Context(), request, access.Session{Account: other}, made.ID), "TokenNotFound")
	if err := w.access.RevokePersonalToken(t.Context(), request, session, made.ID); err != nil {
		t.Fatal(err)
	}
	wantCode(t, w.access.RevokePersonalToken(t.Context(), request, session, made.ID), "TokenNotFound")
	_, err = w.access.SessionByPersonalToken(t.Context(), request, token)
	wantCode(t, err, "SessionInvalid")
	token, _, err = w.access.NewPersonalToken(t.Context(), request, session, "day", access.ReadScope, 1)
	if err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(24*time.Hour + time.Second)
	_, err = w.access.SessionByPersonalToken(t.Context(), request, token)
	wantCode(t, err, "SessionInvalid")
	for i := range 25 {
		_, _, err = w.access.NewPersonalToken(t.Context(), request, session, fmt.Sprint("n", i), access.ReadScope, 1)
		if err != nil {
			break
		}
	}
	wantCode(t, err, "TokenLimitReached")
	got := strings.Join(w.types(t, event.PortalProject), ", ")
	if strings.Count(got, "account.access_token.revoked succeeded") != 1 || strings.Count(got, "account.access_token.revoked failed") != 2 {
		t.Errorf("the log has %s", got)
	}
}

func TestSignUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.account(t, "ops@acme.example")
	session, token, err := w.access.SignUp(t.Context(), request, "kim@acme.example", password)
	if err != nil || session.Account.IsOperator {
		t.Fatalf("%+v, %v", session.Account, err)
	}
	if _, err := w.access.SessionByToken(t.Context(), token); err != nil {
		t.Error(err)
	}
	_, _, err = w.access.SignUp(t.Context(), request, "kim@acme.example", password)
	wantCode(t, err, "AccountExists")
	_, _, err = w.access.SignUp(t.Context(), request, "lee@acme.example", "short")
	wantCode(t, err, "PasswordUnfit")
	_, _, err = w.access.SignUp(t.Context(), request, "lee", password)
	wantCode(t, err, "EmailInvalid")
}
