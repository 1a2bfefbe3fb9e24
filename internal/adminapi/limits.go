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
	dataCost   = 20  // the whole of an event, which may have a megabyte
	jsonCost   = 3   // a JSON object, which may have 64 KiB
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
	c.Query.Node = func(child int, _ string) int { return listCost + child }
	byName := func(child int, _, _ string) int { return listCost + child }
	c.Query.GetUserByLoginID, c.Query.GetUserByOAuth = byName, byName
	c.Query.GetUsersByStandardAttribute = func(child int, _, _ string) int {
		return listCost + graph.Times(child, auditlog.MaxPage)
	}
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
	costsOfParts(&c)
	return c
}

// costsOfParts says what is read with, or belongs to, something that has paid for itself.
func costsOfParts(c *gql.ComplexityRoot) {
	one := func(child int) int { return 1 + child }
	c.AuditLog.Data = func(child int) int { return dataCost + child }
	c.AuditLog.User = func(child int) int { return 2 + child } // of all events of a page in one statement
	object := func(child int) int { return jsonCost + child }
	c.User.StandardAttributes, c.User.CustomAttributes, c.User.Web3 = object, object, object
	claims := func(child int, _ []string) int { return jsonCost + child }
	c.Identity.Claims, c.Authenticator.Claims = claims, claims

	// The rows of a page: the connection is as many times as dear as there can be of them.
	c.AuditLogConnection.Edges, c.UserConnection.Edges, c.IdentityConnection.Edges = one, one, one
	c.AuthenticatorConnection.Edges, c.SessionConnection.Edges, c.AuthorizationConnection.Edges = one, one, one
	several := func(child int) int { return 1 + graph.Times(child, fewOf) }
	c.AccountLockout.LockedIPs, c.AuditLogBar.Counts = several, several
	c.AuditLogProof.Path, c.AuditLogConsistency.Path, c.Authorization.Scopes, c.Session.Amr = one, one, one, one
	c.User.AccountLockout, c.User.PrimaryPassword, c.User.SecondaryPassword, c.User.VerifiedClaims = one, one, one, several
	c.User.PrimaryOOBOTPEmailAuthenticator, c.User.PrimaryOOBOTPSMSAuthenticator = one, one
	// Counting is CountCost for the whole document.
	c.AuditLogConnection.TotalCount, c.UserConnection.TotalCount = one, one
}
