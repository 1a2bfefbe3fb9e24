package portal

import (
	"net/http"
	"slices"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/directory"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/web"
)

// UserActionPage asks before something is done with a user.
type UserActionPage struct {
	Base
	Fields
	Action userAction
	UserID string
	Name   string // of the user
	Of     string
}

// ShownOncePage shows secrets that nobody is shown again.
type ShownOncePage struct {
	Base
	Secrets []shown
	// Back is the page to go on to, BackTo says which that is.
	Back, BackTo string
}

func (p *portal) actionOf(r *http.Request, v visit) (deed, userAction, error) {
	action, ok := actionNamed(r.PathValue("action"))
	if !ok {
		return deed{}, action, fault.New(fault.NotFound, "PageNotFound", "There is no such page.")
	}
	user, err := p.userOf(r, v)
	if err != nil {
		return deed{}, action, err
	}
	d := deed{portal: p, visit: v, user: user}
	if of := r.FormValue("of"); of != "" {
		if d.of, err = event.ParseID(of); err != nil {
			return d, action, fault.New(fault.NotFound, "PageNotFound", "There is no such page.")
		}
	}
	return d, action, nil
}

func (p *portal) showUserAction(w http.ResponseWriter, r *http.Request, v visit) error {
	d, action, err := p.actionOf(r, v)
	if err != nil {
		return err
	}
	p.Reads.Note(v.by, v.project.ID, "portal", auditlog.OfUsers)
	d.form = fieldsOf(r)
	if action.prefill != nil {
		d.form.Values = action.prefill(d.user, v.project)
	}
	return p.userActionPage(w, r, d, action, http.StatusOK)
}

func (p *portal) userActionPage(w http.ResponseWriter, r *http.Request, d deed, action userAction, status int) error {
	base, err := p.projectBase(w, r, action.title, "users", d.visit)
	if err != nil {
		return err
	}
	page := UserActionPage{Base: base, Fields: d.form, Action: action.offeredTo(d), UserID: d.user.ID.String(), Name: title(d.user)}
	if !d.of.IsZero() {
		page.Of = d.of.String()
	}
	return p.render(w, r, status, page.view())
}

func title(u directory.User) string {
	return UserPage{Row: UserRow{ID: u.ID.String(), Name: u.Name(), Account: u.AccountName()}}.Title()
}

// offeredTo offers the project's kinds of login ids where one is chosen, and what is for owners
// to owners alone.
func (a userAction) offeredTo(d deed) userAction {
	a.inputs = slices.DeleteFunc(slices.Clone(a.inputs), func(in input) bool { return in.forOwners && !d.role.May(access.Erase) })
	for i := range a.inputs {
		if a.inputs[i].name != "key" {
			continue
		}
		a.inputs[i].options = nil
		for _, key := range d.project.Config.Identity.LoginIDKeys {
			a.inputs[i].options = append(a.inputs[i].options, key.Key)
		}
	}
	return a
}

// doUserAction does what a form of userActions asks for.
func (p *portal) doUserAction(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	d, action, err := p.actionOf(r, v)
	if err != nil {
		return err
	}
	names := []string{"typed"}
	for _, in := range action.inputs {
		if in.kind != "password" {
			names = append(names, in.name)
		}
	}
	d.form, d.password = fieldsOf(r, names...), r.PostForm.Get("password")
	if action.typed && d.value("typed") != d.user.ID.String() && (d.user.AccountName() == "" || d.value("typed") != d.user.AccountName()) {
		d.form.Errors["typed"] = "That is not this user."
		return p.userActionPage(w, r, d, action, http.StatusUnprocessableEntity)
	}
	secrets, err := action.run(r.Context(), d)
	if refused, failure := d.form.refusedBy(err); failure != nil {
		return failure
	} else if refused {
		return p.userActionPage(w, r, d, action, statusOf(err))
	}
	if len(secrets) > 0 {
		base, err := p.projectBase(w, r, action.title, "users", v)
		if err != nil {
			return err
		}
		// In the answer itself, and not behind a redirect: an address would be kept somewhere.
		return p.render(w, r, http.StatusOK, ShownOncePage{base, secrets, v.path("/users/" + d.user.ID.String()), "Back to the user"}.view())
	}
	p.flash(w, "user-changed")
	if d.checked(eraseInput.name) && v.role.May(access.Erase) {
		return redirect(w, r, erasePath(v, d.user.ID.String(), d.value(reasonInput.name)))
	}
	to := "/projects/" + v.project.ID + "/users"
	if action.name != "delete" {
		to += "/" + d.user.ID.String()
	}
	return redirect(w, r, to)
}
