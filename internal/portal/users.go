package portal

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/sealog/sealog/internal/settings"
	"github.com/sealog/sealog/internal/web"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/directory"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/session"
)

const usersAtOnce = 50

// UsersPage lists a project's users.
type UsersPage struct {
	Base
	Users  []UserRow
	Search string
	Sort   string // "created" or "login"
	Order  string // "newest" or "oldest"
	Page   int    // from 1
	Total  int64
	MayAct bool
}

// UserRow is a user in a list.
type UserRow struct {
	ID, Name, Account, Status string
	Created                   time.Time
	LastLogin                 *time.Time
}

func userRow(u directory.User, now time.Time) UserRow {
	return UserRow{
		ID: u.ID.String(), Name: u.Name(), Account: u.AccountName(), Status: statusInWords(u, now),
		Created: u.CreatedAt, LastLogin: u.LastLoginAt,
	}
}

// statusInWords is "" for a user who may sign in.
func statusInWords(u directory.User, now time.Time) string {
	at := func(t *time.Time) string {
		if t == nil {
			return "?"
		}
		return t.UTC().Format("2006-01-02 15:04") + " UTC"
	}
	switch u.Status(now) {
	case directory.Normal:
		if u.TemporarilyDisabledFrom != nil && now.Before(*u.TemporarilyDisabledFrom) {
			return "disabled from " + at(u.TemporarilyDisabledFrom)
		}
		return ""
	case directory.Disabled:
		return "disabled"
	case directory.DisabledTemporarily:
		return "disabled until " + at(u.TemporarilyDisabledUntil)
	case directory.ScheduledDeletionDisabled, directory.ScheduledDeletionDeactivated:
		return "will be deleted on " + at(u.DeleteAt)
	case directory.ScheduledAnonymizationDisabled:
		return "will be anonymized on " + at(u.AnonymizeAt)
	case directory.Anonymized:
		return "anonymized"
	default:
		return "outside the account's valid period"
	}
}

// link is the list with something changed.
func (u UsersPage) link(page int, sort, order string) string {
	q := url.Values{}
	for name, value := range map[string]string{"q": u.Search, "sort": sort, "order": order} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if page > 1 {
		q.Set("page", strconv.Itoa(page))
	}
	if len(q) == 0 {
		return u.path("/users")
	}
	return u.path("/users?" + q.Encode())
}

func (u UsersPage) pages() int { return max(1, int((u.Total+usersAtOnce-1)/usersAtOnce)) }

func errNoUsers() error {
	return fault.New(fault.NotFound, "PageNotFound", "The Portal's own log has no users.")
}

func (p *portal) showUsers(w http.ResponseWriter, r *http.Request, v visit) error {
	if v.project.ID == event.PortalProject {
		return errNoUsers()
	}
	q := r.URL.Query()
	page := UsersPage{Search: q.Get("q"), Sort: q.Get("sort"), Order: q.Get("order"), Page: 1, MayAct: v.role.May(access.Act)}
	if n, err := strconv.Atoi(q.Get("page")); err == nil && n > 0 && n < 1_000_000 {
		page.Page = n
	}
	in := directory.ListInput{Search: page.Search, Descending: page.Order != "oldest", Offset: (page.Page - 1) * usersAtOnce, Limit: usersAtOnce}
	if page.Sort == "login" {
		in.SortBy = directory.ByLastLoginAt
	}
	p.Reads.Note(v.by, v.project.ID, "portal", auditlog.OfUsers)
	found, err := p.Directory.List(r.Context(), v.project.ID, in)
	if err != nil {
		return err
	}
	if page.Total, err = p.Directory.Count(r.Context(), v.project.ID, page.Search); err != nil {
		return err
	}
	now := p.Now()
	for _, u := range found {
		page.Users = append(page.Users, userRow(u, now))
	}
	if page.Base, err = p.projectBase(w, r, "Users", "users", v); err != nil {
		return err
	}
	return p.render(w, r, http.StatusOK, page.view())
}

