// Package outsidetest starts for tests what Sealog talks to outside of itself, on loopback: a
// Stripe that takes what Stripe takes, and a name server.
package outsidetest

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v85/webhook"
)

var listening = regexp.MustCompile(`http:? (?:on|at) .*?(127\.0\.0\.1:\d+)|address: (127\.0\.0\.1:\d+)`)

// Stripe starts a stripe-mock, which ends with the test, and returns its address. It knows
// Stripe's API by its OpenAPI description: a request that does not fit it is refused. It
// remembers nothing and answers with examples.
func Stripe(t testing.TB) string {
	t.Helper()
	_, here, _, _ := runtime.Caller(0)
	root := filepath.Join(filepath.Dir(here), "..", "..")
	bin := filepath.Join(t.TempDir(), "stripe-mock")
	build := exec.Command("go", "build", "-modfile="+filepath.Join("tools", "go.mod"), "-o", bin, "github.com/stripe/stripe-mock")
	build.Dir, build.Env = root, append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("stripe-mock cannot be built: %v\n%s", err, out)
	}
	run := exec.Command(bin, "-http-addr", "127.0.0.1:", "-https-addr", "127.0.0.1:")
	out, err := run.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	run.Stderr = run.Stdout
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = run.Process.Kill()
		_ = run.Wait()
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if m := listening.FindStringSubmatch(lines.Text()); m != nil {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return "http://" + m[1] + m[2]
		}
	}
	t.Fatalf("stripe-mock says no address: %v", lines.Err())
	return ""
}

// News is Stripe's word about a subscription; a field left out has what most tests want.
type News struct {
	ID      string // of the news
	Kind    string // created, updated, deleted
	Sub     string // id of the subscription
	Project string
	Plan    string
	Price   string
	Status  string
	At      int64 // seconds since 1970
	Cancel  bool  // at the end of the period
	Ended   int64
}

// Body is the news as Stripe posts it.
func (n News) Body() string {
	or := func(text *string, usual string) {
		if *text == "" {
			*text = usual
		}
	}
	or(&n.Project, "acme")
	or(&n.Plan, "team")
	or(&n.Price, "price_"+n.Plan)
	or(&n.Status, "active")
	or(&n.Sub, "sub_1")
	return fmt.Sprintf(`{"id":%q,"object":"event","api_version":"2025-01-01","created":%d,"type":"customer.subscription.%s","data":{"object":{
		"id":%q,"object":"subscription","status":%q,"customer":"cus_1","cancel_at_period_end":%t,"canceled_at":null,"ended_at":%d,
		"metadata":{"app_id":%q,"plan_name":%q},
		"items":{"object":"list","data":[{"id":"si_1","object":"subscription_item","current_period_end":1900000000,"price":{"id":%q,"object":"price"}}]}}}}`,
		n.ID, n.At, n.Kind, n.Sub, n.Status, n.Cancel, n.Ended, n.Project, n.Plan, n.Price)
}

// StripePost is a request that Stripe posts, signed with a secret at a time.
func StripePost(t testing.TB, url, secret, body string, at time.Time) *http.Request {
	t.Helper()
	signed := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: []byte(body), Secret: secret, Timestamp: at})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Stripe-Signature", signed.Header)
	return r
}
