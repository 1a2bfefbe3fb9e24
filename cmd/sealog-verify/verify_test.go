package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSound checks logs in which nothing is wrong, as a directory and as an archive.
func TestSound(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 255, 256, 257, 600} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			w := &exportWriter{tb: t, newest: soundEpoch(t, n)}
			files := w.files()
			since := write(t, "since", w.newest.checkpoint(t, int64(n)/2))
			for _, path := range []string{files.dir(t), files.archive(t), write(t, "export.tar", files.tar(t))} {
				o := verifyWith(t, append(keysOf(t, 1), path, "--since", since)...)
				if o.exit != 0 || o.report.Verdict != "sound" {
					t.Fatalf("exit %d\n%s%s", o.exit, o.stdout, o.stderr)
				}
				e := o.report.Epochs[0]
				if want := (counts{Intact: int64(n)}); *e.Events != want || e.OtherCheckpoints != 6 || e.SinceCheckpoints != 1 || e.Size != int64(n) {
					t.Errorf("%s", o.stdout)
				}
				o = verifyWith(t, append(keysOf(t, 1), path, "--root-only")...)
				if o.exit != 0 || o.report.Epochs[0].Events != nil || !strings.Contains(o.stdout, "--root-only") {
					t.Errorf("--root-only: exit %d\n%s", o.exit, o.stdout)
				}
			}
		})
	}
}

// TestManyBundles is a tree large enough for full tiles of level 1, and one of level 2.
func TestManyBundles(t *testing.T) {
	t.Parallel()
	e := &epochWriter{number: 1, older: []int64{65536}}
	for i := range 65536 + 300 {
		e.events = append(e.events, bare(t, i))
	}
	w := &exportWriter{tb: t, newest: e}
	files := w.files()
	path := files.dir(t)
	if o := verifyWith(t, append(keysOf(t, 1), path)...); o.exit != 0 || o.report.Epochs[0].Events.Intact != 65836 {
		t.Errorf("exit %d\n%s", o.exit, o.stdout)
	}
	for _, name := range []string{"tile/1/000", "tile/2/000.p/1"} {
		f := files.at(t, name)
		f.data[len(f.data)-1] ^= 1
	}
	o := verifyWith(t, append(keysOf(t, 1), files.without("tile/1/001.p/1").dir(t), "--root-only")...)
	if want := map[kind]int64{kindTile: 2, kindMissing: 1}; o.exit != 1 || !cmp.Equal(o.report.Findings.Counts, want) {
		t.Errorf("tiles: exit %d\n%s", o.exit, o.stdout)
	}
}

// TestReport is what people see.
func TestReport(t *testing.T) {
	t.Parallel()
	w := &exportWriter{tb: t, newest: soundEpoch(t, 10)}
	w.pending = append(w.pending, renamed(t, 11))
	var stdout, stderr strings.Builder
	exit := run(append(keysOf(t, 1), w.files().dir(t)), &stdout, &stderr)
	for _, want := range []string{
		"10 entries from position 0 on, origin " + testLog, "root ", "checkpoint of 10 entries, signed at 2026-11-22T20:00:10Z; signature: verified",
		"5 other checkpoints", "10 intact\n", "1 events are recorded and not proven: 1 intact", "NOT CHECKED", "--since", "verdict: sound\n",
	} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("%q is not in\n%s", want, stdout.String())
		}
	}
	if exit != 0 || stderr.Len() > 0 {
		t.Errorf("exit %d, %s", exit, stderr.String())
	}
}
