package project_test

import (
	"context"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/message"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
)

// people is a project with accounts around it.
type people struct {
	*project.Service
	t     *testing.T
	db    *store.DB
	owner event.AccountObject
}

func newPeople(t *testing.T, plan project.Plan) *people {
	t.Helper()
	_, db, owner := open(t)
	plan.Name = "tested"
	p := &people{project.New(db, project.Settings{PublicURL: storetest.PublicURL(), Plans: project.Plans{plan}}), t, db, owner}
	if _, err := p.Create(t.Context(), storetest.Operator(), "acme", "Acme Shop", owner); err != nil {
		t.Fatal(err)
	}
	return p
}

var unlimited = project.Plan{Collaborators: project.Unlimited, Domains: project.Unlimited, RetrievalDays: project.Unlimited}

func (p *people) account(email string) event.AccountObject {
	p.t.Helper()
	a := event.AccountObject{ID: event.NewID(), Email: email}
	_, err := store.Record(p.t.Context(), p.db, storetest.Operator(), event.InProject(event.PortalProject),
		func(ctx context.Context, tx *store.Tx) (event.AccountCreated, error) {
			_, err := tx.Exec(ctx, `INSERT INTO accounts (id, email, password_hash, is_operator, created_at) VALUES ($1, $2, '', FALSE, 1)`, a.ID, a.Email)
			return event.AccountCreated{Account: a}, err
		})
	if err != nil {
		p.t.Fatal(err)
	}
	return a
}

func by(a event.AccountObject) event.By {
	return event.By{Actor: event.Actor{Type: event.Account, ID: a.ID.String(), Name: a.Email}, Surface: event.ViaPortal}
}

var codeInMail = regexp.MustCompile(`https://sealog\.example/invitation\?code=([A-Z2-7]{32})\n`)

// code is the code in the last mail of the outbox.
func (p *people) code() string {
	p.t.Helper()
	entries, err := message.New(p.db).List(p.t.Context(), "acme", message.Queued, event.ID{}, 1)
	if err != nil || len(entries) != 1 {
		p.t.Fatalf("%d mails, %v", len(entries), err)
	}
	content, err := message.Open(p.t.Context(), p.db, p.db, "acme", entries[0].ID)
	if err != nil {
		p.t.Fatal(err)
	}
	found := codeInMail.FindStringSubmatch(content.Text)
	if found == nil {
		p.t.Fatalf("no link in %q", content.Text)
	}
	return found[1]
}

// join makes an account a collaborator as people do.
func (p *people) join(email, role string) (event.AccountObject, project.Collaborator) {
	p.t.Helper()
	if _, err := p.Invite(p.t.Context(), by(p.owner), "acme", email, role); err != nil {
		p.t.Fatal(err)
	}
	a := p.account(email)
	if _, err := p.Accept(p.t.Context(), by(a), a, p.code()); err != nil {
		p.t.Fatal(err)
	}
	return a, p.collaborator(a)
}

func (p *people) collaborator(a event.AccountObject) project.Collaborator {
	p.t.Helper()
	all, err := p.Collaborators(p.t.Context(), "acme")
	if err != nil {
		p.t.Fatal(err)
	}
	for _, c := range all {
		if c.Account == a.ID {
			return c
		}
	}
	p.t.Fatalf("%s is no collaborator", a.Email)
	return project.Collaborator{}
}

func (p *people) want(err error, code string) {
	p.t.Helper()
	if !fault.Is(err, code) {
		p.t.Errorf("got %v, want %s", err, code)
	}
}

