package auditlog

import (
	"context"
	"fmt"

	"github.com/sealog/sealog/internal/ledger"
	"github.com/sealog/sealog/internal/merkle"
	"github.com/sealog/sealog/internal/store"
)

// SignedTreeSize is how many leaves of the epoch's tree a checkpoint covers.
func (e Epoch) SignedTreeSize() int64 { return e.SignedSize - e.Start }

// Covers reports whether a tile, of hashes or of entries, is whole in the tree that the
// epoch's newest checkpoint signs.
func (e Epoch) Covers(t merkle.Tile) bool {
	n := e.SignedTreeSize()
	if t.Level > 0 {
		n >>= 8 * t.Level
	}
	full := n / merkle.TileWidth
	return t.Index < full || t.Index == full && int64(t.Width) <= n%merkle.TileWidth
}

// Bundle returns the entries of a tile at merkle.EntriesLevel, as C2SP tlog-tiles bundles
// them: each with its length in two bytes before it.
//
// Errors: TileNotFound when the tree has no such entries.
func (e Epoch) Bundle(ctx context.Context, q store.Querier, t merkle.Tile) (_ []byte, err error) {
	if t.Level != merkle.EntriesLevel || t.Width < 1 || t.Width > merkle.TileWidth || t.Index < 0 || t.Index > e.TreeSize()/merkle.TileWidth {
		return nil, errNoTile()
	}
	from := e.Start + t.Index*merkle.TileWidth
	entries, err := store.Column[ledger.Packed](ctx, q, `
		SELECT e.entry
		FROM leaves p
		JOIN events e ON e.project_id = p.project_id AND e.id = p.id
		WHERE p.project_id = $1 AND p.position >= $2 AND p.position < $3
		ORDER BY p.position`, e.Project, from, min(from+int64(t.Width), e.Size))
	if err != nil {
		return nil, err
	}
	if len(entries) != t.Width {
		return nil, errNoTile()
	}
	var bundle []byte
	for _, entry := range entries {
		if bundle, err = merkle.AppendEntry(bundle, entry); err != nil {
			return nil, fmt.Errorf("auditlog: %s: %w", t.Path(), err)
		}
	}
	return bundle, nil
}
