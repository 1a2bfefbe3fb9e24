package enduser

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sealog/sealog/internal/directory"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/limit"
	"github.com/sealog/sealog/internal/session"
	"github.com/sealog/sealog/internal/settings"
	"github.com/sealog/sealog/internal/web"
)

// oauthError is an error as RFC 6749, section 5.2, writes it.
type oauthError struct {
	status int
	Code   string `json:"error"`
	Text   string `json:"error_description"`
}

// Error implements error.
func (e *oauthError) Error() string { return e.Code + ": " + e.Text }

// errorBody is how other errors are written.
type errorBody struct {
	Error errorText `json:"error"`
}

type errorText struct {
	Name    string `json:"name"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
	Code    int    `json:"code"`
	Info    any    `json:"info,omitempty"`
}

// api answers an error with JSON.
func (h *handler) api(next web.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := web.BoundBody(w, r, limit.BodyOfStranger)
		if err == nil {
			err = next(w, r)
		}
		if err == nil {
			return
		}
		if refused, ok := errors.AsType[*oauthError](err); ok {
			if refused.status == http.StatusUnauthorized {
				w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer error=%q, error_description=%q`, refused.Code, refused.Text))
			}
			err = writeJSON(w, refused.status, refused)
		} else {
			f := h.note(r, err)
			status := web.Status(f.Kind)
			if f.Kind == fault.Exhausted {
				w.Header().Set("Retry-After", "3")
			}
			err = writeJSON(w, status, errorBody{errorText{f.Kind.String(), f.Code, f.Message, status, f.Info}})
		}
		if err != nil {
			h.note(r, err)
		}
	})
}

func writeJSON(w http.ResponseWriter, status int, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("enduser: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Pragma", "no-cache")
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n')) // a client that has left needs no answer
	return nil
}

// good finds the session of a token and its user, if both are good now. Where the request's
// host belongs to a project, they must be of that project.
func (h *handler) good(r *http.Request, token string) (session.Token, directory.User, bool, error) {
	t, ok, err := h.Sessions.Lookup(r.Context(), token)
	if err != nil || !ok {
		return t, directory.User{}, false, err
	}
	if at, known, err := h.Projects.ByHost(r.Context(), web.Request(r).Host); err != nil || known && at != t.Session.Project {
		return t, directory.User{}, false, err
	}
	user, err := h.Directory.Get(r.Context(), t.Session.Project, t.Session.UserID)
	if fault.Is(err, "UserNotFound") {
		return t, user, false, nil
	}
	// A period can have begun since the session was made.
	return t, user, err == nil && !user.Disabled(h.Now()), err
}

// userinfo tells an application about the user whose access token it shows (OpenID Connect
// Core 1.0, section 5.3).
func (h *handler) userinfo(w http.ResponseWriter, r *http.Request) error {
	if err := h.admitProgram(web.Request(r)); err != nil {
		return err
	}
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	t, user, good, err := h.good(r, token)
	if err != nil {
		return err
	}
	if !ok || !good || t.IsRefresh {
		return h.countWrong(t.Session.Project, "AccessTokenInvalid", web.Request(r),
			&oauthError{http.StatusUnauthorized, "invalid_token", "The access token is wrong or not good any more."})
	}
	if err := h.Sessions.Seen(r.Context(), t.Session, web.Request(r).IP); err != nil {
		return err
	}
	claims := map[string]json.RawMessage{}
	if err := json.Unmarshal(user.ShownAttributes(), &claims); err != nil {
		return fmt.Errorf("enduser: attributes of %s: %w", user.ID, err)
	}
	for name, v := range map[string]any{
		"sub": user.ID, "custom_attributes": user.CustomAttributes,
		"https://authgear.com/claims/user/is_verified":        len(user.VerifiedClaims) > 0,
		"https://authgear.com/claims/user/is_anonymous":       user.IsAnonymous,
		"https://authgear.com/claims/user/can_reauthenticate": user.HasPassword,
	} {
		if claims[name], err = json.Marshal(v); err != nil {
			return fmt.Errorf("enduser: %w", err)
		}
	}
	return writeJSON(w, http.StatusOK, claims)
}

// introspection is what is told of a token (RFC 7662, section 2.2).
type introspection struct {
	Active    bool   `json:"active"`
	Scope     string `json:"scope,omitempty"`
	ClientID  string `json:"client_id,omitempty"`
	TokenType string `json:"token_type,omitempty"`
	Subject   string `json:"sub,omitempty"`
	ExpiresAt int64  `json:"exp,omitempty"`
	IssuedAt  int64  `json:"iat,omitempty"`
}

