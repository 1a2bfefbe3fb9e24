package billing

import (
	"context"
	"time"

	"github.com/stripe/stripe-go/v85"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/store"
)

// The metadata by which what Stripe reports is known for a project's.
const (
	metaProject  = "app_id"
	metaPlan     = "plan_name"
	metaCheckout = "checkout_id"
)

// checkoutLifetime is how long Stripe keeps a payment page open.
const checkoutLifetime = 24 * time.Hour

// processingFor is how long a checkout without its subscription is said to be under way.
const processingFor = time.Hour

// The states of a checkout.
const (
	checkoutOpen      = "open"
	checkoutCompleted = "completed"
)

// Checkout opens a payment page at Stripe, on which a plan can be bought, and returns its
// address. It records project.billing.checkout.created; nothing is paid yet.
//
// Errors: BillingNotConfigured, Invalid (no such plan can be bought), SubscriptionExists,
// StripeRefused, StripeFailed.
func (s *Service) Checkout(ctx context.Context, by event.By, projectID, name, email string) (_ string, err error) {
	defer fault.Wrap(&err, "billing.Checkout(%q, %q)", projectID, name)
	refused := func(err error) (string, error) {
		return "", refuse[event.ProjectBillingCheckoutCreated](ctx, s, by, projectID, err)
	}
	if err := s.ready(); err != nil {
		return refused(err)
	}
	plan, err := s.bought(name)
	if err != nil {
		return refused(err)
	}
	if _, has, err := living(ctx, s.db, projectID); err != nil {
		return "", err
	} else if has {
		return refused(fault.New(fault.Conflict, "SubscriptionExists", "The project has a subscription; change its plan instead."))
	}
	id := event.NewID()
	back := *s.publicURL
	back.Path = "/projects/" + projectID + "/billing"
	done := back
	done.RawQuery = "checkout=" + id.String()
	meta := map[string]string{metaProject: projectID, metaPlan: plan.Name, metaCheckout: id.String()}
	params := &stripe.CheckoutSessionCreateParams{
		Mode:              stripe.String(string(stripe.CheckoutSessionModeSubscription)),
		LineItems:         []*stripe.CheckoutSessionCreateLineItemParams{{Price: &plan.StripePrice, Quantity: stripe.Int64(1)}},
		SuccessURL:        stripe.String(done.String()),
		CancelURL:         stripe.String(back.String()),
		ClientReferenceID: &projectID,
		CustomerEmail:     &email,
		Metadata:          meta,
		SubscriptionData:  &stripe.CheckoutSessionCreateSubscriptionDataParams{Metadata: meta},
	}
	params.SetIdempotencyKey(id.String())
	made, err := s.stripe.V1CheckoutSessions.Create(ctx, params)
	if err != nil {
		return refused(errStripe(err))
	}
	customer := ""
	if made.Customer != nil {
		customer = made.Customer.ID
	}
	_, err = store.Record(ctx, s.db, by, event.About(projectID, "checkout", id.String()),
		func(ctx context.Context, tx *store.Tx) (event.ProjectBillingCheckoutCreated, error) {
			fact := event.ProjectBillingCheckoutCreated{CheckoutID: id, PlanName: plan.Name}
			_, err := tx.Exec(ctx, `
				INSERT INTO checkouts (project_id, id, plan, stripe_id, customer_id, state, created_at, expires_at)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
				ON CONFLICT (project_id, stripe_id) DO NOTHING`,
				projectID, id, plan.Name, made.ID, customer, checkoutOpen, store.Micros(tx.Now()), store.Micros(tx.Now().Add(checkoutLifetime)))
			return fact, err
		})
	if err != nil {
		return "", err
	}
	return made.URL, nil
}

// IsProcessing reports whether somebody has been sent to pay within the last hour and the
// subscription is not there yet.
func (s *Service) IsProcessing(ctx context.Context, projectID string) (_ bool, err error) {
	defer fault.Wrap(&err, "billing.IsProcessing(%q)", projectID)
	if _, has, err := living(ctx, s.db, projectID); err != nil || has {
		return false, err
	}
	open, err := store.Column[event.ID](ctx, s.db, `
		SELECT id
		FROM checkouts
		WHERE project_id = $1 AND state = $2 AND created_at > $3
		LIMIT 1`, projectID, checkoutOpen, store.Micros(s.db.Now().Add(-processingFor)))
	return len(open) > 0, err
}

// Reconcile asks Stripe what has become of a checkout, for an account that comes back from paying
// before Stripe's news does; a subscription is taken as by that news, with the system as actor. id is
// the checkout's own or that of Stripe's session (cs_…).
//
// Errors: BillingNotConfigured, CheckoutNotFound, StripeFailed.
func (s *Service) Reconcile(ctx context.Context, projectID, id string) (err error) {
	defer fault.Wrap(&err, "billing.Reconcile(%q)", projectID)
	if err := s.ready(); err != nil {
		return err
	}
	own, _ := event.ParseID(id) // what is none finds nothing
	found, err := store.Column[string](ctx, s.db, `
		SELECT stripe_id
		FROM checkouts
		WHERE project_id = $1 AND (id = $2 OR stripe_id = $3)`, projectID, own, id)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return fault.New(fault.NotFound, "CheckoutNotFound", "There is no such checkout.").On("checkoutSessionID")
	}
	session, err := s.stripe.V1CheckoutSessions.Retrieve(ctx, found[0], nil)
	if err != nil {
		return errStripe(err)
	}
	if session.Subscription == nil {
		return nil // not paid yet
	}
	return s.fetch(ctx, projectID, session.Subscription.ID, session.Metadata, source{})
}

// fetch asks Stripe for a subscription and takes it as news; from is the event that led to it.
func (s *Service) fetch(ctx context.Context, projectID, stripeID string, meta map[string]string, from source) error {
	sub, err := s.stripe.V1Subscriptions.Retrieve(ctx, stripeID, nil)
	if err != nil {
		return errStripe(err)
	}
	return s.take(ctx, projectID, news{source: from, at: s.at(sub.LastResponse), sub: sub, meta: meta, fetched: true})
}
