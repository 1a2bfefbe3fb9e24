package access_test

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jws"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/outsidetest"
	"github.com/sealog/sealog/internal/project"
)

type claims map[string]any

// privateKey views a project's first key as the operator.
func (w *world) privateKey(t *testing.T, projectID string) (string, *rsa.PrivateKey) {
	t.Helper()
	keys, err := w.projects.Keys(t.Context(), projectID)
	if err != nil {
		t.Fatal(err)
	}
	text, err := w.projects.ViewPrivateKey(t.Context(), access.ByOperator("test"), projectID, keys[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "PRIVATE KEY" {
		t.Fatalf("not a PKCS#8 PEM: %.30s", text)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return keys[0].ID, parsed.(*rsa.PrivateKey)
}

func sign(t *testing.T, algorithm jwa.SignatureAlgorithm, key any, kid string, c claims) string {
	t.Helper()
	payload, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	headers := jws.NewHeaders()
	if kid != "" {
		if err := headers.Set("kid", kid); err != nil {
			t.Fatal(err)
		}
	}
	token, err := jws.Sign(payload, jws.WithKey(algorithm, key, jws.WithProtectedHeaders(headers)))
	if err != nil {
		t.Fatal(err)
	}
	return "Bearer " + string(token)
}

func TestVerifyToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.account(t, "owner@acme.example")
	w.project(t, "acme", owner)
	w.project(t, "other", owner)
	kid, key := w.privateKey(t, "acme")
	_, otherKey := w.privateKey(t, "other")
	in := func(d time.Duration) int64 { return w.now.Add(d).Unix() }
	good := func(more claims) claims {
		c := claims{"aud": "acme", "exp": in(5 * time.Minute)}
		for k, v := range more {
			c[k] = v
		}
		return c
	}
	unsigned := "Bearer " + base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","kid":"`+kid+`"}`)) + "." +
		base64.RawURLEncoding.EncodeToString([]byte(`{"aud":"acme","exp":9999999999}`)) + "."
	rs := jwa.RS256()
	cases := []struct {
		name, header, code string // no code: accepted
		proven             bool   // the refusal is an event with the key as actor
	}{
		{"good", sign(t, rs, key, kid, good(nil)), "", false},
		{"array audience", sign(t, rs, key, kid, good(claims{"aud": []string{"x", "acme"}})), "", false},
		{"exp just past", sign(t, rs, key, kid, good(claims{"exp": in(-4 * time.Minute)})), "", false},
		{"exp with a fraction", sign(t, rs, key, kid, good(claims{"exp": float64(in(time.Minute)) + .5})), "", false},
		{"no header", "", "TokenMissing", false},
		{"lower-case bearer", strings.Replace(sign(t, rs, key, kid, good(nil)), "Bearer", "bearer", 1), "TokenMissing", false},
		{"two spaces", strings.Replace(sign(t, rs, key, kid, good(nil)), " ", "  ", 1), "TokenMalformed", false},
		{"junk", "Bearer junk", "TokenMalformed", false},
		{"huge", "Bearer " + strings.Repeat("a", 1<<20), "TokenMalformed", false},
		{"none", unsigned, "TokenAlgorithm", false},
		{"RS512", sign(t, jwa.RS512(), key, kid, good(nil)), "TokenAlgorithm", false},
		{"PS256", sign(t, jwa.PS256(), key, kid, good(nil)), "TokenAlgorithm", false},
		{"HS256 with the public key", sign(t, jwa.HS256(), x509.MarshalPKCS1PublicKey(&key.PublicKey), kid, good(nil)), "TokenAlgorithm", false},
		{"no kid", sign(t, rs, key, "", good(nil)), "TokenKeyMissing", false},
		{"unknown kid", sign(t, rs, key, "3b0b5c5e-0000-4000-8000-000000000000", good(nil)), "TokenKeyUnknown", false},
		{"kid with a NUL", sign(t, rs, key, "a\x00b", good(nil)), "TokenKeyUnknown", false},
		{"another project's key", sign(t, rs, otherKey, kid, good(nil)), "TokenSignature", false},
		{"tampered", sign(t, rs, key, kid, good(nil)) + "A", "TokenSignature", false},
		{"wrong audience", sign(t, rs, key, kid, good(claims{"aud": "other"})), "TokenAudience", true},
		{"no audience", sign(t, rs, key, kid, claims{"exp": in(time.Minute)}), "TokenAudience", true},
		{"expired", sign(t, rs, key, kid, good(claims{"exp": in(-6 * time.Minute)})), "TokenExpired", true},
		{"no exp", sign(t, rs, key, kid, claims{"aud": "acme"}), "TokenWithoutExpiry", true},
		{"exp too far", sign(t, rs, key, kid, good(claims{"exp": in(2 * time.Hour)})), "TokenLifetime", true},
		{"exp beyond time", sign(t, rs, key, kid, good(claims{"exp": 1e300})), "TokenLifetime", true},
		{"exp a string", sign(t, rs, key, kid, good(claims{"exp": "soon"})), "TokenClaims", true},
		{"nbf ahead", sign(t, rs, key, kid, good(claims{"nbf": in(6 * time.Minute)})), "TokenNotYetValid", true},
		{"iat ahead", sign(t, rs, key, kid, good(claims{"iat": in(6 * time.Minute)})), "TokenNotYetValid", true},
	}
	counted := 0
	for _, c := range cases {
		before := len(w.types(t, "acme"))
		caller, err := w.access.VerifyToken(t.Context(), c.header, request)
		recorded := len(w.types(t, "acme")) - before
		if c.code == "" {
			if err != nil || caller.Project.ID != "acme" || caller.By.Actor.ID != kid || caller.By.Actor.Fingerprint == "" || recorded != 0 {
				t.Errorf("%s: %v, caller %+v, %d events", c.name, err, caller.By.Actor, recorded)
			}
			continue
		}
		if !fault.Is(err, c.code) {
			t.Errorf("%s: got %v, want %s", c.name, err, c.code)
			continue
		}
		if !c.proven {
			counted++
			if recorded != 0 || fault.Of(err).Kind != fault.Unauthenticated {
				t.Errorf("%s: a stranger left %d events, kind %s", c.name, recorded, fault.Of(err).Kind)
			}
			continue
		}
		row := w.last(t, "acme")
		if recorded != 1 || row.Type != "access.denied" || row.ActorID != kid || row.Outcome != event.Denied {
			t.Errorf("%s: %d events, the last is %s %s by %s", c.name, recorded, row.Type, row.Outcome, row.ActorID)
		}
	}
	w.now = w.now.Add(2 * time.Minute)
	if err := w.refusals.Record(t.Context(), w.db, w.now); err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, projectID := range []string{"acme", event.PortalProject} {
		data, err := w.last(t, projectID).Data()
		if err != nil {
			t.Fatal(err)
		}
		var refused struct {
			Payload struct{ Total int }
		}
		if err := json.Unmarshal(data, &refused); err != nil {
			t.Fatal(err)
		}
		total += refused.Payload.Total
	}
	if total != counted {
		t.Errorf("%d strangers counted of %d", total, counted)
	}
}

func TestClaimsOfACallerStandApart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.project(t, "acme", w.account(t, "owner@acme.example"))
	kid, key := w.privateKey(t, "acme")
	for _, c := range []struct {
		claim any
		want  string
	}{
		{claims{"actor_user_id": "somebody"}, `{"actor_user_id":"somebody"}`},
		{"text", ""},
		{[]string{"a"}, ""},
		{claims{"a": strings.Repeat("x", 1<<13)}, ""},
	} {
		header := sign(t, jwa.RS256(), key, kid, claims{"aud": "acme", "exp": w.now.Add(time.Minute).Unix(), "audit_context": c.claim})
		caller, err := w.access.VerifyToken(t.Context(), header, request)
		if err != nil {
			t.Fatal(err)
		}
		if string(caller.By.Claimed) != c.want {
			t.Errorf("claimed %.80s, want %s", caller.By.Claimed, c.want)
		}
	}
}

func TestADeletedKeyIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.project(t, "acme", w.account(t, "owner@acme.example"))
	kid, key := w.privateKey(t, "acme")
	by := access.ByOperator("test")
	wantCode(t, w.projects.DeleteKey(t.Context(), by, "acme", kid), "LastKey")
	if _, err := w.projects.GenerateKey(t.Context(), by, "acme", "second"); err != nil {
		t.Fatal(err)
	}
	_, err := w.projects.GenerateKey(t.Context(), by, "acme", "third")
	wantCode(t, err, "KeyLimitReached")
	if err := w.projects.DeleteKey(t.Context(), by, "acme", kid); err != nil {
		t.Fatal(err)
	}
	header := sign(t, jwa.RS256(), key, kid, claims{"aud": "acme", "exp": w.now.Add(time.Minute).Unix()})
	_, err = w.access.VerifyToken(t.Context(), header, request)
	wantCode(t, err, "TokenKeyUnknown")
	got := strings.Join(w.types(t, "acme"), ", ")
	want := "project.app.created succeeded, project.app.secret.viewed succeeded, project.app.updated failed, " +
		"project.app.updated succeeded, project.app.updated failed, project.app.updated succeeded"
	if got != want {
		t.Errorf("recorded %s\nwant     %s", got, want)
	}
}

