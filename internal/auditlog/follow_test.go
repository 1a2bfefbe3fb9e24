package auditlog

import (
	"strings"
	"testing"
	"time"

	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
)

// TestFollowingWalksThePositions looks at SQLite's plans: a page begins at its position and ends
// when it is full, whatever the log before and behind it has.
func TestFollowingWalksThePositions(t *testing.T) {
	t.Parallel()
	if storetest.Engine() != store.SQLite {
		t.Log("PostgreSQL's plans depend on how full its tables are; they are measured, not tested")
		return
	}
	db := storetest.Open(t)
	for _, since := range []time.Time{{}, time.Now()} {
		b := following("acme", 4711, since)
		type step struct {
			id, parent, unused int64
			detail             string
		}
		plan, err := store.Collect(t.Context(), db, func(s *step) []any { return []any{&s.id, &s.parent, &s.unused, &s.detail} },
			"EXPLAIN QUERY PLAN SELECT "+columns+" FROM leaves p JOIN events e ON e.project_id = p.project_id AND e.id = p.id WHERE "+
				b.text()+" ORDER BY p.position LIMIT 101", b.args...)
		if err != nil {
			t.Fatal(err)
		}
		var steps []string
		for _, s := range plan {
			steps = append(steps, s.detail)
		}
		text := strings.Join(steps, "; ")
		if !strings.HasPrefix(text, "SEARCH p USING PRIMARY KEY (project_id=? AND position>?)") || strings.Contains(text, "TEMP B-TREE") || strings.Contains(text, "SCAN") {
			t.Errorf("since %s: %s", since, text)
		}
	}
}
