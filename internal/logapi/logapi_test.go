package logapi_test

import (
	"bytes"
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/ledger"
	"github.com/sealog/sealog/internal/merkle"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
)

// tiles are the tiles that a tree of these entries has, each as wide as it can be.
func tiles(t *testing.T, entries [][]byte) map[merkle.Tile][]byte {
	t.Helper()
	type place struct {
		level int
		index int64
	}
	hashes, counts, bundles := map[place][]byte{}, map[place]int{}, map[int64][]byte{}
	var f merkle.Frontier
	for i, entry := range entries {
		for level, hash := range f.Append(merkle.LeafHash(entry)) {
			if level%8 == 0 {
				at := place{level / 8, int64(i) >> level / merkle.TileWidth}
				hashes[at] = append(hashes[at], hash[:]...)
				counts[at]++
			}
		}
		var err error
		if bundles[int64(i/merkle.TileWidth)], err = merkle.AppendEntry(bundles[int64(i/merkle.TileWidth)], entry); err != nil {
			t.Fatal(err)
		}
	}
	all := map[merkle.Tile][]byte{}
	for at, bytes := range hashes {
		all[merkle.Tile{Level: at.level, Index: at.index, Width: counts[at]}] = bytes
		if at.level == 0 {
			all[merkle.Tile{Level: merkle.EntriesLevel, Index: at.index, Width: counts[at]}] = bundles[at.index]
		}
	}
	return all
}

func (w *world) entries() [][]byte {
	w.t.Helper()
	packed, err := store.Column[ledger.Packed](w.t.Context(), w.db, `
		SELECT e.entry
		FROM leaves l
		JOIN events e ON e.project_id = l.project_id AND e.id = l.id
		WHERE l.project_id = 'acme'
		ORDER BY l.position`)
	w.must(err)
	entries := make([][]byte, len(packed))
	for i, entry := range packed {
		entries[i] = entry
	}
	return entries
}

// TestFiles: at every size the files are those of the tree that the checkpoint signs, at any
// width, and nothing beyond it is there.
func TestFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := credential{cookie: w.cookie}
	if got := w.get(w.closed, owner, w.log, "checkpoint"); got.Code != http.StatusNotFound {
		t.Errorf("before anything was signed: %d %s", got.Code, got.Body)
	}
	origin := "sealog.example/log/" + w.log
	for _, size := range []int{1, 255, 256, 257, 600} {
		w.grow(size)
		note := w.get(w.closed, owner, w.log, "checkpoint")
		signed, err := merkle.Open(note.Body.Bytes(), storetest.Vault(t).LogKey(origin).Verifier())
		if err != nil || signed.Size != int64(size) {
			t.Fatalf("size %d: %+v, %v", size, signed, err)
		}
		if got := note.Header().Get("Content-Type"); got != "text/plain; charset=utf-8" {
			t.Errorf("a checkpoint is %s", got)
		}
		all := tiles(t, w.entries())
		for tile, want := range all {
			got := w.get(w.closed, owner, w.log, tile.Path())
			if got.Code != http.StatusOK || !bytes.Equal(got.Body.Bytes(), want) || got.Header().Get("Content-Type") != "application/octet-stream" {
				t.Errorf("size %d: %s is another one: %d, %d bytes, want %d", size, tile.Path(), got.Code, got.Body.Len(), len(want))
			}
			for _, width := range []int{1, tile.Width / 2, tile.Width - 1} {
				narrow := tile
				narrow.Width = width
				if width < 1 || width == tile.Width {
					continue
				}
				got := w.get(w.closed, owner, w.log, narrow.Path())
				if got.Code != http.StatusOK || !bytes.HasPrefix(want, got.Body.Bytes()) {
					t.Errorf("size %d: %s: %d", size, narrow.Path(), got.Code)
				}
				if n := got.Body.Len(); tile.Level >= 0 && n != 32*width {
					t.Errorf("size %d: %s has %d bytes", size, narrow.Path(), n)
				}
				if bundle, err := merkle.ReadBundle(got.Body.Bytes()); tile.Level < 0 && (err != nil || len(bundle) != width) {
					t.Errorf("size %d: %s has %d entries, %v", size, narrow.Path(), len(bundle), err)
				}
			}
			wider, next := tile, tile
			wider.Width, next.Index, next.Width = tile.Width+1, tile.Index+1, 1
			for _, beyond := range []merkle.Tile{wider, next} {
				if _, there := all[beyond]; there || beyond.Width > merkle.TileWidth || beyond.Index != tile.Index && tile.Width == merkle.TileWidth {
					continue
				}
				if got := w.get(w.closed, owner, w.log, beyond.Path()); got.Code != http.StatusNotFound {
					t.Errorf("size %d: %s: %d", size, beyond.Path(), got.Code)
				}
			}
		}
		// A client that knows nothing but the checkpoint gets by with the files.
		tree := merkle.Tree{Size: signed.Size, Root: signed.Root, Tiles: func(wanted []merkle.Tile) ([][]byte, error) {
			var got [][]byte
			for _, tile := range wanted {
				answer := w.get(w.open, credential{}, w.log, tile.Path())
				if answer.Code != http.StatusOK {
					return nil, fmt.Errorf("%s: %d", tile.Path(), answer.Code)
				}
				got = append(got, answer.Body.Bytes())
			}
			return got, nil
		}}
		for i, entry := range w.entries() {
			if i%37 != 0 && i != size-1 {
				continue
			}
			path, err := tree.Inclusion(int64(i))
			if err == nil {
				err = merkle.CheckInclusion(path, signed.Size, signed.Root, int64(i), merkle.LeafHash(entry))
			}
			if err != nil {
				t.Errorf("size %d: %v", size, err)
			}
		}
	}
}

