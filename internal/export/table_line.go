package export

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
)

// tableLine is an event as a line of a table: all that the Portal's page shows of it, and the whole
// of it in JSON. Text is empty where the event says nothing, or where it has been erased.
type tableLine struct {
	Time      string          `json:"time"` // RFC 3339 in UTC, to the microsecond
	Actor     string          `json:"actor"`
	ActorType string          `json:"actor_type"`
	ActorID   string          `json:"actor_id"`
	Action    string          `json:"action"` // in words, after the actor's name
	Type      event.Type      `json:"type"`
	Title     string          `json:"title"` // of the type, for people
	Target    string          `json:"target"`
	UserID    string          `json:"user_id"` // whom it is about
	Outcome   string          `json:"outcome"`
	ErrorCode string          `json:"error_code"` // why an attempt did not succeed
	IP        string          `json:"ip"`
	UserAgent string          `json:"user_agent"`
	ClientID  string          `json:"client_id"`
	RequestID string          `json:"request_id"`
	Position  *int64          `json:"position"` // in the log, from 0; null while it has none
	EventID   event.ID        `json:"event_id"`
	Data      json.RawMessage `json:"data"`
}

// header names the columns of a table.
var header = []string{
	"time", "actor", "actor_type", "actor_id", "action", "type", "title", "target", "user_id", "outcome", "error_code",
	"ip", "user_agent", "client_id", "request_id", "position", "event_id", "data",
}

// cells are the columns in the order of header.
func (l tableLine) cells() []string {
	position := ""
	if l.Position != nil {
		position = strconv.FormatInt(*l.Position, 10)
	}
	return []string{
		l.Time, l.Actor, l.ActorType, l.ActorID, l.Action, string(l.Type), l.Title, l.Target, l.UserID, l.Outcome, l.ErrorCode,
		l.IP, l.UserAgent, l.ClientID, l.RequestID, position, l.EventID.String(), string(l.Data),
	}
}

func lineOf(row auditlog.Row) (tableLine, error) {
	c, err := row.Context()
	if err != nil {
		return tableLine{}, fmt.Errorf("export: event %s: %w", row.ID, err)
	}
	s, err := row.Summary()
	if err != nil {
		return tableLine{}, fmt.Errorf("export: event %s: %w", row.ID, err)
	}
	data, err := row.Data()
	if err != nil {
		return tableLine{}, fmt.Errorf("export: event %s: %w", row.ID, err)
	}
	l := tableLine{
		Time: moment(row.CreatedAt()), Actor: s.Actor, ActorType: s.ActorType, ActorID: row.ActorID, Action: s.Action,
		Type: row.Type, Title: event.TitleOf(row.Type), Target: s.Target, UserID: s.TargetUserID, Outcome: row.Outcome.String(),
		IP: c.IPAddress, UserAgent: c.UserAgent, ClientID: c.ClientID, RequestID: c.RequestID, EventID: row.ID, Data: data,
	}
	if c.Error != nil {
		l.ErrorCode = c.Error.Code
	}
	if row.Position >= 0 {
		l.Position = &row.Position
	}
	return l, nil
}
