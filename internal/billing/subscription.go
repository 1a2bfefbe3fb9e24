package billing

import (
	"context"
	"errors"
	"time"

	"github.com/stripe/stripe-go/v85"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/store"
)

// Subscription is a subscription of a project at Stripe.
type Subscription struct {
	Project              string
	ID                   event.ID
	Plan                 string
	CustomerID, StripeID string // at Stripe
	Status               string // as Stripe calls it: active, past_due, …
	// CancelAtPeriodEnd is whether it ends with the period that is paid for.
	CancelAtPeriodEnd    bool
	PaymentError         string
	CreatedAt, UpdatedAt time.Time
	// CancelledAt is when that was asked for, EndedAt when it ended.
	CancelledAt, EndedAt, PeriodEndAt *time.Time

	stripeAt int64
}

const subscriptionColumns = `project_id, id, plan, customer_id, stripe_id, status, cancel_at_period_end, payment_error,
	created_at, updated_at, cancelled_at, ended_at, period_end_at, stripe_at`

func (s *Subscription) fields() []any {
	return []any{
		&s.Project, &s.ID, &s.Plan, &s.CustomerID, &s.StripeID, &s.Status, &s.CancelAtPeriodEnd, &s.PaymentError,
		store.Time(&s.CreatedAt), store.Time(&s.UpdatedAt), store.TimeOrNull(&s.CancelledAt), store.TimeOrNull(&s.EndedAt),
		store.TimeOrNull(&s.PeriodEndAt), &s.stripeAt,
	}
}

// PaymentFailed reports whether the last payment failed.
func (s Subscription) PaymentFailed() bool { return hasFailed(s.Status) }

func hasFailed(status string) bool {
	switch stripe.SubscriptionStatus(status) {
	case stripe.SubscriptionStatusPastDue, stripe.SubscriptionStatusUnpaid, stripe.SubscriptionStatusIncomplete:
		return true
	}
	return false
}

// Subscription returns the living subscription of a project, and whether it has one.
func (s *Service) Subscription(ctx context.Context, projectID string) (_ Subscription, _ bool, err error) {
	defer fault.Wrap(&err, "billing.Subscription(%q)", projectID)
	return living(ctx, s.db, projectID)
}

func living(ctx context.Context, q store.Querier, projectID string) (Subscription, bool, error) {
	return store.One(ctx, q, (*Subscription).fields, `
		SELECT `+subscriptionColumns+`
		FROM subscriptions
		WHERE project_id = $1 AND ended_at IS NULL`, projectID)
}

func byStripeID(ctx context.Context, q store.Querier, projectID, stripeID string) (Subscription, bool, error) {
	return store.One(ctx, q, (*Subscription).fields, `
		SELECT `+subscriptionColumns+`
		FROM subscriptions
		WHERE project_id = $1 AND stripe_id = $2`, projectID, stripeID)
}

// write stores the subscription as it is now, and with it the project's plan. Each change has a later
// time, by which a race is noticed.
func (s *Service) write(ctx context.Context, tx *store.Tx, sub Subscription) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO subscriptions (`+subscriptionColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
		ON CONFLICT (project_id, id) DO UPDATE SET
			plan = excluded.plan, customer_id = excluded.customer_id, status = excluded.status,
			cancel_at_period_end = excluded.cancel_at_period_end, payment_error = excluded.payment_error,
			`+store.SetUpdated("subscriptions", "excluded.updated_at")+`, cancelled_at = excluded.cancelled_at, ended_at = excluded.ended_at,
			period_end_at = excluded.period_end_at, stripe_at = excluded.stripe_at`,
		sub.Project, sub.ID, sub.Plan, sub.CustomerID, sub.StripeID, sub.Status, sub.CancelAtPeriodEnd, sub.PaymentError,
		store.Micros(sub.CreatedAt), store.Micros(store.Updated(sub.UpdatedAt.Add(time.Microsecond), tx.Now())), store.MicrosOrNull(sub.CancelledAt), store.MicrosOrNull(sub.EndedAt),
		store.MicrosOrNull(sub.PeriodEndAt), sub.stripeAt)
	if err != nil {
		return err
	}
	plan := sub.Plan
	if sub.EndedAt != nil {
		plan = s.projects.Plans[0].Name
	}
	return project.SetPlan(ctx, tx, sub.Project, plan)
}

