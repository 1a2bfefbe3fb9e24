package bench

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
)

// question is something that is asked of the log: of the Admin API or the Portal over HTTP, or
// of package auditlog alone.
type question struct {
	what string
	// query and variables are for the Admin API, or path is for the Portal.
	query     string
	variables map[string]any
	path      string
	// read does what the log has to do for it; nil when that is another question's.
	read func(context.Context, *auditlog.Reader) error
	// p50 and p99 are what it should take at most over HTTP, in ms; 0 for nothing.
	p50, p99 float64
	// than is the question that it should take at most pageRatio times as long as.
	than string
}

// pageRatio is how much longer a page that is far away may take than the first.
const pageRatio = 1.5

// rows is what programs that show a log ask for of each event.
const rows = ` { totalCount pageInfo { hasNextPage endCursor } edges { cursor node { id activityType createdAt clientID ipAddress userAgent data } } } }`

// pageSize is how many events a page has.
const pageSize = 100

func cursorAt(place int64) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "offset:%d", place))
}

// questions are asked of the site's largest project.
func (s *Site) questions(ctx context.Context, log *auditlog.Reader) ([]question, error) {
	p := s.Projects[0]
	all := auditlog.Filter{Project: p.ID, Outcomes: []event.Outcome{event.Succeeded}}
	total, err := log.Count(ctx, all)
	if err != nil {
		return nil, err
	}
	far, last := min(1_000_000, total/2), total-pageSize
	page := func(what string, f auditlog.Filter, after string, of string, variables map[string]any) question {
		f.Project, f.Outcomes = p.ID, []event.Outcome{event.Succeeded}
		arguments, definitions := []string{"first: 100"}, []string{}
		if variables == nil {
			variables = map[string]any{}
		}
		if after != "" {
			variables["after"] = after
		}
		for name, typ := range map[string]string{"after": "String", "types": "[AuditLogActivityType!]", "users": "[ID!]", "actors": "[String!]", "query": "String"} {
			if _, ok := variables[name]; ok {
				argument := map[string]string{"types": "activityTypes", "users": "userIDs", "actors": "actorIDs"}[name]
				if argument == "" {
					argument = name
				}
				arguments, definitions = append(arguments, argument+": $"+name), append(definitions, "$"+name+": "+typ)
			}
		}
		query := "query"
		if len(definitions) > 0 {
			query += "(" + strings.Join(definitions, ", ") + ")"
		}
		q := question{what: what, query: query + " { auditLogs(" + strings.Join(arguments, ", ") + ")" + rows, variables: variables, p50: 8, p99: 20}
		if of != "" {
			q.p50, q.p99, q.than = 0, 0, of
		}
		q.read = func(ctx context.Context, log *auditlog.Reader) error {
			n := pageSize
			if _, err := log.List(ctx, f, auditlog.Paging{First: &n, After: after}); err != nil {
				return err
			}
			_, err := log.Count(ctx, f)
			return err
		}
		return q
	}
	var adminTypes []event.Type
	var adminNames []string
	for _, t := range event.ContractTypes() {
		if event.CategoryOf(t) == event.Admin {
			adminTypes, adminNames = append(adminTypes, t), append(adminNames, t.EnumName())
		}
	}
	admin := auditlog.Filter{Types: adminTypes}
	const oneType = event.Type("email.sent")
	typed := auditlog.Filter{Types: []event.Type{oneType}}
	five := 5
	month := auditlog.Range{Project: p.ID, From: s.Until.AddDate(0, 0, -180), To: s.Until}
	userID := base64.RawURLEncoding.EncodeToString([]byte("User:" + p.User.String()))
	address := auditlog.Filter{Project: p.ID, Outcomes: all.Outcomes, Mentions: []auditlog.Mention{{Refs: []event.Ref{{Kind: event.RefRecipient, Value: p.Address}}}}}
	return []question{
		{
			what: "the first 5 events with their data", query: `{ auditLogs(first: 5) { edges { node { activityType clientID createdAt data } } } }`, p50: 2, p99: 6,
			read: func(ctx context.Context, log *auditlog.Reader) error {
				_, err := log.List(ctx, all, auditlog.Paging{First: &five})
				return err
			},
		},
		page("100 with the total", auditlog.Filter{}, "", "", nil),
		page(fmt.Sprintf("the same after %s", number(float64(far))), auditlog.Filter{}, cursorAt(far-1), "100 with the total", nil),
		page("the same, the last page", auditlog.Filter{}, cursorAt(last-1), "100 with the total", nil),
		page("100 of the administrators' types with the total", admin, "", "", map[string]any{"types": adminNames}),
		page(fmt.Sprintf("the same after %s", number(float64(far/10))), admin, cursorAt(far/10), "100 of the administrators' types with the total", map[string]any{"types": adminNames}),
		page("100 of one type with the total", typed, "", "", map[string]any{"types": []string{oneType.EnumName()}}),
		page(fmt.Sprintf("the same after %s", number(float64(far/10))), typed, cursorAt(far/10), "100 of one type with the total", map[string]any{"types": []string{oneType.EnumName()}}),
		page("100 about one user with the total", auditlog.Filter{Users: []event.ID{p.User}}, "", "", map[string]any{"users": []string{userID}}),
		page("100 by one key with the total", auditlog.Filter{Actors: []string{p.Key}}, "", "", map[string]any{"actors": []string{p.Key}}),
		{
			what: "what 10 events mention", query: `query($q: String) { auditLogs(first: 100, query: $q)` + rows, variables: map[string]any{"q": p.Address}, p50: 4, p99: 12,
			read: func(ctx context.Context, log *auditlog.Reader) error {
				_, err := log.List(ctx, address, auditlog.Paging{})
				return err
			},
		},
		{
			what:  "the timeline of 180 days, by day and category",
			query: `query($from: DateTime!, $to: DateTime!) { auditLogHistogram(rangeFrom: $from, rangeTo: $to, interval: DAY, by: CATEGORY) { start counts { value count } } }`,
			variables: map[string]any{
				"from": month.From.Format(time.RFC3339), "to": month.To.Format(time.RFC3339),
			}, p50: 10, p99: 30,
			read: func(ctx context.Context, log *auditlog.Reader) error {
				_, err := log.Histogram(ctx, month, auditlog.Day, auditlog.ByCategory)
				return err
			},
		},
		{what: "the page of the Portal: users' activities", path: "/projects/" + p.ID + "/audit-log", p50: 15, p99: 40},
		{what: "the page of the Portal: Admin API & Portal", path: "/projects/" + p.ID + "/audit-log?tab=admin", p50: 15, p99: 40},
	}, nil
}
