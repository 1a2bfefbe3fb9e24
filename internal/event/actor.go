package event

import (
	"encoding/json"
	"strings"
	"time"
)

// ActorType says what sort of thing acted.
type ActorType string

// The actor types, as they are stored in an event's context.
const (
	AdminAPIKey ActorType = "admin_api_key"
	Account     ActorType = "account"
	EndUser     ActorType = "user"
	Operator    ActorType = "operator"
	System      ActorType = "system"
)

// Actor is who did it, as Sealog verified it. Its name is a snapshot taken at the time, so
// that a row stays readable when the account or key is gone; an end user's name stands in
// the payload only, where erasure finds it.
type Actor struct {
	Type ActorType `json:"type"`
	// ID is the key id, the account's or user's UUID, "operator", or the system job's name.
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
	// Fingerprint is the SHA-256 of a key's public half (RFC 7638 thumbprint), base64url.
	Fingerprint string `json:"fingerprint,omitempty"`
	// SessionID is the account's session, TokenID the personal access token it used instead.
	SessionID string `json:"session_id,omitempty"`
	TokenID   string `json:"token_id,omitempty"`
}

// codeActor begins the id of an end user who is known by a code alone.
const codeActor = "one_time_code:"

// CodeActor is the id of somebody of whom only a one-time code is known that they entered. The
// actor's type is EndUser.
func CodeActor(code ID) string { return codeActor + code.String() }

// IsCodeActor reports whether an actor's id is a CodeActor's.
func IsCodeActor(actor string) bool { return strings.HasPrefix(actor, codeActor) }

// MayBeEndUser reports whether an actor's id is such as end users have: a UUID, or a CodeActor's.
func MayBeEndUser(actor string) bool {
	_, err := ParseID(strings.TrimPrefix(actor, codeActor))
	return err == nil
}

// Request is what is known of the HTTP request or command that an action came with.
// Everything in it but ID is what the other side sent or where it came from.
type Request struct {
	// ID is the request's id, in logs and answers too; it ties the events of one request together.
	ID string
	// IP is the client's address after the trusted hops; text as it came when it is no address.
	IP string
	// ForwardedFor is the raw forwarding chain, kept beside the address that was believed.
	ForwardedFor string
	UserAgent    string
	// Host is what the request was sent to, without port, in lower case; it is not recorded.
	Host string
	// URL is scheme, host, path and query as this server saw them; empty without a request.
	URL      string
	Referer  string
	Language string
	// Languages are the preferred languages in order (RFC 9110, section 12.5.4).
	Languages []string
	// ClientID, State and XState come from URL parameters of the same name.
	ClientID, State, XState string
	// TrackingID is "<trace id>-<span id>" (W3C Trace Context) when the caller sent one.
	TrackingID string
}

// Surface is where an action came in; it is the event's triggered_by.
type Surface string

// The surfaces.
const (
	ViaUser     Surface = "user"
	ViaAdminAPI Surface = "admin_api"
	ViaPortal   Surface = "portal"
	ViaSystem   Surface = "system"
)

// By is who is acting and through what. Package access makes it, once for each request or
// command, from what was verified; it is passed as a parameter and never in a context.
type By struct {
	Actor   Actor
	Surface Surface
	Request Request
	// Claimed is what the caller says of itself (a token's audit_context), a JSON object that
	// nobody verified. It stands apart in the event and fills no verified field.
	Claimed json.RawMessage
}

// Target is about whom or what an event is, and in which project's log it stands.
type Target struct {
	// Project is the id of the project whose log gets the event.
	Project string
	// User is the end user the event is about; zero when it is about no user.
	User ID
	// Kind and ID name another target: "admin_api_key" and its kid, "account" and its UUID.
	Kind, ID string
}

// InProject is the target of an event about a project as a whole.
func InProject(project string) Target { return Target{Project: project} }

// AboutUser is the target of an event about an end user of a project.
func AboutUser(project string, user ID) Target { return Target{Project: project, User: user} }

// About is the target of an event about a thing of a project that is no end user.
func About(project, kind, id string) Target { return Target{Project: project, Kind: kind, ID: id} }

// PortalProject is the reserved project whose log holds what belongs to no project:
// sign-ins, accounts, set-up. Only operator accounts read it.
const PortalProject = "_portal"

