package enduser_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/directory"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/limit"
	"github.com/sealog/sealog/internal/storetest"
)

// TestStrangersAreCountedAndLimited: each endpoint that takes a token or secret counts the wrong ones,
// and turns a /64 away that has shown too many, whichever of its addresses they come from.
func TestStrangersAreCountedAndLimited(t *testing.T) {
	t.Parallel()
	refresh := func(w *world, token, client string) *http.Request {
		form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}, "client_id": {client}, "client_secret": {"wrong"}}
		r := httptest.NewRequest(http.MethodPost, "/oauth2/token", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return r
	}
	bearer := func(method, path string) *http.Request {
		r := httptest.NewRequest(method, path, nil)
		r.Header.Set("Authorization", "Bearer wrong")
		return r
	}
	for name, c := range map[string]struct {
		reason  string
		request func(w *world, good directory.Tokens) *http.Request
	}{
		"userinfo":      {"AccessTokenInvalid", func(*world, directory.Tokens) *http.Request { return bearer(http.MethodGet, "/oauth2/userinfo") }},
		"introspect":    {"TokenMalformed", func(*world, directory.Tokens) *http.Request { return bearer(http.MethodPost, "/oauth2/introspect") }},
		"token":         {"RefreshTokenInvalid", func(w *world, _ directory.Tokens) *http.Request { return refresh(w, "a.wrong", "shop") }},
		"client":        {"ClientWrong", func(w *world, good directory.Tokens) *http.Request { return refresh(w, good.RefreshToken, "other") }},
		"client secret": {"ClientSecretWrong", func(w *world, good directory.Tokens) *http.Request { return refresh(w, good.RefreshToken, "shop") }},
		"link":          {"ResetLinkInvalid", func(*world, directory.Tokens) *http.Request { return bearer(http.MethodGet, "/reset-password?token=a") }},
		"verification page": {"CodeInvalid", func(*world, directory.Tokens) *http.Request {
			r := httptest.NewRequest(http.MethodPost, "/verify", strings.NewReader("project=acme&target=kim@example.org&code=1"))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			return r
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			good := w.tokens()
			change, err := w.projects.NewClientSecret(w.p, "shop")
			if err != nil {
				t.Fatal(err)
			}
			if err := w.projects.ChangeSecret(t.Context(), storetest.Operator(), "acme", change, nil); err != nil {
				t.Fatal(err)
			}
			last := 0
			for i := range 100 {
				r := c.request(w, good)
				r.RemoteAddr = fmt.Sprintf("[2001:db8::%x]:443", i)
				last = w.send(r).Code
			}
			if last != http.StatusTooManyRequests {
				t.Errorf("after 100 from one /64: %d", last)
			}
			r := c.request(w, good)
			r.RemoteAddr = "[2001:db8:0:1::1]:443"
			if code := w.send(r).Code; code == http.StatusTooManyRequests {
				t.Error("another /64 is turned away, too")
			}
			if err := w.refusals.Record(t.Context(), w.db, w.db.Now().Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
			var counted []string
			for _, projectID := range []string{"acme", event.PortalProject} {
				page, err := auditlog.New(w.db).List(t.Context(), auditlog.Filter{Project: projectID, Types: []event.Type{event.AccessRefused{}.Type()}}, auditlog.Paging{})
				if err != nil {
					t.Fatal(err)
				}
				for _, row := range page.Rows {
					data, err := row.Data()
					if err != nil {
						t.Fatal(err)
					}
					counted = append(counted, string(data))
				}
			}
			if all := strings.Join(counted, " "); !strings.Contains(all, `"`+c.reason+`"`) || !strings.Contains(all, `"RateLimited"`) {
				t.Errorf("access.refused has %s; want %s and RateLimited", all, c.reason)
			}
		})
	}
}

// TestAccessTokensOfOneSession: one more than the bound ends the oldest.
func TestAccessTokensOfOneSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.tokens()
	var made []string
	for range limit.AccessTokensLiving {
		answer := w.post("/oauth2/token", "", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {first.RefreshToken}, "client_id": {"shop"}})
		var body struct {
			AccessToken string `json:"access_token"`
		}
		if err := json.Unmarshal(answer.Body.Bytes(), &body); err != nil || answer.Code != http.StatusOK {
			t.Fatal(answer.Code, err)
		}
		made = append(made, body.AccessToken)
	}
	if code := w.get("/oauth2/userinfo", first.AccessToken).Code; code != http.StatusUnauthorized {
		t.Errorf("the oldest: %d", code)
	}
	for i, token := range made {
		if code := w.get("/oauth2/userinfo", token).Code; code != http.StatusOK {
			t.Errorf("%d: %d", i, code)
		}
	}
}
