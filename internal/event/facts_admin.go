package event

import "time"

// The facts of the Admin API's user mutations. Their types are
// admin_api.mutation.<mutation in snake case>.executed.

// CreateUserExecuted is a user created.
type CreateUserExecuted struct {
	User UserObject `json:"user"`
}

// ResetPasswordExecuted is a user's password replaced by an administrator.
type ResetPasswordExecuted struct {
	User      UserObject `json:"user"`
	Generated bool       `json:"password_generated" class:"public"`
	Sent      bool       `json:"password_sent" class:"public"`
	Expired   bool       `json:"password_expired" class:"public"`
}

// SetDisabledStatusExecuted is a user disabled, for good or for a time, or enabled again.
type SetDisabledStatusExecuted struct {
	User       UserObject `json:"user"`
	IsDisabled bool       `json:"is_disabled" class:"public"`
	Reason     string     `json:"reason,omitempty" class:"personal"`
	From       *time.Time `json:"temporarily_disabled_from,omitempty" class:"public"`
	Until      *time.Time `json:"temporarily_disabled_until,omitempty" class:"public"`
}

// CreateSessionExecuted is a session made for a user by an administrator.
type CreateSessionExecuted struct {
	User    UserObject    `json:"user"`
	Session SessionObject `json:"session"`
}

// AnonymizeUserExecuted is a user whose personal data was removed; the snapshot is of after.
type AnonymizeUserExecuted struct {
	User UserObject `json:"user"`
}

// CreateIdentityExecuted is an identity added to a user.
type CreateIdentityExecuted struct {
	User     UserObject     `json:"user"`
	Identity IdentityObject `json:"identity"`
}

// UpdateIdentityExecuted is an identity changed; Identity is the new one.
type UpdateIdentityExecuted struct {
	User     UserObject     `json:"user"`
	Identity IdentityObject `json:"identity"`
	Original IdentityObject `json:"original_identity"`
}

// DeleteIdentityExecuted is an identity taken from a user.
type DeleteIdentityExecuted struct {
	User     UserObject     `json:"user"`
	Identity IdentityObject `json:"identity"`
}

// DeleteAuthenticatorExecuted is an authenticator taken from a user.
type DeleteAuthenticatorExecuted struct {
	User          UserObject          `json:"user"`
	Authenticator AuthenticatorObject `json:"authenticator"`
}

// DeleteAuthorizationExecuted is a user's consent to a client withdrawn.
type DeleteAuthorizationExecuted struct {
	Authorization AuthorizationObject `json:"authorization"`
	User          UserObject          `json:"user"`
}

// DeleteUserExecuted is a user deleted; the snapshot is of before.
type DeleteUserExecuted struct {
	User   UserObject `json:"user"`
	Reason string     `json:"reason,omitempty" class:"personal"`
}

// GenerateOOBOTPCodeExecuted is a one-time code made for an address; the code is not in it.
type GenerateOOBOTPCodeExecuted struct {
	Target  string      `json:"target" class:"personal"`
	Purpose string      `json:"purpose" class:"public"`
	User    *UserObject `json:"user,omitempty"`
}

// RevokeSessionExecuted is one sign-in of a user ended.
type RevokeSessionExecuted struct {
	User    UserObject    `json:"user"`
	Session SessionObject `json:"session"`
}

// RevokeAllSessionsExecuted is all sign-ins of a user ended.
type RevokeAllSessionsExecuted struct {
	User UserObject `json:"user"`
}

// ScheduleAccountDeletionExecuted is a user who will be deleted at user.delete_at.
type ScheduleAccountDeletionExecuted struct {
	User   UserObject `json:"user"`
	Reason string     `json:"reason,omitempty" class:"personal"`
}

// UnscheduleAccountDeletionExecuted is a planned deletion called off.
type UnscheduleAccountDeletionExecuted struct {
	User UserObject `json:"user"`
}

// ScheduleAccountAnonymizationExecuted is a user who will be anonymized at user.anonymize_at.
type ScheduleAccountAnonymizationExecuted struct {
	User UserObject `json:"user"`
}

// UnscheduleAccountAnonymizationExecuted is a planned anonymization called off.
type UnscheduleAccountAnonymizationExecuted struct {
	User UserObject `json:"user"`
}

// SendResetPasswordMessageExecuted is a message sent with which a user sets a new password.
type SendResetPasswordMessageExecuted struct {
	LoginID string      `json:"login_id" class:"personal"`
	User    *UserObject `json:"user,omitempty"`
}

// SetVerifiedStatusExecuted is a claim marked as verified, or as not.
type SetVerifiedStatusExecuted struct {
	ClaimName  string     `json:"claim_name" class:"public"`
	ClaimValue string     `json:"claim_value" class:"personal"`
	IsVerified bool       `json:"is_verified" class:"public"`
	User       UserObject `json:"user"`
}

