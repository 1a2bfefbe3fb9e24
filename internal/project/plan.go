package project

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/sealog/sealog/internal/fault"
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
	// EventsOfDay, BytesOfDay and CallsPerSecond stand in for the operator's ceilings of these
	// names; nil leaves those in force.
	EventsOfDay    *int64 `yaml:"events_of_day" json:"events_of_day,omitempty"`
	BytesOfDay     *int64 `yaml:"bytes_of_day" json:"bytes_of_day,omitempty"`
	CallsPerSecond *int64 `yaml:"calls_per_second" json:"calls_per_second,omitempty"`
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

// ReadPlans reads plans from YAML: a list under "plans". A limit that is left out is none.
//
// Errors: PlansInvalid, which says everything that is wrong.
func ReadPlans(text []byte) (Plans, error) {
	invalid := func(words string, cause error) (Plans, error) {
		return nil, fault.New(fault.Invalid, "PlansInvalid", "The plans are invalid: %s", words).Because(cause)
	}
	var file struct {
		Plans []struct {
			Name          string `yaml:"name"`
			Title         string `yaml:"title"`
			StripePrice   string `yaml:"stripe_price"`
			Price         string `yaml:"price"`
			Collaborators *int   `yaml:"collaborators"`
			Domains       *int   `yaml:"domains"`
			RetrievalDays *int   `yaml:"retrieval_days"`

			EventsOfDay    *int64 `yaml:"events_of_day"`
			BytesOfDay     *int64 `yaml:"bytes_of_day"`
			CallsPerSecond *int64 `yaml:"calls_per_second"`
		} `yaml:"plans"`
	}
	if err := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(&file); err != nil {
		return invalid("they are not YAML of this form.", err)
	}
	var plans Plans
	var wrong []string
	for i, p := range file.Plans {
		plan := Plan{Name: p.Name, Title: p.Title, StripePrice: p.StripePrice, Price: p.Price}
		if plan.Title == "" {
			plan.Title = plan.Name
		}
		if _, twice := plans.Plan(p.Name); twice || p.Name == "" {
			wrong = append(wrong, fmt.Sprintf("plan %d needs a name of its own", i+1))
		}
		for limit, to := range map[**int]*int{&p.Collaborators: &plan.Collaborators, &p.Domains: &plan.Domains, &p.RetrievalDays: &plan.RetrievalDays} {
			*to = Unlimited
			if *limit != nil {
				*to = **limit
			}
		}
		if plan.Collaborators == 0 || min(plan.Collaborators, plan.Domains, plan.RetrievalDays) < Unlimited {
			wrong = append(wrong, fmt.Sprintf("plan %d has a limit that none can be: at least one collaborator, and -1 for no limit", i+1))
		}
		for _, ceiling := range []*int64{p.EventsOfDay, p.BytesOfDay, p.CallsPerSecond} {
			if ceiling != nil && (*ceiling < 1 && *ceiling != Unlimited || ceiling == p.CallsPerSecond && *ceiling > 1_000_000) {
				wrong = append(wrong, fmt.Sprintf("plan %d has a ceiling that cannot be: at least 1, calls_per_second at most 1000000, and -1 for none", i+1))
			}
		}
		plan.EventsOfDay, plan.BytesOfDay, plan.CallsPerSecond = p.EventsOfDay, p.BytesOfDay, p.CallsPerSecond
		plans = append(plans, plan)
	}
	if len(plans) == 0 {
		wrong = append(wrong, "there has to be one at least")
	}
	if len(wrong) > 0 {
		return invalid(strings.Join(wrong, "; ")+".", nil)
	}
	return plans, nil
}

// ReadableFrom is the earliest time of events that a project's plan lets be read, by now;
// zero for all of them.
func (p Plan) ReadableFrom(now time.Time) time.Time {
	if p.RetrievalDays < 0 {
		return time.Time{}
	}
	return now.Add(-time.Duration(p.RetrievalDays) * 24 * time.Hour)
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
