package billing

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/stripe/stripe-go/v85"
	"github.com/stripe/stripe-go/v85/webhook"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/limit"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/web"
)

// WebhookPath is where Stripe posts its news.
const WebhookPath = "/api/subscription/webhook/stripe"

// news is what Stripe says about a subscription.
type news struct {
	source
	at   int64 // by Stripe's clock, in seconds
	sub  *stripe.Subscription
	meta map[string]string
	// begun is the first news of a subscription, ended the last, fetched is what Stripe was asked for.
	begun, ended, fetched bool
}

// source is the event of Stripe's that news comes from; it is zero when Stripe was only asked.
type source struct{ eventID, eventType string }

// Webhook takes Stripe's news (POST). Each is taken once, in whatever order they arrive; what
// is older than what is known is passed over. It answers 400 to what Stripe has not signed,
// 200 to what was taken or is of no concern here, and 5xx to what should be sent again.
func (s *Service) Webhook(w http.ResponseWriter, r *http.Request) {
	req := web.Request(r)
	refuse := func(status int, reason, words string) {
		if s.Refused != nil {
			s.Refused(reason, req.IP)
		}
		http.Error(w, words, status)
	}
	if s.WebhookSecret == "" || !s.Configured() {
		http.Error(w, "no web hooks are taken here", http.StatusNotFound)
		return
	}
	err := web.BoundBody(w, r, limit.BodyOfStripe)
	var payload []byte
	if err == nil {
		payload, err = io.ReadAll(r.Body)
	}
	if err != nil {
		web.CountError(r.Context(), err)
		refuse(http.StatusRequestEntityTooLarge, "StripeNewsTooLarge", "too large")
		return
	}
	said, err := webhook.ConstructEventWithOptions(payload, r.Header.Get("Stripe-Signature"), s.WebhookSecret,
		webhook.ConstructEventOptions{IgnoreAPIVersionMismatch: true, Tolerance: webhook.DefaultTolerance})
	if err != nil {
		s.log.WarnContext(r.Context(), "web hook refused", "request", req.ID, "error", err)
		refuse(http.StatusBadRequest, "StripeSignatureInvalid", "the signature is wrong")
		return
	}
	if err := s.hear(r.Context(), said); err != nil {
		s.log.ErrorContext(r.Context(), "web hook not taken", "request", req.ID, "event", said.ID, "type", said.Type, "error", err)
		f := fault.Of(err)
		status := http.StatusInternalServerError
		if f.Kind == fault.Malformed {
			status = http.StatusBadRequest
		}
		http.Error(w, f.Code, status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"received":true}`+"\n") // Stripe looks at the status
}

// hear takes one event of Stripe's.
func (s *Service) hear(ctx context.Context, said stripe.Event) error {
	switch said.Type {
	case stripe.EventTypeCheckoutSessionCompleted:
		var session stripe.CheckoutSession
		if err := read(said, &session); err != nil {
			return err
		}
		known, err := s.known(ctx, session.Metadata[metaProject], said.ID)
		if err != nil || !known || session.Subscription == nil {
			return err
		}
		return s.fetch(ctx, session.Metadata[metaProject], session.Subscription.ID, session.Metadata, source{said.ID, string(said.Type)})
	case stripe.EventTypeCustomerSubscriptionCreated, stripe.EventTypeCustomerSubscriptionUpdated, stripe.EventTypeCustomerSubscriptionDeleted:
		var sub stripe.Subscription
		if err := read(said, &sub); err != nil {
			return err
		}
		known, err := s.known(ctx, sub.Metadata[metaProject], said.ID)
		if err != nil || !known {
			return err
		}
		err = s.take(ctx, sub.Metadata[metaProject], news{
			source: source{said.ID, string(said.Type)}, at: said.Created, sub: &sub, meta: sub.Metadata,
			begun: said.Type == stripe.EventTypeCustomerSubscriptionCreated,
			ended: said.Type == stripe.EventTypeCustomerSubscriptionDeleted,
		})
		if errors.Is(err, errSameSecond) {
			return s.fetch(ctx, sub.Metadata[metaProject], sub.ID, sub.Metadata, source{said.ID, string(said.Type)})
		}
		return err
	}
	return nil // of no concern here
}

func read[T any](said stripe.Event, to *T) error {
	if said.Data == nil || json.Unmarshal(said.Data.Raw, to) != nil {
		return fault.New(fault.Malformed, "StripeNewsMalformed", "The news cannot be read.")
	}
	return nil
}

// known reports whether news is for a project that is here: one account at Stripe can serve
// several installations.
func (s *Service) known(ctx context.Context, projectID, eventID string) (bool, error) {
	if project.CheckID(projectID) == nil {
		_, err := s.projects.Get(ctx, projectID)
		if !fault.Is(err, "ProjectNotFound") {
			return err == nil, err
		}
	}
	s.log.WarnContext(ctx, "web hook for no project of this installation", "event", eventID, "project", web.Clean(projectID, 64))
	return false, nil
}

// maxRaces is how often news is looked at again because somebody else was faster.
const maxRaces = 5

// errRace is a subscription that has changed since it was looked at.
var errRace = errors.New("billing: the subscription has changed meanwhile")

// errSameSecond is news of the same second as what is known: Stripe's times do not say which of
// the two is the newer, so Stripe has to be asked.
var errSameSecond = errors.New("billing: two events of one second")

// take brings a project's subscription up to date with news, and records what changed.
func (s *Service) take(ctx context.Context, projectID string, n news) (err error) {
	defer fault.Wrap(&err, "billing.take(%q, %q)", projectID, n.eventID)
	for range maxRaces {
		if err = s.takeOnce(ctx, projectID, n); !errors.Is(err, errRace) {
			return err
		}
	}
	return err
}

func (s *Service) takeOnce(ctx context.Context, projectID string, n news) error {
	before, known, err := byStripeID(ctx, s.db, projectID, n.sub.ID)
	if err != nil {
		return err
	}
	if known && (before.EndedAt != nil || n.begun || n.at < before.stripeAt && !n.ended) {
		return nil // old: "created" is the first of all, whenever it arrives
	}
	after := s.after(projectID, before, known, n)
	facts := differences(before, known, after)
	if len(facts) == 0 {
		return nil
	}
	if known && n.at == before.stripeAt && !n.ended && !n.fetched {
		return errSameSecond
	}
	raced := false
	write := func(ctx context.Context, tx *store.Tx) error {
		if err := lock(ctx, tx, projectID); err != nil {
			return err
		}
		now, still, err := byStripeID(ctx, tx, projectID, n.sub.ID)
		if err != nil {
			return err
		}
		if raced = still != known || !now.UpdatedAt.Equal(before.UpdatedAt); raced {
			return store.ErrNoChange
		}
		if other, has, err := living(ctx, tx, projectID); err != nil {
			return err
		} else if has && other.StripeID != after.StripeID && after.EndedAt == nil {
			return fault.New(fault.Conflict, "SubscriptionExists", "The project has another subscription at Stripe.")
		}
		if !known {
			after.CreatedAt = tx.Now()
		}
		if n.eventID != "" {
			if _, err := tx.Exec(ctx, `
				INSERT INTO stripe_events (project_id, id, type, created_at)
				VALUES ($1, $2, $3, $4)`, projectID, n.eventID, n.eventType, store.Micros(tx.Now())); store.IsUnique(err) {
				return store.ErrNoChange
			} else if err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, `
			UPDATE checkouts SET state = $2 WHERE project_id = $1 AND state = $3`, projectID, checkoutCompleted, checkoutOpen); err != nil {
			return err
		}
		return s.write(ctx, tx, after)
	}
	last := len(facts) - 1 // a fact beside it takes the earlier id
	err = facts[last].record(ctx, s, after, write, facts[:last])
	switch {
	case raced:
		return errRace
	case errors.Is(err, store.ErrNoChange):
		return nil // taken before
	}
	return err
}

// after is the subscription as the news has it.
func (s *Service) after(projectID string, before Subscription, known bool, n news) Subscription {
	sub := before
	if !known {
		sub = Subscription{Project: projectID, ID: event.NewID(), StripeID: n.sub.ID, Plan: n.meta[metaPlan]}
	}
	if n.sub.Customer != nil {
		sub.CustomerID = n.sub.Customer.ID
	}
	sub.Status, sub.CancelAtPeriodEnd, sub.stripeAt = string(n.sub.Status), n.sub.CancelAtPeriodEnd, max(n.at, before.stripeAt)
	sub.CancelledAt, sub.EndedAt = moment(n.sub.CanceledAt), moment(n.sub.EndedAt)
	sub.PaymentError = ""
	if sub.PaymentFailed() {
		sub.PaymentError = "The last payment failed."
	}
	if n.sub.Items != nil && len(n.sub.Items.Data) > 0 {
		item := n.sub.Items.Data[0]
		sub.PeriodEndAt = moment(item.CurrentPeriodEnd)
		for _, plan := range s.projects.Plans {
			if item.Price != nil && plan.StripePrice != "" && plan.StripePrice == item.Price.ID {
				sub.Plan = plan.Name
			}
		}
	}
	if n.ended && sub.EndedAt == nil {
		sub.EndedAt = moment(n.at)
	}
	return sub
}

func moment(seconds int64) *time.Time {
	if seconds == 0 {
		return nil
	}
	t := time.Unix(seconds, 0).UTC()
	return &t
}

// fact is one thing that news tells, to be recorded first or beside another.
type fact interface {
	record(ctx context.Context, s *Service, sub Subscription, write func(context.Context, *store.Tx) error, others []fact) error
	also(ctx context.Context, tx *store.Tx, about event.Target) error
}

// told is a fact of a type.
type told[P event.Payload[P]] struct{ payload P }

func (t told[P]) record(ctx context.Context, s *Service, sub Subscription, write func(context.Context, *store.Tx) error, others []fact) error {
	about := event.About(sub.Project, subscriptionKind, sub.ID.String())
	_, err := store.Record(ctx, s.db, event.BySystem("stripe"), about,
		func(ctx context.Context, tx *store.Tx) (P, error) {
			if err := write(ctx, tx); err != nil {
				return t.payload, err
			}
			for _, other := range others {
				if err := other.also(ctx, tx, about); err != nil {
					return t.payload, err
				}
			}
			return t.payload, nil
		})
	return err
}

func (t told[P]) also(ctx context.Context, tx *store.Tx, about event.Target) error {
	return store.Also(ctx, tx, about, t.payload)
}

func tell[P event.Payload[P]](payload P) fact { return told[P]{payload} }

// differences are the facts that lead from one state to another.
func differences(before Subscription, known bool, after Subscription) []fact {
	var facts []fact
	id := after.ID.String()
	if !known {
		facts = append(facts, tell(event.ProjectBillingSubscriptionCreated{SubscriptionID: id, StripeID: after.StripeID, PlanName: after.Plan}))
	} else if before.Plan != after.Plan || !same(before.PeriodEndAt, after.PeriodEndAt) {
		facts = append(facts, tell(event.ProjectBillingSubscriptionUpdated{SubscriptionID: id, PlanName: after.Plan}))
	}
	if after.EndedAt != nil {
		return append(facts, tell(event.ProjectBillingSubscriptionCancelled{SubscriptionID: after.StripeID, CustomerID: after.CustomerID}))
	}
	if before.CancelAtPeriodEnd != after.CancelAtPeriodEnd {
		facts = append(facts, tell(event.ProjectBillingSubscriptionStatusUpdated{SubscriptionID: id, Cancelled: after.CancelAtPeriodEnd}))
	}
	switch failed := after.PaymentFailed(); {
	case failed && !before.PaymentFailed():
		facts = append(facts, tell(event.ProjectBillingPaymentFailed{SubscriptionID: id, Status: after.Status}))
	case !failed && before.PaymentFailed():
		facts = append(facts, tell(event.ProjectBillingPaymentRecovered{SubscriptionID: id, Status: after.Status}))
	}
	return facts
}

func same(a, b *time.Time) bool {
	return a == nil && b == nil || a != nil && b != nil && a.Equal(*b)
}
