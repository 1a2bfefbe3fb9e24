package event

import "slices"

// contractTypes are the activity types that the enum AuditLogActivityType of the Admin API
// names, so that no existing document fails; in the order of the enum. Sealog records those
// of them that the catalogue describes, and shows the others when it finds them.
var contractTypes = []Type{
	"admin_api.mutation.add_group_to_roles.executed",
	"admin_api.mutation.add_group_to_users.executed",
	"admin_api.mutation.add_resource_to_clientid.executed",
	"admin_api.mutation.add_role_to_groups.executed",
	"admin_api.mutation.add_role_to_users.executed",
	"admin_api.mutation.add_scopes_to_clientid.executed",
	"admin_api.mutation.add_user_to_groups.executed",
	"admin_api.mutation.add_user_to_roles.executed",
	"admin_api.mutation.anonymize_user.executed",
	"admin_api.mutation.create_authenticator.executed",
	"admin_api.mutation.create_group.executed",
	"admin_api.mutation.create_identity.executed",
	"admin_api.mutation.create_resource.executed",
	"admin_api.mutation.create_role.executed",
	"admin_api.mutation.create_scope.executed",
	"admin_api.mutation.create_session.executed",
	"admin_api.mutation.create_user.executed",
	"admin_api.mutation.delete_authenticator.executed",
	"admin_api.mutation.delete_authorization.executed",
	"admin_api.mutation.delete_group.executed",
	"admin_api.mutation.delete_identity.executed",
	"admin_api.mutation.delete_resource.executed",
	"admin_api.mutation.delete_role.executed",
	"admin_api.mutation.delete_scope.executed",
	"admin_api.mutation.delete_user.executed",
	"admin_api.mutation.generate_oob_otp_code.executed",
	"admin_api.mutation.remove_group_from_roles.executed",
	"admin_api.mutation.remove_group_from_users.executed",
	"admin_api.mutation.remove_resource_from_clientid.executed",
	"admin_api.mutation.remove_role_from_groups.executed",
	"admin_api.mutation.remove_role_from_users.executed",
	"admin_api.mutation.remove_scopes_from_clientid.executed",
	"admin_api.mutation.remove_user_from_groups.executed",
	"admin_api.mutation.remove_user_from_roles.executed",
	"admin_api.mutation.replace_scopes_of_clientid.executed",
	"admin_api.mutation.reset_account_lockout.executed",
	"admin_api.mutation.reset_password.executed",
	"admin_api.mutation.revoke_all_sessions.executed",
	"admin_api.mutation.revoke_session.executed",
	"admin_api.mutation.schedule_account_anonymization.executed",
	"admin_api.mutation.schedule_account_deletion.executed",
	"admin_api.mutation.send_reset_password_message.executed",
	"admin_api.mutation.set_account_valid_from.executed",
	"admin_api.mutation.set_account_valid_period.executed",
	"admin_api.mutation.set_account_valid_until.executed",
	"admin_api.mutation.set_disabled_status.executed",
	"admin_api.mutation.set_password_expired.executed",
	"admin_api.mutation.set_verified_status.executed",
	"admin_api.mutation.unschedule_account_anonymization.executed",
	"admin_api.mutation.unschedule_account_deletion.executed",
	"admin_api.mutation.update_group.executed",
	"admin_api.mutation.update_identity.executed",
	"admin_api.mutation.update_resource.executed",
	"admin_api.mutation.update_role.executed",
	"admin_api.mutation.update_scope.executed",
	"admin_api.mutation.update_user.executed",
	"authentication.blocked",
	"authentication.identity.anonymous.failed",
	"authentication.identity.biometric.failed",
	"authentication.identity.login_id.failed",
	"authentication.primary.oob_otp_email.failed",
	"authentication.primary.oob_otp_sms.failed",
	"authentication.primary.password.failed",
	"authentication.secondary.oob_otp_email.failed",
	"authentication.secondary.oob_otp_sms.failed",
	"authentication.secondary.password.failed",
	"authentication.secondary.recovery_code.failed",
	"authentication.secondary.totp.failed",
	"bot_protection.verification.failed",
	"email.error",
	"email.sent",
	"email.suppressed",
	"fraud_protection.decision_recorded",
	"identity.biometric.disabled",
	"identity.biometric.enabled",
	"identity.email.added",
	"identity.email.removed",
	"identity.email.unverified",
	"identity.email.updated",
	"identity.email.verified",
	"identity.oauth.connected",
	"identity.oauth.disconnected",
	"identity.phone.added",
	"identity.phone.removed",
	"identity.phone.unverified",
	"identity.phone.updated",
	"identity.phone.verified",
	"identity.username.added",
	"identity.username.removed",
	"identity.username.updated",
	"m2m.token.created",
	"project.app.created",
	"project.app.secret.viewed",
	"project.app.updated",
	"project.billing.checkout.created",
	"project.billing.subscription.cancelled",
	"project.billing.subscription.status.updated",
	"project.billing.subscription.updated",
	"project.collaborator.deleted",
	"project.collaborator.invitation.accepted",
	"project.collaborator.invitation.created",
	"project.collaborator.invitation.deleted",
	"project.domain.created",
	"project.domain.deleted",
	"project.domain.verified",
	"rate_limit.blocked",
	"sms.error",
	"sms.sent",
	"sms.suppressed",
	"usage.alert.triggered",
	"user.anonymization_scheduled",
	"user.anonymization_unscheduled",
	"user.anonymized",
	"user.anonymous.promoted",
	"user.authenticated",
	"user.created",
	"user.deleted",
	"user.deletion_scheduled",
	"user.deletion_unscheduled",
	"user.disabled",
	"user.profile.updated",
	"user.reauthenticated",
	"user.reenabled",
	"user.session.terminated",
	"user.signed_out",
	"whatsapp.error",
	"whatsapp.otp.verified",
	"whatsapp.sent",
	"whatsapp.suppressed",
}

// ContractTypes returns the 129 activity types of the Admin API's enum, in its order.
func ContractTypes() []Type { return slices.Clone(contractTypes) }

// OwnTypes returns the activity types that Sealog records and the Admin API's enum has no name for.
func OwnTypes() []Type {
	var own []Type
	for _, s := range catalogue {
		if !s.Type.InContract() {
			own = append(own, s.Type)
		}
	}
	return own
}

var enumNames = func() map[string]Type {
	m := make(map[string]Type, len(contractTypes))
	for _, t := range contractTypes {
		m[t.EnumName()] = t
	}
	return m
}()

// TypeOfEnum returns the activity type that the Admin API's enum calls name.
func TypeOfEnum(name string) (Type, bool) {
	t, ok := enumNames[name]
	return t, ok
}

// InContract reports whether the Admin API's enum has a name for t.
func (t Type) InContract() bool {
	_, ok := enumNames[t.EnumName()]
	return ok
}
