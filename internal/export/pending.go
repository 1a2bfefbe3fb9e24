package export

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/ledger"
	"github.com/sealog/sealog/internal/merkle"
	"github.com/sealog/sealog/internal/store"
)

// pendingLine is a line of pending.ndjson: an event that is recorded and that the newest
// checkpoint does not cover. Position is nil while it has none.
type pendingLine struct {
	ID          event.ID `json:"id"`
	Position    *int64   `json:"position,omitempty"`
	Entry       string   `json:"entry"`
	Disclosures []string `json:"disclosures"`
}

// queuedEvent is an event that waits for its position.
type queuedEvent struct {
	id                 event.ID
	entry, disclosures ledger.Packed
}

func (e *queuedEvent) fields() []any { return []any{&e.id, &e.entry, &e.disclosures} }

// pending writes what the newest checkpoint does not cover. In a log that is not signed any
// more that may be a lot.
func (w *writer) pending(ctx context.Context, p part) error {
	var lines, withheld int64
	err := w.stream("pending.ndjson", true, func(out io.Writer) error {
		lines, withheld = 0, 0
		e := json.NewEncoder(out)
		e.SetEscapeHTML(false)
		return w.tail(ctx, p, func(l pendingLine, disclosures []byte) error {
			given := w.filter.gives([]byte(l.Entry), disclosures)
			if lines++; given == givesNothing {
				withheld++
			} else {
				for _, array := range arrays(disclosures, given) {
					l.Disclosures = append(l.Disclosures, base64.RawURLEncoding.EncodeToString(array))
				}
			}
			return e.Encode(l)
		})
	})
	w.sum.Pending, w.sum.Withheld = lines, w.sum.Withheld+withheld
	w.advance(lines)
	return err
}

// tail calls f for the events that have a position and no signature, and then for the queue.
func (w *writer) tail(ctx context.Context, p part, f func(pendingLine, []byte) error) error {
	for from := p.epoch.Start + p.leaves; from < p.epoch.Size; from += merkle.TileWidth {
		events, err := w.sealed(ctx, p.epoch.Project, from, min(from+merkle.TileWidth, p.epoch.Size))
		if err != nil {
			return err
		}
		for _, e := range events {
			if err := f(pendingLine{e.id, &e.position, string(e.entry), []string{}}, e.disclosures); err != nil {
				return err
			}
		}
	}
	for after := event.Floor(time.UnixMicro(0)); ; {
		events, err := store.Collect(ctx, w.q, (*queuedEvent).fields, `
			SELECT q.id, e.entry, e.disclosures
			FROM events_pending q
			JOIN events e ON e.project_id = q.project_id AND e.id = q.id
			WHERE q.project_id = $1 AND q.id > $2
			ORDER BY q.id
			LIMIT $3`, p.epoch.Project, after, int64(merkle.TileWidth))
		if err != nil {
			return err
		}
		for _, e := range events {
			if err := f(pendingLine{e.id, nil, string(e.entry), []string{}}, e.disclosures); err != nil {
				return err
			}
			after = e.id
		}
		if len(events) < merkle.TileWidth {
			return nil
		}
	}
}

func (w *writer) countQueue(ctx context.Context, project string) (int64, error) {
	n, err := store.Column[int64](ctx, w.q, `SELECT count(*) FROM events_pending WHERE project_id = $1`, project)
	if err != nil {
		return 0, err
	}
	return n[0], nil
}
