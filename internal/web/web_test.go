package web

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/limit"
	"github.com/sealog/sealog/internal/storetest"
)

func TestClientAddress(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		remote string
		chain  []string
		hops   int
		want   string
	}{
		{"192.0.2.1:5", nil, 0, "192.0.2.1"},
		{"192.0.2.1:5", []string{"6.6.6.6"}, 0, "192.0.2.1"}, // not a proxy of ours
		{"192.0.2.1:5", []string{"6.6.6.6, 203.0.113.9"}, 1, "203.0.113.9"},
		{"192.0.2.1:5", []string{"6.6.6.6", "203.0.113.9", "198.51.100.7"}, 2, "203.0.113.9"},
		{"192.0.2.1:5", []string{"203.0.113.9"}, 3, "203.0.113.9"},
		{"192.0.2.1:5", nil, 1, "192.0.2.1"},
		{"[2001:db8::1%eth0]:5", nil, 0, "2001:db8::1"},
		{"[::ffff:192.0.2.1]:5", nil, 0, "192.0.2.1"},
		{"192.0.2.1:5", []string{"203.0.113.9:4711"}, 1, "203.0.113.9"},
		{"192.0.2.1:5", []string{"no address"}, 1, "no address"}, // kept, never lost
		{"192.0.2.1:5", []string{""}, 1, ""},
		{"192.0.2.1:5", []string{strings.Repeat("x", 1000)}, 1, strings.Repeat("x", 64)},
		{"@", nil, 0, "@"},
	} {
		if got := clientAddress(c.remote, c.chain, c.hops); got != c.want {
			t.Errorf("%s %q, %d hops: %q, want %q", c.remote, c.chain, c.hops, got, c.want)
		}
	}
}

func TestFacts(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest(http.MethodGet, "/setup?token=secret&x=1", nil)
	r.Host = "acme.example"
	r.TLS = &tls.ConnectionState{}
	r.Header.Set("Referer", "https://acme.example/setup?token=secret")
	r.Header.Set("User-Agent", "agent\nforged\x00 "+strings.Repeat("é", 1000))
	r.Header.Set("Accept-Language", "en-GB,en;q=0.8,de;q=0.9")
	r.Header.Set("Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	f := facts(r, 0)
	if strings.Contains(f.URL+f.Referer, "secret") || !strings.HasPrefix(f.URL, "https://acme.example/setup?") || !strings.Contains(f.URL, "x=hidden") {
		t.Errorf("URL %q, referer %q", f.URL, f.Referer)
	}
	if len(f.UserAgent) > maxUserAgent+3 || !utf8.ValidString(f.UserAgent) || strings.ContainsAny(f.UserAgent, "\n\x00") {
		t.Errorf("user agent %q", f.UserAgent)
	}
	if strings.Join(f.Languages, " ") != "en-GB de en" || f.Language != "en-GB" {
		t.Errorf("languages %v, %q", f.Languages, f.Language)
	}
	if f.TrackingID != "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7" {
		t.Errorf("tracking id %q", f.TrackingID)
	}
	r.Header.Set("Traceparent", "junk")
	r.Header.Set("Accept-Language", "!!")
	r.TLS = nil
	r.Header.Set("X-Forwarded-Proto", "https")
	if f := facts(r, 0); f.TrackingID != "" || f.Languages != nil || !strings.HasPrefix(f.URL, "http://") {
		t.Errorf("%+v", f)
	}
	if f := facts(r, 1); !strings.HasPrefix(f.URL, "https://") {
		t.Errorf("behind a proxy: %q", f.URL)
	}
}

func TestHandle(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	mux := http.NewServeMux()
	var seen event.Request
	mux.HandleFunc("GET /well", func(w http.ResponseWriter, r *http.Request) { seen = Request(r) })
	mux.HandleFunc("GET /panic", func(http.ResponseWriter, *http.Request) { panic("boom") })
	registry := prometheus.NewRegistry()
	h := Door{Log: slog.New(slog.NewTextHandler(&log, nil)), Metrics: NewMetrics(registry)}.Handle(mux)

	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/well", nil))
	if id := w.Header().Get("X-Request-ID"); id == "" || id != seen.ID || !strings.Contains(log.String(), id) {
		t.Errorf("request %q, handler saw %q", id, seen.ID)
	}
	w = httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/panic", nil))
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "boom") || !strings.Contains(log.String(), "boom") {
		t.Errorf("a panic answered %d %q", w.Code, w.Body)
	}
	if n := measured(t, registry, "sealog_http_request_duration_seconds"); n != 2 {
		t.Errorf("measured %d", n)
	}
}