func errNoSubscription() error {
	return fault.New(fault.NotFound, "ErrSubscriptionNotFound", "The project has no subscription.")
}

// changeable finds what an account wants to change, outside of the transaction.
func (s *Service) changeable(ctx context.Context, projectID string) (Subscription, error) {
	if err := s.ready(); err != nil {
		return Subscription{}, err
	}
	sub, ok, err := living(ctx, s.db, projectID)
	if err == nil && !ok {
		err = errNoSubscription()
	}
	return sub, err
}

// record stores what Stripe has done for an account, and records it.
func record[P event.Payload[P]](ctx context.Context, s *Service, by event.By, sub Subscription, fact P) error {
	_, err := store.Record(ctx, s.db, by, event.About(sub.Project, subscriptionKind, sub.ID.String()),
		func(ctx context.Context, tx *store.Tx) (P, error) {
			if err := lock(ctx, tx, sub.Project); err != nil {
				return fact, err
			}
			return fact, s.write(ctx, tx, sub)
		})
	return err
}

// item is the one thing that a subscription is for.
func (s *Service) item(ctx context.Context, stripeID string) (*stripe.SubscriptionItem, error) {
	found, err := s.stripe.V1Subscriptions.Retrieve(ctx, stripeID, nil)
	if err != nil {
		return nil, errStripe(err)
	}
	if found.Items == nil || len(found.Items.Data) == 0 {
		return nil, errStripe(errNoItems)
	}
	return found.Items.Data[0], nil
}

var errNoItems = errors.New("billing: the subscription at Stripe is for nothing")

// Change gives the subscription another plan. It records project.billing.subscription.updated.
//
// Errors: BillingNotConfigured, ErrSubscriptionNotFound, SamePlan, Invalid (no such plan can
// be bought), StripeCardDeclined, StripeRefused, StripeFailed.
func (s *Service) Change(ctx context.Context, by event.By, projectID, name string) (err error) {
	defer fault.Wrap(&err, "billing.Change(%q, %q)", projectID, name)
	refused := func(err error) error {
		return refuse[event.ProjectBillingSubscriptionUpdated](ctx, s, by, projectID, err)
	}
	sub, plan, err := s.other(ctx, projectID, name)
	if err != nil {
		return refused(err)
	}
	item, err := s.item(ctx, sub.StripeID)
	if err != nil {
		return refused(err)
	}
	params := &stripe.SubscriptionUpdateParams{
		Items:    []*stripe.SubscriptionUpdateItemParams{{ID: &item.ID, Price: &plan.StripePrice}},
		Metadata: map[string]string{metaProject: projectID, metaPlan: plan.Name},
	}
	params.SetIdempotencyKey(event.NewID().String())
	answer, err := s.stripe.V1Subscriptions.Update(ctx, sub.StripeID, params)
	if err != nil {
		return refused(errStripe(err))
	}
	sub.Plan, sub.stripeAt = plan.Name, s.at(answer.LastResponse)
	return record(ctx, s, by, sub, event.ProjectBillingSubscriptionUpdated{SubscriptionID: sub.ID.String(), PlanName: plan.Name})
}

// other finds a project's subscription and a plan that is not the one it is for.
func (s *Service) other(ctx context.Context, projectID, name string) (Subscription, project.Plan, error) {
	sub, err := s.changeable(ctx, projectID)
	if err != nil {
		return sub, project.Plan{}, err
	}
	plan, err := s.bought(name)
	if err == nil && plan.Name == sub.Plan {
		err = fault.New(fault.Invalid, "SamePlan", "The project has this plan already.").On("planName")
	}
	return sub, plan, err
}

// Preview is what a change of plan would cost at once, by Stripe.
type Preview struct {
	Plan project.Plan
	// AmountDue is in the smallest unit of the currency (ISO 4217); below zero is a credit.
	AmountDue int64
	Currency  string // lower case
}

