// Package settings is what a project's configuration can say: its keys with their defaults,
// the schema they have to fit, how a YAML text is read, told apart from another, and changed
// in place without losing its comments.
//
// Invariant: nothing here stores anything; what Parse has accepted, Read can read. How
// configurations are kept says package project. Start reading at Config, then Parse.
package settings

import (
	"fmt"

	"github.com/goccy/go-yaml"
)

// Config is a project's configuration as it is in force: what the project wrote, with the
// defaults where it wrote nothing. Times are in seconds or days, as their names say.
type Config struct {
	ID                   string               `yaml:"id" json:"id"`
	Identity             IdentityConfig       `yaml:"identity" json:"identity"`
	Authentication       AuthenticationConfig `yaml:"authentication" json:"authentication"`
	Password             PasswordConfig       `yaml:"password" json:"password"`
	Session              SessionConfig        `yaml:"session" json:"session"`
	ForgotPassword       ForgotPasswordConfig `yaml:"forgot_password" json:"forgot_password"`
	UserProfile          UserProfileConfig    `yaml:"user_profile" json:"user_profile"`
	AccountDeletion      GraceConfig          `yaml:"account_deletion" json:"account_deletion"`
	AccountAnonymization GraceConfig          `yaml:"account_anonymization" json:"account_anonymization"`
	OAuth                OAuthConfig          `yaml:"oauth" json:"oauth"`
	Hook                 HookConfig           `yaml:"hook" json:"hook"`
	AdminAPI             AdminAPIConfig       `yaml:"admin_api" json:"admin_api"`
}

// IdentityConfig says by what users of the project are known.
type IdentityConfig struct {
	LoginIDKeys []LoginIDKey `yaml:"login_id_keys" json:"login_id_keys"`
	// BlockedEmailDomains and BlockedUsernames cannot be had, in lower case; BlockFreeEmail
	// also refuses the domains that hand out addresses to everybody.
	BlockedEmailDomains []string `yaml:"blocked_email_domains" json:"blocked_email_domains"`
	BlockFreeEmail      bool     `yaml:"block_free_email" json:"block_free_email"`
	BlockedUsernames    []string `yaml:"blocked_usernames" json:"blocked_usernames"`
}

// LoginIDKey is one kind of login id.
type LoginIDKey struct {
	Key string `yaml:"key" json:"key"`
	// Type is email, phone or username.
	Type string `yaml:"type" json:"type"`
	// MaxLength bounds the value, in characters.
	MaxLength int `yaml:"max_length" json:"max_length"`
}

// AuthenticationConfig says how users prove who they are.
type AuthenticationConfig struct {
	// PrimaryAuthenticators are of password, oob_otp_email and oob_otp_sms.
	PrimaryAuthenticators []string      `yaml:"primary_authenticators" json:"primary_authenticators"`
	Lockout               LockoutConfig `yaml:"lockout" json:"lockout"`
	// CodeValidSeconds and CodeAttempts bound a one-time code.
	CodeValidSeconds int `yaml:"code_valid_seconds" json:"code_valid_seconds"`
	CodeAttempts     int `yaml:"code_attempts" json:"code_attempts"`
	// TestCode, in a project for tests, is every code for an address in TestTargets.
	TestCode    string   `yaml:"test_code" json:"test_code"`
	TestTargets []string `yaml:"test_targets" json:"test_targets"`
}

// LockoutConfig says after how many failed proofs in a row a user is locked out.
type LockoutConfig struct {
	// MaxAttempts of 0 never locks out.
	MaxAttempts int `yaml:"max_attempts" json:"max_attempts"`
	// Type is per_user or per_user_per_ip.
	Type            string `yaml:"type" json:"type"`
	DurationSeconds int    `yaml:"duration_seconds" json:"duration_seconds"`
}

