package event

import (
	"encoding/json"
	"time"
)

// The facts of what administrators do to a project.

// ProjectAppCreated is a project made.
type ProjectAppCreated struct {
	AppConfig json.RawMessage `json:"app_config,omitempty" class:"public"`
	Name      string          `json:"name" class:"public"`
	Owner     AccountObject   `json:"owner"`
}

// ProjectAppSecretViewed is secrets that left the server for a person; secret_ids are the key ids.
type ProjectAppSecretViewed struct {
	Secrets   []string `json:"secrets" class:"public"`
	SecretIDs []string `json:"secret_ids,omitempty" class:"public"`
}

// ProjectAppUpdated is a change of a project's configuration or secrets.
type ProjectAppUpdated struct {
	ConfigOld        json.RawMessage `json:"app_config_old,omitempty" class:"public"`
	ConfigNew        json.RawMessage `json:"app_config_new,omitempty" class:"public"`
	ConfigDiff       string          `json:"app_config_diff" class:"public"`
	UpdatedSecrets   []string        `json:"updated_secrets" class:"public"`
	UpdatedResources []string        `json:"updated_resources" class:"public"`
	Changes          []Change        `json:"changes" class:"public"`
	SecretChanges    []SecretChange  `json:"secret_changes,omitempty" class:"public"`
}

// ProjectCollaboratorInvitationCreated is somebody invited to administer a project.
type ProjectCollaboratorInvitationCreated struct {
	InviteeEmail string     `json:"invitee_email" class:"personal"`
	InvitedBy    ID         `json:"invited_by" class:"public"`
	Role         string     `json:"collaborator_role,omitempty" class:"public"`
	ExpiresAt    *time.Time `json:"expires_at,omitempty" class:"public"`
}

// ProjectCollaboratorInvitationDeleted is an invitation withdrawn.
type ProjectCollaboratorInvitationDeleted struct {
	InviteeEmail string `json:"invitee_email" class:"personal"`
	InvitedBy    ID     `json:"invited_by" class:"public"`
}

// ProjectCollaboratorInvitationAccepted is an invitation taken up.
type ProjectCollaboratorInvitationAccepted struct {
	UserID ID     `json:"collaborator_user_id" class:"public"`
	Role   string `json:"collaborator_role" class:"public"`
}

// ProjectCollaboratorDeleted is somebody who no longer administers a project.
type ProjectCollaboratorDeleted struct {
	CollaboratorID ID     `json:"collaborator_id" class:"public"`
	UserID         ID     `json:"collaborator_user_id" class:"public"`
	Role           string `json:"collaborator_role" class:"public"`
	Email          string `json:"collaborator_email,omitempty" class:"personal"`
}

// ProjectCollaboratorRoleUpdated is a collaborator who has another role.
type ProjectCollaboratorRoleUpdated struct {
	CollaboratorID ID     `json:"collaborator_id" class:"public"`
	UserID         ID     `json:"collaborator_user_id" class:"public"`
	Role           string `json:"collaborator_role" class:"public"`
	RoleBefore     string `json:"collaborator_role_before" class:"public"`
	Email          string `json:"collaborator_email,omitempty" class:"personal"`
}

// ProjectAppRenamed is a project that is called something else.
type ProjectAppRenamed struct {
	Name       string `json:"name" class:"public"`
	NameBefore string `json:"name_before" class:"public"`
}

// ProjectSecretVisitCreated is leave to look at secrets for a few minutes; each look is a fact of its own.
type ProjectSecretVisitCreated struct {
	Secrets   []string  `json:"secrets" class:"public"`
	ExpiresAt time.Time `json:"expires_at" class:"public"`
}

// ProjectDomainCreated is a domain claimed, not yet verified.
type ProjectDomainCreated struct {
	Domain   string `json:"domain" class:"public"`
	DomainID string `json:"domain_id" class:"public"`
}

// ProjectDomainVerified is a domain proven to be the project's.
type ProjectDomainVerified struct {
	Domain   string `json:"domain" class:"public"`
	DomainID string `json:"domain_id" class:"public"`
}

// ProjectDomainDeleted is a domain given up.
type ProjectDomainDeleted struct {
	Domain   string `json:"domain" class:"public"`
	DomainID string `json:"domain_id" class:"public"`
}

