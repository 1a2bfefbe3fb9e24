package portalapi

import (
	"context"
	"encoding/base64"
	"slices"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/portalapi/gql"
	"github.com/sealog/sealog/internal/portalapi/model"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/settings"
	"github.com/sealog/sealog/internal/store"
)

// refusal records a failed attempt at an action; it does nothing when the error says that
// it is recorded already.
type refusal func(context.Context, *store.DB, event.By, event.Target, error) error

// refusals are how failed mutations are recorded: as attempts at their facts. A mutation that
// is not here does not pass the tests.
var refusals = map[string]refusal{
	"generateAppSecretVisitToken":     store.Refuse[event.ProjectSecretVisitCreated],
	"updateApp":                       store.Refuse[event.ProjectAppUpdated],
	"createCollaboratorInvitation":    store.Refuse[event.ProjectCollaboratorInvitationCreated],
	"deleteCollaboratorInvitation":    store.Refuse[event.ProjectCollaboratorInvitationDeleted],
	"acceptCollaboratorInvitation":    store.Refuse[event.ProjectCollaboratorInvitationAccepted],
	"deleteCollaborator":              store.Refuse[event.ProjectCollaboratorDeleted],
	"updateCollaboratorRole":          store.Refuse[event.ProjectCollaboratorRoleUpdated],
	"createDomain":                    store.Refuse[event.ProjectDomainCreated],
	"verifyDomain":                    store.Refuse[event.ProjectDomainVerified],
	"deleteDomain":                    store.Refuse[event.ProjectDomainDeleted],
	"createCheckoutSession":           store.Refuse[event.ProjectBillingCheckoutCreated],
	"reconcileCheckoutSession":        store.Refuse[event.ProjectBillingSubscriptionCreated],
	"updateSubscription":              store.Refuse[event.ProjectBillingSubscriptionUpdated],
	"setSubscriptionCancelledStatus":  store.Refuse[event.ProjectBillingSubscriptionStatusUpdated],
	"cancelFailedSubscription":        store.Refuse[event.ProjectBillingSubscriptionCancelled],
	"generateShortLivedAdminAPIToken": store.Refuse[event.ProjectAdminAPITokenCreated],
}

// refuseMutation records a mutation that failed before its service could: in the Portal's
// log, since nobody has shown to have a part in a project.
func (c *call) refuseMutation(ctx context.Context, field string, cause error) {
	if record := refusals[field]; record != nil {
		_ = record(ctx, c.DB, c.by, event.InProject(event.PortalProject), cause) // the cause itself
	}
}

// secretNames are the names by which secrets are recorded.
var secretNames = map[gql.AppSecretKey]string{
	gql.AppSecretKeyOauthSsoProviderClientSecrets: "oauthSSOProviderClientSecrets",
	gql.AppSecretKeyWebhookSecret:                 project.WebhookSecret,
	gql.AppSecretKeyAdminAPISecrets:               project.AdminAPISecrets,
	gql.AppSecretKeySMTPSecret:                    project.SMTPSecret,
	gql.AppSecretKeyOauthClientSecrets:            project.OAuthClientSecrets,
	gql.AppSecretKeyBotProtectionProviderSecret:   "botProtectionProviderSecret",
	gql.AppSecretKeySamlIDPSigningSecrets:         "samlIdpSigningSecrets",
	gql.AppSecretKeySamlSpSigningSecrets:          "samlSpSigningSecrets",
	gql.AppSecretKeySmsProviderSecrets:            "smsProviderSecrets",
}

