package event

import "time"

// The facts of what end users did or what was done to them: the tab Users Activities.

// UserCreated is a user who came to be.
type UserCreated struct {
	User       UserObject       `json:"user"`
	Identities []IdentityObject `json:"identities" class:"personal"`
}

// UserDisabled is a user who may no longer sign in.
type UserDisabled struct {
	User  UserObject `json:"user"`
	From  *time.Time `json:"temporarily_disabled_from,omitempty" class:"public"`
	Until *time.Time `json:"temporarily_disabled_until,omitempty" class:"public"`
}

// UserReenabled is a user who may sign in again.
type UserReenabled struct {
	User UserObject `json:"user"`
}

// UserAnonymized is a user without personal data from now on.
type UserAnonymized struct {
	User UserObject `json:"user"`
}

// UserDeleted is a user who is gone; the snapshot is of before.
type UserDeleted struct {
	User   UserObject `json:"user"`
	Reason string     `json:"reason,omitempty" class:"personal"`
}

// UserProfileUpdated is a user whose attributes changed.
type UserProfileUpdated struct {
	User UserObject `json:"user"`
}

// UserDeletionScheduled is a user whose deletion is planned.
type UserDeletionScheduled struct {
	User UserObject `json:"user"`
}

// UserDeletionUnscheduled is a user whose deletion was called off.
type UserDeletionUnscheduled struct {
	User UserObject `json:"user"`
}

// UserAnonymizationScheduled is a user whose anonymization is planned.
type UserAnonymizationScheduled struct {
	User UserObject `json:"user"`
}

// UserAnonymizationUnscheduled is a user whose anonymization was called off.
type UserAnonymizationUnscheduled struct {
	User UserObject `json:"user"`
}

// UserSessionTerminated is sessions ended by somebody else; termination_type is individual, all or all_except_current.
type UserSessionTerminated struct {
	User        UserObject      `json:"user"`
	Sessions    []SessionObject `json:"sessions" class:"personal"`
	Termination string          `json:"termination_type" class:"public"`
}

// IdentityEmailAdded is an e-mail address added to a user.
type IdentityEmailAdded struct {
	User     UserObject     `json:"user"`
	Identity IdentityObject `json:"identity"`
}

// IdentityEmailUpdated is an e-mail address of a user changed.
type IdentityEmailUpdated struct {
	User UserObject     `json:"user"`
	New  IdentityObject `json:"new_identity"`
	Old  IdentityObject `json:"old_identity"`
}

// IdentityEmailRemoved is an e-mail address taken from a user.
type IdentityEmailRemoved struct {
	User     UserObject     `json:"user"`
	Identity IdentityObject `json:"identity"`
}

// IdentityEmailVerified is an e-mail address known to be the user's.
type IdentityEmailVerified struct {
	User     UserObject     `json:"user"`
	Identity IdentityObject `json:"identity"`
}

// IdentityEmailUnverified is an e-mail address no longer known to be the user's.
type IdentityEmailUnverified struct {
	User     UserObject     `json:"user"`
	Identity IdentityObject `json:"identity"`
}

// IdentityPhoneAdded is a phone number added to a user.
type IdentityPhoneAdded struct {
	User     UserObject     `json:"user"`
	Identity IdentityObject `json:"identity"`
}

// IdentityPhoneUpdated is a phone number of a user changed.
type IdentityPhoneUpdated struct {
	User UserObject     `json:"user"`
	New  IdentityObject `json:"new_identity"`
	Old  IdentityObject `json:"old_identity"`
}

// IdentityPhoneRemoved is a phone number taken from a user.
type IdentityPhoneRemoved struct {
	User     UserObject     `json:"user"`
	Identity IdentityObject `json:"identity"`
}

// IdentityPhoneVerified is a phone number known to be the user's.
type IdentityPhoneVerified struct {
	User     UserObject     `json:"user"`
	Identity IdentityObject `json:"identity"`
}

