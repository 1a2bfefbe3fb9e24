package adminapi

import (
	"context"
	"strings"
	"time"

	"github.com/sealog/sealog/internal/adminapi/gql"
	"github.com/sealog/sealog/internal/adminapi/model"
	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
)

// maxValues is how many values a filter can name.
const maxValues = 1000

// AuditLogs resolves auditLogs.
func (c *call) AuditLogs(
	ctx context.Context, first, last *int, before, after *string, rangeFrom, rangeTo *time.Time,
	activityTypes []event.Type, userIDs, actorIDs []string, outcomes []event.Outcome, sortDirection *gql.SortDirection,
) (*model.AuditLogConnection, error) {
	f := auditlog.Filter{Project: c.project.ID, From: value(rangeFrom), To: value(rangeTo), Outcomes: outcomes}
	if bound := c.project.Plan.ReadableFrom(c.DB.Now()); f.From.Before(bound) {
		f.From = bound
	}
	if len(f.Outcomes) == 0 {
		f.Outcomes = []event.Outcome{event.Succeeded}
	}
	if max(len(activityTypes), len(userIDs), len(actorIDs), len(outcomes)) > maxValues {
		return nil, fault.New(fault.Malformed, "InvalidQuery", "A filter can name at most %d values.", maxValues)
	}
	for _, t := range activityTypes {
		if t == model.Custom {
			f.OtherTypes = true
		} else {
			f.Types = append(f.Types, t)
		}
	}
	for _, global := range userIDs {
		id, ok := model.ParseIDOf(model.TypeUser, global)
		if !ok {
			return nil, fault.New(fault.Invalid, "Invalid", "invalid user IDs").On("userIDs")
		}
		f.Users = append(f.Users, id)
	}
	for _, id := range actorIDs {
		if id == "" || strings.ContainsRune(id, 0) {
			return nil, fault.New(fault.Invalid, "Invalid", "invalid actor IDs").On("actorIDs")
		}
		f.Actors = append(f.Actors, id)
	}
	page, err := c.Log.List(ctx, f, auditlog.Paging{
		First: first, Last: last, Before: value(before), After: value(after), Ascending: value(sortDirection) == gql.SortDirectionAsc,
	})
	if err != nil {
		return nil, err
	}
	c.Reads.Note(c.by, c.project.ID, "admin_api")
	connection := &model.AuditLogConnection{
		Edges:    make([]*model.AuditLogEdge, len(page.Rows)),
		PageInfo: model.PageInfo{HasNextPage: page.HasNext, HasPreviousPage: page.HasPrevious},
		Count:    func(ctx context.Context) (int64, error) { return c.Log.Count(ctx, f) },
	}
	for i, log := range model.NewAuditLogs(page.Rows, c.usersByID) {
		connection.Edges[i] = &model.AuditLogEdge{Cursor: log.Cursor(), Node: log}
	}
	if n := len(connection.Edges); n > 0 {
		connection.PageInfo.StartCursor, connection.PageInfo.EndCursor = connection.Edges[0].Cursor, connection.Edges[n-1].Cursor
	}
	return connection, nil
}
