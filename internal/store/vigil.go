package store

import (
	"context"
	"crypto/tls"
	"database/sql"
	"net"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// watchful is a connection to PostgreSQL that can stay awake for a moment while it waits for an answer. Who
// sleeps on a socket is woken up later than the answer to a short statement is there, and while a joint
// transaction runs everybody waits for each of its statements. So its connection stays awake, unless its
// answers are long in coming.
type watchful struct {
	net.Conn
	raw    syscall.RawConn
	awake  atomic.Bool
	missed int // how many times in a row it was awake in vain; its reader's
	asleep int // for how many answers it sleeps; its reader's
}

const (
	// vigil is how long a connection stays awake for one answer.
	vigil = 500 * time.Microsecond
	// maxMissed bounds for how many answers, as a power of two, a connection sleeps after it has stayed
	// awake in vain so many times in a row.
	maxMissed = 6
)

// watchfully makes connections that can stay awake, where the system lets one look at a socket without
// sleeping and there is another processor for what is to be done meanwhile.
func watchfully(dial pgconn.DialFunc) pgconn.DialFunc {
	if !canLook || runtime.GOMAXPROCS(0) == 1 {
		return dial
	}
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return watch(conn), nil
	}
}

// watch makes a connection one that can stay awake, where it is a socket.
func watch(conn net.Conn) net.Conn {
	if socket, ok := conn.(syscall.Conn); ok {
		if raw, err := socket.SyscallConn(); err == nil {
			return &watchful{Conn: conn, raw: raw}
		}
	}
	return conn
}

// keepAwake keeps a connection of a pool awake until the function is called that it returns.
func keepAwake(conn *sql.Conn) (sleep func()) {
	sleep = func() {}
	_ = conn.Raw(func(driver any) error { // whose error is that of the next statement
		pg, ok := driver.(*stdlib.Conn)
		if !ok {
			return nil
		}
		socket := pg.Conn().PgConn().Conn()
		if secured, ok := socket.(*tls.Conn); ok {
			socket = secured.NetConn()
		}
		if w, ok := socket.(*watchful); ok {
			w.awake.Store(true)
			sleep = func() { w.awake.Store(false) }
		}
		return nil
	})
	return sleep
}

// Read implements net.Conn.
func (w *watchful) Read(p []byte) (int, error) {
	if !w.awake.Load() {
		return w.Conn.Read(p)
	}
	if w.asleep > 0 {
		w.asleep--
		return w.Conn.Read(p)
	}
	n, err := look(w.raw, p, time.Now().Add(vigil))
	if n > 0 || err != nil {
		w.missed = 0
		return n, err
	}
	w.missed = min(w.missed+1, maxMissed)
	w.asleep = 1<<w.missed - 1
	return w.Conn.Read(p)
}
