package portal

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/limit"
	"github.com/sealog/sealog/internal/web"
)

const (
	// downloadStalls is how long a reader of a download may take nothing of it.
	downloadStalls = time.Minute
	// downloadSlowest is how much of a download its reader takes a second on average, in bytes, or
	// is cut off.
	downloadSlowest = 32 << 10
	// downloadHeld is how much of a download is held back at first, in bytes: an error before
	// so much is written is answered with a page.
	downloadHeld = 64 << 10
)

// download is a file that an answer consists of.
type download struct {
	name, contentType string // the name of letters, digits, dashes and dots
	// write writes the file. It reads the log from one snapshot of the database, so it is to go at the
	// speed of the disk and not of the reader.
	write func(context.Context, io.Writer) error
}

// send has a download written to a temporary file, and sends it from there while it grows. An
// error is answered with a page as long as little is written; after that the connection is cut, so
// that nobody takes a part for the whole.
//
// Errors: TemporaryFileUnavailable; those of write.
func (p *portal) send(w http.ResponseWriter, r *http.Request, d download) (err error) {
	spool, err := web.NewSpool()
	if err != nil {
		return err
	}
	defer spool.Close()
	ctx, stop := context.WithCancel(web.Unhurried(r).Context())
	var writing sync.WaitGroup
	defer writing.Wait()
	defer stop()
	writing.Go(func() { spool.CloseWrite(p.writers.write(ctx, spool, d.write)) })

	timer := http.NewResponseController(w)
	_ = timer.SetReadDeadline(time.Time{}) // when it passed, the server would take the reader for gone
	if err := spool.Wait(ctx, downloadHeld); err != nil {
		return err
	}
	w.Header().Set("Content-Type", d.contentType)
	w.Header().Set("Content-Disposition", `attachment; filename="`+d.name+`"`)
	if err := spool.CopyTo(ctx, &paced{w: w, timer: timer, begun: time.Now()}); err != nil {
		p.note(r, fault.Of(err), http.StatusOK, err)
		panic(http.ErrAbortHandler)
	}
	return nil
}

// paced is where a download's bytes leave. The server's limits of time are for answers of ordinary
// size; here each piece has its own, and there is one for all of them.
type paced struct {
	w     http.ResponseWriter
	timer *http.ResponseController
	begun time.Time
	sent  int64
}

// errSlow is a reader that takes too little.
var errSlow = errors.New("portal: the reader of a download is too slow")

// Write implements io.Writer.
func (p *paced) Write(b []byte) (int, error) {
	if time.Since(p.begun) > 10*downloadStalls+time.Duration(p.sent/downloadSlowest)*time.Second {
		return 0, errSlow
	}
	stayOpen(p.timer, downloadStalls)
	n, err := p.w.Write(b)
	p.sent += int64(n)
	return n, err
}

// stayOpen lets an answer take so much longer, whatever the server's limits are. The one for
// reading counts too: when it passes, the server takes the client for gone.
func stayOpen(timer *http.ResponseController, longer time.Duration) {
	until := time.Now().Add(longer)
	_ = timer.SetWriteDeadline(until) // a connection without deadlines needs none
	_ = timer.SetReadDeadline(until)
}

// writers bounds downloads: so many at a time read the log, one for an account is under way, and
// there are so many in all. The connections to the database are for everybody else.
type writers struct {
	reading chan struct{} // a place for each that reads the log

	mu       sync.Mutex
	accounts map[event.ID]bool // with a download under way; guarded by mu
}

func newWriters() *writers {
	return &writers{reading: make(chan struct{}, limit.DownloadsWritten.Most), accounts: map[event.ID]bool{}}
}

// begin begins a download of an account; done ends it.
//
// Errors: DownloadUnderWay, TooManyDownloads.
func (x *writers) begin(account event.ID) (done func(), err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.accounts[account] {
		return nil, limit.DownloadsOfAccount.Exceeded()
	}
	if err := limit.Downloads.Check(len(x.accounts) + 1); err != nil {
		return nil, err
	}
	x.accounts[account] = true
	return func() {
		x.mu.Lock()
		defer x.mu.Unlock()
		delete(x.accounts, account)
	}, nil
}

// write waits for a place and writes.
func (x *writers) write(ctx context.Context, w io.Writer, write func(context.Context, io.Writer) error) error {
	select {
	case x.reading <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-x.reading }()
	return write(ctx, w)
}
