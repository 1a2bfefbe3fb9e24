package adminapi_test

import (
	"fmt"
	"testing"

	"github.com/sealog/sealog/internal/directory"
	"github.com/sealog/sealog/internal/session"
	"github.com/sealog/sealog/internal/storetest"
)

// TestStatementsOfAPage: a page of users with all that is theirs takes as many statements
// for a hundred users as for one.
func TestStatementsOfAPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, err := w.projects.Get(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		u, err := w.users.Create(t.Context(), storetest.Operator(), p, directory.CreateInput{
			LoginID: directory.LoginID{Key: "email", Value: fmt.Sprintf("user%d@shop.example", i)},
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := w.users.EnrolTOTP(t.Context(), storetest.Operator(), p, u.ID, "Phone"); err != nil {
			t.Fatal(err)
		}
		if _, _, err := w.users.SignIn(t.Context(), storetest.Operator(), p, u.ID, session.Session{Type: session.IDP}); err != nil {
			t.Fatal(err)
		}
	}
	const all = `{ users(first: %d) { totalCount edges { node {
		id verifiedClaims { name } accountLockout { isLocked } primaryPassword { id } secondaryTOTPAuthenticators { id } loginIDs { id }
		identities(first: 5) { totalCount edges { node { id claims } } } authenticators(first: 5) { edges { node { id type } } }
		sessions(first: 5) { edges { node { id displayName } } } authorizations(first: 5) { edges { node { id } } } } } } }`
	type answer struct {
		Users struct {
			Edges []struct {
				Node struct {
					Sessions struct {
						Edges []struct {
							Node struct{ ID, DisplayName string }
						}
					}
					SecondaryTOTPAuthenticators []struct{ ID string }
				}
			}
		}
	}
	statements := func(users int) int64 {
		var found answer
		before := w.db.Reads()
		w.get(&found, fmt.Sprintf(all, users), nil)
		if len(found.Users.Edges) != users {
			t.Fatalf("%d users", len(found.Users.Edges))
		}
		for _, e := range found.Users.Edges {
			if len(e.Node.Sessions.Edges) != 1 || len(e.Node.SecondaryTOTPAuthenticators) != 1 {
				t.Errorf("a user has not what is theirs: %+v", e.Node)
			}
		}
		return w.db.Reads() - before
	}
	one, hundred := statements(1), statements(100)
	if one != hundred || one < 7 {
		t.Errorf("%d statements for one user, %d for a hundred", one, hundred)
	}
	t.Logf("%d statements", hundred)
}
