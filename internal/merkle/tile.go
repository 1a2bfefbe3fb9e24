package merkle

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// TileWidth is how many hashes, or entries, a full tile has (C2SP tlog-tiles).
const TileWidth = 256

// EntriesLevel is the level of tiles that hold entries instead of hashes.
const EntriesLevel = -1

// Tile is a piece of the tree that is handed out whole (C2SP tlog-tiles): Width hashes of the
// level 8*Level from the place Index*256 on, or, at EntriesLevel, so many entries.
type Tile struct {
	Level int // 0 to 63, or EntriesLevel
	Index int64
	Width int // 1 to 256
}

// Path is where the tile is found below the log's address: "tile/0/x001/x234/067.p/8".
func (t Tile) Path() string {
	level := "entries"
	if t.Level != EntriesLevel {
		level = strconv.Itoa(t.Level)
	}
	n := fmt.Sprintf("%03d", t.Index%1000)
	for rest := t.Index / 1000; rest > 0; rest /= 1000 {
		n = fmt.Sprintf("x%03d/", rest%1000) + n
	}
	path := "tile/" + level + "/" + n
	if t.Width < TileWidth {
		path += ".p/" + strconv.Itoa(t.Width)
	}
	return path
}

// ParseTilePath reads what Path gives, and nothing else.
func ParseTilePath(path string) (Tile, error) {
	malformed := fmt.Errorf("merkle: %q is no tile", path)
	rest, ok := strings.CutPrefix(path, "tile/")
	level, rest, found := strings.Cut(rest, "/")
	if !ok || !found || len(path) > 100 {
		return Tile{}, malformed
	}
	t := Tile{Level: EntriesLevel, Width: TileWidth}
	var err error
	if level != "entries" {
		if t.Level, err = strconv.Atoi(level); err != nil || t.Level < 0 || t.Level > 63 {
			return Tile{}, malformed
		}
	}
	if full, width, partial := strings.Cut(rest, ".p/"); partial {
		if t.Width, err = strconv.Atoi(width); err != nil || t.Width < 1 || t.Width >= TileWidth {
			return Tile{}, malformed
		}
		rest = full
	}
	for group := range strings.SplitSeq(strings.ReplaceAll(rest, "x", ""), "/") {
		n, err := strconv.ParseUint(group, 10, 16)
		if err != nil || len(group) != 3 || t.Index > (1<<55)/1000 {
			return Tile{}, malformed
		}
		t.Index = t.Index*1000 + int64(n)
	}
	if t.Path() != path {
		return Tile{}, malformed
	}
	return t, nil
}

// MaxEntry is the largest entry in bytes that a bundle can hold.
const MaxEntry = 1<<16 - 1

// AppendEntry adds an entry to a bundle: its length in two bytes, big-endian, and itself.
//
// Errors: the entry is larger than MaxEntry.
func AppendEntry(bundle, entry []byte) ([]byte, error) {
	if len(entry) > MaxEntry {
		return bundle, fmt.Errorf("merkle: an entry of %d bytes is too large", len(entry))
	}
	return append(binary.BigEndian.AppendUint16(bundle, uint16(len(entry))), entry...), nil
}

// ReadBundle splits a bundle into its entries, of which there are at most TileWidth. They
// share the bundle's memory.
func ReadBundle(bundle []byte) ([][]byte, error) {
	var entries [][]byte
	for len(bundle) > 0 {
		if len(bundle) < 2 {
			return nil, errors.New("merkle: a bundle ends within a length")
		}
		size := int(binary.BigEndian.Uint16(bundle))
		if len(bundle) < 2+size {
			return nil, errors.New("merkle: a bundle ends within an entry")
		}
		if len(entries) == TileWidth {
			return nil, errors.New("merkle: a bundle has more than 256 entries")
		}
		entries = append(entries, bundle[2:2+size:2+size])
		bundle = bundle[2+size:]
	}
	return entries, nil
}
