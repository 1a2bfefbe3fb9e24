// Package billing is what a project pays for: its plan, the checkout at Stripe, and the
// subscription that comes of it.
//
// Stripe is asked outside of any transaction, and what came of it is recorded afterwards: by
// an account's action with the account as actor, by Stripe's own news (web hooks) with the
// system as actor. If the process dies after Stripe has answered and before that is
// recorded, Stripe's news of the same change arrives and is recorded, so that no change of a
// plan stays without its event; who asked for it is then in the log of Stripe. What Stripe
// refuses is recorded as a failed attempt.
//
// Invariant: a project's plan changes only together with its subscription's row, in the
// transaction of the event that says so. Start reading at Service.Checkout, then Webhook.
package billing

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/stripe/stripe-go/v85"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/store"
)

// Config is how Stripe is reached. Without a SecretKey nothing can be bought.
type Config struct {
	SecretKey string
	// WebhookSecret is what Stripe signs its news with: whsec_….
	WebhookSecret string
	// APIBase takes the place of Stripe's address, for tests.
	APIBase string
	// Refused counts news that nobody can have sent who knows the secret.
	Refused func(reason, ip string)
}

// callLimit bounds one call of Stripe.
const callLimit = 20 * time.Second

// Service knows what projects pay for.
type Service struct {
	Config
	db        *store.DB
	projects  *project.Service
	publicURL *url.URL
	log       *slog.Logger
	stripe    *stripe.Client
}

// New returns the service.
func New(db *store.DB, projects *project.Service, c Config, log *slog.Logger) *Service {
	s := &Service{Config: c, db: db, projects: projects, publicURL: projects.PublicURL, log: log}
	if c.SecretKey == "" {
		return s
	}
	backend := &stripe.BackendConfig{
		HTTPClient: &http.Client{Timeout: callLimit}, LeveledLogger: &stripe.LeveledLogger{Level: stripe.LevelNull},
		MaxNetworkRetries: stripe.Int64(2), EnableTelemetry: stripe.Bool(false),
	}
	if c.APIBase != "" {
		backend.URL = &c.APIBase
	}
	s.stripe = stripe.NewClient(c.SecretKey, stripe.WithBackends(stripe.NewBackendsWithConfig(backend)))
	return s
}

// Configured reports whether plans can be bought.
func (s *Service) Configured() bool { return s.stripe != nil }

func errNotConfigured() error {
	return fault.New(fault.Unavailable, "BillingNotConfigured",
		"Plans cannot be bought here: the operator has set neither --stripe-secret-key-file nor --stripe-webhook-secret-file.")
}

// errStripe is what is told of an error of Stripe's. What it says about a card is meant for
// its holder; the rest is for the log.
func errStripe(err error) error {
	if said, ok := errors.AsType[*stripe.Error](err); ok {
		switch said.Type {
		case stripe.ErrorTypeCard:
			return fault.New(fault.Invalid, "StripeCardDeclined", "%s", said.Msg).Because(err)
		case stripe.ErrorTypeInvalidRequest:
			return fault.New(fault.Conflict, "StripeRefused", "Stripe refused this. Look at the project's subscription there.").Because(err)
		}
	}
	return fault.New(fault.Unavailable, "StripeFailed", "Stripe could not be reached, or has failed. Try again later.").Because(err)
}

func errPlanName() error {
	return fault.New(fault.Invalid, "Invalid", "invalid plan name").On("planName")
}

// bought is the plan of a name that can be bought.
func (s *Service) bought(name string) (project.Plan, error) {
	plan, ok := s.projects.Plans.Plan(name)
	if !ok || plan.StripePrice == "" {
		return plan, errPlanName()
	}
	return plan, nil
}

// ready is whether Stripe can be asked about a project.
func (s *Service) ready() error {
	if !s.Configured() {
		return errNotConfigured()
	}
	return nil
}

// at is the time of an answer by Stripe's clock, in seconds: what Stripe reports later and
// dates earlier is old.
func (s *Service) at(answer *stripe.APIResponse) int64 {
	if answer != nil {
		if t, err := http.ParseTime(answer.Header.Get("Date")); err == nil {
			return t.Unix()
		}
	}
	return s.db.Now().Unix()
}

const subscriptionKind = "subscription"

// refuse records a failed attempt.
func refuse[P event.Payload[P]](ctx context.Context, s *Service, by event.By, projectID string, err error) error {
	return store.Refuse[P](ctx, s.db, by, event.About(projectID, subscriptionKind, ""), err)
}

// lock makes those who change what a project pays for wait for each other.
func lock(ctx context.Context, tx *store.Tx, projectID string) error {
	_, err := store.Column[string](ctx, tx, `SELECT project_id FROM projects WHERE project_id = $1`+tx.ForUpdate(), projectID)
	return err
}
