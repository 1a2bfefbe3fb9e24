package store_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
)

// exempt are the tables that may be written without an event, each with the reason. Every
// other table must have the triggers that refuse such a write.
var exempt = map[string]string{
	"instance":              "what this installation is; no project's data",
	"events":                "the log itself: its own triggers refuse every change but erasure",
	"events_pending":        "the queue of the log",
	"logs":                  "the trees of the log: they grow by events and nothing else",
	"leaves":                "the positions of the log: its own triggers refuse every change",
	"tiles":                 "hashes of the tree, derived from the leaves",
	"checkpoints":           "what was signed of the log",
	"event_counts":          "derived from the log; sealog check derives it again",
	"event_actors":          "derived from the log",
	"event_refs":            "derived from the log; sealog check derives it again",
	"recording":             "SQLite's promise of an event",
	"never":                 "what the promise refers to",
	"sign_in_challenges":    "accounts that have shown their password and not yet their second factor; signing in is recorded",
	"outbox":                "messages on their way; the event that caused one is recorded beside it",
	"access_tokens":         "made of a session by whoever holds its refresh token; the session is audited",
	"account_code_failures": "counts of wrong codes; that there were too many is recorded",
	"invitations_sent":      "counts of invitations, each of which is recorded",
	"account_lockouts":      "counts of failed proofs; lifting a lockout is recorded",
	"audit_reads":           "which reading has been recorded already",
	"project_usage":         "derived from the log: how much was recorded on a day",
	"goose_db_version":      "which migrations were applied",
}

// exemptColumns are the columns of audited tables that may change without an event.
var exemptColumns = map[string][]string{
	"account_sessions":       {"last_seen_at"},
	"account_totps":          {"last_step"},
	"personal_access_tokens": {"last_used_at"},
	"one_time_codes":         {"attempts"},
	"sessions":               {"last_accessed_at", "last_accessed_by_ip"},
	"users":                  {"last_login_at"},
}

// swept are the tables from which what has expired is removed without an event.
var swept = []string{"account_password_resets", "admin_api_tokens", "one_time_codes", "password_resets", "secret_visits"}

// onlySQLite are tables that the other engine has no need of.
var onlySQLite = []string{"recording", "never"}

// guard is one trigger that demands an event.
type guard struct {
	table, operation string
	columns          []string // that an UPDATE must name for it to fire; none means all
}

func TestEveryTableIsAuditedOrExempt(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	tables, guards := sqliteTables, sqliteGuards
	if storetest.Engine() == store.PostgreSQL {
		tables, guards = postgresTables, postgresGuards
	}
	guarded := map[string]map[string][]string{}
	for _, g := range guards(t, db) {
		if guarded[g.table] == nil {
			guarded[g.table] = map[string][]string{}
		}
		guarded[g.table][g.operation] = g.columns
	}
	var names []string
	for table, columns := range tables(t, db) {
		names = append(names, table)
		if exempt[table] != "" {
			continue
		}
		for _, operation := range []string{"INSERT", "UPDATE", "DELETE"} {
			_, ok := guarded[table][operation]
			if free := operation == "DELETE" && slices.Contains(swept, table); ok == free {
				t.Errorf("%s on %s needs no event: give the table its triggers, or say in exempt why it needs none", operation, table)
			}
		}
		var free []string
		if watched := guarded[table]["UPDATE"]; len(watched) > 0 {
			free = slices.DeleteFunc(slices.Clone(columns), func(c string) bool { return slices.Contains(watched, c) })
		}
		if diff := cmp.Diff(exemptColumns[table], free); diff != "" {
			t.Errorf("columns of %s that may change without an event (-want, +got):\n%s", table, diff)
		}
	}
	for table := range exempt {
		if storetest.Engine() == store.PostgreSQL && slices.Contains(onlySQLite, table) {
			continue
		}
		if !slices.Contains(names, table) {
			t.Errorf("%s is exempt and not there", table)
		}
	}
	if _, ok := guarded["events"]["UPDATE"]; !ok {
		t.Error("erasing a disclosure needs no event")
	}
}

type pair struct{ a, b string }