// TestNothingUnsigned: events that have a position and no checkpoint are handed out by no file.
func TestNothingUnsigned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := credential{cookie: w.cookie}
	w.grow(5)
	w.must(store.Bookkeep(t.Context(), w.db, halt))
	_, err := w.projects.Configure(t.Context(), storetest.Operator(), "acme", "id: acme\npassword: {min_length: 9}\n", 0)
	w.must(err)
	w.seal()
	if n := len(w.entries()); n < 6 {
		t.Fatalf("%d events have a position", n)
	}
	for _, file := range []string{"tile/0/000.p/6", "tile/entries/000.p/6", "tile/1/000.p/1", "tile/0/001.p/1", "tile/63/000.p/1", "e2/checkpoint"} {
		if got := w.get(w.closed, owner, w.log, file); got.Code != http.StatusNotFound || got.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %v", file, got.Code, got.Header())
		}
	}
	origin, err := w.sealing.NewEpoch(t.Context(), storetest.Operator(), "acme", "for a test")
	w.must(err)
	if got := w.get(w.closed, owner, w.log, "e2/checkpoint"); got.Code != http.StatusNotFound {
		t.Errorf("a tree without a checkpoint: %d", got.Code)
	}
	w.seal()
	for prefix, name := range map[string]string{"": "sealog.example/log/" + w.log, "e2/": origin} {
		got := w.get(w.closed, owner, w.log, prefix+"checkpoint")
		signed, err := merkle.Open(got.Body.Bytes(), storetest.Vault(t).LogKey(name).Verifier())
		if err != nil {
			t.Fatalf("%scheckpoint: %d, %v", prefix, got.Code, err)
		}
		leaf := w.get(w.closed, owner, w.log, prefix+"tile/0/000.p/1").Body.Bytes()
		bundle, err := merkle.ReadBundle(w.get(w.closed, owner, w.log, prefix+"tile/entries/000.p/1").Body.Bytes())
		if err != nil || len(bundle) != 1 {
			t.Fatalf("%sentries: %d, %v", prefix, len(bundle), err)
		}
		if hash := merkle.LeafHash(bundle[0]); !bytes.Equal(hash[:], leaf) {
			t.Errorf("%s: the entry is not the leaf's", prefix)
		}
		if prefix == "" && signed.Size != 5 {
			t.Errorf("the ended tree's checkpoint has the size %d", signed.Size)
		}
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.grow(3)
	owner := credential{cookie: w.cookie}
	for file, want := range map[string]int{
		"checkpoint":              http.StatusOK,
		"tile/0/000.p/3":          http.StatusOK,
		"":                        http.StatusNotFound,
		"e1/checkpoint":           http.StatusNotFound,
		"e02/checkpoint":          http.StatusNotFound,
		"e2":                      http.StatusNotFound,
		"e99/checkpoint":          http.StatusNotFound,
		"checkpoint/":             http.StatusNotFound,
		"tile":                    http.StatusNotFound,
		"tile/0/000.p/03":         http.StatusNotFound,
		"tile/0/000.p/0":          http.StatusNotFound,
		"tile/-1/000.p/1":         http.StatusNotFound,
		"tile/data/000.p/1":       http.StatusNotFound,
		"tile/64/000.p/1":         http.StatusNotFound,
		"tile/0/x999/x999/999":    http.StatusNotFound,
		"tile/0/x000/000.p/1":     http.StatusNotFound,
		"tile/entries/%30%30%30":  http.StatusNotFound,
		"tile/entries/000.p%2F3":  http.StatusOK, // the same address, escaped
		"tile/entries/000.p/3%00": http.StatusNotFound,
	} {
		if got := w.get(w.closed, owner, w.log, file); got.Code != want {
			t.Errorf("%q: %d %s", file, got.Code, got.Body)
		}
	}
	for _, log := range []string{"x", w.log[1:], w.log + "0", "%00", "ABCDEF" + w.log[6:]} {
		if got := w.get(w.closed, owner, log, "checkpoint"); got.Code != http.StatusNotFound {
			t.Errorf("log %q: %d", log, got.Code)
		}
	}
	if got := w.request(w.closed, http.MethodPost, owner, "/log/"+w.log+"/checkpoint"); got.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", got.Code)
	}
	whole := w.get(w.closed, owner, w.log, "tile/entries/000.p/3")
	head := w.request(w.closed, http.MethodHead, owner, "/log/"+w.log+"/tile/entries/000.p/3")
	if head.Code != http.StatusOK || head.Body.Len() != 0 || head.Header().Get("Content-Length") != fmt.Sprint(whole.Body.Len()) {
		t.Errorf("HEAD: %d, %d bytes, %v", head.Code, head.Body.Len(), head.Header())
	}
	tag := w.get(w.closed, owner, w.log, "checkpoint").Header().Get("ETag")
	same := w.request(w.closed, http.MethodGet, owner, "/log/"+w.log+"/checkpoint", "If-None-Match", tag)
	if tag == "" || same.Code != http.StatusNotModified || same.Body.Len() != 0 {
		t.Errorf("the same checkpoint %s: %d", tag, same.Code)
	}
	w.grow(4)
	if got := w.request(w.closed, http.MethodGet, owner, "/log/"+w.log+"/checkpoint", "If-None-Match", tag); got.Code != http.StatusOK {
		t.Errorf("another checkpoint: %d", got.Code)
	}
	if got := w.request(w.closed, http.MethodGet, owner, "/log/"+w.log+"/checkpoint", "X", "y"); got.Header().Get("Access-Control-Allow-Origin") != "" {
		t.Error("what is not public is open to other sites")
	}
	elsewhere := w.request(w.open, http.MethodGet, owner, "/log/"+w.log+"/checkpoint")
	if elsewhere.Code != http.StatusOK {
		t.Fatal(elsewhere.Code)
	}
	r, _ := http.NewRequest(http.MethodGet, "https://acme.example/log/"+w.log+"/checkpoint", nil)
	if got := w.do(w.open, r); got.Code != http.StatusMisdirectedRequest {
		t.Errorf("under another name: %d", got.Code)
	}
}

