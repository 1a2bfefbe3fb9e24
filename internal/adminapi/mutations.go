package adminapi

import (
	"context"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/store"
)

// refusal records a failed attempt at an action; it does nothing when the error says that
// it is recorded already.
type refusal func(context.Context, *store.DB, event.By, event.Target, error) error

// refusals are how failed mutations are recorded: as attempts at their facts. A mutation that
// is not here does not pass the tests.
var refusals = map[string]refusal{
	"createUser":                     store.Refuse[event.CreateUserExecuted],
	"updateUser":                     store.Refuse[event.UpdateUserExecuted],
	"setDisabledStatus":              store.Refuse[event.SetDisabledStatusExecuted],
	"resetPassword":                  store.Refuse[event.ResetPasswordExecuted],
	"deleteUser":                     store.Refuse[event.DeleteUserExecuted],
	"createIdentity":                 store.Refuse[event.CreateIdentityExecuted],
	"updateIdentity":                 store.Refuse[event.UpdateIdentityExecuted],
	"deleteIdentity":                 store.Refuse[event.DeleteIdentityExecuted],
	"setVerifiedStatus":              store.Refuse[event.SetVerifiedStatusExecuted],
	"createAuthenticator":            store.Refuse[event.CreateAuthenticatorExecuted],
	"deleteAuthenticator":            store.Refuse[event.DeleteAuthenticatorExecuted],
	"generateOOBOTPCode":             store.Refuse[event.GenerateOOBOTPCodeExecuted],
	"sendResetPasswordMessage":       store.Refuse[event.SendResetPasswordMessageExecuted],
	"setPasswordExpired":             store.Refuse[event.SetPasswordExpiredExecuted],
	"resetAccountLockout":            store.Refuse[event.ResetAccountLockoutExecuted],
	"setMFAGracePeriod":              store.Refuse[event.SetMFAGracePeriodExecuted],
	"removeMFAGracePeriod":           store.Refuse[event.RemoveMFAGracePeriodExecuted],
	"createSession":                  store.Refuse[event.CreateSessionExecuted],
	"revokeSession":                  store.Refuse[event.RevokeSessionExecuted],
	"revokeAllSessions":              store.Refuse[event.RevokeAllSessionsExecuted],
	"deleteAuthorization":            store.Refuse[event.DeleteAuthorizationExecuted],
	"anonymizeUser":                  store.Refuse[event.AnonymizeUserExecuted],
	"scheduleAccountDeletion":        store.Refuse[event.ScheduleAccountDeletionExecuted],
	"unscheduleAccountDeletion":      store.Refuse[event.UnscheduleAccountDeletionExecuted],
	"scheduleAccountAnonymization":   store.Refuse[event.ScheduleAccountAnonymizationExecuted],
	"unscheduleAccountAnonymization": store.Refuse[event.UnscheduleAccountAnonymizationExecuted],
	"setAccountValidFrom":            store.Refuse[event.SetAccountValidFromExecuted],
	"setAccountValidUntil":           store.Refuse[event.SetAccountValidUntilExecuted],
	"setAccountValidPeriod":          store.Refuse[event.SetAccountValidPeriodExecuted],
}

// refuseMutation records a mutation that failed before its service could.
func (c *call) refuseMutation(ctx context.Context, field string, cause error) {
	if record := refusals[field]; record != nil {
		_ = record(ctx, c.DB, c.by, event.InProject(c.project.ID), cause) // the cause itself
	}
}
