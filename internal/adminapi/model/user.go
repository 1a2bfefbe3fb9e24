package model

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/sealog/sealog/internal/directory"
	"github.com/sealog/sealog/internal/event"
)

// Belongings are what users who were found together have, each loaded once for all of them.
type Belongings struct {
	Identities     *Lazy[map[event.ID][]directory.Identity]
	Authenticators *Lazy[map[event.ID][]directory.Authenticator]
}

// User is an end user.
type User struct {
	directory.User
	Now  time.Time // when it was found
	Have *Belongings
}

// IsNode and IsEntity make User a Node and an Entity.
func (User) IsNode() {}

// IsEntity makes User an Entity.
func (User) IsEntity() {}

// GlobalID is the field id.
func (u *User) GlobalID() string { return GlobalID(TypeUser, u.ID) }

// IsDisabled is whether the user may not sign in now.
func (u *User) IsDisabled() bool { return u.Disabled(u.Now) }

// IsAnonymous is false: there are no anonymous users yet.
func (u *User) IsAnonymous() bool { return false }

// StandardAttributes are those stored and those derived.
func (u *User) StandardAttributes() json.RawMessage { return u.ShownAttributes() }

// Web3 is always empty.
func (u *User) Web3() json.RawMessage { return json.RawMessage("{}") }

// Identities returns those of a type, or all of them, oldest first.
func (u *User) identities(ctx context.Context, only *IdentityType) ([]*Identity, error) {
	all, err := u.Have.Identities.Get(ctx)
	if err != nil {
		return nil, err
	}
	found := []*Identity{}
	for _, i := range all[u.ID] {
		if one := (&Identity{i}); only == nil || one.EnumType() == *only {
			found = append(found, one)
		}
	}
	return found, nil
}

func (u *User) authenticators(ctx context.Context, only *AuthenticatorType, kind *AuthenticatorKind) ([]*Authenticator, error) {
	all, err := u.Have.Authenticators.Get(ctx)
	if err != nil {
		return nil, err
	}
	found := []*Authenticator{}
	for _, a := range all[u.ID] {
		one := &Authenticator{a}
		if (only == nil || one.EnumType() == *only) && (kind == nil || one.EnumKind() == *kind) {
			found = append(found, one)
		}
	}
	return found, nil
}

// names are the attributes that a user is called by.
type names struct {
	Name       string `json:"name"`
	Nickname   string `json:"nickname"`
	GivenName  string `json:"given_name"`
	MiddleName string `json:"middle_name"`
	FamilyName string `json:"family_name"`
	Email      string `json:"email"`
	Phone      string `json:"phone_number"`
	Username   string `json:"preferred_username"`
}

func (u *User) names() (n names, err error) {
	if err = json.Unmarshal(u.User.StandardAttributes, &n); err != nil {
		err = fmt.Errorf("model: attributes of %s: %w", u.ID, err)
	}
	return n, err
}

// FormattedName is the name, or given, middle and family name, or the nickname.
func (u *User) FormattedName() (*string, error) {
	n, err := u.names()
	parts := strings.Join(strings.Fields(n.GivenName+" "+n.MiddleName+" "+n.FamilyName), " ")
	return orNil(cmp.Or(n.Name, parts, n.Nickname)), err
}

// EndUserAccountID is the first of e-mail address, phone number and username that is there.
func (u *User) EndUserAccountID() (*string, error) {
	n, err := u.names()
	return orNil(cmp.Or(n.Email, n.Phone, n.Username)), err
}

func orNil(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// Identities is a page of them.
func (u *User) Identities(ctx context.Context, first, last *int, before, after *string, identityType *IdentityType) (*IdentityConnection, error) {
	all, err := u.identities(ctx, identityType)
	if err != nil {
		return nil, err
	}
	args := Args{First: first, Last: last, Before: before, After: after}
	start, end, err := args.Window(InMemory, len(all))
	if err != nil {
		return nil, err
	}
	c := &IdentityConnection{Edges: []*IdentityEdge{}, PageInfo: InMemory.Info(start, end, end < len(all)), TotalCount: len(all)}
	for at := start; at < end; at++ {
		c.Edges = append(c.Edges, &IdentityEdge{InMemory.At(at), all[at]})
	}
	return c, nil
}

// LoginIDs are the identities of the type LOGIN_ID.
func (u *User) LoginIDs(ctx context.Context) ([]*Identity, error) {
	only := IdentityType("LOGIN_ID")
	return u.identities(ctx, &only)
}

// Authenticators is a page of them.
func (u *User) Authenticators(
	ctx context.Context, first, last *int, before, after *string, authenticatorType *AuthenticatorType, authenticatorKind *AuthenticatorKind,
) (*AuthenticatorConnection, error) {
	all, err := u.authenticators(ctx, authenticatorType, authenticatorKind)
	if err != nil {
		return nil, err
	}
	args := Args{First: first, Last: last, Before: before, After: after}
	start, end, err := args.Window(InMemory, len(all))
	if err != nil {
		return nil, err
	}
	c := &AuthenticatorConnection{Edges: []*AuthenticatorEdge{}, PageInfo: InMemory.Info(start, end, end < len(all)), TotalCount: len(all)}
	for at := start; at < end; at++ {
		c.Edges = append(c.Edges, &AuthenticatorEdge{InMemory.At(at), all[at]})
	}
	return c, nil
}

// PrimaryPassword is nil when the user has none.
func (u *User) PrimaryPassword(ctx context.Context) (*Authenticator, error) {
	password, primary := AuthenticatorType("PASSWORD"), AuthenticatorKind("PRIMARY")
	found, err := u.authenticators(ctx, &password, &primary)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}

// UserEdge is a user in a page.
type UserEdge struct {
	Cursor string
	Node   *User
}

// UserConnection is a page of users.
type UserConnection struct {
	Edges    []*UserEdge
	PageInfo PageInfo
	Count    func(context.Context) (int64, error)
}

// TotalCount counts all users that the search finds.
func (c *UserConnection) TotalCount(ctx context.Context) (*int, error) { return count(ctx, c.Count) }
