package judges_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/sealog/sealog/internal/merkle"
)

// TestExport has the exports judged that the environment names, and their earlier epochs.
func TestExport(t *testing.T) {
	t.Parallel()
	keys := strings.Fields(os.Getenv("SEALOG_EXPORT_VKEY"))
	for _, dir := range filepath.SplitList(os.Getenv("SEALOG_EXPORT_DIR")) {
		if err := judgeExport(t, os.DirFS(dir), keys); err != nil {
			t.Errorf("%s: %v", dir, err)
		}
	}
}

// judgeExport has a log judged, and those below epochs, and says what is wrong with any of
// them. An earlier epoch without a checkpoint has nothing that could be judged.
func judgeExport(t *testing.T, files fs.FS, keys []string) error {
	t.Helper()
	wrong := judgeEpoch(t, files, keys)
	epochs, err := fs.Glob(files, "epochs/*/checkpoint")
	if err != nil {
		return err
	}
	for _, checkpoint := range epochs {
		epoch, err := fs.Sub(files, path.Dir(checkpoint))
		if err != nil {
			return err
		}
		wrong = errors.Join(wrong, judgeEpoch(t, grownLog{epoch}, keys))
	}
	return wrong
}

// judgeEpoch has one log judged, with the one of the keys that has the name of its origin.
func judgeEpoch(t *testing.T, files fs.FS, keys []string) error {
	t.Helper()
	text, err := fs.ReadFile(files, "checkpoint")
	if err != nil {
		return err
	}
	origin, _, _ := strings.Cut(string(text), "\n")
	place := slices.IndexFunc(keys, func(key string) bool { return strings.HasPrefix(key, origin+"+") })
	if place < 0 {
		return fmt.Errorf("no verifier key of %s", origin)
	}
	var wrong error
	for judge, err := range verdicts(t, files, keys[place]) {
		if err != nil {
			wrong = errors.Join(wrong, fmt.Errorf("%s says of %s: %w", judge, origin, err))
		}
	}
	return wrong
}

// grownLog is a log that has grown since its checkpoint, as an epoch has that was closed before
// its last events were signed. Where it lacks a partial tile, it cuts it from the wider one.
type grownLog struct{ fs.FS }

// Open implements fs.FS.
func (g grownLog) Open(name string) (fs.File, error) {
	file, err := g.FS.Open(name)
	tile, malformed := merkle.ParseTilePath(name)
	if !errors.Is(err, fs.ErrNotExist) || malformed != nil {
		return file, err
	}
	for width := tile.Width + 1; width <= merkle.TileWidth; width++ {
		wider := tile
		wider.Width = width
		data, err := fs.ReadFile(g.FS, wider.Path())
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if data, err = cut(data, tile); err != nil {
			return nil, err
		}
		return fstest.MapFS{name: {Data: data}}.Open(name)
	}
	return nil, err
}

// cut is what a tile has of a wider one.
func cut(data []byte, tile merkle.Tile) ([]byte, error) {
	if tile.Level != merkle.EntriesLevel {
		if len(data) < tile.Width*32 {
			return nil, fmt.Errorf("%s: only %d bytes", tile.Path(), len(data))
		}
		return data[:tile.Width*32], nil
	}
	entries, err := merkle.ReadBundle(data)
	if err != nil {
		return nil, err
	}
	if len(entries) < tile.Width {
		return nil, fmt.Errorf("%s: only %d entries", tile.Path(), len(entries))
	}
	var bundle []byte
	for _, e := range entries[:tile.Width] {
		if bundle, err = merkle.AppendEntry(bundle, e); err != nil {
			return nil, err
		}
	}
	return bundle, nil
}

// TestExportOfEpochs judges an export as TestExport does: an epoch of 1,000 events, of which
// the last 90 were never signed, and the epoch after it.
func TestExportOfEpochs(t *testing.T) {
	t.Parallel()
	k := key(t, 1)
	next, err := merkle.NewKey(origin+"/e2", bytes.Repeat([]byte{2}, 32))
	if err != nil {
		t.Fatal(err)
	}
	second := grow([][]byte{[]byte("the epoch is opened"), []byte("and goes on")})
	signed, err := next.Sign(merkle.Checkpoint{Origin: origin + "/e2", Size: 2, Root: second.roots[2]}, at)
	if err != nil {
		t.Fatal(err)
	}
	export := second.write(t, k)
	put(t, export, "checkpoint", signed)
	put(t, export, "checkpoints.txt", nil)
	closed := numbered(1000)
	if err := os.CopyFS(filepath.Join(export, "epochs", "1"), os.DirFS(closed.write(t, k))); err != nil {
		t.Fatal(err)
	}
	put(t, export, "epochs/1/checkpoint", closed.sign(t, k, 910))
	keys := []string{k.Verifier(), next.Verifier()}
	if err := judgeExport(t, os.DirFS(export), keys); err != nil {
		t.Error(err)
	}
	if judgeExport(t, os.DirFS(export), keys[:1]) == nil || judgeExport(t, os.DirFS(export), keys[1:]) == nil || judgeExport(t, os.DirFS(t.TempDir()), keys) == nil {
		t.Error("an export is judged without a key, or without a checkpoint")
	}
	change("epochs/1/tile/0/001", 40)(t, export)
	if judgeExport(t, os.DirFS(export), keys) == nil {
		t.Error("nobody sees the damage to the earlier epoch")
	}
}