// IdentityPhoneUnverified is a phone number no longer known to be the user's.
type IdentityPhoneUnverified struct {
	User     UserObject     `json:"user"`
	Identity IdentityObject `json:"identity"`
}

// IdentityUsernameAdded is a username added to a user.
type IdentityUsernameAdded struct {
	User     UserObject     `json:"user"`
	Identity IdentityObject `json:"identity"`
}

// IdentityUsernameUpdated is a username of a user changed.
type IdentityUsernameUpdated struct {
	User UserObject     `json:"user"`
	New  IdentityObject `json:"new_identity"`
	Old  IdentityObject `json:"old_identity"`
}

// IdentityUsernameRemoved is a username taken from a user.
type IdentityUsernameRemoved struct {
	User     UserObject     `json:"user"`
	Identity IdentityObject `json:"identity"`
}

// IdentityUsernameVerified is a username known to be the user's.
type IdentityUsernameVerified struct {
	User     UserObject     `json:"user"`
	Identity IdentityObject `json:"identity"`
}

// IdentityUsernameUnverified is a username no longer known to be the user's.
type IdentityUsernameUnverified struct {
	User     UserObject     `json:"user"`
	Identity IdentityObject `json:"identity"`
}

// IdentityOAuthDisconnected is an account elsewhere no longer connected.
type IdentityOAuthDisconnected struct {
	User     UserObject     `json:"user"`
	Identity IdentityObject `json:"identity"`
}

// IdentityBiometricDisabled is a device whose biometric sign-in was removed.
type IdentityBiometricDisabled struct {
	User     UserObject     `json:"user"`
	Identity IdentityObject `json:"identity"`
}

// EmailSent is a message handed over for delivery; type says which ("send-password-to-new-user").
type EmailSent struct {
	Sender    string `json:"sender" class:"public"`
	Recipient string `json:"recipient" class:"personal"`
	Message   string `json:"type" class:"public"`
}

// EmailError is a message that could not be delivered.
type EmailError struct {
	Description string `json:"description" class:"personal"`
	Recipient   string `json:"recipient" class:"personal"`
}

// EmailSuppressed is a message that was held back on purpose.
type EmailSuppressed struct {
	Description string `json:"description" class:"personal"`
	Recipient   string `json:"recipient" class:"personal"`
}

// SMSSent is a message handed over for delivery; type says which ("send-password-to-new-user").
type SMSSent struct {
	Sender     string `json:"sender" class:"public"`
	Recipient  string `json:"recipient" class:"personal"`
	Message    string `json:"type" class:"public"`
	NotCounted bool   `json:"is_not_counted_in_usage" class:"public"`
}

// SMSError is a message that could not be delivered.
type SMSError struct {
	Description string `json:"description" class:"personal"`
	Recipient   string `json:"recipient" class:"personal"`
}

// SMSSuppressed is a message that was held back on purpose.
type SMSSuppressed struct {
	Description string `json:"description" class:"personal"`
	Recipient   string `json:"recipient" class:"personal"`
}

// WhatsappSent is a message handed over for delivery; type says which ("send-password-to-new-user").
type WhatsappSent struct {
	Recipient  string `json:"recipient" class:"personal"`
	Message    string `json:"type" class:"public"`
	NotCounted bool   `json:"is_not_counted_in_usage" class:"public"`
}

// WhatsappError is a message that could not be delivered.
type WhatsappError struct {
	Description string `json:"description" class:"personal"`
	Recipient   string `json:"recipient" class:"personal"`
}

// WhatsappSuppressed is a message that was held back on purpose.
type WhatsappSuppressed struct {
	Description string `json:"description" class:"personal"`
	Recipient   string `json:"recipient" class:"personal"`
}

// UserAuthenticated is a user who signed in.
type UserAuthenticated struct {
	User    UserObject    `json:"user"`
	Session SessionObject `json:"session"`
}

// UserPasswordReset is a user who set a new password with a link that was sent to them.
type UserPasswordReset struct {
	User UserObject `json:"user"`
}

