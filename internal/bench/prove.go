package bench

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/merkle"
	"github.com/sealog/sealog/internal/store"
)

// maxProven is how many proofs are made and timed in a large log; in a small one it is one for
// every twenty leaves.
const maxProven = 2000

// proofTarget is what half of the proofs should take at most in a log of 10 million, in ms.
const proofTarget = 2

// prove makes a large log, most of whose leaves have no event, since a proof reads the tree and
// one event alone, and times proofs of those that have.
func (p *place) prove(ctx context.Context, o Options) ([]Figure, error) {
	const project = "proven"
	log, err := p.project(ctx, project)
	if err != nil {
		return nil, err
	}
	g, err := p.grow(ctx, project)
	if err != nil {
		return nil, err
	}
	g.m = newMaker(project, log, int(o.Leaves), p.db.Now(), 0)
	chance := rand.New(rand.NewPCG(1, uint64(o.Leaves)))
	for range min(maxProven, o.Leaves/20) {
		g.wanted = append(g.wanted, 1+chance.Int64N(o.Leaves-1))
	}
	slices.Sort(g.wanted)
	g.wanted = slices.Compact(g.wanted)
	if err := g.to(ctx, o); err != nil {
		return nil, err
	}
	if err := p.sealing.Finish(ctx); err != nil { // signs
		return nil, err
	}
	reader := auditlog.New(p.db)
	key := reader.VerifierKey(log)
	chance.Shuffle(len(g.real), func(i, j int) { g.real[i], g.real[j] = g.real[j], g.real[i] })
	var proofs, reads []time.Duration
	for i, id := range g.real {
		o.Progress.tell("proving", int64(i), int64(len(g.real)))
		var proof auditlog.Proof
		took, err := timed(func() (err error) {
			proof, err = reader.Proof(ctx, project, id)
			return err
		})
		if err != nil {
			return nil, err
		}
		proofs = append(proofs, took)
		if _, err := proof.Verify(proof.LeafHash, key); err != nil || proof.Signed.Size != o.Leaves {
			return nil, fmt.Errorf("bench: a proof in a tree of size %d is none: %w", proof.Signed.Size, err)
		}
		took, err = timed(func() error {
			_, err := store.Column[[]byte](ctx, p.db, `SELECT entry FROM events WHERE project_id = $1 AND id = $2`, project, id)
			return err
		})
		if err != nil {
			return nil, err
		}
		reads = append(reads, took)
	}
	o.Progress.tell("proving", int64(len(g.real)), int64(len(g.real)))
	figure := func(what string, of float64, target float64) Figure {
		return Figure{
			What: fmt.Sprintf("proof of inclusion in %s leaves, %s", number(float64(o.Leaves)), what), Unit: unitMS, Target: target,
			Value: percentile(proofs, of), Limit: percentile(reads, of), LimitIs: "to read one row",
		}
	}
	return []Figure{figure("half take at most", 0.5, proofTarget), figure("99 of 100", 0.99, 0)}, nil
}

func percentile(of []time.Duration, p float64) float64 {
	slices.Sort(of)
	return of[min(len(of)-1, int(p*float64(len(of))))].Seconds() * 1000
}

// growth is a log that grows by leaves without events.
type growth struct {
	p        *place
	m        *maker
	project  string
	frontier merkle.Frontier
	// wanted are the positions that get an event, in their order, and real the events' ids.
	wanted []int64
	real   []event.ID
	tiles  []tile
}

// tile holds the hashes of a place at the right edge of a level above 0.
type tile struct {
	level, index int64
	hashes       []byte
}

// grow begins where the project's log ends.
func (p *place) grow(ctx context.Context, project string) (*growth, error) {
	roots, err := store.Column[[]byte](ctx, p.db, `SELECT frontier FROM logs WHERE project_id = $1 AND size = 1`, project)
	if err != nil || len(roots) != 1 {
		return nil, errors.Join(errors.New("bench: the log does not have one leaf"), err)
	}
	g := &growth{p: p, project: project}
	g.frontier, err = merkle.ParseFrontier(1, roots[0])
	return g, err
}

// to lets the log grow to the size that is asked for.
func (g *growth) to(ctx context.Context, o Options) error {
	const rows = 16 * batch
	for g.frontier.Size() < o.Leaves {
		o.Progress.tell("growing a log", g.frontier.Size(), o.Leaves)
		if err := g.some(ctx, int(min(rows, o.Leaves-g.frontier.Size()))); err != nil {
			return err
		}
	}
	o.Progress.tell("growing a log", o.Leaves, o.Leaves)
	return store.Bookkeep(ctx, g.p.db, func(ctx context.Context, b *store.Book) error {
		if err := g.insertTiles(ctx, b, g.tiles); err != nil {
			return err
		}
		_, err := b.Exec(ctx, `UPDATE logs SET size = $1, frontier = $2, derived = $1 WHERE project_id = $3`, o.Leaves, g.frontier.Bytes(), g.project)
		return err
	})
}

// some adds a number of leaves.
func (g *growth) some(ctx context.Context, n int) error {
	from := g.frontier.Size()
	ids, hashes := make([]event.ID, n), make([]merkle.Hash, n)
	var events []event.Event
	for i := range n {
		position := from + int64(i)
		var name [8]byte
		ids[i], hashes[i] = g.m.clock.Next(), merkle.LeafHash(binary.BigEndian.AppendUint64(name[:0], uint64(position)))
		if len(g.wanted) > 0 && g.wanted[0] == position {
			g.wanted = g.wanted[1:]
			e, err := g.m.next()
			if err != nil {
				return err
			}
			events, g.real = append(events, e), append(g.real, e.ID)
			ids[i], hashes[i] = e.ID, merkle.LeafHash(e.Entry)
		}
		for level, hash := range g.frontier.Append(hashes[i]) {
			if level > 0 && level%8 == 0 {
				g.extend(int64(level/8), position>>level, hash)
			}
		}
	}
	return store.Bookkeep(ctx, g.p.db, func(ctx context.Context, b *store.Book) error {
		if err := b.Insert(ctx, g.project, ready(events)); err != nil {
			return err
		}
		return b.InsertMany(ctx, `INSERT INTO leaves (project_id, position, id, hash) VALUES `, "", n, func(i int) []any {
			return []any{g.project, from + int64(i), ids[i], hashes[i][:]}
		})
	})
}

// extend adds a hash to the tile at the edge of a level. All tiles are kept until the end: a
// log of 10 million leaves has 154.
func (g *growth) extend(level, place int64, hash merkle.Hash) {
	index := place / merkle.TileWidth
	for i := range g.tiles {
		if t := &g.tiles[i]; t.level == level && t.index == index {
			t.hashes = append(t.hashes, hash[:]...)
			return
		}
	}
	g.tiles = append(g.tiles, tile{level, index, hash[:]})
}

func (g *growth) insertTiles(ctx context.Context, b *store.Book, tiles []tile) error {
	return b.InsertMany(ctx, `INSERT INTO tiles (project_id, epoch, level, idx, hashes) VALUES `, "", len(tiles), func(i int) []any {
		return []any{g.project, int64(1), tiles[i].level, tiles[i].index, tiles[i].hashes}
	})
}
