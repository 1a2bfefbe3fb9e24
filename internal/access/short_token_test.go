package access_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jws"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/store"
)

// minted is a world in which an account has a token for the project acme.
type minted struct {
	*world
	session access.Session
	header  string
}

func newMinted(t *testing.T) minted {
	t.Helper()
	w := newWorld(t)
	w.project(t, "acme", w.account(t, "owner@acme.example"))
	session, _ := w.signIn(t, "owner@acme.example")
	m := minted{world: w, session: session}
	m.header = m.mint(t)
	return m
}

func (m minted) mint(t *testing.T) string {
	t.Helper()
	token, expiresAt, err := m.access.MintToken(t.Context(), m.session, request, "acme", "explorer")
	if err != nil {
		t.Fatal(err)
	}
	if !expiresAt.Equal(m.now.Add(5 * time.Minute)) {
		t.Errorf("the token expires at %s, it is %s", expiresAt, m.now)
	}
	return "Bearer " + token
}

// works checks that the token is taken for its account's.
func (m minted) works(t *testing.T) {
	t.Helper()
	caller, err := m.access.VerifyToken(t.Context(), m.header, request)
	if err != nil {
		t.Fatal(err)
	}
	want := m.session.By(request).Actor
	if caller.Project.ID != "acme" || caller.By.Actor != want || caller.By.Surface != event.ViaAdminAPI || caller.By.Claimed != nil {
		t.Errorf("the caller is %+v", caller.By)
	}
}

// refused checks that the token is not taken, and that this is on the record.
func (m minted) refused(t *testing.T, code string) {
	t.Helper()
	_, err := m.access.VerifyToken(t.Context(), m.header, request)
	wantCode(t, err, code)
	row := m.last(t, "acme")
	c, err := row.Context()
	if err != nil {
		t.Fatal(err)
	}
	if row.Type != "access.denied" || row.Outcome != event.Denied || c.Actor != m.session.By(request).Actor || c.Error == nil || c.Error.Code != code {
		t.Errorf("recorded %s %s by %+v for %+v", row.Type, row.Outcome, c.Actor, c.Error)
	}
}

func (m minted) become(t *testing.T, role access.Role) {
	t.Helper()
	_, err := store.Record(t.Context(), m.db, access.ByOperator("test"), event.InProject("acme"),
		func(ctx context.Context, tx *store.Tx) (event.ProjectCollaboratorDeleted, error) {
			_, err := tx.Exec(ctx, `UPDATE collaborators SET role = $1 WHERE project_id = $2`, string(role), "acme")
			return event.ProjectCollaboratorDeleted{}, err
		})
	if err != nil {
		t.Fatal(err)
	}
}

