package adminapi

import (
	"context"
	"time"

	"github.com/sealog/sealog/internal/adminapi/gql"
	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
)

// spans are the intervals in the words of the enum.
var spans = map[gql.AuditLogInterval]auditlog.Span{
	gql.AuditLogIntervalMinute: auditlog.Minute, gql.AuditLogIntervalHour: auditlog.Hour,
	gql.AuditLogIntervalDay: auditlog.Day, gql.AuditLogIntervalMonth: auditlog.Month,
}

// categories are the categories in the words of the enum.
var categories = map[gql.AuditLogCategory]event.Category{
	gql.AuditLogCategoryUsers: event.Users, gql.AuditLogCategoryAdmin: event.Admin,
}

// aggregate is the range that an aggregate looks at, as far back as the plan lets it.
func (c *call) aggregate(from, to *time.Time, filter *gql.AuditLogAggregateFilter) auditlog.Range {
	r := auditlog.Range{Project: c.project.ID, From: c.readableFrom(from), To: value(to)}
	if filter != nil {
		r.Outcomes = filter.Outcomes
		if filter.Category != nil {
			r.Category = categories[*filter.Category]
		}
	}
	c.Reads.Note(c.by, c.project.ID, "admin_api", auditlog.OfLog)
	return r
}

// AuditLogHistogram resolves auditLogHistogram.
func (c *call) AuditLogHistogram(
	ctx context.Context, rangeFrom, rangeTo time.Time, interval gql.AuditLogInterval, by gql.AuditLogDimension, filter *gql.AuditLogAggregateFilter,
) ([]*auditlog.Bar, error) {
	bars, err := c.Log.Histogram(ctx, c.aggregate(&rangeFrom, &rangeTo, filter), spans[interval], auditlog.Dimension(by))
	return pointers(bars), err
}

// topOf is how many values a ranking has that asks for no number.
const topOf = 10

// AuditLogTop resolves auditLogTop.
func (c *call) AuditLogTop(
	ctx context.Context, by gql.AuditLogDimension, rangeFrom, rangeTo *time.Time, first *int, filter *gql.AuditLogAggregateFilter,
) ([]*auditlog.ValueCount, error) {
	n := topOf
	if first != nil {
		n = *first
	}
	top, err := c.Log.Top(ctx, c.aggregate(rangeFrom, rangeTo, filter), auditlog.Dimension(by), n)
	return pointers(top), err
}

// pointers are what the generated code takes lists of.
func pointers[T any](values []T) []*T {
	all := make([]*T, len(values))
	for i := range values {
		all[i] = &values[i]
	}
	return all
}