// ProjectBillingCheckoutCreated is a checkout page opened, before any payment.
type ProjectBillingCheckoutCreated struct {
	CheckoutID ID     `json:"subscription_checkout_id" class:"public"`
	PlanName   string `json:"plan_name" class:"public"`
}

// ProjectBillingSubscriptionUpdated is a plan changed.
type ProjectBillingSubscriptionUpdated struct {
	SubscriptionID string `json:"subscription_id" class:"public"`
	PlanName       string `json:"plan_name" class:"public"`
}

// ProjectBillingSubscriptionStatusUpdated is a subscription that will end with its period, or no longer will.
type ProjectBillingSubscriptionStatusUpdated struct {
	SubscriptionID string `json:"subscription_id" class:"public"`
	Cancelled      bool   `json:"cancelled" class:"public"`
}

// ProjectBillingSubscriptionCancelled is a subscription ended after a failed payment.
type ProjectBillingSubscriptionCancelled struct {
	SubscriptionID string `json:"subscription_id" class:"public"`
	CustomerID     string `json:"customer_id" class:"public"`
}

// ProjectBillingSubscriptionCreated is a subscription that Stripe reports, after a checkout was paid.
type ProjectBillingSubscriptionCreated struct {
	SubscriptionID string `json:"subscription_id" class:"public"`
	StripeID       string `json:"stripe_subscription_id" class:"public"`
	PlanName       string `json:"plan_name" class:"public"`
}

// ProjectBillingPaymentFailed is a payment that Stripe reports as failed; the status is Stripe's.
type ProjectBillingPaymentFailed struct {
	SubscriptionID string `json:"subscription_id" class:"public"`
	Status         string `json:"status" class:"public"`
}

// ProjectBillingPaymentRecovered is a subscription that is paid again after that.
type ProjectBillingPaymentRecovered struct {
	SubscriptionID string `json:"subscription_id" class:"public"`
	Status         string `json:"status" class:"public"`
}

// Change is one place of a configuration before and after. Path is a JSON Pointer (RFC 6901);
// a value that was not there is absent.
type Change struct {
	Path string          `json:"path"`
	Old  json.RawMessage `json:"old,omitempty"`
	New  json.RawMessage `json:"new,omitempty"`
}

// SecretChange is what became of one secret; nothing of the secret itself is in it.
type SecretChange struct {
	Secret      string      `json:"secret"` // the configuration key: "admin-api.auth"
	ID          string      `json:"id"`
	Action      string      `json:"action"` // generated, deleted or set
	Fingerprint Fingerprint `json:"fingerprint,omitempty"`
}

// ProjectAdminAPITokenCreated is a short-lived Admin API token made for an account; the token is not in it.
type ProjectAdminAPITokenCreated struct {
	TokenID   ID        `json:"token_id" class:"public"`
	Usage     string    `json:"usage" class:"public"`
	ExpiresAt time.Time `json:"expires_at" class:"public"`
}

// MessageRead is the body of a message in the outbox looked at.
type MessageRead struct {
	Message   string `json:"type" class:"public"`
	Channel   string `json:"channel" class:"public"`
	MessageID ID     `json:"message_id" class:"public"`
}

// MessageRequeued is a message that could not be sent put back into the queue.
type MessageRequeued struct {
	Message   string `json:"type" class:"public"`
	Channel   string `json:"channel" class:"public"`
	MessageID ID     `json:"message_id" class:"public"`
}

// Type implements Payload.
func (ProjectAppCreated) Type() Type             { return "project.app.created" }
func (ProjectAppCreated) fact(ProjectAppCreated) {}

// Type implements Payload.
func (ProjectAppSecretViewed) Type() Type                  { return "project.app.secret.viewed" }
func (ProjectAppSecretViewed) fact(ProjectAppSecretViewed) {}

// Type implements Payload.
func (ProjectAppUpdated) Type() Type             { return "project.app.updated" }
func (ProjectAppUpdated) fact(ProjectAppUpdated) {}

// Type implements Payload.
func (ProjectCollaboratorInvitationCreated) Type() Type {
	return "project.collaborator.invitation.created"
}
func (ProjectCollaboratorInvitationCreated) fact(ProjectCollaboratorInvitationCreated) {}

