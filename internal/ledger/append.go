package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/merkle"
)

// Leaf is an event that is to have a position.
type Leaf struct {
	ID   event.ID
	Hash merkle.Hash // of its entry (RFC 6962, section 2.1)
}

const insertEvents = `INSERT INTO events (project_id, id, category, type, outcome, actor_id, user_id, entry, disclosures) VALUES `

// Row is an event as it is inserted: its bytes packed, and its entry hashed as a leaf (RFC 6962,
// section 2.1).
type Row struct {
	leaf   Leaf
	values []any // of its columns behind the project's
	size   int   // of its entry and disclosures, before they are packed
}

// Size is how many bytes the event's entry and disclosures have.
func (r Row) Size() int { return r.size }

// NewRow makes an event ready for being inserted.
func NewRow(e event.Event) Row {
	return Row{Leaf{e.ID, merkle.LeafHash(e.Entry)}, []any{
		e.ID, int64(e.Category), e.Type.Code(), int64(e.Outcome), ActorColumn(e.ActorID, e.User), e.User, pack(e.Entry), packSeeded(e.Disclosures, e.Seed),
	}, len(e.Entry) + len(e.Disclosures)}
}

// Leaves are what is to have positions of some rows, in their order.
func Leaves(rows []Row) []Leaf {
	leaves := make([]Leaf, len(rows))
	for i, r := range rows {
		leaves[i] = r.leaf
	}
	return leaves
}

// Insert writes down events of a project. Errors are the engine's.
func Insert(ctx context.Context, c Conn, project string, rows []Row) error {
	return InsertMany(ctx, c, insertEvents, "", len(rows), func(i int) []any { return append([]any{project}, rows[i].values...) })
}

// InsertQueued writes down events of a project, which take their places in the queue: in one
// statement if they are not very many. It is SQL of PostgreSQL. Errors are the engine's.
func InsertQueued(ctx context.Context, c Conn, project string, rows []Row) error {
	for some := range slices.Chunk(rows, maxQueued) {
		args := []any{project}
		for _, r := range some {
			args = append(append(args, r.values...), r.leaf.Hash[:])
		}
		if _, err := c.ExecContext(ctx, insertQueued(len(some)), args...); err != nil {
			return err
		}
	}
	return nil
}

// maxQueued is how many events one statement writes at the most. For each number there is a text,
// which a connection keeps prepared.
const maxQueued = 64

// insertQueued writes n events and their places in one statement, since each is a round trip. The
// project is the first parameter; nine of each event follow.
func insertQueued(n int) string {
	events, queue := make([]string, n), make([]string, n)
	for i := range n {
		first := 2 + 9*i
		events[i] = "($1, " + places(first, 8) + ")"
		queue[i] = fmt.Sprintf("($1, $%d, $%d)", first, first+8)
	}
	return "WITH inserted AS (" + insertEvents + strings.Join(events, ", ") + `)
		INSERT INTO events_pending (project_id, id, hash) VALUES ` + strings.Join(queue, ", ")
}

// Append gives leaves the next positions of a project's log, in their order, making the log if
// it is the first. Nobody else may append to it before the transaction ends: SQLite has one
// writer, and on PostgreSQL Drain has locked the log's row.
func Append(ctx context.Context, c Conn, project string, leaves []Leaf) error {
	if len(leaves) == 0 {
		return nil
	}
	l, ok, err := open(ctx, c, project, "")
	if err == nil && !ok {
		if err = create(ctx, c, project); err == nil {
			l, ok, err = open(ctx, c, project, "")
		}
	}
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("ledger: %s has no open epoch", project)
	}
	return l.append(ctx, c, leaves)
}

func (l *Log) append(ctx context.Context, c Conn, leaves []Leaf) error {
	if l.frontier.Size() == 0 && !l.openedBy.IsZero() {
		i := slices.IndexFunc(leaves, func(leaf Leaf) bool { return leaf.ID == l.openedBy })
		if i < 0 {
			return fmt.Errorf("ledger: epoch %d of %s begins with another event", l.epoch, l.project)
		}
		opener := leaves[i]
		leaves = append([]Leaf{opener}, slices.Delete(slices.Clone(leaves), i, i+1)...)
	}
	from, grown := l.size, tileEdges{}
	for _, leaf := range leaves {
		index := l.frontier.Size()
		for level, hash := range l.frontier.Append(leaf.Hash) {
			if level > 0 && level%tileHeight == 0 {
				grown.add(level/tileHeight, index>>level, hash)
			}
		}
	}
	if err := l.insertLeaves(ctx, c, from, leaves); err != nil {
		return err
	}
	if err := l.growTiles(ctx, c, grown); err != nil {
		return err
	}
	l.size += int64(len(leaves))
	result, err := c.ExecContext(ctx, `
		UPDATE logs
		SET size = $1, frontier = $2
		WHERE project_id = $3 AND epoch = $4 AND size = $5 AND NOT closed`, l.size, l.frontier.Bytes(), l.project, l.epoch, from)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n != 1 {
		return errors.Join(fmt.Errorf("ledger: the log of %s grew in another transaction", l.project), err)
	}
	return nil
}

// insertLeaves writes the rows of leaves whose first one has the position from.
func (l *Log) insertLeaves(ctx context.Context, c Conn, from int64, leaves []Leaf) error {
	return InsertMany(ctx, c, `INSERT INTO leaves (project_id, position, id, hash) VALUES `, "", len(leaves), func(i int) []any {
		return []any{l.project, from + int64(i), leaves[i].ID, leaves[i].Hash[:]}
	})
}

// tileHeight is how many levels of the tree one level of tiles spans.
const tileHeight = 8

// tileEdges are hashes to be added at the right edge of the tiles of each level above 0.
type tileEdges map[int]tileEdge

type tileEdge struct {
	first  int64 // place of the first hash in its level
	hashes []byte
}

func (t tileEdges) add(level int, place int64, hash merkle.Hash) {
	edge, ok := t[level]
	if !ok {
		edge.first = place
	}
	edge.hashes = append(edge.hashes, hash[:]...)
	t[level] = edge
}

// growTiles writes the hashes at the edges into the tiles, the last of which may be there in part.
func (l *Log) growTiles(ctx context.Context, c Conn, grown tileEdges) error {
	const full = merkle.TileWidth * tlog.HashSize
	for level, edge := range grown {
		for place := edge.first; len(edge.hashes) > 0; {
			index, within := place/merkle.TileWidth, place%merkle.TileWidth
			var tile []byte
			if within > 0 {
				_, err := row(ctx, c, []any{&tile}, `
					SELECT hashes
					FROM tiles
					WHERE project_id = $1 AND epoch = $2 AND level = $3 AND idx = $4`, l.project, l.epoch, int64(level), index)
				if err != nil {
					return err
				}
			}
			if int64(len(tile)) != within*tlog.HashSize {
				return fmt.Errorf("ledger: tile %d/%d of %s has %d bytes, not %d hashes", level, index, l.project, len(tile), within)
			}
			n := min(len(edge.hashes), full-len(tile))
			tile = append(tile, edge.hashes[:n]...)
			edge.hashes = edge.hashes[n:]
			place += int64(n / tlog.HashSize)
			_, err := c.ExecContext(ctx, `
				INSERT INTO tiles (project_id, epoch, level, idx, hashes)
				VALUES ($1, $2, $3, $4, $5)
				ON CONFLICT (project_id, epoch, level, idx) DO UPDATE SET hashes = excluded.hashes`,
				l.project, l.epoch, int64(level), index, tile)
			if err != nil {
				return err
			}
		}
	}
	return nil
}
