package event

import (
	"reflect"
	"strings"
)

// Spec describes one activity type that Sealog records.
type Spec struct {
	Type     Type
	Category Category
	// Title is the type's name for people: "User disabled".
	Title string
	// Phrase says what happened, after the actor's name: "disabled the user {user}". A word
	// in braces is a key of the payload; {user} is the user's name, or their id.
	Phrase string
	// Fields are the payload's keys.
	Fields []Field
	// New returns a fact of this type with every field unset, for tests and documentation.
	New func() any

	encode func(fact any) ([]part, error)
}

func spec[P Payload[P]](category Category, title, phrase string) *Spec {
	fields := fieldsOf(reflect.TypeFor[P](), true)
	var zero P
	return &Spec{
		Type: zero.Type(), Category: category, Title: title, Phrase: phrase, Fields: fields,
		New:    func() any { return zero },
		encode: func(fact any) ([]part, error) { return splitPayload(reflect.ValueOf(fact), fields) },
	}
}

// catalogue lists every activity type that Sealog records, in the order in which people
// read about them.
var catalogue = []*Spec{
	spec[ProjectAppCreated](Admin, "Project created", "created the project {name}"),
	spec[ProjectAppSecretViewed](Admin, "Secrets viewed", "viewed the secrets {secrets}"),
	spec[ProjectAppUpdated](Admin, "Configuration updated", "changed the project's settings {updated_secrets}"),
	spec[ProjectAppRenamed](Admin, "Project renamed", "renamed the project to {name}"),
	spec[ProjectExportAccessUpdated](Admin, "Right to export changed", "{editors_may_export?allowed:forbade} editors to export the audit log"),
	spec[ProjectSecretVisitCreated](Admin, "Secrets unlocked", "unlocked the secrets {secrets} for a few minutes"),
	spec[ProjectBillingCheckoutCreated](Admin, "Checkout started", "started the checkout of the plan {plan_name}"),
	spec[ProjectBillingSubscriptionUpdated](Admin, "Plan changed", "changed the plan to {plan_name}"),
	spec[ProjectBillingSubscriptionStatusUpdated](Admin, "Subscription cancellation changed", "{cancelled?let the subscription end with its period:let the subscription go on}"),
	spec[ProjectBillingSubscriptionCancelled](Admin, "Subscription cancelled", "cancelled the subscription {subscription_id}"),
	spec[ProjectBillingSubscriptionCreated](Admin, "Subscription begun", "began the subscription to the plan {plan_name}"),
	spec[ProjectBillingPaymentFailed](Admin, "Payment failed", "noted that a payment for the subscription {subscription_id} failed"),
	spec[ProjectBillingPaymentRecovered](Admin, "Payment made up for", "noted that the subscription {subscription_id} is paid again"),
	spec[ProjectCollaboratorInvitationCreated](Admin, "Collaborator invited", "invited {invitee_email}"),
	spec[ProjectCollaboratorInvitationDeleted](Admin, "Invitation withdrawn", "withdrew the invitation of {invitee_email}"),
	spec[ProjectCollaboratorInvitationAccepted](Admin, "Invitation accepted", "joined as {collaborator_role}"),
	spec[ProjectCollaboratorDeleted](Admin, "Collaborator removed", "removed the collaborator {collaborator_email}"),
	spec[ProjectCollaboratorRoleUpdated](Admin, "Collaborator's role changed", "gave {collaborator_email} the role {collaborator_role}"),
	spec[ProjectDomainCreated](Admin, "Domain added", "added the domain {domain}"),
	spec[ProjectDomainVerified](Admin, "Domain verified", "verified the domain {domain}"),
	spec[ProjectDomainDeleted](Admin, "Domain deleted", "deleted the domain {domain}"),

	spec[CreateUserExecuted](Admin, "User created", "created the user {user}"),
	spec[UpdateUserExecuted](Admin, "User updated", "updated the attributes of {user}"),
	spec[SetDisabledStatusExecuted](Admin, "User disabled or enabled", "{is_disabled?disabled:enabled} the user {user}"),
	spec[ResetPasswordExecuted](Admin, "Password reset", "reset the password of {user}"),
	spec[SendResetPasswordMessageExecuted](Admin, "Reset message sent", "sent a message to reset the password of {login_id}"),
	spec[DeleteUserExecuted](Admin, "User deleted", "deleted the user {user}"),
	spec[AnonymizeUserExecuted](Admin, "User anonymized", "anonymized the user {user}"),
	spec[ScheduleAccountDeletionExecuted](Admin, "Deletion scheduled", "scheduled the deletion of {user}"),
	spec[UnscheduleAccountDeletionExecuted](Admin, "Deletion called off", "called off the deletion of {user}"),
	spec[ScheduleAccountAnonymizationExecuted](Admin, "Anonymization scheduled", "scheduled the anonymization of {user}"),
	spec[UnscheduleAccountAnonymizationExecuted](Admin, "Anonymization called off", "called off the anonymization of {user}"),
	spec[CreateIdentityExecuted](Admin, "Identity added", "added an identity to {user}"),
	spec[UpdateIdentityExecuted](Admin, "Identity updated", "changed an identity of {user}"),
	spec[DeleteIdentityExecuted](Admin, "Identity deleted", "deleted an identity of {user}"),
	spec[DeleteAuthenticatorExecuted](Admin, "Authenticator deleted", "deleted an authenticator of {user}"),
	spec[DeleteAuthorizationExecuted](Admin, "Authorization deleted", "withdrew a client's authorization by {user}"),
	spec[GenerateOOBOTPCodeExecuted](Admin, "One-time code generated", "generated a one-time code for {target}"),
	spec[SetVerifiedStatusExecuted](Admin, "Verification changed", "marked {claim_value} as {is_verified?verified:unverified}"),
	spec[CreateSessionExecuted](Admin, "Session created", "created a session for {user}"),
	spec[RevokeSessionExecuted](Admin, "Session revoked", "revoked a session of {user}"),
	spec[RevokeAllSessionsExecuted](Admin, "All sessions revoked", "revoked all sessions of {user}"),
	spec[CreateAuthenticatorExecuted](Admin, "Authenticator added", "added an authenticator to {user}"),
	spec[SetPasswordExpiredExecuted](Admin, "Password expiry changed", "marked the password of {user} as {expired?expired:valid}"),
	spec[ResetAccountLockoutExecuted](Admin, "Lockout lifted", "lifted the lockout of {user}"),
	spec[SetAccountValidFromExecuted](Admin, "Account start changed", "changed from when on the account of {user} is valid"),
	spec[SetAccountValidUntilExecuted](Admin, "Account end changed", "changed until when the account of {user} is valid"),
	spec[SetAccountValidPeriodExecuted](Admin, "Account period changed", "changed when the account of {user} is valid"),
	spec[SetMFAGracePeriodExecuted](Admin, "Grace period set", "let {user} sign in without a second factor until {mfa_grace_period_end_at}"),
	spec[RemoveMFAGracePeriodExecuted](Admin, "Grace period ended", "ended the time in which {user} needs no second factor"),

	spec[ProjectAdminAPITokenCreated](Admin, "Admin API token created", "created a short-lived Admin API token ({usage})"),
	spec[MessageRead](Admin, "Message read", "read the message {type} in the outbox"),
	spec[MessageRequeued](Admin, "Message queued again", "put the message {type} back into the outbox's queue"),

	spec[AccountCreated](Admin, "Account created", "created the account {account}"),
	spec[AccountSetupLinkCreated](Admin, "Set-up link created", "created a link to set up the first account"),
	spec[AccountSignedIn](Admin, "Signed in to the Portal", "signed in"),
	spec[AccountReauthenticated](Admin, "Password confirmed", "confirmed the password"),
	spec[AccountSignedOut](Admin, "Signed out of the Portal", "signed out"),
	spec[AccountSessionRevoked](Admin, "Portal session revoked", "ended a session of {account}"),
	spec[AccountPasswordChanged](Admin, "Account's password changed", "changed their password"),
	spec[AccountPasswordResetRequested](Admin, "Account's password reset requested", "sent {account} a link to set a new password"),
	spec[AccountPasswordReset](Admin, "Account's password reset", "set a new password with a link"),
	spec[AccountTOTPAdded](Admin, "Second factor added", "added a second factor"),
	spec[AccountTOTPRemoved](Admin, "Second factor removed", "removed the second factor of {account}"),
	spec[AccountRecoveryCodesCreated](Admin, "Recovery codes made", "made {count} new recovery codes"),
	spec[AccountAccessTokenCreated](Admin, "Access token created", "created the access token {name}"),
	spec[AccountAccessTokenRevoked](Admin, "Access token revoked", "revoked the access token {name}"),
	spec[AccessRefused](Admin, "Access refused", "refused {total} calls of callers who had not proven who they were"),
	spec[AccessDenied](Admin, "Access denied", "was turned away at {action}"),
	spec[AuditLogRead](Admin, "Audit log read", "read the audit log through the {surface}"),
	spec[ProjectUsersRead](Admin, "Users read", "read users through the {surface}"),
	spec[AuditLogAttemptsSuppressed](Admin, "Attempts suppressed", "made {total} more attempts than are recorded one by one"),
	spec[AuditLogExported](Admin, "Audit log exported", "exported the audit log ({format})"),
	spec[AuditRedacted](Admin, "Personal data erased", "erased the personal data of {user_id} from the log"),
	spec[AuditLogHalted](Admin, "Audit log halted", "stopped signing the audit log, whose database is not what was signed before ({cause})"),
	spec[AuditLogEpochOpened](Admin, "New epoch of the audit log", "went on with the audit log in epoch {epoch}: {reason}"),
	spec[BackupCreated](Admin, "Backup made", "made a backup of the database"),

	spec[UserCreated](Users, "User created", "created the user {user}"),
	spec[UserProfileUpdated](Users, "Profile updated", "updated the profile of {user}"),
	spec[UserDisabled](Users, "User disabled", "disabled {user}"),
	spec[UserReenabled](Users, "User enabled again", "enabled {user} again"),
	spec[UserDeletionScheduled](Users, "Deletion scheduled", "scheduled the deletion of {user}"),
	spec[UserDeletionUnscheduled](Users, "Deletion called off", "called off the deletion of {user}"),
	spec[UserDeleted](Users, "User deleted", "deleted {user}"),
	spec[UserAnonymizationScheduled](Users, "Anonymization scheduled", "scheduled the anonymization of {user}"),
	spec[UserAnonymizationUnscheduled](Users, "Anonymization called off", "called off the anonymization of {user}"),
	spec[UserAnonymized](Users, "User anonymized", "anonymized {user}"),
	spec[UserAuthenticated](Users, "Signed in", "signed {user} in"),
	spec[UserPasswordReset](Users, "Password set by link", "set a new password of {user}"),
	spec[UserRecoveryCodesCreated](Users, "Recovery codes created", "created {count} recovery codes for {user}"),
	spec[UserAnonymousPromoted](Users, "Anonymous user promoted", "gave the anonymous user {user} a login id"),
	spec[AuthorizationGranted](Users, "Authorization granted", "let a client act for {user}"),
	spec[UserSessionTerminated](Users, "Sessions ended", "ended sessions of {user}"),
	spec[IdentityEmailAdded](Users, "E-mail added", "added an e-mail address to {user}"),
	spec[IdentityEmailUpdated](Users, "E-mail updated", "changed an e-mail address of {user}"),
	spec[IdentityEmailRemoved](Users, "E-mail removed", "removed an e-mail address of {user}"),
	spec[IdentityEmailVerified](Users, "E-mail verified", "verified an e-mail address of {user}"),
	spec[IdentityEmailUnverified](Users, "E-mail unverified", "marked an e-mail address of {user} as unverified"),
	spec[IdentityPhoneAdded](Users, "Phone added", "added a phone number to {user}"),
	spec[IdentityPhoneUpdated](Users, "Phone updated", "changed a phone number of {user}"),
	spec[IdentityPhoneRemoved](Users, "Phone removed", "removed a phone number of {user}"),
	spec[IdentityPhoneVerified](Users, "Phone verified", "verified a phone number of {user}"),
	spec[IdentityPhoneUnverified](Users, "Phone unverified", "marked a phone number of {user} as unverified"),
	spec[IdentityUsernameAdded](Users, "Username added", "added a username to {user}"),
	spec[IdentityUsernameUpdated](Users, "Username updated", "changed a username of {user}"),
	spec[IdentityUsernameRemoved](Users, "Username removed", "removed a username of {user}"),
	spec[IdentityUsernameVerified](Users, "Username verified", "verified a username of {user}"),
	spec[IdentityUsernameUnverified](Users, "Username unverified", "marked a username of {user} as unverified"),
	spec[IdentityOAuthConnected](Users, "Account connected", "connected an account to {user}"),
	spec[IdentityOAuthDisconnected](Users, "Connected account removed", "disconnected an account of {user}"),
	spec[IdentityBiometricEnabled](Users, "Biometric sign-in added", "added a biometric sign-in to {user}"),
	spec[IdentityBiometricDisabled](Users, "Biometric sign-in removed", "removed a biometric sign-in of {user}"),
	spec[IdentityAdded](Users, "Identity added", "added an identity to {user}"),
	spec[AuthenticatorTOTPAdded](Users, "Authenticator app added", "added an authenticator app to {user}"),
	spec[OneTimeCodeVerified](Users, "One-time code verified", "verified a one-time code sent to {target}"),
	spec[AuthenticationPrimaryOOBOTPEmailFailed](Users, "Wrong code (e-mail)", "entered a wrong code for {user}"),
	spec[AuthenticationPrimaryOOBOTPSMSFailed](Users, "Wrong code (SMS)", "entered a wrong code for {user}"),
	spec[EmailSent](Users, "E-mail sent", "sent an e-mail to {recipient}"),
	spec[EmailError](Users, "E-mail failed", "could not send an e-mail to {recipient}"),
	spec[EmailSuppressed](Users, "E-mail held back", "held back an e-mail to {recipient}"),
	spec[SMSSent](Users, "SMS sent", "sent an SMS to {recipient}"),
	spec[SMSError](Users, "SMS failed", "could not send an SMS to {recipient}"),
	spec[SMSSuppressed](Users, "SMS held back", "held back an SMS to {recipient}"),
	spec[WhatsappSent](Users, "WhatsApp message sent", "sent a WhatsApp message to {recipient}"),
	spec[WhatsappError](Users, "WhatsApp message failed", "could not send a WhatsApp message to {recipient}"),
	spec[WhatsappSuppressed](Users, "WhatsApp message held back", "held back a WhatsApp message to {recipient}"),
}

