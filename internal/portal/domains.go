package portal

import (
	"net/http"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/web"
)

// DomainsPage lists the project's hosts and says how to verify them.
type DomainsPage struct {
	Base
	Fields
	Recent  Recent
	Domains []project.Domain
	MayAct  bool
	Limit   int // by the plan
}

// DeleteDomainPage asks whether a domain is really to be deleted.
type DeleteDomainPage struct {
	Base
	Domain project.Domain
}

func (p *portal) showDomains(w http.ResponseWriter, r *http.Request, v visit) error {
	return p.domainsPage(w, r, v, http.StatusOK, fieldsOf(r))
}

func (p *portal) domainsPage(w http.ResponseWriter, r *http.Request, v visit, status int, f Fields) (err error) {
	page := DomainsPage{Fields: f, MayAct: v.role.May(access.Act), Limit: v.project.Plan.Domains}
	if page.Domains, err = p.Projects.Domains(r.Context(), v.project); err != nil {
		return err
	}
	if page.Recent, err = p.recent(r, v, "project.domain.created", "project.domain.verified", "project.domain.deleted"); err != nil {
		return err
	}
	if page.Base, err = p.projectBase(w, r, "Domains", "domains", v); err != nil {
		return err
	}
	return p.render(w, r, status, page.view())
}

func (p *portal) addDomain(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	f := fieldsOf(r, "domain")
	_, err := p.Projects.AddDomain(r.Context(), v.by, v.project.ID, f.Values["domain"])
	return p.changedDomains(w, r, v, f, err, "domain-added")
}

// verifyDomain asks the DNS, which can take seconds.
func (p *portal) verifyDomain(w http.ResponseWriter, r *http.Request, v visit) error {
	_, err := p.Projects.VerifyDomain(r.Context(), v.by, v.project, r.PathValue("id"))
	return p.changedDomains(w, r, v, fieldsOf(r), err, "domain-verified")
}

func (p *portal) showDeleteDomain(w http.ResponseWriter, r *http.Request, v visit) error {
	found, err := p.Projects.Domain(r.Context(), v.project, r.PathValue("id"))
	if err != nil {
		return err
	}
	base, err := p.projectBase(w, r, "Delete a domain", "domains", v)
	if err != nil {
		return err
	}
	return p.render(w, r, http.StatusOK, DeleteDomainPage{base, found}.view())
}

func (p *portal) deleteDomain(w http.ResponseWriter, r *http.Request, v visit) error {
	err := p.Projects.RemoveDomain(r.Context(), v.by, v.project, r.PathValue("id"))
	return p.changedDomains(w, r, v, fieldsOf(r), err, "domain-deleted")
}

func (p *portal) changedDomains(w http.ResponseWriter, r *http.Request, v visit, f Fields, err error, done string) error {
	if refused, failure := f.refused(err); failure != nil {
		return failure
	} else if refused {
		return p.domainsPage(w, r, v, statusOf(err), f)
	}
	p.flash(w, done)
	return redirect(w, r, v.path("/domains"))
}
