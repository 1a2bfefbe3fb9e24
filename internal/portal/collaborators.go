package portal

import (
	"net/http"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/web"
)

// CollaboratorsPage lists who administers the project, and who has been asked to.
type CollaboratorsPage struct {
	Base
	Fields
	Recent        Recent
	Collaborators []project.Collaborator
	Invitations   []project.Invitation
	MayAct        bool
	Role          access.Role
	Limit         int // of collaborators and invitations, by the plan
}

// CollaboratorPage changes one collaborator's role, or ends it.
type CollaboratorPage struct {
	Base
	Fields
	Collaborator project.Collaborator
	Role         access.Role // of who looks
}

// JoinPage is where the link in an invitation leads.
type JoinPage struct {
	Base
	Fields
	Code       string
	Invitation project.Invitation
	Name       string // of the project
	Valid      bool
}

func (p *portal) showCollaborators(w http.ResponseWriter, r *http.Request, v visit) error {
	return p.collaboratorsPage(w, r, v, http.StatusOK, fieldsOf(r))
}

func (p *portal) collaboratorsPage(w http.ResponseWriter, r *http.Request, v visit, status int, f Fields) (err error) {
	page := CollaboratorsPage{Fields: f, MayAct: v.role.May(access.Act), Role: v.role, Limit: v.project.Plan.Collaborators}
	if page.Collaborators, err = p.Projects.Collaborators(r.Context(), v.project.ID); err != nil {
		return err
	}
	if page.Invitations, err = p.Projects.Invitations(r.Context(), v.project.ID); err != nil {
		return err
	}
	page.Recent, err = p.recent(r, v, "project.collaborator.invitation.created", "project.collaborator.invitation.deleted",
		"project.collaborator.invitation.accepted", "project.collaborator.deleted", "project.collaborator.role.updated")
	if err != nil {
		return err
	}
	if page.Base, err = p.projectBase(w, r, "Collaborators", "collaborators", v); err != nil {
		return err
	}
	return p.render(w, r, status, page.view())
}

// roles are the roles that somebody of a role can give.
func roles(by access.Role) [][2]string {
	all := [][2]string{
		{project.RoleViewer, "Viewer: reads only"},
		{project.RoleEditor, "Editor: does everything but what only owners may"},
		{project.RoleOwner, "Owner"},
	}
	if by != access.Owner {
		return all[:2]
	}
	return all
}

func (p *portal) invite(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	f := fieldsOf(r, "email", "role")
	_, err := p.Projects.Invite(r.Context(), v.by, v.project.ID, f.Values["email"], f.Values["role"])
	if refused, failure := f.refused(err); failure != nil {
		return failure
	} else if refused {
		return p.collaboratorsPage(w, r, v, statusOf(err), f)
	}
	p.flash(w, "invited")
	return redirect(w, r, v.path("/collaborators"))
}

func (p *portal) uninvite(w http.ResponseWriter, r *http.Request, v visit) error {
	id, err := event.ParseID(r.PathValue("id"))
	if err != nil {
		return fault.New(fault.NotFound, "CollaboratorInvitationNotFound", "There is no such invitation.").Because(err)
	}
	if err := p.Projects.Uninvite(r.Context(), v.by, v.project.ID, id); err != nil {
		return err
	}
	p.flash(w, "uninvited")
	return redirect(w, r, v.path("/collaborators"))
}

// collaboratorIn is the collaborator of the visit's project that the path names.
func collaboratorIn(r *http.Request, p *portal, v visit) (project.Collaborator, error) {
	none := fault.New(fault.NotFound, "CollaboratorNotFound", "There is no such collaborator.")
	id, err := event.ParseID(r.PathValue("id"))
	if err != nil {
		return project.Collaborator{}, none.Because(err)
	}
	found, err := p.Projects.CollaboratorByID(r.Context(), id)
	if err == nil && found.Project != v.project.ID {
		err = none
	}
	return found, err
}

func (p *portal) showCollaborator(w http.ResponseWriter, r *http.Request, v visit) error {
	found, err := collaboratorIn(r, p, v)
	if err != nil {
		return err
	}
	f := fieldsOf(r)
	f.Values["role"] = found.Role
	return p.collaboratorPage(w, r, v, http.StatusOK, found, f)
}

func (p *portal) collaboratorPage(w http.ResponseWriter, r *http.Request, v visit, status int, c project.Collaborator, f Fields) error {
	base, err := p.projectBase(w, r, c.Email, "collaborators", v)
	if err != nil {
		return err
	}
	return p.render(w, r, status, CollaboratorPage{base, f, c, v.role}.view())
}

// isSelf reports whether the collaborator is who looks.
func (c CollaboratorPage) isSelf() bool { return c.Account.Account.ID == c.Collaborator.Account }