// PasswordConfig is the policy for users' passwords.
type PasswordConfig struct {
	MinLength int `yaml:"min_length" json:"min_length"`
	// UppercaseRequired and the next four ask for at least one such character.
	UppercaseRequired bool `yaml:"uppercase_required" json:"uppercase_required"`
	LowercaseRequired bool `yaml:"lowercase_required" json:"lowercase_required"`
	AlphabetRequired  bool `yaml:"alphabet_required" json:"alphabet_required"`
	DigitRequired     bool `yaml:"digit_required" json:"digit_required"`
	SymbolRequired    bool `yaml:"symbol_required" json:"symbol_required"`
	// ExcludedKeywords may not be part of a password, in whatever case.
	ExcludedKeywords []string `yaml:"excluded_keywords" json:"excluded_keywords"`
	// MinimumGuessableLevel is from 1 (too guessable) to 5 (very unguessable); 0 asks nothing.
	MinimumGuessableLevel int `yaml:"minimum_guessable_level" json:"minimum_guessable_level"`
	// HistorySize is how many former passwords may not be used again, HistoryDays for how long
	// none may; 0 and 0 allow all.
	HistorySize int `yaml:"history_size" json:"history_size"`
	HistoryDays int `yaml:"history_days" json:"history_days"`
}

// SessionConfig says how long a user stays signed in with a browser. What applications get
// lives as long as their client says.
type SessionConfig struct {
	LifetimeSeconds    int `yaml:"lifetime_seconds" json:"lifetime_seconds"`
	IdleTimeoutSeconds int `yaml:"idle_timeout_seconds" json:"idle_timeout_seconds"`
}

// ForgotPasswordConfig is about messages with which users set a new password.
type ForgotPasswordConfig struct {
	Enabled      bool `yaml:"enabled" json:"enabled"`
	ValidSeconds int  `yaml:"valid_seconds" json:"valid_seconds"`
	// PerHour is how many such messages one user gets at most.
	PerHour int `yaml:"per_hour" json:"per_hour"`
}

// UserProfileConfig is about users' attributes.
type UserProfileConfig struct {
	CustomAttributes []CustomAttribute `yaml:"custom_attributes" json:"custom_attributes"`
	// AccessControl are attributes that the Admin API may not change, by JSON Pointer.
	AccessControl []AttributeAccess `yaml:"access_control" json:"access_control"`
}

// CustomAttribute is an attribute that the project defines.
type CustomAttribute struct {
	// Pointer is a JSON Pointer of one step: "/hobby".
	Pointer string `yaml:"pointer" json:"pointer"`
	// Type is string, number, integer, enum, phone_number, email, url or country_code.
	Type    string   `yaml:"type" json:"type"`
	Minimum *float64 `yaml:"minimum" json:"minimum,omitempty"`
	Maximum *float64 `yaml:"maximum" json:"maximum,omitempty"`
	Enum    []string `yaml:"enum" json:"enum,omitempty"`
}

// AttributeAccess is what the Admin API may do with an attribute: readwrite, readonly or hidden.
type AttributeAccess struct {
	Pointer  string `yaml:"pointer" json:"pointer"`
	AdminAPI string `yaml:"admin_api" json:"admin_api"`
}

// GraceConfig is how long what was scheduled waits.
type GraceConfig struct {
	// GracePeriodDays is from 1 to 180.
	GracePeriodDays int `yaml:"grace_period_days" json:"grace_period_days"`
}

// OAuthConfig lists the applications of the project.
type OAuthConfig struct {
	Clients []Client `yaml:"clients" json:"clients"`
}

// Client is an application with which users sign in (RFC 6749, section 2).
type Client struct {
	ClientID string `yaml:"client_id" json:"client_id"`
	Name     string `yaml:"name" json:"name"`
	// ThirdParty is a client of somebody else's, which needs the user's consent.
	ThirdParty                      bool `yaml:"third_party" json:"third_party"`
	AccessTokenLifetimeSeconds      int  `yaml:"access_token_lifetime_seconds" json:"access_token_lifetime_seconds"`
	RefreshTokenLifetimeSeconds     int  `yaml:"refresh_token_lifetime_seconds" json:"refresh_token_lifetime_seconds"`
	RefreshTokenIdleLifetimeSeconds int  `yaml:"refresh_token_idle_timeout_seconds" json:"refresh_token_idle_timeout_seconds"`
}

