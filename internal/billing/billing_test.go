package billing_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/billing"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/outsidetest"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
)

const secret = "whsec_test_secret_of_web_hooks"

type world struct {
	*billing.Service
	t        *testing.T
	db       *store.DB
	projects *project.Service
	by       event.By
	refused  []string
	mu       sync.Mutex
}

// plans are two that can be bought, one of them by the price of stripe-mock's examples.
var plans = project.Plans{
	{Name: "free", Title: "Free", Collaborators: 2, Domains: 1, RetrievalDays: 30},
	{Name: "team", Title: "Team", StripePrice: "price_team", Price: "EUR 49 a month", Collaborators: 20, Domains: 5, RetrievalDays: 365},
	{Name: "firm", Title: "Firm", StripePrice: "price_firm", Price: "EUR 199 a month", Collaborators: -1, Domains: -1, RetrievalDays: -1},
}

func newWorld(t *testing.T, base string) *world {
	t.Helper()
	w := &world{t: t, db: storetest.Open(t)}
	storetest.Project(t, w.db, "acme")
	w.projects = project.New(w.db, project.Settings{PublicURL: storetest.PublicURL(), Plans: plans})
	c := billing.Config{SecretKey: "sk_test_123", WebhookSecret: secret, APIBase: base, Refused: func(reason, _ string) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.refused = append(w.refused, reason)
	}}
	if base == "" {
		c = billing.Config{}
	}
	w.Service = billing.New(w.db, w.projects, c, slog.New(slog.DiscardHandler))
	w.by = event.By{Actor: event.Actor{Type: event.Account, ID: event.NewID().String(), Name: "owner@acme.example"}, Surface: event.ViaPortal}
	return w
}

func withMock(t *testing.T) *world {
	t.Helper()
	return newWorld(t, outsidetest.Stripe(t))
}

// log is the types, outcomes and actors of the project's events on billing, oldest first.
func (w *world) log() []string {
	w.t.Helper()
	page, err := auditlog.New(w.db).List(w.t.Context(), auditlog.Filter{Project: "acme"}, auditlog.Paging{Ascending: true})
	if err != nil {
		w.t.Fatal(err)
	}
	var all []string
	for _, r := range page.Rows {
		name, ok := strings.CutPrefix(string(r.Type), "project.billing.")
		if !ok {
			continue
		}
		c, err := r.Context()
		if err != nil {
			w.t.Fatal(err)
		}
		all = append(all, fmt.Sprintf("%s %s %s", name, r.Outcome, c.Actor.Type))
	}
	return all
}

