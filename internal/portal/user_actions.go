package portal

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/sealog/sealog/internal/directory"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/project"
)

// userAction is something that is done with a user: a form that says what will happen, and
// the service that does it.
type userAction struct {
	name, title string
	// words say what will happen.
	words  string
	danger bool
	// typed asks for the user's id or account name, because it cannot be undone.
	typed  bool
	inputs []input
	// prefill gives the inputs their first values.
	prefill func(directory.User, project.Project) map[string]string
	run     func(context.Context, deed) ([]shown, error)
}

// input is a field of an action's form.
type input struct {
	name, label, hint string
	kind              string // text, password, time, check, area or choice
	options           []string
	forOwners         bool // others are not offered it
}

// shown is a secret that the answer shows, once.
type shown struct{ Label, Value string }

// deed is an action under way: by whom, with whom, and what the form says.
type deed struct {
	*portal
	visit
	user directory.User
	of   event.ID // the identity, session or other thing that it is about
	form Fields
	// password is apart from the form's values, which are shown again.
	password string
}

func (d deed) value(name string) string { return d.form.Values[name] }
func (d deed) checked(name string) bool { return d.form.Values[name] != "" }

// formTime is how a form writes a time, in UTC.
const formTime = "2006-01-02T15:04"

// time reads a time that may be left out.
func (d deed) time(name string) (*time.Time, error) {
	text := d.value(name)
	if text == "" {
		return nil, nil
	}
	t, err := time.Parse(formTime, text[:min(len(text), len(formTime))])
	if err != nil {
		return nil, fault.New(fault.Invalid, "ValidationFailed", "%q is not a time like 2026-11-24T08:00.", text).On(name)
	}
	return &t, nil
}

func formatted(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format(formTime)
}

// silent is an action whose result is the user's page.
func silent[T any](run func(context.Context, deed) (T, error)) func(context.Context, deed) ([]shown, error) {
	return func(ctx context.Context, d deed) ([]shown, error) {
		_, err := run(ctx, d)
		return nil, err
	}
}

var (
	reasonInput = input{name: "reason", label: "Reason", hint: "It is put on the record.", kind: "text"}
	eraseInput  = input{name: "erase", label: "Then also erase this person’s data from the log", kind: "check", forOwners: true}
	loginInputs = []input{{name: "value", label: "E-mail address, phone number or username", kind: "text"}}
)

