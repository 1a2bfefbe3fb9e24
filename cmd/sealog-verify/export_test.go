package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/merkle"
)

const testLog = "id.example.com/log/00112233445566778899aabbccddeeff"

var (
	testStart = time.Date(2026, time.November, 22, 20, 0, 0, 0, time.UTC)
	testUser  = event.ID{0x01, 0x93, 6: 0x70, 8: 0x80, 15: 0x0a}
)

// sealed is an event of a log that a test writes.
type sealed struct {
	entry  []byte
	arrays [][]byte // the disclosures that are given
	hidden bool     // withheld by a filter: no line at all
}

// epochWriter is an epoch of a log that a test writes.
type epochWriter struct {
	number int
	start  int64
	size   int64 // how much the checkpoint covers; 0 is everything
	events []*sealed
	// older are the sizes of checkpoints.txt. A checkpoint is signed a second after its last event.
	older []int64
}

func (e *epochWriter) origin() string { return originOf(testLog, e.number) }

func testKey(tb testing.TB, origin string) *merkle.Key {
	tb.Helper()
	seed := bytes.Repeat([]byte{byte(len(origin))}, 32)
	k, err := merkle.NewKey(origin, seed)
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

func testID(at time.Time, n int) event.ID {
	d := event.Floor(at)
	d[8] = 0x80
	d[12], d[13], d[14], d[15] = byte(n>>24), byte(n>>16), byte(n>>8), byte(n)
	return d
}

// record makes an event of a fact, a second for each n after the start.
func record[P event.Payload[P]](tb testing.TB, n int, fact P) *sealed {
	tb.Helper()
	return recordAt(tb, testID(testStart.Add(time.Duration(n)*time.Second), n), testLog, fact)
}

func recordAt[P event.Payload[P]](tb testing.TB, id event.ID, log string, fact P) *sealed {
	tb.Helper()
	by := event.By{
		Actor: event.Actor{Type: event.AdminAPIKey, ID: testUser.String(), Name: "CI key"}, Surface: event.ViaAdminAPI,
		Request: event.Request{
			ID: "req-1", IP: "192.0.2.7", UserAgent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36", URL: "https://id.example.com/_api/admin/graphql", Languages: []string{"de", "en"},
		},
	}
	e, err := event.New(fact, id, log, by, event.AboutUser("acme", testUser))
	if err != nil {
		tb.Fatal(err)
	}
	return &sealed{entry: e.Entry, arrays: bytes.Split(e.Disclosures, []byte("\n"))}
}

func created(tb testing.TB, n int) *sealed {
	tb.Helper()
	return record(tb, n, event.UserCreated{User: event.UserObject{
		ID: testUser, CreatedAt: testStart, UpdatedAt: testStart, Roles: []string{"buyer"}, Groups: []string{},
		StandardAttributes: json.RawMessage(`{"email":"kim@shop.example","given_name":"Kim","locale":"de-CH"}`),
		CustomAttributes:   json.RawMessage(`{}`), Web3: json.RawMessage(`{}`),
	}, Identities: []event.IdentityObject{{
		ID: testUser, CreatedAt: testStart, UpdatedAt: testStart, Type: "login_id", UserID: testUser, Claims: json.RawMessage(`{"email":"kim@shop.example"}`),
	}}})
}

func renamed(tb testing.TB, n int) *sealed {
	tb.Helper()
	return record(tb, n, event.ProjectAppRenamed{Name: fmt.Sprintf("Shop %d", n), NameBefore: fmt.Sprintf("Shop %d", n-1)})
}

// bare is an event without disclosures.
func bare(tb testing.TB, n int) *sealed {
	tb.Helper()
	id := testID(testStart.Add(time.Duration(n)*time.Second), n)
	return &sealed{entry: event.Entry{Capture: event.Witnessed, ID: id, Log: testLog, Outcome: "succeeded", Time: id.Time(), Type: "user.created"}.Canonical()}
}

// redaction is an event that says that fields of others were erased.
func redaction(tb testing.TB, n int, of *sealed, fields ...string) *sealed {
	tb.Helper()
	id := testID(testStart.Add(time.Duration(n)*time.Second), n+100_000)
	return recordAt(tb, id, testLog, event.AuditRedacted{UserID: testUser, Reason: "asked for", Events: []event.RedactedEvent{{ID: of.id(tb), Fields: fields}}})
}

func (s *sealed) id(tb testing.TB) event.ID {
	tb.Helper()
	e, err := event.ParseEntry(s.entry)
	if err != nil {
		tb.Fatal(err)
	}
	return e.ID
}

// erase takes the personal disclosures away and returns their names.
func (s *sealed) erase() (names []string) {
	var left [][]byte
	for _, array := range s.arrays {
		name, _, _ := readArray(array)
		if strings.HasSuffix(string(name), "~personal") {
			names = append(names, string(name))
			continue
		}
		left = append(left, array)
	}
	s.arrays = left
	return names
}

func (s *sealed) texts() []string {
	texts := []string{}
	for _, array := range s.arrays {
		texts = append(texts, base64.RawURLEncoding.EncodeToString(array))
	}
	return texts
}

// soundEpoch has n events of two kinds, and checkpoints at some sizes.
func soundEpoch(tb testing.TB, n int) *epochWriter {
	tb.Helper()
	e := &epochWriter{number: 1}
	for i := range n {
		if i%3 == 0 {
			e.events = append(e.events, created(tb, i))
		} else {
			e.events = append(e.events, renamed(tb, i))
		}
	}
	for _, size := range []int64{0, 1, int64(n) / 3, int64(n) / 2, int64(n) - 1} {
		e.older = append(e.older, max(size, 0))
	}
	return e
}

// file is a file of an export.
type file struct {
	name string
	data []byte
}

// export is an export's files in order.
type export []file

func (e *export) add(name string, data []byte) { *e = append(*e, file{name, data}) }

func (e export) at(tb testing.TB, name string) *file {
	tb.Helper()
	for i := range e {
		if e[i].name == name {
			return &e[i]
		}
	}
	tb.Fatalf("no file %s", name)
	return nil
}

func (e export) without(name string) export {
	var left export
	for _, f := range e {
		if f.name != name {
			left = append(left, f)
		}
	}
	return left
}

// exportWriter writes exports of logs as they are: what is wrong in a log it signs.
type exportWriter struct {
	tb      testing.TB
	newest  *epochWriter
	earlier []*epochWriter
	pending []*sealed
	filter  *filter
}

func (w *exportWriter) files() export {
	w.tb.Helper()
	var x export
	past := []pastEpoch{}
	for _, e := range w.earlier {
		size := int64(len(e.events))
		covered := e.size
		if covered == 0 {
			covered = size
		}
		past = append(past, pastEpoch{e.number, e.origin(), e.start, size, covered})
	}
	covered := w.newest.size
	if covered == 0 {
		covered = int64(len(w.newest.events))
	}
	manifest, err := json.Marshal(manifest{
		Version: 1, Project: "acme", Log: testLog, Origin: w.newest.origin(), Epoch: w.newest.number, Start: w.newest.start, Size: covered,
		MadeAt: "2026-11-23T00:00:00Z", Filter: w.filter, Epochs: past,
	})
	if err != nil {
		w.tb.Fatal(err)
	}
	x.add("manifest.json", manifest)
	w.epoch(&x, w.newest, "", covered, covered)
	var tail bytes.Buffer
	for i, s := range append(w.newest.events[covered:len(w.newest.events):len(w.newest.events)], w.pending...) {
		line := pendingLine{ID: s.id(w.tb), Entry: string(s.entry), Disclosures: s.texts()}
		if position := w.newest.start + covered + int64(i); int64(i) < int64(len(w.newest.events))-covered {
			line.Position = &position
		}
		text, err := json.Marshal(line)
		if err != nil {
			w.tb.Fatal(err)
		}
		tail.Write(append(text, '\n'))
	}
	x.add("pending.ndjson", tail.Bytes())
	for i, e := range w.earlier {
		w.epoch(&x, e, fmt.Sprintf("epochs/%d/", e.number), past[i].CheckpointSize, past[i].Size)
	}
	return x
}

func (w *exportWriter) epoch(x *export, e *epochWriter, dir string, covered, size int64) {
	w.tb.Helper()
	x.add(dir+"checkpoint", e.checkpoint(w.tb, covered))
	var older [][]byte
	for _, n := range e.older {
		older = append(older, e.checkpoint(w.tb, n))
	}
	x.add(dir+"checkpoints.txt", merkle.JoinCheckpoints(older))
	tree, levels := merkle.Frontier{}, map[int][]byte{}
	for first := int64(0); first < size; first += merkle.TileWidth {
		var bundle, hashes, lines []byte
		width := int(min(merkle.TileWidth, size-first))
		var upper export
		for i, s := range e.events[first : first+int64(width)] {
			bundle, _ = merkle.AppendEntry(bundle, s.entry)
			hash := merkle.LeafHash(s.entry)
			hashes = append(hashes, hash[:]...)
			for level, h := range tree.Append(hash) {
				if level == 0 || level%8 != 0 {
					continue
				}
				levels[level/8] = append(levels[level/8], h[:]...)
				if len(levels[level/8]) == 256*32 {
					index := tree.Size()>>level/256 - 1
					upper.add(dir+merkle.Tile{Level: level / 8, Index: index, Width: 256}.Path(), levels[level/8])
					levels[level/8] = nil
				}
			}
			if !s.hidden {
				texts, _ := json.Marshal(s.texts())
				lines = fmt.Appendf(lines, `{"position":%d,"disclosures":%s}`+"\n", e.start+first+int64(i), texts)
			}
		}
		index := first / merkle.TileWidth
		x.add(dir+merkle.Tile{Level: merkle.EntriesLevel, Index: index, Width: width}.Path(), bundle)
		x.add(dir+merkle.Tile{Level: 0, Index: index, Width: width}.Path(), hashes)
		x.add(dir+disclosuresPath(index), lines)
		*x = append(*x, upper...)
	}
	for level := 1; level < 8; level++ {
		if part := levels[level]; len(part) > 0 {
			x.add(dir+merkle.Tile{Level: level, Index: size >> (8 * level) / 256, Width: len(part) / 32}.Path(), part)
		}
	}
}

// tree is the epoch's tree at a size.
func (e *epochWriter) tree(size int64) (tree merkle.Frontier) {
	for _, s := range e.events[:size] {
		tree.Append(merkle.LeafHash(s.entry))
	}
	return tree
}

func (e *epochWriter) checkpoint(tb testing.TB, size int64) []byte {
	tb.Helper()
	at := testStart
	if size > 0 {
		at = e.events[size-1].id(tb).Time().Add(time.Second)
	}
	return e.checkpointAt(tb, size, at)
}

func (e *epochWriter) checkpointAt(tb testing.TB, size int64, at time.Time) []byte {
	tb.Helper()
	note, err := testKey(tb, e.origin()).Sign(merkle.Checkpoint{Origin: e.origin(), Size: size, Root: e.tree(size).Root()}, at)
	if err != nil {
		tb.Fatal(err)
	}
	return note
}

// dir writes the files to a directory.
func (e export) dir(tb testing.TB) string {
	tb.Helper()
	dir := tb.TempDir()
	for _, f := range e {
		path := filepath.Join(dir, f.name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(path, f.data, 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	return dir
}

func (e export) tar(tb testing.TB) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range e {
		if err := w.WriteHeader(&tar.Header{Name: f.name, Size: int64(len(f.data)), Mode: 0o600, Typeflag: tar.TypeReg}); err != nil {
			tb.Fatal(err)
		}
		if _, err := w.Write(f.data); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// archive writes the files to a .tar.gz.
func (e export) archive(tb testing.TB) string {
	tb.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.Copy(w, bytes.NewReader(e.tar(tb))); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return write(tb, "export.tar.gz", b.Bytes())
}

func write(tb testing.TB, name string, data []byte) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

// outcome is what a run gave.
type outcome struct {
	exit   int
	report report
	stdout string
	stderr string
}

// keysOf are the flags with the keys of epochs.
func keysOf(tb testing.TB, epochs ...int) []string {
	tb.Helper()
	var args []string
	for _, n := range epochs {
		args = append(args, "--key", testKey(tb, originOf(testLog, n)).Verifier())
	}
	return args
}

// verifyWith runs the program with --json.
func verifyWith(tb testing.TB, args ...string) outcome {
	tb.Helper()
	var stdout, stderr bytes.Buffer
	o := outcome{exit: run(append(args, "--json"), &stdout, &stderr), stdout: stdout.String(), stderr: stderr.String()}
	if stdout.Len() > 0 {
		if err := json.Unmarshal(stdout.Bytes(), &o.report); err != nil {
			tb.Fatalf("%v in %s", err, stdout.String())
		}
	}
	return o
}