// TestHeaders: what is public may be kept by everybody, a full tile for ever.
func TestHeaders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.grow(257)
	for _, c := range []struct {
		public     bool
		file, want string
	}{
		{true, "checkpoint", "no-cache"},
		{true, "tile/0/000", "public, max-age=31536000, immutable"},
		{true, "tile/0/000.p/7", "public, max-age=3600"},
		{true, "tile/1/000.p/1", "public, max-age=3600"},
		{true, "tile/entries/000", "private, no-cache"},
		{false, "checkpoint", "private, no-cache"},
		{false, "tile/0/000", "private, no-cache"},
		{false, "tile/entries/000", "private, no-cache"},
	} {
		h := w.closed
		if c.public {
			h = w.open
		}
		got := w.get(h, credential{cookie: w.cookie}, w.log, c.file)
		origin := ""
		if c.public && c.want != "private, no-cache" {
			origin = "*"
		}
		if got.Code != http.StatusOK || got.Header().Get("Cache-Control") != c.want || got.Header().Get("Access-Control-Allow-Origin") != origin {
			t.Errorf("%s, public %t: %d %v", c.file, c.public, got.Code, got.Header())
		}
	}
}

// TestReadingIsOnTheRecord: entries are the log, tiles of hashes and checkpoints are not.
func TestReadingIsOnTheRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.grow(3)
	read := func() (surfaces []string) {
		w.must(w.reads.Record(t.Context()))
		page, err := auditlog.New(w.db).List(t.Context(), auditlog.Filter{Project: "acme", Types: []event.Type{"audit_log.read"}}, auditlog.Paging{})
		w.must(err)
		for _, row := range page.Rows {
			surfaces = append(surfaces, row.ActorID)
		}
		return surfaces
	}
	owner := credential{cookie: w.cookie}
	for _, file := range []string{"checkpoint", "tile/0/000.p/3", "tile/entries/000.p/4"} {
		w.get(w.closed, owner, w.log, file)
	}
	if got := read(); len(got) != 0 {
		t.Errorf("nothing was read, and on the record are %v", got)
	}
	for range 2 {
		w.get(w.closed, owner, w.log, "tile/entries/000.p/3")
	}
	if diff := cmp.Diff([]string{w.owner.Account.ID.String()}, read()); diff != "" {
		t.Error(diff)
	}
}
