package web

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
)

// TestACallHasADeadline, except where it asks for none; then it still ends with its client, and has
// what the door found out.
func TestACallHasADeadline(t *testing.T) {
	t.Parallel()
	begun, seen := time.Now(), false
	h := Handle(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		seen = true
		deadline, ok := r.Context().Deadline()
		if !ok || deadline.Before(begun.Add(callLasts)) || deadline.After(time.Now().Add(callLasts)) {
			t.Errorf("%s, %t", deadline, ok)
		}
		long := Unhurried(r)
		if deadline, ok := long.Context().Deadline(); ok {
			t.Errorf("a long answer has the deadline %s", deadline)
		}
		if Request(long).ID != Request(r).ID || Request(long).ID == "" {
			t.Error("the facts of the request are lost")
		}
		if long.Context().Done() != nil && long.Context().Err() != nil {
			t.Error("it has ended already")
		}
	}), 0, slog.New(slog.DiscardHandler), NewMetrics(prometheus.NewRegistry()))
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	if !seen {
		t.Error("nothing was handled")
	}
}

func TestAReplacedDatabaseIsNotUp(t *testing.T) {
	t.Parallel()
	db, config := storetest.OpenWith(t, store.Config{})
	ready := func() (int, string) {
		w := httptest.NewRecorder()
		Readyz(db)(w, httptest.NewRequest(http.MethodGet, "/readyz", nil))
		return w.Code, strings.TrimSpace(w.Body.String())
	}
	metrics := func() string {
		w := httptest.NewRecorder()
		MetricsHandler(NewRegistry(db)).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
		return w.Body.String()
	}
	if storetest.Engine() == store.PostgreSQL {
		if text := metrics(); !strings.Contains(text, "sealog_database_connections_allowed 32") || !strings.Contains(text, "sealog_database_connections_refused_total 0") {
			t.Error(text)
		}
		return
	}
	if text := metrics(); !strings.Contains(text, "sealog_database_up 1") || !strings.Contains(text, "sealog_database_wal_bytes ") {
		t.Error(text)
	}
	file := filepath.Join(config.Dir, "sealog.db")
	if err := os.Rename(file, file+".aside"); err != nil {
		t.Fatal(err)
	}
	if status, code := ready(); status != http.StatusServiceUnavailable || code != "DatabaseReplaced" {
		t.Errorf("%d %s", status, code)
	}
	if text := metrics(); !strings.Contains(text, "sealog_database_up 0") {
		t.Error(text)
	}
}