// UpdateUserExecuted is a user's attributes replaced; User is after, Original before.
type UpdateUserExecuted struct {
	User     UserObject `json:"user"`
	Original UserObject `json:"original_user"`
}

// CreateAuthenticatorExecuted is an authenticator given to a user.
type CreateAuthenticatorExecuted struct {
	User          UserObject          `json:"user"`
	Authenticator AuthenticatorObject `json:"authenticator"`
}

// SetPasswordExpiredExecuted is a user who must choose another password at the next sign-in, or no longer must.
type SetPasswordExpiredExecuted struct {
	User    UserObject `json:"user"`
	Expired bool       `json:"expired" class:"public"`
}

// ResetAccountLockoutExecuted is a user whose failed proofs are forgotten.
type ResetAccountLockoutExecuted struct {
	User     UserObject    `json:"user"`
	Previous LockoutObject `json:"previous_lockout_status"`
}

// SetAccountValidFromExecuted is the start of the time in which an account is valid changed; none is always.
type SetAccountValidFromExecuted struct {
	User     UserObject `json:"user"`
	From     *time.Time `json:"account_valid_from,omitempty" class:"public"`
	Original UserObject `json:"original_user"`
}

// SetAccountValidUntilExecuted is the end of the time in which an account is valid changed; none is never.
type SetAccountValidUntilExecuted struct {
	User     UserObject `json:"user"`
	Until    *time.Time `json:"account_valid_until,omitempty" class:"public"`
	Original UserObject `json:"original_user"`
}

// SetAccountValidPeriodExecuted is the time in which an account is valid changed at both ends.
type SetAccountValidPeriodExecuted struct {
	User     UserObject `json:"user"`
	From     *time.Time `json:"account_valid_from,omitempty" class:"public"`
	Until    *time.Time `json:"account_valid_until,omitempty" class:"public"`
	Original UserObject `json:"original_user"`
}

// SetMFAGracePeriodExecuted is a user who may sign in without a second factor for a while.
type SetMFAGracePeriodExecuted struct {
	User  UserObject `json:"user"`
	EndAt time.Time  `json:"mfa_grace_period_end_at" class:"public"`
}

// RemoveMFAGracePeriodExecuted is a user who needs a second factor again.
type RemoveMFAGracePeriodExecuted struct {
	User UserObject `json:"user"`
}

// Type implements Payload.
func (CreateUserExecuted) Type() Type              { return "admin_api.mutation.create_user.executed" }
func (CreateUserExecuted) fact(CreateUserExecuted) {}

// Type implements Payload.
func (ResetPasswordExecuted) Type() Type                 { return "admin_api.mutation.reset_password.executed" }
func (ResetPasswordExecuted) fact(ResetPasswordExecuted) {}

// Type implements Payload.
func (SetDisabledStatusExecuted) Type() Type {
	return "admin_api.mutation.set_disabled_status.executed"
}
func (SetDisabledStatusExecuted) fact(SetDisabledStatusExecuted) {}

// Type implements Payload.
func (CreateSessionExecuted) Type() Type                 { return "admin_api.mutation.create_session.executed" }
func (CreateSessionExecuted) fact(CreateSessionExecuted) {}

// Type implements Payload.
func (AnonymizeUserExecuted) Type() Type                 { return "admin_api.mutation.anonymize_user.executed" }
func (AnonymizeUserExecuted) fact(AnonymizeUserExecuted) {}

// Type implements Payload.
func (CreateIdentityExecuted) Type() Type                  { return "admin_api.mutation.create_identity.executed" }
func (CreateIdentityExecuted) fact(CreateIdentityExecuted) {}

// Type implements Payload.
func (UpdateIdentityExecuted) Type() Type                  { return "admin_api.mutation.update_identity.executed" }
func (UpdateIdentityExecuted) fact(UpdateIdentityExecuted) {}

// Type implements Payload.
func (DeleteIdentityExecuted) Type() Type                  { return "admin_api.mutation.delete_identity.executed" }
func (DeleteIdentityExecuted) fact(DeleteIdentityExecuted) {}

// Type implements Payload.
func (DeleteAuthenticatorExecuted) Type() Type {
	return "admin_api.mutation.delete_authenticator.executed"
}
func (DeleteAuthenticatorExecuted) fact(DeleteAuthenticatorExecuted) {}

// Type implements Payload.
func (DeleteAuthorizationExecuted) Type() Type {
	return "admin_api.mutation.delete_authorization.executed"
}
func (DeleteAuthorizationExecuted) fact(DeleteAuthorizationExecuted) {}