// UserPage shows a user, what can be done with them, and what has happened to them.
type UserPage struct {
	Base
	Row            UserRow
	User           directory.User
	Identities     []directory.Identity
	Authenticators []directory.Authenticator
	Sessions       []session.Session
	Authorizations []session.Authorization
	Lockout        directory.Lockout
	Attributes     string // JSON
	Custom         string // JSON
	Events         []LogRow
	MayAct         bool
}

// userEvents is how many events the page of a user shows.
const userEvents = 20

func errNoUser() error { return fault.New(fault.NotFound, "UserNotFound", "There is no such user.") }

// userOf finds the user that a request's path is about.
func (p *portal) userOf(r *http.Request, v visit) (directory.User, error) {
	id, err := event.ParseID(r.PathValue("user"))
	if err != nil {
		return directory.User{}, errNoUser()
	}
	return p.Directory.Get(r.Context(), v.project.ID, id)
}

func (p *portal) showUser(w http.ResponseWriter, r *http.Request, v visit) error {
	user, err := p.userOf(r, v)
	if err != nil {
		return err
	}
	p.Reads.Note(v.by, v.project.ID, "portal", auditlog.OfUsers)
	page := UserPage{User: user, Row: userRow(user, p.Now()), MayAct: v.role.May(access.Act)}
	if err := p.fillUser(r, v, &page); err != nil {
		return err
	}
	if page.Base, err = p.projectBase(w, r, page.Title(), "users", v); err != nil {
		return err
	}
	return p.render(w, r, http.StatusOK, page.view())
}

// Title is what the page calls the user.
func (u UserPage) Title() string {
	for _, name := range []string{u.Row.Name, u.Row.Account} {
		if name != "" {
			return name
		}
	}
	return u.Row.ID
}

func (p *portal) fillUser(r *http.Request, v visit, page *UserPage) error {
	ctx, id := r.Context(), page.User.ID
	ids := []event.ID{id}
	identities, err := p.Directory.IdentitiesOf(ctx, v.project.ID, ids)
	if err != nil {
		return err
	}
	authenticators, err := p.Directory.AuthenticatorsOf(ctx, v.project.ID, ids)
	if err != nil {
		return err
	}
	sessions, err := p.Sessions.Of(ctx, v.project.ID, ids)
	if err != nil {
		return err
	}
	authorizations, err := p.Sessions.AuthorizationsOf(ctx, v.project.ID, ids)
	if err != nil {
		return err
	}
	lockouts, err := p.Directory.LockoutsOf(ctx, v.project, ids)
	if err != nil {
		return err
	}
	page.Identities, page.Authenticators, page.Sessions = identities[id], authenticators[id], sessions[id]
	page.Authorizations, page.Lockout = authorizations[id], lockouts[id]
	page.Attributes, page.Custom = indented(page.User.ShownAttributes()), indented(page.User.CustomAttributes)
	page.Events, err = p.latest(r, v, auditlog.Filter{Users: ids}, userEvents)
	return err
}

// action is the page that asks before something is done with the user; of is the identity,
// session or other thing of the user's that it is about, or "".
func (u UserPage) action(name, of string) string {
	path := u.path("/users/" + u.Row.ID + "/" + name)
	if of != "" {
		path += "?" + url.Values{"of": {of}}.Encode()
	}
	return path
}

// log is the list of all that is recorded about the user.
func (u UserPage) log(tab string) string {
	return u.path("/audit-log?" + LogQuery{Tab: tab, User: u.Row.ID}.encode())
}

func (u UserPage) isVerified(i directory.Identity) bool { return u.User.HasVerified(i) }

// NewUserPage makes a user.
type NewUserPage struct {
	Base
	Fields
	Keys []settings.LoginIDKey
}

func (p *portal) showNewUser(w http.ResponseWriter, r *http.Request, v visit) error {
	if v.project.ID == event.PortalProject {
		return errNoUsers()
	}
	f := fieldsOf(r)
	f.Values["passwords"] = "none"
	return p.newUserPage(w, r, v, http.StatusOK, f)
}

func (p *portal) newUserPage(w http.ResponseWriter, r *http.Request, v visit, status int, f Fields) error {
	base, err := p.projectBase(w, r, "New user", "users", v)
	if err != nil {
		return err
	}
	return p.render(w, r, status, NewUserPage{base, f, v.project.Config.Identity.LoginIDKeys}.view())
}

