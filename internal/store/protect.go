package store

import "github.com/sealog/sealog/internal/event"

// mayAlways reports whether no quota stops an actor: the operator, and Sealog itself, whose jobs
// must come to their end. What they do is counted.
func mayAlways(t event.ActorType) bool { return t == event.Operator || t == event.System }

// protects reports whether an action limits damage, or says who looked at something, so that a
// quota which somebody has used up must not stop it: taking away keys, people, sessions and access,
// buying a larger plan, and taking the log away. Beyond the quota each caller has
// limit.ReservedActions of them.
func protects(t event.Type) bool {
	switch t {
	case "project.app.updated", // keys and secrets are deleted so
		"project.collaborator.deleted", "project.collaborator.role.updated", "project.collaborator.invitation.deleted",
		"project.domain.deleted", "project.export_access.updated",
		"project.billing.checkout.created", "project.billing.subscription.created", "project.billing.subscription.updated",
		"project.billing.subscription.cancelled", "project.billing.subscription.status.updated",
		"admin_api.mutation.set_disabled_status.executed", "admin_api.mutation.revoke_session.executed",
		"admin_api.mutation.revoke_all_sessions.executed", "admin_api.mutation.delete_user.executed",
		"admin_api.mutation.anonymize_user.executed", "admin_api.mutation.delete_identity.executed",
		"admin_api.mutation.delete_authenticator.executed", "admin_api.mutation.delete_authorization.executed",
		"admin_api.mutation.set_password_expired.executed", "admin_api.mutation.reset_password.executed",
		"user.password.reset", "user.signed_out", "user.session.terminated", "user.disabled",
		"audit.redacted", "audit_log.read", "audit_log.exported", "project.users.read":
		return true
	default:
		return false
	}
}