func TestInvitation(t *testing.T) {
	t.Parallel()
	p := newPeople(t, unlimited)
	ctx, owner := t.Context(), by(p.owner)
	made, err := p.Invite(ctx, owner, "acme", " Kim@Shop.Example ", project.RoleEditor)
	if err != nil || made.Email != "kim@shop.example" || made.ExpiresAt.Sub(made.CreatedAt) != project.InvitationLifetime {
		t.Fatalf("made %+v, %v", made, err)
	}
	code := p.code()
	_, err = p.Invite(ctx, owner, "acme", "kim@shop.example", project.RoleViewer)
	p.want(err, "CollaboratorInvitationDuplicate")
	_, err = p.Invite(ctx, owner, "acme", p.owner.Email, project.RoleEditor)
	p.want(err, "CollaboratorDuplicate")
	_, err = p.Invite(ctx, owner, "acme", "no address", project.RoleEditor)
	p.want(err, "EmailInvalid")
	_, err = p.Invite(ctx, owner, "acme", "x@shop.example", "KING")
	p.want(err, "RoleInvalid")
	_, err = p.Invite(ctx, by(p.account("stranger@else.example")), "acme", "x@shop.example", project.RoleEditor)
	p.want(err, "AccessDenied")

	other := p.account("lee@shop.example")
	_, err = p.Accept(ctx, by(other), other, code)
	p.want(err, "CollaboratorInvitationInvalidEmail")
	_, err = p.Accept(ctx, by(other), other, strings.Repeat("A", 32))
	p.want(err, "CollaboratorInvitationInvalidCode")
	kim := p.account("kim@shop.example")
	if id, err := p.Accept(ctx, by(kim), kim, code); err != nil || id != "acme" {
		t.Fatalf("%q, %v", id, err)
	}
	if role, err := p.Role(ctx, "acme", kim.ID); err != nil || role != project.RoleEditor {
		t.Errorf("role %q, %v", role, err)
	}
	_, err = p.Accept(ctx, by(kim), kim, code)
	p.want(err, "CollaboratorInvitationInvalidCode")

	// An editor invites editors and viewers, and no owner.
	_, err = p.Invite(ctx, by(kim), "acme", "boss@shop.example", project.RoleOwner)
	p.want(err, "AccessDenied")
	second, err := p.Invite(ctx, by(kim), "acme", "pat@shop.example", project.RoleViewer)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Uninvite(ctx, owner, "acme", second.ID); err != nil {
		t.Fatal(err)
	}
	p.want(p.Uninvite(ctx, owner, "acme", second.ID), "CollaboratorInvitationNotFound")
	pat := p.account("pat@shop.example")
	_, err = p.Accept(ctx, by(pat), pat, p.code())
	p.want(err, "CollaboratorInvitationInvalidCode")
	if all, err := p.Invitations(ctx, "acme"); err != nil || len(all) != 0 {
		t.Errorf("%d invitations left, %v", len(all), err)
	}
	want := "project.app.created succeeded, project.collaborator.invitation.created succeeded, " +
		strings.Repeat("project.collaborator.invitation.created failed, ", 4) +
		"project.collaborator.invitation.created denied, project.collaborator.invitation.accepted failed, " +
		"project.collaborator.invitation.accepted succeeded, project.collaborator.invitation.created denied, " +
		"project.collaborator.invitation.created succeeded, project.collaborator.invitation.deleted succeeded, " +
		"project.collaborator.invitation.deleted failed"
	if got := types(t, p.db, "acme"); got != want {
		t.Errorf("the log has\n%s\nwant\n%s", got, want)
	}
}

func TestAnInvitationIsAcceptedOnce(t *testing.T) {
	t.Parallel()
	p := newPeople(t, unlimited)
	if _, err := p.Invite(t.Context(), by(p.owner), "acme", "kim@shop.example", project.RoleEditor); err != nil {
		t.Fatal(err)
	}
	kim, code := p.account("kim@shop.example"), p.code()
	var wg sync.WaitGroup
	errs := make([]error, 6)
	for i := range errs {
		wg.Go(func() { _, errs[i] = p.Accept(t.Context(), by(kim), kim, code) })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else {
			p.want(err, "CollaboratorInvitationInvalidCode")
		}
	}
	if won != 1 || strings.Count(types(t, p.db, "acme"), "invitation.accepted succeeded") != 1 {
		t.Errorf("%d won: %s", won, types(t, p.db, "acme"))
	}
}

func TestInvitationsExpire(t *testing.T) {
	t.Parallel()
	p := newPeople(t, unlimited)
	ctx := t.Context()
	if _, err := p.Invite(ctx, by(p.owner), "acme", "kim@shop.example", project.RoleEditor); err != nil {
		t.Fatal(err)
	}
	code := p.code()
	_, err := store.Record(ctx, p.db, storetest.Operator(), event.InProject("acme"),
		func(ctx context.Context, tx *store.Tx) (event.ProjectAppRenamed, error) {
			_, err := tx.Exec(ctx, `UPDATE collaborator_invitations SET expires_at = $2 WHERE project_id = $1`, "acme", store.Micros(tx.Now()))
			return event.ProjectAppRenamed{}, err
		})
	if err != nil {
		t.Fatal(err)
	}
	kim := p.account("kim@shop.example")
	_, err = p.Accept(ctx, by(kim), kim, code)
	p.want(err, "CollaboratorInvitationInvalidCode")
	if _, err := p.Invite(ctx, by(p.owner), "acme", "kim@shop.example", project.RoleEditor); err != nil {
		t.Errorf("the expired one is in the way: %v", err)
	}
}