// Type implements Payload.
func (ProjectCollaboratorInvitationDeleted) Type() Type {
	return "project.collaborator.invitation.deleted"
}
func (ProjectCollaboratorInvitationDeleted) fact(ProjectCollaboratorInvitationDeleted) {}

// Type implements Payload.
func (ProjectCollaboratorInvitationAccepted) Type() Type {
	return "project.collaborator.invitation.accepted"
}
func (ProjectCollaboratorInvitationAccepted) fact(ProjectCollaboratorInvitationAccepted) {}

// Type implements Payload.
func (ProjectCollaboratorDeleted) Type() Type                      { return "project.collaborator.deleted" }
func (ProjectCollaboratorDeleted) fact(ProjectCollaboratorDeleted) {}

// Type implements Payload.
func (ProjectDomainCreated) Type() Type                { return "project.domain.created" }
func (ProjectDomainCreated) fact(ProjectDomainCreated) {}

// Type implements Payload.
func (ProjectDomainVerified) Type() Type                 { return "project.domain.verified" }
func (ProjectDomainVerified) fact(ProjectDomainVerified) {}

// Type implements Payload.
func (ProjectDomainDeleted) Type() Type                { return "project.domain.deleted" }
func (ProjectDomainDeleted) fact(ProjectDomainDeleted) {}

// Type implements Payload.
func (ProjectBillingCheckoutCreated) Type() Type                         { return "project.billing.checkout.created" }
func (ProjectBillingCheckoutCreated) fact(ProjectBillingCheckoutCreated) {}

// Type implements Payload.
func (ProjectBillingSubscriptionUpdated) Type() Type                             { return "project.billing.subscription.updated" }
func (ProjectBillingSubscriptionUpdated) fact(ProjectBillingSubscriptionUpdated) {}

// Type implements Payload.
func (ProjectBillingSubscriptionStatusUpdated) Type() Type {
	return "project.billing.subscription.status.updated"
}
func (ProjectBillingSubscriptionStatusUpdated) fact(ProjectBillingSubscriptionStatusUpdated) {}

// Type implements Payload.
func (ProjectBillingSubscriptionCancelled) Type() Type {
	return "project.billing.subscription.cancelled"
}
func (ProjectBillingSubscriptionCancelled) fact(ProjectBillingSubscriptionCancelled) {}

// Type implements Payload.
func (ProjectAdminAPITokenCreated) Type() Type                       { return "project.admin_api_token.created" }
func (ProjectAdminAPITokenCreated) fact(ProjectAdminAPITokenCreated) {}

// Type implements Payload.
func (MessageRead) Type() Type       { return "project.message.read" }
func (MessageRead) fact(MessageRead) {}

// Type implements Payload.
func (MessageRequeued) Type() Type           { return "project.message.requeued" }
func (MessageRequeued) fact(MessageRequeued) {}

// Type implements Payload.
func (ProjectCollaboratorRoleUpdated) Type() Type                          { return "project.collaborator.role.updated" }
func (ProjectCollaboratorRoleUpdated) fact(ProjectCollaboratorRoleUpdated) {}

// Type implements Payload.
func (ProjectAppRenamed) Type() Type             { return "project.app.renamed" }
func (ProjectAppRenamed) fact(ProjectAppRenamed) {}

// Type implements Payload.
func (ProjectSecretVisitCreated) Type() Type                     { return "project.secret_visit.created" }
func (ProjectSecretVisitCreated) fact(ProjectSecretVisitCreated) {}

// Type implements Payload.
func (ProjectBillingSubscriptionCreated) Type() Type                             { return "project.billing.subscription.created" }
func (ProjectBillingSubscriptionCreated) fact(ProjectBillingSubscriptionCreated) {}

// Type implements Payload.
func (ProjectBillingPaymentFailed) Type() Type                       { return "project.billing.payment.failed" }
func (ProjectBillingPaymentFailed) fact(ProjectBillingPaymentFailed) {}

// Type implements Payload.
func (ProjectBillingPaymentRecovered) Type() Type                          { return "project.billing.payment.recovered" }
func (ProjectBillingPaymentRecovered) fact(ProjectBillingPaymentRecovered) {}
