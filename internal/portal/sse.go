package portal

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/limit"
)

// sse is an answer that is a stream of server-sent events (HTML Standard, section 9.2). It
// belongs to one goroutine.
type sse struct {
	w     http.ResponseWriter
	timer *http.ResponseController
}

// sseStalls is how long a reader may take nothing of a stream, and how long a stream may be silent.
const sseStalls = time.Minute

func newSSE(w http.ResponseWriter) sse { return sse{w, http.NewResponseController(w)} }

// begin sends the head of the answer. A browser that loses the stream asks again after a second.
func (s sse) begin() error { return s.write("retry: 1000\n\n") }

// send sends an event; with an id, a browser that loses the stream says that it has come so far.
// One without data is not told to scripts.
func (s sse) send(id, name, data string) error {
	var b strings.Builder
	if id != "" {
		b.WriteString("id: " + id + "\n")
	}
	if data != "" || id == "" {
		b.WriteString("event: " + name + "\n")
		for line := range strings.SplitSeq(data, "\n") {
			b.WriteString("data: " + strings.TrimSuffix(line, "\r") + "\n")
		}
	}
	return s.write(b.String() + "\n")
}

// beat sends nothing, to keep the way open.
func (s sse) beat() error { return s.write(": still here\n\n") }

// ended says why there will be no more.
func (s sse) ended(ctx context.Context, r *http.Request, err error) error {
	html, err := reason(ctx, r, err)
	if err != nil {
		return err
	}
	return s.send("", "ended", html)
}

func (s sse) write(text string) error {
	if s.w.Header().Get("Content-Type") == "" {
		s.w.Header().Set("Content-Type", "text/event-stream")
		s.w.Header().Set("X-Accel-Buffering", "no") // nginx would wait for more
	}
	stayOpen(s.timer, sseStalls)
	_, err := io.WriteString(s.w, text)
	if err := errors.Join(err, s.timer.Flush()); err != nil {
		return errGone
	}
	return nil
}

// errGone is that nobody reads a stream any more, which is how most of them end.
var errGone = errors.New("the reader has left")

// How many streams there may be: of one session, which has some tabs, and in all. How many an
// account may have, in all of its sessions, is Config.MaxStreams.
const (
	livesOfSession = 10
	livesInAll     = 2000
)

// lives counts the open streams.
type lives struct {
	mu        sync.Mutex
	all       int              // guarded by mu
	ofSession map[event.ID]int // guarded by mu
	ofAccount map[event.ID]int // guarded by mu

	mostOfAccount int // 0 for no bound
}

func newLives(mostOfAccount int) *lives {
	return &lives{ofSession: map[event.ID]int{}, ofAccount: map[event.ID]int{}, mostOfAccount: mostOfAccount}
}

// enter takes a stream in; leave is to be called at its end.
//
// Errors: TooManyStreams, QuotaExceeded.
func (l *lives) enter(account, session event.ID) (leave func(), err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.ofSession[session] >= livesOfSession:
		return nil, fault.New(fault.Exhausted, "TooManyStreams", "You look at %d logs live already; end one of them first.", livesOfSession)
	case l.mostOfAccount > 0 && l.ofAccount[account] >= l.mostOfAccount:
		return nil, limit.StreamsLive.To(int64(l.mostOfAccount)).Exceeded()
	case l.all >= livesInAll:
		return nil, fault.New(fault.Exhausted, "TooManyStreams", "Too many people look at logs live just now. Refresh the page instead.")
	}
	l.all++
	l.ofSession[session]++
	l.ofAccount[account]++
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.all--
		if l.ofSession[session]--; l.ofSession[session] == 0 {
			delete(l.ofSession, session)
		}
		if l.ofAccount[account]--; l.ofAccount[account] == 0 {
			delete(l.ofAccount, account)
		}
	}, nil
}
