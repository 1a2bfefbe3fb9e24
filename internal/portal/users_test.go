package portal

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/directory"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/message"
	"github.com/sealog/sealog/internal/project"
	usersession "github.com/sealog/sealog/internal/session"
	"github.com/sealog/sealog/internal/store"
)

// configured gives a project a configuration and returns it.
func (s *site) configured(id, config string) project.Project {
	s.t.Helper()
	if config != "" {
		_, err := store.Record(s.t.Context(), s.db, access.ByOperator("test"), event.InProject(id),
			func(ctx context.Context, tx *store.Tx) (event.ProjectAppUpdated, error) {
				_, err := tx.Exec(ctx, `UPDATE projects SET config = $2, version = version + 1 WHERE project_id = $1`, id, "id: "+id+"\n"+config)
				return event.ProjectAppUpdated{}, err
			})
		if err != nil {
			s.t.Fatal(err)
		}
	}
	p, err := s.projects.Get(s.t.Context(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

// user makes a user with a password, an e-mail address, a phone number and a session.
func (s *site) user(id string) directory.User {
	s.t.Helper()
	ctx, by, p, secret := s.t.Context(), access.ByOperator("test"), s.configured(id, ""), "the first password"
	u, err := s.users.Create(ctx, by, p, directory.CreateInput{LoginID: directory.LoginID{Key: "email", Value: "lee" + event.NewID().Hex()[:8] + event.NewID().Hex()[24:] + "@shop.example"}, Password: &secret})
	if err != nil {
		s.t.Fatal(err)
	}
	if _, _, err := s.users.SignIn(ctx, by, p, u.ID, usersession.Session{Type: usersession.IDP}); err != nil {
		s.t.Fatal(err)
	}
	return u
}

// message leaves a message in the outbox, in a state.
func (s *site) message(id, state string) string {
	s.t.Helper()
	ctx, by := s.t.Context(), access.ByOperator("test")
	m := message.Seal(s.db.Vault(), message.Draft{Project: id, Channel: message.Email, Kind: "forgot-password", Recipient: "kim@shop.example", Text: "What it says", By: by})
	_, err := store.Record(ctx, s.db, by, event.InProject(id), func(ctx context.Context, tx *store.Tx) (event.ProjectAppUpdated, error) {
		if err := m.Enqueue(ctx, tx); err != nil {
			return event.ProjectAppUpdated{}, err
		}
		_, err := tx.Exec(ctx, `UPDATE outbox SET state = $2 WHERE project_id = $1`, id, state)
		return event.ProjectAppUpdated{}, err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	all, err := message.New(s.db).List(ctx, id, "", event.ID{}, 1)
	if err != nil {
		s.t.Fatal(err)
	}
	return all[0].ID.String()
}

const usersConfig = `
admin_api: {create_session_enabled: true}
oauth: {clients: [{client_id: shop}, {client_id: partner, third_party: true}]}
`

// TestUserActions does each thing that the page of a user can do, once well and once so that
// it is refused, by the account.
func TestUserActions(t *testing.T) {
	t.Parallel()
	const m = "admin_api.mutation."
	type done struct {
		form    []string
		records []string
		of      string   // what of the user's: identity, authenticator, session or authorization
		first   []string // an action that must come before
		refused []string // a form that is refused; nil for the same once more
		shows   string
	}
	never := []string{"never"}
	rows := map[string]done{
		"attributes":               {[]string{"name", "Kim", "custom", `{"hobby":"chess"}`}, []string{"user.profile.updated", m + "update_user.executed"}, "", nil, []string{"birthdate", "soon", "custom", "{}"}, ""},
		"disable":                  {[]string{"reason", "chargeback"}, []string{"user.disabled", m + "set_disabled_status.executed"}, "", nil, nil, ""},
		"enable":                   {nil, []string{"user.reenabled", m + "set_disabled_status.executed"}, "", []string{"disable"}, nil, ""},
		"reset-password":           {[]string{"password", "another password", "expired", "yes"}, []string{m + "reset_password.executed"}, "", nil, []string{"password", "short"}, ""},
		"send-reset-message":       {[]string{"login", "$account"}, []string{m + "send_reset_password_message.executed"}, "", nil, []string{"login", "nobody@shop.example"}, ""},
		"password-expired":         {nil, []string{m + "set_password_expired.executed"}, "", nil, never, ""},
		"password-valid":           {nil, []string{m + "set_password_expired.executed"}, "", nil, never, ""},
		"add-identity":             {[]string{"key", "username", "value", "kim"}, []string{"identity.username.added", m + "create_identity.executed"}, "", nil, nil, ""},
		"change-identity":          {[]string{"key", "email", "value", "kim@shop.example"}, []string{"identity.email.updated", m + "update_identity.executed"}, "identity", nil, []string{"key", "email", "value", "none"}, ""},
		"delete-identity":          {nil, []string{"identity.email.removed", m + "delete_identity.executed"}, "identity", []string{"add-identity", "key", "username", "value", "kim"}, nil, ""},
		"verify":                   {nil, []string{"identity.email.verified", m + "set_verified_status.executed"}, "identity", nil, never, ""},
		"unverify":                 {nil, []string{"identity.email.unverified", m + "set_verified_status.executed"}, "identity", []string{"verify"}, never, ""},
		"add-authenticator":        {[]string{"type", "oob_otp_email", "kind", "secondary", "target", "codes@shop.example"}, []string{m + "create_authenticator.executed"}, "", nil, nil, ""},
		"delete-authenticator":     {nil, []string{m + "delete_authenticator.executed"}, "authenticator", nil, nil, ""},
		"revoke-session":           {nil, []string{"user.session.terminated", m + "revoke_session.executed"}, "session", nil, nil, ""},
		"revoke-sessions":          {nil, []string{"user.session.terminated", m + "revoke_all_sessions.executed"}, "", nil, never, ""},
		"create-session":           {[]string{"client", "shop"}, []string{m + "create_session.executed"}, "", nil, []string{"client", "partner"}, "Refresh token"},
		"delete-authorization":     {nil, []string{m + "delete_authorization.executed"}, "authorization", nil, nil, ""},
		"generate-code":            {[]string{"target", "$account", "purpose", "verification"}, []string{m + "generate_oob_otp_code.executed"}, "", nil, []string{"target", "none", "purpose", "login"}, "Code"},
		"schedule-deletion":        {[]string{"reason", "asked"}, []string{"user.deletion_scheduled", m + "schedule_account_deletion.executed"}, "", nil, nil, ""},
		"unschedule-deletion":      {nil, []string{"user.deletion_unscheduled", m + "unschedule_account_deletion.executed"}, "", []string{"schedule-deletion"}, nil, ""},
		"schedule-anonymization":   {nil, []string{"user.anonymization_scheduled", m + "schedule_account_anonymization.executed"}, "", nil, nil, ""},
		"unschedule-anonymization": {nil, []string{"user.anonymization_unscheduled", m + "unschedule_account_anonymization.executed"}, "", []string{"schedule-anonymization"}, nil, ""},
		"anonymize":                {[]string{"typed", "$account"}, []string{"user.anonymized", m + "anonymize_user.executed"}, "", nil, []string{"typed", "$id"}, ""},
		"delete":                   {[]string{"typed", "$id", "reason", "asked"}, []string{"user.deleted", m + "delete_user.executed"}, "", nil, never, ""},
		"reset-lockout":            {nil, []string{m + "reset_account_lockout.executed"}, "", nil, never, ""},
		"valid-period":             {[]string{"from", "2020-01-01T00:00"}, []string{m + "set_account_valid_period.executed"}, "", nil, []string{"from", "2020-01-01T00:00", "until", "2019-01-01T00:00"}, ""},
		"grace-period":             {[]string{"until", "2099-01-01T00:00"}, []string{m + "set_mfa_grace_period.executed"}, "", nil, []string{"until", ""}, ""},
		"end-grace-period":         {nil, []string{m + "remove_mfa_grace_period.executed"}, "", nil, never, ""},
	}
	for _, action := range userActions {
		t.Run(action.name, func(t *testing.T) {
			t.Parallel()
			row, ok := rows[action.name]
			if !ok {
				t.Fatal("the action has no row")
			}
			s := newSite(t)
			owner := s.account(ownerEmail, false)
			s.project("acme", owner)
			p := s.configured("acme", usersConfig)
			u := s.user("acme")
			consent, err := s.users.Authorize(t.Context(), access.ByOperator("test"), p, u.ID, "partner", []string{"openid"})
			if err != nil {
				t.Fatal(err)
			}
			of := map[string]event.ID{"authorization": consent.ID}
			identities, _ := s.users.IdentitiesOf(t.Context(), "acme", []event.ID{u.ID})
			authenticators, _ := s.users.AuthenticatorsOf(t.Context(), "acme", []event.ID{u.ID})
			sessions, _ := usersession.New(s.db).Of(t.Context(), "acme", []event.ID{u.ID})
			of["identity"], of["authenticator"], of["session"] = identities[u.ID][0].ID, authenticators[u.ID][0].ID, sessions[u.ID][0].ID
			b, page := s.signedIn(ownerEmail), "/projects/acme/users/"+u.ID.String()
			fill := func(form []string) []string {
				form = slices.Clone(form)
				for i := range form {
					form[i] = strings.NewReplacer("$account", u.AccountName(), "$id", u.ID.String()).Replace(form[i])
				}
				if row.of != "" {
					form = append(form, "of", of[row.of].String())
				}
				return form
			}
			if row.first != nil {
				b.post(page+"/"+row.first[0], append(row.first[1:], "of", of["identity"].String())...).want(t, http.StatusSeeOther)
			}
			asks := page + "/" + action.name
			if row.of != "" {
				asks += "?" + url.Values{"of": {of[row.of].String()}}.Encode()
			}
			b.get(asks).want(t, 200, action.title)
			before := s.types("acme")
			got := b.post(page+"/"+action.name, fill(row.form)...)
			if row.shows != "" {
				got.want(t, 200, row.shows, "Shown this once")
			} else {
				got.want(t, http.StatusSeeOther)
			}
			if diff := cmp.Diff(append(before, row.records...), s.types("acme")); diff != "" {
				t.Errorf("events (-want, +got):\n%s", diff)
			}
			page1, err := s.log.List(t.Context(), auditlog.Filter{Project: "acme"}, auditlog.Paging{})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range page1.Rows[:len(row.records)] {
				if r.ActorID != owner.ID.String() || r.User != u.ID {
					t.Errorf("%s is by %s about %s", r.Type, r.ActorID, r.User)
				}
			}
			if slices.Equal(row.refused, never) {
				return
			}
			again := row.refused
			if again == nil {
				again = row.form
			}
			refused := b.post(page+"/"+action.name, fill(again)...)
			if refused.status < 400 || refused.status >= 500 || !strings.Contains(refused.body, `role="alert"`) && !strings.Contains(refused.body, "Code <code>") {
				t.Errorf("refused: %d\n%s", refused.status, refused.body)
			}
			if len(again) > 1 && again[0] == "reason" && !strings.Contains(refused.body, `value="`+again[1]+`"`) {
				t.Error("what was entered is lost")
			}
		})
	}
	if len(rows) != len(userActions) {
		t.Errorf("%d rows for %d actions", len(rows), len(userActions))
	}
}

func TestUserPages(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	owner, viewer := s.account(ownerEmail, false), s.account("viewer@acme.example", false)
	s.project("acme", owner)
	s.join("acme", viewer, access.Viewer)
	b := s.signedIn(ownerEmail)
	b.get("/projects/acme/users").want(t, 200, "0 users", "New user")
	b.post("/projects/acme/users/new", "key", "email", "value", "Kim@Shop.example", "passwords", "given", "password", "").
		want(t, http.StatusUnprocessableEntity, "Enter a password", `value="Kim@Shop.example"`)
	kept := b.post("/projects/acme/users/new", "key", "email", "value", "Kim@Shop.example", "passwords", "given", "password", "short").
		want(t, http.StatusUnprocessableEntity, "PasswordTooShort", `value="Kim@Shop.example"`)
	if strings.Contains(kept.body, "short\"") {
		t.Error("the page holds the password")
	}
	b.post("/projects/acme/users/new", "key", "email", "value", "Kim@Shop.example", "passwords", "none").want(t, http.StatusSeeOther)
	page := b.get("/projects/acme/users?q=SHOP.example").want(t, 200, "1 user<", "kim@shop.example", "can sign in")
	_, rest, _ := strings.Cut(page.body[strings.Index(page.body, "<tbody>"):], `href="`)
	href, _, _ := strings.Cut(rest, `"`)
	b.get(href).want(t, 200, "kim@shop.example", "created the user", "What can be done", "not verified")
	b.post(href+"/delete", "typed", "somebody else").want(t, http.StatusUnprocessableEntity, "That is not this user.")
	b.get("/projects/acme/users?q=nobody").want(t, 200, "0 users")
	for _, path := range []string{"/projects/acme/users/nobody", "/projects/acme/users/" + event.NewID().String(), href + "/explode"} {
		b.get(path).want(t, http.StatusNotFound)
	}
	if got := b.get(href+"/delete-identity?of=x").want(t, http.StatusNotFound); got.body == "" {
		t.Error("no page")
	}

	v := s.signedIn("viewer@acme.example")
	seen := v.get(href).want(t, 200, "kim@shop.example")
	if strings.Contains(seen.body, "What can be done") || strings.Contains(seen.body, "/delete-identity") {
		t.Error("a viewer is offered what a viewer may not do")
	}
	before := s.count()
	v.get("/projects/acme/users/new").want(t, http.StatusForbidden, "RoleTooLow")
	v.post(href+"/disable").want(t, http.StatusForbidden, "RoleTooLow")
	v.get("/projects/acme/outbox").want(t, http.StatusForbidden, "RoleTooLow")
	if s.count() == before {
		t.Error("what a viewer was denied is not on the record")
	}
}

func TestOutbox(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	owner, editor := s.account(ownerEmail, false), s.account("editor@acme.example", false)
	s.project("acme", owner)
	s.join("acme", editor, access.Editor)
	id := s.message("acme", message.Queued)
	s.signedIn("editor@acme.example").get("/projects/acme/outbox").want(t, http.StatusForbidden, "RoleTooLow")
	b := s.signedIn(ownerEmail)
	page := b.get("/projects/acme/outbox").want(t, 200, "forgot-password", "--smtp-host", "queued")
	if strings.Contains(page.body, "What it says") || strings.Contains(page.body, "kim@shop.example") {
		t.Error("the list tells what messages say")
	}
	b.post("/projects/acme/outbox/"+id+"/read").want(t, 200, "What it says", "kim@shop.example")
	if types := s.types("acme"); types[len(types)-1] != "project.message.read" {
		t.Errorf("reading left %v", types)
	}
	b.get("/projects/acme/outbox?state=dead").want(t, 200, "No messages.")
	b.get("/projects/acme/outbox?state=odd").want(t, http.StatusBadRequest, "FilterMalformed")
	b.get("/projects/acme/outbox?before=x").want(t, http.StatusBadRequest, "InvalidCursor")
	b.post("/projects/acme/outbox/"+id+"/retry").want(t, http.StatusConflict, "MessageNotDead")
	b.post("/projects/acme/outbox/x/read").want(t, http.StatusNotFound, "MessageNotFound")
	s.later = 2 * access.FreshFor
	b.get("/projects/acme/outbox").leadsTo(t, "/confirm?next=%2Fprojects%2Facme%2Foutbox")
	b.post("/projects/acme/outbox/"+id+"/read").leadsTo(t, "/confirm?next=%2Fprojects%2Facme%2Foutbox")
}
