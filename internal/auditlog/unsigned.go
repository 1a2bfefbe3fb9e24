package auditlog

import (
	"context"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/store"
)

// UnsignedAlarm is how old the oldest event that no checkpoint covers may be before people are told:
// signing takes a second.
const UnsignedAlarm = time.Minute

// OldestUnsigned returns when the oldest event was recorded that has a position and that no checkpoint
// covers, in a project's log, or with "" in all of at most 1,000 logs; the zero time when there is none.
func OldestUnsigned(ctx context.Context, q store.Querier, project string) (time.Time, error) {
	query, args := `
		SELECT v.id
		FROM logs l
		JOIN leaves v ON v.project_id = l.project_id AND v.position = l.start + l.signed_size
		WHERE l.size > l.signed_size AND NOT l.closed`, []any(nil)
	if project != "" {
		query, args = query+` AND l.project_id = $1`, []any{project}
	}
	ids, err := store.Column[event.ID](ctx, q, query+` LIMIT 1000`, args...)
	var oldest time.Time
	for _, id := range ids {
		if at := id.Time(); oldest.IsZero() || at.Before(oldest) {
			oldest = at
		}
	}
	return oldest, err
}
