// Package demo fills an empty installation with a project to look at. Nothing is made up in
// the database: it calls the services as administrators, programs and users would, so what
// the log shows is what happened.
//
// Start reading at Fill.
package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/directory"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/session"
	"github.com/sealog/sealog/internal/vault"
)

// The demo's account and project.
const (
	Email     = "demo@sealog.example"
	ProjectID = "demo"
)

const (
	people    = 40
	passwords = 6 // users with a password: hashing takes its time
)

const config = `# The configuration of the demo. Each change of it is an event.
id: demo
admin_api:
  create_session_enabled: true
oauth:
  clients:
    - client_id: shop-app
      name: Shop
    - client_id: partner
      name: Partner
      third_party: true
`

// Services are what the demo is made with.
type Services struct {
	Access    *access.Service
	Projects  *project.Service
	Directory *directory.Service
	Sessions  *session.Service
}

// Fill makes an account and a project with users and events, and returns the account's
// password, which stands nowhere else.
//
// Errors: DemoNotEmpty (there is an account already).
func Fill(ctx context.Context, s Services) (password string, err error) {
	defer fault.Wrap(&err, "demo.Fill")
	has, err := s.Access.HasAccounts(ctx)
	if err != nil {
		return "", err
	}
	if has {
		return "", fault.New(fault.Conflict, "DemoNotEmpty", "The demo is for an empty data directory, and this one has an account.")
	}
	operator := access.ByOperator("serve --demo")
	password = vault.NewToken()[:16]
	account, err := s.Access.CreateAccount(ctx, operator, Email, password, true)
	if err != nil {
		return "", err
	}
	if _, err := s.Projects.Create(ctx, operator, ProjectID, "Demo shop", account.Object()); err != nil {
		return "", err
	}
	p, err := s.Projects.Configure(ctx, operator, ProjectID, config, 0)
	if err != nil {
		return "", err
	}
	f := &filler{Services: s, p: p, random: rand.New(rand.NewPCG(1, 2)), operator: operator}
	return password, f.fill(ctx, account, password)
}

type filler struct {
	Services
	p        project.Project
	random   *rand.Rand
	operator event.By
	account  access.Session
	users    []directory.User
}

var agents = []string{
	"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
	"Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
	"shop-backend/2.4 (go-http-client)",
}

// request is one that could have come from somewhere: addresses are those kept for documentation (RFC 5737).
func (f *filler) request(path string) event.Request {
	networks := []string{"192.0.2.", "198.51.100.", "203.0.113."}
	return event.Request{
		ID: event.NewID().String(), IP: networks[f.random.IntN(3)] + fmt.Sprint(1+f.random.IntN(250)),
		UserAgent: agents[f.random.IntN(len(agents))], URL: "https://demo.example" + path, Language: "en",
	}
}

// by is who does the next thing: the account, at times the operator, or a user.
func (f *filler) by() event.By {
	if f.random.IntN(5) == 0 {
		return f.operator
	}
	return f.account.By(f.request("/projects/demo/users"))
}

func (f *filler) asUser(u directory.User) event.By {
	return access.ByUser(u.ID, f.request("/sign-in"))
}

func (f *filler) fill(ctx context.Context, account access.Account, password string) (err error) {
	if f.account, _, err = f.Access.SignIn(ctx, f.request("/signin"), account.Email, password); err != nil {
		return err
	}
	keys, err := f.Projects.Keys(ctx, ProjectID)
	if err != nil {
		return err
	}
	if _, err := f.Projects.ViewPrivateKey(ctx, f.account.By(f.request("/projects/demo/admin-api")), ProjectID, keys[0].ID); err != nil {
		return err
	}
	for i := range people {
		if err := f.person(ctx, i); err != nil {
			return err
		}
	}
	for i, u := range f.users {
		if err := f.life(ctx, i, u); err != nil {
			return err
		}
	}
	return f.mistakes(ctx)
}

var (
	given  = []string{"Kim", "Ada", "Noor", "Jonas", "Mei", "Luca", "Sofia", "Amir", "Ines", "Tariq"}
	family = []string{"Lee", "Moreau", "Haddad", "Berg", "Chen", "Rossi", "Silva", "Okafor"}
)

