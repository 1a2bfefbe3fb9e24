package sequencer

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestLeftoversAreRemoved: a process that is killed while it writes a mark leaves a temporary file.
func TestLeftoversAreRemoved(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{".mark-123456", "aa.mark", "bb.mark", "bb.txt"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("torn"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	m, err := NewMarks(dir)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 3 {
		t.Errorf("%d files are left, %v", len(entries), err)
	}
	got, err := m.Ownerless(map[string]bool{"id.example.com/log/aa": true, "id.example.com/log/cc": true})
	if err != nil || !slices.Equal(got, []string{"bb"}) {
		t.Errorf("without an owner: %v, %v", got, err)
	}
}
