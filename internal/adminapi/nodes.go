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

// Nodes resolves nodes: users in one statement, events in another.
func (c *call) Nodes(ctx context.Context, ids []string) ([]gql.Node, error) {
	if len(ids) > auditlog.MaxPage {
		return nil, fault.New(fault.Malformed, "InvalidQuery", "Ask for at most %d nodes at once.", auditlog.MaxPage).On("ids")
	}
	var users, events []event.ID
	for _, global := range ids {
		switch typeName, id, _ := model.ParseGlobalID(global); typeName {
		case model.TypeUser:
			users = append(users, id)
		case model.TypeAuditLog:
			events = append(events, id)
		}
	}
	byGlobal := map[string]gql.Node{}
	found, err := c.usersByID(ctx, users)
	if err != nil {
		return nil, err
	}
	for _, u := range found {
		byGlobal[u.GlobalID()] = u
	}
	logs, err := c.events(ctx, events)
	if err != nil {
		return nil, err
	}
	for _, log := range logs {
		byGlobal[log.GlobalID()] = log
	}
	nodes := make([]gql.Node, len(ids))
	for i, global := range ids {
		nodes[i] = byGlobal[global]
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
		c.Reads.Note(c.by, c.project.ID, "admin_api")
	}
	return model.NewAuditLogs(rows, c.usersByID), nil
}