func (f *filler) person(ctx context.Context, i int) error {
	first, last := given[i%len(given)], family[(i*3+i/len(given))%len(family)]
	in := directory.CreateInput{LoginID: directory.LoginID{Key: "email", Value: fmt.Sprintf("%s.%s%d@shop.example", first, last, i)}}
	if i < passwords {
		secret := vault.NewToken()[:20]
		in.Password, in.SendPassword = &secret, i < 3
	}
	u, err := f.Directory.Create(ctx, f.by(), f.p, in)
	if err != nil {
		return err
	}
	attributes, err := json.Marshal(map[string]string{"given_name": first, "family_name": last})
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	u, err = f.Directory.Update(ctx, f.by(), f.p, u.ID, directory.UpdateInput{StandardAttributes: attributes})
	f.users = append(f.users, u)
	return err
}

// life is what happens to a user; each has a life of their own.
func (f *filler) life(ctx context.Context, i int, u directory.User) error {
	var steps []func() error
	add := func(when bool, step func() error) {
		if when {
			steps = append(steps, step)
		}
	}
	add(i%2 == 0, func() error {
		_, err := f.Directory.SetVerifiedStatus(ctx, f.by(), f.p, u.ID, directory.Claim{Name: "email", Value: u.AccountName()}, true)
		return err
	})
	add(i%3 != 2, func() error {
		_, _, err := f.Directory.SignIn(ctx, f.asUser(u), f.p, u.ID, session.Session{Type: session.IDP, AMR: []string{"pwd"}})
		return err
	})
	add(i%4 == 1, func() error {
		_, _, err := f.Directory.CreateIdentity(ctx, f.by(), f.p, u.ID, directory.CreateIdentityInput{
			LoginID: directory.LoginID{Key: "phone", Value: fmt.Sprintf("+1415555%04d", 2600+i)},
		})
		return err
	})
	add(i%5 == 2, func() error {
		_, err := f.Directory.Authorize(ctx, f.asUser(u), f.p, u.ID, "partner", []string{"openid", "email"})
		return err
	})
	add(i%5 == 3, func() error {
		_, _, err := f.Directory.EnrolTOTP(ctx, f.asUser(u), f.p, u.ID, "Phone")
		return err
	})
	add(i%6 == 4, func() error {
		_, err := f.Directory.GenerateCode(ctx, f.by(), f.p, u.AccountName(), directory.ForVerification)
		return err
	})
	add(i%6 == 1, func() error { return f.Directory.SendResetPasswordMessage(ctx, f.by(), f.p, u.AccountName()) })
	add(i%7 == 3, func() error {
		_, err := f.Directory.CreateSession(ctx, f.by(), f.p, u.ID, directory.CreateSessionInput{ClientID: "shop-app"})
		return err
	})
	add(i%7 == 5, func() error {
		_, err := f.Directory.RevokeAllSessions(ctx, f.by(), f.p, u.ID)
		return err
	})
	add(i%8 == 6, func() error {
		_, err := f.Directory.SetDisabledStatus(ctx, f.by(), f.p, u.ID, directory.DisableInput{IsDisabled: true, Reason: "chargeback"})
		return err
	})
	add(i%16 == 6, func() error {
		_, err := f.Directory.SetDisabledStatus(ctx, f.by(), f.p, u.ID, directory.DisableInput{})
		return err
	})
	add(i == 11, func() error {
		_, err := f.Directory.ScheduleDeletion(ctx, f.by(), f.p, u.ID, "asked by mail")
		return err
	})
	add(i == 19, func() error {
		_, err := f.Directory.ScheduleAnonymization(ctx, f.by(), f.p, u.ID)
		return err
	})
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// mistakes are attempts that come to nothing; their errors are what is wanted.
func (f *filler) mistakes(ctx context.Context) error {
	for i, u := range f.users[:8] {
		short := "short"
		_, err := f.Directory.ResetPassword(ctx, f.by(), f.p, u.ID, directory.ResetPasswordInput{Password: &short})
		if !fault.Is(err, "PasswordPolicyViolated") {
			return errors.Join(err, errors.New("demo: a short password was taken"))
		}
		if i%2 == 0 {
			continue
		}
		_, err = f.Directory.UnscheduleDeletion(ctx, f.by(), f.p, u.ID)
		if !fault.Is(err, "InvalidAccountStatusTransition") {
			return errors.Join(err, errors.New("demo: what was not scheduled was called off"))
		}
	}
	return nil
}