// GenerateAppSecretVisitToken resolves generateAppSecretVisitToken.
func (c *call) GenerateAppSecretVisitToken(ctx context.Context, in gql.GenerateAppSecretVisitTokenInput) (*gql.GenerateAppSecretVisitTokenPayloadPayload, error) {
	p, err := c.allowed(ctx, in.ID, access.ViewSecrets)
	if err != nil {
		return nil, err
	}
	if !c.session.IsFresh(c.DB.Now()) {
		// The contract's spelling.
		return nil, store.Refuse[event.ProjectSecretVisitCreated](ctx, c.DB, c.by, event.InProject(p.ID),
			fault.New(fault.Denied, "ReauthRequrired", "Confirm your password in the Portal first."))
	}
	names := make([]string, len(in.Secrets))
	for i, key := range in.Secrets {
		names[i] = secretNames[key]
	}
	token, err := c.Projects.OpenVisit(ctx, c.by, p.ID, c.session.Account.ID, names)
	return &gql.GenerateAppSecretVisitTokenPayloadPayload{Token: token}, err
}

// UpdateApp resolves updateApp.
func (c *call) UpdateApp(ctx context.Context, in gql.UpdateAppInput) (*gql.UpdateAppPayload, error) {
	need := access.Act
	if in.SecretConfigUpdateInstructions != nil {
		need = access.Grant
	}
	p, err := c.allowed(ctx, in.AppID, need)
	if err != nil {
		return nil, err
	}
	update, err := c.update(ctx, p, in)
	if err != nil {
		return nil, told(store.Refuse[event.ProjectAppUpdated](ctx, c.DB, c.by, event.InProject(p.ID), err))
	}
	if err := c.Projects.Update(ctx, c.by, p.ID, update); err != nil {
		return nil, told(err)
	}
	app, err := c.again(ctx, p.ID)
	return &gql.UpdateAppPayload{App: app}, err
}

// update reads what is to be changed.
func (c *call) update(ctx context.Context, p project.Project, in gql.UpdateAppInput) (u project.Update, err error) {
	for _, file := range in.Updates {
		switch {
		case file.Path == secretsPath:
			return u, fault.New(fault.Invalid, "ResourceForbidden", "Secrets are not written as a file; use secretConfigUpdateInstructions.").On("updates")
		case file.Path != configPath:
			return u, fault.New(fault.Invalid, "ResourceUnknown", "A project has one file, %s.", configPath).On("updates")
		case file.Data == nil:
			return u, fault.New(fault.Invalid, "ResourceForbidden", "A project keeps its configuration.").On("updates")
		}
		data, err := base64.StdEncoding.DecodeString(*file.Data)
		if err != nil {
			return u, fault.New(fault.Invalid, "ResourceMalformed", "The data of a file is base64.").On("updates")
		}
		text := string(data)
		u.Text = &text
		if file.Checksum != nil {
			u.Checksum = *file.Checksum
		}
	}
	if in.AppConfig != nil && string(in.AppConfig) != "null" {
		if u.Text != nil {
			return u, fault.New(fault.Invalid, "ResourceForbidden", "The configuration is written as a file or as appConfig, not both.").On("appConfig")
		}
		text, err := settings.Merge(p.ConfigYML, in.AppConfig)
		if err != nil {
			return u, err
		}
		u.Text = &text
		// What was edited in place was edited in this version.
		u.Version = p.Version
		if in.AppConfigChecksum != nil {
			u.Checksum = *in.AppConfigChecksum
		}
	}
	if in.SecretConfigUpdateInstructions == nil {
		return u, nil
	}
	if in.SecretConfigUpdateInstructionsChecksum != nil {
		now, err := c.Projects.SecretsChecksum(ctx, p.ID)
		if err != nil {
			return u, err
		}
		if now != *in.SecretConfigUpdateInstructionsChecksum {
			return u, errConflict(secretsPath)
		}
	}
	u.Secrets, err = c.secretChanges(ctx, p, in.SecretConfigUpdateInstructions)
	return u, err
}

func errAction(field string) error {
	return fault.New(fault.Invalid, "Invalid", "invalid action of %s", field).On(field)
}