// userActions lists everything that the page of a user can do.
var userActions = []userAction{
	{
		name: "attributes", title: "Change the attributes", words: "The attributes become what stands here. Empty ones are removed.",
		inputs: append(attributeInputs(), input{name: "custom", label: "Custom attributes", hint: "A JSON object.", kind: "area"}),
		prefill: func(u directory.User, _ project.Project) map[string]string {
			values := map[string]string{"custom": indented(u.CustomAttributes)}
			for name, value := range u.TextAttributes() {
				values[name] = value
			}
			return values
		},
		run: silent(updateAttributes),
	},
	{
		name: "disable", title: "Disable the user", danger: true,
		words:  "The user can no longer sign in, for good or for the period given, and every session of theirs ends at once if that is now.",
		inputs: []input{reasonInput, {name: "from", label: "From (UTC)", hint: "Leave both empty to disable for good.", kind: "time"}, {name: "until", label: "Until (UTC)", kind: "time"}},
		run: silent(func(ctx context.Context, d deed) (directory.User, error) {
			in := directory.DisableInput{IsDisabled: true, Reason: d.value("reason")}
			var err error
			if in.From, err = d.time("from"); err != nil {
				return d.user, err
			}
			if in.Until, err = d.time("until"); err != nil {
				return d.user, err
			}
			return d.Directory.SetDisabledStatus(ctx, d.by, d.project, d.user.ID, in)
		}),
	},
	{
		name: "enable", title: "Enable the user", words: "The user can sign in again.",
		run: silent(func(ctx context.Context, d deed) (directory.User, error) {
			return d.Directory.SetDisabledStatus(ctx, d.by, d.project, d.user.ID, directory.DisableInput{})
		}),
	},
	{
		name: "reset-password", title: "Reset the password", danger: true,
		words: "The user's password is replaced. Sessions go on. A password that is left empty is generated, and then only the mail tells it.",
		inputs: []input{
			{name: "password", label: "New password", kind: "password"},
			{name: "send", label: "Send it to the user by e-mail", kind: "check"},
			{name: "expired", label: "The user must choose another at the next sign-in", kind: "check"},
		},
		run: silent(func(ctx context.Context, d deed) (directory.User, error) {
			return d.Directory.ResetPassword(ctx, d.by, d.project, d.user.ID, directory.ResetPasswordInput{
				Password: &d.password, SendPassword: d.checked("send"), SetPasswordExpired: d.checked("expired"),
			})
		}),
	},
	{
		name: "send-reset-message", title: "Send a link to reset the password",
		words:  "The user gets a message with a link, good once and for a short time, with which they set a new password.",
		inputs: []input{{name: "login", label: "To", hint: "An e-mail address or phone number of the user.", kind: "text"}},
		prefill: func(u directory.User, _ project.Project) map[string]string {
			return map[string]string{"login": u.AccountName()}
		},
		run: func(ctx context.Context, d deed) ([]shown, error) {
			return nil, d.Directory.SendResetPasswordMessage(ctx, d.by, d.project, d.value("login"))
		},
	},
	{
		name: "password-expired", title: "Make the user change the password", words: "At the next sign-in the user must choose another password.",
		run: silent(func(ctx context.Context, d deed) (directory.User, error) {
			return d.Directory.SetPasswordExpired(ctx, d.by, d.project, d.user.ID, true)
		}),
	},
	{
		name: "password-valid", title: "Let the password be", words: "The user need not change the password.",
		run: silent(func(ctx context.Context, d deed) (directory.User, error) {
			return d.Directory.SetPasswordExpired(ctx, d.by, d.project, d.user.ID, false)
		}),
	},
	{
		name: "add-identity", title: "Add a login id", words: "The user can be known by this, too. It is not verified by adding it.",
		inputs: append([]input{{name: "key", label: "Kind", kind: "choice"}}, loginInputs...),
		run: func(ctx context.Context, d deed) ([]shown, error) {
			_, _, err := d.Directory.CreateIdentity(ctx, d.by, d.project, d.user.ID, directory.CreateIdentityInput{LoginID: d.loginID()})
			return nil, err
		},
	},
	{
		name: "change-identity", title: "Change a login id",
		words:  "The login id is replaced by another of the same kind. That the old one was verified counts no more.",
		inputs: append([]input{{name: "key", label: "Kind", kind: "choice"}}, loginInputs...),
		run: func(ctx context.Context, d deed) ([]shown, error) {
			_, _, err := d.Directory.UpdateIdentity(ctx, d.by, d.project, d.user.ID, d.of, d.loginID())
			return nil, err
		},
	},
	{
		name: "delete-identity", title: "Delete an identity", danger: true,
		words: "The user can no longer be known by it. What was bound to it goes, too. The last identity cannot be deleted.",
		run: silent(func(ctx context.Context, d deed) (directory.User, error) {
			return d.Directory.DeleteIdentity(ctx, d.by, d.project, d.of)
		}),
	},
	{
		name: "verify", title: "Mark as verified", words: "From now on the address counts as known to be the user's.",
		run: silent(func(ctx context.Context, d deed) (directory.User, error) { return d.setVerified(ctx, true) }),
	},
	{
		name: "unverify", title: "Mark as unverified", words: "From now on the address counts as not known to be the user's.",
		run: silent(func(ctx context.Context, d deed) (directory.User, error) { return d.setVerified(ctx, false) }),
	},
	{
		name: "add-authenticator", title: "Add an authenticator", words: "The user can prove who they are with it.",
		inputs: []input{
			{name: "type", label: "Type", kind: "choice", options: []string{"password", "oob_otp_email", "oob_otp_sms"}},
			{name: "kind", label: "Kind", kind: "choice", options: []string{"primary", "secondary"}},
			{name: "target", label: "E-mail address or phone number", hint: "For codes.", kind: "text"},
			{name: "password", label: "Password", hint: "For a password.", kind: "password"},
		},
		run: func(ctx context.Context, d deed) ([]shown, error) {
			_, _, err := d.Directory.CreateAuthenticator(ctx, d.by, d.project, d.user.ID, directory.CreateAuthenticatorInput{
				Type: d.value("type"), Kind: d.value("kind"), Password: d.password, Email: d.value("target"), Phone: d.value("target"),
			})
			return nil, err
		},
	},
	{
		name: "delete-authenticator", title: "Delete an authenticator", danger: true,
		words: "The user can no longer prove who they are with it. Recovery codes go with the last second factor.",
		run: silent(func(ctx context.Context, d deed) (directory.User, error) {
			return d.Directory.DeleteAuthenticator(ctx, d.by, d.project, d.of)
		}),
	},
	{
		name: "revoke-session", title: "End a session", danger: true, words: "Whoever uses it is signed out at once, with the sessions of the same sign-in.",
		run: silent(func(ctx context.Context, d deed) (directory.User, error) {
			return d.Directory.RevokeSession(ctx, d.by, d.project, d.of)
		}),
	},
	{
		name: "revoke-sessions", title: "End all sessions", danger: true, words: "The user is signed out everywhere, at once.",
		run: silent(func(ctx context.Context, d deed) (directory.User, error) {
			return d.Directory.RevokeAllSessions(ctx, d.by, d.project, d.user.ID)
		}),
	},
	{
		name: "create-session", title: "Create a session", danger: true,
		words:  "A session is made without the user's doing. Whoever has its tokens acts as the user. They are shown once.",
		inputs: []input{{name: "client", label: "Client id", kind: "text"}},
		run: func(ctx context.Context, d deed) ([]shown, error) {
			t, err := d.Directory.CreateSession(ctx, d.by, d.project, d.user.ID, directory.CreateSessionInput{ClientID: d.value("client")})
			return []shown{{"Access token", t.AccessToken}, {"Refresh token", t.RefreshToken}}, err
		},
	},
	{
		name: "delete-authorization", title: "Withdraw an authorization", danger: true, words: "The client loses the user's consent, and every token it has.",
		run: silent(func(ctx context.Context, d deed) (directory.User, error) {
			return d.Directory.DeleteAuthorization(ctx, d.by, d.project, d.of)
		}),
	},
	{
		name: "generate-code", title: "Generate a one-time code", words: "The code is shown once, and sent to nobody. It replaces the one of before.",
		inputs: []input{
			{name: "target", label: "E-mail address or phone number", kind: "text"},
			{name: "purpose", label: "Purpose", kind: "choice", options: []string{directory.ForVerification, directory.ForLogin}},
		},
		prefill: func(u directory.User, _ project.Project) map[string]string {
			return map[string]string{"target": u.AccountName()}
		},
		run: func(ctx context.Context, d deed) ([]shown, error) {
			code, err := d.Directory.GenerateCode(ctx, d.by, d.project, d.value("target"), d.value("purpose"))
			return []shown{{"Code", code}}, err
		},
	},
	{
		name: "schedule-deletion", title: "Schedule the deletion", danger: true,
		words:  "The user cannot sign in from now on, and is deleted when the project's grace period is over. It can be called off until then.",
		inputs: []input{reasonInput},
		run: silent(func(ctx context.Context, d deed) (directory.User, error) {
			return d.Directory.ScheduleDeletion(ctx, d.by, d.project, d.user.ID, d.value("reason"))
		}),
	},
	{
		name: "unschedule-deletion", title: "Call the deletion off", words: "The user can sign in again and is not deleted.",
		run: silent(func(ctx context.Context, d deed) (directory.User, error) {
			return d.Directory.UnscheduleDeletion(ctx, d.by, d.project, d.user.ID)
		}),
	},
	{
		name: "schedule-anonymization", title: "Schedule the anonymization", danger: true,
		words: "The user cannot sign in from now on, and loses everything personal when the project's grace period is over. It can be called off until then.",
		run: silent(func(ctx context.Context, d deed) (directory.User, error) {
			return d.Directory.ScheduleAnonymization(ctx, d.by, d.project, d.user.ID)
		}),
	},
	{
		name: "unschedule-anonymization", title: "Call the anonymization off", words: "The user can sign in again and keeps what is theirs.",
		run: silent(func(ctx context.Context, d deed) (directory.User, error) {
			return d.Directory.UnscheduleAnonymization(ctx, d.by, d.project, d.user.ID)
		}),
	},
	{
		name: "anonymize", title: "Anonymize the user now", danger: true, typed: true,
		words:  "Everything personal of the user is removed at once: attributes, identities, authenticators, sessions. The id stays. It cannot be undone. What the log says of the past stays.",
		inputs: []input{eraseInput},
		run: silent(func(ctx context.Context, d deed) (directory.User, error) {
			return d.Directory.Anonymize(ctx, d.by, d.project, d.user.ID)
		}),
	},
	{
		name: "delete", title: "Delete the user now", danger: true, typed: true,
		words:  "The user is deleted at once, with everything that is theirs. It cannot be undone. What the log says of the past stays.",
		inputs: []input{reasonInput, eraseInput},
		run: silent(func(ctx context.Context, d deed) (directory.User, error) {
			return d.Directory.Delete(ctx, d.by, d.project, d.user.ID, d.value("reason"))
		}),
	},
	{
		name: "reset-lockout", title: "Lift the lockout", words: "Failed attempts of the past are forgotten.",
		run: silent(func(ctx context.Context, d deed) (directory.User, error) {
			return d.Directory.ResetAccountLockout(ctx, d.by, d.project, d.user.ID)
		}),
	},
	{
		name: "valid-period", title: "Change when the account is valid", words: "Outside this period the user cannot sign in. An end that is empty is open.",
		inputs: []input{{name: "from", label: "From (UTC)", kind: "time"}, {name: "until", label: "Until (UTC)", kind: "time"}},
		prefill: func(u directory.User, _ project.Project) map[string]string {
			return map[string]string{"from": formatted(u.AccountValidFrom), "until": formatted(u.AccountValidUntil)}
		},
		run: silent(func(ctx context.Context, d deed) (directory.User, error) {
			from, err := d.time("from")
			if err != nil {
				return d.user, err
			}
			until, err := d.time("until")
			if err != nil {
				return d.user, err
			}
			return d.Directory.SetAccountValidPeriod(ctx, d.by, d.project, d.user.ID, from, until)
		}),
	},
	{
		name: "grace-period", title: "Let the user sign in without a second factor", words: "Until then the user needs no second factor.",
		inputs: []input{{name: "until", label: "Until (UTC)", kind: "time"}},
		run: silent(func(ctx context.Context, d deed) (directory.User, error) {
			until, err := d.time("until")
			if err == nil && until == nil {
				err = fault.New(fault.Invalid, "ValidationFailed", "Enter a time.").On("until")
			}
			if err != nil {
				return d.user, err
			}
			return d.Directory.SetMFAGracePeriod(ctx, d.by, d.project, d.user.ID, *until)
		}),
	},
	{
		name: "end-grace-period", title: "Ask for the second factor again", words: "The user needs a second factor again, from now on.",
		run: silent(func(ctx context.Context, d deed) (directory.User, error) {
			return d.Directory.RemoveMFAGracePeriod(ctx, d.by, d.project, d.user.ID)
		}),
	},
}

