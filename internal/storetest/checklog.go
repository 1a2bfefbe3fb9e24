package storetest

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/ledger"
	"github.com/sealog/sealog/internal/merkle"
	"github.com/sealog/sealog/internal/store"
)

type checkedLeaf struct {
	position int64
	id       event.ID
	hash     []byte
	entry    ledger.Packed
}

type checkedLog struct {
	id                        string
	epoch, start, size, signd int64
	frontier                  []byte
	openedBy                  event.ID
	closed                    bool
}

type checkedNote struct {
	epoch, size int64
	note        []byte
}

type checkedTile struct {
	epoch, level, idx int64
	hashes            []byte
}

// CheckLog builds a project's log again from its events and compares everything that the
// database keeps of it: positions, leaves, frontiers, tiles, checkpoints. Call it after every
// step of a test that has to do with the log.
func CheckLog(t testing.TB, db *store.DB, project string) {
	t.Helper()
	for _, problem := range Problems(t, db, project) {
		t.Error("log of " + project + ": " + problem)
	}
}

// Problems is what CheckLog finds, for tests in which something has to be found.
func Problems(t testing.TB, db *store.DB, project string) (problems []string) {
	t.Helper()
	wrong := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	leaves := collect(t, db, func(l *checkedLeaf) []any { return []any{&l.position, &l.id, &l.hash, &l.entry} }, `
		SELECT l.position, l.id, l.hash, e.entry
		FROM leaves l
		JOIN events e ON e.project_id = l.project_id AND e.id = l.id
		WHERE l.project_id = $1
		ORDER BY l.position`, project)
	for i, l := range leaves {
		if l.position != int64(i) {
			wrong("the leaf after %d has the position %d", i-1, l.position)
			return problems
		}
		if hash := merkle.LeafHash(l.entry); !bytes.Equal(l.hash, hash[:]) {
			wrong("the leaf at %d is not that of its event", i)
		}
	}
	count := func(query string) int64 {
		return collect(t, db, func(n *int64) []any { return []any{n} }, query, project)[0]
	}
	events := count(`SELECT count(*) FROM events WHERE project_id = $1`)
	queued := count(`SELECT count(*) FROM events_pending WHERE project_id = $1`)
	if n := count(`SELECT count(*) FROM leaves WHERE project_id = $1`); n != int64(len(leaves)) || events != n+queued {
		wrong("%d events, of which %d have positions and %d wait for one", events, n, queued)
	}
	logs := collect(t, db, func(l *checkedLog) []any {
		return []any{&l.id, &l.epoch, &l.start, &l.size, &l.signd, &l.frontier, &l.openedBy, &l.closed}
	}, `
		SELECT p.log_id, l.epoch, l.start, l.size, l.signed_size, l.frontier, l.opened_by, l.closed
		FROM logs l
		JOIN projects p ON p.project_id = l.project_id
		WHERE l.project_id = $1
		ORDER BY l.epoch`, project)
	end := int64(0)
	for i, log := range logs {
		if i > 0 && log.epoch <= logs[i-1].epoch || log.start != end || log.size < log.start || log.closed != (i+1 < len(logs)) {
			wrong("epoch %d has the positions from %d to %d after %d", log.epoch, log.start, log.size, end)
			return problems
		}
		end = log.size
		if log.size > int64(len(leaves)) {
			break
		}
		if !log.openedBy.IsZero() && log.size > log.start && leaves[log.start].id != log.openedBy {
			wrong("epoch %d begins with another event than the one that opened it", log.epoch)
		}
		problems = append(problems, checkEpoch(t, db, project, log, leaves[log.start:log.size])...)
	}
	if end != int64(len(leaves)) {
		wrong("%d positions were given, and the log counts %d", len(leaves), end)
	}
	return problems
}

// checkEpoch compares one tree with its leaves.
func checkEpoch(t testing.TB, db *store.DB, project string, log checkedLog, leaves []checkedLeaf) (problems []string) {
	t.Helper()
	wrong := func(format string, args ...any) {
		problems = append(problems, fmt.Sprintf("epoch %d: ", log.epoch)+fmt.Sprintf(format, args...))
	}
	var f merkle.Frontier
	roots := []merkle.Hash{f.Root()}
	tiles := map[[2]int64][]byte{}
	for i, l := range leaves {
		for level, hash := range f.Append(merkle.LeafHash(l.entry)) {
			if level > 0 && level%8 == 0 {
				place := [2]int64{int64(level / 8), int64(i) >> level / merkle.TileWidth}
				tiles[place] = append(tiles[place], hash[:]...)
			}
		}
		roots = append(roots, f.Root())
	}
	if !bytes.Equal(f.Bytes(), log.frontier) {
		wrong("the frontier is another one")
	}
	stored := collect(t, db, func(x *checkedTile) []any { return []any{&x.epoch, &x.level, &x.idx, &x.hashes} }, `
		SELECT epoch, level, idx, hashes FROM tiles WHERE project_id = $1 AND epoch = $2`, project, log.epoch)
	if len(stored) != len(tiles) {
		wrong("%d tiles, want %d", len(stored), len(tiles))
	}
	for _, x := range stored {
		if !bytes.Equal(x.hashes, tiles[[2]int64{x.level, x.idx}]) {
			wrong("tile %d/%d is another one", x.level, x.idx)
		}
	}
	origin := ledger.Origin(log.id, log.epoch)
	key := Vault(t).LogKey(origin).Verifier()
	newest := int64(0)
	for _, c := range collect(t, db, func(c *checkedNote) []any { return []any{&c.epoch, &c.size, &c.note} }, `
		SELECT epoch, size, note FROM checkpoints WHERE project_id = $1 AND epoch = $2 ORDER BY size`, project, log.epoch) {
		signed, err := merkle.Open(c.note, key)
		switch {
		case err != nil:
			wrong("checkpoint of size %d: %v", c.size, err)
		case signed.Size != c.size || c.size > int64(len(leaves)):
			wrong("checkpoint of size %d says %d, of %d leaves", c.size, signed.Size, len(leaves))
		case signed.Root != roots[c.size]:
			wrong("checkpoint of size %d has another root", c.size)
		case signed.At.IsZero():
			wrong("checkpoint of size %d says no time", c.size)
		}
		newest = c.size
	}
	if log.signd-log.start != newest {
		wrong("the newest checkpoint has the size %d, the log says %d", newest, log.signd-log.start)
	}
	return problems
}

func collect[T any](t testing.TB, db *store.DB, fields func(*T) []any, query string, args ...any) []T {
	t.Helper()
	rows, err := store.Collect(t.Context(), db, fields, query, args...)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}
