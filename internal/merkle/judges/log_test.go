package judges_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sealog/sealog/internal/merkle"
)

const origin = "sealog.example/log/00112233445566778899aabbccddeeff"

// at is when the logs of the tests are signed.
var at = time.Date(2026, 11, 24, 12, 3, 7, 0, time.UTC)

func entry(n int64) []byte { return fmt.Appendf(nil, `{"id":"%d","log":"%s"}`, n, origin) }

func key(t testing.TB, seed byte) *merkle.Key {
	t.Helper()
	k, err := merkle.NewKey(origin, bytes.Repeat([]byte{seed}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// log is a log in memory, as package merkle makes it.
type log struct {
	entries [][]byte
	tiles   [][]merkle.Hash // the hashes of each level of tiles
	roots   []merkle.Hash   // the root at each size
}

func grow(entries [][]byte) *log {
	var f merkle.Frontier
	l := &log{entries, nil, []merkle.Hash{f.Root()}}
	for _, e := range entries {
		for level, hash := range f.Append(merkle.LeafHash(e)) {
			if level%8 > 0 {
				continue
			}
			if level/8 == len(l.tiles) {
				l.tiles = append(l.tiles, nil)
			}
			l.tiles[level/8] = append(l.tiles[level/8], hash)
		}
		l.roots = append(l.roots, f.Root())
	}
	return l
}

// numbered is a log of n entries.
func numbered(n int64) *log {
	var entries [][]byte
	for i := range n {
		entries = append(entries, entry(i))
	}
	return grow(entries)
}

func (l *log) size() int64 { return int64(len(l.entries)) }

// read gives the content of a tile.
func (l *log) read(tile merkle.Tile) ([]byte, error) {
	first := tile.Index * merkle.TileWidth
	last := first + int64(tile.Width)
	var data []byte
	var err error
	if tile.Level == merkle.EntriesLevel {
		for _, e := range l.entries[first:last] {
			if data, err = merkle.AppendEntry(data, e); err != nil {
				return nil, err
			}
		}
		return data, nil
	}
	for _, hash := range l.tiles[tile.Level][first:last] {
		data = append(data, hash[:]...)
	}
	return data, nil
}

// tree is the log at a size as it proves things.
func (l *log) tree(size int64) merkle.Tree {
	return merkle.Tree{Size: size, Root: l.roots[size], Tiles: func(tiles []merkle.Tile) ([][]byte, error) {
		data := make([][]byte, len(tiles))
		for i, tile := range tiles {
			var err error
			if data[i], err = l.read(tile); err != nil {
				return nil, err
			}
		}
		return data, nil
	}}
}

// sign is the log's signed checkpoint at a size.
func (l *log) sign(t testing.TB, k *merkle.Key, size int64) []byte {
	t.Helper()
	signed, err := k.Sign(merkle.Checkpoint{Origin: origin, Size: size, Root: l.roots[size]}, at)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// write lays the log out as an export does, with all that is judged here, in a new directory.
func (l *log) write(t testing.TB, k *merkle.Key) string {
	t.Helper()
	dir := t.TempDir()
	for level := merkle.EntriesLevel; level < len(l.tiles); level++ {
		n := l.size()
		if level > 0 {
			n = int64(len(l.tiles[level]))
		}
		for first := int64(0); first < n; first += merkle.TileWidth {
			tile := merkle.Tile{Level: level, Index: first / merkle.TileWidth, Width: int(min(n-first, merkle.TileWidth))}
			data, err := l.read(tile)
			if err != nil {
				t.Fatal(err)
			}
			put(t, dir, tile.Path(), data)
		}
	}
	put(t, dir, "checkpoint", l.sign(t, k, l.size()))
	put(t, dir, "checkpoints.txt", merkle.JoinCheckpoints([][]byte{l.sign(t, k, 0), l.sign(t, k, l.size()/3), l.sign(t, k, l.size()/2)}))
	return dir
}

func put(t testing.TB, dir, path string, data []byte) {
	t.Helper()
	path = filepath.Join(dir, filepath.FromSlash(path))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func get(t testing.TB, dir, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(path)))
	if err != nil {
		t.Fatal(err)
	}
	return data
}
