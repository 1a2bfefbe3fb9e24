package e2e

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/merkle"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
)

func globalID(id event.ID) string {
	return base64.RawURLEncoding.EncodeToString([]byte("User:" + id.String()))
}

// checkAll waits until the servers have sealed and signed everything, ends them, and looks at
// the database.
func (c *crash) checkAll(t *testing.T, writers []*crashWriter, commands *crashCommands) {
	t.Helper()
	config := store.Config{URL: c.databaseURL()}
	if config.URL == "" {
		config.Dir = c.data(0)
	}
	db, err := store.Open(t.Context(), config, storetest.Vault(t))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	count := func(query string) int64 { return column[int64](t, db, query)[0] }
	eventually(t, "the log does not come to rest", func() error {
		queued := count(`SELECT count(*) FROM events_pending`)
		behind := count(`SELECT count(*) FROM logs WHERE NOT closed AND (size > signed_size OR size > derived)`)
		if queued+behind > 0 {
			return fmt.Errorf("%d events have no position, %d logs are not signed and counted to their end", queued, behind)
		}
		return nil
	})
	for i, slot := range c.slots { // a good end, this time
		if err := slot.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		if err := slot.cmd.Wait(); err != nil {
			t.Errorf("process %d ended with %v", i, err)
		}
		slot.cmd = nil
	}
	for _, project := range column[string](t, db, `SELECT project_id FROM logs WHERE halted IS NOT NULL OR closed`) {
		t.Errorf("the log of %s was halted", project)
	}
	if n := count(`SELECT count(*) FROM events WHERE type = '` + event.Type("audit_log.attempts_suppressed").Code() + `'`); n > 0 {
		t.Errorf("the writers failed on purpose more often than is recorded one by one")
	}
	for _, project := range column[string](t, db, `SELECT project_id FROM projects ORDER BY project_id`) {
		storetest.CheckLog(t, db, project)
		c.checkPublished(t, db, project)
		checkCounts(t, db, project)
	}
	tally := map[string]int{}
	for _, k := range c.keys {
		checkLives(t, db, k.project, writers, tally)
	}
	for id, acknowledged := range commands.made {
		commands.check(t, db, id, acknowledged, tally)
	}
	if c.kills == 0 || tally["done"] == 0 {
		t.Errorf("%d kills, %v", c.kills, tally)
	}
	t.Logf("%s: %d kills (%d before the process was ready); actions: %v; %d events with %d checkpoints in %d logs", storetest.Engine(),
		c.kills, c.early, tally, count(`SELECT count(*) FROM events`), count(`SELECT count(*) FROM checkpoints`), count(`SELECT count(*) FROM logs`))
}

func column[T any](t *testing.T, db *store.DB, query string, args ...any) []T {
	t.Helper()
	all, err := store.Column[T](t.Context(), db, query, args...)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// crashEvent is an event that a call of a writer left.
type crashEvent struct {
	Type    event.Type
	Outcome event.Outcome
}

// checkLives compares the events of a project, and its users, with what the writers know.
func checkLives(t *testing.T, db *store.DB, project string, writers []*crashWriter, tally map[string]int) {
	t.Helper()
	byMark := map[string][]auditlog.Row{}
	reader := auditlog.New(db)
	for after, more := int64(-1), true; more; {
		var rows []auditlog.Row
		var err error
		if rows, more, err = reader.Follow(t.Context(), project, after, time.Time{}, auditlog.MaxPage); err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			after = r.Position
			if !strings.HasPrefix(string(r.Type), "user.") && !strings.HasPrefix(string(r.Type), "admin_api.") {
				continue // nothing that the writers do
			}
			context, err := r.Context()
			if err != nil {
				t.Fatal(err)
			}
			byMark[context.UserAgent] = append(byMark[context.UserAgent], r)
		}
	}
	users := crashUsers(t, db, project)
	for _, w := range writers {
		for _, l := range w.lives {
			if l.project == project {
				l.check(t, byMark, users, tally)
			}
		}
	}
	for mark, rows := range byMark {
		t.Errorf("%s: %d events of %q, which nobody did", project, len(rows), mark)
	}
	for id := range users {
		t.Errorf("%s: a user %s, whom nobody made", project, id)
	}
}

// crashUser is what the writers change of a user.
type crashUser struct {
	Name, Reason string
	Disabled     bool
}

func crashUsers(t *testing.T, db *store.DB, project string) map[event.ID]crashUser {
	t.Helper()
	type row struct {
		id         event.ID
		disabled   bool
		reason     sql.NullString
		attributes []byte
	}
	rows, err := store.Collect(t.Context(), db, func(r *row) []any { return []any{&r.id, &r.disabled, &r.reason, &r.attributes} },
		`SELECT id, is_disabled, disable_reason, standard_attributes FROM users WHERE project_id = $1`, project)
	if err != nil {
		t.Fatal(err)
	}
	users := map[event.ID]crashUser{}
	for _, r := range rows {
		user := crashUser{Reason: r.reason.String, Disabled: r.disabled}
		if err := json.Unmarshal(r.attributes, &user); err != nil {
			t.Fatal(err)
		}
		users[r.id] = user
	}
	return users
}

