package bench

import (
	"context"
	"fmt"
	"strings"

	"github.com/sealog/sealog/internal/store"
)

// roomTargets are how many bytes an event should take at most, everything counted, by engine.
var roomTargets = map[store.Engine]float64{store.SQLite: 1200, store.PostgreSQL: 1600}

// logTables are those that grow with the log.
var logTables = []string{"events", "events_pending", "leaves", "tiles", "checkpoints", "event_counts", "event_refs", "event_actors"}

// room says how many bytes an event takes, in all and by each table and index of the log.
func (s *Site) room(ctx context.Context) ([]Figure, error) {
	// A partition counts as the table that it is a part of, and an index of it likewise.
	query := `SELECT name, sum(pgsize) FROM dbstat GROUP BY name ORDER BY 2 DESC`
	if s.db.Engine() == store.PostgreSQL {
		query = `
			SELECT CASE WHEN c.relkind = 'i' THEN coalesce(pi.relname, c.relname) ELSE coalesce(pt.relname, c.relname) END,
				sum(pg_relation_size(c.oid) + CASE WHEN c.reltoastrelid <> 0 THEN pg_total_relation_size(c.reltoastrelid) ELSE 0 END)::bigint
			FROM pg_class c
			JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = current_schema
			LEFT JOIN pg_inherits h ON h.inhrelid = c.oid
			LEFT JOIN pg_class pi ON pi.oid = h.inhparent AND c.relkind = 'i'
			LEFT JOIN pg_class pt ON pt.oid = h.inhparent AND c.relkind = 'r'
			WHERE c.relkind IN ('r', 'i')
			GROUP BY 1
			ORDER BY 2 DESC`
	}
	rows, err := s.raw.QueryContext(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("bench: sizes: %w", err)
	}
	defer rows.Close()
	var all, log float64
	var parts []Figure
	for rows.Next() {
		var name string
		var bytes float64
		if err := rows.Scan(&name, &bytes); err != nil {
			return nil, fmt.Errorf("bench: sizes: %w", err)
		}
		all += bytes
		if !ofLog(name) {
			continue
		}
		log += bytes
		if share := bytes / float64(s.Events); share >= 0.5 {
			parts = append(parts, Figure{What: "of it " + name, Value: share, Unit: unitBytes})
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("bench: sizes: %w", err)
	}
	n := float64(s.Events)
	whole := Figure{What: "the database, everything counted", Value: all / n, Unit: unitBytes, Target: roomTargets[s.db.Engine()], Limit: s.Size, LimitIs: "the JSON alone"}
	return append([]Figure{whole, {What: "of it the log", Value: log / n, Unit: unitBytes}}, parts...), nil
}

func ofLog(name string) bool {
	name = strings.TrimPrefix(name, "sqlite_autoindex_")
	for _, table := range logTables {
		if name == table || strings.HasPrefix(name, table+"_") {
			return true
		}
	}
	return false
}
