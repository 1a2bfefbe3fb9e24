package export

import (
	"bytes"
	"context"
	"encoding/base64"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/ledger"
	"github.com/sealog/sealog/internal/merkle"
	"github.com/sealog/sealog/internal/store"
)

// plain returns an event's bytes as they were hashed, of what a column has.
func plain(stored []byte) ([]byte, error) {
	return ledger.Unpack(stored)
}

// sealedEvent is an event that has a position.
type sealedEvent struct {
	position           int64
	id                 event.ID
	hash               []byte // of its leaf, as the database has it
	entry, disclosures []byte // plain, once unpack was called
}

func (e *sealedEvent) fields() []any {
	return []any{&e.position, &e.id, &e.hash, &e.entry, &e.disclosures}
}

func (e *sealedEvent) unpack() (err error) {
	if e.entry, err = plain(e.entry); err == nil {
		e.disclosures, err = plain(e.disclosures)
	}
	return err
}

// sealed reads the events from one position on and before another.
func (w *writer) sealed(ctx context.Context, project string, from, to int64) ([]sealedEvent, error) {
	events, err := store.Collect(ctx, w.q, (*sealedEvent).fields, `
		SELECT l.position, l.id, l.hash, e.entry, e.disclosures
		FROM leaves l
		JOIN events e ON e.project_id = l.project_id AND e.id = l.id
		WHERE l.project_id = $1 AND l.position >= $2 AND l.position < $3
		ORDER BY l.position`, project, from, to)
	if err != nil {
		return nil, err
	}
	for i := range to - from {
		if i >= int64(len(events)) || events[i].position != from+i {
			return nil, damaged("Position %d has no event.", from+i)
		}
		if err := events[i].unpack(); err != nil {
			return nil, damaged("The event at position %d cannot be read: %w.", from+i, err)
		}
	}
	return events, nil
}

// bundles writes a part's entries with their hashes and values, and the tiles above them.
func (w *writer) bundles(ctx context.Context, p part) error {
	for first := int64(0); first < p.leaves; first += merkle.TileWidth {
		from := p.epoch.Start + first
		events, err := w.sealed(ctx, p.epoch.Project, from, min(from+merkle.TileWidth, p.epoch.Start+p.leaves))
		if err != nil {
			return err
		}
		if err := w.writeBundle(p, first/merkle.TileWidth, events); err != nil {
			return err
		}
		for _, t := range completed(first + int64(len(events))) {
			if err := w.upper(ctx, p, t); err != nil {
				return err
			}
		}
	}
	for _, t := range edge(p.leaves) {
		if err := w.upper(ctx, p, t); err != nil {
			return err
		}
	}
	return nil
}

// completed are the tiles of level 1 and above that become full when a tree has come to a size.
func completed(size int64) (tiles []merkle.Tile) {
	for level := 1; size > 0 && size%(1<<(8*level+8)) == 0 && level < 7; level++ {
		tiles = append(tiles, merkle.Tile{Level: level, Index: size>>(8*level+8) - 1, Width: merkle.TileWidth})
	}
	return tiles
}

// edge are the tiles of level 1 and above that a tree of a size has in part.
func edge(size int64) (tiles []merkle.Tile) {
	for level := 1; level < 7 && size>>(8*level) > 0; level++ {
		whole := size >> (8 * level)
		if width := int(whole % merkle.TileWidth); width > 0 {
			tiles = append(tiles, merkle.Tile{Level: level, Index: whole / merkle.TileWidth, Width: width})
		}
	}
	return tiles
}

// writeBundle writes the files of up to 256 events.
func (w *writer) writeBundle(p part, index int64, events []sealedEvent) (err error) {
	w.bundle, w.tile, w.lines = w.bundle[:0], w.tile[:0], w.lines[:0]
	for _, e := range events {
		if w.bundle, err = merkle.AppendEntry(w.bundle, e.entry); err != nil {
			return err
		}
		if len(e.hash) != tlog.HashSize {
			return damaged("The leaf at position %d has %d bytes.", e.position, len(e.hash))
		}
		w.tile = append(w.tile, e.hash...)
		given := w.filter.gives(e.entry, e.disclosures)
		if given == givesNothing {
			w.sum.Withheld++
			continue
		}
		w.lines = append(w.lines, `{"position":`...)
		w.lines = strconv.AppendInt(w.lines, e.position, 10)
		w.lines = append(w.lines, `,"disclosures":[`...)
		for i, array := range arrays(e.disclosures, given) {
			if i > 0 {
				w.lines = append(w.lines, ',')
			}
			w.lines = append(w.lines, '"')
			w.lines = base64.RawURLEncoding.AppendEncode(w.lines, array)
			w.lines = append(w.lines, '"')
		}
		w.lines = append(w.lines, "]}\n"...)
	}
	entries := merkle.Tile{Level: merkle.EntriesLevel, Index: index, Width: len(events)}
	hashes := merkle.Tile{Level: 0, Index: index, Width: len(events)}
	for _, f := range []struct {
		name string
		data []byte
	}{{entries.Path(), w.bundle}, {hashes.Path(), w.tile}, {disclosuresPath(index), w.lines}} {
		if err := w.file(p.dir+f.name, f.data); err != nil {
			return err
		}
	}
	w.advance(int64(len(events)))
	return nil
}

// upper writes a tile of hashes of level 1 or above.
func (w *writer) upper(ctx context.Context, p part, t merkle.Tile) error {
	hashes, err := p.epoch.Tile(ctx, w.q, t)
	if fault.Is(err, "TileNotFound") {
		return damaged("%s is not there.", t.Path())
	}
	if err != nil {
		return err
	}
	return w.file(p.dir+t.Path(), hashes)
}

// advance counts events that were written.
func (w *writer) advance(n int64) {
	w.sum.Events += n
	if w.progress != nil {
		w.progress(w.sum.Events, w.total)
	}
}

// arrays are the disclosures of an event that the copy gives, each as the bytes that were
// hashed. What stands there and is none is given too, so that it is found.
func arrays(stored []byte, given giving) [][]byte {
	if len(stored) == 0 {
		return nil
	}
	all := bytes.Split(stored, []byte("\n"))
	if given == givesAll {
		return all
	}
	var public [][]byte
	for d, err := range event.Disclosures(stored) {
		if _, personal := d.Base(); err == nil && !personal {
			public = append(public, d.Array)
		}
	}
	return public
}

// disclosuresPath is where the disclosures of a bundle's events stand: the bundle's index as in
// the names of tiles, "disclosures/x001/234.ndjson".
func disclosuresPath(index int64) string {
	tile := merkle.Tile{Level: merkle.EntriesLevel, Index: index, Width: merkle.TileWidth}
	return "disclosures/" + strings.TrimPrefix(tile.Path(), "tile/entries/") + ".ndjson"
}
