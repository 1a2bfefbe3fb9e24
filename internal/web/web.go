// Package web is what all of Sealog's HTTP surfaces share: the facts of a request, statuses
// for errors, the access log, panics, health and metrics.
//
// Invariant: a request's facts are read once, at the door, with the number of trusted
// proxies; nothing behind it looks at forwarding headers, and its Host is the one that is
// believed. No address is recorded or logged but through Harmless. Start reading at Handle.
package web

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/limit"
)

// Handler answers a request or returns the error to answer with.
type Handler func(http.ResponseWriter, *http.Request) error

// Status is the HTTP status of a kind of error.
func Status(kind fault.Kind) int {
	switch kind {
	case fault.Invalid:
		return http.StatusUnprocessableEntity
	case fault.Malformed:
		return http.StatusBadRequest
	case fault.Unauthenticated:
		return http.StatusUnauthorized
	case fault.Denied:
		return http.StatusForbidden
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict:
		return http.StatusConflict
	case fault.Exhausted:
		return http.StatusTooManyRequests
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge
	default:
		return http.StatusInternalServerError
	}
}

// Handle puts the door before a handler: it reads the request's facts, gives the answer its
// X-Request-ID, turns a panic into a 500, and logs and measures. http.ErrAbortHandler goes on to
// the server, which cuts the connection: an answer that broke off must not look like a whole one.
func Handle(next http.Handler, trustedHops int, log *slog.Logger, metrics *Metrics) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := time.Now()
		r.Host = believedHost(r, trustedHops)
		f := facts(r, trustedHops)
		w.Header().Set("X-Request-ID", f.ID)
		answer := &recorder{ResponseWriter: w, metrics: metrics}
		defer func() {
			switch p := recover(); p {
			case nil:
			case http.ErrAbortHandler:
				defer panic(p)
			default:
				log.ErrorContext(r.Context(), "panic", "request", f.ID, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
				if answer.status == 0 {
					http.Error(answer, "Something went wrong on the server. Request "+f.ID, http.StatusInternalServerError)
				}
			}
			took := time.Since(begun)
			metrics.observe(r, answer.status, took)
			log.InfoContext(r.Context(), "request", "request", f.ID, "method", r.Method, "path", HarmlessPath(r.URL.Path),
				"status", answer.status, "ip", f.IP, "ms", took.Milliseconds())
		}()
		call, done := hurried(withRequest(r, f, answer))
		defer done()
		next.ServeHTTP(answer, call)
	})
}

// recorder notes the status of an answer, and counts the errors that are answered.
type recorder struct {
	http.ResponseWriter
	metrics *Metrics
	status  int
}

// CountError counts an error that is being answered: by its code, and by the bound that was
// exceeded. Each surface calls it where it answers errors; ctx is the request's.
func CountError(ctx context.Context, err error) {
	if answer, ok := ctx.Value(answerKey{}).(*recorder); ok && err != nil {
		answer.metrics.refused(fault.Of(err))
	}
}

// WriteHeader implements http.ResponseWriter.
func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *recorder) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController find what is underneath.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Metrics measures requests and counts the errors that are answered.
type Metrics struct {
	requests *prometheus.HistogramVec
	errors   *prometheus.CounterVec
	bounds   *prometheus.CounterVec
}

// NewMetrics registers the measures of HTTP.
func NewMetrics(registry prometheus.Registerer) *Metrics {
	m := &Metrics{
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "sealog_http_request_duration_seconds", Help: "How long requests took, by method and status.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"method", "status"}),
		errors: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sealog_http_errors_total", Help: "Errors that were answered, by kind and code.",
		}, []string{"kind", "code"}),
		bounds: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sealog_bounds_exceeded_total", Help: "Requests refused because a limit was exceeded, by the limit's name.",
		}, []string{"bound"}),
	}
	for _, group := range limit.All() {
		for _, b := range group.Bounds {
			m.bounds.WithLabelValues(b.Name) // from the start, so that an increase is seen
		}
		for _, r := range group.Rates {
			m.bounds.WithLabelValues(r.Name)
		}
	}
	registry.MustRegister(m.requests, m.errors, m.bounds)
	return m
}

func (m *Metrics) refused(f *fault.Error) {
	m.errors.WithLabelValues(f.Kind.String(), f.Code).Inc()
	if excess, ok := limit.ExcessOf(f); ok {
		m.bounds.WithLabelValues(excess.Bound).Inc()
	}
}

func (m *Metrics) observe(r *http.Request, status int, took time.Duration) {
	method := r.Method
	switch method {
	case http.MethodGet, http.MethodPost, http.MethodHead:
	default:
		method = "other"
	}
	m.requests.WithLabelValues(method, fmt.Sprint(status)).Observe(took.Seconds())
}
