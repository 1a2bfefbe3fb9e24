package access

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jws"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/limit"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/store"
)

// The rules for the times in a token (RFC 7519, section 4.1).
const (
	tokenLeeway   = 5 * time.Minute // by which clocks may differ
	TokenLifetime = time.Hour       // how far ahead exp may be
	maxToken      = 16 << 10        // bytes
	maxClaimed    = 4 << 10         // bytes of audit_context
)

// Caller is a program that has proven to hold an Admin API key.
type Caller struct {
	Project project.Project
	By      event.By
}

// errToken is the refusal of a token; its code is for the record and the log only, since
// every refusal is answered alike.
func errToken(kind fault.Kind, code string) *fault.Error { return fault.New(kind, code, "Forbidden") }

// VerifyToken proves a caller of the Admin API by the Authorization header of a request:
// "Bearer " and a JWT signed with RS256 by a key of a project, whose aud contains the
// project's id and whose exp is at most TokenLifetime ahead. Where the request's host belongs
// to a project, the key must be that project's.
//
// A token that proves no key is counted in access.refused (kind Unauthenticated). One that
// does, and is refused all the same (expired, other audience, too many calls), is recorded
// as access.denied with the key as actor. The caller by a token of MintToken is its account.
func (s *Service) VerifyToken(ctx context.Context, authorization string, req event.Request) (_ Caller, err error) {
	defer fault.Wrap(&err, "access.VerifyToken")
	key, payload, err := s.proveKey(ctx, authorization)
	if err != nil {
		if f := fault.Of(err); f.Kind == fault.Unauthenticated {
			owner := key.Project
			if owner == "" {
				owner = event.PortalProject
			}
			s.refusals.Count(owner, f.Code, req.IP, s.db.Now())
		}
		return Caller{}, err
	}
	by := event.By{
		Actor:   event.Actor{Type: event.AdminAPIKey, ID: key.ID, Name: key.Name, Fingerprint: key.Thumbprint},
		Surface: event.ViaAdminAPI,
		Request: req,
	}
	denied := func(err error) error {
		return store.Refuse[event.AccessDenied](ctx, s.db, by, event.About(key.Project, "surface", "admin_api"), err)
	}
	switch at, known, err := s.projects.ByHost(ctx, req.Host); {
	case err != nil:
		return Caller{}, err
	case known && at != key.Project:
		return Caller{}, denied(errToken(fault.Denied, "TokenHost"))
	}
	claimed, jti, err := s.checkClaims(ctx, payload, key.Project)
	if err != nil {
		return Caller{}, denied(err)
	}
	by.Claimed = claimed
	// A token that the Portal made stands for its account and not for the key that signed it.
	limited := key.ID
	session, ours, err := s.accountOf(ctx, key.Project, jti)
	if ours {
		by.Actor, by.Claimed, limited = session.By(req).Actor, nil, session.Account.ID.String()
	}
	if err != nil {
		if fault.Of(err).Kind == fault.Denied {
			err = denied(err)
		}
		return Caller{}, err
	}
	p, err := s.projects.Get(ctx, key.Project)
	if err != nil {
		return Caller{}, err
	}
	if err := s.spend(p, limited); err != nil {
		return Caller{}, denied(err)
	}
	return Caller{Project: p, By: by}, nil
}

