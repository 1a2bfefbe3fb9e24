package adminapi

import (
	"context"
	"math"
	"strings"

	"github.com/sealog/sealog/internal/adminapi/gql"
	"github.com/sealog/sealog/internal/adminapi/model"
	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/directory"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/session"
)

// users makes the objects of users who were found together.
func (c *call) users(found ...directory.User) []*model.User {
	ids := make([]event.ID, len(found))
	for i, u := range found {
		ids[i] = u.ID
	}
	have := &model.Belongings{
		Identities: model.NewLazy(func(ctx context.Context) (map[event.ID][]directory.Identity, error) {
			return c.Directory.IdentitiesOf(ctx, c.project.ID, ids)
		}),
		Authenticators: model.NewLazy(func(ctx context.Context) (map[event.ID][]directory.Authenticator, error) {
			return c.Directory.AuthenticatorsOf(ctx, c.project.ID, ids)
		}),
		Sessions: model.NewLazy(func(ctx context.Context) (map[event.ID][]session.Session, error) {
			return c.Sessions.Of(ctx, c.project.ID, ids)
		}),
		Authorizations: model.NewLazy(func(ctx context.Context) (map[event.ID][]session.Authorization, error) {
			return c.Sessions.AuthorizationsOf(ctx, c.project.ID, ids)
		}),
		Lockouts: model.NewLazy(func(ctx context.Context) (map[event.ID]directory.Lockout, error) {
			return c.Directory.LockoutsOf(ctx, c.project, ids)
		}),
		LockoutType: directory.LockoutType(c.project),
	}
	now := c.DB.Now()
	users := make([]*model.User, len(found))
	for i, u := range found {
		users[i] = &model.User{User: u, Now: now, Have: have}
	}
	return users
}

// readUsers notes that the caller has read users, or asked for them.
func (c *call) readUsers() { c.Reads.Note(c.by, c.project.ID, "admin_api", auditlog.OfUsers) }

// usersByID finds users in one statement.
func (c *call) usersByID(ctx context.Context, ids []event.ID) (map[event.ID]*model.User, error) {
	found, err := c.Directory.GetMany(ctx, c.project.ID, ids)
	if err != nil {
		return nil, err
	}
	if len(found) > 0 {
		c.readUsers()
	}
	list := make([]directory.User, 0, len(found))
	for _, u := range found {
		list = append(list, u)
	}
	byID := make(map[event.ID]*model.User, len(found))
	for _, u := range c.users(list...) {
		byID[u.ID] = u
	}
	return byID, nil
}

// userID reads the global id of a user.
func userID(global string) (event.ID, error) { return idOf(model.TypeUser, global) }

// idOf reads the global id of an object of a type; the words of its error are the contract's.
func idOf(typeName, global string) (event.ID, error) {
	id, ok := model.ParseIDOf(typeName, global)
	if !ok {
		name := strings.ToLower(typeName)
		return id, fault.New(fault.Invalid, "Invalid", "invalid %s ID", name).On(name + "ID")
	}
	return id, nil
}

// Users resolves users.
func (c *call) Users(
	ctx context.Context, first, last *int, before, after, searchKeyword *string, sortBy *gql.UserSortBy, sortDirection *gql.SortDirection,
) (*model.UserConnection, error) {
	c.readUsers()
	in := directory.ListInput{Search: value(searchKeyword), Descending: value(sortDirection) != gql.SortDirectionAsc}
	if value(sortBy) == gql.UserSortByLastLoginAt {
		in.SortBy = directory.ByLastLoginAt
	}
	count := func(ctx context.Context) (int64, error) { return c.Directory.Count(ctx, c.project.ID, in.Search) }
	// The last rows can only be found from the end; otherwise the total does not matter.
	total := math.MaxInt
	if last != nil {
		n, err := count(ctx)
		if err != nil {
			return nil, err
		}
		total = int(n)
	}
	args := model.Args{First: atMost(first), Last: atMost(last), Before: before, After: after}
	if first == nil && last == nil {
		page := auditlog.MaxPage
		args.First = &page
	}
	start, end, err := args.Window(model.Offsets, total)
	if err != nil {
		return nil, err
	}
	in.Offset, in.Limit = start, end-start+1
	found, err := c.Directory.List(ctx, c.project.ID, in)
	if err != nil {
		return nil, err
	}
	hasNext := len(found) > end-start
	found = found[:min(len(found), end-start)]
	page := &model.UserConnection{
		Edges:    make([]*model.UserEdge, len(found)),
		PageInfo: model.Offsets.Info(start, start+len(found), hasNext),
		Count:    count,
	}
	for i, u := range c.users(found...) {
		page.Edges[i] = &model.UserEdge{Cursor: model.Offsets.At(start + i), Node: u}
	}
	return page, nil
}

