package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/merkle"
)

// trial is a log that is attacked: first by who can sign it, then by who has only the files.
type trial struct {
	t     *testing.T
	log   *exportWriter
	files export
	args  []string // beside the keys
	keys  []string
}

func (x *trial) events() []*sealed { return x.log.newest.events }

func (x *trial) file(name string) *file { return x.files.at(x.t, name) }

// replace changes a text of a file that is there just once.
func (x *trial) replace(name, old, with string) {
	x.t.Helper()
	f := x.file(name)
	if bytes.Count(f.data, []byte(old)) != 1 {
		x.t.Fatalf("%s has %q %d times", name, old, bytes.Count(f.data, []byte(old)))
	}
	f.data = bytes.Replace(f.data, []byte(old), []byte(with), 1)
}

// reseal computes the files anew after the log was changed by somebody without the key.
func (x *trial) reseal(change func()) {
	signed := slices.Clone(x.file("checkpoint").data)
	others := slices.Clone(x.file("checkpoints.txt").data)
	change()
	x.files = x.log.files()
	x.file("checkpoint").data, x.file("checkpoints.txt").data = signed, others
}

// unsigned is a checkpoint of the log with a signature of another checkpoint.
func (x *trial) unsigned() {
	body := merkle.Checkpoint{Origin: testLog, Size: int64(len(x.events())), Root: x.log.newest.tree(int64(len(x.events()))).Root()}.Text()
	_, signatures, _ := bytes.Cut(x.file("checkpoint").data, []byte("\n\n"))
	x.file("checkpoint").data = append([]byte(body+"\n"), signatures...)
}

func (x *trial) insert(at int, s *sealed) {
	x.log.newest.events = slices.Insert(x.log.newest.events, at, s)
}

// disclosuresOf is a line of a disclosures file.
func (x *trial) line(name string, n int) string {
	return string(bytes.SplitAfter(x.file(name).data, []byte("\n"))[n])
}

const (
	firstBundle      = "tile/entries/000"
	secondBundle     = "tile/entries/001.p/44"
	firstDisclosures = "disclosures/000.ndjson"
)

