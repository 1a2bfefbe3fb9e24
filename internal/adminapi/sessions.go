package adminapi

import (
	"context"

	"github.com/sealog/sealog/internal/adminapi/gql"
	"github.com/sealog/sealog/internal/adminapi/model"
	"github.com/sealog/sealog/internal/directory"
)

// CreateSession resolves createSession.
func (c *call) CreateSession(ctx context.Context, in gql.CreateSessionInput) (*gql.CreateSessionPayload, error) {
	id, err := userID(in.UserID)
	if err != nil {
		return nil, err
	}
	t, err := c.Directory.CreateSession(ctx, c.by, c.project, id, directory.CreateSessionInput{ClientID: in.ClientID, DeviceInfo: value(in.DeviceInfo)})
	if err != nil {
		return nil, err
	}
	return &gql.CreateSessionPayload{RefreshToken: t.RefreshToken, AccessToken: t.AccessToken, TokenType: t.TokenType, ExpiresIn: t.ExpiresIn}, nil
}

// RevokeSession resolves revokeSession.
func (c *call) RevokeSession(ctx context.Context, in gql.RevokeSessionInput) (*gql.RevokeSessionPayload, error) {
	id, err := idOf(model.TypeSession, in.SessionID)
	if err != nil {
		return nil, err
	}
	u, err := c.Directory.RevokeSession(ctx, c.by, c.project, id)
	if err != nil {
		return nil, err
	}
	return &gql.RevokeSessionPayload{User: c.users(u)[0]}, nil
}

// RevokeAllSessions resolves revokeAllSessions.
func (c *call) RevokeAllSessions(ctx context.Context, in gql.RevokeAllSessionsInput) (*gql.RevokeAllSessionsPayload, error) {
	id, err := userID(in.UserID)
	if err != nil {
		return nil, err
	}
	u, err := c.Directory.RevokeAllSessions(ctx, c.by, c.project, id)
	if err != nil {
		return nil, err
	}
	return &gql.RevokeAllSessionsPayload{User: c.users(u)[0]}, nil
}

// DeleteAuthorization resolves deleteAuthorization.
func (c *call) DeleteAuthorization(ctx context.Context, in gql.DeleteAuthorizationInput) (*gql.DeleteAuthorizationPayload, error) {
	id, err := idOf(model.TypeAuthorization, in.AuthorizationID)
	if err != nil {
		return nil, err
	}
	u, err := c.Directory.DeleteAuthorization(ctx, c.by, c.project, id)
	if err != nil {
		return nil, err
	}
	return &gql.DeleteAuthorizationPayload{User: c.users(u)[0]}, nil
}
