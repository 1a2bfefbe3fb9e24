package auditlog

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/store"
)

// Kind is what sort of thing was read.
type Kind string

// The kinds, as they are stored.
const (
	// OfLog is the log itself: events, their proofs, the names of who acted.
	OfLog Kind = "log"
	// OfUsers is users and what belongs to them: identities, authenticators, sessions.
	OfUsers Kind = "users"
)

// maxReadings bounds how many readings of an hour are told apart in memory; later ones of that
// hour are not recorded by this process.
const maxReadings = 10_000

// Reads records who has read what of a project. For each reader, project, kind, surface and hour
// the first reading is recorded at once, and at the end of the hour how many more there were.
// Readers never wait for it; the scheduler calls Record.
type Reads struct {
	db *store.DB

	mu    sync.Mutex
	noted map[reading]*readings // of the current hour, and of hours whose count is not recorded yet; guarded by mu
}

type reading struct {
	project, reader, surface string
	kind                     Kind
	hour                     int64 // Unix seconds of its beginning
}

// readings is how often the same was read.
type readings struct {
	by    event.By // of the first
	count int      // those that are not recorded yet
	told  bool     // the hour's first is recorded
}

// NewReads returns an empty record of reads.
func NewReads(db *store.DB) *Reads { return &Reads{db: db, noted: map[reading]*readings{}} }

// Note remembers that somebody has read something of a project through a surface ("portal",
// "admin_api", "log" for the log's own files).
func (r *Reads) Note(by event.By, project, surface string, kind Kind) {
	at := reading{project, by.Actor.ID, surface, kind, r.db.Now().Truncate(time.Hour).Unix()}
	r.mu.Lock()
	defer r.mu.Unlock()
	if n, ok := r.noted[at]; ok {
		n.count++
	} else if len(r.noted) < maxReadings {
		r.noted[at] = &readings{by: by, count: 1}
	}
}

// Record writes down what is due: the first readings of an hour and, when the hour has ended, how
// many there were that are not recorded yet. What cannot be written is kept for the next call.
func (r *Reads) Record(ctx context.Context) error {
	return r.record(ctx, r.db.Now().Truncate(time.Hour).Unix())
}

// Finish records everything that was noted, at the end of the process.
func (r *Reads) Finish(ctx context.Context) error {
	return r.record(ctx, r.db.Now().Add(time.Hour).Truncate(time.Hour).Unix())
}

// record takes hours before now as ended.
func (r *Reads) record(ctx context.Context, now int64) error {
	var errs []error
	for at, n := range r.due(now) {
		err := r.write(ctx, at, n)
		if err == nil {
			continue
		}
		if errors.Is(err, store.ErrNoChange) {
			n.told = true // another process has recorded the hour's first; these are counted at its end
		} else {
			errs = append(errs, err)
		}
		r.putBack(at, n)
	}
	return errors.Join(errs...)
}

// putBack notes again what was not recorded.
func (r *Reads) putBack(at reading, n readings) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if later, ok := r.noted[at]; ok {
		n.count += later.count
	}
	r.noted[at] = &n
}

// due takes what is to be recorded now, and forgets the hours that have ended.
func (r *Reads) due(now int64) map[reading]readings {
	r.mu.Lock()
	defer r.mu.Unlock()
	due := map[reading]readings{}
	for at, n := range r.noted {
		ended := at.hour < now
		if n.count > 0 && (ended || !n.told) {
			due[at] = readings{n.by, n.count, n.told}
			n.count, n.told = 0, true
		}
		if ended {
			delete(r.noted, at)
		}
	}
	return due
}

// write records readings. The table audit_reads settles which process records the first of an hour.
func (r *Reads) write(ctx context.Context, at reading, n readings) error {
	about, hour := event.InProject(at.project), time.Unix(at.hour, 0).UTC()
	if at.kind == OfUsers {
		_, err := store.Record(ctx, r.db, n.by, about, func(ctx context.Context, tx *store.Tx) (event.ProjectUsersRead, error) {
			return event.ProjectUsersRead{Surface: at.surface, Hour: hour, Count: n.count}, r.claim(ctx, tx, at, n.told)
		})
		return err
	}
	_, err := store.Record(ctx, r.db, n.by, about, func(ctx context.Context, tx *store.Tx) (event.AuditLogRead, error) {
		return event.AuditLogRead{Surface: at.surface, Hour: hour, Count: n.count}, r.claim(ctx, tx, at, n.told)
	})
	return err
}

// claim returns store.ErrNoChange when another process has recorded the first reading of the hour,
// unless told says that it has been recorded and these are the others.
func (r *Reads) claim(ctx context.Context, tx *store.Tx, at reading, told bool) error {
	claimed, err := tx.Exec(ctx, `
		INSERT INTO audit_reads (project_id, reader, surface, kind, hour)
		VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT DO NOTHING`, at.project, at.reader, at.surface, string(at.kind), at.hour*1e6)
	if err == nil && claimed == 0 && !told {
		return store.ErrNoChange
	}
	return err
}
