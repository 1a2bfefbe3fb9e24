package project

import (
	"context"

	"github.com/sealog/sealog/internal/store"
)

// FreePlan is the plan of a project that has chosen none.
const FreePlan = "free"

// Unlimited is a limit that is none.
const Unlimited = -1

// Plan is what a project may have. A limit below zero is none. No plan limits what is kept
// in the log.
type Plan struct {
	Name  string `yaml:"name" json:"name"`
	Title string `yaml:"title" json:"title"`
	// StripePrice is the id of the price at Stripe; a plan without one cannot be bought.
	StripePrice string `yaml:"stripe_price" json:"stripe_price,omitempty"`
	// Price says what it costs, for people: "EUR 49 a month".
	Price string `yaml:"price" json:"price,omitempty"`
	// Collaborators counts the people in the project and those invited.
	Collaborators int `yaml:"collaborators" json:"collaborators"`
	// Domains counts a project's own domains, verified or not.
	Domains int `yaml:"domains" json:"domains"`
	// RetrievalDays is how many days back the log can be read.
	RetrievalDays int `yaml:"retrieval_days" json:"retrieval_days"`
}

// Plans are the plans of an installation. The first is that of new projects.
type Plans []Plan

// DefaultPlans is what applies without a settings file: one plan, which limits nothing.
func DefaultPlans() Plans {
	return Plans{{Name: FreePlan, Title: "Free", Collaborators: Unlimited, Domains: Unlimited, RetrievalDays: Unlimited}}
}

// Plan returns the plan of a name, and whether there is one.
func (p Plans) Plan(name string) (Plan, bool) {
	for _, plan := range p {
		if plan.Name == name {
			return plan, true
		}
	}
	return Plan{}, false
}

// applying is the plan of a project: that of its name or, when the settings know it no
// more, the first.
func (p Plans) applying(name string) Plan {
	if plan, ok := p.Plan(name); ok {
		return plan
	}
	return p[0]
}

// SetPlan gives a project another plan in the transaction of what caused it.
func SetPlan(ctx context.Context, tx *store.Tx, project, plan string) error {
	_, err := tx.Exec(ctx, `UPDATE projects SET plan = $2 WHERE project_id = $1`, project, plan)
	return err
}
