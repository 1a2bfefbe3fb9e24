package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
)

// preparedConn is a connection that prepares each text of SQL once. It is used by one goroutine.
type preparedConn struct {
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
}

// maxPrepared bounds the statements kept; the texts are constants, so it is never reached
// unless somebody builds SQL from values.
const maxPrepared = 500

func newPreparedConn(ctx context.Context, db *sql.DB) (*preparedConn, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return &preparedConn{conn: conn, stmts: map[string]*sql.Stmt{}}, nil
}

func (c *preparedConn) stmt(ctx context.Context, query string) (*sql.Stmt, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if s, ok := c.stmts[query]; ok {
		return s, nil
	}
	if len(c.stmts) >= maxPrepared {
		c.forget()
	}
	s, err := c.conn.PrepareContext(ctx, positional(query))
	if err != nil {
		return nil, err
	}
	c.stmts[query] = s
	return s, nil
}

// ExecContext implements executor.
func (c *preparedConn) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	s, err := c.stmt(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.ExecContext(ctx, args...)
}

// QueryContext implements executor.
func (c *preparedConn) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	s, err := c.stmt(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}

func (c *preparedConn) forget() {
	for _, s := range c.stmts {
		s.Close()
	}
	clear(c.stmts)
}

// close gives the connection back to its pool.
func (c *preparedConn) close() {
	c.forget()
	c.conn.Close()
}

// discard closes the connection for good.
func (c *preparedConn) discard() {
	c.forget()
	// ErrBadConn makes database/sql close it instead of giving it back to the pool.
	_ = c.conn.Raw(func(any) error { return driver.ErrBadConn })
}