// atMost cuts a page down to the largest one.
func atMost(rows *int) *int {
	if rows != nil && *rows > auditlog.MaxPage {
		most := auditlog.MaxPage
		return &most
	}
	return rows
}

// value is what an optional argument says, or the zero value.
func value[T any](argument *T) T {
	var v T
	if argument != nil {
		v = *argument
	}
	return v
}

// GetUserByLoginID resolves getUserByLoginID.
func (c *call) GetUserByLoginID(ctx context.Context, loginIDKey, loginIDValue string) (*model.User, error) {
	c.readUsers()
	u, ok, err := c.Directory.ByLoginID(ctx, c.project, loginIDKey, loginIDValue)
	if err != nil || !ok {
		return nil, err
	}
	return c.users(u)[0], nil
}

// GetUserByOAuth resolves getUserByOAuth.
func (c *call) GetUserByOAuth(ctx context.Context, oauthProviderAlias, oauthProviderUserID string) (*model.User, error) {
	c.readUsers()
	u, ok, err := c.Directory.ByOAuth(ctx, c.project, oauthProviderAlias, oauthProviderUserID)
	if err != nil || !ok {
		return nil, err
	}
	return c.users(u)[0], nil
}

// GetUsersByStandardAttribute resolves getUsersByStandardAttribute.
func (c *call) GetUsersByStandardAttribute(ctx context.Context, attributeName, attributeValue string) ([]*model.User, error) {
	c.readUsers()
	found, err := c.Directory.ByStandardAttribute(ctx, c.project, attributeName, attributeValue)
	return c.users(found...), err
}

// CreateUser resolves createUser.
func (c *call) CreateUser(ctx context.Context, in gql.CreateUserInput) (*gql.CreateUserPayload, error) {
	loginID, err := loginIDOf(in.Definition)
	if err != nil {
		return nil, err
	}
	u, err := c.Directory.Create(ctx, c.by, c.project, directory.CreateInput{
		LoginID: loginID, Password: in.Password, SendPassword: value(in.SendPassword), SetPasswordExpired: value(in.SetPasswordExpired),
		AccountValidFrom: in.AccountValidFrom, AccountValidUntil: in.AccountValidUntil,
	})
	if err != nil {
		return nil, err
	}
	return &gql.CreateUserPayload{User: c.users(u)[0]}, nil
}

// UpdateUser resolves updateUser.
func (c *call) UpdateUser(ctx context.Context, in gql.UpdateUserInput) (*gql.UpdateUserPayload, error) {
	id, err := userID(in.UserID)
	if err != nil {
		return nil, err
	}
	u, err := c.Directory.Update(ctx, c.by, c.project, id, directory.UpdateInput{
		StandardAttributes: in.StandardAttributes, CustomAttributes: in.CustomAttributes,
	})
	if err != nil {
		return nil, err
	}
	return &gql.UpdateUserPayload{User: c.users(u)[0]}, nil
}

// SetDisabledStatus resolves setDisabledStatus.
func (c *call) SetDisabledStatus(ctx context.Context, in gql.SetDisabledStatusInput) (*gql.SetDisabledStatusPayload, error) {
	id, err := userID(in.UserID)
	if err != nil {
		return nil, err
	}
	u, err := c.Directory.SetDisabledStatus(ctx, c.by, c.project, id, directory.DisableInput{
		IsDisabled: in.IsDisabled, Reason: value(in.Reason), From: in.TemporarilyDisabledFrom, Until: in.TemporarilyDisabledUntil,
	})
	if err != nil {
		return nil, err
	}
	return &gql.SetDisabledStatusPayload{User: c.users(u)[0]}, nil
}

// ResetPassword resolves resetPassword.
func (c *call) ResetPassword(ctx context.Context, in gql.ResetPasswordInput) (*gql.ResetPasswordPayload, error) {
	id, err := userID(in.UserID)
	if err != nil {
		return nil, err
	}
	u, err := c.Directory.ResetPassword(ctx, c.by, c.project, id, directory.ResetPasswordInput{
		Password: in.Password, SendPassword: value(in.SendPassword), SetPasswordExpired: value(in.SetPasswordExpired),
	})
	if err != nil {
		return nil, err
	}
	return &gql.ResetPasswordPayload{User: c.users(u)[0]}, nil
}

// DeleteUser resolves deleteUser.
func (c *call) DeleteUser(ctx context.Context, in gql.DeleteUserInput) (*gql.DeleteUserPayload, error) {
	id, err := userID(in.UserID)
	if err != nil {
		return nil, err
	}
	if _, err := c.Directory.Delete(ctx, c.by, c.project, id, value(in.Reason)); err != nil {
		return nil, err
	}
	return &gql.DeleteUserPayload{DeletedUserID: in.UserID}, nil
}
