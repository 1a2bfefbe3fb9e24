package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
)

// overdue makes everything that is scheduled due now, behind the back of Sealog, which is
// not running.
func (s *site) overdue(t *testing.T) {
	t.Helper()
	db := s.openSQL(t)
	exec := func(statement string) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(statement, err)
		}
	}
	off, on := `ALTER TABLE users DISABLE TRIGGER users_recorded`, `ALTER TABLE users ENABLE TRIGGER users_recorded`
	if storetest.Engine() == store.SQLite {
		off = `DROP TRIGGER users_update_recorded`
		row := db.QueryRowContext(t.Context(), `SELECT sql FROM sqlite_master WHERE name = 'users_update_recorded'`)
		if err := row.Scan(&on); err != nil {
			t.Fatal(err)
		}
	}
	exec(off)
	exec(`UPDATE users SET delete_at = 1 WHERE delete_at IS NOT NULL`)
	exec(`UPDATE users SET anonymize_at = 1 WHERE anonymize_at IS NOT NULL`)
	exec(on)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestKilledWhileThingsAreDue: a server that is killed again and again while deletions and
// anonymizations are due loses none and repeats none.
func TestKilledWhileThingsAreDue(t *testing.T) {
	t.Parallel()
	const users = 120
	s := newSite(t)
	s.must(t, password+"\n", "account", "create", "--email", email)
	s.must(t, "", "project", "create", "acme", "--owner", email)
	k := s.key(t, "acme")
	srv := s.start(t)
	for i := range users {
		var made struct {
			CreateUser struct{ User struct{ ID string } }
		}
		srv.graphql(t, k.token(t), fmt.Sprintf(`mutation { createUser(input: {definition: {loginID: {key: "username", value: "user%d"}}}) { user { id } } }`, i), nil).into(t, &made)
		later := "scheduleAccountDeletion"
		if i%2 == 1 {
			later = "scheduleAccountAnonymization"
		}
		srv.graphql(t, k.token(t), `mutation($id: ID!) { `+later+`(input: {userID: $id}) { user { id } } }`, map[string]any{"id": made.CreateUser.User.ID}).into(t, &struct{}{})
	}
	srv.stop(t)
	s.overdue(t)
	db := s.openSQL(t)
	count := func(query string) (n int) {
		t.Helper()
		if err := db.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	const left = `SELECT count(*) FROM users WHERE delete_at IS NOT NULL OR anonymize_at IS NOT NULL`
	kills := 0
	for deadline := time.Now().Add(90 * time.Second); count(left) > 0; {
		if time.Now().After(deadline) {
			t.Fatalf("%d users are still due", count(left))
		}
		srv := s.start(t)
		before := count(left)
		for until := time.Now().Add(20 * time.Second); count(left) == before && before > 0 && time.Now().Before(until); {
			<-time.After(5 * time.Millisecond)
		}
		if kills < 3 && count(left) > 0 {
			kills++
			if err := srv.cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = srv.cmd.Wait() // it was killed
			continue
		}
		for until := time.Now().Add(60 * time.Second); count(left) > 0 && time.Now().Before(until); {
			<-time.After(50 * time.Millisecond)
		}
		srv.stop(t)
	}
	t.Logf("killed %d times", kills)
	for query, want := range map[string]int{
		`SELECT count(*) FROM users`:                                                                                                     users / 2,
		`SELECT count(*) FROM users WHERE is_anonymized`:                                                                                 users / 2,
		`SELECT count(*) FROM events WHERE type = '` + event.Type("user.deleted").Code() + `'`:                                           users / 2,
		`SELECT count(*) FROM events WHERE type = '` + event.Type("user.anonymized").Code() + `'`:                                        users / 2,
		`SELECT count(DISTINCT user_id) FROM events WHERE type = '` + event.Type("user.deleted").Code() + `'`:                            users / 2,
		`SELECT count(DISTINCT user_id) FROM events WHERE type = '` + event.Type("user.anonymized").Code() + `'`:                         users / 2,
		`SELECT count(*) FROM events WHERE type = '` + event.Type("user.deleted").Code() + `' AND actor_id <> 'system:account-deletion'`: 0,
	} {
		if got := count(query); got != want {
			t.Errorf("%s: %d, want %d", query, got, want)
		}
	}
}