func TestMintToken(t *testing.T) {
	t.Parallel()
	m := newMinted(t)
	row := m.last(t, "acme")
	if row.Type != "project.admin_api_token.created" || row.ActorID != m.session.Account.ID.String() || row.Outcome != event.Succeeded {
		t.Errorf("recorded %s %s by %s", row.Type, row.Outcome, row.ActorID)
	}
	m.works(t)

	message, err := jws.ParseString(strings.TrimPrefix(m.header, "Bearer "))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := m.projects.Keys(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	if kid, _ := message.Signatures()[0].ProtectedHeaders().KeyID(); kid != keys[0].ID {
		t.Errorf("signed by %q", kid)
	}
	var got struct {
		Audience     []string          `json:"aud"`
		IssuedAt     int64             `json:"iat"`
		ExpiresAt    int64             `json:"exp"`
		ID           string            `json:"jti"`
		AuditContext map[string]string `json:"audit_context"`
	}
	if err := json.Unmarshal(message.Payload(), &got); err != nil {
		t.Fatal(err)
	}
	if strings.Join(got.Audience, " ") != "acme" || got.IssuedAt != m.now.Unix() || got.ExpiresAt-got.IssuedAt != 300 ||
		got.AuditContext["usage"] != "explorer" || got.AuditContext["actor_user_id"] != m.session.Account.ID.String() {
		t.Errorf("the token says %s", message.Payload())
	}
	if data, err := row.Data(); err != nil || strings.Contains(string(data), got.ID) {
		t.Errorf("the log holds the token's id (%v): %s", err, data)
	}
}

func TestAMintedTokenEndsWithTheSession(t *testing.T) {
	t.Parallel()
	m := newMinted(t)
	if err := m.access.SignOut(t.Context(), request, m.session); err != nil {
		t.Fatal(err)
	}
	m.refused(t, "TokenRevoked")
}

func TestAMintedTokenEndsWhenTheSessionIsIdle(t *testing.T) {
	t.Parallel()
	m := newMinted(t)
	m.now = m.now.Add(access.IdleLimit - time.Minute)
	m.header = m.mint(t)
	m.works(t)
	m.now = m.now.Add(2 * time.Minute)
	m.refused(t, "TokenRevoked")
}

func TestAMintedTokenEndsWithTheRole(t *testing.T) {
	t.Parallel()
	m := newMinted(t)
	m.become(t, access.Viewer)
	m.refused(t, "TokenRevoked")
	_, _, err := m.access.MintToken(t.Context(), m.session, request, "acme", "explorer")
	wantCode(t, err, "RoleTooLow")
	if row := m.last(t, "acme"); row.Type != "access.denied" || row.Outcome != event.Denied || row.ActorID != m.session.Account.ID.String() {
		t.Errorf("recorded %s %s by %s", row.Type, row.Outcome, row.ActorID)
	}
	m.become(t, access.Editor)
	m.works(t)
}

func TestAMintedTokenExpires(t *testing.T) {
	t.Parallel()
	m := newMinted(t)
	m.now = m.now.Add(5*time.Minute - time.Second)
	m.works(t)
	m.now = m.now.Add(time.Second)
	for range 2 { // sweeping does not make it a token of the key
		m.refused(t, "TokenExpired")
		if err := access.SweepTokens(t.Context(), m.db, m.now); err != nil {
			t.Fatal(err)
		}
	}
	m.now = m.now.Add(2 * time.Hour)
	if err := access.SweepTokens(t.Context(), m.db, m.now); err != nil {
		t.Fatal(err)
	}
	if left, err := store.Column[int64](t.Context(), m.db, `SELECT count(*) FROM admin_api_tokens`); err != nil || left[0] != 0 {
		t.Errorf("%d rows are left (%v)", left, err)
	}
	_, err := m.access.VerifyToken(t.Context(), m.header, request)
	wantCode(t, err, "TokenExpired")
}

// TestNoKeyPassesForAnAccount: who has the key, and reads in the log which tokens there are,
// still acts as the key.
func TestNoKeyPassesForAnAccount(t *testing.T) {
	t.Parallel()
	m := newMinted(t)
	data, err := m.last(t, "acme").Data()
	if err != nil {
		t.Fatal(err)
	}
	var made struct {
		Payload struct {
			TokenID string `json:"token_id"`
		}
	}
	if err := json.Unmarshal(data, &made); err != nil || made.Payload.TokenID == "" {
		t.Fatalf("%v in %s", err, data)
	}
	kid, key := m.privateKey(t, "acme")
	for _, id := range []any{made.Payload.TokenID, event.NewID(), "order-1", 17, nil} {
		header := sign(t, jwa.RS256(), key, kid, claims{"aud": "acme", "exp": m.now.Add(time.Minute).Unix(), "jti": id})
		caller, err := m.access.VerifyToken(t.Context(), header, request)
		if err != nil || caller.By.Actor.Type != event.AdminAPIKey || caller.By.Actor.ID != kid {
			t.Errorf("jti %v: by %+v (%v)", id, caller.By.Actor, err)
		}
	}
}

func TestAMintedTokenIsForItsProject(t *testing.T) {
	t.Parallel()
	m := newMinted(t)
	m.project(t, "other", m.account(t, "other@acme.example"))
	_, _, err := m.access.MintToken(t.Context(), m.session, request, "other", "explorer")
	wantCode(t, err, "ProjectNotFound")
	_, _, err = m.access.MintToken(t.Context(), m.session, request, event.PortalProject, "explorer")
	wantCode(t, err, "ProjectNotFound")
}
