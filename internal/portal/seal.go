package portal

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/merkle"
)

// Seal is how far a project's log has been signed, as the server says. The page's script checks
// it and compares it with what the browser saw before.
type Seal struct {
	Project string
	Log     string // the log's id
	Origin  string // of its open epoch
	Epoch   int64
	Start   int64     // position of the epoch's first event
	Size    int64     // how many events have a position
	Event   int64     // how many events are signed, of all epochs: the number of the last one
	At      time.Time // when that was
	Note    string    // the signed checkpoint, or "" when nothing was signed yet
	Key     string    // with which the note is verified
	Opened  string    // page of the event that began the epoch, or "" in the first
	Halted  string    // why nothing is signed any more: behind, forked, signature, or ""
	Late    time.Time // since when an event waits to be signed, where that is longer than it takes
}

// seal reads how far the log has been signed. That the log is not what it should be is not an
// error: the page says it.
func (p *portal) seal(r *http.Request, v visit) (Seal, error) {
	ctx := r.Context()
	c, e, err := p.Log.Checkpoint(ctx, v.project.ID)
	_, forged := errors.AsType[*auditlog.SignatureError](err)
	if err != nil && !forged && !fault.Is(err, "CheckpointNotFound") {
		return Seal{}, err
	}
	s := Seal{Project: v.project.ID, Log: v.project.LogID, Halted: e.Halted}
	if e.Number == 0 {
		return s, nil // no event has a position yet
	}
	s.Origin, s.Epoch, s.Start, s.Size = e.Origin(), e.Number, e.Start, e.Size
	if waits, err := auditlog.OldestUnsigned(ctx, p.DB, v.project.ID); err != nil {
		return Seal{}, err
	} else if !waits.IsZero() && p.Now().Sub(waits) > auditlog.UnsignedAlarm {
		s.Late = waits
	}
	if forged {
		s.Halted = first(s.Halted, "signature")
	}
	if len(c.Note) > 0 {
		s.Event, s.At, s.Note, s.Key = c.End(e), c.At, string(c.Note), p.Log.VerifierKey(s.Origin)
	}
	if e.Number > 1 {
		one := 1
		found, err := p.Log.List(ctx, auditlog.Filter{Project: v.project.ID, Types: []event.Type{event.AuditLogEpochOpened{}.Type()}}, auditlog.Paging{First: &one})
		if err != nil {
			return Seal{}, err
		}
		if len(found.Rows) == 1 {
			s.Opened = v.path("/audit-log/" + found.Rows[0].ID.String())
		}
	}
	return s, nil
}

// haltedWords say why a log is signed no more.
var haltedWords = map[string]string{
	"behind":    "The database has fewer events than had been signed: it was put back to an older state, or events were removed.",
	"forked":    "The database has other events than had been signed: some were changed, removed or put in.",
	"signature": "The newest checkpoint in the database is not signed with the log’s key.",
}

// consistencyAnswer proves that the tree of one size only grew to be that of another.
type consistencyAnswer struct {
	Origin string   `json:"origin"`
	From   int64    `json:"from"`
	To     int64    `json:"to"`
	Path   []string `json:"path"` // hashes in base64 (RFC 9162, section 2.1.4)
}

// showConsistency answers the script that compares the log with what the browser saw before.
// Nothing of the log's content is shown, so nobody has read it.
func (p *portal) showConsistency(w http.ResponseWriter, r *http.Request, v visit) error {
	q := r.URL.Query()
	from, err := strconv.ParseInt(q.Get("from"), 10, 64)
	to, err2 := strconv.ParseInt(q.Get("to"), 10, 64)
	if err := errors.Join(err, err2); err != nil {
		return fault.New(fault.Malformed, "ConsistencyMalformed", "Ask with two sizes: from and to.").Because(err)
	}
	path, err := p.Log.Consistency(r.Context(), v.project.ID, from, to)
	if err != nil {
		return err
	}
	// Epochs only follow one another: if the one that is asked for is open now, the path is its.
	_, e, err := p.Log.Checkpoint(r.Context(), v.project.ID)
	if err != nil {
		return err
	}
	if epoch := q.Get("epoch"); epoch != "" && epoch != strconv.FormatInt(e.Number, 10) {
		return fault.New(fault.Conflict, "EpochEnded", "The log went on in another tree. Load the page again.")
	}
	answer := consistencyAnswer{Origin: e.Origin(), From: from, To: to, Path: []string{}}
	for _, hash := range path {
		answer.Path = append(answer.Path, hash.String())
	}
	return sendJSON(w, answer)
}

// checkpointAnswer is the newest checkpoint of a log.
type checkpointAnswer struct {
	Checkpoint string `json:"checkpoint"` // a signed note
}

// showCheckpoint answers the script of a page that was loaded before that of another tab.
func (p *portal) showCheckpoint(w http.ResponseWriter, r *http.Request, v visit) error {
	c, _, err := p.Log.Checkpoint(r.Context(), v.project.ID)
	if err != nil {
		return err
	}
	return sendJSON(w, checkpointAnswer{string(c.Note)})
}

func sendJSON(w http.ResponseWriter, answer any) error {
	text, err := json.Marshal(answer)
	if err != nil {
		return fmt.Errorf("portal: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(text) // a client that has left needs no answer
	return nil
}

// PathStep is one hash of the way from a leaf to the root.
type PathStep struct {
	Level int    // of the hash in the tree, from 0, the leaves'
	Side  string // on which it stands: left or right
	Hash  string
}

// pathSteps says where the hashes of an inclusion path stand (RFC 9162, section 2.1.3.2).
func pathSteps(index, size int64, path []merkle.Hash) []PathStep {
	steps := make([]PathStep, 0, len(path))
	level := 0
	up := func() { index, size, level = index>>1, size>>1, level+1 }
	size-- // from here on the last leaf's index
	for _, hash := range path {
		for index&1 == 0 && index == size && size > 0 {
			up() // nothing stands beside the tree's right edge
		}
		side := "right"
		if index&1 == 1 {
			side = "left"
		}
		steps = append(steps, PathStep{level, side, hash.String()})
		up()
	}
	return steps
}
