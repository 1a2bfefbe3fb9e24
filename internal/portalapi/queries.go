package portalapi

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/sealog/sealog/internal/access"
	adminmodel "github.com/sealog/sealog/internal/adminapi/model"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/portalapi/gql"
	"github.com/sealog/sealog/internal/portalapi/model"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/settings"
	"github.com/sealog/sealog/internal/store"
)

// The files of a project, by the names that programs know.
const (
	configPath  = "authgear.yaml"
	secretsPath = "authgear.secrets.yaml"
)

// maxNodes is how many nodes can be asked for at once.
const maxNodes = 100

func user(id event.ID, email string) *gql.User {
	u := &gql.User{ID: adminmodel.GlobalID("User", id)}
	if email != "" {
		u.Email = &email
	}
	return u
}

// Node resolves node.
func (c *call) Node(ctx context.Context, id string) (gql.Node, error) {
	if projectID, ok := model.ParseAppID(id); ok {
		role, err := c.Projects.Role(ctx, projectID, c.session.Account.ID)
		if err != nil || role == "" {
			return nil, err
		}
		p, err := c.Projects.Get(ctx, projectID)
		if err != nil {
			return nil, err
		}
		return &model.App{Project: p}, nil
	}
	if kind, raw, ok := adminmodel.ParseGlobalID(id); ok && raw == c.session.Account.ID {
		switch kind {
		case "User":
			return user(raw, c.session.Account.Email), nil
		case "Viewer":
			return c.Viewer(ctx)
		}
	}
	return nil, nil
}