// UserRecoveryCodesCreated is recovery codes made for a user in place of those of before; the codes are not in it.
type UserRecoveryCodesCreated struct {
	User  UserObject `json:"user"`
	Count int        `json:"count" class:"public"`
}

// UserAnonymousPromoted is an anonymous user who is one with a name from now on.
type UserAnonymousPromoted struct {
	Anonymous  UserObject       `json:"anonymous_user"`
	User       UserObject       `json:"user"`
	Identities []IdentityObject `json:"identities" class:"personal"`
}

// AuthorizationGranted is a user's consent to a client of somebody else's.
type AuthorizationGranted struct {
	User          UserObject          `json:"user"`
	Authorization AuthorizationObject `json:"authorization"`
}

// IdentityOAuthConnected is an account elsewhere with which a user can sign in.
type IdentityOAuthConnected struct {
	User     UserObject     `json:"user"`
	Identity IdentityObject `json:"identity"`
}

// IdentityBiometricEnabled is a device with which a user can sign in.
type IdentityBiometricEnabled struct {
	User     UserObject     `json:"user"`
	Identity IdentityObject `json:"identity"`
}

// IdentityAdded is an identity of a kind without a type of its own added to a user: a passkey, for one.
type IdentityAdded struct {
	User     UserObject     `json:"user"`
	Identity IdentityObject `json:"identity"`
}

// AuthenticatorTOTPAdded is an app that makes one-time codes registered for a user; the seed is not in it.
type AuthenticatorTOTPAdded struct {
	User          UserObject          `json:"user"`
	Authenticator AuthenticatorObject `json:"authenticator"`
}

// OneTimeCodeVerified is a code that was sent to an address and entered in time; the code is not in it.
type OneTimeCodeVerified struct {
	Target  string      `json:"target" class:"personal"`
	Purpose string      `json:"purpose" class:"public"`
	User    *UserObject `json:"user,omitempty"`
}

// AuthenticationPrimaryOOBOTPEmailFailed is a wrong code entered for a user's e-mail address.
type AuthenticationPrimaryOOBOTPEmailFailed struct {
	User              UserObject `json:"user"`
	Stage             string     `json:"authentication_stage" class:"public"`
	AuthenticatorType string     `json:"authenticator_type" class:"public"`
}

// AuthenticationPrimaryOOBOTPSMSFailed is a wrong code entered for a user's phone number.
type AuthenticationPrimaryOOBOTPSMSFailed struct {
	User              UserObject `json:"user"`
	Stage             string     `json:"authentication_stage" class:"public"`
	AuthenticatorType string     `json:"authenticator_type" class:"public"`
}

// Type implements Payload.
func (UserCreated) Type() Type       { return "user.created" }
func (UserCreated) fact(UserCreated) {}

// Type implements Payload.
func (UserDisabled) Type() Type        { return "user.disabled" }
func (UserDisabled) fact(UserDisabled) {}

// Type implements Payload.
func (UserReenabled) Type() Type         { return "user.reenabled" }
func (UserReenabled) fact(UserReenabled) {}

// Type implements Payload.
func (UserAnonymized) Type() Type          { return "user.anonymized" }
func (UserAnonymized) fact(UserAnonymized) {}

// Type implements Payload.
func (UserDeleted) Type() Type       { return "user.deleted" }
func (UserDeleted) fact(UserDeleted) {}

// Type implements Payload.
func (UserProfileUpdated) Type() Type              { return "user.profile.updated" }
func (UserProfileUpdated) fact(UserProfileUpdated) {}

// Type implements Payload.
func (UserDeletionScheduled) Type() Type                 { return "user.deletion_scheduled" }
func (UserDeletionScheduled) fact(UserDeletionScheduled) {}

// Type implements Payload.
func (UserDeletionUnscheduled) Type() Type                   { return "user.deletion_unscheduled" }
func (UserDeletionUnscheduled) fact(UserDeletionUnscheduled) {}

