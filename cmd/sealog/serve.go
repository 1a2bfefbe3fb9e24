package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os/signal"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sealog/sealog/internal/adminapi"
	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/billing"
	"github.com/sealog/sealog/internal/config"
	"github.com/sealog/sealog/internal/delivery"
	"github.com/sealog/sealog/internal/demo"
	"github.com/sealog/sealog/internal/directory"
	"github.com/sealog/sealog/internal/enduser"
	"github.com/sealog/sealog/internal/erasure"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/limit"
	"github.com/sealog/sealog/internal/logapi"
	"github.com/sealog/sealog/internal/message"
	"github.com/sealog/sealog/internal/portal"
	"github.com/sealog/sealog/internal/portalapi"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/schedule"
	"github.com/sealog/sealog/internal/session"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/web"
	"github.com/sealog/sealog/internal/webhook"
)

// The limits of a connection.
const (
	headerTimeout = 10 * time.Second
	readTimeout   = 60 * time.Second
	writeTimeout  = 120 * time.Second
	idleTimeout   = 120 * time.Second
	drainTimeout  = 13 * time.Second
	// settleTime is how long the connections in a listener's queue take to be accepted.
	settleTime = 100 * time.Millisecond
)

type serveCommand struct {
	config.Serve
}

// Run serves until ctx ends, then lets the requests under way finish.
func (c serveCommand) Run(ctx context.Context, d config.Data, term terminal) (err error) {
	defer endWithin(ctx, c.Drain+stopWithin)()
	// A reader of standard error that has gone costs lines of the log, and not the server.
	signal.Ignore(syscall.SIGPIPE)
	log, written := d.ServerLogger(term.stderr)
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fault.New(fault.Unavailable, "ListenFailed", "The address %s cannot be listened on.", c.Listen).Because(err)
	}
	defer listener.Close()
	own := &url.URL{Scheme: "http", Host: reachable(listener.Addr())}
	release, err := claim(d, own.String())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	a, err := open(ctx, d, log, opening{publicURL: own})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.close(context.WithoutCancel(ctx))) }()
	if err := store.SetSetting(ctx, a.db, publicURLSetting, a.publicURL.String()); err != nil {
		return err
	}

	if n, ok := a.db.Connections(); ok {
		log.Info("connections to the database", "used", n.Allowed, "allowed", n.Room, "needed", store.MinConnections)
	}

	a.projects.Ceilings = project.Ceilings{
		EventsOfDay: c.MaxEventsOfDay, BytesOfDay: c.MaxBytesOfDay, CallsPerSecond: c.MaxCallsPerSecond, ProjectsOwned: c.MaxProjectsOwned,
	}
	a.db.LimitUsage(a.projects.Quota)
	reads := auditlog.NewReads(a.db)
	registry := web.NewRegistry(a.db)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", web.Healthz)
	ready := &web.Ready{DB: a.db}
	mux.Handle("GET /readyz", ready)
	registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "sealog_log_lines_lost_total", Help: "Lines of the server's own log that could not be written.",
	}, func() float64 { return float64(written.Lost()) }))
	servers := []*http.Server{}
	switch {
	case c.MetricsListen == "" && c.MetricsPublic:
		mux.Handle("GET /metrics", web.MetricsHandler(registry))
	case c.MetricsListen == "":
		mux.Handle("GET /metrics", web.Local(web.MetricsHandler(registry)))
	default:
		metrics, err := net.Listen("tcp", c.MetricsListen)
		if err != nil {
			return fault.New(fault.Unavailable, "ListenFailed", "The address %s cannot be listened on.", c.MetricsListen).Because(err)
		}
		measured := http.NewServeMux()
		measured.Handle("GET /metrics", web.MetricsHandler(registry))
		servers = append(servers, start(metrics, measured, a))
	}
	settings, err := c.Delivery.Load()
	if err != nil {
		return err
	}
	sending, err := delivery.New(a.db, deliveryConfig(settings), log)
	if err != nil {
		return err
	}
	hooks := webhook.New(webhook.Config{AllowPrivate: settings.WebhookAllowPrivate})
	users := directory.New(a.db, a.passwords, a.publicURL, hooks)
	if c.Demo {
		if err := fillDemo(ctx, a, users, term); err != nil {
			return err
		}
	}
	admin := adminapi.New(adminapi.Config{
		Access: a.access, Directory: users, Sessions: session.New(a.db), Log: auditlog.New(a.db), Reads: reads, DB: a.db, Logger: log,
	})
	for _, path := range adminapi.Paths {
		mux.Handle(path, admin)
	}
	people := enduser.New(enduser.Config{
		Access: a.access, Refusals: a.refusals, Directory: users, Sessions: session.New(a.db), Projects: a.projects, Logger: log, Now: a.db.Now,
	})
	for _, path := range enduser.Paths {
		mux.Handle(path, people)
	}
	mux.Handle(logapi.Path, logapi.New(logapi.Config{
		Access: a.access, Refusals: a.refusals, Projects: a.projects, Reads: reads, DB: a.db, Logger: log, PublicCheckpoints: c.PublicCheckpoints,
	}))
	stripe, err := c.Billing.Load()
	if err != nil {
		return err
	}
	paying := billing.New(a.db, a.projects, billing.Config{
		SecretKey: stripe.StripeSecretKey, WebhookSecret: stripe.StripeWebhookSecret, APIBase: stripe.StripeAPIBase,
		Refused: func(reason, ip string) { a.refusals.Count(event.PortalProject, reason, ip, a.db.Now()) },
	}, log)
	mux.HandleFunc("POST "+billing.WebhookPath, paying.Webhook)
	portalAPI := portalapi.New(portalapi.Config{
		Access: a.access, Projects: a.projects, Billing: paying, DB: a.db, Logger: log, AdminAPI: admin.ServeAs,
	})
	mux.Handle("/api/graphql", portalAPI)
	mux.Handle("/api/apps/", portalAPI)
	feed := auditlog.NewFeed(auditlog.New(a.db), log)
	defer feed.Close()
	mux.Handle("/", portal.New(portal.Config{
		Billing: paying, Directory: users, Sessions: session.New(a.db), Messages: message.New(a.db),
		MailConfigured: sending.Configured(message.Email), SMSConfigured: sending.Configured(message.SMS),
		Access: a.access, Projects: a.projects, Log: auditlog.New(a.db), Feed: feed, Reads: reads, PublicURL: a.publicURL,
		Erasure: erasure.New(a.db, a.sealing.Finish, log), DB: a.db, Settle: a.sealing.Finish, MaxStreams: c.MaxStreams,
		Logger: log, Now: a.db.Now, Version: version(),
	}))
	door := web.Door{
		TrustedHops: c.TrustedHops, Log: log, Quiet: !c.AccessLog, Metrics: web.NewMetrics(registry), Ready: ready,
	}
	background := schedule.New(a.db, a.refusals, reads, users, log)
	if err := warnOfOwnerless(ctx, a, term.stderr); err != nil {
		return err
	}
	a.sealing.Start()
	background.Start()
	sending.Start()
	servers = append(servers, start(listener, door.Handle(mux), a))

	if err := c.announce(ctx, a, own, term); err != nil && ctx.Err() == nil {
		return err // else it is told to stop already
	}
	<-ctx.Done()
	log.Info("stopping: requests are taken a little longer, those under way are finished", "drain", c.Drain)
	ready.Stop()
	<-time.After(c.Drain) // callers learn from /readyz and from their answers to go elsewhere
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	letGo := ready.Hold()
	<-time.After(settleTime)
	feed.Close() // who looks at a log live would look for ever
	errs := make([]error, len(servers))
	var ending sync.WaitGroup
	for i, s := range servers {
		ending.Go(func() { errs[i] = s.Shutdown(drain) })
	}
	<-time.After(settleTime)
	letGo()
	ending.Wait()
	return errors.Join(append(errs, background.Stop(drain), sending.Stop(drain), a.sealing.Stop(drain))...)
}

