package portal

import (
	"net/http"
	"sync"
	"time"
)

// The progress of downloads is shown by the page that they were asked for on: their answers
// cannot, being the files themselves. It is known to the process that answers, for as long as
// it matters.

const (
	progressKept = 10 * time.Minute // after the last news of a download
	progressMax  = 1000             // downloads that are known at once
)

// progress is how far a download is.
type progress struct {
	State string `json:"state"` // running, done, failed, or unknown
	Done  int64  `json:"done"`  // events written …
	Total int64  `json:"total"` // … of so many
	at    time.Time
}

// downloads are those under way, and those that have just ended.
type downloads struct {
	mu    sync.Mutex
	known map[string]progress // by requestKey; guarded by mu
}

func newDownloads() *downloads { return &downloads{known: map[string]progress{}} }

// set notes how far a download is. One too many is not noted, and its page shows no progress.
func (d *downloads) set(key string, p progress, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	p.at = now
	if _, ok := d.known[key]; !ok {
		for k, old := range d.known {
			if now.Sub(old.at) > progressKept {
				delete(d.known, k)
			}
		}
		if len(d.known) >= progressMax {
			return
		}
	}
	d.known[key] = p
}

// end notes how a download has ended.
func (d *downloads) end(key string, failed bool, now time.Time) {
	p := d.get(key)
	p.State = "done"
	if failed {
		p.State = "failed"
	}
	d.set(key, p, now)
}

func (d *downloads) get(key string) progress {
	d.mu.Lock()
	defer d.mu.Unlock()
	if p, ok := d.known[key]; ok {
		return p
	}
	return progress{State: "unknown"}
}

// requestKey is what an account's page calls its download. The id is the page's, which makes
// one up for each; a part of it is enough to tell them apart.
func requestKey(v visit, id string) string {
	return v.project.ID + " " + v.session.Account.ID.String() + " " + id[:min(len(id), 64)]
}

// progressRoute is what pages with a download ask for by themselves.
const progressRoute = "GET /projects/{project}/audit-log/export/progress"

// showProgress answers a page that shows how far its own download is.
func (p *portal) showProgress(w http.ResponseWriter, r *http.Request, v visit) error {
	return sendJSON(w, p.downloads.get(requestKey(v, r.URL.Query().Get("id"))))
}
