package store_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
)

func TestUpdatedNeverGoesBack(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for _, c := range []struct{ before, want time.Time }{{time.Time{}, now}, {now.Add(-time.Second), now}, {now.Add(time.Second), now.Add(time.Second)}} {
		if got := store.Updated(c.before, now); !got.Equal(c.want) {
			t.Errorf("before %s: got %s, want %s", c.before, got, c.want)
		}
	}
	db := storetest.Open(t)
	storetest.Project(t, db, "acme")
	id := event.NewID()
	if _, err := store.Record(t.Context(), db, storetest.Operator(), event.InProject("acme"), createUser(id)); err != nil {
		t.Fatal(err)
	}
	var want int64
	for _, at := range []time.Duration{time.Hour, time.Minute, 2 * time.Hour, -time.Hour} {
		value := store.Micros(now.Add(at))
		want = max(want, value)
		_, err := store.Record(t.Context(), db, storetest.Operator(), event.AboutUser("acme", id),
			func(ctx context.Context, tx *store.Tx) (event.UserReenabled, error) {
				_, err := tx.Exec(ctx, `UPDATE users SET `+store.SetUpdated("", "$1")+` WHERE project_id = $2 AND id = $3`, value, "acme", id)
				return event.UserReenabled{User: event.UserObject{ID: id}}, err
			})
		if err != nil {
			t.Fatal(err)
		}
		if got := count(t, db, `SELECT updated_at FROM users`); got != want {
			t.Errorf("after a change at %s: got %d, want %d", at, got, want)
		}
	}
}

// TestUpdatedIsSetInOnePlace: no statement sets updated_at by itself, and no object takes the time of
// a transaction but when it is made.
func TestUpdatedIsSetInOnePlace(t *testing.T) {
	t.Parallel()
	wrong := []*regexp.Regexp{
		regexp.MustCompile(`updated_at = (\$|excluded)`),
		regexp.MustCompile(`UpdatedAt\b[^=:]* = [^:]*\b(now|Now\(\))`),
	}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for i, line := range strings.Split(string(text), "\n") {
			if strings.Contains(line, "CreatedAt, ") || strings.Contains(line, "store.Updated(") {
				continue // it is made here, or as it has to be
			}
			for _, w := range wrong {
				if w.MatchString(line) {
					t.Errorf("%s:%d: use store.Updated and store.SetUpdated: %s", path, i+1, strings.TrimSpace(line))
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
