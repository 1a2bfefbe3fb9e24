package model

import (
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/sealog/sealog/internal/session"
)

// SessionType is a name of the enum: OFFLINE_GRANT.
type SessionType string

// MarshalSessionType writes the name.
func MarshalSessionType(v SessionType) graphql.Marshaler { return marshalEnum(v) }

// UnmarshalSessionType reads the name.
func UnmarshalSessionType(v any) (SessionType, error) { return unmarshalEnum[SessionType](v) }

// Session is a sign-in of a user.
type Session struct{ session.Session }

// IsNode makes Session a Node.
func (Session) IsNode() {}

// IsEntity makes Session an Entity.
func (Session) IsEntity() {}

// GlobalID is the field id.
func (s *Session) GlobalID() string { return GlobalID(TypeSession, s.ID) }

// EnumType is the field type.
func (s *Session) EnumType() SessionType { return SessionType(strings.ToUpper(s.Type)) }

// Amr is the field amr.
func (s *Session) Amr() []string {
	if s.AMR == nil {
		return []string{}
	}
	return s.AMR
}

// Acr is always null.
func (s *Session) Acr() *string { return nil }

// ApplicationName is null when the client sent none.
func (s *Session) ApplicationName() *string { return orNil(s.Session.ApplicationName()) }

// UserAgent is null when there was none.
func (s *Session) UserAgent() *string { return orNil(s.Session.UserAgent) }

// LastAccessedByIP is the address of the last use.
func (s *Session) LastAccessedByIP() string { return s.LastAccessedIP }

// LastAccessedByIPCountryCode is empty: where addresses are is not looked up.
func (s *Session) LastAccessedByIPCountryCode() string { return "" }

// LastAccessedByIPEnglishCountryName is empty.
func (s *Session) LastAccessedByIPEnglishCountryName() string { return "" }

// Authorization is a consent to a third party's client.
type Authorization struct{ session.Authorization }

// IsNode makes Authorization a Node.
func (Authorization) IsNode() {}

// IsEntity makes Authorization an Entity.
func (Authorization) IsEntity() {}

// GlobalID is the field id.
func (a *Authorization) GlobalID() string { return GlobalID(TypeAuthorization, a.ID) }

// AccountLockout says whether a user is locked out.
type AccountLockout struct {
	LockoutType string
	IsLocked    bool
	LockedUntil *time.Time
	LockedIPs   []*LockedIP
}

// LockedIP is an address from which a user is locked out.
type LockedIP struct {
	IPAddress   string
	LockedUntil time.Time
}
