package project

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/message"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/vault"
)

// InvitationLifetime is how long an invitation can be accepted.
const InvitationLifetime = 3 * 24 * time.Hour

// InvitationPath is the page of the Portal that the link in an invitation leads to.
const InvitationPath = "/invitation"

// invitationKind is the target kind of events about an invitation.
const invitationKind = "collaborator_invitation"

// Invitation asks somebody to administer a project.
type Invitation struct {
	Project              string
	ID                   event.ID
	Email                string // lower-cased
	Role                 string
	InvitedBy            event.ID // an account
	CreatedAt, ExpiresAt time.Time
	// InviterEmail is the address of the account InvitedBy, "" when it is gone.
	InviterEmail string
}

const invitationColumns = `i.project_id, i.id, i.email, i.role, i.invited_by, i.created_at, i.expires_at, COALESCE(a.email, '')`

const invitationTables = `collaborator_invitations i LEFT JOIN accounts a ON a.id = i.invited_by`

func (i *Invitation) fields() []any {
	return []any{&i.Project, &i.ID, &i.Email, &i.Role, &i.InvitedBy, store.Time(&i.CreatedAt), store.Time(&i.ExpiresAt), &i.InviterEmail}
}

// roleWord is a role as events write it.
func roleWord(role string) string { return strings.ToLower(role) }

// Invitations returns the invitations to a project that can still be accepted, newest first.
func (s *Service) Invitations(ctx context.Context, project string) (_ []Invitation, err error) {
	defer fault.Wrap(&err, "project.Invitations(%q)", project)
	return store.Collect(ctx, s.db, (*Invitation).fields, `
		SELECT `+invitationColumns+`
		FROM `+invitationTables+`
		WHERE i.project_id = $1 AND i.expires_at > $2
		ORDER BY i.id DESC
		LIMIT 1000`, project, store.Micros(s.db.Now()))
}

func errNoInvitation() error {
	return fault.New(fault.NotFound, "CollaboratorInvitationNotFound", "There is no such invitation.").On("collaboratorInvitationID")
}

// InvitationByID finds an invitation to whichever project, or CollaboratorInvitationNotFound.
func (s *Service) InvitationByID(ctx context.Context, id event.ID) (_ Invitation, err error) {
	defer fault.Wrap(&err, "project.InvitationByID(%s)", id)
	i, ok, err := store.One(ctx, s.db, (*Invitation).fields, `SELECT `+invitationColumns+` FROM `+invitationTables+` WHERE i.id = $1`, id)
	if err == nil && !ok {
		err = errNoInvitation()
	}
	return i, err
}

func errInvitationCode() error {
	return fault.New(fault.Invalid, "CollaboratorInvitationInvalidCode",
		"This invitation has been used or withdrawn, or is older than three days.").On("code")
}

// InvitationByCode finds the invitation that a link belongs to and that can be accepted now.
//
// Errors: CollaboratorInvitationInvalidCode.
func (s *Service) InvitationByCode(ctx context.Context, code string) (_ Invitation, err error) {
	defer fault.Wrap(&err, "project.InvitationByCode")
	i, ok, err := store.One(ctx, s.db, (*Invitation).fields, `
		SELECT `+invitationColumns+`
		FROM `+invitationTables+`
		WHERE i.code_hash = $1 AND i.expires_at > $2`, vault.HashToken(code), store.Micros(s.db.Now()))
	if err == nil && !ok {
		err = errInvitationCode()
	}
	return i, err
}

// newInvitationCode returns 160 random bits as 32 characters of base32 (RFC 4648, section 6).
func newInvitationCode() string {
	var b [20]byte
	_, _ = rand.Read(b[:]) // never fails (Go 1.24 and later)
	return base32.StdEncoding.EncodeToString(b[:])
}

