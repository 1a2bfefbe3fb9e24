package sequencer

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/ledger"
	"github.com/sealog/sealog/internal/store"
)

const underived = `SELECT project_id FROM logs WHERE size > projected AND NOT closed LIMIT 1000`

// derive is D: what readers count and search by is made of the events, in the order of their
// positions, and so that each is taken in once.
func (s *Service) derive(ctx context.Context) error {
	return s.each(ctx, "derive", underived, func(project string) error {
		for {
			n, err := s.deriveSome(ctx, project)
			if err != nil || n < deriveLimit || ctx.Err() != nil {
				return err
			}
		}
	})
}

type sealed struct {
	id                 event.ID
	entry, disclosures ledger.Packed
}

func (e *sealed) fields() []any { return []any{&e.id, &e.entry, &e.disclosures} }

// deriveSome takes in the next events of a project and returns how many.
func (s *Service) deriveSome(ctx context.Context, project string) (int, error) {
	e, ok, err := auditlog.OpenEpoch(ctx, s.db, project)
	if err != nil || !ok {
		return 0, err
	}
	events, err := store.Collect(ctx, s.db, (*sealed).fields, `
		SELECT e.id, e.entry, e.disclosures
		FROM leaves l
		JOIN events e ON e.project_id = l.project_id AND e.id = l.id
		WHERE l.project_id = $1 AND l.position >= $2 AND l.position < $3
		ORDER BY l.position`, project, e.Projected, min(e.Size, e.Projected+deriveLimit))
	if err != nil || len(events) == 0 {
		return 0, err
	}
	counts, refs, actors := map[auditlog.Count]int64{}, []reference{}, map[event.Actor]bool{}
	for _, one := range events {
		d, err := event.Derive(one.entry, one.disclosures)
		if err != nil {
			// Somebody has changed what was stored. The others go on; sealog check says more.
			s.log.ErrorContext(ctx, "an event of the log cannot be read", "project", project, "event", one.id.String(), "error", err)
			continue
		}
		for _, c := range auditlog.CountsOf(one.id, d) {
			counts[c]++
		}
		if d.ActorType != event.EndUser {
			actors[event.Actor{ID: d.ActorID, Name: d.ActorName, Type: d.ActorType}] = true
		}
		for _, ref := range d.Refs {
			refs = append(refs, reference{s.db.Vault().Reference(project, ref), one.id})
		}
	}
	err = store.Bookkeep(ctx, s.db, func(ctx context.Context, b *store.Book) error {
		n, err := b.Exec(ctx, `
			UPDATE logs
			SET projected = $1
			WHERE project_id = $2 AND epoch = $3 AND projected = $4 AND NOT closed`,
			e.Projected+int64(len(events)), project, e.Number, e.Projected)
		if err == nil && n == 0 {
			err = store.ErrNoChange // another process has taken them in
		}
		if err != nil {
			return err
		}
		return errors.Join(addCounts(ctx, b, project, counts), addReferences(ctx, b, project, refs), addActors(ctx, b, project, actors))
	})
	if errors.Is(err, store.ErrNoChange) {
		return 0, nil
	}
	return len(events), err
}

type reference struct {
	ref []byte
	id  event.ID
}

// addCounts adds to the rows in the order of their keys, so that no two transactions wait for
// each other in a circle.
func addCounts(ctx context.Context, b *store.Book, project string, counts map[auditlog.Count]int64) error {
	keys := make([]auditlog.Count, 0, len(counts))
	for c := range counts {
		keys = append(keys, c)
	}
	slices.SortFunc(keys, func(a, b auditlog.Count) int {
		return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Span, b.Span), cmp.Compare(a.Start, b.Start), cmp.Compare(a.Outcome, b.Outcome))
	})
	return b.InsertMany(ctx, `INSERT INTO event_counts (project_id, key, span, start, outcome, n) VALUES `,
		` ON CONFLICT (project_id, key, span, start, outcome) DO UPDATE SET n = event_counts.n + excluded.n`,
		project, len(keys), func(i int) []any {
			c := keys[i]
			return []any{c.Key, int64(c.Span), c.Start, int64(c.Outcome), counts[c]}
		})
}

func addReferences(ctx context.Context, b *store.Book, project string, refs []reference) error {
	return b.InsertMany(ctx, `INSERT INTO event_refs (project_id, ref, id) VALUES `, ` ON CONFLICT DO NOTHING`,
		project, len(refs), func(i int) []any { return []any{refs[i].ref, refs[i].id} })
}

func addActors(ctx context.Context, b *store.Book, project string, actors map[event.Actor]bool) error {
	all := slices.SortedFunc(maps.Keys(actors), func(a, b event.Actor) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Name, b.Name))
	})
	return b.InsertMany(ctx, `INSERT INTO event_actors (project_id, actor_id, name, type) VALUES `, ` ON CONFLICT DO NOTHING`,
		project, len(all), func(i int) []any { return []any{all[i].ID, all[i].Name, string(all[i].Type)} })
}
