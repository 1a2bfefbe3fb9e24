package project

import (
	"context"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/store"
)

// Membership is a project as one account sees it.
type Membership struct {
	ProjectID string
	Name      string
	Role      string // OWNER, EDITOR or VIEWER
	CreatedAt time.Time
}

func (m *Membership) fields() []any {
	return []any{&m.ProjectID, &m.Name, &m.Role, store.Time(&m.CreatedAt)}
}

// Memberships returns the projects in which an account has a role, by name.
func (s *Service) Memberships(ctx context.Context, account event.ID) (_ []Membership, err error) {
	defer fault.Wrap(&err, "project.Memberships(%s)", account)
	return store.Collect(ctx, s.db, (*Membership).fields, `
		SELECT p.project_id, p.name, c.role, p.created_at
		FROM collaborators c
		JOIN projects p ON p.project_id = c.project_id
		WHERE c.account_id = $1
		ORDER BY p.name, p.project_id
		LIMIT 1000`, account)
}

// Role returns an account's role in a project, or "" when it has none.
func (s *Service) Role(ctx context.Context, project string, account event.ID) (_ string, err error) {
	defer fault.Wrap(&err, "project.Role(%q, %s)", project, account)
	role, _, err := store.One(ctx, s.db, func(r *string) []any { return []any{r} }, `
		SELECT role FROM collaborators WHERE project_id = $1 AND account_id = $2`, project, account)
	return role, err
}

func insertCollaborator(ctx context.Context, tx *store.Tx, project string, account event.ID, role string) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO collaborators (project_id, account_id, id, role, created_at)
		VALUES ($1, $2, $3, $4, $5)`, project, account, tx.NewID(), role, store.Micros(tx.Now()))
	return err
}