func actionNamed(name string) (userAction, bool) {
	i := slices.IndexFunc(userActions, func(a userAction) bool { return a.name == name })
	if i < 0 {
		return userAction{}, false
	}
	return userActions[i], true
}

func (d deed) loginID() directory.LoginID {
	return directory.LoginID{Key: d.value("key"), Value: d.value("value")}
}

// setVerified marks the login id that the form is about.
func (d deed) setVerified(ctx context.Context, verified bool) (directory.User, error) {
	found, err := d.Directory.Identities(ctx, d.project.ID, []event.ID{d.of})
	if err == nil && (len(found) == 0 || found[0].UserID != d.user.ID) {
		err = fault.New(fault.NotFound, "IdentityNotFound", "There is no such identity.")
	}
	if err != nil {
		return d.user, err
	}
	return d.Directory.SetVerifiedStatus(ctx, d.by, d.project, d.user.ID, found[0].Claim(), verified)
}

// attributeInputs are the standard attributes that a form can change; address and login ids
// stay as they are.
func attributeInputs() []input {
	inputs := []input{}
	for _, name := range directory.TextAttributeNames() {
		label := strings.ReplaceAll(name, "_", " ")
		inputs = append(inputs, input{name: name, label: strings.ToUpper(label[:1]) + label[1:], kind: "text"})
	}
	return inputs
}

func updateAttributes(ctx context.Context, d deed) (directory.User, error) {
	standard := map[string]json.RawMessage{}
	if err := json.Unmarshal(d.user.StandardAttributes, &standard); err != nil {
		return d.user, err
	}
	for _, name := range directory.TextAttributeNames() {
		delete(standard, name)
		if text := d.value(name); text != "" {
			raw, err := json.Marshal(text)
			if err != nil {
				return d.user, err
			}
			standard[name] = raw
		}
	}
	raw, err := json.Marshal(standard)
	if err != nil {
		return d.user, err
	}
	return d.Directory.Update(ctx, d.by, d.project, d.user.ID, directory.UpdateInput{
		StandardAttributes: raw, CustomAttributes: json.RawMessage(d.value("custom")),
	})
}
