package portal

import (
	"bytes"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/billing"
	"github.com/sealog/sealog/internal/directory"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/message"
	"github.com/sealog/sealog/internal/project"
	usersession "github.com/sealog/sealog/internal/session"
	"github.com/sealog/sealog/internal/settings"
)

// evil is put wherever a page shows what others wrote.
const evil = `<script>"'&`

func samples() map[string]templ.Component {
	at := time.Date(2026, 3, 4, 5, 6, 7, 8000, time.UTC)
	session := access.Session{
		ID: event.NewID(), Account: access.Account{ID: event.NewID(), Email: evil, IsOperator: true},
		CreatedAt: at, LastSeenAt: at, IP: evil, UserAgent: evil,
	}
	other := session
	other.ID = event.NewID()
	guest := Base{Title: evil, Here: "/x?" + evil, Version: "1", Flash: evil, assets: loadAssets()}
	account := guest
	account.Account, account.Theme = &session, "dark"
	account.Projects = []project.Membership{{ProjectID: "acme", Name: evil, Role: "OWNER", CreatedAt: at}}
	inProject := account
	inProject.ProjectID, inProject.Project, inProject.Section = "acme", evil, "log"
	fields := Fields{
		Values: map[string]string{"email": evil, "id": evil, "name": evil},
		Errors: map[string]string{"email": evil, "password": evil}, Error: evil,
	}
	empty := account
	empty.Projects = nil
	key := project.Key{ID: "0b7fae5e-7a6d-4b2c-9f6e-6a1f3e5f0001", Name: evil, Thumbprint: "abc", CreatedAt: at}
	row := LogRow{
		ID: evil, At: at, Actor: evil, ActorType: "account", ActorID: evil, Action: evil, Type: "user.disabled", Target: evil,
		UserID: event.NewID().String(), Outcome: event.Denied, IP: evil, Agent: evil, Client: evil, Href: "/projects/acme/audit-log/1",
	}
	same := row
	same.Href = "/projects/acme/audit-log/2"
	text := evil
	query := LogQuery{
		Tab: "users", Types: []string{"user.disabled", "user.created"}, From: evil, To: evil, Zone: evil,
		Actor: evil, ActorID: evil, User: evil, Outcome: "denied", Order: "oldest",
	}
	log := LogPage{Base: inProject, Query: query, Rows: []LogRow{row, {At: at, Outcome: event.Succeeded}}, Total: 12345, Newer: 2, Until: at, Next: "?after=" + evil, Previous: "?before=" + evil,
		Actors: []event.Actor{{Type: event.AdminAPIKey, ID: "k", Name: evil}}}
	wrong := log
	wrong.Wrong = map[string]string{"type": evil, "from": evil, "to": evil, "user": evil, "outcome": evil, "actor": evil, "actor_id": evil, "q": evil}
	uncounted := log
	uncounted.Total, uncounted.Newer = many, many
	growing := log
	growing.Newer, growing.Grows = 0, true
	numbered, broad, misspelt, elsewhere := growing, log, wrong, log
	numbered.Number, numbered.Latest, numbered.Query.Order, numbered.Query.Search = 1, true, "", evil
	broad.Broad = &Broad{Message: evil, Events: 3_000_000, Limit: 1_000_000, Ways: []Way{{evil, evil, "/x?" + evil}, {evil, "", "/x"}}}
	misspelt.Mistake, misspelt.Query.Search = &Mistake{evil, evil, evil, evil, evil}, evil
	elsewhere.Rows, elsewhere.Elsewhere, elsewhere.Query.Search = nil, 7, evil
	seal := Seal{Project: evil, Log: evil, Origin: evil, Epoch: 2, Start: 5, Event: 12345, At: at, Note: evil, Key: evil, Opened: "/x?" + evil}
	halted, owned := log, log
	halted.Seal, halted.Seal.Halted = seal, "forked"
	owned.Seal, owned.MayExport, owned.MayErase = seal, true, true
	proof := ProofPage{
		Base: inProject, LogRow: row, Seal: halted.Seal, ID: evil, Back: "/x?" + evil, EventHref: "/x?" + evil, Number: 7, Entry: evil, LeafHash: evil,
		Disclosures: []DisclosureRow{{evil, evil, evil, evil}, {Name: evil, Digest: evil}, {Name: evil, Encoded: evil}},
		Proof:       &Proof{Index: 6, Size: 9, Root: evil, Origin: evil, At: at, Path: []PathStep{{0, "left", evil}}, Checkpoint: evil, Text: evil, Key: evil},
	}
	erasing := Fields{Values: map[string]string{"user": evil, "reason": evil}, Errors: map[string]string{"user": evil, "reason": evil}, Error: evil}
	recent := Recent{[]LogRow{row, same}, "/x?" + evil}
	plan := project.Plan{Name: evil, Title: evil, Price: evil, StripePrice: "price_1", Collaborators: 3, Domains: -1, RetrievalDays: 30}
	subscription := billing.Subscription{Status: "past_due", PaymentError: evil, PeriodEndAt: &at, CreatedAt: at}
	domain := project.Domain{Domain: evil, Apex: evil}
	verified := domain
	verified.VerifiedAt = &at
	invitation := project.Invitation{Email: evil, InviterEmail: evil, Role: "EDITOR", ExpiresAt: at}
	collaborator := project.Collaborator{Account: event.NewID(), Email: evil, Role: evil, CreatedAt: at}
	version := VersionRow{project.Version{Number: 3, Event: event.NewID(), CreatedAt: at}, evil}
	lines := []DiffLine{{"+", evil}, {"-", evil}, {" ", evil}}
	list := []shown{{evil, evil}, {evil, evil}}
	configuration := ConfigurationPage{
		Base: inProject, Fields: formOf(settings.Default("acme")), Recent: recent, Tab: "form", Checksum: evil, MayAct: true,
	}
	configuration.Errors["/password/min_length"], configuration.Errors["/password/digit_required"] = evil, evil
	configuration.Errors["/identity/login_id_keys/0/type"], configuration.Errors["/password/excluded_keywords"] = evil, evil
	yaml, history := configuration, configuration
	yaml.Tab, yaml.Text, yaml.Problems = "yaml", evil, []settings.Problem{{Path: evil, Line: 3, Message: evil}}
	history.Tab, history.Older = "history", 4
	history.Blame, history.Versions = []BlameRow{{evil, evil, version}, {evil, evil, VersionRow{}}}, []VersionRow{version, {}}
	setup := access.TOTPSetup{Sealed: evil, Secret: evil, URI: evil}
	return map[string]templ.Component{
		"configuration":         configuration.view(),
		"configuration as YAML": yaml.view(),
		"configuration history": history.view(),
		"configuration preview": ConfigurationPreviewPage{inProject, evil, evil, lines, []ChangeRow{{evil, evil, ""}}}.view(),
		"no change":             ConfigurationPreviewPage{Base: inProject}.view(),
		"configuration then":    ConfigurationAtPage{inProject, evil, evil, version, lines, true}.view(),
		"collaborators": CollaboratorsPage{
			inProject, fields, recent, []project.Collaborator{collaborator, {Account: session.Account.ID, Email: evil}}, []project.Invitation{invitation}, true, access.Owner, 3,
		}.view(),
		"collaborators, viewer": CollaboratorsPage{Base: inProject, Collaborators: []project.Collaborator{collaborator}, Invitations: []project.Invitation{invitation}, Limit: -1}.view(),
		"collaborator":          CollaboratorPage{inProject, fields, collaborator, access.Editor}.view(),
		"join":                  JoinPage{guest, fields, evil, invitation, evil, true}.view(),
		"join, signed in":       JoinPage{account, fields, evil, invitation, evil, true}.view(),
		"join, somebody else":   JoinPage{account, fields, evil, project.Invitation{Email: "x"}, evil, true}.view(),
		"join, too late":        JoinPage{Base: guest}.view(),
		"domains":               DomainsPage{inProject, fields, recent, []project.Domain{{Domain: evil, IsDefault: true, VerifiedAt: &at}, domain, verified}, true, 3}.view(),
		"domains, viewer":       DomainsPage{Base: inProject, Domains: []project.Domain{domain}}.view(),
		"delete domain":         DeleteDomainPage{inProject, verified}.view(),
		"delete claim":          DeleteDomainPage{inProject, domain}.view(),
		"billing":               BillingPage{inProject, fields, recent, project.Plan{}, project.Plans{plan}, nil, true, "", 2, 1, true, true}.view(),
		"billing, paying":       BillingPage{inProject, fields, recent, project.Plan{}, project.Plans{plan}, &subscription, false, evil, 2, 1, true, true}.view(),
		"billing, off":          BillingPage{Base: inProject, Plan: plan}.view(),
		"change plan":           ChangePlanPage{inProject, plan, billing.Preview{Plan: plan, AmountDue: -1250, Currency: "eur"}}.view(),
		"settings": SettingsPage{
			inProject, fields, recent, &project.SMTP{Host: evil}, []settings.Client{{ClientID: evil, Name: evil}, {ClientID: "b"}},
			[]project.ClientSecret{{ClientID: evil, KeyID: evil, CreatedAt: at}}, project.SMTPSecret, true, true,
		}.view(),
		"settings, viewer":   SettingsPage{Base: inProject}.view(),
		"secrets":            SecretsPage{inProject, list}.view(),
		"no secrets":         SecretsPage{inProject, nil}.view(),
		"account":            AccountPage{account, true, 9, 2}.view(),
		"account, plain":     AccountPage{Base: account}.view(),
		"password":           PasswordPage{account, fields}.view(),
		"second factor":      SecondFactorPage{account, fields, false, 0, setup, "data:image/png;base64,AAAA"}.view(),
		"has second":         SecondFactorPage{account, fields, true, 7, setup, ""}.view(),
		"tokens":             TokensPage{account, fields, []access.PersonalToken{{Name: evil, Scope: access.ActScope, LastUsedAt: &at}, {Name: evil, ExpiresAt: at.Add(time.Hour)}}, at, evil}.view(),
		"no tokens":          TokensPage{Base: account}.view(),
		"sign-in code":       SignInCodePage{guest, fields, evil}.view(),
		"forgot":             ForgotPage{guest, fields}.view(),
		"reset":              ResetPage{guest, fields, evil, true}.view(),
		"reset, too late":    ResetPage{Base: guest}.view(),
		"error":              ErrorPage{Base: guest, Status: 404, Code: "PageNotFound", Message: evil, RequestID: evil}.view(),
		"setup":              SetupPage{Base: guest, Fields: fields, Token: evil, Valid: true}.view(),
		"setup invalid":      SetupPage{Base: guest}.view(),
		"sign-in":            SignInPage{Base: guest, Fields: fields, Next: evil, New: true}.view(),
		"confirm":            ConfirmPage{Base: account, Fields: fields, Next: "/x?" + evil}.view(),
		"projects":           ProjectsPage{account}.view(),
		"no projects":        ProjectsPage{empty}.view(),
		"new project":        NewProjectPage{account, fields}.view(),
		"sessions":           SessionsPage{account, []access.Session{session, other}}.view(),
		"keys":               KeysPage{Base: inProject, Keys: []project.Key{key}, Endpoint: evil, Download: key.ID, MayAct: true, MayView: true}.view(),
		"keys, viewer":       KeysPage{Base: inProject, Keys: []project.Key{key}}.view(),
		"delete key":         DeleteKeyPage{Base: inProject, Key: key}.view(),
		"last key":           DeleteKeyPage{Base: inProject, Key: key, Last: true}.view(),
		"log":                log.view(),
		"log, wrong":         wrong.view(),
		"log, many":          uncounted.view(),
		"log, growing":       growing.view(),
		"log, empty":         LogPage{Base: inProject, Query: LogQuery{Tab: "admin"}, Until: at}.view(),
		"log, numbered":      numbered.view(),
		"log, too broad":     broad.view(),
		"log, too much":      LogPage{Base: inProject, Broad: &Broad{Message: evil}}.view(),
		"log, misspelt":      misspelt.view(),
		"log, elsewhere":     elsewhere.view(),
		"log, halted":        halted.view(),
		"log, for owners":    owned.view(),
		"proof":              proof.view(),
		"proof, not signed":  ProofPage{Base: inProject, LogRow: row, ID: evil, Entry: evil}.view(),
		"proof, of one leaf": ProofPage{Base: inProject, LogRow: row, Entry: evil, Proof: &Proof{Size: 1, Origin: evil, Checkpoint: evil, Text: evil, Key: evil}}.view(),
		"export": ExportPage{
			Base: inProject, Seal: seal, Keys: []string{evil, evil}, ID: evil, DaysBack: 30, MayAllow: true, EditorsMayExport: true, Offered: []event.Actor{{ID: evil, Name: evil}},
			Query: ExportQuery{Types: []string{"user.created"}, From: evil, To: evil, Zone: evil, Actors: []string{evil}, ActorIDs: evil},
			Wrong: map[string]string{"from": evil, "to": evil, "type": evil, "actor_ids": evil},
		}.view(),
		"export, editor": ExportPage{Base: inProject}.view(),
		"erase":          ErasePage{Base: inProject, Fields: erasing, Name: evil, Events: 1234, Known: true}.view(),
		"erase, whom":    ErasePage{Base: inProject, Fields: erasing}.view(),
		"erased":         ErasedPage{Base: inProject, UserID: evil, Events: 3, Fields: 5, Certificate: evil, Verifier: evil, Recorded: []string{evil}, Leftover: true}.view(),
		"erased nothing": ErasedPage{Base: inProject}.view(),
		"users": UsersPage{
			Base: inProject, Search: evil, Sort: "login", Order: "oldest", Page: 2, Total: 120, MayAct: true,
			Users: []UserRow{{event.NewID().String(), evil, evil, evil, at, &at}, {event.NewID().String(), "", "", "", at, nil}},
		}.view(),
		"no users": UsersPage{Base: inProject, Page: 1}.view(),
		"new user": NewUserPage{inProject, fields, []settings.LoginIDKey{{Key: evil, Type: "email"}}}.view(),
		"user": UserPage{
			Base: inProject, Row: UserRow{event.NewID().String(), evil, evil, evil, at, &at}, MayAct: true, Attributes: evil, Custom: evil,
			User: directory.User{
				ID: event.NewID(), DisableReason: &text, DeleteReason: &text, AccountValidFrom: &at, AccountValidUntil: &at, MFAGracePeriodEndAt: &at, HasPassword: true,
			},
			Identities: []directory.Identity{
				{ID: event.NewID(), Type: "login_id", LoginIDType: "email", Value: evil}, {ID: event.NewID(), Type: "oauth", UniqueKey: evil},
			},
			Authenticators: []directory.Authenticator{{ID: event.NewID(), Type: "oob_otp_email", Kind: "primary", Target: evil, ExpireAfter: &at}},
			Sessions:       []usersession.Session{{ID: event.NewID(), UserAgent: evil, CreatedByIP: evil, CreatedAt: at}},
			Authorizations: []usersession.Authorization{{ID: event.NewID(), ClientID: evil, Scopes: []string{evil}}},
			Lockout:        directory.Lockout{IsLocked: true, Until: &at, IPs: []directory.LockedIP{{IP: evil, Until: at}}},
			Events:         []LogRow{row},
		}.view(),
		"user, viewer": UserPage{Base: inProject, Row: UserRow{ID: event.NewID().String(), Created: at}}.view(),
		"user action": UserActionPage{
			Base: inProject, Fields: fields, UserID: event.NewID().String(), Name: evil, Of: event.NewID().String(),
			Action: userAction{name: "delete", title: evil, words: evil, danger: true, typed: true, inputs: []input{
				{name: "a", label: evil, hint: evil, kind: "text"}, {name: "b", label: evil, kind: "password"}, {name: "c", label: evil, kind: "time"},
				{name: "d", label: evil, kind: "check"}, {name: "e", label: evil, kind: "area"}, {name: "f", label: evil, kind: "choice", options: []string{evil}},
			}},
		}.view(),
		"shown once": ShownOncePage{inProject, []shown{{evil, evil}, {evil, evil}}, "/x?" + evil, evil}.view(),
		"outbox": OutboxPage{Base: inProject, State: "dead", Next: "?before=" + evil, NoMail: true, NoSMS: true, Entries: []message.Entry{
			{ID: event.NewID(), Kind: evil, Channel: message.Email, State: message.Dead, LastError: evil, Attempts: 2, User: event.NewID(), CreatedAt: at},
			{ID: event.NewID(), Kind: evil, Channel: message.SMS, State: message.Queued, Attempts: 1, CreatedAt: at, NextAttemptAt: at},
		}}.view(),
		"outbox, empty": OutboxPage{Base: inProject}.view(),
		"message":       MessagePage{inProject, message.Entry{ID: event.NewID(), Kind: evil, CreatedAt: at}, message.Content{Recipient: evil, Subject: evil, Text: evil}}.view(),
		"explorer":      ExplorerPage{inProject, evil}.view(),
		"event": EventPage{
			Base: inProject, LogRow: row, ID: "1", Raw: evil, Claimed: evil, Back: "/b", AllOfActor: "/a", AllOfUser: "/u",
			Same: []LogRow{row, same}, Changes: []ChangeRow{{evil, evil, ""}, {"/x", "", evil}},
			Context: event.Context{
				IPAddress: evil, UserAgent: evil, ClientID: evil, RequestID: evil, HTTPURL: evil, HTTPReferer: evil, ForwardedFor: evil,
				Languages: []string{evil}, Target: &event.ContextTarget{Kind: evil, ID: evil}, Error: &event.ContextError{Kind: "denied", Code: evil},
				Actor: event.Actor{Type: event.Account, Fingerprint: evil, SessionID: evil}, TriggeredBy: evil,
			},
		}.view(),
	}
}