// eventContext is the context part of an event: contract keys first, ours below. Optional
// keys are absent when unset, but for user_id and geo_location_code, which are then null.
type eventContext struct {
	Timestamp          int64        `json:"timestamp" class:"public"` // whole Unix seconds
	UserID             *ID          `json:"user_id" class:"public"`
	TriggeredBy        Surface      `json:"triggered_by" class:"public"`
	AuditContext       auditContext `json:"audit_context" class:"personal"`
	PreferredLanguages []string     `json:"preferred_languages" class:"personal"`
	Language           string       `json:"language" class:"personal"`
	OAuth              *oauthState  `json:"oauth,omitempty" class:"personal"`
	IPAddress          string       `json:"ip_address,omitempty" class:"personal"`
	GeoLocationCode    *string      `json:"geo_location_code" class:"personal"`
	UserAgent          string       `json:"user_agent,omitempty" class:"personal"`
	AppID              string       `json:"app_id,omitempty" class:"public"`
	ClientID           string       `json:"client_id,omitempty" class:"public"`
	TrackingID         string       `json:"tracking_id,omitempty" class:"public"`

	Actor        Actor           `json:"actor" class:"public"`
	Target       *ContextTarget  `json:"target,omitempty" class:"public"`
	RequestID    string          `json:"request_id,omitempty" class:"public"`
	Error        *ContextError   `json:"error,omitempty" class:"public"`
	ForwardedFor string          `json:"forwarded_for,omitempty" class:"personal"`
	Claimed      json.RawMessage `json:"claimed,omitempty" class:"personal"`
}

type auditContext struct {
	HTTPURL     string `json:"http_url"`
	Usage       string `json:"usage,omitempty"`
	ActorUserID string `json:"actor_user_id,omitempty"`
	HTTPReferer string `json:"http_referer,omitempty"`
}

type oauthState struct {
	State  string `json:"state,omitempty"`
	XState string `json:"x_state,omitempty"`
}

// ContextTarget is what an event is about when that is no end user.
type ContextTarget struct {
	Kind string `json:"type"`
	ID   string `json:"id"`
}

// ContextError is why an attempt did not succeed: the error's kind and its stable code,
// never its text.
type ContextError struct {
	Kind string `json:"kind"`
	Code string `json:"code"`
}

// maxTargetID bounds a target's id in bytes: that of a thing that is not there is whatever
// somebody sent.
const maxTargetID = 256

func newContext(at time.Time, by By, about Target, failure *ContextError) eventContext {
	r := by.Request
	c := eventContext{
		Timestamp:          at.Unix(),
		TriggeredBy:        by.Surface,
		AuditContext:       auditContext{HTTPURL: r.URL},
		PreferredLanguages: r.Languages,
		Language:           r.Language,
		IPAddress:          r.IP,
		UserAgent:          r.UserAgent,
		AppID:              about.Project,
		ClientID:           r.ClientID,
		TrackingID:         r.TrackingID,
		Actor:              by.Actor,
		RequestID:          r.ID,
		Error:              failure,
		ForwardedFor:       r.ForwardedFor,
		Claimed:            by.Claimed,
	}
	if c.PreferredLanguages == nil {
		c.PreferredLanguages = []string{}
	}
	if !about.User.IsZero() {
		c.UserID = &about.User
	}
	if about.Kind != "" {
		c.Target = &ContextTarget{about.Kind, about.ID[:min(len(about.ID), maxTargetID)]}
	}
	if r.State != "" || r.XState != "" {
		c.OAuth = &oauthState{r.State, r.XState}
	}
	if by.Actor.Type == Account {
		c.AuditContext.ActorUserID = by.Actor.ID
		c.AuditContext.HTTPReferer = r.Referer
		c.AuditContext.Usage = "internal"
		if by.Surface == ViaAdminAPI {
			c.AuditContext.Usage = "proxy"
		}
	}
	return c
}

// BySystem is the actor of a background job of Sealog itself.
func BySystem(job string) By {
	return By{Actor: Actor{Type: System, ID: "system:" + job, Name: "Sealog (" + job + ")"}, Surface: ViaSystem}
}