func (w *world) wantLog(want ...string) {
	w.t.Helper()
	if got := w.log(); strings.Join(got, "\n") != strings.Join(want, "\n") {
		w.t.Errorf("the log has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func (w *world) want(err error, code string) {
	w.t.Helper()
	if !fault.Is(err, code) {
		w.t.Errorf("got %v, want %s", err, code)
	}
}

func (w *world) plan() string {
	w.t.Helper()
	p, err := w.projects.Get(w.t.Context(), "acme")
	if err != nil {
		w.t.Fatal(err)
	}
	return p.Plan.Name
}

// post posts a signed body and returns the status.
func (w *world) post(body string, at time.Time) int {
	w.t.Helper()
	r := outsidetest.StripePost(w.t, billing.WebhookPath, secret, body, at)
	answer := httptest.NewRecorder()
	w.Webhook(answer, r)
	return answer.Code
}

func (w *world) hear(n outsidetest.News) {
	w.t.Helper()
	if status := w.post(n.Body(), time.Now()); status != http.StatusOK {
		w.t.Errorf("%s %s: status %d", n.Kind, n.ID, status)
	}
}

func TestSubscriptionByNews(t *testing.T) {
	t.Parallel()
	w := withMock(t)
	w.hear(outsidetest.News{ID: "evt_1", Kind: "created", At: 100})
	if w.plan() != "team" {
		t.Errorf("the plan is %s", w.plan())
	}
	w.hear(outsidetest.News{ID: "evt_1", Kind: "created", At: 100}) // again
	w.hear(outsidetest.News{ID: "evt_2", Kind: "updated", At: 110, Plan: "firm", Price: "price_firm"})
	if w.plan() != "firm" {
		t.Errorf("the plan is %s", w.plan())
	}
	w.hear(outsidetest.News{ID: "evt_1", Kind: "created", At: 100})                   // once more, when it is old
	w.hear(outsidetest.News{ID: "evt_0", Kind: "updated", At: 105, Status: "unpaid"}) // late
	w.hear(outsidetest.News{ID: "evt_3", Kind: "updated", At: 120, Plan: "firm", Cancel: true})
	w.hear(outsidetest.News{ID: "evt_4", Kind: "updated", At: 130, Plan: "firm", Status: "past_due"})
	sub, has, err := w.Subscription(t.Context(), "acme")
	if err != nil || !has || !sub.PaymentFailed() || sub.CancelAtPeriodEnd || sub.PeriodEndAt == nil || sub.CustomerID != "cus_1" {
		t.Errorf("%+v, %v", sub, err)
	}
	w.hear(outsidetest.News{ID: "evt_5", Kind: "updated", At: 140, Plan: "firm"})
	w.hear(outsidetest.News{ID: "evt_6", Kind: "deleted", At: 150, Plan: "firm", Status: "canceled", Ended: 150})
	w.hear(outsidetest.News{ID: "evt_7", Kind: "updated", At: 160, Plan: "firm"}) // after the end
	if _, has, err := w.Subscription(t.Context(), "acme"); err != nil || has || w.plan() != "free" {
		t.Errorf("after the end: %v, plan %s, %v", has, w.plan(), err)
	}
	w.hear(outsidetest.News{ID: "evt_8", Kind: "created", At: 170, Sub: "sub_2"}) // another, later
	if w.plan() != "team" {
		t.Errorf("the plan is %s", w.plan())
	}
	w.wantLog("subscription.created succeeded system", "subscription.updated succeeded system", "subscription.status.updated succeeded system",
		"subscription.status.updated succeeded system", "payment.failed succeeded system", "payment.recovered succeeded system",
		"subscription.cancelled succeeded system", "subscription.created succeeded system")
}

func TestNewsInAnyOrder(t *testing.T) {
	t.Parallel()
	w := withMock(t)
	w.hear(outsidetest.News{ID: "evt_3", Kind: "deleted", At: 130, Status: "canceled", Ended: 130})
	w.hear(outsidetest.News{ID: "evt_2", Kind: "updated", At: 120, Plan: "firm"})
	w.hear(outsidetest.News{ID: "evt_1", Kind: "created", At: 110})
	if _, has, err := w.Subscription(t.Context(), "acme"); err != nil || has || w.plan() != "free" {
		t.Errorf("%v, plan %s, %v", has, w.plan(), err)
	}
	w.wantLog("subscription.created succeeded system", "subscription.cancelled succeeded system")

	other := withMock(t)
	var wg sync.WaitGroup
	for range 6 { // the same at the same time
		wg.Go(func() { other.hear(outsidetest.News{ID: "evt_1", Kind: "created", At: 110}) })
	}
	wg.Wait()
	other.wantLog("subscription.created succeeded system")
}

// TestNewsOfOneSecond: Stripe's times are seconds, and its news comes in any order. What is at
// Stripe counts.
func TestNewsOfOneSecond(t *testing.T) {
	t.Parallel()
	asked := 0
	w := failing(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		if r.URL.Path != "/v1/subscriptions/sub_1" {
			t.Errorf("asked for %s", r.URL.Path)
		}
		w.Header().Set("Date", time.Unix(300, 0).UTC().Format(http.TimeFormat))
		_, _ = io.WriteString(w, `{"id":"sub_1","object":"subscription","status":"active","customer":"cus_1"}`)
	})
	w.hear(outsidetest.News{ID: "evt_2", Kind: "updated", At: 100})
	w.hear(outsidetest.News{ID: "evt_1", Kind: "created", At: 100, Status: "incomplete"})
	w.hear(outsidetest.News{ID: "evt_0", Kind: "created", At: 101, Status: "incomplete"}) // a clock of Stripe's that is ahead
	if asked != 0 {
		t.Errorf("Stripe was asked %d times about what began the subscription", asked)
	}
	w.hear(outsidetest.News{ID: "evt_3", Kind: "updated", At: 100, Status: "past_due"})
	if asked != 1 {
		t.Errorf("Stripe was asked %d times about two updates of one second", asked)
	}
	w.hear(outsidetest.News{ID: "evt_4", Kind: "updated", At: 400, Status: "past_due"})
	w.wantLog("subscription.created succeeded system", "payment.failed succeeded system")
}

func TestNewsThatIsRefused(t *testing.T) {
	t.Parallel()
	w := withMock(t)
	body := outsidetest.News{ID: "evt_1", Kind: "created", At: 100, Sub: "sub_1", Project: "acme", Plan: "team", Price: "price_team", Status: "active"}.Body()
	r := httptest.NewRequest(http.MethodPost, billing.WebhookPath, strings.NewReader(body))
	r.Header.Set("Stripe-Signature", fmt.Sprintf("t=%d,v1=%s", time.Now().Unix(), strings.Repeat("0", 64)))
	answer := httptest.NewRecorder()
	w.Webhook(answer, r)
	unsigned := httptest.NewRecorder()
	w.Webhook(unsigned, httptest.NewRequest(http.MethodPost, billing.WebhookPath, strings.NewReader(body)))
	if answer.Code != http.StatusBadRequest || unsigned.Code != http.StatusBadRequest || w.post(body, time.Now().Add(-time.Hour)) != http.StatusBadRequest {
		t.Error("what Stripe did not sign just now is taken")
	}
	if status := w.post(`{"padding":"`+strings.Repeat("x", 300<<10)+`"}`, time.Now()); status != http.StatusRequestEntityTooLarge {
		t.Errorf("too large: %d", status)
	}
	if status := w.post(`{"id":"evt_2","type":"customer.subscription.created","data":{"object":"nonsense"}}`, time.Now()); status != http.StatusBadRequest {
		t.Errorf("malformed: %d", status)
	}
	if strings.Join(w.refused, " ") != "StripeSignatureInvalid StripeSignatureInvalid StripeSignatureInvalid StripeNewsTooLarge StripeSignatureInvalid" {
		t.Errorf("counted: %v", w.refused)
	}
	for _, id := range []string{"other", "_portal", "", "../acme"} { // one account at Stripe, several installations
		w.hear(outsidetest.News{ID: "evt_9", Kind: "created", At: 100, Project: "x" + id, Sub: "sub_9"})
	}
	if status := w.post(`{"id":"evt_3","object":"event","type":"invoice.created","data":{"object":{}}}`, time.Now()); status != http.StatusOK {
		t.Errorf("of no concern: %d", status)
	}
	w.wantLog()
	none := newWorld(t, "")
	if status := none.post(body, time.Now()); status != http.StatusNotFound {
		t.Errorf("without settings: %d", status)
	}
}

// TestAtStripe goes through stripe-mock, which knows what Stripe's API takes.
func TestAtStripe(t *testing.T) {
	t.Parallel()
	w := withMock(t)
	ctx := t.Context()
	w.want(w.Change(ctx, w.by, "acme", "firm"), "ErrSubscriptionNotFound")
	w.want(w.SetCancelled(ctx, w.by, "acme", true), "ErrSubscriptionNotFound")
	w.want(w.CancelFailed(ctx, w.by, "acme"), "ErrSubscriptionNotFound")
	_, err := w.Preview(ctx, "acme", "firm")
	w.want(err, "ErrSubscriptionNotFound")
	for _, name := range []string{"nothing", "", "free"} {
		_, err := w.Checkout(ctx, w.by, "acme", name, "owner@acme.example")
		w.want(err, "Invalid")
	}
	if processing, err := w.IsProcessing(ctx, "acme"); err != nil || processing {
		t.Errorf("processing %v, %v", processing, err)
	}
	if _, err := w.Checkout(ctx, w.by, "acme", "team", "owner@acme.example"); err != nil {
		t.Fatal(err)
	}
	if processing, err := w.IsProcessing(ctx, "acme"); err != nil || !processing {
		t.Errorf("processing %v, %v", processing, err)
	}
	if w.plan() != "free" {
		t.Errorf("the plan is %s before anything is paid", w.plan())
	}
	w.want(w.Reconcile(ctx, "acme", event.NewID().String()), "CheckoutNotFound")
	w.hear(outsidetest.News{ID: "evt_1", Kind: "created", At: 100})
	if processing, err := w.IsProcessing(ctx, "acme"); err != nil || processing {
		t.Errorf("processing %v, %v", processing, err)
	}
	_, err = w.Checkout(ctx, w.by, "acme", "firm", "owner@acme.example")
	w.want(err, "SubscriptionExists")
	if preview, err := w.Preview(ctx, "acme", "firm"); err != nil || preview.Currency == "" || preview.Plan.Name != "firm" {
		t.Errorf("%+v, %v", preview, err)
	}
	w.want(w.Change(ctx, w.by, "acme", "team"), "SamePlan")
	w.want(w.Change(ctx, w.by, "acme", "nothing"), "Invalid")
	if err := w.Change(ctx, w.by, "acme", "firm"); err != nil || w.plan() != "firm" {
		t.Errorf("plan %s, %v", w.plan(), err)
	}
	w.hear(outsidetest.News{ID: "evt_2", Kind: "updated", At: time.Now().Unix() - 60, Plan: "team"}) // of before, and late
	if w.plan() != "firm" {
		t.Error("old news undid what was changed since")
	}
	for _, cancelled := range []bool{true, false} {
		if err := w.SetCancelled(ctx, w.by, "acme", cancelled); err != nil {
			t.Fatal(err)
		}
		if sub, _, err := w.Subscription(ctx, "acme"); err != nil || sub.CancelAtPeriodEnd != cancelled || (sub.CancelledAt != nil) != cancelled {
			t.Errorf("%+v, %v", sub, err)
		}
	}
	w.want(w.CancelFailed(ctx, w.by, "acme"), "PaymentNotFailed")
	w.hear(outsidetest.News{ID: "evt_3", Kind: "updated", At: time.Now().Unix() + 10, Plan: "firm", Status: "past_due"})
	if err := w.CancelFailed(ctx, w.by, "acme"); err != nil || w.plan() != "free" {
		t.Errorf("plan %s, %v", w.plan(), err)
	}
	account := " account"
	w.wantLog("subscription.updated failed"+account, "subscription.status.updated failed"+account, "subscription.cancelled failed"+account,
		"checkout.created failed"+account, "checkout.created failed"+account, "checkout.created failed"+account, "checkout.created succeeded"+account,
		"subscription.created succeeded system", "checkout.created failed"+account,
		"subscription.updated failed"+account, "subscription.updated failed"+account, "subscription.updated succeeded"+account,
		"subscription.status.updated succeeded"+account, "subscription.status.updated succeeded"+account, "subscription.cancelled failed"+account,
		"payment.failed succeeded system", "subscription.cancelled succeeded"+account)
}

// TestCheckoutCompleted: the news of a paid checkout, and coming back from paying, fetch the subscription.
func TestCheckoutCompleted(t *testing.T) {
	t.Parallel()
	w := withMock(t)
	body := `{"id":"evt_1","object":"event","created":100,"type":"checkout.session.completed","data":{"object":{"id":"cs_1","object":"checkout.session",
		"subscription":"sub_1","metadata":{"app_id":"acme","plan_name":"team"}}}}`
	for range 2 {
		if status := w.post(body, time.Now()); status != http.StatusOK {
			t.Fatalf("status %d", status)
		}
	}
	// stripe-mock's example is of a subscription that has ended.
	w.wantLog("subscription.created succeeded system", "subscription.cancelled succeeded system")
}

// failing is a Stripe that does not do what it should.
func failing(t *testing.T, h http.HandlerFunc) *world {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return newWorld(t, server.URL)
}

func TestStripeFails(t *testing.T) {
	t.Parallel()
	for code, answer := range map[string]struct {
		status int
		body   string
	}{
		"StripeCardDeclined": {402, `{"error":{"type":"card_error","code":"card_declined","message":"Your card was declined."}}`},
		"StripeRefused":      {400, `{"error":{"type":"invalid_request_error","message":"No such price: price_team; secret words"}}`},
		"StripeFailed":       {500, `{"error":{"type":"api_error","message":"secret words"}}`},
	} {
		w := failing(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Stripe-Should-Retry", "false")
			w.WriteHeader(answer.status)
			_, _ = io.WriteString(w, answer.body)
		})
		_, err := w.Checkout(t.Context(), w.by, "acme", "team", "owner@acme.example")
		w.want(err, code)
		if strings.Contains(fault.Of(err).Message, "secret") || code == "StripeCardDeclined" && fault.Of(err).Message != "Your card was declined." {
			t.Errorf("it says %q", fault.Of(err).Message)
		}
		w.wantLog("checkout.created failed account")
	}
	w := failing(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then it is seen that the caller has gone
		<-r.Context().Done()
	})
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err := w.Checkout(ctx, w.by, "acme", "team", "owner@acme.example")
	w.want(err, "StripeFailed")
}

func TestWithoutSettings(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	_, err := w.Checkout(t.Context(), w.by, "acme", "team", "owner@acme.example")
	w.want(err, "BillingNotConfigured")
	w.want(w.Change(t.Context(), w.by, "acme", "team"), "BillingNotConfigured")
	w.want(w.SetCancelled(t.Context(), w.by, "acme", true), "BillingNotConfigured")
	w.want(w.CancelFailed(t.Context(), w.by, "acme"), "BillingNotConfigured")
	w.want(w.Reconcile(t.Context(), "acme", event.NewID().String()), "BillingNotConfigured")
	w.wantLog("checkout.created failed account", "subscription.updated failed account", "subscription.status.updated failed account", "subscription.cancelled failed account")
}