var (
	tag       = regexp.MustCompile(`<(/?)([a-zA-Z][a-zA-Z0-9]*)((?:\s+[^\s=>"/]+(?:\s*=\s*"[^"]*")?)*)\s*(/?)>`)
	attribute = regexp.MustCompile(`([^\s="]+)(?:\s*=\s*"([^"]*)")?`)
	void      = []string{"meta", "link", "input", "br", "img", "path", "hr"}
)

// TestPages renders every page and checks that its tags are balanced, its ids unique, its
// labels and references lead somewhere, that nothing runs inline, and that nobody's text is markup.
func TestPages(t *testing.T) {
	t.Parallel()
	for name, page := range samples() {
		var b bytes.Buffer
		if err := page.Render(t.Context(), &b); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		checkPage(t, name, b.String())
	}
}

func checkPage(t *testing.T, name, page string) {
	t.Helper()
	var open, references []string
	ids, headings := map[string]bool{}, 0
	for _, m := range tag.FindAllStringSubmatch(page, -1) {
		element := m[2]
		if m[1] == "/" {
			if len(open) == 0 || open[len(open)-1] != element {
				t.Fatalf("%s: </%s> within %v", name, element, open)
			}
			open = open[:len(open)-1]
			continue
		}
		if m[4] == "" && !slices.Contains(void, element) {
			open = append(open, element)
		}
		if element == "h1" {
			headings++
		}
		if element == "style" || (element == "script" && !strings.Contains(m[3], `src="/static/`)) {
			t.Errorf("%s: inline <%s>", name, element)
		}
		for _, a := range attribute.FindAllStringSubmatch(m[3], -1) {
			switch key := strings.ToLower(a[1]); {
			case key == "style" || strings.HasPrefix(key, "on") || strings.HasPrefix(a[2], "javascript:"):
				t.Errorf("%s: <%s %s>", name, element, a[0])
			case key == "id":
				if ids[a[2]] {
					t.Errorf("%s: id %s twice", name, a[2])
				}
				ids[a[2]] = true
			case key == "for" || key == "aria-labelledby" || key == "aria-describedby" || key == "data-copy":
				references = append(references, strings.Fields(a[2])...)
			}
		}
	}
	if len(open) > 0 {
		t.Errorf("%s: %v are left open", name, open)
	}
	if headings != 1 {
		t.Errorf("%s: %d h1", name, headings)
	}
	for _, id := range references {
		if !ids[id] {
			t.Errorf("%s: nothing has the id %s", name, id)
		}
	}
	if strings.Contains(page, evil) || strings.Contains(page, "<script>") {
		t.Errorf("%s: text of others is markup", name)
	}
}

// TestEveryPageIsSampled looks for page structs that samples leaves out.
func TestEveryPageIsSampled(t *testing.T) {
	t.Parallel()
	view := regexp.MustCompile(`(?m)^templ \(\w+ (\w+Page)\) view\(\)`)
	names, err := fs.Glob(os.DirFS("."), "*.templ")
	if err != nil {
		t.Fatal(err)
	}
	test, err := os.ReadFile("page_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range view.FindAllStringSubmatch(string(text), -1) {
			if !strings.Contains(string(test), m[1]+"{") {
				t.Errorf("%s of %s has no sample", m[1], name)
			}
		}
	}
}
