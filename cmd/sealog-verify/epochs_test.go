package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sealog/sealog/internal/event"
)

// opened is the event that opens an epoch after another one.
func opened(tb testing.TB, n int, next int, before *epochWriter) *sealed {
	tb.Helper()
	known, all := before.tree(before.size), before.tree(int64(len(before.events)))
	return record(tb, n, event.AuditLogEpochOpened{
		Epoch: next, Reason: "a backup was restored", PreviousOrigin: before.origin(),
		LastKnown: event.KnownTreeObject{Size: known.Size(), Root: known.Root().String()},
		Closed:    event.TreeObject{Size: all.Size(), Root: all.Root().String()},
	})
}

// twoEpochs is a log whose first epoch of 300 entries was signed up to 280 of them.
func twoEpochs(t *testing.T) *exportWriter {
	t.Helper()
	first := soundEpoch(t, 300)
	first.size, first.older = 280, []int64{0, 100, 280}
	second := &epochWriter{number: 2, start: 300, older: []int64{1}}
	second.events = append(second.events, opened(t, 400, 2, first))
	for n := range 20 {
		second.events = append(second.events, renamed(t, 401+n))
	}
	return &exportWriter{tb: t, newest: second, earlier: []*epochWriter{first}}
}

var epochTrials = []struct {
	name string
	sign func(*testing.T, *exportWriter)
	edit func(*testing.T, export) export
	keys []int // of epochs; nil is both
	exit int
	want map[kind]int64
	says string
}{
	{name: "sound", exit: 0, says: `"reason": "a backup was restored"`},
	{name: "sound, and erased across epochs", exit: 0, sign: func(t *testing.T, w *exportWriter) {
		a, b := w.earlier[0].events[3], w.earlier[0].events[6]
		first, second := w.earlier[0], w.newest
		first.events = append(first.events, redaction(t, 301, a, a.erase()...))
		second.start++
		second.events = append([]*sealed{opened(t, 400, 2, first)}, second.events[1:]...)
		second.events = append(second.events, redaction(t, 430, b, b.erase()...))
	}},
	{name: "sound, with an epoch lost", exit: 0, keys: []int{1, 4}, sign: func(t *testing.T, w *exportWriter) {
		w.newest.number = 4
		w.newest.events[0] = opened(t, 400, 4, w.earlier[0])
	}},
	{name: "sound, never signed before", exit: 0, keys: []int{2}, sign: func(t *testing.T, w *exportWriter) {
		w.earlier[0].older = nil
	}, edit: func(t *testing.T, x export) export {
		f := x.at(t, "manifest.json")
		f.data = bytes.Replace(f.data, []byte(`"checkpoint_size":280`), []byte(`"checkpoint_size":0`), 1)
		return x.without("epochs/1/checkpoint").without("epochs/1/checkpoints.txt")
	}},
	{name: "erased in the second epoch, and said in the first", exit: 1, sign: func(t *testing.T, w *exportWriter) {
		e := created(t, 419)
		w.newest.events[19] = e
		w.earlier[0].events = append(w.earlier[0].events, redaction(t, 301, e, e.erase()...))
		w.newest.start++
		w.newest.events[0] = opened(t, 400, 2, w.earlier[0])
	}, want: map[kind]int64{kindWithheld: 1}},
	{name: "erased in the second epoch, and said before in it", exit: 1, sign: func(t *testing.T, w *exportWriter) {
		e := created(t, 419)
		w.newest.events[19] = e
		w.newest.events[2] = redaction(t, 402, e, e.erase()...)
	}, want: map[kind]int64{kindWithheld: 1}},
	{name: "no key of the first epoch", exit: 2, keys: []int{2}, says: "Epoch 1: no key of its origin"},
	{name: "no key of the second epoch", exit: 2, keys: []int{1}, says: "Epoch 2: no key of its origin"},
	{name: "no key of the first epoch, and its end edited", exit: 1, keys: []int{2}, edit: func(t *testing.T, x export) export {
		f := x.at(t, "epochs/1/tile/entries/001.p/44")
		f.data[len(f.data)-3] ^= 1
		return x
	}, want: map[kind]int64{kindEpoch: 1, kindTile: 1, kindMalformed: 1}, says: "was closed with 300 entries"},
	{name: "another closing", exit: 1, sign: func(t *testing.T, w *exportWriter) {
		short := *w.earlier[0]
		short.events = short.events[:290]
		w.newest.events[0] = opened(t, 400, 2, &short)
	}, want: map[kind]int64{kindEpoch: 1}, says: "was closed with 290 entries"},
	{name: "no opening", exit: 1, sign: func(t *testing.T, w *exportWriter) { w.newest.events[0] = renamed(t, 400) },
		want: map[kind]int64{kindEpoch: 1}},
	{name: "an opening of another epoch", exit: 1, sign: func(t *testing.T, w *exportWriter) { w.newest.events[0] = opened(t, 400, 3, w.earlier[0]) },
		want: map[kind]int64{kindEpoch: 1}, says: "opens epoch 3"},
	{name: "an opening after another log", exit: 1, sign: func(t *testing.T, w *exportWriter) {
		other := *w.earlier[0]
		other.number = 7
		w.newest.events[0] = opened(t, 400, 2, &other)
	}, want: map[kind]int64{kindEpoch: 1}},
	{name: "an opening whose values are withheld", exit: 1, sign: func(t *testing.T, w *exportWriter) { w.newest.events[0].hidden = true },
		want: map[kind]int64{kindEpoch: 1, kindWithheld: 1}},
	{name: "positions left out", exit: 1, sign: func(t *testing.T, w *exportWriter) { w.newest.start += 5 },
		want: map[kind]int64{kindEpoch: 1}, says: "begins at position 305"},
	{name: "an epoch left out", exit: 2, edit: func(t *testing.T, x export) export {
		f := x.at(t, "manifest.json")
		head, _, _ := strings.Cut(string(f.data), `"epochs"`)
		f.data = []byte(head + `"epochs":[]}`)
		return slices.DeleteFunc(x, func(f file) bool { return strings.HasPrefix(f.name, "epochs/") })
	}, says: "The epoch before epoch 2 is not in the export"},
	{name: "an epoch between left out", exit: 2, keys: []int{1, 4}, sign: func(t *testing.T, w *exportWriter) {
		between := *w.earlier[0]
		between.number = 3
		w.newest.number = 4
		w.newest.events[0] = opened(t, 400, 4, &between)
	}, says: "Epoch 3 is not in the export"},
	{name: "a second epoch without events", exit: 2, sign: func(t *testing.T, w *exportWriter) {
		w.newest.events, w.newest.older = nil, nil
	}, says: "Epoch 2 has no sealed event yet"},
	{name: "the end of the first epoch left out", exit: 1, edit: func(t *testing.T, x export) export {
		return x[:slices.IndexFunc(x, func(f file) bool { return f.name == "epochs/1/tile/entries/001.p/44" })]
	}, want: map[kind]int64{kindMissing: 1}},
}