func (p *portal) createUser(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	f := fieldsOf(r, "key", "value", "passwords", "send", "expired")
	in := directory.CreateInput{
		LoginID:      directory.LoginID{Key: f.Values["key"], Value: f.Values["value"]},
		SendPassword: f.Values["send"] != "", SetPasswordExpired: f.Values["expired"] != "",
	}
	switch password := r.PostForm.Get("password"); f.Values["passwords"] {
	case "given":
		if password == "" {
			f.Errors["password"] = "Enter a password, or choose another way."
			return p.newUserPage(w, r, v, http.StatusUnprocessableEntity, f)
		}
		in.Password = &password
	case "generated":
		empty := ""
		in.Password = &empty
	}
	made, err := p.Directory.Create(r.Context(), v.by, v.project, in)
	if refused, failure := f.refusedBy(err); failure != nil {
		return failure
	} else if refused {
		return p.newUserPage(w, r, v, statusOf(err), f)
	}
	p.flash(w, "user-created")
	return redirect(w, r, "/projects/"+v.project.ID+"/users/"+made.ID.String())
}

// refusedBy notes why a service refused a form, with the error's code, and reports whether
// that is what happened; what is not the form's fault is returned.
func (f *Fields) refusedBy(err error) (bool, error) {
	if err == nil {
		return false, nil
	}
	switch said := fault.Of(err); said.Kind {
	case fault.Invalid, fault.Malformed, fault.NotFound, fault.Conflict, fault.Denied, fault.Exhausted:
		f.Error = said.Message + " (" + said.Code + reasonsOf(said) + ")"
		return true, nil
	default:
		return false, err
	}
}

// reasonsOf names what of a policy or schema was broken.
func reasonsOf(f *fault.Error) string {
	text := ""
	switch info := f.Info.(type) {
	case directory.PasswordInfo:
		for _, cause := range info.Causes {
			text += ", " + cause.Name
		}
	case directory.ValidationInfo:
		for _, cause := range info.Causes {
			text += ", " + cause.Location + " " + cause.Kind
			if cause.Details.Message != "" {
				text += ": " + cause.Details.Message
			}
		}
	case directory.CauseInfo:
		text = ", " + info.Cause.Kind
	case directory.DuplicateInfo:
		text = ", " + info.Cause.Kind
	}
	return text
}

// offered are the actions that make sense for the user as they are now, and are about the
// user as a whole.
func (u UserPage) offered() []userAction {
	user := u.User
	fits := map[string]bool{
		"attributes": !user.IsAnonymized, "disable": !user.IsAnonymized && user.DeleteAt == nil && user.AnonymizeAt == nil,
		"enable":         user.IsDisabled && user.DeleteAt == nil && user.AnonymizeAt == nil && !user.IsAnonymized || user.TemporarilyDisabledFrom != nil,
		"reset-password": !user.IsAnonymized, "send-reset-message": !user.IsAnonymized,
		"password-expired": user.HasPassword, "password-valid": user.HasPassword,
		"add-identity": !user.IsAnonymized, "add-authenticator": !user.IsAnonymized, "generate-code": !user.IsAnonymized,
		"create-session": !user.IsAnonymized, "revoke-sessions": len(u.Sessions) > 0,
		"schedule-deletion": user.DeleteAt == nil, "unschedule-deletion": user.DeleteAt != nil,
		"schedule-anonymization":   user.AnonymizeAt == nil && !user.IsAnonymized,
		"unschedule-anonymization": user.AnonymizeAt != nil && !user.IsAnonymized,
		"anonymize":                !user.IsAnonymized, "delete": true, "reset-lockout": u.Lockout.IsLocked,
		"valid-period": !user.IsAnonymized, "grace-period": !user.IsAnonymized, "end-grace-period": user.MFAGracePeriodEndAt != nil,
	}
	var offered []userAction
	for _, a := range userActions {
		if fits[a.name] {
			offered = append(offered, a)
		}
	}
	return offered
}
