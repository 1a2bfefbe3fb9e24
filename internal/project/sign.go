package project

import (
	"context"
	"crypto/x509"
	"fmt"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jws"

	"github.com/sealog/sealog/internal/fault"
)

// SignToken signs the claims of a short-lived Admin API token with the project's oldest key.
// The key does not leave the server; who makes a token records that.
//
// Errors: KeyNotFound.
func (s *Service) SignToken(ctx context.Context, project string, claims []byte) (_ string, err error) {
	defer fault.Wrap(&err, "project.SignToken(%q)", project)
	all, err := keys(ctx, s.db, project)
	if err != nil {
		return "", err
	}
	if len(all) == 0 {
		return "", errNoKey()
	}
	key := all[0]
	plain, err := s.db.Vault().Open(keyPlace(project, key.ID), key.sealed)
	if err != nil {
		return "", err
	}
	private, err := x509.ParsePKCS8PrivateKey(plain)
	if err != nil {
		return "", fmt.Errorf("project: private key %s: %w", key.ID, err)
	}
	header := jws.NewHeaders()
	if err := header.Set(jws.KeyIDKey, key.ID); err != nil {
		return "", fmt.Errorf("project: %w", err)
	}
	if err := header.Set(jws.TypeKey, "JWT"); err != nil {
		return "", fmt.Errorf("project: %w", err)
	}
	token, err := jws.Sign(claims, jws.WithKey(jwa.RS256(), private, jws.WithProtectedHeaders(header)))
	if err != nil {
		return "", fmt.Errorf("project: %w", err)
	}
	return string(token), nil
}
