package model

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
)

// AuditLog is an event.
type AuditLog struct {
	auditlog.Row
	users   *Lazy[map[event.ID]*User]
	context func() (event.Context, error)
}

// NewAuditLogs makes the objects of rows that were found together. users loads whom they
// are about, for all of them at once.
func NewAuditLogs(rows []auditlog.Row, users func(context.Context, []event.ID) (map[event.ID]*User, error)) []*AuditLog {
	about := NewLazy(func(ctx context.Context) (map[event.ID]*User, error) {
		seen := map[event.ID]bool{}
		var ids []event.ID
		for _, r := range rows {
			if !r.User.IsZero() && !seen[r.User] {
				seen[r.User] = true
				ids = append(ids, r.User)
			}
		}
		if len(ids) == 0 {
			return nil, nil
		}
		return users(ctx, ids)
	})
	logs := make([]*AuditLog, len(rows))
	for i, r := range rows {
		logs[i] = &AuditLog{Row: r, users: about, context: sync.OnceValues(r.Context)}
	}
	return logs
}

// IsNode makes AuditLog a Node.
func (AuditLog) IsNode() {}

// GlobalID is the field id.
func (a *AuditLog) GlobalID() string { return GlobalID(TypeAuditLog, a.ID) }

// CreatedAt is the event's time.
func (a *AuditLog) CreatedAt() time.Time { return a.Row.CreatedAt() }

// TypeName is the type as it is stored.
func (a *AuditLog) TypeName() string { return string(a.Type) }

// User is whom the event is about; nil when that is nobody, or the user is gone.
func (a *AuditLog) User(ctx context.Context) (*User, error) {
	if a.Row.User.IsZero() {
		return nil, nil
	}
	users, err := a.users.Get(ctx)
	return users[a.Row.User], err
}

// IPAddress is empty when it is not known or was erased, and so are the next ones.
func (a *AuditLog) IPAddress() (string, error) { c, err := a.context(); return c.IPAddress, err }

// UserAgent is what the caller's program called itself.
func (a *AuditLog) UserAgent() (string, error) { c, err := a.context(); return c.UserAgent, err }

// ClientID is the OAuth client.
func (a *AuditLog) ClientID() (string, error) { c, err := a.context(); return c.ClientID, err }

// RequestID ties the events of one request together.
func (a *AuditLog) RequestID() (string, error) { c, err := a.context(); return c.RequestID, err }

// Actor is who acted; nil when the context was erased.
func (a *AuditLog) Actor() (*event.Actor, error) {
	c, err := a.context()
	if err != nil || c.Actor.Type == "" {
		return nil, err
	}
	return &c.Actor, nil
}

// Position is the event's place in the log; nil until it is sealed.
func (a *AuditLog) Position() *int {
	if a.Row.Position < 0 {
		return nil
	}
	position := int(a.Row.Position)
	return &position
}

// LeafHash is the event as a leaf of the log's tree, in base64.
func (a *AuditLog) LeafHash() string { return a.Row.LeafHash().String() }

// Data is the whole event.
func (a *AuditLog) Data() (json.RawMessage, error) { return a.Row.Data() }

// AuditLogEdge is an event in a page.
type AuditLogEdge struct {
	Cursor string
	Node   *AuditLog
}

// AuditLogConnection is a page of events.
type AuditLogConnection struct {
	Edges    []*AuditLogEdge
	PageInfo PageInfo
	Count    func(context.Context) (int64, error)
}

// TotalCount counts all events that the filter chooses.
func (c *AuditLogConnection) TotalCount(ctx context.Context) (*int, error) {
	return count(ctx, c.Count)
}

func count(ctx context.Context, f func(context.Context) (int64, error)) (*int, error) {
	n, err := f(ctx)
	if err != nil {
		return nil, err
	}
	total := int(n)
	return &total, nil
}
