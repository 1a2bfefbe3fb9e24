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
	"github.com/sealog/sealog/internal/vault"
)

const underived = `SELECT project_id FROM logs WHERE size > derived AND NOT closed LIMIT 1000`

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
	d := NewDerivation(s.db.Vault(), project)
	for _, one := range events {
		if err := d.Add(one.id, one.entry, one.disclosures); err != nil {
			// Somebody has changed what was stored. The others go on; sealog check says more.
			s.log.ErrorContext(ctx, "an event of the log cannot be read", "project", project, "event", one.id.String(), "error", err)
		}
	}
	err = store.Bookkeep(ctx, s.db, func(ctx context.Context, b *store.Book) error {
		n, err := b.Exec(ctx, `
			UPDATE logs
			SET derived = $1
			WHERE project_id = $2 AND epoch = $3 AND derived = $4 AND NOT closed`,
			e.Projected+int64(len(events)), project, e.Number, e.Projected)
		if err == nil && n == 0 {
			err = store.ErrNoChange // another process has taken them in
		}
		if err != nil {
			return err
		}
		return d.Write(ctx, b)
	})
	if errors.Is(err, store.ErrNoChange) {
		return 0, nil
	}
	return len(events), err
}

// Derivation is what readers count and search the events of one project by, made of the bytes of
// some of them.
type Derivation struct {
	vault   *vault.Vault
	project string
	counts  map[auditlog.Count]int64
	refs    []reference
	actors  map[event.Actor]bool
}

type reference struct {
	ref int64
	id  event.ID
}

func (r reference) compare(s reference) int {
	return cmp.Or(cmp.Compare(r.ref, s.ref), r.id.Compare(s.id))
}

// NewDerivation returns that of no events.
func NewDerivation(v *vault.Vault, project string) *Derivation {
	return &Derivation{vault: v, project: project, counts: map[auditlog.Count]int64{}, actors: map[event.Actor]bool{}}
}

// Add takes an event in.
//
// Errors: its bytes are no event's; nothing of it is taken in.
func (d *Derivation) Add(id event.ID, entry, disclosures []byte) error {
	e, err := event.Derive(entry, disclosures)
	if err != nil {
		return err
	}
	for _, c := range auditlog.CountsOf(id, e) {
		d.counts[c]++
	}
	if e.ActorType != event.EndUser {
		d.actors[event.Actor{ID: e.ActorID, Name: e.ActorName, Type: e.ActorType}] = true
	}
	for _, ref := range e.Refs {
		d.refs = append(d.refs, reference{d.vault.Reference(d.project, ref), id})
	}
	return nil
}

// Split returns derivations of at most n references and n counts each that are together d, for whom
// one transaction would be too long. It leaves d sorted.
func (d *Derivation) Split(n int) []*Derivation {
	parts := []*Derivation{{vault: d.vault, project: d.project, actors: d.actors}}
	part := func(i int) *Derivation {
		if i == len(parts) {
			parts = append(parts, NewDerivation(d.vault, d.project))
		}
		return parts[i]
	}
	slices.SortFunc(d.refs, reference.compare)
	i := 0
	for refs := range slices.Chunk(d.refs, n) {
		part(i).refs = refs
		i++
	}
	i = 0
	for keys := range slices.Chunk(d.countKeys(), n) {
		part(i).counts = map[auditlog.Count]int64{}
		for _, key := range keys {
			part(i).counts[key] = d.counts[key]
		}
		i++
	}
	return parts
}

// Write adds it to what the database has. The rows of a table are written in the order of their
// keys: pages are written to once, and no two transactions wait for each other in a circle.
func (d *Derivation) Write(ctx context.Context, b *store.Book) error {
	return errors.Join(d.writeCounts(ctx, b), d.writeReferences(ctx, b), d.writeActors(ctx, b))
}

func (d *Derivation) writeCounts(ctx context.Context, b *store.Book) error {
	keys := d.countKeys()
	return b.InsertMany(ctx, `INSERT INTO event_counts (project_id, key, span, start, outcome, n) VALUES `,
		` ON CONFLICT (project_id, key, span, start, outcome) DO UPDATE SET n = event_counts.n + excluded.n`,
		len(keys), func(i int) []any {
			c := keys[i]
			return []any{d.project, c.Key, int64(c.Span), c.Start, int64(c.Outcome), d.counts[c]}
		})
}

// countKeys are the keys of the counts, in the order of the table's.
func (d *Derivation) countKeys() []auditlog.Count {
	return slices.SortedFunc(maps.Keys(d.counts), func(a, b auditlog.Count) int {
		return cmp.Or(cmp.Compare(a.Span, b.Span), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Start, b.Start), cmp.Compare(a.Outcome, b.Outcome))
	})
}

func (d *Derivation) writeReferences(ctx context.Context, b *store.Book) error {
	slices.SortFunc(d.refs, reference.compare)
	return b.InsertMany(ctx, `INSERT INTO event_refs (ref, id) VALUES `, ` ON CONFLICT DO NOTHING`,
		len(d.refs), func(i int) []any { return []any{d.refs[i].ref, d.refs[i].id} })
}

func (d *Derivation) writeActors(ctx context.Context, b *store.Book) error {
	all := slices.SortedFunc(maps.Keys(d.actors), func(a, b event.Actor) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Name, b.Name))
	})
	return b.InsertMany(ctx, `INSERT INTO event_actors (project_id, actor_id, name, type) VALUES `, ` ON CONFLICT DO NOTHING`,
		len(all), func(i int) []any { return []any{d.project, all[i].ID, all[i].Name, string(all[i].Type)} })
}
