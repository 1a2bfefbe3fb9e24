package judges_test

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"

	"github.com/sealog/sealog/internal/merkle"
)

// TestTessera has Tessera write the same entries, and compares the files and the checkpoint.
func TestTessera(t *testing.T) {
	t.Parallel()
	for _, size := range []int64{1, 256, 1000, 66_000} {
		l, k := numbered(size), key(t, 1)
		ours, theirs := l.write(t, k), tesseraLog(t, l.entries)
		same := make(map[string]bool)
		if err := fs.WalkDir(os.DirFS(theirs), "tile", func(path string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() {
				same[path] = true
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		n := 0
		if err := fs.WalkDir(os.DirFS(ours), "tile", func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			n++
			if !same[path] {
				t.Errorf("%d entries: Tessera has no %s", size, path)
			} else if !bytes.Equal(get(t, ours, path), get(t, theirs, path)) {
				t.Errorf("%d entries: Tessera's %s is another", size, path)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if n != len(same) || size == 66_000 && !same["tile/2/000.p/1"] {
			t.Errorf("%d entries: %d files; Tessera has %d", size, n, len(same))
		}
		signed, err := merkle.Open(get(t, theirs, "checkpoint"), k.Verifier())
		if err != nil || signed.Size != size || signed.Root != l.roots[size] || signed.At.IsZero() {
			t.Errorf("%d entries: Tessera's checkpoint is %+v, %v", size, signed, err)
		}
		// Checkpoints of ours and Tessera's differ in the cosignature's time, and so only there.
		mine, others := lines(string(get(t, ours, "checkpoint"))), lines(string(get(t, theirs, "checkpoint")))
		if len(others) != len(mine) || strings.Join(mine[:5], "") != strings.Join(others[:5], "") {
			t.Errorf("%d entries: %q, not %q", size, mine, others)
		}
		if size > 1000 { // TestLogs has the same files judged
			continue
		}
		for judge, err := range verdicts(t, os.DirFS(theirs), k.Verifier()) {
			if err != nil {
				t.Errorf("%d entries of Tessera's: %s says %v", size, judge, err)
			}
		}
	}
}

// tesseraLog is a log that Tessera's POSIX driver writes in one go, so that no partial tiles of
// smaller sizes are left behind. It waits for the disk at each file, so that is no disk where
// there is memory to be had.
func tesseraLog(t *testing.T, entries [][]byte) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "tessera")
	if err != nil {
		dir = t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	driver, err := posix.New(ctx, posix.Config{Path: dir})
	if err != nil {
		t.Fatal(err)
	}
	plain, timed := signers(t)
	n := uint(len(entries))
	appender, shutdown, _, err := tessera.NewAppender(ctx, driver, tessera.NewAppendOptions().
		WithCheckpointSigner(plain, timed).
		WithCheckpointInterval(100*time.Millisecond). // the least it takes
		WithBatching(n, time.Minute).
		WithPushback(n+1).
		WithGarbageCollectionInterval(0))
	if err != nil {
		t.Fatal(err)
	}
	futures := make([]tessera.IndexFuture, n)
	for i, e := range entries {
		futures[i] = appender.Add(ctx, tessera.NewEntry(e))
	}
	for i, future := range futures {
		if index, err := future(); err != nil || index.Index != uint64(i) {
			t.Fatalf("Tessera has entry %d at %d, %v", i, index.Index, err)
		}
	}
	if err := shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	return dir
}
