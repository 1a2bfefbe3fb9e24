package store

import (
	"context"
	"database/sql"
	"maps"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

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
func openPostgreSQL(ctx context.Context, databaseURL string, writers, readers int) (_ pools, err error) {
	var p pools
	defer func() {
		if err != nil {
			for _, n := range p.native {
				n.Close()
			}
		}
	}()
	open := func(size int, readOnly, keeping bool) (*sql.DB, error) {
		config, err := pgxpool.ParseConfig(databaseURL)
		if err != nil {
			// The driver's text may hold the password.
			return nil, fault.New(fault.Invalid, "DatabaseURLMalformed", "The database URL cannot be understood.").On("database")
		}
		config.MaxConns = int32(size)
		config.ConnConfig.RuntimeParams["application_name"] = "sealog"
		config.ConnConfig.RuntimeParams["timezone"] = "UTC"
		if readOnly {
			maps.Copy(config.ConnConfig.RuntimeParams, readParams)
		} else {
			config.ConnConfig.DialFunc = watchfully(config.ConnConfig.DialFunc)
		}
		if keeping {
			config.ConnConfig.RuntimeParams["plan_cache_mode"] = "force_generic_plan"
			config.ConnConfig.RuntimeParams["enable_bitmapscan"] = "off" // which reads all before the first row
			config.ConnConfig.StatementCacheCapacity = keptPlans
		}
		native, err := pgxpool.NewWithConfig(ctx, config)
		if err != nil {
			return nil, err
		}
		p.native = append(p.native, native)
		return stdlib.OpenDBFromPool(native), nil
	}
	if p.write, err = open(writers, false, false); err != nil {
		return pools{}, err
	}
	if p.read, err = open(readers, true, false); err != nil {
		return pools{}, err
	}
	p.keeping, err = open(readers, true, true)
	return p, err
}
