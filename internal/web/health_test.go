package web

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sealog/sealog/internal/storetest"
)

// TestStopping: a server that is about to stop says so, answers, and keeps no connection open.
func TestStopping(t *testing.T) {
	t.Parallel()
	ready := &Ready{DB: storetest.Open(t)}
	mux := http.NewServeMux()
	mux.Handle("GET /readyz", ready)
	mux.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	handler := Door{Log: slog.New(slog.DiscardHandler), Metrics: NewMetrics(prometheus.NewRegistry()), Ready: ready}.Handle(mux)
	ask := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		return w
	}
	if w := ask("/readyz"); w.Code != http.StatusOK || w.Header().Get("Connection") != "" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	ready.Stop()
	if w := ask("/readyz"); w.Code != http.StatusServiceUnavailable || w.Body.String() != "Stopping\n" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := ask("/"); w.Code != http.StatusNoContent || w.Header().Get("Connection") != "close" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

func TestLocal(t *testing.T) {
	t.Parallel()
	h := Local(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	for name, c := range map[string]struct {
		from, header string
		let          bool
	}{
		"this machine":             {"127.0.0.1:5", "", true},
		"this machine, IPv6":       {"[::1]:5", "", true},
		"mapped":                   {"[::ffff:127.0.0.1]:5", "", true},
		"another":                  {"192.0.2.1:5", "", false},
		"no address":               {"@", "", false},
		"a proxy on this machine":  {"127.0.0.1:5", "X-Forwarded-For", false},
		"another kind of proxy":    {"127.0.0.1:5", "Via", false},
		"a proxy of the RFC's way": {"127.0.0.1:5", "Forwarded", false},
	} {
		r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		r.RemoteAddr = c.from
		if c.header != "" {
			r.Header.Set(c.header, "for=192.0.2.1")
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if (w.Code == http.StatusNoContent) != c.let {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
}

// TestQuiet: without the access log a request leaves no line, and a panic does.
func TestQuiet(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	door := Door{Log: slog.New(slog.NewTextHandler(&log, nil)), Quiet: true, Metrics: NewMetrics(prometheus.NewRegistry())}
	door.Handle(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).
		ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil).WithContext(context.Background()))
	if log.String() != "" {
		t.Errorf("the log has %s", log.String())
	}
	door.Handle(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("boom") })).
		ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	if !strings.Contains(log.String(), "boom") {
		t.Errorf("the log has %s", log.String())
	}
}

// TestHold: what is held is neither begun nor answered to its end.
func TestHold(t *testing.T) {
	t.Parallel()
	ready := &Ready{}
	ready.Stop()
	release := ready.Hold()
	begun, ended := make(chan struct{}), make(chan struct{})
	door := Door{Log: slog.New(slog.DiscardHandler), Metrics: NewMetrics(prometheus.NewRegistry()), Ready: ready}
	go func() {
		defer close(ended)
		door.Handle(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { close(begun) })).
			ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	}()
	select {
	case <-begun:
		t.Error("begun while it is held")
	default:
	}
	release()
	<-begun
	<-ended
}
