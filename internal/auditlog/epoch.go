package auditlog

import (
	"context"
	"database/sql"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/ledger"
	"github.com/sealog/sealog/internal/merkle"
	"github.com/sealog/sealog/internal/store"
)

// Epoch is one tree of a project's log. Usually there is one; another begins when an operator
// says that the log goes on although its database was not what had been signed.
//
// Start, Size, SignedSize and Projected count positions, which go on from epoch to epoch.
type Epoch struct {
	Project string
	Log     string // the log's id, which never changes
	Number  int64  // 1, 2, …
	Start   int64  // position of the first leaf
	Size    int64  // positions given
	// SignedSize is how many of them a checkpoint covers.
	SignedSize int64
	// Projected is how many of them counts and references know of.
	Projected int64
	// Halted is why nothing is signed any more: behind, forked or signature; "" when all is well.
	Halted string
	Closed bool // another epoch has begun

	frontier []byte
}

// Origin is how the epoch's checkpoints name the log.
func (e Epoch) Origin() string { return ledger.Origin(e.Log, e.Number) }

// TreeSize is how many leaves the epoch's tree has.
func (e Epoch) TreeSize() int64 { return e.Size - e.Start }

const epochColumns = `l.project_id, p.log_id, l.epoch, l.start, l.size, l.signed_size, l.derived, l.halted, l.closed, l.frontier`

func (e *Epoch) fields() []any {
	return []any{&e.Project, &e.Log, &e.Number, &e.Start, &e.Size, &e.SignedSize, &e.Projected, orEmpty{&e.Halted}, &e.Closed, &e.frontier}
}

// orEmpty is a place for text that may be NULL.
type orEmpty struct{ to *string }

// Scan implements sql.Scanner.
func (o orEmpty) Scan(src any) error {
	var text sql.NullString
	err := text.Scan(src)
	*o.to = text.String
	return err
}

// Epochs returns the trees of a project's log, oldest first; none before its first event is sealed.
func Epochs(ctx context.Context, q store.Querier, project string) ([]Epoch, error) {
	return store.Collect(ctx, q, (*Epoch).fields, `
		SELECT `+epochColumns+`
		FROM logs l
		JOIN projects p ON p.project_id = l.project_id
		WHERE l.project_id = $1
		ORDER BY l.epoch`, project)
}

// OpenEpoch returns the tree that a project's log grows now; false when it has none yet.
func OpenEpoch(ctx context.Context, q store.Querier, project string) (Epoch, bool, error) {
	return store.One(ctx, q, (*Epoch).fields, `
		SELECT `+epochColumns+`
		FROM logs l
		JOIN projects p ON p.project_id = l.project_id
		WHERE l.project_id = $1 AND NOT l.closed`, project)
}

// Tree returns the epoch's tree as it stands in the database that q sees, which must be the
// state in which the epoch was read. What the tree gives is checked against its root, and the
// root comes from the frontier alone.
func (e Epoch) Tree(ctx context.Context, q store.Querier) (merkle.Tree, error) {
	frontier, err := merkle.ParseFrontier(e.TreeSize(), e.frontier)
	if err != nil {
		return merkle.Tree{}, err
	}
	return merkle.Tree{Size: e.TreeSize(), Root: frontier.Root(), Tiles: func(wanted []merkle.Tile) ([][]byte, error) {
		tiles := make([][]byte, len(wanted))
		for i, t := range wanted {
			if tiles[i], err = e.Tile(ctx, q, t); err != nil {
				return nil, err
			}
		}
		return tiles, nil
	}}, nil
}

// Tile returns the hashes of a tile of the epoch's tree, 32 bytes each.
//
// Errors: TileNotFound when the tree has no tile of that place and width.
func (e Epoch) Tile(ctx context.Context, q store.Querier, t merkle.Tile) ([]byte, error) {
	if t.Level < 0 || t.Width < 1 || t.Width > merkle.TileWidth || t.Level > 7 || t.Index < 0 ||
		t.Index > (e.TreeSize()>>(8*t.Level))/merkle.TileWidth {
		return nil, errNoTile()
	}
	hashes := make([]byte, 0, t.Width*tlog.HashSize)
	if t.Level == 0 {
		from := e.Start + t.Index*merkle.TileWidth
		rows, err := store.Column[[]byte](ctx, q, `
			SELECT hash
			FROM leaves
			WHERE project_id = $1 AND position >= $2 AND position < $3
			ORDER BY position`, e.Project, from, min(from+int64(t.Width), e.Size))
		if err != nil {
			return nil, err
		}
		for _, hash := range rows {
			hashes = append(hashes, hash...)
		}
	} else {
		rows, err := store.Column[[]byte](ctx, q, `
			SELECT hashes
			FROM tiles
			WHERE project_id = $1 AND epoch = $2 AND level = $3 AND idx = $4`, e.Project, e.Number, int64(t.Level), t.Index)
		if err != nil {
			return nil, err
		}
		if len(rows) == 1 {
			hashes = rows[0][:min(len(rows[0]), t.Width*tlog.HashSize)]
		}
	}
	if len(hashes) != t.Width*tlog.HashSize {
		return nil, errNoTile()
	}
	return hashes, nil
}

func errNoTile() error {
	return fault.New(fault.NotFound, "TileNotFound", "The log has no such tile, or not yet.")
}

// Checkpoint is a statement that was signed about an epoch's tree.
type Checkpoint struct {
	merkle.Signed
	Epoch int64
	Note  []byte // the signed note, as it is handed out
}

// End is the position behind the last that the checkpoint covers.
func (c Checkpoint) End(e Epoch) int64 { return e.Start + c.Size }

type storedNote struct {
	epoch int64
	note  []byte
}

func (s *storedNote) fields() []any { return []any{&s.epoch, &s.note} }

// LastCheckpoint returns the newest checkpoint of an epoch, whose signature is verified with
// key; false when nothing was signed yet.
func (e Epoch) LastCheckpoint(ctx context.Context, q store.Querier, key string) (Checkpoint, bool, error) {
	stored, ok, err := store.One(ctx, q, (*storedNote).fields, `
		SELECT epoch, note
		FROM checkpoints
		WHERE project_id = $1 AND epoch = $2
		ORDER BY size DESC
		LIMIT 1`, e.Project, e.Number)
	if err != nil || !ok {
		return Checkpoint{}, false, err
	}
	signed, err := merkle.Open(stored.note, key)
	if err != nil {
		return Checkpoint{}, false, fmt.Errorf("auditlog: %s: %w", e.Origin(), &SignatureError{err})
	}
	return Checkpoint{signed, stored.epoch, stored.note}, true, nil
}

// SignatureError is a stored checkpoint that the log's key has not signed.
type SignatureError struct{ Err error }

// Error implements error.
func (e *SignatureError) Error() string { return e.Err.Error() }

// Unwrap returns why.
func (e *SignatureError) Unwrap() error { return e.Err }