func TestEpochs(t *testing.T) {
	t.Parallel()
	for _, e := range epochTrials {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			w := twoEpochs(t)
			if e.sign != nil {
				e.sign(t, w)
			}
			x := w.files()
			if e.edit != nil {
				x = e.edit(t, x)
			}
			keys := []int{1, 2}
			if e.keys != nil {
				keys = e.keys
			}
			for _, path := range []string{x.archive(t), x.dir(t)} {
				judge(t, verifyWith(t, append(keysOf(t, keys...), path)...), e.exit, e.want, e.says)
			}
		})
	}
}

// TestIDsAcrossEpochs: one that is in two epochs cannot be told by either, but their times do.
func TestIDsAcrossEpochs(t *testing.T) {
	t.Parallel()
	w := twoEpochs(t)
	w.newest.events = append(w.newest.events, recordAt(t, testID(testStart.Add(299*time.Second), 299), testLog, event.ProjectAppRenamed{Name: "a"}))
	w.newest.older = nil
	judge(t, verifyWith(t, append(keysOf(t, 1, 2), w.files().dir(t))...), 0, nil, "Whether an id of epoch 2 is in epoch 1 too")
}

func TestSince(t *testing.T) {
	t.Parallel()
	w := twoEpochs(t)
	x := w.files()
	path := x.dir(t)
	first := w.earlier[0]
	third := &epochWriter{number: 3, events: w.newest.events}
	forked := &epochWriter{number: 1, events: slices.Clone(first.events)}
	forked.events[2] = renamed(t, 2)
	otherKey := testKey(t, "other.example/log/0")
	for _, s := range []struct {
		name string
		note []byte
		args []string
		exit int
		want map[kind]int64
		says string
	}{
		{name: "of the second epoch", note: w.newest.checkpoint(t, 7), exit: 0, says: "covers 7 entries"},
		{name: "several", note: slices.Concat(first.checkpoint(t, 7), []byte("\n"), w.newest.checkpoint(t, 8)), exit: 0, says: "covers 8 entries"},
		{name: "of the first epoch", note: first.checkpoint(t, 7), exit: 0, says: "none of the newest epoch was given"},
		{name: "of the first epoch's unsigned end", note: first.checkpoint(t, 299), exit: 0},
		{name: "forked", note: forked.checkpoint(t, 7), exit: 1, want: map[kind]int64{kindPrefix: 1}},
		{name: "of an epoch that is not there", note: third.checkpoint(t, 1), args: keysOf(t, 3), exit: 1, want: map[kind]int64{kindPrefix: 1}},
		{name: "of an epoch that is not there, without a key", note: third.checkpoint(t, 1), exit: 2, says: "no key of its origin"},
		{name: "of another log", note: bytes.ReplaceAll(third.checkpoint(t, 1), []byte("0011"), []byte("1100")), exit: 2},
		{name: "not signed", note: bytes.Replace(first.checkpoint(t, 7), []byte("\n7\n"), []byte("\n6\n"), 1), exit: 2, says: "--since"},
		{name: "nonsense", note: []byte("x"), exit: 2, says: "holds no signed checkpoint"},
		{name: "nothing", exit: 2, says: "holds no signed checkpoint"},
	} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			args := slices.Concat(keysOf(t, 1, 2), s.args, []string{path, "--since", write(t, "since", s.note)})
			judge(t, verifyWith(t, args...), s.exit, s.want, s.says)
		})
	}
	judge(t, verifyWith(t, append(keysOf(t, 1, 2), path, "--since", path+"/nothing")...), 2, nil, "no such file")
	judge(t, verifyWith(t, append(keysOf(t, 1, 2), path, "--key", otherKey.Verifier())...), 0, nil, "")
	judge(t, verifyWith(t, append(keysOf(t, 1, 2, 3), path)...), 2, nil, "A key of")
}
