//go:build unix

package store

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

// watched is a connection that keeps a vigil, and its other end.
func watched(t *testing.T, v *vigil) (*watchfulConn, net.Conn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	conn, err := v.dial(new(net.Dialer).DialContext)(t.Context(), "tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	other, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(); other.Close() })
	return conn.(*watchfulConn), other
}

// answer reads what the other end says after some time.
func answer(t *testing.T, c *watchfulConn, other net.Conn, after time.Duration, text string) {
	t.Helper()
	time.AfterFunc(after, func() { _, _ = io.WriteString(other, text) })
	got := make([]byte, 100)
	n, err := c.Read(got)
	if err != nil || string(got[:n]) != text {
		t.Fatalf("read %q, %v; want %q", got[:n], err, text)
	}
}

// TestAVigil: whatever is answered is read, be it soon or late; who waits in vain sleeps for longer and
// longer, and nobody stays awake where no vigil is kept.
func TestAVigil(t *testing.T) {
	t.Parallel()
	v := &vigil{}
	c, other := watched(t, v)
	answer(t, c, other, 20*time.Millisecond, "late")
	if c.missed != 0 {
		t.Error("awake without a vigil")
	}
	v.kept.Store(true)
	for i, want := range []struct{ missed, asleep int }{{1, 1}, {1, 0}, {2, 3}, {2, 2}, {2, 1}, {2, 0}, {3, 7}} {
		answer(t, c, other, 20*time.Millisecond, "late")
		if c.missed != want.missed || c.asleep != want.asleep {
			t.Errorf("after %d late answers: %d missed, asleep for %d; want %+v", i+1, c.missed, c.asleep, want)
		}
	}
	c.asleep = 0
	if _, err := io.WriteString(other, "here"); err != nil {
		t.Fatal(err)
	}
	time.Sleep(20 * time.Millisecond) // it is there
	answer(t, c, other, time.Hour, "here")
	if c.missed != 0 {
		t.Errorf("what was there was missed: %d", c.missed)
	}
}

// TestOneVigil: a connection that finds another awake sleeps.
func TestOneVigil(t *testing.T) {
	t.Parallel()
	v := &vigil{}
	c, other := watched(t, v)
	v.kept.Store(true)
	v.taken.Store(true)
	answer(t, c, other, 20*time.Millisecond, "late")
	if c.missed != 0 || !v.taken.Load() {
		t.Error("two are awake")
	}
}

// TestTheEndOfAVigil: the ends of a connection are told as they are without one.
func TestTheEndOfAVigil(t *testing.T) {
	t.Parallel()
	v := &vigil{}
	v.kept.Store(true)
	for name, end := range map[string]struct {
		do   func(*watchfulConn, net.Conn) error
		want error
	}{
		"the other end closes": {func(_ *watchfulConn, other net.Conn) error { return other.Close() }, io.EOF},
		"it is closed":         {func(c *watchfulConn, _ net.Conn) error { return c.Close() }, net.ErrClosed},
		"its time is over":     {func(c *watchfulConn, _ net.Conn) error { return c.SetReadDeadline(time.Now()) }, os.ErrDeadlineExceeded},
		"its time ends": {
			func(c *watchfulConn, _ net.Conn) error {
				return c.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
			},
			os.ErrDeadlineExceeded,
		},
	} {
		c, other := watched(t, v)
		if err := end.do(c, other); err != nil {
			t.Fatal(err)
		}
		if n, err := c.Read(make([]byte, 1)); n != 0 || !errors.Is(err, end.want) {
			t.Errorf("%s: read %d, %v; want %v", name, n, err, end.want)
		}
		if v.taken.Load() {
			t.Errorf("%s: it is awake still", name)
		}
	}
	refused := errors.New("refused")
	if _, err := v.dial(func(context.Context, string, string) (net.Conn, error) { return nil, refused })(t.Context(), "tcp", ""); !errors.Is(err, refused) {
		t.Errorf("a connection that was refused: %v", err)
	}
}