// measured is how many series a metric has.
func measured(t *testing.T, registry prometheus.Gatherer, name string) int {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() == name {
			return len(family.GetMetric())
		}
	}
	return 0
}

func TestErrorsAreCounted(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	refuse := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		CountError(r.Context(), fmt.Errorf("wrapped: %w", limit.BodyOfStranger.Exceeded()))
		CountError(r.Context(), fault.New(fault.Denied, "RoleTooLow", "No."))
		CountError(r.Context(), nil)
	})
	Door{Log: slog.New(slog.DiscardHandler), Metrics: NewMetrics(registry)}.Handle(refuse).
		ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	w := httptest.NewRecorder()
	MetricsHandler(registry).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, want := range []string{
		`sealog_http_errors_total{code="BodyTooLarge",kind="too_large"} 1`,
		`sealog_http_errors_total{code="RoleTooLow",kind="denied"} 1`,
		`sealog_bounds_exceeded_total{bound="body_stranger"} 1`,
		`sealog_bounds_exceeded_total{bound="graphql_cost"} 0`, // there before anything happened
	} {
		if !strings.Contains(w.Body.String(), want+"\n") {
			t.Errorf("no %s in\n%s", want, w.Body)
		}
	}
}

// TestAnAnswerThatBreaksOff makes sure that whoever reads it sees that it is not whole.
func TestAnAnswerThatBreaksOff(t *testing.T) {
	t.Parallel()
	breaks := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "the beginning")
		panic(http.ErrAbortHandler)
	})
	registry := prometheus.NewRegistry()
	server := httptest.NewServer(Door{Log: slog.New(slog.DiscardHandler), Metrics: NewMetrics(registry)}.Handle(breaks))
	defer server.Close()
	answer, err := http.Get(server.URL)
	if err == nil {
		_, err = io.ReadAll(answer.Body)
		answer.Body.Close()
	}
	if err == nil {
		t.Error("it looks whole")
	}
	if n := measured(t, registry, "sealog_http_request_duration_seconds"); n != 1 {
		t.Errorf("measured %d", n)
	}
}

func TestEveryKindHasAStatus(t *testing.T) {
	t.Parallel()
	seen := map[int]fault.Kind{}
	for _, k := range fault.Kinds() {
		status := Status(k)
		if status < 400 || http.StatusText(status) == "" {
			t.Errorf("%s: %d", k, status)
		}
		if other, ok := seen[status]; ok {
			t.Errorf("%s and %s are both %d", k, other, status)
		}
		if (status == http.StatusInternalServerError) != (k == fault.Internal) {
			t.Errorf("%s: %d", k, status)
		}
		seen[status] = k
	}
}

func TestReadyz(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	w := httptest.NewRecorder()
	(&Ready{DB: db}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/readyz", nil))
	if w.Code != http.StatusOK {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	registry := NewRegistry(db)
	w = httptest.NewRecorder()
	MetricsHandler(registry).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if !strings.Contains(w.Body.String(), "sealog_database_up 1") || !strings.Contains(w.Body.String(), "sealog_events_pending 0") {
		t.Errorf("%s", w.Body)
	}
}
