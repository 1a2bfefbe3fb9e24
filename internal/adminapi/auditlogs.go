package adminapi

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/sealog/sealog/internal/adminapi/gql"
	"github.com/sealog/sealog/internal/adminapi/model"
	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/query"
)

// maxValues is how many values a filter can name.
const maxValues = 1000

// AuditLogs resolves auditLogs.
func (c *call) AuditLogs(
	ctx context.Context, first, last *int, before, after *string, rangeFrom, rangeTo *time.Time,
	activityTypes []event.Type, userIDs, actorIDs []string, outcomes []event.Outcome, sortDirection *gql.SortDirection, afterPosition *int,
	emailAddresses, phoneNumbers []string, line *string,
) (*model.AuditLogConnection, error) {
	if afterPosition != nil {
		if last != nil || before != nil || after != nil || rangeFrom != nil || rangeTo != nil || activityTypes != nil || userIDs != nil ||
			actorIDs != nil || outcomes != nil || sortDirection != nil || emailAddresses != nil || phoneNumbers != nil || line != nil {
			return nil, fault.New(fault.Malformed, "InvalidQuery",
				"afterPosition goes with first alone: it gives every event, in the order of the log.").On("afterPosition")
		}
		return c.follow(ctx, first, *afterPosition)
	}
	if max(len(activityTypes), len(userIDs), len(actorIDs), len(outcomes), len(emailAddresses), len(phoneNumbers)) > maxValues {
		return nil, fault.New(fault.Malformed, "InvalidQuery", "A filter can name at most %d values.", maxValues)
	}
	f := auditlog.Filter{Project: c.project.ID, From: c.readableFrom(rangeFrom), To: value(rangeTo), Outcomes: outcomes}
	for _, t := range activityTypes {
		if t == model.Custom {
			f.OtherTypes = true
		} else {
			f.Types = append(f.Types, t)
		}
	}
	var about auditlog.Mention
	for _, global := range userIDs {
		id, ok := model.ParseIDOf(model.TypeUser, global)
		if !ok {
			return nil, fault.New(fault.Invalid, "Invalid", "invalid user IDs").On("userIDs")
		}
		about.Users = append(about.Users, id)
	}
	for _, recipient := range slices.Concat(emailAddresses, phoneNumbers) {
		if ref, ok := event.NewRef(event.RefRecipient, recipient); ok {
			about.Refs = append(about.Refs, ref)
		}
	}
	switch {
	case len(emailAddresses)+len(phoneNumbers) > 0:
		f.Mentions = []auditlog.Mention{about}
	default:
		f.Users = about.Users
	}
	for _, id := range actorIDs {
		if id == "" || strings.ContainsRune(id, 0) {
			return nil, fault.New(fault.Invalid, "Invalid", "invalid actor IDs").On("actorIDs")
		}
		f.Actors = append(f.Actors, id)
	}
	if activityTypes == nil && outcomes == nil && line == nil {
		// Clients that were generated from Authgear's schema do not know CUSTOM: only who asks
		// by what is ours gets events of types that the enum has no name for.
		f.Not.Types = event.OwnTypes()
	}
	f, err := c.search(ctx, f, value(line))
	if err != nil {
		return nil, err
	}
	page, err := c.Log.List(ctx, f, auditlog.Paging{
		First: first, Last: last, Before: value(before), After: value(after), Ascending: value(sortDirection) == gql.SortDirectionAsc,
	})
	if err != nil {
		return nil, err
	}
	return c.connection(page.Rows, page.HasNext, page.HasPrevious, page.Total), nil
}

// readableFrom is where the project's plan lets a range begin.
func (c *call) readableFrom(from *time.Time) time.Time {
	if bound := c.project.Plan.ReadableFrom(c.DB.Now()); value(from).Before(bound) {
		return bound
	}
	return value(from)
}

// search adds a line of the search language to a filter. What says nothing of outcomes asks
// for what succeeded.
func (c *call) search(ctx context.Context, f auditlog.Filter, line string) (auditlog.Filter, error) {
	q, err := query.Parse(line)
	if err != nil {
		return f, err
	}
	if len(f.Outcomes) == 0 && !q.Outcomes() {
		f.Outcomes = []event.Outcome{event.Succeeded}
	}
	return q.Filter(ctx, f, c.DB.Now(), time.UTC, func(ctx context.Context, name string) ([]string, error) {
		return c.Log.ActorsNamed(ctx, f.Project, name)
	})
}

// connection makes the page of rows that were read, and notes that they were.
func (c *call) connection(rows []auditlog.Row, hasNext, hasPrevious bool, count func(context.Context) (int64, error)) *model.AuditLogConnection {
	c.Reads.Note(c.by, c.project.ID, "admin_api", auditlog.OfLog)
	connection := &model.AuditLogConnection{
		Edges:    make([]*model.AuditLogEdge, len(rows)),
		PageInfo: model.PageInfo{HasNextPage: hasNext, HasPreviousPage: hasPrevious},
		Count:    count,
	}
	for i, log := range model.NewAuditLogs(rows, c.usersByID) {
		connection.Edges[i] = &model.AuditLogEdge{Cursor: log.Cursor(), Node: log}
	}
	if n := len(connection.Edges); n > 0 {
		connection.PageInfo.StartCursor, connection.PageInfo.EndCursor = connection.Edges[0].Cursor, connection.Edges[n-1].Cursor
	}
	return connection
}

// follow resolves auditLogs with afterPosition.
func (c *call) follow(ctx context.Context, first *int, after int) (*model.AuditLogConnection, error) {
	if after < -1 {
		return nil, fault.New(fault.Malformed, "InvalidQuery", "A position is 0 or more; -1 means from the beginning.").On("afterPosition")
	}
	limit, since := auditlog.MaxPage, c.project.Plan.ReadableFrom(c.DB.Now())
	if first != nil {
		limit = *first
	}
	rows, more, err := c.Log.Follow(ctx, c.project.ID, int64(after), since, limit)
	if err != nil {
		return nil, err
	}
	return c.connection(rows, more, after >= 0, func(ctx context.Context) (int64, error) {
		return c.Log.CountAfter(ctx, c.project.ID, int64(after), since)
	}), nil
}
