package event

import (
	"encoding/json"
	"slices"
)

// Context is what an event says about who acted and from where. Text is empty where the event says
// nothing, or where it has been erased.
type Context struct {
	UserID      *ID
	TriggeredBy string
	IPAddress   string
	UserAgent   string
	ClientID    string
	RequestID   string
	Actor       Actor
	// Target is what the event is about when that is no end user.
	Target *ContextTarget
	// Error is why an attempt did not succeed.
	Error                *ContextError
	HTTPURL, HTTPReferer string
	// Claimed is what the caller said of itself, a JSON object; nobody verified it. It is a part of
	// the disclosures, not to be changed.
	Claimed      json.RawMessage
	ForwardedFor string
	Languages    []string
}

// ContextOf reads the context out of an event's disclosures. Of JSON that is not sound, which no event has
// that was sealed, it takes what can be read.
//
// Errors: a line that is no disclosure.
func ContextOf(stored []byte) (Context, error) {
	var c Context
	for part, err := range Disclosures(stored) {
		if err != nil {
			return Context{}, err
		}
		if name, _ := part.Base(); name == "context" {
			c.read(part.Value)
		}
	}
	return c, nil
}

// read takes what one half of the context says, the public or the personal one.
func (c *Context) read(half jsonValue) {
	for key, value := range half.members {
		switch string(key) {
		case "user_id":
			if id, err := ParseID(value.text()); err == nil {
				c.UserID = &id
			}
		case "triggered_by":
			c.TriggeredBy = value.text()
		case "audit_context":
			c.HTTPURL, c.HTTPReferer = value.member("http_url").text(), value.member("http_referer").text()
		case "preferred_languages":
			for language := range value.elements {
				c.Languages = append(c.Languages, language.text())
			}
		case "ip_address":
			c.IPAddress = value.text()
		case "user_agent":
			c.UserAgent = value.text()
		case "client_id":
			c.ClientID = value.text()
		case "request_id":
			c.RequestID = value.text()
		case "forwarded_for":
			c.ForwardedFor = value.text()
		case "claimed":
			c.Claimed = json.RawMessage(slices.Clip(value))
		case "actor":
			c.Actor.read(value)
		case "target":
			if value.is(0, '{') {
				c.Target = &ContextTarget{value.member("type").text(), value.member("id").text()}
			}
		case "error":
			if value.is(0, '{') {
				c.Error = &ContextError{value.member("kind").text(), value.member("code").text()}
			}
		}
	}
}

func (a *Actor) read(object jsonValue) {
	for key, value := range object.members {
		switch text := value.text(); string(key) {
		case "type":
			a.Type = ActorType(text)
		case "id":
			a.ID = text
		case "name":
			a.Name = text
		case "fingerprint":
			a.Fingerprint = text
		case "session_id":
			a.SessionID = text
		case "token_id":
			a.TokenID = text
		}
	}
}
