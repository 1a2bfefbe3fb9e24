package adminapi

import (
	"context"

	"github.com/sealog/sealog/internal/adminapi/gql"
	"github.com/sealog/sealog/internal/adminapi/model"
	"github.com/sealog/sealog/internal/directory"
	"github.com/sealog/sealog/internal/fault"
)

// loginIDOf is the one member that a definition must have.
func loginIDOf(definition *gql.IdentityDefinition) (directory.LoginID, error) {
	if definition == nil || definition.LoginID == nil {
		return directory.LoginID{}, fault.New(fault.Invalid, "Invalid", "definition must have exactly one member").On("definition")
	}
	return directory.LoginID{Key: definition.LoginID.Key, Value: definition.LoginID.Value}, nil
}

// CreateIdentity resolves createIdentity.
func (c *call) CreateIdentity(ctx context.Context, in gql.CreateIdentityInput) (*gql.CreateIdentityPayload, error) {
	id, err := userID(in.UserID)
	if err != nil {
		return nil, err
	}
	loginID, err := loginIDOf(in.Definition)
	if err != nil {
		return nil, err
	}
	u, i, err := c.Directory.CreateIdentity(ctx, c.by, c.project, id, directory.CreateIdentityInput{LoginID: loginID, Password: value(in.Password)})
	if err != nil {
		return nil, err
	}
	return &gql.CreateIdentityPayload{User: c.users(u)[0], Identity: &model.Identity{Identity: i}}, nil
}

// UpdateIdentity resolves updateIdentity.
func (c *call) UpdateIdentity(ctx context.Context, in gql.UpdateIdentityInput) (*gql.UpdateIdentityPayload, error) {
	id, err := userID(in.UserID)
	if err != nil {
		return nil, err
	}
	identity, err := idOf(model.TypeIdentity, in.IdentityID)
	if err != nil {
		return nil, err
	}
	loginID, err := loginIDOf(in.Definition)
	if err != nil {
		return nil, err
	}
	u, i, err := c.Directory.UpdateIdentity(ctx, c.by, c.project, id, identity, loginID)
	if err != nil {
		return nil, err
	}
	return &gql.UpdateIdentityPayload{User: c.users(u)[0], Identity: &model.Identity{Identity: i}}, nil
}

// DeleteIdentity resolves deleteIdentity.
func (c *call) DeleteIdentity(ctx context.Context, in gql.DeleteIdentityInput) (*gql.DeleteIdentityPayload, error) {
	identity, err := idOf(model.TypeIdentity, in.IdentityID)
	if err != nil {
		return nil, err
	}
	u, err := c.Directory.DeleteIdentity(ctx, c.by, c.project, identity)
	if err != nil {
		return nil, err
	}
	return &gql.DeleteIdentityPayload{User: c.users(u)[0]}, nil
}

// SetVerifiedStatus resolves setVerifiedStatus.
func (c *call) SetVerifiedStatus(ctx context.Context, in gql.SetVerifiedStatusInput) (*gql.SetVerifiedStatusPayload, error) {
	id, err := userID(in.UserID)
	if err != nil {
		return nil, err
	}
	claim := directory.Claim{Name: in.ClaimName, Value: in.ClaimValue}
	u, err := c.Directory.SetVerifiedStatus(ctx, c.by, c.project, id, claim, in.IsVerified)
	if err != nil {
		return nil, err
	}
	return &gql.SetVerifiedStatusPayload{User: c.users(u)[0]}, nil
}