func deliveryConfig(d config.Delivery) delivery.Config {
	return delivery.Config{
		SMTP: delivery.SMTP{
			Host: d.SMTPHost, Port: d.SMTPPort, Username: d.SMTPUsername, Password: d.SMTPPassword,
			Security: d.SMTPSecurity, Sender: d.SMTPSender, CAFile: d.SMTPCAFile,
		},
		AllowPrivate: d.WebhookAllowPrivate,
		SMS:          delivery.SMS{URL: d.SMSWebhook, Secret: d.SMSWebhookSecret, Sender: d.SMSSender, AllowPrivate: d.WebhookAllowPrivate},
	}
}

// demoSetting says that the data directory holds the demo.
const demoSetting = "demo"

// fillDemo makes the demo on the first start; later ones only serve it.
func fillDemo(ctx context.Context, a *app, users *directory.Service, term terminal) error {
	if is, err := store.Setting(ctx, a.db, demoSetting); err != nil || is != "" {
		return err
	}
	password, err := demo.Fill(ctx, demo.Services{
		Access: a.access, Projects: a.projects, Directory: users, Sessions: session.New(a.db),
	})
	if err != nil {
		return err
	}
	if err := store.SetSetting(ctx, a.db, demoSetting, "filled"); err != nil {
		return err
	}
	fmt.Fprintf(term.stdout, "Demo account: %s\nDemo password: %s\n", demo.Email, password)
	return nil
}

// reachable is the address under which a listener can be reached from this machine: one that
// listens on every address has no name of its own.
func reachable(address net.Addr) string {
	if tcp, ok := address.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		return net.JoinHostPort("localhost", strconv.Itoa(tcp.Port))
	}
	return address.String()
}

// start serves on a listener in the background.
func start(l net.Listener, h http.Handler, a *app) *http.Server {
	s := &http.Server{
		Handler: h, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: limit.RequestHeader.Most,
	}
	go func() {
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			a.log.Error("server ended", "address", l.Addr().String(), "error", err)
		}
	}()
	return s
}

// announce tells that the server is ready and, while no account exists, how to make one.
func (c serveCommand) announce(ctx context.Context, a *app, own *url.URL, term terminal) error {
	fmt.Fprintf(term.stdout, "Sealog is ready: %s\n", own)
	if exists, err := a.access.HasAccounts(ctx); err != nil || exists {
		return err
	}
	token, err := a.access.NewSetupLink(ctx, event.BySystem("setup"))
	if fault.Is(err, "SetupDone") {
		return nil // somebody was faster
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(term.stdout, "First account: %s/setup?token=%s\n", a.publicURL, token)
	return err
}
