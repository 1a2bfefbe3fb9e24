package auditlog

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/store"
)

// Reads puts on the record who has read which log: one audit_log.read for each reader,
// project, surface and hour. Readers never wait for it; the scheduler calls Record.
type Reads struct {
	db *store.DB

	mu    sync.Mutex
	noted map[reading]event.By // to be recorded; guarded by mu
	done  map[reading]bool     // recorded in the current hour; guarded by mu
	hour  int64                // the current hour; guarded by mu
}

type reading struct {
	project, reader, surface string
	hour                     int64 // Unix seconds of its beginning
}

// NewReads returns an empty record of reads.
func NewReads(db *store.DB) *Reads {
	return &Reads{db: db, noted: map[reading]event.By{}, done: map[reading]bool{}}
}

// Note remembers that somebody has read a project's log through a surface ("portal", "admin_api",
// "log" for the log's own files).
func (r *Reads) Note(by event.By, project, surface string) {
	hour := r.db.Now().Truncate(time.Hour).Unix()
	at := reading{project, by.Actor.ID, surface, hour}
	r.mu.Lock()
	defer r.mu.Unlock()
	if hour != r.hour {
		r.hour, r.done = hour, map[reading]bool{}
	}
	if !r.done[at] {
		if _, waiting := r.noted[at]; !waiting {
			r.noted[at] = by
		}
	}
}

// Record writes down what was noted since the last call. Another process may have recorded
// the same reader's hour; the table audit_reads settles it.
func (r *Reads) Record(ctx context.Context) error {
	r.mu.Lock()
	noted := r.noted
	r.noted = map[reading]event.By{}
	for at := range noted {
		r.done[at] = true
	}
	r.mu.Unlock()
	var errs []error
	for at, by := range noted {
		_, err := store.Record(ctx, r.db, by, event.InProject(at.project),
			func(ctx context.Context, tx *store.Tx) (event.AuditLogRead, error) {
				n, err := tx.Exec(ctx, `
					INSERT INTO audit_reads (project_id, reader, surface, hour)
					VALUES ($1, $2, $3, $4)
					ON CONFLICT DO NOTHING`, at.project, at.reader, at.surface, at.hour*1e6)
				if err == nil && n == 0 {
					err = store.ErrNoChange
				}
				return event.AuditLogRead{Surface: at.surface, Hour: time.Unix(at.hour, 0).UTC()}, err
			})
		if err != nil && !errors.Is(err, store.ErrNoChange) {
			r.mu.Lock()
			delete(r.done, at)
			r.noted[at] = by // for the next call
			r.mu.Unlock()
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
