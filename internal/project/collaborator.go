package project

import (
	"context"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/store"
)

// The roles of collaborators, as they are stored. What each may do says package access;
// who may put whom into which role is said here, where it can be looked at in the
// transaction of the change.
const (
	RoleOwner  = "OWNER"
	RoleEditor = "EDITOR"
	RoleViewer = "VIEWER"
)

// collaboratorKind is the target kind of events about a collaborator.
const collaboratorKind = "collaborator"

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

// Collaborator is an account with a role in a project.
type Collaborator struct {
	Project   string
	ID        event.ID
	Account   event.ID
	Email     string // of the account
	Role      string
	CreatedAt time.Time
}

const collaboratorColumns = `c.project_id, c.id, c.account_id, a.email, c.role, c.created_at`

func (c *Collaborator) fields() []any {
	return []any{&c.Project, &c.ID, &c.Account, &c.Email, &c.Role, store.Time(&c.CreatedAt)}
}

// Collaborators returns the collaborators of a project, owners first.
func (s *Service) Collaborators(ctx context.Context, project string) (_ []Collaborator, err error) {
	defer fault.Wrap(&err, "project.Collaborators(%q)", project)
	return store.Collect(ctx, s.db, (*Collaborator).fields, `
		SELECT `+collaboratorColumns+`
		FROM collaborators c
		JOIN accounts a ON a.id = c.account_id
		WHERE c.project_id = $1
		ORDER BY CASE c.role WHEN 'OWNER' THEN 0 WHEN 'EDITOR' THEN 1 ELSE 2 END, a.email
		LIMIT 1000`, project)
}

func errNoCollaborator() error {
	return fault.New(fault.NotFound, "CollaboratorNotFound", "There is no such collaborator.").On("collaboratorID")
}

// CollaboratorByID finds a collaborator of whichever project, or CollaboratorNotFound.
func (s *Service) CollaboratorByID(ctx context.Context, id event.ID) (_ Collaborator, err error) {
	defer fault.Wrap(&err, "project.CollaboratorByID(%s)", id)
	c, ok, err := store.One(ctx, s.db, (*Collaborator).fields, `
		SELECT `+collaboratorColumns+`
		FROM collaborators c
		JOIN accounts a ON a.id = c.account_id
		WHERE c.id = $1`, id)
	if err == nil && !ok {
		err = errNoCollaborator()
	}
	return c, err
}

// Role returns an account's role in a project, or "" when it has none.
func (s *Service) Role(ctx context.Context, project string, account event.ID) (_ string, err error) {
	defer fault.Wrap(&err, "project.Role(%q, %s)", project, account)
	return roleOf(ctx, s.db, project, account)
}

func roleOf(ctx context.Context, q store.Querier, project string, account event.ID) (string, error) {
	role, _, err := store.One(ctx, q, func(r *string) []any { return []any{r} }, `
		SELECT role FROM collaborators WHERE project_id = $1 AND account_id = $2`, project, account)
	return role, err
}

// actorRole is the role of who is acting, looked at inside the transaction: it may have been
// taken from them while they waited. An operator's command and a job may what an owner may.
func actorRole(ctx context.Context, tx *store.Tx, project string, by event.By) (string, error) {
	switch by.Actor.Type {
	case event.Operator, event.System:
		return RoleOwner, nil
	case event.Account:
	default:
		return "", nil
	}
	account, err := event.ParseID(by.Actor.ID)
	if err != nil {
		return "", err
	}
	return roleOf(ctx, tx, project, account)
}

func errAccessDenied(words string) error { return fault.New(fault.Denied, "AccessDenied", "%s", words) }