// secretChanges reads what is to be done to secrets.
func (c *call) secretChanges(ctx context.Context, p project.Project, in *gql.SecretConfigUpdateInstructionsInput) (all []project.SecretChange, err error) {
	add := func(change project.SecretChange, failed error) {
		if failed != nil && err == nil {
			err = failed
		}
		all = append(all, change)
	}
	if k := in.AdminAPIAuthKey; k != nil {
		switch {
		case k.Action == "generate":
			_, change, failed := c.Projects.NewKey(p.ID, "")
			add(change, failed)
		case k.Action == "delete" && k.DeleteData != nil:
			add(c.Projects.DropKey(ctx, p.ID, k.DeleteData.KeyID))
		default:
			return nil, errAction("adminAPIAuthKey")
		}
	}
	if m := in.SMTPSecret; m != nil {
		switch {
		case m.Action == "unset":
			add(c.Projects.SMTPChange(ctx, p.ID, nil))
		case m.Action == "set" && m.Data != nil:
			server := project.SMTP{Host: m.Data.Host, Port: m.Data.Port, Username: m.Data.Username, Sender: m.Data.Sender, Security: "starttls"}
			if m.Data.Password != nil {
				server.Password = *m.Data.Password
			}
			if m.Data.Security != nil {
				server.Security = *m.Data.Security
			}
			add(c.Projects.SMTPChange(ctx, p.ID, &server))
		default:
			return nil, errAction("smtpSecret")
		}
	}
	if w := in.WebhookSecret; w != nil {
		if w.Action != "generate" {
			return nil, errAction("webhookSecret")
		}
		add(c.Projects.WebhookChange(p.ID), nil)
	}
	if o := in.OauthClientSecrets; o != nil {
		switch {
		case o.Action == "generate" && o.GenerateData != nil:
			add(c.Projects.NewClientSecret(p, o.GenerateData.ClientID))
		case o.Action == "delete" && o.DeleteData != nil:
			add(c.Projects.DropClientSecret(p.ID, o.DeleteData.ClientID, o.DeleteData.KeyID), nil)
		default:
			return nil, errAction("oauthClientSecrets")
		}
	}
	return all, err
}

// CreateCollaboratorInvitation resolves createCollaboratorInvitation.
func (c *call) CreateCollaboratorInvitation(ctx context.Context, in gql.CreateCollaboratorInvitationInput) (*gql.CreateCollaboratorInvitationPayload, error) {
	role := project.RoleEditor
	if in.Role != nil {
		role = string(*in.Role)
	}
	p, err := c.allowed(ctx, in.AppID, access.Role(role).ToGive())
	if err != nil {
		return nil, err
	}
	made, err := c.Projects.Invite(ctx, c.by, p.ID, in.InviteeEmail, role)
	if err != nil {
		return nil, told(err)
	}
	return &gql.CreateCollaboratorInvitationPayload{App: &model.App{Project: p}, CollaboratorInvitation: invitation(made)}, nil
}

// DeleteCollaboratorInvitation resolves deleteCollaboratorInvitation.
func (c *call) DeleteCollaboratorInvitation(ctx context.Context, in gql.DeleteCollaboratorInvitationInput) (*gql.DeleteCollaboratorInvitationPayload, error) {
	none := fault.New(fault.NotFound, "CollaboratorInvitationNotFound", "There is no such invitation.").On("collaboratorInvitationID")
	id, err := event.ParseID(in.CollaboratorInvitationID)
	if err != nil {
		return nil, none
	}
	i, err := c.Projects.InvitationByID(ctx, id)
	if err != nil {
		return nil, err
	}
	p, err := c.member(ctx, i.Project, access.Act, none)
	if err != nil {
		return nil, err
	}
	return &gql.DeleteCollaboratorInvitationPayload{App: &model.App{Project: p}}, c.Projects.Uninvite(ctx, c.by, p.ID, id)
}

// member is allowedIn for a thing of a project that was found by its own id: who has no part
// in the project is told that there is no such thing.
func (c *call) member(ctx context.Context, projectID string, need access.Permission, none error) (project.Project, error) {
	role, err := c.Projects.Role(ctx, projectID, c.session.Account.ID)
	if err == nil && role == "" {
		err = none
	}
	if err != nil {
		return project.Project{}, err
	}
	return c.allowedIn(ctx, projectID, need)
}

