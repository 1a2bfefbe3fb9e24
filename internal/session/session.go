// Package session keeps the sign-ins of end users: sessions, the tokens that stand for
// them, and the authorizations of other people's clients.
//
// Invariant: of a token only its SHA-256 is stored, and a token is good exactly as long as
// its session's row is there and has not expired; ending a session deletes the row. Who may
// make and end sessions, and the events of it, is package directory's business: the functions
// here that write take its transaction.
//
// Start reading at Session, then token.go.
package session

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/store"
)

// The types of sessions.
const (
	IDP          = "idp"           // a browser at the sign-in pages, known by a cookie
	OfflineGrant = "offline_grant" // an application with a refresh token (OpenID Connect Core 1.0, section 11)
)

// Session is one sign-in of a user.
type Session struct {
	Project string
	ID      event.ID
	UserID  event.ID
	Type    string
	// GroupID is shared by the sessions of one sign-in, which end together.
	GroupID event.ID
	// ClientID is the application's; nil for an IDP session.
	ClientID *string
	// AuthorizationID is the consent under which a third party's client has it, or zero.
	AuthorizationID event.ID
	Scopes          []string
	// AMR are the methods by which the user proved who they are (RFC 8176).
	AMR            []string
	CreatedAt      time.Time
	UpdatedAt      time.Time
	ExpiresAt      time.Time
	IdleSeconds    int64 // it also ends when it has not been used for so long; 0 is never
	CreatedByIP    string
	UserAgent      string
	DeviceInfo     string // a JSON object that a mobile application sent, or ""
	LastAccessedAt time.Time
	LastAccessedIP string
}

const columns = `project_id, id, user_id, type, group_id, client_id, authorization_id, scopes, amr, created_at, updated_at,
	expires_at, idle_seconds, created_by_ip, user_agent, device_info, last_accessed_at, last_accessed_by_ip`

func (s *Session) fields() []any {
	return []any{
		&s.Project, &s.ID, &s.UserID, &s.Type, &s.GroupID, &s.ClientID, &s.AuthorizationID, words{&s.Scopes}, words{&s.AMR},
		store.Time(&s.CreatedAt), store.Time(&s.UpdatedAt), store.Time(&s.ExpiresAt), &s.IdleSeconds, &s.CreatedByIP,
		&s.UserAgent, &s.DeviceInfo, store.Time(&s.LastAccessedAt), &s.LastAccessedIP,
	}
}

// words makes a place of fields that reads words separated by spaces.
type words struct{ to *[]string }

// Scan implements sql.Scanner.
func (w words) Scan(src any) error {
	switch v := src.(type) {
	case string:
		*w.to = strings.Fields(v)
	case []byte:
		*w.to = strings.Fields(string(v))
	}
	return nil
}

// Live reports whether the session is good at a time.
func (s Session) Live(now time.Time) bool {
	idle := s.IdleSeconds > 0 && !now.Before(s.LastAccessedAt.Add(time.Duration(s.IdleSeconds)*time.Second))
	return now.Before(s.ExpiresAt) && !idle
}

// DisplayName is what people recognise the session by: the device's model, the browser's
// name, or the application's id.
func (s Session) DisplayName() string {
	if name := deviceName(s.DeviceInfo); name != "" {
		return name
	}
	if s.UserAgent != "" {
		return s.UserAgent
	}
	if s.ClientID != nil {
		return *s.ClientID
	}
	return s.Type
}

// ApplicationName is the name of the mobile application, if it sent one.
func (s Session) ApplicationName() string { return applicationName(s.DeviceInfo) }

// Object is the snapshot that goes into events.
func (s Session) Object() event.SessionObject {
	return event.SessionObject{
		ID: s.ID, CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt, Type: s.Type, AMR: s.AMR, LastAccessedAt: s.LastAccessedAt,
		CreatedByIP: s.CreatedByIP, LastAccessedByIP: s.LastAccessedIP, ClientID: s.ClientID,
		DisplayName: s.DisplayName(), ApplicationName: s.ApplicationName(), UserAgent: s.UserAgent,
	}
}

