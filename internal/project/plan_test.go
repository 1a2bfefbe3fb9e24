package project_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/project"
)

func TestReadPlans(t *testing.T) {
	t.Parallel()
	got, err := project.ReadPlans([]byte("plans:\n  - {name: free, title: Free, collaborators: 3, domains: 0, retrieval_days: 30}\n  - {name: firm, stripe_price: price_1, price: EUR 9}\n"))
	want := project.Plans{
		{Name: "free", Title: "Free", Collaborators: 3, Domains: 0, RetrievalDays: 30},
		{Name: "firm", Title: "firm", StripePrice: "price_1", Price: "EUR 9", Collaborators: -1, Domains: -1, RetrievalDays: -1},
	}
	if err != nil || cmp.Diff(want, got) != "" {
		t.Errorf("%v\n%s", err, cmp.Diff(want, got))
	}
	for _, text := range []string{"", "plans: []", "plans: [{}]", "plans: [{name: a}, {name: a}]", "plans: [{name: a, domains: -2}]", "plans: [{name: a, collaborators: 0}]", "plans: [{name: a, seats: 1}]", "x"} {
		if _, err := project.ReadPlans([]byte(text)); !fault.Is(err, "PlansInvalid") {
			t.Errorf("%q: %v", text, err)
		}
	}
	now := time.Now()
	if !got[1].ReadableFrom(now).IsZero() || !got[0].ReadableFrom(now).Equal(now.AddDate(0, 0, -30)) && now.Sub(got[0].ReadableFrom(now)) != 720*time.Hour {
		t.Error("how far back a plan lets be read")
	}
}