// The lifetimes of a client that sets none.
const (
	accessTokenLifetime  = 1800
	refreshTokenLifetime = 52 * 7 * 86400
	refreshTokenIdle     = 30 * 86400
)

// Client returns the client of an id, with its lifetimes.
func (c Config) Client(id string) (Client, bool) {
	for _, client := range c.OAuth.Clients {
		if client.ClientID != id || id == "" {
			continue
		}
		for lifetime, otherwise := range map[*int]int{
			&client.AccessTokenLifetimeSeconds: accessTokenLifetime, &client.RefreshTokenLifetimeSeconds: refreshTokenLifetime,
			&client.RefreshTokenIdleLifetimeSeconds: refreshTokenIdle,
		} {
			if *lifetime <= 0 {
				*lifetime = otherwise
			}
		}
		return client, true
	}
	return Client{}, false
}

// HookConfig lists the web hooks that are asked before something happens.
type HookConfig struct {
	BlockingHandlers []BlockingHandler `yaml:"blocking_handlers" json:"blocking_handlers"`
}

// BlockingHandler is a web hook that may refuse.
type BlockingHandler struct {
	// Event is user.pre_create, user.profile.pre_update, user.pre_schedule_deletion or
	// user.pre_schedule_anonymization.
	Event string `yaml:"event" json:"event"`
	URL   string `yaml:"url" json:"url"`
}

// AdminAPIConfig limits the project's Admin API.
type AdminAPIConfig struct {
	// CreateSessionEnabled allows createSession.
	CreateSessionEnabled bool `yaml:"create_session_enabled" json:"create_session_enabled"`
	// RequestsPerSecond and Burst limit each key.
	RequestsPerSecond float64 `yaml:"requests_per_second" json:"requests_per_second"`
	Burst             int     `yaml:"burst" json:"burst"`
}

// Default returns the configuration of a project that says nothing.
func Default(id string) Config {
	return Config{
		ID: id,
		Identity: IdentityConfig{LoginIDKeys: []LoginIDKey{
			{Key: "email", Type: "email", MaxLength: 320},
			{Key: "phone", Type: "phone", MaxLength: 40},
			{Key: "username", Type: "username", MaxLength: 40},
		}},
		Authentication: AuthenticationConfig{
			PrimaryAuthenticators: []string{"password"},
			Lockout:               LockoutConfig{MaxAttempts: 10, Type: "per_user", DurationSeconds: 900},
			CodeValidSeconds:      300, CodeAttempts: 5,
		},
		Password:             PasswordConfig{MinLength: 8, HistorySize: 3},
		Session:              SessionConfig{LifetimeSeconds: 52 * 7 * 86400, IdleTimeoutSeconds: 30 * 86400},
		ForgotPassword:       ForgotPasswordConfig{Enabled: true, ValidSeconds: 1200, PerHour: 5},
		AccountDeletion:      GraceConfig{GracePeriodDays: 30},
		AccountAnonymization: GraceConfig{GracePeriodDays: 30},
		AdminAPI:             AdminAPIConfig{RequestsPerSecond: 100, Burst: 200},
	}
}

// Read reads the YAML of a configuration that was accepted once, over the defaults.
func Read(id, text string) (Config, error) {
	c := Default(id)
	if err := yaml.Unmarshal([]byte(text), &c); err != nil {
		return Config{}, fmt.Errorf("settings: configuration of %q: %w", id, err)
	}
	for _, grace := range []*GraceConfig{&c.AccountDeletion, &c.AccountAnonymization} {
		grace.GracePeriodDays = min(max(grace.GracePeriodDays, 1), 180)
	}
	return c, nil
}