// proveKey returns the key that signed the token, and the token's claims. With an error, the
// key is the one that the token only names, or none.
func (s *Service) proveKey(ctx context.Context, authorization string) (project.Key, []byte, error) {
	token, ok := strings.CutPrefix(authorization, "Bearer ")
	if !ok || token == "" {
		return project.Key{}, nil, errToken(fault.Unauthenticated, "TokenMissing")
	}
	if len(token) > maxToken {
		return project.Key{}, nil, errToken(fault.Unauthenticated, "TokenMalformed")
	}
	message, err := jws.ParseString(token, jws.WithCompact())
	if err != nil || len(message.Signatures()) != 1 {
		return project.Key{}, nil, errToken(fault.Unauthenticated, "TokenMalformed").Because(err)
	}
	header := message.Signatures()[0].ProtectedHeaders()
	if algorithm, ok := header.Algorithm(); !ok || algorithm != jwa.RS256() {
		return project.Key{}, nil, errToken(fault.Unauthenticated, "TokenAlgorithm")
	}
	// An extension that the token says must be understood, and that this program does not know
	// (RFC 7515, section 4.1.11; RFC 7797 for b64).
	if header.Has(jws.CriticalKey) || header.Has("b64") {
		return project.Key{}, nil, errToken(fault.Unauthenticated, "TokenCritical")
	}
	kid, ok := header.KeyID()
	if !ok || kid == "" {
		return project.Key{}, nil, errToken(fault.Unauthenticated, "TokenKeyMissing")
	}
	key, err := s.projects.KeyByID(ctx, kid)
	if fault.Is(err, "KeyNotFound") {
		return project.Key{}, nil, errToken(fault.Unauthenticated, "TokenKeyUnknown")
	}
	if err != nil {
		return project.Key{}, nil, err
	}
	public, err := key.Public()
	if err != nil {
		return key, nil, err
	}
	payload, err := jws.Verify([]byte(token), jws.WithKey(jwa.RS256(), public), jws.WithCompact())
	if err != nil {
		return key, nil, errToken(fault.Unauthenticated, "TokenSignature").Because(err)
	}
	return key, payload, nil
}

// audience is the aud claim: a string or an array of strings.
type audience []string

// UnmarshalJSON implements json.Unmarshaler.
func (a *audience) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(a))
}

// checkClaims returns the token's audit_context, if it has one that is an object, and its id.
func (s *Service) checkClaims(ctx context.Context, payload []byte, projectID string) (_ json.RawMessage, jti string, _ error) {
	var claims struct {
		Audience     audience        `json:"aud"`
		ExpiresAt    *float64        `json:"exp"`
		NotBefore    *float64        `json:"nbf"`
		IssuedAt     *float64        `json:"iat"`
		ID           any             `json:"jti"`
		AuditContext json.RawMessage `json:"audit_context"`
	}
	if err := limit.CheckJSON(payload, limit.ClaimsDepth, limit.ClaimsValues); err != nil {
		return nil, "", errToken(fault.Denied, "TokenClaims").Because(err)
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		return nil, "", errToken(fault.Denied, "TokenClaims").Because(err)
	}
	now := s.db.Now()
	switch {
	case !slices.Contains(claims.Audience, projectID):
		return nil, "", errToken(fault.Denied, "TokenAudience")
	case claims.ExpiresAt == nil:
		return nil, "", errToken(fault.Denied, "TokenWithoutExpiry")
	case !now.Before(numericDate(*claims.ExpiresAt).Add(tokenLeeway)):
		return nil, "", errToken(fault.Denied, "TokenExpired")
	case numericDate(*claims.ExpiresAt).After(now.Add(TokenLifetime + tokenLeeway)):
		return nil, "", errToken(fault.Denied, "TokenLifetime")
	case claims.NotBefore != nil && now.Add(tokenLeeway).Before(numericDate(*claims.NotBefore)),
		claims.IssuedAt != nil && now.Add(tokenLeeway).Before(numericDate(*claims.IssuedAt)):
		return nil, "", errToken(fault.Denied, "TokenNotYetValid")
	}
	jti, _ = claims.ID.(string) // whatever else it is, the Portal did not make it
	if len(claims.AuditContext) == 0 {
		return nil, jti, nil
	}
	if claims.AuditContext[0] != '{' || len(claims.AuditContext) > maxClaimed {
		s.log.WarnContext(ctx, "audit_context of a token ignored: it is no object, or too large",
			"project", projectID, "bytes", len(claims.AuditContext))
		return nil, jti, nil
	}
	return claims.AuditContext, jti, nil
}

// numericDate reads a NumericDate (RFC 7519, section 2), which may have a fraction; what is
// beyond any calendar becomes its end.
func numericDate(seconds float64) time.Time {
	const limit = 1 << 40
	seconds = math.Max(-limit, math.Min(limit, seconds))
	return time.UnixMilli(int64(seconds * 1000))
}
