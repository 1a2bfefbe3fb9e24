package bench

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/event"
)

// maker makes the events of one project as a shop leaves them: users who sign in, get mail and
// change their profile, programs that administer them through the Admin API, people who
// administer the project. What it makes depends on its seed alone, but for ids and salts.
type maker struct {
	project, log string
	made         int

	clock  event.Clock
	now    func() time.Time
	chance *rand.Rand
	users  []event.ID
	some1  *rand.Zipf // a user: few come often
	marked marked
}

// marked is what a log has for readers to find: see newMaker.
type marked struct {
	User    event.ID `json:"user"`
	Key     string   `json:"key"`
	Address string   `json:"address"`
}

// How often what is marked comes, in a log of n events: the user in 1,000 of them, or in one of
// 100 where the log is small; the key in one of 80; the address in 10.
const (
	userEvents    = 1000
	keyEvery      = 80
	addressEvents = 10
)

// newMaker makes n events whose times are spread over a span that begins at from.
func newMaker(project, log string, n int, from time.Time, span time.Duration) *maker {
	m := &maker{project: project, log: log, chance: rand.New(rand.NewPCG(1, uint64(n)))}
	m.now = func() time.Time {
		return from.Add(time.Duration(float64(span) * float64(m.made) / float64(max(1, n))))
	}
	m.clock.Now = func() time.Time { return m.now() }
	m.users = make([]event.ID, max(20, n/100))
	for i := range m.users {
		m.users[i] = event.NewID()
	}
	m.some1 = rand.NewZipf(m.chance, 1.2, 50, uint64(len(m.users)-2))
	m.marked = marked{User: m.users[len(m.users)-1], Key: "key-of-the-import", Address: "rarely@shop.example"}
	return m
}