// Insert stores a session with its first token: the refresh token's, or the cookie's value.
func (s Session) Insert(ctx context.Context, tx *store.Tx, tokenHash []byte) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO sessions (`+columns+`, token_hash)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)`,
		s.Project, s.ID, s.UserID, s.Type, s.GroupID, s.ClientID, s.AuthorizationID, strings.Join(s.Scopes, " "), strings.Join(s.AMR, " "),
		store.Micros(s.CreatedAt), store.Micros(s.UpdatedAt), store.Micros(s.ExpiresAt), s.IdleSeconds, s.CreatedByIP,
		s.UserAgent, s.DeviceInfo, store.Micros(s.LastAccessedAt), s.LastAccessedIP, tokenHash)
	return err
}

// Find returns a session whose row is there, live or not, and whether it is.
func Find(ctx context.Context, q store.Querier, project string, id event.ID) (Session, bool, error) {
	return store.One(ctx, q, (*Session).fields, `SELECT `+columns+` FROM sessions WHERE project_id = $1 AND id = $2`, project, id)
}

// EndAll ends the sessions of a user and returns those that were live.
func EndAll(ctx context.Context, tx *store.Tx, project string, user event.ID) ([]Session, error) {
	return end(ctx, tx, `user_id = $2`, project, user)
}

// EndGroup ends the sessions of one sign-in and returns those that were live.
func EndGroup(ctx context.Context, tx *store.Tx, project string, group event.ID) ([]Session, error) {
	return end(ctx, tx, `group_id = $2`, project, group)
}

func end(ctx context.Context, tx *store.Tx, which, project string, id event.ID) ([]Session, error) {
	all, err := store.Collect(ctx, tx, (*Session).fields, `
		SELECT `+columns+`
		FROM sessions
		WHERE project_id = $1 AND `+which+`
		ORDER BY id`, project, id)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM sessions WHERE project_id = $1 AND `+which, project, id); err != nil {
		return nil, err
	}
	live := []Session{}
	for _, s := range all {
		if s.Live(tx.Now()) {
			live = append(live, s)
		}
	}
	return live, nil
}

// Service finds sessions and authorizations.
type Service struct{ db *store.DB }

// New returns the service.
func New(db *store.DB) *Service { return &Service{db} }

// Of returns the live sessions of users that belong to no third party's client, oldest
// first, in one statement. A user without any has no entry.
func (s *Service) Of(ctx context.Context, project string, users []event.ID) (_ map[event.ID][]Session, err error) {
	defer fault.Wrap(&err, "session.Of(%q)", project)
	of := map[event.ID][]Session{}
	if len(users) == 0 {
		return of, nil
	}
	list, args := store.InList(users, project)
	all, err := store.Collect(ctx, s.db, (*Session).fields, `
		SELECT `+columns+`
		FROM sessions
		WHERE project_id = $1 AND user_id IN (`+list+`) AND authorization_id IS NULL
		ORDER BY user_id, created_at, id`, args...)
	now := s.db.Now()
	for _, one := range all {
		if one.Live(now) {
			of[one.UserID] = append(of[one.UserID], one)
		}
	}
	return of, err
}

// ByIDs returns those of the sessions that there are and are live.
func (s *Service) ByIDs(ctx context.Context, project string, ids []event.ID) (_ []Session, err error) {
	defer fault.Wrap(&err, "session.ByIDs(%q)", project)
	live := []Session{}
	if len(ids) == 0 {
		return live, nil
	}
	list, args := store.InList(ids, project)
	all, err := store.Collect(ctx, s.db, (*Session).fields, `
		SELECT `+columns+` FROM sessions WHERE project_id = $1 AND id IN (`+list+`)`, args...)
	now := s.db.Now()
	for _, one := range all {
		if one.Live(now) {
			live = append(live, one)
		}
	}
	return live, err
}

// device is what is read of a device info.
type device struct {
	IOS struct {
		UIDevice struct {
			Model string `json:"model"`
			Name  string `json:"name"`
		} `json:"UIDevice"`
		Bundle struct {
			DisplayName string `json:"CFBundleDisplayName"`
		} `json:"NSBundle"`
	} `json:"ios"`
	Android struct {
		Build struct {
			Brand string `json:"BRAND"`
			Model string `json:"MODEL"`
		} `json:"Build"`
		PackageInfo struct {
			PackageName string `json:"packageName"`
		} `json:"PackageInfo"`
	} `json:"android"`
}

func readDevice(info string) (d device) {
	if info != "" {
		// It was an object when it was stored; what is not of this shape has no name.
		_ = json.Unmarshal([]byte(info), &d)
	}
	return d
}

func deviceName(info string) string {
	d := readDevice(info)
	for _, name := range []string{d.IOS.UIDevice.Name, d.IOS.UIDevice.Model, strings.TrimSpace(d.Android.Build.Brand + " " + d.Android.Build.Model)} {
		if name != "" {
			return name
		}
	}
	return ""
}

func applicationName(info string) string {
	d := readDevice(info)
	if d.IOS.Bundle.DisplayName != "" {
		return d.IOS.Bundle.DisplayName
	}
	return d.Android.PackageInfo.PackageName
}