// TestTheHostChoosesTheProject: under a project's own host only its keys are taken.
func TestTheHostChoosesTheProject(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	names := outsidetest.NewNameServer(t)
	w.projects.Resolver = project.ResolverAt(names.Address)
	owner := w.account(t, "owner@acme.example")
	w.project(t, "acme", owner)
	w.project(t, "other", owner)
	d, err := w.projects.AddDomain(t.Context(), access.ByOperator("test"), "acme", "admin.shop.example")
	if err != nil {
		t.Fatal(err)
	}
	kid, key := w.privateKey(t, "acme")
	mine := sign(t, jwa.RS256(), key, kid, claims{"aud": "acme", "exp": w.now.Add(time.Minute).Unix()})
	kid, key = w.privateKey(t, "other")
	theirs := sign(t, jwa.RS256(), key, kid, claims{"aud": "other", "exp": w.now.Add(time.Minute).Unix()})
	at := func(header, host string) error {
		r := request
		r.Host = host
		_, err := w.access.VerifyToken(t.Context(), header, r)
		return err
	}
	if err := at(theirs, "admin.shop.example"); err != nil {
		t.Errorf("a domain that nobody has verified chooses: %v", err)
	}
	names.Set("shop.example", d.Record())
	p, err := w.projects.Get(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.projects.VerifyDomain(t.Context(), access.ByOperator("test"), p, d.ID()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		header, host string
		good         bool
	}{
		{mine, "admin.shop.example", true}, {mine, "admin.shop.example.", true}, {mine, "acme.sealog.example", true},
		{mine, "sealog.example", true}, {theirs, "sealog.example", true}, {theirs, "unknown.example", true},
		{theirs, "admin.shop.example", false}, {theirs, "acme.sealog.example", false}, {mine, "other.sealog.example", false},
	} {
		if err := at(c.header, c.host); (err == nil) != c.good || err != nil && !fault.Is(err, "TokenHost") {
			t.Errorf("%s: %v", c.host, err)
		}
	}
}
