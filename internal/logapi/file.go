package logapi

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/merkle"
)

// file is what an address names: a checkpoint or a tile of one epoch's tree.
type file struct {
	log   string // the random end of the log's id
	epoch int64
	// tile is the zero Tile for the checkpoint.
	tile merkle.Tile
}

func (f file) isCheckpoint() bool { return f.tile == merkle.Tile{} }
func (f file) entries() bool      { return f.tile.Level == merkle.EntriesLevel }

var logDigits = regexp.MustCompile(`^[0-9a-f]{32}$`)

// parse reads the parts of an address: the log, and "checkpoint" or "tile/…" below it, behind
// "e2/" and so on in a later epoch. Every file has one address.
func parse(log, path string) (f file, ok bool) {
	f = file{log: log, epoch: 1}
	if rest, later := strings.CutPrefix(path, "e"); later {
		var number string
		number, path, _ = strings.Cut(rest, "/")
		var err error
		f.epoch, err = strconv.ParseInt(number, 10, 64)
		if err != nil || f.epoch < 2 || strconv.FormatInt(f.epoch, 10) != number {
			return file{}, false
		}
	}
	if !logDigits.MatchString(log) {
		return file{}, false
	}
	if path == "checkpoint" {
		return f, true
	}
	var err error
	f.tile, err = merkle.ParseTilePath(path)
	return f, err == nil
}

// read returns the file's bytes. Reading entries is reading the log, and noted.
//
// Errors: FileNotFound: the log has no such epoch, or no checkpoint that covers the tile.
func (h *handler) read(ctx context.Context, from reader, f file) ([]byte, error) {
	epochs, err := auditlog.Epochs(ctx, h.DB, from.project)
	if err != nil {
		return nil, err
	}
	var e auditlog.Epoch
	for _, one := range epochs {
		if one.Number == f.epoch {
			e = one
		}
	}
	if e.Number == 0 {
		return nil, errNoFile()
	}
	if f.isCheckpoint() {
		c, ok, err := e.LastCheckpoint(ctx, h.DB, h.DB.Vault().LogKey(e.Origin()).Verifier())
		if err == nil && !ok {
			err = errNoFile()
		}
		return c.Note, err
	}
	if !e.Covers(f.tile) {
		return nil, errNoFile()
	}
	if !f.entries() {
		return e.Tile(ctx, h.DB, f.tile)
	}
	bundle, err := e.Bundle(ctx, h.DB, f.tile)
	if err == nil {
		h.Reads.Note(from.by, from.project, "log", auditlog.OfLog)
	}
	return bundle, err
}

// Tiles never change. A partial one is of use only until the next checkpoint.
const (
	fullFor    = "public, max-age=31536000, immutable"
	partialFor = "public, max-age=3600"
)

// send answers with the file: all of it, what a range asks for, or that it is still the same.
func (f file) send(w http.ResponseWriter, r *http.Request, body []byte, public bool) {
	header := w.Header()
	header.Set("Content-Type", "application/octet-stream")
	if f.isCheckpoint() {
		header.Set("Content-Type", "text/plain; charset=utf-8")
	}
	switch {
	case !public:
		header.Set("Cache-Control", "private, no-cache")
		header.Set("Vary", "Authorization, Cookie")
	case f.isCheckpoint():
		header.Set("Cache-Control", "no-cache")
	case f.tile.Width == merkle.TileWidth:
		header.Set("Cache-Control", fullFor)
	default:
		header.Set("Cache-Control", partialFor)
	}
	if public {
		header.Set("Access-Control-Allow-Origin", "*")
		header.Set("Cross-Origin-Resource-Policy", "cross-origin")
	}
	sum := sha256.Sum256(body)
	header.Set("ETag", `"`+hex.EncodeToString(sum[:8])+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}