func (p *portal) setRole(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	found, err := collaboratorIn(r, p, v)
	if err != nil {
		return err
	}
	f := fieldsOf(r, "role")
	err = p.Projects.SetRole(r.Context(), v.by, v.project.ID, found.ID, f.Values["role"])
	return p.changedCollaborator(w, r, v, found, f, err, "role-changed")
}

func (p *portal) removeCollaborator(w http.ResponseWriter, r *http.Request, v visit) error {
	found, err := collaboratorIn(r, p, v)
	if err != nil {
		return err
	}
	err = p.Projects.RemoveCollaborator(r.Context(), v.by, v.project.ID, found.ID)
	f := fieldsOf(r)
	f.Values["role"] = found.Role
	return p.changedCollaborator(w, r, v, found, f, err, "collaborator-removed")
}

func (p *portal) changedCollaborator(w http.ResponseWriter, r *http.Request, v visit, c project.Collaborator, f Fields, err error, done string) error {
	if refused, failure := f.refused(err); failure != nil {
		return failure
	} else if refused {
		return p.collaboratorPage(w, r, v, statusOf(err), c, f)
	}
	p.flash(w, done)
	return redirect(w, r, v.path("/collaborators"))
}

func (p *portal) leave(w http.ResponseWriter, r *http.Request, v visit) error {
	err := p.Projects.Leave(r.Context(), v.by, v.project.ID, v.session.Account.ID)
	f := fieldsOf(r)
	if refused, failure := f.refused(err); failure != nil {
		return failure
	} else if refused {
		return p.collaboratorsPage(w, r, v, statusOf(err), f)
	}
	p.flash(w, "left")
	return redirect(w, r, "/projects")
}

func joinPath(code string) string { return project.InvitationPath + "?" + query("code", code) }

func (p *portal) showInvitation(w http.ResponseWriter, r *http.Request) error {
	return p.joinPage(w, r, http.StatusOK, r.URL.Query().Get("code"), fieldsOf(r))
}

// joinPage shows an invitation to who holds its link: they have shown to read the mail that
// was sent to its address.
func (p *portal) joinPage(w http.ResponseWriter, r *http.Request, status int, code string, f Fields) error {
	page := JoinPage{Fields: f, Code: code}
	base := p.base(w, r, "Invitation")
	session, err := p.session(r)
	if err == nil {
		if base, err = p.accountBase(w, r, "Invitation", "", session); err != nil {
			return err
		}
	}
	page.Base = base
	page.Invitation, err = p.Access.Invitation(r.Context(), web.Request(r), code)
	switch {
	case fault.Is(err, "CollaboratorInvitationInvalidCode"):
		return p.render(w, r, http.StatusForbidden, page.view())
	case err != nil:
		return err
	}
	found, err := p.Projects.Get(r.Context(), page.Invitation.Project)
	if err != nil {
		return err
	}
	page.Valid, page.Name = true, found.Title()
	return p.render(w, r, status, page.view())
}

func (p *portal) acceptInvitation(w http.ResponseWriter, r *http.Request, session access.Session) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	return p.join(w, r, session, r.PostForm.Get("code"))
}

// join takes up an invitation for an account.
func (p *portal) join(w http.ResponseWriter, r *http.Request, session access.Session, code string) error {
	id, err := p.Projects.Accept(r.Context(), session.By(web.Request(r)), session.Account.Object(), code)
	f := fieldsOf(r)
	if refused, failure := f.refused(err); failure != nil {
		return failure
	} else if refused {
		f.Error, f.Errors = fault.Of(err).Message, map[string]string{}
		return p.joinPage(w, r, statusOf(err), code, f)
	}
	p.flash(w, "joined")
	return redirect(w, r, "/projects/"+id+"/audit-log?tab=admin")
}

// signUp makes an account for whom an invitation is, and takes the invitation up.
func (p *portal) signUp(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	code, password, f := r.PostForm.Get("code"), r.PostForm.Get("password"), fieldsOf(r)
	invited, err := p.Access.Invitation(r.Context(), web.Request(r), code)
	if fault.Is(err, "CollaboratorInvitationInvalidCode") {
		return p.render(w, r, http.StatusForbidden, JoinPage{Base: p.base(w, r, "Invitation"), Fields: f, Code: code}.view())
	}
	if err != nil {
		return err
	}
	if password != r.PostForm.Get("password_again") {
		f.Errors["password_again"] = "The two passwords differ."
		return p.joinPage(w, r, http.StatusUnprocessableEntity, code, f)
	}
	session, token, err := p.Access.SignUp(r.Context(), web.Request(r), invited.Email, password)
	if refused, failure := f.refused(err); failure != nil {
		return failure
	} else if refused {
		return p.joinPage(w, r, statusOf(err), code, f)
	}
	p.setSession(w, session, token)
	return p.join(w, r, session, code)
}