// AcceptCollaboratorInvitation resolves acceptCollaboratorInvitation.
func (c *call) AcceptCollaboratorInvitation(ctx context.Context, in gql.AcceptCollaboratorInvitationInput) (*gql.AcceptCollaboratorInvitationPayload, error) {
	if c.session.Scope == access.ReadScope {
		return nil, fault.New(fault.Denied, "ScopeTooNarrow", "The scope of this access token does not allow that.")
	}
	id, err := c.Projects.Accept(ctx, c.by, c.session.Account.Object(), in.Code)
	if err != nil {
		return nil, err
	}
	app, err := c.again(ctx, id)
	return &gql.AcceptCollaboratorInvitationPayload{App: app}, err
}

// collaboratorOf finds a collaborator by id, of a project in which the account has a permission.
func (c *call) collaboratorOf(ctx context.Context, text string, need access.Permission) (project.Project, event.ID, error) {
	none := fault.New(fault.NotFound, "CollaboratorNotFound", "There is no such collaborator.").On("collaboratorID")
	id, err := event.ParseID(text)
	if err != nil {
		return project.Project{}, id, none
	}
	found, err := c.Projects.CollaboratorByID(ctx, id)
	if err != nil {
		return project.Project{}, id, err
	}
	p, err := c.member(ctx, found.Project, need, none)
	return p, id, err
}

// DeleteCollaborator resolves deleteCollaborator.
func (c *call) DeleteCollaborator(ctx context.Context, in gql.DeleteCollaboratorInput) (*gql.DeleteCollaboratorPayload, error) {
	p, id, err := c.collaboratorOf(ctx, in.CollaboratorID, access.Act)
	if err != nil {
		return nil, err
	}
	return &gql.DeleteCollaboratorPayload{App: &model.App{Project: p}}, c.Projects.RemoveCollaborator(ctx, c.by, p.ID, id)
}

// UpdateCollaboratorRole resolves updateCollaboratorRole.
func (c *call) UpdateCollaboratorRole(ctx context.Context, in gql.UpdateCollaboratorRoleInput) (*gql.UpdateCollaboratorRolePayload, error) {
	p, id, err := c.collaboratorOf(ctx, in.CollaboratorID, access.Role(in.Role).ToGive())
	if err != nil {
		return nil, err
	}
	return &gql.UpdateCollaboratorRolePayload{App: &model.App{Project: p}}, c.Projects.SetRole(ctx, c.by, p.ID, id, string(in.Role))
}

// CreateDomain resolves createDomain.
func (c *call) CreateDomain(ctx context.Context, in gql.CreateDomainInput) (*gql.CreateDomainPayload, error) {
	p, err := c.allowed(ctx, in.AppID, access.Act)
	if err != nil {
		return nil, err
	}
	made, err := c.Projects.AddDomain(ctx, c.by, p.ID, in.Domain)
	return &gql.CreateDomainPayload{App: &model.App{Project: p}, Domain: domain(made)}, err
}

// VerifyDomain resolves verifyDomain.
func (c *call) VerifyDomain(ctx context.Context, in gql.VerifyDomainInput) (*gql.VerifyDomainPayload, error) {
	p, err := c.allowed(ctx, in.AppID, access.Act)
	if err != nil {
		return nil, err
	}
	verified, err := c.Projects.VerifyDomain(ctx, c.by, p, in.DomainID)
	return &gql.VerifyDomainPayload{App: &model.App{Project: p}, Domain: domain(verified)}, err
}

// DeleteDomain resolves deleteDomain.
func (c *call) DeleteDomain(ctx context.Context, in gql.DeleteDomainInput) (*gql.DeleteDomainPayload, error) {
	p, err := c.allowed(ctx, in.AppID, access.Act)
	if err != nil {
		return nil, err
	}
	return &gql.DeleteDomainPayload{App: &model.App{Project: p}}, c.Projects.RemoveDomain(ctx, c.by, p, in.DomainID)
}

