package store

import (
	"context"
	"maps"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sealog/sealog/internal/fault"
)

// readParams are what sessions are set to that only read. Whatever is read for a page is found by
// an index, and few rows of it: a plan that goes through a table, in parallel or compiled, is one
// that was made with wrong numbers, mostly about partitions that are empty still.
var readParams = map[string]string{
	"default_transaction_read_only":   "on",
	"enable_seqscan":                  "off",
	"jit":                             "off",
	"max_parallel_workers_per_gather": "0",
}

// keptPlans is how many plans a session of DB.KeepingPlans keeps, many of which are over all partitions.
const keptPlans = 200

// openPostgreSQL opens the pools on one server; all sessions but those of the first are read-only.
func openPostgreSQL(ctx context.Context, config Config) (_ pools, _ *connections, err error) {
	budget := newConnections(config)
	var p pools
	defer func() {
		if err != nil {
			for _, n := range p.native {
				n.Close()
			}
		}
	}()
	if p.write, err = budget.open(ctx, config.URL, forWriting); err != nil {
		return pools{}, nil, err
	}
	if p.read, err = budget.open(ctx, config.URL, forReading); err != nil {
		return pools{}, nil, err
	}
	p.keeping, err = budget.open(ctx, config.URL, forKeeping)
	p.native = budget.native()
	return p, budget, err
}

// connectWithin bounds one attempt to connect, unless the URL says otherwise (connect_timeout).
const connectWithin = 10 * time.Second

// parseURL returns the settings of the connections of a pool.
func parseURL(databaseURL string, use poolUse) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(databaseURL)
	if err != nil {
		// The driver's text may hold the password.
		return nil, fault.New(fault.Invalid, "DatabaseURLMalformed", "The database URL cannot be understood.").On("database")
	}
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = connectWithin
	}
	config.ConnConfig.DialFunc = dialer(config.ConnConfig.ConnectTimeout).DialContext
	config.ConnConfig.RuntimeParams["application_name"] = "sealog"
	config.ConnConfig.RuntimeParams["timezone"] = "UTC"
	if use == forWriting {
		config.ConnConfig.DialFunc = watchfully(config.ConnConfig.DialFunc)
		return config, nil
	}
	maps.Copy(config.ConnConfig.RuntimeParams, readParams)
	if use == forKeeping {
		config.ConnConfig.RuntimeParams["plan_cache_mode"] = "force_generic_plan"
		config.ConnConfig.RuntimeParams["enable_bitmapscan"] = "off" // which reads all before the first row
		config.ConnConfig.StatementCacheCapacity = keptPlans
	}
	return config, nil
}

// A connection whose other end is gone is found out after about half a minute, whether or not something
// was sent: by keep-alives, and by what stays unacknowledged (unacknowledgedFor).
const (
	aliveIdle         = 10 * time.Second
	aliveEvery        = 5 * time.Second
	aliveCount        = 4
	unacknowledgedFor = 30 * time.Second
)

func dialer(timeout time.Duration) *net.Dialer {
	return &net.Dialer{
		Timeout:         timeout,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: aliveIdle, Interval: aliveEvery, Count: aliveCount},
		Control: func(network, _ string, raw syscall.RawConn) error {
			if !strings.HasPrefix(network, "tcp") {
				return nil
			}
			return boundUnacknowledged(raw, unacknowledgedFor)
		},
	}
}
