package project_test

import (
	"fmt"
	"testing"

	"github.com/sealog/sealog/internal/limit"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/storetest"
)

// TestInvitationsAreLimited withdraws each invitation, so that nothing but the count is in the way,
// and goes on in another project of the account.
func TestInvitationsAreLimited(t *testing.T) {
	t.Parallel()
	p := newPeople(t, unlimited)
	ctx := t.Context()
	if _, err := p.Create(ctx, storetest.Operator(), "beta", "", p.owner); err != nil {
		t.Fatal(err)
	}
	invite := func(id, email string) error {
		made, err := p.Invite(ctx, by(p.owner), id, email, project.RoleViewer)
		if err != nil {
			return err
		}
		return p.Uninvite(ctx, by(p.owner), id, made.ID)
	}
	for range limit.InvitationsOfAddress.Most {
		if err := invite("acme", "kim@shop.example"); err != nil {
			t.Fatal(err)
		}
	}
	p.want(invite("acme", "kim@shop.example"), "TooManyInvitations")
	p.want(invite("beta", "Kim@Shop.example"), "TooManyInvitations")
	for i := range limit.InvitationsOfAccount.Most - limit.InvitationsOfAddress.Most {
		if err := invite("beta", fmt.Sprintf("a%d@shop.example", i)); err != nil {
			t.Fatal(err)
		}
	}
	p.want(invite("acme", "last@shop.example"), "TooManyInvitations")
}
