package web

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/store"
)

// Healthz answers as long as the process runs.
func Healthz(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok\n") }

// Readyz answers 200 when the database can be read and written, 503 with the error's code
// when not.
func Readyz(db *store.DB) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
		defer cancel()
		if err := db.Ping(ctx); err != nil {
			plain(w, http.StatusServiceUnavailable, fault.Of(err).Code+"\n")
			return
		}
		plain(w, http.StatusOK, "ready\n")
	}
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text)) // who has gone cannot be told
}

// NewRegistry returns a registry that measures the process and the database.
func NewRegistry(db *store.DB) *prometheus.Registry {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		&databaseCollector{db})
	return registry
}

// MetricsHandler serves a registry in Prometheus' text format.
func MetricsHandler(registry *prometheus.Registry) http.Handler {
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
}

// databaseCollector asks the database when it is scraped.
type databaseCollector struct{ db *store.DB }

var (
	upDesc      = prometheus.NewDesc("sealog_database_up", "Whether the database answers.", nil, nil)
	walDesc     = prometheus.NewDesc("sealog_database_wal_bytes", "Length of SQLite's write-ahead log.", nil, nil)
	openDesc    = prometheus.NewDesc("sealog_database_connections", "Open connections to PostgreSQL.", nil, nil)
	allowedDesc = prometheus.NewDesc("sealog_database_connections_allowed", "Connections to PostgreSQL that there may be now: as configured, or fewer while the server refuses more.", nil, nil)
	refusedDesc = prometheus.NewDesc("sealog_database_connections_refused_total", "Connections that PostgreSQL refused because there were too many.", nil, nil)
	pendingDesc = prometheus.NewDesc("sealog_events_pending", "Events that have no position in their log yet (at most 10,000 are counted).", nil, nil)
	oldestDesc  = prometheus.NewDesc("sealog_events_pending_oldest_seconds", "Age of the oldest event without a position.", nil, nil)
	haltedDesc  = prometheus.NewDesc("sealog_logs_halted", "Logs that are not signed any more because their database is not what was signed.", nil, nil)
)

// Describe implements prometheus.Collector.
func (c *databaseCollector) Describe(out chan<- *prometheus.Desc) {
	out <- upDesc
	out <- walDesc
	out <- openDesc
	out <- allowedDesc
	out <- refusedDesc
	out <- pendingDesc
	out <- oldestDesc
	out <- haltedDesc
}

// Collect implements prometheus.Collector.
func (c *databaseCollector) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if size, ok := c.db.WALBytes(); ok {
		out <- prometheus.MustNewConstMetric(walDesc, prometheus.GaugeValue, float64(size))
	}
	if n, ok := c.db.Connections(); ok {
		out <- prometheus.MustNewConstMetric(openDesc, prometheus.GaugeValue, float64(n.Open))
		out <- prometheus.MustNewConstMetric(allowedDesc, prometheus.GaugeValue, float64(n.Allowed))
		out <- prometheus.MustNewConstMetric(refusedDesc, prometheus.CounterValue, float64(n.Refused))
	}
	n, err := store.Column[int64](ctx, c.db, `SELECT count(*) FROM (SELECT 1 FROM events_pending LIMIT 10000) p`)
	if err == nil {
		err = c.db.Replaced() // which can be read, and is not the one that others find
	}
	if err != nil {
		out <- prometheus.MustNewConstMetric(upDesc, prometheus.GaugeValue, 0)
		return
	}
	out <- prometheus.MustNewConstMetric(upDesc, prometheus.GaugeValue, 1)
	out <- prometheus.MustNewConstMetric(pendingDesc, prometheus.GaugeValue, float64(n[0]))
	if halted, err := store.Column[int64](ctx, c.db, `SELECT count(*) FROM logs WHERE halted IS NOT NULL AND NOT closed`); err == nil {
		out <- prometheus.MustNewConstMetric(haltedDesc, prometheus.GaugeValue, float64(halted[0]))
	}
	oldest, err := store.Column[event.ID](ctx, c.db, `SELECT id FROM events_pending ORDER BY id LIMIT 1`)
	if err == nil {
		age := 0.0
		if len(oldest) == 1 {
			age = c.db.Now().Sub(oldest[0].Time()).Seconds()
		}
		out <- prometheus.MustNewConstMetric(oldestDesc, prometheus.GaugeValue, age)
	}
}