// introspect tells a server whether a token of its own project is good. The server shows an
// Admin API token of the project.
func (h *handler) introspect(w http.ResponseWriter, r *http.Request) error {
	if err := h.admitProgram(web.Request(r)); err != nil {
		return err
	}
	caller, err := h.Access.VerifyToken(r.Context(), r.Header.Get("Authorization"), web.Request(r))
	if err != nil {
		if kind := fault.Of(err).Kind; kind == fault.Unauthenticated || kind == fault.Denied {
			// Package access has counted or recorded it.
			_ = h.wrong.Take(limit.Neighbourhood(web.Request(r).IP), limit.WrongFromAddress, h.Now())
			return &oauthError{http.StatusUnauthorized, "invalid_client", "Show an Admin API token of the project."}
		}
		return err
	}
	if err := web.ParseForm(r); fault.Is(err, "FormMalformed") {
		return &oauthError{http.StatusBadRequest, "invalid_request", fault.Of(err).Message}
	} else if err != nil {
		return err
	}
	if r.PostForm.Get("token") == "" {
		return &oauthError{http.StatusBadRequest, "invalid_request", "The parameter token is missing."}
	}
	t, user, good, err := h.good(r, r.PostForm.Get("token"))
	if err != nil {
		return err
	}
	if !good || t.Session.Project != caller.Project.ID {
		return writeJSON(w, http.StatusOK, introspection{})
	}
	answer := introspection{
		Active: true, Scope: strings.Join(t.Session.Scopes, " "), Subject: user.ID.String(),
		ExpiresAt: t.ExpiresAt.Unix(), IssuedAt: t.IssuedAt.Unix(),
	}
	if t.Session.ClientID != nil {
		answer.ClientID = *t.Session.ClientID
	}
	if !t.IsRefresh {
		answer.TokenType = "Bearer"
	}
	return writeJSON(w, http.StatusOK, answer)
}

// tokens is a new access token (RFC 6749, section 5.1).
type tokens struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int    `json:"expires_in"`
	Scope       string `json:"scope"`
}

// clientOf reads who the client is and its secret, from the header or the form (RFC 6749,
// section 2.3.1).
func clientOf(r *http.Request) (id, secret string) {
	if id, secret, ok := r.BasicAuth(); ok {
		id, err := url.QueryUnescape(id)
		word, err2 := url.QueryUnescape(secret)
		if err != nil || err2 != nil {
			return "", ""
		}
		return id, word
	}
	return r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
}

// token gives an application another access token for its refresh token (RFC 6749, section 6).
func (h *handler) token(w http.ResponseWriter, r *http.Request) error {
	if err := h.admitProgram(web.Request(r)); err != nil {
		return err
	}
	if err := web.ParseForm(r); fault.Is(err, "FormMalformed") {
		return &oauthError{http.StatusBadRequest, "invalid_request", fault.Of(err).Message}
	} else if err != nil {
		return err
	}
	if r.PostForm.Get("grant_type") != "refresh_token" {
		return &oauthError{http.StatusBadRequest, "unsupported_grant_type", "Only refresh_token is supported."}
	}
	t, client, err := h.grant(r)
	if err != nil {
		return err
	}
	if err := h.refreshes.Take(t.Session.ID.String(), limit.RefreshesOfSession, h.Now()); err != nil {
		return h.count(t.Session.Project, web.Request(r), err)
	}
	lifetime := time.Duration(client.AccessTokenLifetimeSeconds) * time.Second
	made, err := h.Sessions.Renew(r.Context(), t.Session, web.Request(r).IP, lifetime)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, tokens{made, "Bearer", client.AccessTokenLifetimeSeconds, strings.Join(t.Session.Scopes, " ")})
}

// grant finds the refresh token of a request and the client that shows it, if both are good.
func (h *handler) grant(r *http.Request) (session.Token, settings.Client, error) {
	req := web.Request(r)
	t, _, good, err := h.good(r, r.PostForm.Get("refresh_token"))
	if err != nil {
		return t, settings.Client{}, err
	}
	if !good || !t.IsRefresh || t.Session.ClientID == nil {
		return t, settings.Client{}, h.countWrong(t.Session.Project, "RefreshTokenInvalid", req,
			&oauthError{http.StatusBadRequest, "invalid_grant", "The refresh token is wrong or not good any more."})
	}
	p, err := h.Projects.Get(r.Context(), t.Session.Project)
	if err != nil {
		return t, settings.Client{}, err
	}
	client, ok := p.Config.Client(*t.Session.ClientID)
	id, secret := clientOf(r)
	if !ok || id != client.ClientID {
		return t, client, h.countWrong(p.ID, "ClientWrong", req,
			&oauthError{http.StatusBadRequest, "invalid_client", "The client is not the one that has the refresh token."})
	}
	if ok, err := h.Projects.ClientSecretMatches(r.Context(), p.ID, id, secret); err != nil {
		return t, client, err
	} else if !ok {
		return t, client, h.countWrong(p.ID, "ClientSecretWrong", req,
			&oauthError{http.StatusUnauthorized, "invalid_client", "The client's secret is wrong or missing."})
	}
	return t, client, nil
}
