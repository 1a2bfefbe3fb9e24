package portalapi

import (
	"github.com/sealog/sealog/internal/graph"
	"github.com/sealog/sealog/internal/portalapi/gql"
)

// What a document pays for what has to be read, however little of it there is.
const (
	readCost   = 50  // one statement, or a few
	configCost = 200 // a configuration, which may have 256 KiB
	parseCost  = 500 // one that is read as YAML
	fewOf      = 10  // how many a project has of most things, about
	projectsOf = 20  // how many projects an account has, about
)

// costs says what a field costs: as many times what one element does as there may be, and
// what reading it takes.
func costs() gql.ComplexityRoot {
	var c gql.ComplexityRoot
	read := func(child int) int { return readCost + child }
	few := func(child int) int { return readCost + graph.Times(child, fewOf) }
	config := func(child int) int { return configCost + child }

	c.Query.AppList = func(child int) int { return readCost + graph.Times(readCost+child, projectsOf) }
	c.Query.Node = func(child int, _ string) int { return readCost + child }
	c.Query.Nodes = func(child int, ids []string) int { return readCost + graph.Times(readCost+child, len(ids)) }
	c.Query.Viewer = func(child int) int { return 1 + child }
	c.Query.CheckCollaboratorInvitation = func(child int, _ string) int { return readCost + child }
	c.Query.PreviewUpdateSubscription = func(child int, _ gql.PreviewUpdateSubscriptionInput) int { return 10*readCost + child }

	c.App.Collaborators, c.App.CollaboratorInvitations, c.App.Domains = few, few, few
	c.App.EffectiveAppConfig = config
	c.App.RawAppConfig = func(child int) int { return parseCost + child }
	c.App.Resources = func(child int, _ []string) int { return configCost + child }
	c.App.SecretConfig = func(child int, _ *string) int { return 2*readCost + child }
	c.App.SecretConfigChecksum = read
	c.App.Subscription, c.App.IsProcessingSubscription, c.App.LastStripeError, c.App.Viewer = read, read, read, read
	c.AppResource.Data = config
	c.SecretConfig.AdminAPISecrets = func(child int) int { return graph.Times(child, fewOf) }
	c.SecretConfig.OauthClientSecrets = func(child int) int { return graph.Times(child, fewOf) }
	return c
}
