package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// TestBoundsAreDocumented compares docs/verify.md with the bounds of this program.
func TestBoundsAreDocumented(t *testing.T) {
	t.Parallel()
	b := defaults()
	table := "| flag | of | at most |\n|---|---|---|\n"
	for _, row := range []struct {
		flag, what string
		most       int64
	}{
		{"`--max-bytes`", "bytes of the export, unpacked", b.MaxBytes},
		{"`--max-ratio`", "how many times larger than its file an archive unpacks to, after 64 MiB", b.MaxRatio},
		{"`--max-files`", "files of the export", b.MaxFiles},
		{"`--max-epochs`", "epochs", b.MaxEpochs},
		{"`--max-checkpoints`", "checkpoints of an epoch beside the newest", b.MaxCheckpoints},
		{"`--max-pending`", "lines of `pending.ndjson`", b.MaxPending},
		{"", "bytes of the manifest", maxManifest},
		{"", "bytes of one checkpoint", maxNote},
		{"", "bytes of `checkpoints.txt` of an epoch", maxCheckpoints},
		{"", "bytes of the entries of a bundle (256 events)", maxBundle},
		{"", "bytes of the disclosures of a bundle", maxDisclosures},
		{"", "lines of the disclosures of a bundle", mostLines},
		{"", "bytes of a line of `pending.ndjson`", maxPendingLine},
		{"", "levels of nesting of the JSON of the manifest and of `pending.ndjson`", mostDepth},
		{"", "wrong checkpoints of an epoch, or malformed lines of `pending.ndjson`, that are looked at", mostWrong},
		{"", "bytes of a file of `--since`", maxSinceFile},
		{"", "bytes of a file of `--key`", maxKeyFile},
	} {
		table += fmt.Sprintf("| %s | %s | %d |\n", row.flag, row.what, row.most)
	}
	text, err := os.ReadFile("../../docs/verify.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), table) {
		t.Errorf("docs/verify.md must have this table:\n%s", table)
	}
}

// TestExportsThatKeepBusy has small files that would take minutes: each ends with exit status
// 2 and says which bound it exceeds.
func TestExportsThatKeepBusy(t *testing.T) {
	t.Parallel()
	w := &exportWriter{tb: t, newest: soundEpoch(t, 3)}
	plain := w.files()
	with := func(name string, data string) export {
		x := plain.without(name)
		x.add(name, []byte(data))
		return x
	}
	var epochs, wrong strings.Builder
	for i := 1; i <= 100_000; i++ {
		fmt.Fprintf(&epochs, `{"epoch":%d,"origin":%q,"start":0,"size":0,"checkpoint_size":0},`, i, originOf(testLog, i))
	}
	note := string(w.newest.checkpoint(t, 1))
	for i := range 20_000 {
		fmt.Fprintf(&wrong, "%s\n", strings.Replace(note, "\n1\n", fmt.Sprintf("\n%d\n", i+2), 1))
	}
	manifest := string(plain.at(t, "manifest.json").data)
	for name, c := range map[string]struct {
		files export
		args  []string
		exit  int
		says  string
	}{
		"malformed lines":      {with("pending.ndjson", strings.Repeat("{}\n", 5_000_000)), nil, 1, "malformed lines, and no more were looked at"},
		"lines":                {with("pending.ndjson", strings.Repeat("{}\n", 500)), []string{"--max-pending", "100"}, 1, "--max-pending"},
		"one checkpoint":       {with("checkpoints.txt", strings.TrimSuffix(strings.Repeat(note+"\n", 100_000), "\n")), nil, 0, "sound"},
		"wrong checkpoints":    {with("checkpoints.txt", strings.TrimSuffix(wrong.String(), "\n")), nil, 1, "wrong checkpoints, and no more were looked at"},
		"checkpoints":          {plain, []string{"--max-checkpoints", "2"}, 2, "--max-checkpoints"},
		"bytes":                {plain, []string{"--max-bytes", "3000"}, 2, "--max-bytes"},
		"files":                {plain, []string{"--max-files", "2"}, 2, "--max-files"},
		"a bound below one":    {plain, []string{"--max-files", "0"}, 2, "below one"},
		"deep manifest":        {with("manifest.json", strings.Repeat("[", 1_000_000)), nil, 2, "nested too deeply"},
		"lines of disclosures": {with("disclosures/000.ndjson", strings.Repeat("\n", 20_000_000)), nil, 1, "malformed"},
		"epochs":               {with("manifest.json", strings.Replace(strings.Replace(manifest, `"epoch":1`, `"epoch":100001`, 1), `"epochs":[`, `"epochs":[`+strings.TrimSuffix(epochs.String(), ","), 1)), nil, 2, "--max-epochs"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := c.files.dir(t)
			done := make(chan struct{})
			go func() {
				defer close(done)
				var out bytes.Buffer
				if exit := run(append(append(keysOf(t, 1), dir), c.args...), &out, &out); exit != c.exit || !strings.Contains(out.String(), c.says) {
					t.Errorf("exit %d, want %d and %q in\n%.3000s", exit, c.exit, c.says, out.String())
				}
			}()
			select {
			case <-done:
			case <-time.After(30 * time.Second):
				t.Error("still at work after 30 s")
			}
		})
	}
}

// TestBomb: an archive that unpacks to much more than it is.
func TestBomb(t *testing.T) {
	t.Parallel()
	var file bytes.Buffer
	packed := gzip.NewWriter(&file)
	archive := tar.NewWriter(packed)
	const size = 1 << 30
	if err := archive.WriteHeader(&tar.Header{Name: "manifest.json", Mode: 0o600, Size: size}); err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, 1<<20)
	for range size / len(zeros) {
		if _, err := archive.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := first(archive.Close(), packed.Close()); err != nil {
		t.Fatal(err)
	}
	src, err := newTarSource(&file, defaults())
	if err != nil {
		t.Fatal(err)
	}
	if err := src.end(); err != nil && !strings.Contains(err.Error(), "manifest.json") {
		t.Error(err)
	}
	src.next = nil // as if it had been read
	if err := src.look(); err == nil || !strings.Contains(err.Error(), "--max-ratio") {
		t.Errorf("%v", err)
	}
}
