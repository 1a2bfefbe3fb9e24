package store

import (
	"context"
	"net"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// vigil keeps a connection to PostgreSQL awake for a moment while it waits for an answer. Who sleeps on a
// socket is woken up later than the answer to a short statement is there, and while a joint transaction
// runs everybody waits for each of its statements. So it is kept as long as one does, by one connection at
// a time, and not by one whose answers are long in coming.
type vigil struct {
	kept  atomic.Bool // whether a joint transaction runs
	taken atomic.Bool // whether a connection is awake
}

const (
	// vigilFor is how long a connection stays awake for one answer.
	vigilFor = 500 * time.Microsecond
	// maxMissed bounds for how many answers, as a power of two, a connection sleeps after it has stayed
	// awake in vain so many times in a row.
	maxMissed = 6
)

// dial makes connections that keep the vigil, where the system can look at a socket without sleeping.
func (v *vigil) dial(dial pgconn.DialFunc) pgconn.DialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		socket, ok := conn.(syscall.Conn)
		if err != nil || !ok || !canLook {
			return conn, err
		}
		raw, err := socket.SyscallConn()
		if err != nil {
			return conn, nil //nolint:nilerr // it does without
		}
		return &watchfulConn{Conn: conn, raw: raw, vigil: v}, nil
	}
}

// watchfulConn is a connection that keeps the vigil. It has one reader.
type watchfulConn struct {
	net.Conn
	raw    syscall.RawConn
	vigil  *vigil
	missed int // how many times in a row it was awake in vain
	asleep int // for how many answers it sleeps
}

// Read implements net.Conn.
func (c *watchfulConn) Read(p []byte) (int, error) {
	if !c.vigil.kept.Load() {
		return c.Conn.Read(p)
	}
	if c.asleep > 0 {
		c.asleep--
		return c.Conn.Read(p)
	}
	if !c.vigil.taken.CompareAndSwap(false, true) {
		return c.Conn.Read(p)
	}
	n := look(c.raw, p, time.Now().Add(vigilFor))
	c.vigil.taken.Store(false)
	if n > 0 {
		c.missed = 0
		return n, nil
	}
	c.missed = min(c.missed+1, maxMissed)
	c.asleep = 1<<c.missed - 1
	return c.Conn.Read(p)
}
