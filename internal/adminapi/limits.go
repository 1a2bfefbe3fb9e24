package adminapi

import (
	"time"

	"github.com/sealog/sealog/internal/adminapi/gql"
	"github.com/sealog/sealog/internal/adminapi/model"
	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/graph"
)

// What a document pays for what the database has to look through, however few rows it gets.
const (
	listCost   = 50  // a list
	searchCost = 500 // a search through all users
	proofCost  = 150 // a proof, which reads a tile or two of each level
)

// barsOf is how many bars a timeline has, about.
const barsOf = 200

// fewOf is how many identities and authenticators a user has, about.
const fewOf = 3

// costs says what lists cost: as many times what one element does as there can be.
func costs() gql.ComplexityRoot {
	var c gql.ComplexityRoot
	c.Query.AuditLogs = func(child int, first, last *int, _, _ *string, _, _ *time.Time, _ []event.Type, _, _ []string, _ []event.Outcome, _ *gql.SortDirection, _ *int, _, _ []string, _ *string) int {
		return listCost + graph.Times(child, graph.PageSize(first, last, auditlog.MaxPage))
	}
	c.Query.Users = func(child int, first, last *int, _, _, search *string, _ *gql.UserSortBy, _ *gql.SortDirection) int {
		cost := listCost + graph.Times(child, graph.PageSize(first, last, auditlog.MaxPage))
		if search != nil {
			cost += searchCost
		}
		return cost
	}
	c.Query.AuditLogHistogram = func(child int, _, _ time.Time, _ gql.AuditLogInterval, _ gql.AuditLogDimension, _ *gql.AuditLogAggregateFilter) int {
		return searchCost + graph.Times(child, barsOf)
	}
	c.Query.AuditLogTop = func(child int, _ gql.AuditLogDimension, _, _ *time.Time, _ *int, _ *gql.AuditLogAggregateFilter) int {
		return proofCost + graph.Times(child, auditlog.MaxPage)
	}
	c.Query.AuditLogProof = func(child int, _ string) int { return proofCost + child }
	c.Query.AuditLogConsistency = func(child, _, _ int) int { return proofCost + child }
	c.Query.AuditLogCheckpoint = func(child int) int { return listCost + child }
	c.Query.Nodes = func(child int, ids []string) int { return 1 + graph.Times(child, len(ids)) }
	c.User.Identities = func(child int, first, last *int, _, _ *string, _ *model.IdentityType) int {
		return 1 + graph.Times(child, graph.PageSize(first, last, fewOf))
	}
	c.User.Authenticators = func(child int, first, last *int, _, _ *string, _ *model.AuthenticatorType, _ *model.AuthenticatorKind) int {
		return 1 + graph.Times(child, graph.PageSize(first, last, fewOf))
	}
	few := func(child int, first, last *int, _, _ *string) int {
		return 1 + graph.Times(child, graph.PageSize(first, last, fewOf))
	}
	c.User.Sessions, c.User.Authorizations = few, few
	several := func(child int) int { return 1 + graph.Times(child, fewOf) }
	c.User.OauthConnections, c.User.BiometricRegistrations, c.User.Passkeys = several, several, several
	c.User.SecondaryTOTPAuthenticators, c.User.SecondaryOOBOTPEmailAuthenticators = several, several
	c.User.SecondaryOOBOTPSMSAuthenticators, c.User.LoginIDs = several, several
	return c
}
