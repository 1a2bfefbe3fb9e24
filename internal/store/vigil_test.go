//go:build unix

package store

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"
)

// watched is a connection that can stay awake, and its other end.
func watched(t *testing.T) (*watchful, *net.TCPConn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	other, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(); other.Close() })
	return watch(conn).(*watchful), other.(*net.TCPConn)
}

// answer reads what the other end says after some time.
func answer(t *testing.T, w *watchful, other net.Conn, after time.Duration, text string) {
	t.Helper()
	time.AfterFunc(after, func() { _, _ = io.WriteString(other, text) })
	got := make([]byte, 100)
	n, err := w.Read(got)
	if err != nil || string(got[:n]) != text {
		t.Fatalf("read %q, %v; want %q", got[:n], err, text)
	}
}

// TestAVigil: whatever is answered is read, be it soon or late; who waits in vain sleeps for longer and
// longer, and nobody stays awake who is not told to.
func TestAVigil(t *testing.T) {
	t.Parallel()
	w, other := watched(t)
	answer(t, w, other, 20*time.Millisecond, "late")
	if w.missed != 0 {
		t.Error("awake without being told to")
	}
	w.awake.Store(true)
	for i, want := range []struct{ missed, asleep int }{{1, 1}, {1, 0}, {2, 3}, {2, 2}, {2, 1}, {2, 0}, {3, 7}} {
		answer(t, w, other, 20*time.Millisecond, "late")
		if w.missed != want.missed || w.asleep != want.asleep {
			t.Errorf("after %d late answers: %d missed, asleep for %d; want %+v", i+1, w.missed, w.asleep, want)
		}
	}
	w.asleep = 0
	if _, err := io.WriteString(other, "here"); err != nil {
		t.Fatal(err)
	}
	time.Sleep(20 * time.Millisecond) // it is there
	answer(t, w, other, time.Hour, "here")
	if w.missed != 0 {
		t.Errorf("what was there was missed: %d", w.missed)
	}
}

// TestTheEndOfAVigil: the ends of a connection are told as they are to one that sleeps.
func TestTheEndOfAVigil(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]struct {
		do   func(*watchful, *net.TCPConn) error
		want error
	}{
		"the other end closes": {func(_ *watchful, other *net.TCPConn) error { return other.Close() }, io.EOF},
		"the other end breaks off": {
			func(_ *watchful, other *net.TCPConn) error { return errors.Join(other.SetLinger(0), other.Close()) },
			syscall.ECONNRESET,
		},
		"it is closed":     {func(w *watchful, _ *net.TCPConn) error { return w.Close() }, net.ErrClosed},
		"its time is over": {func(w *watchful, _ *net.TCPConn) error { return w.SetReadDeadline(time.Now()) }, os.ErrDeadlineExceeded},
		"its time ends": {
			func(w *watchful, _ *net.TCPConn) error {
				return w.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
			},
			os.ErrDeadlineExceeded,
		},
	} {
		for _, awake := range []bool{false, true} {
			w, other := watched(t)
			w.awake.Store(awake)
			if err := end.do(w, other); err != nil {
				t.Fatal(err)
			}
			n, err := w.Read(make([]byte, 1))
			if _, isNet := errors.AsType[net.Error](err); n != 0 || !errors.Is(err, end.want) || isNet != (end.want != io.EOF) {
				t.Errorf("%s, awake %v: read %d, %v; want %v", name, awake, n, err, end.want)
			}
		}
	}
	refused := errors.New("refused")
	dial := watchfully(func(context.Context, string, string) (net.Conn, error) { return nil, refused })
	if _, err := dial(t.Context(), "tcp", ""); !errors.Is(err, refused) {
		t.Errorf("a connection that was refused: %v", err)
	}
}