// some makes the next n events.
func (m *maker) some(n int) ([]event.Event, error) {
	all := make([]event.Event, n)
	for i := range all {
		var err error
		if all[i], err = m.next(); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// next makes the next event.
func (m *maker) next() (event.Event, error) {
	at := m.clock.Next()
	n := m.made
	m.made++
	u := m.person(int(m.some1.Uint64()), at)
	switch {
	case n%keyEvery == 7:
		return m.administered(at, m.byKey(m.marked.Key), u)
	case n%m.userEvery() == 3:
		u = m.person(len(m.users)-1, at)
	case n%m.addressEvery() == 11:
		return event.New(event.EmailSent{Sender: "no-reply@shop.example", Recipient: m.marked.Address, Message: "verification"}, at, m.log, event.BySystem("delivery"), event.InProject(m.project))
	}
	switch p := m.chance.IntN(1000); {
	case p < 800:
		return m.lived(at, u, p)
	case p < 980:
		return m.administered(at, m.byKey(fmt.Sprintf("key-%d", p%4)), u)
	default:
		return m.configured(at, p)
	}
}

// span of events after which what is marked comes again.
func (m *maker) userEvery() int    { return max(100, len(m.users)*100/userEvents) }
func (m *maker) addressEvery() int { return max(12, len(m.users)*100/addressEvents) }

// person is a user as they are at some time, and what is known of their machine.
type person struct {
	object       event.UserObject
	email, phone string
	from         event.Request
}

var (
	given  = []string{"Ada", "Kim", "Noor", "Jonas", "Mei", "Luca", "Sofia", "Amir", "Ines", "Tariq", "Zoë"}
	family = []string{"Lee", "Moreau", "Haddad", "Berg", "Chen", "Rossi", "Silva", "Okafor", "Nakamura"}
	agents = []string{
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
		"Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
	}
)

func (m *maker) person(i int, at event.ID) person {
	first, last := given[i%len(given)], family[i/len(given)%len(family)]
	email, phone := fmt.Sprintf("%s.%s.%d@shop.example", first, last, i), fmt.Sprintf("+4179%07d", i)
	now := at.Time()
	attributes, err := json.Marshal(map[string]any{
		"email": email, "email_verified": true, "given_name": first, "family_name": last, "locale": "de-CH", "zoneinfo": "Europe/Zurich",
		"phone_number": phone, "phone_number_verified": i%3 == 0, "updated_at": now.Unix(),
	})
	if err != nil {
		panic(err) // never for these types
	}
	return person{
		email: email, phone: phone,
		object: event.UserObject{
			ID: m.users[i], CreatedAt: now.Add(-time.Hour * time.Duration(1+i%9000)), UpdatedAt: now, LastLoginAt: &now, IsVerified: true, CanReauthenticate: true,
			StandardAttributes: attributes, CustomAttributes: fmt.Appendf(nil, `{"customer_no":"C-%07d","tier":"gold"}`, i), Web3: []byte(`{}`),
			Roles: []string{"customer"}, Groups: []string{},
		},
		from: event.Request{
			ID: at.String(), IP: fmt.Sprintf("2001:db8:%x:%x::%x", i>>16, i&0xffff, m.chance.IntN(2)), UserAgent: agents[i%len(agents)],
			URL: "https://id.shop.example/login?client_id=shop-app", Language: "de", Languages: []string{"de-CH", "de", "en"}, ClientID: "shop-app",
		},
	}
}

// lived is something that a user did, or that was sent to them.
func (m *maker) lived(at event.ID, u person, p int) (event.Event, error) {
	by, about := access.ByUser(u.object.ID, u.from), event.AboutUser(m.project, u.object.ID)
	client := "shop-app"
	session := event.SessionObject{
		ID: event.NewID(), CreatedAt: at.Time(), UpdatedAt: at.Time(), Type: "idp", AMR: []string{"pwd"}, LastAccessedAt: at.Time(),
		CreatedByIP: u.from.IP, LastAccessedByIP: u.from.IP, ClientID: &client, DisplayName: "Chrome 131", UserAgent: u.from.UserAgent,
	}
	switch {
	case p < 220:
		return event.New(event.UserAuthenticated{User: u.object, Session: session}, at, m.log, by, about)
	case p < 300:
		return event.New(event.AuthenticationPrimaryOOBOTPEmailFailed{User: u.object, Stage: "primary", AuthenticatorType: "oob_otp_email"}, at, m.log, by, about)
	case p < 570:
		return event.New(event.EmailSent{Sender: "no-reply@shop.example", Recipient: u.email, Message: "authenticate-primary-oob"}, at, m.log, event.BySystem("delivery"), about)
	case p < 670:
		return event.New(event.SMSSent{Sender: "Shop", Recipient: u.phone, Message: "verification"}, at, m.log, event.BySystem("delivery"), about)
	case p < 720:
		return event.New(event.UserProfileUpdated{User: u.object}, at, m.log, by, about)
	default:
		return event.New(event.UserSessionTerminated{User: u.object, Sessions: []event.SessionObject{session}, Termination: "individual"}, at, m.log, by, about)
	}
}

// byKey is a program that calls the Admin API.
func (m *maker) byKey(kid string) event.By {
	return event.By{
		Actor: event.Actor{Type: event.AdminAPIKey, ID: kid, Name: "the shop's back end", Fingerprint: "6Ybq0rB4j1sVqB8V0m2bC2v0nYfIuZp1m8xk5F3mW5s"}, Surface: event.ViaAdminAPI,
		Request: event.Request{
			ID: event.NewID().String(), IP: fmt.Sprintf("192.0.2.%d", 1+m.chance.IntN(6)), UserAgent: "shop-backend/4.2 (linux; amd64)",
			URL: "https://id.shop.example/_api/admin/graphql", Languages: []string{},
		},
	}
}

// administered is something that was done to a user, or was tried and came to nothing.
func (m *maker) administered(at event.ID, by event.By, u person) (event.Event, error) {
	about := event.AboutUser(m.project, u.object.ID)
	switch p := m.chance.IntN(100); {
	case p < 50:
		before := u.object
		before.CustomAttributes = []byte(`{"tier":"silver"}`)
		return event.New(event.UpdateUserExecuted{User: u.object, Original: before}, at, m.log, by, about)
	case p < 70:
		return event.New(event.CreateUserExecuted{User: u.object}, at, m.log, by, about)
	case p < 80:
		return event.New(event.SetDisabledStatusExecuted{User: u.object, IsDisabled: true, Reason: "chargeback"}, at, m.log, by, about)
	case p < 90:
		return event.New(event.RevokeAllSessionsExecuted{User: u.object}, at, m.log, by, about)
	case p < 98:
		return event.NewAttempt("admin_api.mutation.update_user.executed", at, m.log, by, about, event.Failed, event.ContextError{Kind: "Invalid", Code: "AttributesInvalid"})
	default:
		return event.NewAttempt("admin_api.mutation.delete_user.executed", at, m.log, by, about, event.Denied, event.ContextError{Kind: "Forbidden", Code: "RoleTooLow"})
	}
}

// configured is something that one of the people did who administer the project.
func (m *maker) configured(at event.ID, p int) (event.Event, error) {
	by := event.By{
		Actor: event.Actor{Type: event.Account, ID: fmt.Sprintf("0192f3a0-0000-7000-8000-%012d", p%8), Name: fmt.Sprintf("%s@shop.example", given[p%8])}, Surface: event.ViaPortal,
		Request: event.Request{ID: event.NewID().String(), IP: "198.51.100.7", UserAgent: agents[p%len(agents)], URL: "https://sealog.shop.example/projects/shop/configuration", Language: "en"},
	}
	about := event.InProject(m.project)
	switch {
	case p < 990:
		return event.New(event.AuditLogRead{Surface: "portal"}, at, m.log, by, about)
	case p < 995:
		return event.New(event.ProjectAppSecretViewed{Secrets: []string{"admin-api.auth"}, SecretIDs: []string{"key-1"}}, at, m.log, by, about)
	default:
		return event.New(event.ProjectAppUpdated{
			ConfigDiff: "-    min_length: 8\n+    min_length: 12\n", UpdatedSecrets: []string{}, UpdatedResources: []string{},
			Changes: []event.Change{},
		}, at, m.log, by, about)
	}
}