// Invite asks somebody to take a role in a project: they get a mail with a link, which works
// for three days. It records project.collaborator.invitation.created.
//
// Errors: EmailInvalid, RoleInvalid, AccessDenied (only an owner invites owners),
// CollaboratorDuplicate (they are one already), CollaboratorInvitationDuplicate (a living
// invitation for the address), CollaboratorQuotaExceeded (by the plan), TooManyInvitations.
func (s *Service) Invite(ctx context.Context, by event.By, project, email, role string) (_ Invitation, err error) {
	defer fault.Wrap(&err, "project.Invite(%q)", project)
	refused := func(err error) (Invitation, error) {
		return Invitation{}, store.Refuse[event.ProjectCollaboratorInvitationCreated](ctx, s.db, by, event.InProject(project), err)
	}
	if email, err = message.NormalEmail(email); err != nil {
		return refused(err)
	}
	if err := checkRole(role); err != nil {
		return refused(err)
	}
	p, err := s.get(ctx, s.db, project)
	if err != nil {
		return refused(err)
	}
	made := Invitation{Project: project, ID: event.NewID(), Email: email, Role: role, InviterEmail: by.Actor.Name}
	if made.InvitedBy, err = event.ParseID(by.Actor.ID); err != nil {
		return refused(errAccessDenied("Only a Portal account invites.")) // the invitation says by whom it is
	}
	code := newInvitationCode()
	mail := message.Seal(s.db.Vault(), message.Draft{
		Project: project, Channel: message.Email, Kind: message.KindInvitation, Recipient: email, By: by,
		Subject: "Invitation to administer " + p.Title(), Text: s.invitationText(made, p, code),
	})
	_, err = store.Record(ctx, s.db, by, event.About(project, invitationKind, made.ID.String()),
		func(ctx context.Context, tx *store.Tx) (fact event.ProjectCollaboratorInvitationCreated, err error) {
			made.CreatedAt, made.ExpiresAt = tx.Now(), tx.Now().Add(InvitationLifetime)
			fact = event.ProjectCollaboratorInvitationCreated{
				InviteeEmail: email, InvitedBy: made.InvitedBy, Role: roleWord(role), ExpiresAt: &made.ExpiresAt,
			}
			if err := s.checkInvitation(ctx, tx, by, p, made); err != nil {
				return fact, err
			}
			if err := countInvitation(ctx, tx, made); err != nil {
				return fact, err
			}
			_, err = tx.Exec(ctx, `
				INSERT INTO collaborator_invitations (project_id, id, email, role, code_hash, invited_by, created_at, expires_at)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
				project, made.ID, email, role, vault.HashToken(code), made.InvitedBy, store.Micros(made.CreatedAt), store.Micros(made.ExpiresAt))
			if err != nil {
				return fact, err
			}
			return fact, mail.Enqueue(ctx, tx)
		})
	if err != nil {
		return Invitation{}, err
	}
	return made, nil
}

// checkInvitation looks, inside the transaction, at whether an invitation can be made, and
// clears away one that has expired.
func (s *Service) checkInvitation(ctx context.Context, tx *store.Tx, by event.By, p Project, made Invitation) error {
	if err := lockProject(ctx, tx, p.ID); err != nil {
		return err
	}
	actor, err := actorRole(ctx, tx, p.ID, by)
	if err != nil {
		return err
	}
	if actor != RoleOwner && (actor != RoleEditor || made.Role == RoleOwner) {
		return errAccessDenied("Your role in this project does not allow this invitation.")
	}
	if _, err := tx.Exec(ctx, `
		DELETE FROM collaborator_invitations WHERE project_id = $1 AND expires_at <= $2`, p.ID, store.Micros(tx.Now())); err != nil {
		return err
	}
	members, err := store.Column[string](ctx, tx, `
		SELECT a.email
		FROM collaborators c
		JOIN accounts a ON a.id = c.account_id
		WHERE c.project_id = $1`, p.ID)
	if err != nil {
		return err
	}
	invited, err := store.Column[string](ctx, tx, `SELECT email FROM collaborator_invitations WHERE project_id = $1`, p.ID)
	if err != nil {
		return err
	}
	for _, email := range members {
		if email == made.Email {
			return errCollaboratorDuplicate()
		}
	}
	for _, email := range invited {
		if email == made.Email {
			return fault.New(fault.Conflict, "CollaboratorInvitationDuplicate", "There is an invitation for this address already.").On("inviteeEmail")
		}
	}
	if limit := p.Plan.Collaborators; limit >= 0 && len(members)+len(invited) >= limit {
		return errQuota(p.Plan)
	}
	return nil
}

func errCollaboratorDuplicate() error {
	return fault.New(fault.Conflict, "CollaboratorDuplicate", "They are a collaborator of this project already.")
}

func errQuota(plan Plan) error {
	return fault.New(fault.Invalid, "CollaboratorQuotaExceeded",
		"The plan %s has room for %d collaborators, invited ones included.", plan.Title, plan.Collaborators)
}

func (s *Service) invitationText(i Invitation, p Project, code string) string {
	link := *s.PublicURL
	link.Path, link.RawQuery = InvitationPath, url.Values{"code": {code}}.Encode()
	return fmt.Sprintf(`%s invites you to administer the project %s as %s.

To accept, open this link and sign in with this address, %s. It works once, for three days:

%s

If you did not expect this, do nothing: the invitation ends by itself.
`, i.InviterEmail, p.Title(), roleWord(i.Role), i.Email, link.String())
}

// Uninvite withdraws an invitation. It records project.collaborator.invitation.deleted.
//
// Errors: CollaboratorInvitationNotFound.
func (s *Service) Uninvite(ctx context.Context, by event.By, project string, id event.ID) (err error) {
	defer fault.Wrap(&err, "project.Uninvite(%q, %s)", project, id)
	_, err = store.Record(ctx, s.db, by, event.About(project, invitationKind, id.String()),
		func(ctx context.Context, tx *store.Tx) (fact event.ProjectCollaboratorInvitationDeleted, err error) {
			i, ok, err := store.One(ctx, tx, (*Invitation).fields, `
				SELECT `+invitationColumns+`
				FROM `+invitationTables+`
				WHERE i.project_id = $1 AND i.id = $2 AND i.expires_at > $3`, project, id, store.Micros(tx.Now()))
			if err != nil {
				return fact, err
			}
			n, err := tx.Exec(ctx, `DELETE FROM collaborator_invitations WHERE project_id = $1 AND id = $2`, project, id)
			if err == nil && (!ok || n == 0) {
				err = errNoInvitation()
			}
			return event.ProjectCollaboratorInvitationDeleted{InviteeEmail: i.Email, InvitedBy: i.InvitedBy}, err
		})
	return err
}

// Accept takes up an invitation for an account, whose address must be the one invited. It
// records project.collaborator.invitation.accepted and returns the project's id.
//
// Errors: CollaboratorInvitationInvalidCode (unknown, used, withdrawn, expired),
// CollaboratorInvitationInvalidEmail, CollaboratorDuplicate, CollaboratorQuotaExceeded.
func (s *Service) Accept(ctx context.Context, by event.By, account event.AccountObject, code string) (_ string, err error) {
	defer fault.Wrap(&err, "project.Accept")
	i, err := s.InvitationByCode(ctx, code)
	if err != nil {
		return "", store.Refuse[event.ProjectCollaboratorInvitationAccepted](ctx, s.db, by, event.InProject(event.PortalProject), err)
	}
	p, err := s.get(ctx, s.db, i.Project)
	if err != nil {
		return "", err
	}
	_, err = store.Record(ctx, s.db, by, event.About(i.Project, invitationKind, i.ID.String()),
		func(ctx context.Context, tx *store.Tx) (event.ProjectCollaboratorInvitationAccepted, error) {
			fact := event.ProjectCollaboratorInvitationAccepted{UserID: account.ID, Role: roleWord(i.Role)}
			if i.Email != account.Email {
				return fact, fault.New(fault.Invalid, "CollaboratorInvitationInvalidEmail", "This invitation is for another e-mail address.")
			}
			if err := lockProject(ctx, tx, i.Project); err != nil {
				return fact, err
			}
			n, err := tx.Exec(ctx, `
				DELETE FROM collaborator_invitations
				WHERE project_id = $1 AND id = $2 AND expires_at > $3`, i.Project, i.ID, store.Micros(tx.Now()))
			if err == nil && n == 0 {
				err = errInvitationCode()
			}
			if err != nil {
				return fact, err
			}
			members, err := store.Column[event.ID](ctx, tx, `SELECT account_id FROM collaborators WHERE project_id = $1`, i.Project)
			if err != nil {
				return fact, err
			}
			if limit := p.Plan.Collaborators; limit >= 0 && len(members) >= limit {
				return fact, errQuota(p.Plan)
			}
			if err := insertCollaborator(ctx, tx, i.Project, account.ID, i.Role); store.IsUnique(err) {
				return fact, errCollaboratorDuplicate()
			} else if err != nil {
				return fact, err
			}
			return fact, nil
		})
	if err != nil {
		return "", err
	}
	return i.Project, nil
}