// Type implements Payload.
func (DeleteUserExecuted) Type() Type              { return "admin_api.mutation.delete_user.executed" }
func (DeleteUserExecuted) fact(DeleteUserExecuted) {}

// Type implements Payload.
func (GenerateOOBOTPCodeExecuted) Type() Type {
	return "admin_api.mutation.generate_oob_otp_code.executed"
}
func (GenerateOOBOTPCodeExecuted) fact(GenerateOOBOTPCodeExecuted) {}

// Type implements Payload.
func (RevokeSessionExecuted) Type() Type                 { return "admin_api.mutation.revoke_session.executed" }
func (RevokeSessionExecuted) fact(RevokeSessionExecuted) {}

// Type implements Payload.
func (RevokeAllSessionsExecuted) Type() Type {
	return "admin_api.mutation.revoke_all_sessions.executed"
}
func (RevokeAllSessionsExecuted) fact(RevokeAllSessionsExecuted) {}

// Type implements Payload.
func (ScheduleAccountDeletionExecuted) Type() Type {
	return "admin_api.mutation.schedule_account_deletion.executed"
}
func (ScheduleAccountDeletionExecuted) fact(ScheduleAccountDeletionExecuted) {}

// Type implements Payload.
func (UnscheduleAccountDeletionExecuted) Type() Type {
	return "admin_api.mutation.unschedule_account_deletion.executed"
}
func (UnscheduleAccountDeletionExecuted) fact(UnscheduleAccountDeletionExecuted) {}

// Type implements Payload.
func (ScheduleAccountAnonymizationExecuted) Type() Type {
	return "admin_api.mutation.schedule_account_anonymization.executed"
}
func (ScheduleAccountAnonymizationExecuted) fact(ScheduleAccountAnonymizationExecuted) {}

// Type implements Payload.
func (UnscheduleAccountAnonymizationExecuted) Type() Type {
	return "admin_api.mutation.unschedule_account_anonymization.executed"
}
func (UnscheduleAccountAnonymizationExecuted) fact(UnscheduleAccountAnonymizationExecuted) {}

// Type implements Payload.
func (SendResetPasswordMessageExecuted) Type() Type {
	return "admin_api.mutation.send_reset_password_message.executed"
}
func (SendResetPasswordMessageExecuted) fact(SendResetPasswordMessageExecuted) {}

// Type implements Payload.
func (SetVerifiedStatusExecuted) Type() Type {
	return "admin_api.mutation.set_verified_status.executed"
}
func (SetVerifiedStatusExecuted) fact(SetVerifiedStatusExecuted) {}

// Type implements Payload.
func (UpdateUserExecuted) Type() Type              { return "admin_api.mutation.update_user.executed" }
func (UpdateUserExecuted) fact(UpdateUserExecuted) {}

// Type implements Payload.
func (CreateAuthenticatorExecuted) Type() Type {
	return "admin_api.mutation.create_authenticator.executed"
}
func (CreateAuthenticatorExecuted) fact(CreateAuthenticatorExecuted) {}

// Type implements Payload.
func (SetPasswordExpiredExecuted) Type() Type {
	return "admin_api.mutation.set_password_expired.executed"
}
func (SetPasswordExpiredExecuted) fact(SetPasswordExpiredExecuted) {}

// Type implements Payload.
func (ResetAccountLockoutExecuted) Type() Type {
	return "admin_api.mutation.reset_account_lockout.executed"
}
func (ResetAccountLockoutExecuted) fact(ResetAccountLockoutExecuted) {}

// Type implements Payload.
func (SetAccountValidFromExecuted) Type() Type {
	return "admin_api.mutation.set_account_valid_from.executed"
}
func (SetAccountValidFromExecuted) fact(SetAccountValidFromExecuted) {}

// Type implements Payload.
func (SetAccountValidUntilExecuted) Type() Type {
	return "admin_api.mutation.set_account_valid_until.executed"
}
func (SetAccountValidUntilExecuted) fact(SetAccountValidUntilExecuted) {}

// Type implements Payload.
func (SetAccountValidPeriodExecuted) Type() Type {
	return "admin_api.mutation.set_account_valid_period.executed"
}
func (SetAccountValidPeriodExecuted) fact(SetAccountValidPeriodExecuted) {}

// Type implements Payload.
func (SetMFAGracePeriodExecuted) Type() Type {
	return "admin_api.mutation.set_mfa_grace_period.executed"
}
func (SetMFAGracePeriodExecuted) fact(SetMFAGracePeriodExecuted) {}

// Type implements Payload.
func (RemoveMFAGracePeriodExecuted) Type() Type {
	return "admin_api.mutation.remove_mfa_grace_period.executed"
}
func (RemoveMFAGracePeriodExecuted) fact(RemoveMFAGracePeriodExecuted) {}