// Type implements Payload.
func (UserAnonymizationScheduled) Type() Type                      { return "user.anonymization_scheduled" }
func (UserAnonymizationScheduled) fact(UserAnonymizationScheduled) {}

// Type implements Payload.
func (UserAnonymizationUnscheduled) Type() Type                        { return "user.anonymization_unscheduled" }
func (UserAnonymizationUnscheduled) fact(UserAnonymizationUnscheduled) {}

// Type implements Payload.
func (UserSessionTerminated) Type() Type                 { return "user.session.terminated" }
func (UserSessionTerminated) fact(UserSessionTerminated) {}

// Type implements Payload.
func (IdentityEmailAdded) Type() Type              { return "identity.email.added" }
func (IdentityEmailAdded) fact(IdentityEmailAdded) {}

// Type implements Payload.
func (IdentityEmailUpdated) Type() Type                { return "identity.email.updated" }
func (IdentityEmailUpdated) fact(IdentityEmailUpdated) {}

// Type implements Payload.
func (IdentityEmailRemoved) Type() Type                { return "identity.email.removed" }
func (IdentityEmailRemoved) fact(IdentityEmailRemoved) {}

// Type implements Payload.
func (IdentityEmailVerified) Type() Type                 { return "identity.email.verified" }
func (IdentityEmailVerified) fact(IdentityEmailVerified) {}

// Type implements Payload.
func (IdentityEmailUnverified) Type() Type                   { return "identity.email.unverified" }
func (IdentityEmailUnverified) fact(IdentityEmailUnverified) {}

// Type implements Payload.
func (IdentityPhoneAdded) Type() Type              { return "identity.phone.added" }
func (IdentityPhoneAdded) fact(IdentityPhoneAdded) {}

// Type implements Payload.
func (IdentityPhoneUpdated) Type() Type                { return "identity.phone.updated" }
func (IdentityPhoneUpdated) fact(IdentityPhoneUpdated) {}

// Type implements Payload.
func (IdentityPhoneRemoved) Type() Type                { return "identity.phone.removed" }
func (IdentityPhoneRemoved) fact(IdentityPhoneRemoved) {}

// Type implements Payload.
func (IdentityPhoneVerified) Type() Type                 { return "identity.phone.verified" }
func (IdentityPhoneVerified) fact(IdentityPhoneVerified) {}

// Type implements Payload.
func (IdentityPhoneUnverified) Type() Type                   { return "identity.phone.unverified" }
func (IdentityPhoneUnverified) fact(IdentityPhoneUnverified) {}

// Type implements Payload.
func (IdentityUsernameAdded) Type() Type                 { return "identity.username.added" }
func (IdentityUsernameAdded) fact(IdentityUsernameAdded) {}

// Type implements Payload.
func (IdentityUsernameUpdated) Type() Type                   { return "identity.username.updated" }
func (IdentityUsernameUpdated) fact(IdentityUsernameUpdated) {}

// Type implements Payload.
func (IdentityUsernameRemoved) Type() Type                   { return "identity.username.removed" }
func (IdentityUsernameRemoved) fact(IdentityUsernameRemoved) {}

// Type implements Payload.
func (IdentityUsernameVerified) Type() Type                    { return "identity.username.verified" }
func (IdentityUsernameVerified) fact(IdentityUsernameVerified) {}

// Type implements Payload.
func (IdentityUsernameUnverified) Type() Type                      { return "identity.username.unverified" }
func (IdentityUsernameUnverified) fact(IdentityUsernameUnverified) {}

// Type implements Payload.
func (IdentityOAuthDisconnected) Type() Type                     { return "identity.oauth.disconnected" }
func (IdentityOAuthDisconnected) fact(IdentityOAuthDisconnected) {}

// Type implements Payload.
func (IdentityBiometricDisabled) Type() Type                     { return "identity.biometric.disabled" }
func (IdentityBiometricDisabled) fact(IdentityBiometricDisabled) {}

