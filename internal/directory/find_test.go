package directory_test

import (
	"encoding/json"
	"github.com/sealog/sealog/internal/settings"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sealog/sealog/internal/directory"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/store"
)

func TestFind(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.p.Config.Identity.LoginIDKeys = append(w.p.Config.Identity.LoginIDKeys, settings.LoginIDKey{Key: "work", Type: "email", MaxLength: 100})
	jane := w.create("email", "jane@example.org")
	joe := w.create("phone", "+15005550006")
	for _, c := range []struct {
		key, value string
		want       event.ID
	}{
		{"email", " JANE@example.org", jane.ID},
		{"phone", "+1 500 555 0006", joe.ID},
		{"work", "jane@example.org", event.ID{}},
		{"email", "nobody@example.org", event.ID{}},
	} {
		u, ok, err := w.s.ByLoginID(t.Context(), w.p, c.key, c.value)
		if err != nil || ok == c.want.IsZero() || u.ID != c.want {
			t.Errorf("%s %q: %s, %v, %v", c.key, c.value, u.ID, ok, err)
		}
	}
	for _, c := range []struct {
		name, value string
		want        int
	}{{"email", "Jane@Example.org", 1}, {"phone_number", "+15005550006", 1}, {"preferred_username", "jane", 0}} {
		users, err := w.s.ByStandardAttribute(t.Context(), w.p, c.name, c.value)
		if err != nil || len(users) != c.want {
			t.Errorf("%s %q: %v, %v", c.name, c.value, users, err)
		}
	}
	// A question that nobody can be the answer to is refused: a program that asks it is wrong.
	const code = "GetUsersInvalidArgument"
	for _, c := range [][2]string{{"email", "nonsense"}, {"badge", "1"}, {"", ""}, {"email", strings.Repeat("x", 2000)}} {
		_, _, err := w.s.ByLoginID(t.Context(), w.p, c[0], c[1])
		refused(t, err, code, fault.Invalid, "")
	}
	for _, c := range [][2]string{{"nickname", "J"}, {"email", "nonsense"}, {"", ""}} {
		_, err := w.s.ByStandardAttribute(t.Context(), w.p, c[0], c[1])
		refused(t, err, code, fault.Invalid, "")
	}
	for _, c := range [][2]string{{"nonsense", "1"}, {"google", ""}, {"", "1"}, {"google", "a\x00"}} {
		_, _, err := w.s.ByOAuth(t.Context(), w.p, c[0], c[1])
		refused(t, err, code, fault.Invalid, "")
	}
	if _, ok, err := w.s.ByOAuth(t.Context(), w.p, "google", "1"); err != nil || ok {
		t.Errorf("%v, %v", ok, err)
	}
	// Whom the project would not take today is found all the same.
	w.p.Config.Identity.BlockedEmailDomains = []string{"example.org"}
	if u, ok, err := w.s.ByLoginID(t.Context(), w.p, "email", "jane@example.org"); err != nil || !ok || u.ID != jane.ID {
		t.Errorf("of a blocked domain: %v, %v", ok, err)
	}
	many, err := w.s.GetMany(t.Context(), "acme", []event.ID{jane.ID, event.NewID(), joe.ID, jane.ID})
	if diff := cmp.Diff(map[event.ID]directory.User{jane.ID: jane, joe.ID: joe}, many); err != nil || diff != "" {
		t.Errorf("many: %v\n%s", err, diff)
	}
	none, err := w.s.GetMany(t.Context(), "acme", nil)
	if err != nil || len(none) != 0 {
		t.Errorf("none: %v, %v", none, err)
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b, c, d := w.create("username", "anna"), w.create("username", "ben_"), w.create("username", "carl"), w.create("email", "d@example.org")
	names := map[event.ID]string{a.ID: "a", b.ID: "b", c.ID: "c", d.ID: "d"}
	if _, err := w.s.Update(t.Context(), by, w.p, d.ID, directory.UpdateInput{
		StandardAttributes: json.RawMessage(`{"given_name":"Dörte","middle_name":"M.","family_name":"ÄHRE 100%"}`),
	}); err != nil {
		t.Fatal(err)
	}
	// Ties: b and c signed in at once, a and d never did.
	w.exec(`UPDATE users SET last_login_at = $1 WHERE project_id = 'acme' AND (id = $2 OR id = $3)`, store.Micros(a.CreatedAt), b.ID, c.ID)
	for _, tc := range []struct {
		in    directory.ListInput
		want  string
		count int64
	}{
		{directory.ListInput{Limit: 10}, "abcd", 4},
		{directory.ListInput{Limit: 10, Descending: true}, "dcba", 4},
		{directory.ListInput{Limit: 2, Offset: 1}, "bc", 4},
		{directory.ListInput{Limit: 0}, "", 4},
		{directory.ListInput{Limit: 10, SortBy: directory.ByLastLoginAt}, "adbc", 4},
		{directory.ListInput{Limit: 10, SortBy: directory.ByLastLoginAt, Descending: true}, "cbda", 4},
		{directory.ListInput{Limit: 10, Search: "ANN"}, "a", 1},
		{directory.ListInput{Limit: 10, Search: "n_"}, "b", 1},
		{directory.ListInput{Limit: 10, Search: "%"}, "d", 1},
		{directory.ListInput{Limit: 10, Search: `\`}, "", 0},
		{directory.ListInput{Limit: 10, Search: "dörte ähre"}, "d", 1},
		{directory.ListInput{Limit: 10, Search: "EXAMPLE.org"}, "d", 1},
		{directory.ListInput{Limit: 10, Search: strings.ToUpper(c.ID.String())}, "c", 1},
		{directory.ListInput{Limit: 10, Search: "' OR 1=1"}, "", 0},
	} {
		users, err := w.s.List(t.Context(), "acme", tc.in)
		got := ""
		for _, u := range users {
			got += names[u.ID]
		}
		n, countErr := w.s.Count(t.Context(), "acme", tc.in.Search)
		if err != nil || countErr != nil || got != tc.want || n != tc.count {
			t.Errorf("%+v: %q of %d, %v, %v; want %q of %d", tc.in, got, n, err, countErr, tc.want, tc.count)
		}
	}
	for _, in := range []directory.ListInput{{Search: "a\x00"}, {Search: strings.Repeat("a", 501)}, {Limit: -1}, {Offset: -1}} {
		if _, err := w.s.List(t.Context(), "acme", in); !fault.Is(err, "ValidationFailed") {
			t.Errorf("%+v: %v", in, err)
		}
	}
}