func TestQuota(t *testing.T) {
	t.Parallel()
	p := newPeople(t, project.Plan{Title: "Small", Collaborators: 3, Domains: 1})
	ctx := t.Context()
	p.join("kim@shop.example", project.RoleEditor)
	if _, err := p.Invite(ctx, by(p.owner), "acme", "lee@shop.example", project.RoleEditor); err != nil {
		t.Fatal(err)
	}
	_, err := p.Invite(ctx, by(p.owner), "acme", "pat@shop.example", project.RoleEditor)
	p.want(err, "CollaboratorQuotaExceeded")
	code := p.code()
	smaller := project.New(p.db, project.Settings{PublicURL: storetest.PublicURL(), Plans: project.Plans{{Name: "tested", Collaborators: 2}}})
	lee := p.account("lee@shop.example")
	_, err = smaller.Accept(ctx, by(lee), lee, code)
	p.want(err, "CollaboratorQuotaExceeded")
	if _, err := p.Accept(ctx, by(lee), lee, code); err != nil {
		t.Errorf("the refusal used the invitation up: %v", err)
	}
	if _, err := p.AddDomain(ctx, by(p.owner), "acme", "one.example"); err != nil {
		t.Fatal(err)
	}
	_, err = p.AddDomain(ctx, by(p.owner), "acme", "two.example")
	p.want(err, "DomainQuotaExceeded")
}

func TestWhoRemovesWhom(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ actor, target, code string }{
		{"OWNER", "OWNER", ""}, {"OWNER", "EDITOR", ""}, {"OWNER", "VIEWER", ""}, {"OWNER", "self", "CollaboratorSelfDeletion"},
		{"EDITOR", "OWNER", "AccessDenied"}, {"EDITOR", "EDITOR", ""}, {"EDITOR", "VIEWER", ""}, {"EDITOR", "self", "CollaboratorSelfDeletion"},
		{"VIEWER", "OWNER", "AccessDenied"}, {"VIEWER", "EDITOR", "AccessDenied"}, {"VIEWER", "VIEWER", "AccessDenied"},
	} {
		t.Run(c.actor+" "+c.target, func(t *testing.T) {
			t.Parallel()
			p := newPeople(t, unlimited)
			actor, target := p.join("actor@shop.example", c.actor)
			if c.target != "self" {
				_, target = p.join("target@shop.example", c.target)
			}
			err := p.RemoveCollaborator(t.Context(), by(actor), "acme", target.ID)
			if c.code != "" {
				p.want(err, c.code)
			} else if err != nil {
				t.Error(err)
			}
			role, err := p.Role(t.Context(), "acme", target.Account)
			if err != nil || (role == "") != (c.code == "") {
				t.Errorf("role %q, %v", role, err)
			}
			got := types(t, p.db, "acme")
			if gone := strings.HasSuffix(got, "project.collaborator.deleted succeeded"); gone != (c.code == "") {
				t.Errorf("the log ends with %s", got)
			}
		})
	}
	p := newPeople(t, unlimited)
	p.want(p.RemoveCollaborator(t.Context(), by(p.owner), "acme", event.NewID()), "CollaboratorNotFound")
	_, err := p.CollaboratorByID(t.Context(), event.NewID())
	p.want(err, "CollaboratorNotFound")
}

// TestTwoOwnersRemoveEachOther: one of them is faster, and the other then is nobody any more.
func TestTwoOwnersRemoveEachOther(t *testing.T) {
	t.Parallel()
	for range 5 {
		p := newPeople(t, unlimited)
		second, there := p.join("second@shop.example", project.RoleOwner)
		here := p.collaborator(p.owner)
		var wg sync.WaitGroup
		var first, other error
		wg.Go(func() { first = p.RemoveCollaborator(t.Context(), by(p.owner), "acme", there.ID) })
		wg.Go(func() { other = p.RemoveCollaborator(t.Context(), by(second), "acme", here.ID) })
		wg.Wait()
		if (first == nil) == (other == nil) {
			t.Fatalf("both or neither: %v, %v", first, other)
		}
		all, err := p.Collaborators(t.Context(), "acme")
		if err != nil || len(all) != 1 || all[0].Role != project.RoleOwner {
			t.Errorf("left: %+v, %v", all, err)
		}
	}
}

func TestLeaveAndRoles(t *testing.T) {
	t.Parallel()
	p := newPeople(t, unlimited)
	ctx := t.Context()
	p.want(p.Leave(ctx, by(p.owner), "acme", p.owner.ID), "LastOwner")
	here := p.collaborator(p.owner)
	p.want(p.SetRole(ctx, by(p.owner), "acme", here.ID, project.RoleEditor), "LastOwner")
	kim, there := p.join("kim@shop.example", project.RoleEditor)
	p.want(p.SetRole(ctx, by(kim), "acme", there.ID, project.RoleOwner), "AccessDenied")
	p.want(p.SetRole(ctx, by(p.owner), "acme", there.ID, "KING"), "RoleInvalid")
	if err := p.SetRole(ctx, by(p.owner), "acme", there.ID, project.RoleOwner); err != nil {
		t.Fatal(err)
	}
	if err := p.Leave(ctx, by(p.owner), "acme", p.owner.ID); err != nil {
		t.Fatal(err)
	}
	p.want(p.Leave(ctx, by(p.owner), "acme", p.owner.ID), "CollaboratorNotFound")
	p.want(p.Leave(ctx, by(kim), "acme", kim.ID), "LastOwner")
}
