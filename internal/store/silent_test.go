package store_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
)

// valve is a way to a PostgreSQL server that can be shut: connections stay open, and nothing comes
// through.
type valve struct {
	url string

	mu   sync.Mutex
	open chan struct{} // closed while the valve is open; guarded by mu
}

func newValve(t *testing.T) *valve {
	t.Helper()
	u, err := url.Parse(storetest.URL(t))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	v, server := &valve{open: make(chan struct{})}, u.Host
	close(v.open)
	u.Host = listener.Addr().String()
	v.url = u.String()
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { v.carry(ctx, client, server) })
		}
	})
	t.Cleanup(func() {
		cancel()
		listener.Close()
		wg.Wait()
	})
	return v
}

func (v *valve) carry(ctx context.Context, client net.Conn, address string) {
	defer client.Close()
	server, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer server.Close()
	var wg sync.WaitGroup
	for _, way := range [][2]net.Conn{{client, server}, {server, client}} {
		wg.Go(func() {
			defer way[1].Close()
			chunk(way[0], func(b []byte) error {
				v.mu.Lock()
				open := v.open
				v.mu.Unlock()
				select {
				case <-open:
				case <-ctx.Done():
					return io.EOF
				}
				_, err := way[1].Write(b)
				return err
			})
		})
	}
	stop := context.AfterFunc(ctx, func() { client.Close(); server.Close() })
	defer stop()
	wg.Wait()
}

func (v *valve) shut() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.open = make(chan struct{})
}

func (v *valve) reopen() {
	v.mu.Lock()
	defer v.mu.Unlock()
	close(v.open)
}

// TestASilentDatabase: each call ends soon after its time, however many wait for a connection, and
// later ones succeed when the database speaks again. What was answered is what took place.
func TestASilentDatabase(t *testing.T) {
	t.Parallel()
	if !onPostgreSQL(t) {
		return
	}
	v := newValve(t)
	db, err := store.Open(t.Context(), store.Config{URL: v.url}, storetest.Vault(t))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	storetest.Project(t, db, "acme")
	v.shut()
	const lasts = 2 * time.Second
	var wg sync.WaitGroup
	for i := range 60 {
		wg.Go(func() {
			began := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), lasts)
			defer cancel()
			var err error
			if i%2 == 0 {
				_, err = store.Record(ctx, db, storetest.Operator(), event.InProject("acme"), createUser(event.NewID()))
			} else {
				_, err = store.Column[int64](ctx, db, `SELECT count(*) FROM users`)
			}
			if !fault.Is(err, "DatabaseTimeout") && !fault.Is(err, "CommitUnknown") || fault.Of(err).Kind != fault.Unavailable {
				t.Errorf("got %v", err)
			}
			if took := time.Since(began); took > lasts+8*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
	wg.Wait()
	wantUsersLater := func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), lasts)
		defer cancel()
		_, err := store.Record(ctx, db, storetest.Operator(), event.InProject("acme"), createUser(event.NewID()))
		return err == nil
	}
	v.reopen()
	eventually(t, "the database is used again", wantUsersLater)
}

// TestClosingASilentDatabase does not wait for it.
func TestClosingASilentDatabase(t *testing.T) {
	t.Parallel()
	if !onPostgreSQL(t) {
		return
	}
	v := newValve(t)
	db, err := store.Open(t.Context(), store.Config{URL: v.url}, storetest.Vault(t))
	if err != nil {
		t.Fatal(err)
	}
	storetest.Project(t, db, "acme")
	v.shut()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	for range 8 {
		wg.Go(func() { _, _ = store.Column[int64](ctx, db, `SELECT count(*) FROM users`) })
	}
	began := time.Now()
	_ = db.Close() // which says that it did not get an answer
	if took := time.Since(began); took > 8*time.Second {
		t.Errorf("it took %s", took)
	}
}

// TestStartingWithASilentDatabase says what it waits for, and ends; when the database speaks in time,
// the start succeeds.
func TestStartingWithASilentDatabase(t *testing.T) {
	t.Parallel()
	if !onPostgreSQL(t) {
		return
	}
	for name, comes := range map[string]bool{"for good": false, "for a while": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newValve(t)
			v.shut()
			out := &lines{}
			wait := 6 * time.Second
			if comes {
				wait = time.Minute
				go func() {
					<-out.came("waiting for the database")
					v.reopen()
				}()
			}
			began := time.Now()
			db, err := store.Open(t.Context(), store.Config{URL: v.url, Wait: wait, Log: slog.New(slog.NewTextHandler(out, nil))}, storetest.Vault(t))
			switch {
			case comes && err != nil:
				t.Fatal(err)
			case comes:
				if err := db.Close(); err != nil {
					t.Error(err)
				}
			case !fault.Is(err, "DatabaseUnavailable"):
				t.Errorf("got %v", err)
			case time.Since(began) > wait+12*time.Second:
				t.Errorf("it took %s", time.Since(began))
			}
			if text := out.text(); !strings.Contains(text, "waiting for the database") || !strings.Contains(text, "127.0.0.1") || strings.Contains(text, "password") {
				t.Errorf("the log says %q", text)
			}
		})
	}
}

// lines is a log that can be waited for.
type lines struct {
	mu     sync.Mutex
	buf    bytes.Buffer
	wanted string
	seen   chan struct{}
}

// Write implements io.Writer.
func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buf.Write(p)
	l.look()
	return len(p), nil
}

func (l *lines) look() {
	if l.seen != nil && strings.Contains(l.buf.String(), l.wanted) {
		close(l.seen)
		l.seen = nil
	}
}

// came returns a channel that is closed when a text is in the log.
func (l *lines) came(text string) <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	seen := make(chan struct{})
	l.wanted, l.seen = text, seen
	l.look()
	return seen
}

func (l *lines) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}