// Type implements Payload.
func (EmailSent) Type() Type     { return "email.sent" }
func (EmailSent) fact(EmailSent) {}

// Type implements Payload.
func (EmailError) Type() Type      { return "email.error" }
func (EmailError) fact(EmailError) {}

// Type implements Payload.
func (EmailSuppressed) Type() Type           { return "email.suppressed" }
func (EmailSuppressed) fact(EmailSuppressed) {}

// Type implements Payload.
func (SMSSent) Type() Type   { return "sms.sent" }
func (SMSSent) fact(SMSSent) {}

// Type implements Payload.
func (SMSError) Type() Type    { return "sms.error" }
func (SMSError) fact(SMSError) {}

// Type implements Payload.
func (SMSSuppressed) Type() Type         { return "sms.suppressed" }
func (SMSSuppressed) fact(SMSSuppressed) {}

// Type implements Payload.
func (WhatsappSent) Type() Type        { return "whatsapp.sent" }
func (WhatsappSent) fact(WhatsappSent) {}

// Type implements Payload.
func (WhatsappError) Type() Type         { return "whatsapp.error" }
func (WhatsappError) fact(WhatsappError) {}

// Type implements Payload.
func (WhatsappSuppressed) Type() Type              { return "whatsapp.suppressed" }
func (WhatsappSuppressed) fact(WhatsappSuppressed) {}

// Type implements Payload.
func (UserAuthenticated) Type() Type             { return "user.authenticated" }
func (UserAuthenticated) fact(UserAuthenticated) {}

// Type implements Payload.
func (UserPasswordReset) Type() Type             { return "user.password.reset" }
func (UserPasswordReset) fact(UserPasswordReset) {}

// Type implements Payload.
func (UserRecoveryCodesCreated) Type() Type                    { return "user.recovery_codes.created" }
func (UserRecoveryCodesCreated) fact(UserRecoveryCodesCreated) {}

// Type implements Payload.
func (UserAnonymousPromoted) Type() Type                 { return "user.anonymous.promoted" }
func (UserAnonymousPromoted) fact(UserAnonymousPromoted) {}

// Type implements Payload.
func (AuthorizationGranted) Type() Type                { return "user.authorization.granted" }
func (AuthorizationGranted) fact(AuthorizationGranted) {}

// Type implements Payload.
func (IdentityOAuthConnected) Type() Type                  { return "identity.oauth.connected" }
func (IdentityOAuthConnected) fact(IdentityOAuthConnected) {}

// Type implements Payload.
func (IdentityBiometricEnabled) Type() Type                    { return "identity.biometric.enabled" }
func (IdentityBiometricEnabled) fact(IdentityBiometricEnabled) {}

// Type implements Payload.
func (IdentityAdded) Type() Type         { return "identity.added" }
func (IdentityAdded) fact(IdentityAdded) {}

// Type implements Payload.
func (AuthenticatorTOTPAdded) Type() Type                  { return "authenticator.totp.added" }
func (AuthenticatorTOTPAdded) fact(AuthenticatorTOTPAdded) {}

// Type implements Payload.
func (OneTimeCodeVerified) Type() Type               { return "one_time_code.verified" }
func (OneTimeCodeVerified) fact(OneTimeCodeVerified) {}

// Type implements Payload.
func (AuthenticationPrimaryOOBOTPEmailFailed) Type() Type {
	return "authentication.primary.oob_otp_email.failed"
}
func (AuthenticationPrimaryOOBOTPEmailFailed) fact(AuthenticationPrimaryOOBOTPEmailFailed) {}

// Type implements Payload.
func (AuthenticationPrimaryOOBOTPSMSFailed) Type() Type {
	return "authentication.primary.oob_otp_sms.failed"
}
func (AuthenticationPrimaryOOBOTPSMSFailed) fact(AuthenticationPrimaryOOBOTPSMSFailed) {}