// CreateCheckoutSession resolves createCheckoutSession.
func (c *call) CreateCheckoutSession(ctx context.Context, in gql.CreateCheckoutSessionInput) (*gql.CreateCheckoutSessionPayload, error) {
	p, err := c.allowed(ctx, in.AppID, access.Act)
	if err != nil {
		return nil, err
	}
	url, err := c.Billing.Checkout(ctx, c.by, p.ID, in.PlanName, c.session.Account.Email)
	return &gql.CreateCheckoutSessionPayload{URL: url}, err
}

// ReconcileCheckoutSession resolves reconcileCheckoutSession.
func (c *call) ReconcileCheckoutSession(ctx context.Context, in gql.ReconcileCheckoutSession) (*gql.ReconcileCheckoutSessionPayload, error) {
	p, err := c.allowed(ctx, in.AppID, access.Act)
	if err != nil {
		return nil, err
	}
	if err := c.Billing.Reconcile(ctx, p.ID, in.CheckoutSessionID); err != nil {
		return nil, err
	}
	app, err := c.again(ctx, p.ID)
	return &gql.ReconcileCheckoutSessionPayload{App: app}, err
}

// UpdateSubscription resolves updateSubscription.
func (c *call) UpdateSubscription(ctx context.Context, in gql.UpdateSubscriptionInput) (*gql.UpdateSubscriptionPayload, error) {
	p, err := c.allowed(ctx, in.AppID, access.Act)
	if err != nil {
		return nil, err
	}
	if err := c.Billing.Change(ctx, c.by, p.ID, in.PlanName); err != nil {
		return nil, err
	}
	app, err := c.again(ctx, p.ID)
	return &gql.UpdateSubscriptionPayload{App: app}, err
}

// SetSubscriptionCancelledStatus resolves setSubscriptionCancelledStatus.
func (c *call) SetSubscriptionCancelledStatus(ctx context.Context, in gql.SetSubscriptionCancelledStatusInput) (*gql.SetSubscriptionCancelledStatusPayload, error) {
	p, err := c.allowed(ctx, in.AppID, access.Act)
	if err != nil {
		return nil, err
	}
	return &gql.SetSubscriptionCancelledStatusPayload{App: &model.App{Project: p}}, c.Billing.SetCancelled(ctx, c.by, p.ID, in.Cancelled)
}

// CancelFailedSubscription resolves cancelFailedSubscription.
func (c *call) CancelFailedSubscription(ctx context.Context, in gql.CancelFailedSubscriptionInput) (*gql.CancelFailedSubscriptionPayload, error) {
	p, err := c.allowed(ctx, in.AppID, access.Act)
	if err != nil {
		return nil, err
	}
	if err := c.Billing.CancelFailed(ctx, c.by, p.ID); err != nil {
		return nil, err
	}
	app, err := c.again(ctx, p.ID)
	return &gql.CancelFailedSubscriptionPayload{App: app}, err
}

// GenerateShortLivedAdminAPIToken resolves generateShortLivedAdminAPIToken: for who may look
// at the project's keys.
func (c *call) GenerateShortLivedAdminAPIToken(ctx context.Context, in gql.GenerateShortLivedAdminAPITokenInput) (*gql.GenerateShortLivedAdminAPITokenPayload, error) {
	p, err := c.allowed(ctx, in.AppID, access.ViewSecrets)
	if err != nil {
		return nil, err
	}
	names, err := c.Projects.Visit(ctx, p.ID, c.session.Account.ID, in.AppSecretVisitToken)
	if err == nil && !slices.Contains(names, project.AdminAPISecrets) {
		err = fault.New(fault.Denied, "SecretVisitInvalid", "This leave to look at secrets is not for Admin API keys.").On("appSecretVisitToken")
	}
	if err != nil {
		return nil, store.Refuse[event.ProjectAdminAPITokenCreated](ctx, c.DB, c.by, event.InProject(p.ID), err)
	}
	token, _, err := c.Access.MintToken(ctx, c.session, c.req, p.ID, "short_lived")
	return &gql.GenerateShortLivedAdminAPITokenPayload{Token: token}, err
}
