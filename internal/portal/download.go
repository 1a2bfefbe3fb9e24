package portal

import (
	"bufio"
	"net/http"
	"time"

	"github.com/sealog/sealog/internal/fault"
)

const (
	// downloadStalls is how long a reader of a download may take nothing of it.
	downloadStalls = time.Minute
	// downloadHeld is how much of a download is held back at first, in bytes: an error before
	// it is full is answered with a page.
	downloadHeld = 64 << 10
)

// download is a file of any size that an answer consists of. It belongs to one goroutine.
type download struct {
	w       http.ResponseWriter
	timer   *http.ResponseController
	held    *bufio.Writer
	started bool // something has left
}

// newDownload begins a download under a name of letters, digits, dashes and dots.
func newDownload(w http.ResponseWriter, name, contentType string) *download {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	d := &download{w: w, timer: http.NewResponseController(w)}
	d.held = bufio.NewWriterSize(sending{d}, downloadHeld)
	return d
}

// Write implements io.Writer.
func (d *download) Write(p []byte) (int, error) { return d.held.Write(p) }

// end sends the rest of a download that went well. After an error it either returns it, to be
// answered with a page, or, when a part has left already, cuts the connection, so that nobody
// takes that part for the whole.
func (d *download) end(p *portal, r *http.Request, err error) error {
	if err == nil {
		err = d.held.Flush()
	}
	switch {
	case err == nil:
		return nil
	case d.started:
		p.note(r, fault.Of(err), http.StatusOK, err)
		panic(http.ErrAbortHandler)
	}
	d.w.Header().Del("Content-Disposition")
	return err
}

// sending is where a download's bytes leave. The server's limits of time are for answers of
// ordinary size; here they begin anew with every piece.
type sending struct{ d *download }

// Write implements io.Writer.
func (s sending) Write(p []byte) (int, error) {
	stayOpen(s.d.timer, downloadStalls)
	s.d.started = true
	return s.d.w.Write(p)
}

// stayOpen lets an answer take so much longer, whatever the server's limits are. The one for
// reading counts too: when it passes, the server takes the client for gone.
func stayOpen(timer *http.ResponseController, longer time.Duration) {
	until := time.Now().Add(longer)
	_ = timer.SetWriteDeadline(until) // a connection without deadlines needs none
	_ = timer.SetReadDeadline(until)
}