func pairs(t *testing.T, db *store.DB, query string) []pair {
	t.Helper()
	rows, err := store.Collect(t.Context(), db, func(p *pair) []any { return []any{&p.a, &p.b} }, query)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func columnsOf(rows []pair) map[string][]string {
	columns := map[string][]string{}
	for _, r := range rows {
		columns[r.a] = append(columns[r.a], r.b)
	}
	return columns
}

func sqliteTables(t *testing.T, db *store.DB) map[string][]string {
	t.Helper()
	return columnsOf(pairs(t, db, `
		SELECT m.name, c.name
		FROM sqlite_master AS m, pragma_table_info(m.name) AS c
		WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\_%' ESCAPE '\'`))
}

// guardText is a trigger that asks for the promise of an event of the row's project, or of
// the reserved one, and of nothing else.
var guardText = regexp.MustCompile(`^CREATE TRIGGER \w+ BEFORE (INSERT|DELETE|UPDATE)(?: OF ([\w, ]+))? ON (\w+)\s+` +
	`WHEN NOT EXISTS \(SELECT 1 FROM recording WHERE project_id = (?:(NEW|OLD)\.project_id|'_portal')\)\s+` +
	`BEGIN SELECT RAISE\(ABORT, '[^']+'\); END$`)

func sqliteGuards(t *testing.T, db *store.DB) []guard {
	t.Helper()
	var guards []guard
	for _, p := range pairs(t, db, `SELECT tbl_name, sql FROM sqlite_master WHERE type = 'trigger'`) {
		m := guardText.FindStringSubmatch(p.b)
		if m == nil {
			continue
		}
		if m[3] != p.a || m[4] != "" && (m[4] == "OLD") != (m[1] == "DELETE") {
			t.Errorf("the trigger looks at another row than it guards: %s", p.b)
		}
		g := guard{table: p.a, operation: m[1]}
		if m[2] != "" {
			g.columns = strings.Split(m[2], ", ")
		}
		guards = append(guards, g)
	}
	return guards
}

func postgresTables(t *testing.T, db *store.DB) map[string][]string {
	t.Helper()
	return columnsOf(pairs(t, db, `
		SELECT c.relname, a.attname
		FROM pg_class AS c
		JOIN pg_namespace AS n ON n.oid = c.relnamespace
		JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
		WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
		ORDER BY c.relname, a.attnum`))
}

func postgresGuards(t *testing.T, db *store.DB) []guard {
	t.Helper()
	type trigger struct {
		table, columns string
		kind           int64
	}
	// pg_trigger.tgtype: 1 row, 2 before, 4 insert, 8 delete, 16 update, 64 instead.
	rows, err := store.Collect(t.Context(), db, func(r *trigger) []any { return []any{&r.table, &r.columns, &r.kind} }, `
		SELECT c.relname,
			coalesce((SELECT string_agg(a.attname, ',' ORDER BY a.attnum) FROM pg_attribute AS a
				WHERE a.attrelid = c.oid AND a.attnum = ANY (g.tgattr::int2[])), ''),
			g.tgtype
		FROM pg_trigger AS g
		JOIN pg_class AS c ON c.oid = g.tgrelid
		JOIN pg_proc AS p ON p.oid = g.tgfoid
		WHERE p.proname = 'sealog_require_event' AND NOT c.relispartition
			AND g.tgdeferrable AND g.tginitdeferred AND g.tgenabled = 'O' AND g.tgqual IS NULL`)
	if err != nil {
		t.Fatal(err)
	}
	var guards []guard
	for _, r := range rows {
		if r.kind&1 == 0 {
			continue
		}
		for bit, operation := range map[int64]string{4: "INSERT", 8: "DELETE", 16: "UPDATE"} {
			if r.kind&bit == 0 {
				continue
			}
			g := guard{table: r.table, operation: operation}
			if r.columns != "" {
				g.columns = strings.Split(r.columns, ",")
			}
			guards = append(guards, g)
		}
	}
	return guards
}

// TestBothEnginesHaveTheSameMigrations: the versions of a database count files.
func TestBothEnginesHaveTheSameMigrations(t *testing.T) {
	t.Parallel()
	names := func(engine string) (all []string) {
		entries, err := os.ReadDir(filepath.Join("migrations", engine))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if !regexp.MustCompile(`^\d{4}_[a-z]+_[a-z_]+\.sql$`).MatchString(e.Name()) {
				t.Errorf("%s/%s is not named NNNN_verb_noun.sql", engine, e.Name())
			}
			all = append(all, e.Name())
		}
		return all
	}
	sqlite := names("sqlite")
	if diff := cmp.Diff(sqlite, names("postgres")); diff != "" || len(sqlite) == 0 {
		t.Errorf("(-sqlite, +postgres):\n%s", diff)
	}
	for i, name := range sqlite {
		if want := fmt.Sprintf("%04d_", i+1); !strings.HasPrefix(name, want) {
			t.Errorf("migration %s comes where one of %s… is due", name, want)
		}
	}
}

// TestBothEnginesHaveTheSameColumns reads the texts of the migrations: one text of SQL has
// to run on both.
func TestBothEnginesHaveTheSameColumns(t *testing.T) {
	t.Parallel()
	tables := func(engine string) map[string][]string {
		found := map[string][]string{}
		files, err := filepath.Glob(filepath.Join("migrations", engine, "*.sql"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range regexp.MustCompile(`(?s)CREATE TABLE (\w+) \(\n(.*?)\n\)|DROP TABLE (\w+);`).FindAllStringSubmatch(string(text), -1) {
				delete(found, m[1]+m[3])
				if m[3] != "" {
					continue
				}
				for line := range strings.SplitSeq(m[2], "\n") {
					column, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
					if column != strings.ToLower(column) || column == "xid" { // a table's constraint, and what only PostgreSQL needs
						continue
					}
					if strings.Contains(rest, "NOT NULL") {
						column += " NOT NULL"
					}
					found[m[1]] = append(found[m[1]], column)
				}
			}
		}
		return found
	}
	sqlite := tables("sqlite")
	for _, name := range onlySQLite {
		delete(sqlite, name)
	}
	if diff := cmp.Diff(sqlite, tables("postgres")); diff != "" || len(sqlite) < 10 {
		t.Errorf("(-sqlite, +postgres):\n%s", diff)
	}
}
