package adminapi

import (
	"context"
	"strings"

	"github.com/sealog/sealog/internal/adminapi/gql"
	"github.com/sealog/sealog/internal/adminapi/model"
	"github.com/sealog/sealog/internal/directory"
)

// CreateAuthenticator resolves createAuthenticator.
func (c *call) CreateAuthenticator(ctx context.Context, in gql.CreateAuthenticatorInput) (*gql.CreateAuthenticatorPayload, error) {
	id, err := userID(in.UserID)
	if err != nil {
		return nil, err
	}
	d := in.Definition
	made := directory.CreateAuthenticatorInput{Type: strings.ToLower(string(d.Type)), Kind: strings.ToLower(string(d.Kind))}
	if d.Password != nil {
		made.Password = d.Password.Password
	}
	if d.OobOtpEmail != nil {
		made.Email = d.OobOtpEmail.Email
	}
	if d.OobOtpSms != nil {
		made.Phone = d.OobOtpSms.Phone
	}
	_, a, err := c.Directory.CreateAuthenticator(ctx, c.by, c.project, id, made)
	if err != nil {
		return nil, err
	}
	return &gql.CreateAuthenticatorPayload{Authenticator: &model.Authenticator{Authenticator: a}}, nil
}

// DeleteAuthenticator resolves deleteAuthenticator.
func (c *call) DeleteAuthenticator(ctx context.Context, in gql.DeleteAuthenticatorInput) (*gql.DeleteAuthenticatorPayload, error) {
	id, err := idOf(model.TypeAuthenticator, in.AuthenticatorID)
	if err != nil {
		return nil, err
	}
	u, err := c.Directory.DeleteAuthenticator(ctx, c.by, c.project, id)
	if err != nil {
		return nil, err
	}
	return &gql.DeleteAuthenticatorPayload{User: c.users(u)[0]}, nil
}

// GenerateOOBOTPCode resolves generateOOBOTPCode.
func (c *call) GenerateOOBOTPCode(ctx context.Context, in gql.GenerateOOBOTPCodeInput) (*gql.GenerateOOBOTPCodePayload, error) {
	purpose := directory.ForLogin
	if value(in.Purpose) == gql.OTPPurposeVerification {
		purpose = directory.ForVerification
	}
	code, err := c.Directory.GenerateCode(ctx, c.by, c.project, in.Target, purpose)
	if err != nil {
		return nil, err
	}
	return &gql.GenerateOOBOTPCodePayload{Code: code}, nil
}

// SendResetPasswordMessage resolves sendResetPasswordMessage; null is that it went well.
func (c *call) SendResetPasswordMessage(ctx context.Context, in gql.SendResetPasswordMessageInput) (*bool, error) {
	return nil, c.Directory.SendResetPasswordMessage(ctx, c.by, c.project, in.LoginID)
}

// SetPasswordExpired resolves setPasswordExpired.
func (c *call) SetPasswordExpired(ctx context.Context, in gql.SetPasswordExpiredInput) (*gql.SetPasswordExpiredPayload, error) {
	id, err := userID(in.UserID)
	if err != nil {
		return nil, err
	}
	u, err := c.Directory.SetPasswordExpired(ctx, c.by, c.project, id, in.Expired)
	if err != nil {
		return nil, err
	}
	return &gql.SetPasswordExpiredPayload{User: c.users(u)[0]}, nil
}

// ResetAccountLockout resolves resetAccountLockout.
func (c *call) ResetAccountLockout(ctx context.Context, in gql.ResetAccountLockoutInput) (*gql.ResetAccountLockoutPayload, error) {
	id, err := userID(in.UserID)
	if err != nil {
		return nil, err
	}
	u, err := c.Directory.ResetAccountLockout(ctx, c.by, c.project, id)
	if err != nil {
		return nil, err
	}
	return &gql.ResetAccountLockoutPayload{User: c.users(u)[0]}, nil
}

// SetMFAGracePeriod resolves setMFAGracePeriod.
func (c *call) SetMFAGracePeriod(ctx context.Context, in gql.SetMFAGracePeriodInput) (*gql.SetMFAGracePeriodPayload, error) {
	id, err := userID(in.UserID)
	if err != nil {
		return nil, err
	}
	u, err := c.Directory.SetMFAGracePeriod(ctx, c.by, c.project, id, in.EndAt)
	if err != nil {
		return nil, err
	}
	return &gql.SetMFAGracePeriodPayload{User: c.users(u)[0]}, nil
}

// RemoveMFAGracePeriod resolves removeMFAGracePeriod.
func (c *call) RemoveMFAGracePeriod(ctx context.Context, in gql.RemoveMFAGracePeriodInput) (*gql.RemoveMFAGracePeriodPayload, error) {
	id, err := userID(in.UserID)
	if err != nil {
		return nil, err
	}
	u, err := c.Directory.RemoveMFAGracePeriod(ctx, c.by, c.project, id)
	if err != nil {
		return nil, err
	}
	return &gql.RemoveMFAGracePeriodPayload{User: c.users(u)[0]}, nil
}
