package export

import (
	"context"
	"errors"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/store"
)

// Surface is where a copy was asked for, as audit_log.exported says it.
type Surface string

// The surfaces.
const (
	ViaPortal  Surface = "portal"
	ViaCommand Surface = "command"
)

// verifiable is the format of a Log, as audit_log.exported says it.
const verifiable = "verifiable"

// errWritten is a copy that would leave twice and be on the record once.
var errWritten = errors.New("export: the copy has been written already")

// begin puts on the record that a copy is taken, and returns when, to the microsecond.
func begin(ctx context.Context, db *store.DB, by event.By, via Surface, project, format, filter string) (at time.Time, err error) {
	_, err = store.Record(ctx, db, by, event.InProject(project),
		func(_ context.Context, tx *store.Tx) (event.AuditLogExported, error) {
			at = tx.Now()
			return event.AuditLogExported{Format: format, Surface: string(via), Filter: filter}, nil
		})
	return at, err
}
