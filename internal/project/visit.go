package project

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/vault"
)

// VisitLifetime is how long a secret visit lasts.
const VisitLifetime = 5 * time.Minute

// OpenVisit gives an account leave to look at secrets of a project, by name, for five
// minutes. Nothing secret leaves by it: each look is a fact of its own (ViewSecrets). Whoever
// asks has just proven who they are; that is looked at before. It records
// project.secret_visit.created and returns the visit's token: 64 characters of base32.
//
// Errors: SecretUnknown.
func (s *Service) OpenVisit(ctx context.Context, by event.By, project string, account event.ID, names []string) (_ string, err error) {
	defer fault.Wrap(&err, "project.OpenVisit(%q)", project)
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	if err := checkSecretNames(names); err != nil {
		return "", store.Refuse[event.ProjectSecretVisitCreated](ctx, s.db, by, event.InProject(project), err)
	}
	token := newInvitationCode() + newInvitationCode()
	_, err = store.Record(ctx, s.db, by, event.InProject(project),
		func(ctx context.Context, tx *store.Tx) (event.ProjectSecretVisitCreated, error) {
			expires := tx.Now().Add(VisitLifetime)
			_, err := tx.Exec(ctx, `
				INSERT INTO secret_visits (project_id, token_hash, account_id, secrets, created_at, expires_at)
				VALUES ($1, $2, $3, $4, $5, $6)`,
				project, vault.HashToken(token), account, strings.Join(names, " "), store.Micros(tx.Now()), store.Micros(expires))
			return event.ProjectSecretVisitCreated{Secrets: names, ExpiresAt: expires}, err
		})
	if err != nil {
		return "", err
	}
	return token, nil
}

// Visit returns the names of the secrets that a visit's token lets its account look at.
//
// Errors: SecretVisitInvalid (unknown, expired, another project's, another account's).
func (s *Service) Visit(ctx context.Context, project string, account event.ID, token string) (_ []string, err error) {
	defer fault.Wrap(&err, "project.Visit(%q)", project)
	names, err := store.Column[string](ctx, s.db, `
		SELECT secrets
		FROM secret_visits
		WHERE project_id = $1 AND token_hash = $2 AND account_id = $3 AND expires_at > $4`,
		project, vault.HashToken(token), account, store.Micros(s.db.Now()))
	if err == nil && len(names) == 0 {
		err = fault.New(fault.Denied, "SecretVisitInvalid", "This leave to look at secrets has expired, or is none of yours.").On("token")
	}
	if err != nil {
		return nil, err
	}
	return strings.Fields(names[0]), nil
}

// SweepVisits removes the visits that have expired.
func SweepVisits(ctx context.Context, db *store.DB, now time.Time) (err error) {
	defer fault.Wrap(&err, "project.SweepVisits")
	return store.Bookkeep(ctx, db, func(ctx context.Context, book *store.Book) error {
		_, err := book.Exec(ctx, `DELETE FROM secret_visits WHERE expires_at < $1`, store.Micros(now))
		return err
	})
}
