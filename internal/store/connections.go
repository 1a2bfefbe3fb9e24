package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/sealog/sealog/internal/fault"
)

// poolUse is what a pool of PostgreSQL connections is for.
type poolUse int

const (
	forWriting poolUse = iota
	forReading
	forKeeping // DB.KeepingPlans
	poolUses
)

const (
	// MinConnections is the smallest number of PostgreSQL connections with which a DB works: one of each pool.
	MinConnections = int(poolUses)
	// DefaultConnections is the number of connections that a DB may have unless Config says otherwise.
	DefaultConnections = 32
	// hopeAfter is how long the server has refused no connection until as many as are configured are
	// tried again: another program may have given back some.
	hopeAfter = time.Minute
	// lowerAfter is how long the number of connections stays as it was learned last. Those that were
	// closed meanwhile take a moment to disappear from the server.
	lowerAfter = 5 * time.Second
	// refusedRetry and refusedRetryMost are how long a refused attempt to connect waits for the next one.
	refusedRetry, refusedRetryMost = 20 * time.Millisecond, 500 * time.Millisecond
	// closeIdleWithin bounds how long the server is waited for when connections are closed.
	closeIdleWithin = time.Second
	// connectPatience bounds how long an attempt to connect waits whose caller has no deadline.
	connectPatience = 30 * time.Second
)

// connections are those that a DB may have on a PostgreSQL server, shared out among its pools. When the
// server says that there are too many, by the limit of the role, of the database, or its own, the pools
// make do with as many as they have got, and their callers wait for one of those.
type connections struct {
	log     *slog.Logger
	refused atomic.Int64

	mu      sync.Mutex
	room    int // as the server allows
	most    int // as configured, or as the server allows
	allowed int // at present; at most most
	pools   [poolUses]sharedPool
	learned time.Time // when allowed was lowered last
	said    bool      // in the log
	hope    *time.Timer
}

type sharedPool struct {
	sql    *sql.DB
	native *pgxpool.Pool
	share  *atomic.Int64
}

func newConnections(config Config) *connections {
	most := config.Connections
	if most == 0 {
		most = DefaultConnections
	}
	most = max(most, MinConnections)
	return &connections{log: config.Log, most: most, allowed: most}
}

// share is how many of n connections a pool has: half of them write.
func share(n int, use poolUse) int {
	write, keeping := max(1, n/2), max(1, n/4)
	switch use {
	case forWriting:
		return write
	case forKeeping:
		return keeping
	default:
		return max(1, n-write-keeping)
	}
}

// open opens one of the pools.
func (c *connections) open(ctx context.Context, databaseURL string, use poolUse) (*sql.DB, error) {
	config, err := parseURL(databaseURL, use)
	if err != nil {
		return nil, err
	}
	p := sharedPool{share: &atomic.Int64{}}
	config.MaxConns = int32(share(c.most, use))
	p.share.Store(int64(config.MaxConns))
	// What a pool has in excess of its share is closed when it is given back.
	config.AfterRelease = func(*pgx.Conn) bool { return int64(p.native.Stat().TotalConns()) <= p.share.Load() }
	if p.native, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, err
	}
	p.sql = sql.OpenDB(patientConnector{stdlib.GetPoolConnector(p.native), c})
	p.sql.SetMaxIdleConns(0) // they are idle in the native pool
	p.sql.SetMaxOpenConns(int(config.MaxConns))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pools[use] = p
	return p.sql, nil
}

func (c *connections) native() (all []*pgxpool.Pool) {
	for _, p := range c.pools {
		if p.native != nil {
			all = append(all, p.native)
		}
	}
	return all
}

// state describes the connections at present.
func (c *connections) state() Connections {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Connections{Open: c.count(), Allowed: c.allowed, Room: c.room, Refused: c.refused.Load()}
}

func (c *connections) count() (open int) {
	for _, p := range c.pools {
		if p.native != nil {
			stat := p.native.Stat()
			open += int(stat.TotalConns() - stat.ConstructingConns())
		}
	}
	return open
}

// learn is called when the server has refused a connection because there are too many.
func (c *connections) learn(cause error) {
	c.refused.Add(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.hope == nil {
		c.hope = time.AfterFunc(hopeAfter, c.tryMore)
	} else {
		c.hope.Reset(hopeAfter)
	}
	open := max(c.count(), MinConnections)
	if open >= c.allowed || time.Since(c.learned) < lowerAfter {
		return
	}
	c.learned = time.Now()
	c.set(open)
	if !c.said {
		c.said = true
		c.log.Warn("the database refuses more connections: the server makes do with those it has. Give its user more, or start it with --database-connections",
			"connections", open, "wanted", c.most, "error", cause)
	}
}

// tryMore allows as many connections as are configured.
func (c *connections) tryMore() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.set(c.most)
}

// limit takes what the server allows for what is configured.
func (c *connections) limit(room int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.room = room
	if room < c.most {
		c.most = room
		c.set(room)
	}
}

// set shares out n connections, and closes idle ones that are in excess.
func (c *connections) set(n int) {
	c.allowed = n
	for use, p := range c.pools {
		if p.native == nil {
			continue
		}
		size := min(share(n, poolUse(use)), int(p.native.Config().MaxConns))
		p.share.Store(int64(size))
		p.sql.SetMaxOpenConns(size)
		p.closeIdle(int(p.native.Stat().TotalConns()) - size)
	}
}

// closeIdle closes so many connections that nobody uses, if there are as many.
func (p sharedPool) closeIdle(excess int) {
	if excess <= 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeIdleWithin)
	defer cancel()
	for i, conn := range p.native.AcquireAllIdle(ctx) {
		if i < excess {
			_ = conn.Conn().Close(ctx) // it is gone, whatever the server says
		}
		conn.Release()
	}
}

// stop ends what is to happen later.
func (c *connections) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.hope != nil {
		c.hope.Stop()
	}
}

// patientConnector waits for a connection when the server refuses another one.
type patientConnector struct {
	driver.Connector
	connections *connections
}

// Connect implements driver.Connector.
func (c patientConnector) Connect(ctx context.Context) (driver.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectPatience)
	defer cancel()
	for wait := refusedRetry; ; wait = min(2*wait, refusedRetryMost) {
		conn, err := c.Connector.Connect(ctx)
		if !isTooMany(err) {
			return conn, err
		}
		c.connections.learn(err)
		select {
		case <-ctx.Done():
			return nil, fault.New(fault.Unavailable, "DatabaseTimeout", "The database has no connection left for this server; nothing was changed.").Because(err)
		case <-time.After(wait):
		}
	}
}

// isTooMany reports whether the server refused a connection because there are too many.
func isTooMany(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pg.Code == "53300"
}

// Connections describes the connections of a DB to a PostgreSQL server.
type Connections struct {
	Open    int
	Allowed int   // at present: as configured, or fewer when the server refused more
	Room    int   // what the server allowed at the start to this user, to all processes together
	Refused int64 // attempts to connect that the server refused because there were too many
}

// Connections returns the state of the connections; false on SQLite.
func (db *DB) Connections() (Connections, bool) {
	if db.connections == nil {
		return Connections{}, false
	}
	return db.connections.state(), true
}
