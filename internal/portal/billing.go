package portal

import (
	"net/http"
	"strings"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/billing"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/web"
)

// paymentHost is where Stripe shows its payment pages; the browser is sent on to it by a form.
const paymentHost = "https://checkout.stripe.com"

// BillingPage shows the project's plan, and what can be bought.
type BillingPage struct {
	Base
	Fields
	Recent        Recent
	Plan          project.Plan
	Plans         project.Plans
	Subscription  *billing.Subscription // nil when there is none
	IsProcessing  bool
	Checkout      string // the checkout from which the browser comes back, or ""
	Collaborators int
	Domains       int
	MayAct        bool
	IsConfigured  bool
}

// ChangePlanPage says what another plan costs before it is taken.
type ChangePlanPage struct {
	Base
	From    project.Plan
	Preview billing.Preview
}

func (p *portal) showBilling(w http.ResponseWriter, r *http.Request, v visit) error {
	return p.billingPage(w, r, v, http.StatusOK, fieldsOf(r))
}

func (p *portal) billingPage(w http.ResponseWriter, r *http.Request, v visit, status int, f Fields) error {
	ctx, id := r.Context(), v.project.ID
	page := BillingPage{
		Fields: f, Plan: v.project.Plan, Plans: p.Projects.Plans, MayAct: v.role.May(access.Act), IsConfigured: p.Billing.Configured(),
	}
	found, has, err := p.Billing.Subscription(ctx, id)
	if err != nil {
		return err
	}
	if has {
		page.Subscription = &found
	}
	if page.IsProcessing, err = p.Billing.IsProcessing(ctx, id); err != nil {
		return err
	}
	if checkout, err := event.ParseID(r.URL.Query().Get("checkout")); err == nil && !has {
		page.Checkout = checkout.String()
	}
	collaborators, err := p.Projects.Collaborators(ctx, id)
	if err != nil {
		return err
	}
	invitations, err := p.Projects.Invitations(ctx, id)
	if err != nil {
		return err
	}
	domains, err := p.Projects.Domains(ctx, v.project)
	if err != nil {
		return err
	}
	page.Collaborators = len(collaborators) + len(invitations)
	for _, d := range domains {
		if !d.IsDefault {
			page.Domains++
		}
	}
	page.Recent, err = p.recent(r, v, "project.billing.checkout.created", "project.billing.subscription.created",
		"project.billing.subscription.updated", "project.billing.subscription.status.updated", "project.billing.subscription.cancelled",
		"project.billing.payment.failed", "project.billing.payment.recovered")
	if err != nil {
		return err
	}
	if page.Base, err = p.projectBase(w, r, "Billing", "billing", v); err != nil {
		return err
	}
	w.Header().Set("Content-Security-Policy",
		strings.Replace(contentSecurityPolicy, "form-action 'self'", "form-action 'self' "+paymentHost, 1))
	return p.render(w, r, status, page.view())
}

// choices are the plans that the page offers.
func (b BillingPage) choices() project.Plans {
	var plans project.Plans
	for _, plan := range b.Plans {
		if plan.StripePrice != "" && plan.Name != b.Plan.Name {
			plans = append(plans, plan)
		}
	}
	return plans
}

// refusedByStripe is refused, for what Stripe could not do either.
func (f *Fields) refusedByStripe(err error) (bool, error) {
	if fault.Is(err, "StripeFailed") || fault.Is(err, "BillingNotConfigured") {
		f.Error = fault.Of(err).Message
		return true, nil
	}
	return f.refused(err)
}

// paid ends what was done at Stripe.
func (p *portal) paid(w http.ResponseWriter, r *http.Request, v visit, err error, done string) error {
	f := fieldsOf(r)
	if refused, failure := f.refusedByStripe(err); failure != nil {
		return failure
	} else if refused {
		return p.billingPage(w, r, v, statusOf(err), f)
	}
	p.flash(w, done)
	return redirect(w, r, v.path("/billing"))
}

func (p *portal) checkout(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	to, err := p.Billing.Checkout(r.Context(), v.by, v.project.ID, r.PostForm.Get("plan"), v.session.Account.Email)
	if err != nil {
		return p.paid(w, r, v, err, "")
	}
	return redirect(w, r, to)
}

// reconcile asks Stripe, for who comes back from paying before its news does.
func (p *portal) reconcile(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := p.Billing.Reconcile(r.Context(), v.project.ID, r.PathValue("id")); err != nil {
		return p.paid(w, r, v, err, "")
	}
	_, has, err := p.Billing.Subscription(r.Context(), v.project.ID)
	if err != nil {
		return err
	}
	if has {
		return p.paid(w, r, v, nil, "checked-paid")
	}
	return p.paid(w, r, v, nil, "checked-open")
}

func (p *portal) showChangePlan(w http.ResponseWriter, r *http.Request, v visit) error {
	preview, err := p.Billing.Preview(r.Context(), v.project.ID, r.URL.Query().Get("plan"))
	if err != nil {
		return p.paid(w, r, v, err, "")
	}
	base, err := p.projectBase(w, r, "Change the plan", "billing", v)
	if err != nil {
		return err
	}
	return p.render(w, r, http.StatusOK, ChangePlanPage{base, v.project.Plan, preview}.view())
}

func (p *portal) changePlan(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	return p.paid(w, r, v, p.Billing.Change(r.Context(), v.by, v.project.ID, r.PostForm.Get("plan")), "plan-changed")
}

func (p *portal) cancelSubscription(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	cancelled, done := r.PostForm.Get("cancelled") == "yes", "plan-resumed"
	if cancelled {
		done = "plan-cancelled"
	}
	return p.paid(w, r, v, p.Billing.SetCancelled(r.Context(), v.by, v.project.ID, cancelled), done)
}

func (p *portal) cancelFailed(w http.ResponseWriter, r *http.Request, v visit) error {
	return p.paid(w, r, v, p.Billing.CancelFailed(r.Context(), v.by, v.project.ID), "plan-ended")
}