// Preview asks Stripe what a change of plan would cost. Nothing changes by it.
//
// Errors: as Change.
func (s *Service) Preview(ctx context.Context, projectID, name string) (_ Preview, err error) {
	defer fault.Wrap(&err, "billing.Preview(%q, %q)", projectID, name)
	sub, plan, err := s.other(ctx, projectID, name)
	if err != nil {
		return Preview{}, err
	}
	item, err := s.item(ctx, sub.StripeID)
	if err != nil {
		return Preview{}, err
	}
	invoice, err := s.stripe.V1Invoices.CreatePreview(ctx, &stripe.InvoiceCreatePreviewParams{
		Subscription: &sub.StripeID,
		SubscriptionDetails: &stripe.InvoiceCreatePreviewSubscriptionDetailsParams{
			Items: []*stripe.InvoiceCreatePreviewSubscriptionDetailsItemParams{{ID: &item.ID, Price: &plan.StripePrice}},
		},
	})
	if err != nil {
		return Preview{}, errStripe(err)
	}
	return Preview{plan, invoice.AmountDue, string(invoice.Currency)}, nil
}

// SetCancelled makes the subscription end with the period that is paid for, or go on after
// all. It records project.billing.subscription.status.updated.
//
// Errors: BillingNotConfigured, ErrSubscriptionNotFound, StripeRefused, StripeFailed.
func (s *Service) SetCancelled(ctx context.Context, by event.By, projectID string, cancelled bool) (err error) {
	defer fault.Wrap(&err, "billing.SetCancelled(%q, %t)", projectID, cancelled)
	refused := func(err error) error {
		return refuse[event.ProjectBillingSubscriptionStatusUpdated](ctx, s, by, projectID, err)
	}
	sub, err := s.changeable(ctx, projectID)
	if err != nil {
		return refused(err)
	}
	params := &stripe.SubscriptionUpdateParams{CancelAtPeriodEnd: &cancelled}
	params.SetIdempotencyKey(event.NewID().String())
	answer, err := s.stripe.V1Subscriptions.Update(ctx, sub.StripeID, params)
	if err != nil {
		return refused(errStripe(err))
	}
	now := s.db.Now()
	sub.CancelAtPeriodEnd, sub.CancelledAt, sub.stripeAt = cancelled, nil, s.at(answer.LastResponse)
	if cancelled {
		sub.CancelledAt = &now
	}
	return record(ctx, s, by, sub, event.ProjectBillingSubscriptionStatusUpdated{SubscriptionID: sub.ID.String(), Cancelled: cancelled})
}

// CancelFailed ends a subscription at once whose last payment failed. It records
// project.billing.subscription.cancelled.
//
// Errors: BillingNotConfigured, ErrSubscriptionNotFound, PaymentNotFailed, StripeRefused, StripeFailed.
func (s *Service) CancelFailed(ctx context.Context, by event.By, projectID string) (err error) {
	defer fault.Wrap(&err, "billing.CancelFailed(%q)", projectID)
	refused := func(err error) error {
		return refuse[event.ProjectBillingSubscriptionCancelled](ctx, s, by, projectID, err)
	}
	sub, err := s.changeable(ctx, projectID)
	if err == nil && !sub.PaymentFailed() {
		err = fault.New(fault.Conflict, "PaymentNotFailed", "The last payment has not failed; cancel at the end of the period instead.")
	}
	if err != nil {
		return refused(err)
	}
	params := &stripe.SubscriptionCancelParams{}
	params.SetIdempotencyKey(event.NewID().String())
	answer, err := s.stripe.V1Subscriptions.Cancel(ctx, sub.StripeID, params)
	if err != nil {
		return refused(errStripe(err))
	}
	now := s.db.Now()
	sub.Status, sub.EndedAt, sub.stripeAt = string(stripe.SubscriptionStatusCanceled), &now, s.at(answer.LastResponse)
	if sub.CancelledAt == nil {
		sub.CancelledAt = &now
	}
	return record(ctx, s, by, sub, event.ProjectBillingSubscriptionCancelled{SubscriptionID: sub.StripeID, CustomerID: sub.CustomerID})
}
