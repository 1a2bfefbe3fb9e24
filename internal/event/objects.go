package event

import (
	"encoding/json"
	"time"
)

// The objects inside payloads. Their keys are those that programs of this contract read;
// they differ from the shapes of the GraphQL types. Times are RFC 3339 in UTC.

// UserObject is a snapshot of an end user.
type UserObject struct {
	ID                      ID              `json:"id" class:"public"`
	CreatedAt               time.Time       `json:"created_at" class:"public"`
	UpdatedAt               time.Time       `json:"updated_at" class:"public"`
	LastLoginAt             *time.Time      `json:"last_login_at,omitempty" class:"public"`
	IsAnonymous             bool            `json:"is_anonymous" class:"public"`
	IsVerified              bool            `json:"is_verified" class:"public"`
	IsDisabled              bool            `json:"is_disabled" class:"public"`
	DisableReason           *string         `json:"disable_reason,omitempty" class:"personal"`
	IsDeactivated           bool            `json:"is_deactivated" class:"public"`
	DeleteAt                *time.Time      `json:"delete_at,omitempty" class:"public"`
	DeleteReason            *string         `json:"delete_reason,omitempty" class:"personal"`
	IsAnonymized            bool            `json:"is_anonymized" class:"public"`
	AnonymizeAt             *time.Time      `json:"anonymize_at,omitempty" class:"public"`
	TemporarilyDisabledFrom *time.Time      `json:"temporarily_disabled_from,omitempty" class:"public"`
	TemporarilyDisabledTill *time.Time      `json:"temporarily_disabled_until,omitempty" class:"public"`
	AccountValidFrom        *time.Time      `json:"account_valid_from,omitempty" class:"public"`
	AccountValidUntil       *time.Time      `json:"account_valid_until,omitempty" class:"public"`
	CanReauthenticate       bool            `json:"can_reauthenticate" class:"public"`
	StandardAttributes      json.RawMessage `json:"standard_attributes" class:"personal"`
	CustomAttributes        json.RawMessage `json:"custom_attributes" class:"personal"`
	Web3                    json.RawMessage `json:"x_web3" class:"personal"`
	Roles                   []string        `json:"roles" class:"public"`
	Groups                  []string        `json:"groups" class:"public"`
	MFAGracePeriodEndAt     *time.Time      `json:"mfa_grace_period_end_at,omitempty" class:"public"`
}

// IdentityObject is a snapshot of an identity; type is login_id, oauth, anonymous, biometric, passkey …
type IdentityObject struct {
	ID        ID              `json:"id" class:"public"`
	CreatedAt time.Time       `json:"created_at" class:"public"`
	UpdatedAt time.Time       `json:"updated_at" class:"public"`
	Type      string          `json:"type" class:"public"`
	UserID    ID              `json:"user_id" class:"public"`
	Claims    json.RawMessage `json:"claims" class:"personal"`
}

// AuthenticatorObject is a snapshot of an authenticator; type is password, totp,
// oob_otp_email, oob_otp_sms or passkey, kind is primary or secondary.
type AuthenticatorObject struct {
	ID        ID        `json:"id" class:"public"`
	CreatedAt time.Time `json:"created_at" class:"public"`
	UpdatedAt time.Time `json:"updated_at" class:"public"`
	UserID    ID        `json:"user_id" class:"public"`
	Type      string    `json:"type" class:"public"`
	IsDefault bool      `json:"is_default" class:"public"`
	Kind      string    `json:"kind" class:"public"`
}

// SessionObject is a snapshot of an end user's session; type is idp or offline_grant. Its
// keys are in camel case, unlike those of the other objects.
type SessionObject struct {
	ID                    ID        `json:"id" class:"public"`
	CreatedAt             time.Time `json:"created_at" class:"public"`
	UpdatedAt             time.Time `json:"updated_at" class:"public"`
	Type                  string    `json:"type" class:"public"`
	AMR                   []string  `json:"amr,omitempty" class:"public"`
	LastAccessedAt        time.Time `json:"lastAccessedAt" class:"public"`
	CreatedByIP           string    `json:"createdByIP" class:"personal"`
	LastAccessedByIP      string    `json:"lastAccessedByIP" class:"personal"`
	LastAccessedByCountry string    `json:"lastAccessedByIPCountryCode" class:"personal"`
	LastAccessedByName    string    `json:"lastAccessedByIPEnglishCountryName" class:"personal"`
	ClientID              *string   `json:"clientID" class:"public"`
	DisplayName           string    `json:"displayName" class:"personal"`
	ApplicationName       string    `json:"applicationName,omitempty" class:"personal"`
	UserAgent             string    `json:"userAgent,omitempty" class:"personal"`
}

// AuthorizationObject is a snapshot of an end user's consent to a third-party client.
type AuthorizationObject struct {
	ID        ID        `json:"id" class:"public"`
	CreatedAt time.Time `json:"created_at" class:"public"`
	UpdatedAt time.Time `json:"updated_at" class:"public"`
	ClientID  string    `json:"clientID" class:"public"`
	Scopes    []string  `json:"scopes" class:"public"`
}

// LockoutObject says whether a user is locked out after failed proofs; its keys are in camel
// case, unlike those of most objects.
type LockoutObject struct {
	// Type is per_user or per_user_per_ip.
	Type        string           `json:"lockoutType" class:"public"`
	IsLocked    bool             `json:"isLocked" class:"public"`
	LockedUntil *time.Time       `json:"lockedUntil,omitempty" class:"public"`
	LockedIPs   []LockedIPObject `json:"lockedIPs" class:"personal"`
}

// LockedIPObject is an address from which a user is locked out.
type LockedIPObject struct {
	IPAddress   string    `json:"ipAddress"`
	LockedUntil time.Time `json:"lockedUntil"`
}

// AccountObject is a snapshot of a Portal account. The e-mail address is an administrator's
// name on the record and stays.
type AccountObject struct {
	ID    ID     `json:"id" class:"public"`
	Email string `json:"email" class:"public"`
}

// TreeObject is a tree of the log at one size. Root is its hash, 32 bytes in base64 (RFC
// 4648, section 4), as a checkpoint has it.
type TreeObject struct {
	Size int64  `json:"size" class:"public"`
	Root string `json:"root" class:"public"`
}

// KnownTreeObject is a tree of the log that is known from a checkpoint outside of the database.
// Origin is that checkpoint's, when it is of a later epoch than the database knows of.
type KnownTreeObject struct {
	Origin string `json:"origin,omitempty" class:"public"`
	Size   int64  `json:"size" class:"public"`
	Root   string `json:"root" class:"public"`
}