var byType = func() map[Type]*Spec {
	m := make(map[Type]*Spec, len(catalogue))
	for _, s := range catalogue {
		if m[s.Type] != nil {
			panic("event: two facts of type " + s.Type)
		}
		m[s.Type] = s
	}
	return m
}()

// Catalogue returns every activity type that Sealog records, in reading order.
func Catalogue() []*Spec { return append([]*Spec(nil), catalogue...) }

// Lookup returns the description of a type, or false for one that this version does not record.
func Lookup(t Type) (*Spec, bool) {
	s, ok := byType[t]
	return s, ok
}

// CategoryOf returns the tab a type belongs to; types that this version does not know are
// sorted by how their name begins, as the contract does.
func CategoryOf(t Type) Category {
	if s, ok := byType[t]; ok {
		return s.Category
	}
	for _, prefix := range []string{"admin_api.", "project.", "site_admin.", "account.", "access.", "audit_log.", "audit.", "backup."} {
		if strings.HasPrefix(string(t), prefix) {
			return Admin
		}
	}
	return Users
}

// TitleOf returns the type's name for people; of a type that this version does not know it
// is made from its words: "Group created (admin_api.mutation.create_group.executed)".
func TitleOf(t Type) string {
	if s, ok := byType[t]; ok {
		return s.Title
	}
	words := string(t)
	if inner, ok := strings.CutPrefix(words, "admin_api.mutation."); ok {
		words = strings.TrimSuffix(inner, ".executed")
	}
	words = strings.NewReplacer(".", " ", "_", " ").Replace(words)
	if words == "" {
		return "Unknown"
	}
	return strings.ToUpper(words[:1]) + words[1:]
}
