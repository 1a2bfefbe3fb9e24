package adminapi

import (
	"context"

	"github.com/sealog/sealog/internal/adminapi/gql"
	"github.com/sealog/sealog/internal/adminapi/model"
	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
)

// Node resolves node.
func (c *call) Node(ctx context.Context, id string) (gql.Node, error) {
	found, err := c.Nodes(ctx, []string{id})
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

// maxNodes is how many ids nodes takes; the document's cost bounds what is asked of each.
const maxNodes = 1000

// Nodes resolves nodes, the objects of each type in one statement.
func (c *call) Nodes(ctx context.Context, ids []string) ([]gql.Node, error) {
	if len(ids) > maxNodes {
		return nil, fault.New(fault.Malformed, "InvalidQuery", "Ask for at most %d nodes at once.", maxNodes).On("ids")
	}
	byType := map[string][]event.ID{}
	for _, global := range ids {
		if typeName, id, ok := model.ParseGlobalID(global); ok {
			byType[typeName] = append(byType[typeName], id)
		}
	}
	byGlobal := map[string]gql.Node{}
	users, err := c.usersByID(ctx, byType[model.TypeUser])
	if err != nil {
		return nil, err
	}
	for _, u := range users {
		byGlobal[u.GlobalID()] = u
	}
	identities, err := c.Directory.Identities(ctx, c.project.ID, byType[model.TypeIdentity])
	if err != nil {
		return nil, err
	}
	for _, i := range identities {
		byGlobal[model.GlobalID(model.TypeIdentity, i.ID)] = &model.Identity{Identity: i}
	}
	authenticators, err := c.Directory.Authenticators(ctx, c.project.ID, byType[model.TypeAuthenticator])
	if err != nil {
		return nil, err
	}
	for _, a := range authenticators {
		byGlobal[model.GlobalID(model.TypeAuthenticator, a.ID)] = &model.Authenticator{Authenticator: a}
	}
	sessions, err := c.Sessions.ByIDs(ctx, c.project.ID, byType[model.TypeSession])
	if err != nil {
		return nil, err
	}
	for _, s := range sessions {
		byGlobal[model.GlobalID(model.TypeSession, s.ID)] = &model.Session{Session: s}
	}
	authorizations, err := c.Sessions.AuthorizationsByIDs(ctx, c.project.ID, byType[model.TypeAuthorization])
	if err != nil {
		return nil, err
	}
	for _, a := range authorizations {
		byGlobal[model.GlobalID(model.TypeAuthorization, a.ID)] = &model.Authorization{Authorization: a}
	}
	if len(byGlobal) > len(users) {
		c.readUsers() // what belongs to users says something about them
	}
	logs, err := c.events(ctx, byType[model.TypeAuditLog])
	if err != nil {
		return nil, err
	}
	for _, log := range logs {
		byGlobal[log.GlobalID()] = log
	}
	nodes := make([]gql.Node, len(ids))
	for i, global := range ids {
		if typeName, id, ok := model.ParseGlobalID(global); ok {
			nodes[i] = byGlobal[model.GlobalID(typeName, id)]
		}
	}
	return nodes, nil
}

// events finds those of the events that there are.
func (c *call) events(ctx context.Context, ids []event.ID) ([]*model.AuditLog, error) {
	rows, err := c.Log.GetMany(ctx, c.project.ID, ids)
	if err != nil {
		return nil, err
	}
	if len(rows) > 0 {
		c.Reads.Note(c.by, c.project.ID, "admin_api", auditlog.OfLog)
	}
	return model.NewAuditLogs(rows, c.usersByID), nil
}
