package portal

import (
	"net/http"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/web"
)

// ProjectsPage lists the projects in which the account has a role.
type ProjectsPage struct{ Base }

// NewProjectPage makes a project.
type NewProjectPage struct {
	Base
	Fields
}

func (p *portal) showProjects(w http.ResponseWriter, r *http.Request, session access.Session) error {
	base, err := p.accountBase(w, r, "Projects", "projects", session)
	if err != nil {
		return err
	}
	return p.render(w, r, http.StatusOK, ProjectsPage{base}.view())
}

func (p *portal) showNewProject(w http.ResponseWriter, r *http.Request, session access.Session) error {
	return p.newProjectPage(w, r, session, http.StatusOK, fieldsOf(r))
}

func (p *portal) newProjectPage(w http.ResponseWriter, r *http.Request, session access.Session, status int, fields Fields) error {
	base, err := p.accountBase(w, r, "New project", "projects", session)
	if err != nil {
		return err
	}
	return p.render(w, r, status, NewProjectPage{base, fields}.view())
}

func (p *portal) createProject(w http.ResponseWriter, r *http.Request, session access.Session) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	f := fieldsOf(r, "id", "name")
	if f.checkProject(); f.wrong() {
		return p.newProjectPage(w, r, session, http.StatusUnprocessableEntity, f)
	}
	made, err := p.Projects.Create(r.Context(), session.By(web.Request(r)), f.Values["id"], f.Values["name"], session.Account.Object())
	if refused, failure := f.refused(err); failure != nil {
		return failure
	} else if refused {
		return p.newProjectPage(w, r, session, statusOf(err), f)
	}
	p.flash(w, "project-created")
	return redirect(w, r, "/projects/"+made.ID+"/admin-api")
}

func (p *portal) showProject(w http.ResponseWriter, r *http.Request, v visit) error {
	return redirect(w, r, "/projects/"+v.project.ID+"/audit-log")
}