// attacks are on a log of 300 events. Sign changes what is signed, edit the files.
var attacks = []struct {
	name string
	sign func(*trial)
	edit func(*trial)
	exit int
	want map[kind]int64 // findings, by which check
	says string         // in the report
	// onlyArchive is for what a directory cannot have. inArchive is the findings there, when it
	// differs: where its order goes wrong, an archive is read no further.
	onlyArchive bool
	inArchive   map[kind]int64
}{
	{name: "nothing", exit: 0},

	// Who has the files only.
	{name: "an entry edited", exit: 1, edit: func(x *trial) {
		x.replace(secondBundle, fmt.Sprintf(`%s","log"`, x.events()[260].id(x.t)), fmt.Sprintf(`%s","log"`, x.events()[3].id(x.t)))
	}, want: map[kind]int64{kindRoot: 1, kindTile: 1, kindMalformed: 1, kindPrefix: 1}, says: "the first 300 entries have the root"},
	{name: "an entry edited, tiles recomputed", exit: 1, edit: func(x *trial) {
		x.reseal(func() { x.events()[200].entry = x.events()[3].entry })
	}, want: map[kind]int64{kindRoot: 1, kindPrefix: 1, kindMismatch: 1, kindDuplicate: 1, kindTime: 1}},
	{name: "an entry edited, tiles and checkpoint recomputed without the key", exit: 1, edit: func(x *trial) {
		x.reseal(func() { x.events()[299] = renamed(x.t, 299) })
		x.unsigned()
	}, want: map[kind]int64{kindSignature: 1}},
	{name: "a value edited", exit: 1, edit: func(x *trial) {
		e := *x.events()[4]
		x.replace(firstDisclosures, x.line(firstDisclosures, 4), lineOf(4, renamedTo(x.t, &e, "Shop 4", "Shop 5")))
	}, want: map[kind]int64{kindMismatch: 1}, says: "payload.name does not open its digest"},
	{name: "a value damaged", exit: 1, edit: func(x *trial) {
		text := x.events()[4].texts()[0]
		x.replace(firstDisclosures, text, text[1:])
	}, want: map[kind]int64{kindMismatch: 1}, says: "a disclosure is damaged"},
	{name: "an entry deleted", exit: 1, edit: func(x *trial) {
		x.reseal(func() { x.log.newest.events = slices.Delete(x.events(), 100, 101) })
	}, want: map[kind]int64{kindMissing: 2, kindPrefix: 1}, inArchive: map[kind]int64{kindMissing: 1, kindPrefix: 1}, says: "the manifest says 299"},
	{name: "an entry deleted, manifest as it was", exit: 1, edit: func(x *trial) {
		f := x.file(firstBundle)
		size := 2 + len(x.events()[0].entry)
		f.data = f.data[size:]
	}, want: map[kind]int64{kindMissing: 1, kindTile: 1, kindMismatch: 255, kindMalformed: 1}, says: "has 255 entries instead of 256"},
	{name: "an entry inserted", exit: 1, edit: func(x *trial) {
		x.reseal(func() { x.insert(10, renamed(x.t, 1000)) })
	}, want: map[kind]int64{kindMissing: 2, kindPrefix: 2, kindTime: 1}, inArchive: map[kind]int64{kindMissing: 1, kindPrefix: 2, kindTime: 1}},
	{name: "an entry too many in a bundle", exit: 1, edit: func(x *trial) {
		f := x.file(secondBundle)
		f.data, _ = merkle.AppendEntry(f.data, x.events()[0].entry)
	}, want: map[kind]int64{kindMissing: 1, kindTile: 1, kindDuplicate: 1, kindTime: 1}, says: "has 45 entries instead of 44"},
	{name: "two entries exchanged", exit: 1, edit: func(x *trial) {
		x.reseal(func() { e := x.events(); e[10], e[11] = e[11], e[10] })
	}, want: map[kind]int64{kindRoot: 1, kindPrefix: 3}},
	{name: "an entry duplicated in place of another", exit: 1, edit: func(x *trial) {
		x.reseal(func() { e := x.events(); e[298] = e[297] })
	}, want: map[kind]int64{kindRoot: 1, kindPrefix: 1, kindDuplicate: 1}},
	{name: "an older head is served", exit: 1, edit: func(x *trial) {
		since := write(x.t, "since", x.log.newest.checkpoint(x.t, 300))
		x.log.newest.events = x.events()[:290]
		x.log.newest.older = []int64{5}
		x.files, x.args = x.log.files(), []string{"--since", since}
	}, want: map[kind]int64{kindPrefix: 1}, says: "covers 300 entries, and the export has only 290"},
	{name: "an older head is served, and a newer one forgotten in it", exit: 1, edit: func(x *trial) {
		newer := x.log.newest.checkpoint(x.t, 300)
		x.log.newest.events = x.events()[:290]
		x.log.newest.older = []int64{5}
		x.files = x.log.files()
		x.file("checkpoints.txt").data = newer
	}, want: map[kind]int64{kindPrefix: 1}},
	{name: "an older head is served and nothing newer is known", exit: 0, edit: func(x *trial) {
		x.log.newest.events = x.events()[:290]
		x.log.newest.older = []int64{5}
		x.files = x.log.files()
	}, says: "only a checkpoint that was kept elsewhere shows it"},
	{name: "disclosures of two events exchanged", exit: 1, edit: func(x *trial) {
		a, b := x.line(firstDisclosures, 4), x.line(firstDisclosures, 5)
		x.replace(firstDisclosures, a+b, strings.Replace(b, `:5,`, `:4,`, 1)+strings.Replace(a, `:4,`, `:5,`, 1))
	}, want: map[kind]int64{kindMismatch: 2}},
	{name: "lines of disclosures exchanged", exit: 1, edit: func(x *trial) {
		a, b := x.line(firstDisclosures, 4), x.line(firstDisclosures, 5)
		x.replace(firstDisclosures, a+b, b+a)
	}, want: map[kind]int64{kindMalformed: 1, kindWithheld: 1}},
	{name: "a line of disclosures twice", exit: 1, edit: func(x *trial) {
		a := x.line(firstDisclosures, 4)
		x.replace(firstDisclosures, a, a+a)
	}, want: map[kind]int64{kindMalformed: 1}},
	{name: "a disclosure twice", exit: 1, edit: func(x *trial) {
		text := `"` + x.events()[4].texts()[0] + `"`
		x.replace(firstDisclosures, text, text+","+text)
	}, want: map[kind]int64{kindMismatch: 1}, says: "is there twice"},
	{name: "a disclosure left out", exit: 1, edit: func(x *trial) {
		text := `"` + x.events()[4].texts()[0] + `",`
		x.replace(firstDisclosures, text, "")
	}, want: map[kind]int64{kindWithheld: 1}, says: "context: not in the export"},
	{name: "a line of disclosures left out", exit: 1, edit: func(x *trial) {
		x.replace(firstDisclosures, x.line(firstDisclosures, 4), "")
	}, want: map[kind]int64{kindWithheld: 1}},
	{name: "a file of disclosures left out", exit: 1, edit: func(x *trial) {
		x.files = x.files.without(firstDisclosures)
	}, want: map[kind]int64{kindWithheld: 256}},
	{name: "a filter invented", exit: 1, edit: func(x *trial) {
		x.replace(firstDisclosures, x.line(firstDisclosures, 4), "")
		x.replace("manifest.json", `"filter":null`, `"filter":{"from":null,"to":null,"types":["project.app.renamed","user.created"],"actors":null}`)
	}, want: map[kind]int64{kindWithheld: 1}},
	{name: "a hash tile edited", exit: 1, edit: func(x *trial) { x.file("tile/0/000").data[77] ^= 4 }, want: map[kind]int64{kindTile: 1}},
	{name: "a hash tile of level 1 edited", exit: 1, edit: func(x *trial) { x.file("tile/1/000.p/1").data[7] ^= 4 }, want: map[kind]int64{kindTile: 1}},
	{name: "a hash tile left out", exit: 1, edit: func(x *trial) { x.files = x.files.without("tile/0/000") }, want: map[kind]int64{kindMissing: 1}},
	{name: "the last bundle left out", exit: 1, edit: func(x *trial) {
		x.files = x.files[:slices.IndexFunc(x.files, func(f file) bool { return f.name == secondBundle })]
	}, want: map[kind]int64{kindMissing: 1}, says: "256 entries were read of 300"},
	{name: "the checkpoint left out", exit: 1, edit: func(x *trial) { x.files = x.files.without("checkpoint") }, want: map[kind]int64{kindMissing: 1}},
	{name: "everything left out", exit: 2, edit: func(x *trial) {
		x.log.newest.events, x.log.newest.older = nil, nil
		x.files = x.log.files().without("checkpoint")
	}, says: "nothing in it is proven"},
	{name: "a checkpoint of checkpoints.txt with another root", exit: 1, edit: func(x *trial) {
		fork := &epochWriter{number: 1, events: slices.Clone(x.events())}
		fork.events[5] = renamed(x.t, 5)
		x.file("checkpoints.txt").data = fork.checkpoint(x.t, 100)
	}, want: map[kind]int64{kindPrefix: 1}},
	{name: "a checkpoint of checkpoints.txt that is not signed", exit: 1, edit: func(x *trial) {
		f := x.file("checkpoints.txt")
		f.data = bytes.Replace(f.data, []byte("\n150\n"), []byte("\n151\n"), 1)
	}, want: map[kind]int64{kindSignature: 1}},
	{name: "checkpoints.txt damaged", exit: 1, edit: func(x *trial) { f := x.file("checkpoints.txt"); f.data = f.data[:len(f.data)-3] },
		want: map[kind]int64{kindMalformed: 1}},
	{name: "a file twice", onlyArchive: true, exit: 1, edit: func(x *trial) {
		i := slices.IndexFunc(x.files, func(f file) bool { return f.name == firstBundle })
		x.files = slices.Insert(x.files, i+1, x.files[i])
	}, want: map[kind]int64{kindMissing: 1}, says: "there twice or out of order"},

	// Who has the key, or another.
	{name: "another key of the same origin", exit: 1, edit: func(x *trial) {
		k, err := merkle.NewKey(testLog, bytes.Repeat([]byte{9}, 32))
		if err != nil {
			x.t.Fatal(err)
		}
		x.keys = []string{"--key", k.Verifier()}
	}, want: map[kind]int64{kindSignature: 6}},
	{name: "a key of another log", exit: 2, edit: func(x *trial) {
		x.keys = []string{"--key", testKey(x.t, "other.example/log/0").Verifier()}
	}, says: "A key of other.example/log/0 was given"},
	{name: "no key", exit: 2, edit: func(x *trial) { x.keys = nil }, says: "no key of its origin"},
	{name: "no key, and an entry edited", exit: 1, edit: func(x *trial) {
		x.keys = nil
		x.reseal(func() { e := x.events(); e[298] = e[297] })
	}, want: map[kind]int64{kindRoot: 1, kindDuplicate: 1}},
	{name: "a checkpoint of another origin", exit: 1, edit: func(x *trial) {
		other := &epochWriter{number: 2, events: x.events()}
		x.file("checkpoint").data = other.checkpoint(x.t, 300)
	}, want: map[kind]int64{kindSignature: 1}},
	{name: "an entry replayed from another log", exit: 1, sign: func(x *trial) {
		x.insert(300, recordAt(x.t, testID(testStart.Add(300*time.Second), 300), "id.example.com/log/ffeeddccbbaa99887766554433221100", event.ProjectAppRenamed{Name: "a"}))
	}, want: map[kind]int64{kindMalformed: 1}, says: "the entry is of the log id.example.com/log/ff"},
	{name: "an entry in another form", exit: 1, sign: func(x *trial) {
		x.events()[9].entry = bytes.Replace(x.events()[9].entry, []byte(`,"v":1`), []byte(`, "v":1`), 1)
	}, want: map[kind]int64{kindMalformed: 1}},
	{name: "a time that is not the id's", exit: 1, sign: func(x *trial) {
		e := x.events()[9]
		e.entry = bytes.Replace(e.entry, []byte(`:09.000000Z"`), []byte(`:09.000001Z"`), 1)
	}, want: map[kind]int64{kindMalformed: 1}, says: "the entry's time is"},
	{name: "an event twice", exit: 1, sign: func(x *trial) { x.insert(5, x.events()[4]) }, want: map[kind]int64{kindDuplicate: 1}},
	{name: "a salt in another form", exit: 1, sign: func(x *trial) {
		e := x.events()[4]
		old := e.arrays[0]
		e.arrays[0] = slices.Clone(old)
		e.arrays[0][5] = '='
		e.entry = bytes.Replace(e.entry, []byte(event.Digest(old)), []byte(event.Digest(e.arrays[0])), 1)
	}, want: map[kind]int64{kindMalformed: 1}},
	{name: "an event dated back", exit: 1, sign: func(x *trial) {
		x.insert(290, record(x.t, 20, event.ProjectAppRenamed{Name: "a"}))
		x.log.newest.older = []int64{200, 300} // the one of 299 events stands right behind it
		x.events()[290] = recordAt(x.t, testID(testStart.Add(20*time.Second), 999), testLog, event.ProjectAppRenamed{Name: "a"})
	}, want: map[kind]int64{kindTime: 1}, says: "it was dated back"},
	{name: "an event dated ahead", exit: 1, sign: func(x *trial) {
		x.events()[10] = recordAt(x.t, testID(testStart.Add(20*time.Minute), 999), testLog, event.ProjectAppRenamed{Name: "a"})
	}, want: map[kind]int64{kindTime: 1}, says: "was signed at"},
	{name: "times within the skew", exit: 0, sign: func(x *trial) {
		x.events()[110] = recordAt(x.t, testID(testStart.Add(5*time.Second), 999), testLog, event.ProjectAppRenamed{Name: "a"})
	}},
	{name: "times within the skew, and a smaller one", exit: 1, sign: func(x *trial) {
		x.events()[110] = recordAt(x.t, testID(testStart.Add(5*time.Second), 999), testLog, event.ProjectAppRenamed{Name: "a"})
		x.args = []string{"--max-skew", "1m"}
	}, want: map[kind]int64{kindTime: 1}},

	// Erasure.
	{name: "erased, and said so later", exit: 0, sign: func(x *trial) {
		e := x.events()[6]
		x.insert(300, redaction(x.t, 300, e, e.erase()...))
	}, says: "What the erased values of 1 events were"},
	{name: "erased, and nothing said", exit: 1, sign: func(x *trial) { x.events()[6].erase() },
		want: map[kind]int64{kindWithheld: 1}, says: "context~personal, payload.identities~personal, payload.user~personal"},
	{name: "erased, and not all of it said", exit: 1, sign: func(x *trial) {
		e := x.events()[6]
		x.insert(300, redaction(x.t, 300, e, e.erase()[1:]...))
	}, want: map[kind]int64{kindWithheld: 1}, says: "context~personal: not in the export"},
	{name: "erased, and said of another event", exit: 1, sign: func(x *trial) {
		e := x.events()[6]
		x.insert(300, redaction(x.t, 300, x.events()[9], e.erase()...))
	}, want: map[kind]int64{kindWithheld: 1}},
	{name: "erased, and said before", exit: 1, sign: func(x *trial) {
		e := x.events()[6]
		x.insert(5, redaction(x.t, 5, e, e.erase()...))
	}, want: map[kind]int64{kindWithheld: 1}},
	{name: "erased, and said in the unsealed tail", exit: 2, sign: func(x *trial) {
		e := x.events()[6]
		x.log.pending = append(x.log.pending, redaction(x.t, 300, e, e.erase()...))
	}, says: "only events that are not sealed yet say that they were erased"},
	{name: "erased, and a redaction that is itself withheld", exit: 1, sign: func(x *trial) {
		e := x.events()[6]
		r := redaction(x.t, 300, e, e.erase()...)
		r.arrays = r.arrays[:2]
		x.insert(300, r)
	}, want: map[kind]int64{kindWithheld: 2}},

	// Filters.
	{name: "filtered by type", exit: 0, sign: func(x *trial) {
		e := x.events()[6]
		x.insert(300, redaction(x.t, 300, e, e.erase()...))
		x.log.filter = &filter{Types: []string{"user.created"}}
		for i, e := range x.events()[:300] {
			e.hidden = i%3 != 0
		}
		x.events()[300].arrays = slices.Delete(x.events()[300].arrays, 1, 2) // context~personal
	}, says: "The values of 201 events that the export's filter withholds"},
	{name: "filtered by time and actor", exit: 0, sign: func(x *trial) {
		from, to := testStart.Add(10*time.Second), testStart.Add(20*time.Second)
		x.log.filter = &filter{From: &from, To: &to, Actors: []string{"somebody"}}
		for i, e := range x.events() {
			e.hidden = i != 12
		}
	}, says: "who acted is in the values"},
	{name: "filtered by time, and one withheld that the filter lets through", exit: 1, sign: func(x *trial) {
		from, to := testStart.Add(10*time.Second), testStart.Add(20*time.Second)
		x.log.filter = &filter{From: &from, To: &to}
		for i, e := range x.events() {
			e.hidden = i < 10 || i > 19 || i == 13
		}
	}, want: map[kind]int64{kindWithheld: 1}},
	{name: "filtered, and the redaction withheld", exit: 1, sign: func(x *trial) {
		e := x.events()[6]
		r := redaction(x.t, 300, e, e.erase()...)
		x.insert(300, r)
		x.log.filter = &filter{Types: []string{"user.created"}}
		r.hidden = true
	}, want: map[kind]int64{kindWithheld: 2}},

	// The unsealed tail.
	{name: "a tail", exit: 0, sign: func(x *trial) {
		x.log.newest.size, x.log.newest.older = 280, []int64{5}
		x.log.pending = append(x.log.pending, created(x.t, 301), renamed(x.t, 302))
	}, says: "22 events of the tail are recorded and not proven"},
	{name: "a tail with an edited value", exit: 1, sign: func(x *trial) { x.log.pending = append(x.log.pending, renamed(x.t, 301)) },
		edit: func(x *trial) {
			x.replace("pending.ndjson", x.log.pending[0].texts()[0], renamed(x.t, 301).texts()[0])
		}, want: map[kind]int64{kindMismatch: 1}},
	{name: "a tail with an edited entry", exit: 1, sign: func(x *trial) { x.log.pending = append(x.log.pending, renamed(x.t, 301)) },
		edit: func(x *trial) { x.replace("pending.ndjson", `:05:01.000000Z`, `:05:02.000000Z`) }, want: map[kind]int64{kindMalformed: 1}},
	{name: "a tail with a sealed event", exit: 1, sign: func(x *trial) { x.log.pending = append(x.log.pending, x.events()[7]) },
		want: map[kind]int64{kindDuplicate: 1}},
	{name: "a tail with a withheld value", exit: 1, sign: func(x *trial) {
		s := created(x.t, 301)
		s.erase()
		x.log.pending = append(x.log.pending, s)
	}, want: map[kind]int64{kindWithheld: 1}},
	{name: "a tail with an erased value", exit: 0, sign: func(x *trial) {
		s := created(x.t, 301)
		x.log.pending = append(x.log.pending, s, redaction(x.t, 302, s, s.erase()...))
	}},
	{name: "a tail with sealed positions", exit: 1, sign: func(x *trial) { x.log.newest.size, x.log.newest.older = 299, nil },
		edit: func(x *trial) { x.replace("pending.ndjson", `"position":299`, `"position":298`) }, want: map[kind]int64{kindMalformed: 1}},
	{name: "a tail of nonsense", exit: 1, edit: func(x *trial) { x.file("pending.ndjson").data = []byte("{}x\n\n[]\n{\"a\":1}") },
		want: map[kind]int64{kindMalformed: 4}},

	// What is no export.
	{name: "another version", exit: 2, edit: func(x *trial) { x.replace("manifest.json", `"version":1`, `"version":2`) }, says: "of version 2"},
	{name: "a manifest of another log", exit: 1, edit: func(x *trial) {
		x.file("manifest.json").data = bytes.ReplaceAll(x.file("manifest.json").data, []byte("0011"), []byte("0022"))
	}, want: map[kind]int64{kindMalformed: 300}, says: "A key of"},
	{name: "a manifest that contradicts itself", exit: 2, edit: func(x *trial) { x.replace("manifest.json", `"epoch":1`, `"epoch":2`) }},
	{name: "a manifest of another size", exit: 1, edit: func(x *trial) { x.replace("manifest.json", `"size":300`, `"size":299`) }, want: map[kind]int64{kindMissing: 1}},
	{name: "no manifest", exit: 2, edit: func(x *trial) { x.files = x.files.without("manifest.json") }},
	{name: "control characters", exit: 2, edit: func(x *trial) {
		x.replace("manifest.json", `"acme"`, `"acme\u001b[2J\u202e\u009b"`)
		x.keys = nil
	}, says: `acme\\x1b[2J\\u202e\\u009b`},
}