// Nodes resolves nodes.
func (c *call) Nodes(ctx context.Context, ids []string) ([]gql.Node, error) {
	if len(ids) > maxNodes {
		return nil, fault.New(fault.Malformed, "InvalidQuery", "Ask for at most %d nodes at once.", maxNodes).On("ids")
	}
	found := make([]gql.Node, len(ids))
	for i, id := range ids {
		var err error
		if found[i], err = c.Node(ctx, id); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// Viewer resolves viewer.
func (c *call) Viewer(context.Context) (*gql.Viewer, error) {
	return &gql.Viewer{ID: adminmodel.GlobalID("Viewer", c.session.Account.ID), Email: &c.session.Account.Email}, nil
}

// AppList resolves appList.
func (c *call) AppList(ctx context.Context) ([]*model.App, error) {
	all, err := c.Projects.Memberships(ctx, c.session.Account.ID)
	if err != nil {
		return nil, err
	}
	apps := make([]*model.App, len(all))
	for i, m := range all {
		if apps[i], err = c.again(ctx, m.ProjectID); err != nil {
			return nil, err
		}
	}
	return apps, nil
}

// CheckCollaboratorInvitation resolves checkCollaboratorInvitation.
func (c *call) CheckCollaboratorInvitation(ctx context.Context, code string) (*gql.CheckCollaboratorInvitationPayload, error) {
	i, err := c.Access.Invitation(ctx, c.req, code)
	if err != nil {
		return nil, err
	}
	return &gql.CheckCollaboratorInvitationPayload{IsInvitee: i.Email == c.session.Account.Email, AppID: i.Project}, nil
}

// PreviewUpdateSubscription resolves previewUpdateSubscription.
func (c *call) PreviewUpdateSubscription(ctx context.Context, in gql.PreviewUpdateSubscriptionInput) (*gql.PreviewUpdateSubscriptionPayload, error) {
	p, err := c.allowed(ctx, in.AppID, access.Act)
	if err != nil {
		return nil, err
	}
	preview, err := c.Billing.Preview(ctx, p.ID, in.PlanName)
	return &gql.PreviewUpdateSubscriptionPayload{CurrencyCode: preview.Currency, AmountDue: int(preview.AmountDue)}, err
}

// app resolves the fields of App that need more than the project.
type app struct{ *call }

func collaborator(c project.Collaborator) *gql.Collaborator {
	return &gql.Collaborator{ID: c.ID.String(), CreatedAt: c.CreatedAt, Role: gql.CollaboratorRole(c.Role), User: user(c.Account, c.Email)}
}

// Collaborators resolves collaborators.
func (a app) Collaborators(ctx context.Context, obj *model.App) ([]*gql.Collaborator, error) {
	all, err := a.Projects.Collaborators(ctx, obj.Project.ID)
	shown := make([]*gql.Collaborator, len(all))
	for i, c := range all {
		shown[i] = collaborator(c)
	}
	return shown, err
}

// Viewer resolves viewer.
func (a app) Viewer(ctx context.Context, obj *model.App) (*gql.Collaborator, error) {
	all, err := a.Projects.Collaborators(ctx, obj.Project.ID)
	if err != nil {
		return nil, err
	}
	for _, c := range all {
		if c.Account == a.session.Account.ID {
			return collaborator(c), nil
		}
	}
	return nil, fault.New(fault.Denied, "Forbidden", "You have no part in this project.")
}

func invitation(i project.Invitation) *gql.CollaboratorInvitation {
	return &gql.CollaboratorInvitation{
		ID: i.ID.String(), CreatedAt: i.CreatedAt, ExpireAt: i.ExpiresAt, InviteeEmail: i.Email,
		InvitedBy: user(i.InvitedBy, i.InviterEmail), Role: gql.CollaboratorRole(i.Role),
	}
}

// CollaboratorInvitations resolves collaboratorInvitations.
func (a app) CollaboratorInvitations(ctx context.Context, obj *model.App) ([]*gql.CollaboratorInvitation, error) {
	all, err := a.Projects.Invitations(ctx, obj.Project.ID)
	shown := make([]*gql.CollaboratorInvitation, len(all))
	for i, one := range all {
		shown[i] = invitation(one)
	}
	return shown, err
}

func domain(d project.Domain) *gql.Domain {
	return &gql.Domain{
		ID: d.ID(), CreatedAt: d.CreatedAt, Domain: d.Domain, CookieDomain: d.Apex, ApexDomain: d.Apex,
		VerificationDNSRecord: d.Record(), IsCustom: !d.IsDefault, IsVerified: d.VerifiedAt != nil,
	}
}

// Domains resolves domains.
func (a app) Domains(ctx context.Context, obj *model.App) ([]*gql.Domain, error) {
	all, err := a.Projects.Domains(ctx, obj.Project)
	shown := make([]*gql.Domain, len(all))
	for i, d := range all {
		shown[i] = domain(d)
	}
	return shown, err
}

// SecretConfig resolves secretConfig. With a token the secrets leave only after the event of
// this very look has committed.
func (a app) SecretConfig(ctx context.Context, obj *model.App, token *string) (*gql.SecretConfig, error) {
	id := obj.Project.ID
	keys, err := a.Projects.Keys(ctx, id)
	if err != nil {
		return nil, err
	}
	masked, err := a.Projects.MaskedSecrets(ctx, id)
	if err != nil {
		return nil, err
	}
	var names []string
	var seen project.Secrets
	if token != nil && *token != "" {
		if _, err := a.allowedIn(ctx, id, access.ViewSecrets); err != nil {
			return nil, err
		}
		if names, err = a.Projects.Visit(ctx, id, a.session.Account.ID, *token); err != nil {
			return nil, store.Refuse[event.ProjectAppSecretViewed](ctx, a.DB, a.by, event.InProject(id), err)
		}
		if seen, err = a.Projects.ViewSecrets(ctx, a.by, id, names); err != nil {
			return nil, err
		}
	}
	shown := &gql.SecretConfig{WebhookSecret: &gql.WebhookSecret{Secret: orNil(seen.Webhook)}}
	for _, k := range keys {
		shown.AdminAPISecrets = append(shown.AdminAPISecrets, &gql.AdminAPISecret{
			KeyID: k.ID, CreatedAt: &k.CreatedAt, PublicKeyPem: k.PublicPEM(), PrivateKeyPem: orNil(seen.PrivateKeys[k.ID]),
		})
	}
	if m := masked.SMTP; m != nil {
		shown.SMTPSecret = &gql.SMTPSecret{Host: m.Host, Port: m.Port, Username: m.Username, Sender: m.Sender, Security: m.Security}
		if seen.SMTP != nil {
			shown.SMTPSecret.Password = &seen.SMTP.Password
		}
	}
	clients := masked.ClientSecrets
	if slices.Contains(names, project.OAuthClientSecrets) {
		clients = seen.ClientSecrets
	}
	for _, s := range clients {
		shown.OauthClientSecrets = append(shown.OauthClientSecrets, &gql.OAuthClientSecret{
			ClientID: s.ClientID, KeyID: s.KeyID, CreatedAt: &s.CreatedAt, Key: orNil(s.Value),
		})
	}
	return shown, nil
}

func orNil(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// SecretConfigChecksum resolves secretConfigChecksum.
func (a app) SecretConfigChecksum(ctx context.Context, obj *model.App) (string, error) {
	return a.Projects.SecretsChecksum(ctx, obj.Project.ID)
}

// Resources resolves resources: of the files that are asked for, those there are.
func (a app) Resources(_ context.Context, obj *model.App, paths []string) ([]*gql.AppResource, error) {
	if paths != nil && !slices.Contains(paths, configPath) {
		return []*gql.AppResource{}, nil
	}
	data, checksum := base64.StdEncoding.EncodeToString([]byte(obj.Project.ConfigYML)), settings.Checksum(obj.Project.ConfigYML)
	return []*gql.AppResource{{Path: configPath, Data: &data, Checksum: &checksum}}, nil
}

// Subscription resolves subscription.
func (a app) Subscription(ctx context.Context, obj *model.App) (*gql.Subscription, error) {
	s, has, err := a.Billing.Subscription(ctx, obj.Project.ID)
	if err != nil || !has {
		return nil, err
	}
	return &gql.Subscription{ID: s.ID.String(), CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt, CancelledAt: s.CancelledAt, EndedAt: s.EndedAt}, nil
}

// IsProcessingSubscription resolves isProcessingSubscription.
func (a app) IsProcessingSubscription(ctx context.Context, obj *model.App) (bool, error) {
	return a.Billing.IsProcessing(ctx, obj.Project.ID)
}

// stripeError is what Stripe said of the last payment.
type stripeError struct {
	Message string `json:"message"`
	Status  string `json:"status"`
}

// LastStripeError resolves lastStripeError.
func (a app) LastStripeError(ctx context.Context, obj *model.App) (json.RawMessage, error) {
	s, has, err := a.Billing.Subscription(ctx, obj.Project.ID)
	if err != nil || !has || s.PaymentError == "" {
		return nil, err
	}
	text, err := json.Marshal(stripeError{s.PaymentError, s.Status})
	if err != nil {
		return nil, fmt.Errorf("portalapi: %w", err)
	}
	return text, nil
}
