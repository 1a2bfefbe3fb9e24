package main

import (
	"errors"
	"runtime"
	"strings"
	"sync"

	"github.com/sealog/sealog/internal/merkle"
)

const (
	maxBundle      = merkle.TileWidth * (merkle.MaxEntry + 2)
	maxDisclosures = 256 << 20 // of the 256 events of one bundle
	// maxInFlight bounds the bytes of bundles that were read and not yet checked.
	maxInFlight = 256 << 20
	// maxKept is the largest buffer that is used again for the next bundle.
	maxKept = 8 << 20
)

// bundle is up to 256 entries on their way through the pass: from the reader to a worker, from
// there to the stage in order, and back to the reader, who fills it again.
type bundle struct {
	// Of the reader.
	first       int64 // index of its first leaf
	width       int   // how many entries it should have
	entries     []byte
	tile        []byte // their hashes
	disclosures []byte
	noTile      bool
	upper       []upperTile // tiles of hashes of hashes that end with it
	bytes       int64       // that it holds of the budget

	// Of the worker, who sends to done when it is through.
	hashes   []merkle.Hash
	events   []checked
	findings []finding
	done     chan struct{}
}

// upperTile is a hash tile of level 1 or more.
type upperTile struct {
	merkle.Tile
	text    []byte
	missing bool
}

// reader reads an epoch's files in order. It is one goroutine.
type reader struct {
	src    source
	log    *epochLog
	values bool // whether disclosures are wanted

	free, work, order chan *bundle
	budget            *budget
	// err and edge, the tiles of level 1 and more that are not full, are for whoever has seen
	// order closed.
	err  error
	edge []upperTile
}

// pass makes one pass over an epoch's entries, on all cores, in constant memory. It returns the
// reader's error: until then everything was checked.
func (v *verifier) pass(l *epochLog) error {
	workers := runtime.GOMAXPROCS(0)
	bundles := 2*workers + 2
	r := &reader{
		src: v.src, log: l, values: !v.rootOnly, budget: newBudget(maxInFlight),
		free: make(chan *bundle, bundles), work: make(chan *bundle, bundles), order: make(chan *bundle, bundles),
	}
	for range bundles {
		r.free <- &bundle{done: make(chan struct{}, 1)}
	}
	var wait sync.WaitGroup
	wait.Go(r.run)
	for range workers {
		wait.Go(func() {
			w := &worker{log: l, filter: v.filter, rootOnly: v.rootOnly}
			for b := range r.work {
				w.check(b)
				b.done <- struct{}{}
			}
		})
	}
	o := newOrder(v, l)
	for b := range r.order {
		<-b.done
		o.take(b)
		r.recycle(b)
	}
	wait.Wait()
	o.finish(r.edge, r.err == nil)
	return r.err
}

// run reads all bundles, and the tiles at the tree's right edge.
func (r *reader) run() {
	defer close(r.order)
	defer close(r.work)
	for first := int64(0); first < r.log.size; first += merkle.TileWidth {
		b := <-r.free
		b.first = first
		b.width = int(min(merkle.TileWidth, r.log.size-first))
		if r.err = r.fill(b); r.err != nil {
			return
		}
		b.bytes = int64(len(b.entries) + len(b.disclosures))
		r.budget.take(b.bytes)
		r.order <- b
		r.work <- b
	}
	for level := 1; level < 8 && r.log.size>>(8*level) > 0; level++ {
		whole := r.log.size >> (8 * level)
		if width := int(whole % merkle.TileWidth); width > 0 {
			var tile upperTile
			if tile, r.err = r.upper(merkle.Tile{Level: level, Index: whole / merkle.TileWidth, Width: width}); r.err != nil {
				return
			}
			r.edge = append(r.edge, tile)
		}
	}
}

// fill reads the files of one bundle.
func (r *reader) fill(b *bundle) (err error) {
	index := b.first / merkle.TileWidth
	entries := merkle.Tile{Level: merkle.EntriesLevel, Index: index, Width: b.width}
	if b.entries, err = read(r.src, r.log.dir+entries.Path(), maxBundle, b.entries); err != nil {
		return err
	}
	hashes := merkle.Tile{Level: 0, Index: index, Width: b.width}
	tile, there, err := readIfThere(r.src, r.log.dir+hashes.Path(), merkle.TileWidth*32, b.tile)
	if err != nil {
		return err
	}
	b.tile, b.noTile = tile, !there
	name := r.log.dir + disclosuresPath(index)
	if r.values {
		b.disclosures, _, err = readIfThere(r.src, name, maxDisclosures, b.disclosures)
	} else {
		err = skip(r.src, name)
	}
	if err != nil {
		return err
	}
	b.upper = b.upper[:0]
	done := index + 1 // bundles
	for level := 1; b.width == merkle.TileWidth && done%merkle.TileWidth == 0; level++ {
		done /= merkle.TileWidth
		tile, err := r.upper(merkle.Tile{Level: level, Index: done - 1, Width: merkle.TileWidth})
		if err != nil {
			return err
		}
		b.upper = append(b.upper, tile)
	}
	return nil
}

func (r *reader) upper(tile merkle.Tile) (upperTile, error) {
	text, there, err := readIfThere(r.src, r.log.dir+tile.Path(), merkle.TileWidth*32, nil)
	return upperTile{tile, text, !there}, err
}

// recycle gives a bundle back to the reader.
func (r *reader) recycle(b *bundle) {
	r.budget.give(b.bytes)
	if cap(b.entries)+cap(b.disclosures) > maxKept {
		b.entries, b.disclosures = nil, nil
	}
	r.free <- b
}

// disclosuresPath is where the disclosures of a bundle's events are: "disclosures/x001/234.ndjson".
func disclosuresPath(index int64) string {
	tile := merkle.Tile{Level: merkle.EntriesLevel, Index: index, Width: merkle.TileWidth}
	return "disclosures/" + strings.TrimPrefix(tile.Path(), "tile/entries/") + ".ndjson"
}

// skip passes over a file that may be absent.
func skip(src source, name string) error {
	_, _, err := src.open(name)
	if _, absent := errors.AsType[*absentError](err); absent {
		return nil
	}
	return err
}