// check takes from byMark and users what belongs to one life.
func (l *life) check(t *testing.T, byMark map[string][]auditlog.Row, users map[event.ID]crashUser, tally map[string]int) {
	t.Helper()
	var id event.ID
	var user crashUser
	last := int64(-1)
	for _, d := range l.deeds {
		rows := byMark[d.mark]
		delete(byMark, d.mark)
		var got []crashEvent
		for _, r := range rows {
			got = append(got, crashEvent{r.Type, r.Outcome})
			if r.Position <= last {
				t.Errorf("%s (%s) has the position %d, after %d of what came before it", d.mark, d.kind, r.Position, last)
			}
			last = r.Position
		}
		types := crashDeeds[d.kind]
		whole := []crashEvent{{types[0], event.Succeeded}, {types[1], event.Succeeded}}
		attempt := []crashEvent{{types[1], event.Failed}}
		possible := map[verdict][][]crashEvent{done: {whole}, refused: {attempt}, unknown: {nil, attempt, whole}}[d.verdict]
		if !slices.ContainsFunc(possible, func(want []crashEvent) bool { return slices.Equal(got, want) }) {
			t.Errorf("%s: %s (%s, verdict %d) has left the events %v", l.project, d.mark, d.kind, d.verdict, got)
		}
		tally[[]string{"done", "refused", "unknown"}[d.verdict]]++
		if len(got) != len(whole) {
			continue // it did not take place
		}
		if d.verdict == unknown {
			tally["unknown and done"]++
		}
		switch d.kind {
		case "create":
			id = rows[0].User
		case "update":
			user.Name = d.mark
		case "disable":
			user.Disabled, user.Reason = true, d.mark
		case "enable":
			user.Disabled, user.Reason = false, ""
		case "delete":
			if _, ok := users[id]; ok {
				t.Errorf("%s: the user %s is still there, whose deletion %s is on the record", l.project, id, d.mark)
			}
			return
		}
	}
	if id.IsZero() {
		return // nobody was made; whoever is there all the same is left over in users
	}
	is, ok := users[id]
	delete(users, id)
	if diff := cmp.Diff(user, is); !ok || diff != "" {
		t.Errorf("%s: the user %s of %q (there: %t) is not what the events say (-events +table):\n%s", l.project, id, l.name, ok, diff)
	}
}

// check looks whether a project is there with its event or neither.
func (c *crashCommands) check(t *testing.T, db *store.DB, id string, acknowledged bool, tally map[string]int) {
	t.Helper()
	projects := column[int64](t, db, `SELECT count(*) FROM projects WHERE project_id = $1`, id)[0]
	events := column[int64](t, db, `SELECT count(*) FROM events WHERE project_id = $1`, id)[0]
	if projects != events || acknowledged && projects != 1 {
		t.Errorf("project %s (acknowledged: %t): %d rows and %d events", id, acknowledged, projects, events)
	}
	tally[fmt.Sprintf("commands that ended well: %t", acknowledged)]++
}

// checkCounts looks whether each event was counted once.
func checkCounts(t *testing.T, db *store.DB, project string) {
	t.Helper()
	events := column[int64](t, db, `SELECT count(*) FROM events WHERE project_id = $1`, project)[0]
	for _, span := range auditlog.Spans() {
		counted := column[int64](t, db, `SELECT CAST(COALESCE(sum(n), 0) AS BIGINT) FROM event_counts WHERE project_id = $1 AND key = '' AND span = $2`, project, int64(span))[0]
		if counted != events {
			t.Errorf("%s: %d events, of which %d were counted in spans of length %d", project, events, counted, span)
		}
	}
}

// checkPublished looks whether what each process has shown to the outside is a prefix of the log.
func (c *crash) checkPublished(t *testing.T, db *store.DB, project string) {
	t.Helper()
	err := store.InSnapshot(t.Context(), db, func(ctx context.Context, q *store.Snapshot) error {
		e, ok, err := auditlog.OpenEpoch(ctx, q, project)
		if err != nil || !ok {
			return errors.Join(errors.New("there is no log"), err)
		}
		tree, err := e.Tree(ctx, q)
		if err != nil {
			return err
		}
		for i := range c.slots {
			file := filepath.Join(c.data(i), "checkpoints", path.Base(e.Log))
			text, err := os.ReadFile(file + ".txt")
			if err != nil && !os.IsNotExist(err) {
				return err
			}
			notes, err := merkle.SplitCheckpoints(text)
			if err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
			if mark, err := os.ReadFile(file + ".mark"); err == nil {
				notes = append(notes, mark)
			}
			for _, note := range notes {
				signed, err := merkle.Open(note, db.Vault().LogKey(e.Origin()).Verifier())
				if err != nil {
					return fmt.Errorf("%s: %w", file, err)
				}
				if root, err := tree.RootAt(signed.Size); err != nil || root != signed.Root {
					t.Errorf("%s: what was published with the size %d is no prefix: %v", project, signed.Size, err)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Errorf("%s: %v", project, err)
	}
}