func insertCollaborator(ctx context.Context, tx *store.Tx, project string, account event.ID, role string) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO collaborators (project_id, account_id, id, role, created_at)
		VALUES ($1, $2, $3, $4, $5)`, project, account, tx.NewID(), role, store.Micros(tx.Now()))
	return err
}

// lockProject makes those who change a project's people, domains or keys wait for each other.
func lockProject(ctx context.Context, tx *store.Tx, project string) error {
	ids, err := store.Column[string](ctx, tx, `SELECT project_id FROM projects WHERE project_id = $1`+tx.ForUpdate(), project)
	if err == nil && len(ids) == 0 {
		err = errNoProject()
	}
	return err
}

// lockedCollaborator locks the project and finds a collaborator and the actor's role.
func lockedCollaborator(ctx context.Context, tx *store.Tx, by event.By, project string, id event.ID) (c Collaborator, actor string, err error) {
	if err := lockProject(ctx, tx, project); err != nil {
		return c, "", err
	}
	c, ok, err := store.One(ctx, tx, (*Collaborator).fields, `
		SELECT `+collaboratorColumns+`
		FROM collaborators c
		JOIN accounts a ON a.id = c.account_id
		WHERE c.project_id = $1 AND c.id = $2`, project, id)
	if err == nil && !ok {
		err = errNoCollaborator()
	}
	if err != nil {
		return c, "", err
	}
	actor, err = actorRole(ctx, tx, project, by)
	return c, actor, err
}

func errLastOwner() error {
	return fault.New(fault.Conflict, "LastOwner", "A project keeps one owner; make somebody else an owner first.")
}

// checkOwnerRemains is LastOwner when the project has no owner left.
func checkOwnerRemains(ctx context.Context, tx *store.Tx, project string) error {
	owners, err := store.Column[event.ID](ctx, tx, `SELECT id FROM collaborators WHERE project_id = $1 AND role = 'OWNER' LIMIT 1`, project)
	if err == nil && len(owners) == 0 {
		err = errLastOwner()
	}
	return err
}

func aboutCollaborator(project string, id event.ID) event.Target {
	return event.About(project, collaboratorKind, id.String())
}

// RemoveCollaborator takes somebody's role in a project. It records project.collaborator.deleted.
//
// Errors: CollaboratorNotFound, CollaboratorSelfDeletion (who wants to go uses Leave),
// AccessDenied (an editor removes no owner; who has lost their role removes nobody).
func (s *Service) RemoveCollaborator(ctx context.Context, by event.By, project string, id event.ID) (err error) {
	defer fault.Wrap(&err, "project.RemoveCollaborator(%q, %s)", project, id)
	_, err = store.Record(ctx, s.db, by, aboutCollaborator(project, id),
		func(ctx context.Context, tx *store.Tx) (fact event.ProjectCollaboratorDeleted, err error) {
			c, actor, err := lockedCollaborator(ctx, tx, by, project, id)
			switch {
			case err != nil:
				return fact, err
			case by.Actor.Type == event.Account && by.Actor.ID == c.Account.String():
				return fact, fault.New(fault.Denied, "CollaboratorSelfDeletion", "Nobody removes themselves; somebody else can.")
			case actor != RoleOwner && (actor != RoleEditor || c.Role == RoleOwner):
				return fact, errAccessDenied("Your role in this project does not allow to remove this collaborator.")
			}
			return removeCollaborator(ctx, tx, c)
		})
	return err
}

// Leave gives up the actor's own role in a project. It records project.collaborator.deleted.
//
// Errors: CollaboratorNotFound (the actor has no role in it), LastOwner.
func (s *Service) Leave(ctx context.Context, by event.By, project string, account event.ID) (err error) {
	defer fault.Wrap(&err, "project.Leave(%q, %s)", project, account)
	_, err = store.Record(ctx, s.db, by, event.About(project, "account", account.String()),
		func(ctx context.Context, tx *store.Tx) (fact event.ProjectCollaboratorDeleted, err error) {
			if err := lockProject(ctx, tx, project); err != nil {
				return fact, err
			}
			c, ok, err := store.One(ctx, tx, (*Collaborator).fields, `
				SELECT `+collaboratorColumns+`
				FROM collaborators c
				JOIN accounts a ON a.id = c.account_id
				WHERE c.project_id = $1 AND c.account_id = $2`, project, account)
			if err == nil && !ok {
				err = errNoCollaborator()
			}
			if err != nil {
				return fact, err
			}
			return removeCollaborator(ctx, tx, c)
		})
	return err
}

func removeCollaborator(ctx context.Context, tx *store.Tx, c Collaborator) (event.ProjectCollaboratorDeleted, error) {
	fact := event.ProjectCollaboratorDeleted{CollaboratorID: c.ID, UserID: c.Account, Role: roleWord(c.Role), Email: c.Email}
	if _, err := tx.Exec(ctx, `DELETE FROM collaborators WHERE project_id = $1 AND id = $2`, c.Project, c.ID); err != nil {
		return fact, err
	}
	return fact, checkOwnerRemains(ctx, tx, c.Project)
}

// SetRole gives a collaborator another role. It records project.collaborator.role.updated.
//
// Errors: CollaboratorNotFound, RoleInvalid, AccessDenied (owners change roles), LastOwner.
func (s *Service) SetRole(ctx context.Context, by event.By, project string, id event.ID, role string) (err error) {
	defer fault.Wrap(&err, "project.SetRole(%q, %s, %q)", project, id, role)
	if err := checkRole(role); err != nil {
		return store.Refuse[event.ProjectCollaboratorRoleUpdated](ctx, s.db, by, aboutCollaborator(project, id), err)
	}
	_, err = store.Record(ctx, s.db, by, aboutCollaborator(project, id),
		func(ctx context.Context, tx *store.Tx) (fact event.ProjectCollaboratorRoleUpdated, err error) {
			c, actor, err := lockedCollaborator(ctx, tx, by, project, id)
			if err == nil && actor != RoleOwner {
				err = errAccessDenied("Only an owner changes roles.")
			}
			if err != nil {
				return fact, err
			}
			fact = event.ProjectCollaboratorRoleUpdated{
				CollaboratorID: c.ID, UserID: c.Account, Role: roleWord(role), RoleBefore: roleWord(c.Role), Email: c.Email,
			}
			if _, err := tx.Exec(ctx, `
				UPDATE collaborators SET role = $3 WHERE project_id = $1 AND id = $2`, project, id, role); err != nil {
				return fact, err
			}
			return fact, checkOwnerRemains(ctx, tx, project)
		})
	return err
}

func checkRole(role string) error {
	switch role {
	case RoleOwner, RoleEditor, RoleViewer:
		return nil
	}
	return fault.New(fault.Invalid, "RoleInvalid", "A role is OWNER, EDITOR or VIEWER.").On("role")
}