// TestAttacks runs each attack on an archive and on a directory.
func TestAttacks(t *testing.T) {
	t.Parallel()
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			x := &trial{t: t, log: &exportWriter{tb: t, newest: soundEpoch(t, 300)}, keys: keysOf(t, 1)}
			if a.sign != nil {
				a.sign(x)
			}
			x.files = x.log.files()
			if a.edit != nil {
				a.edit(x)
			}
			inArchive := a.want
			if a.inArchive != nil {
				inArchive = a.inArchive
			}
			judge(t, verifyWith(t, slices.Concat(x.keys, x.args, []string{x.files.archive(t)})...), a.exit, inArchive, a.says)
			if !a.onlyArchive {
				judge(t, verifyWith(t, slices.Concat(x.keys, x.args, []string{x.files.dir(t)})...), a.exit, a.want, a.says)
			}
		})
	}
}

func judge(t *testing.T, o outcome, exit int, want map[kind]int64, says string) {
	t.Helper()
	got := o.report.Findings.Counts
	if want == nil {
		want = map[kind]int64{}
	}
	if o.exit != exit || !cmp.Equal(got, want) || !strings.Contains(o.stdout, says) {
		t.Errorf("exit %d, want %d, %v, want %v, %q\n%s%s", o.exit, exit, got, want, says, o.stdout, o.stderr)
	}
}

// lineOf is a line of a disclosures file.
func lineOf(position int64, s *sealed) string {
	texts, _ := json.Marshal(s.texts())
	return fmt.Sprintf(`{"position":%d,"disclosures":%s}`+"\n", position, texts)
}

// renamedTo is an event whose disclosure says something else with the same salt.
func renamedTo(t *testing.T, s *sealed, old, with string) *sealed {
	t.Helper()
	edited := &sealed{entry: s.entry}
	for _, array := range s.arrays {
		edited.arrays = append(edited.arrays, bytes.Replace(array, []byte(old), []byte(with), 1))
	}
	return edited
}
