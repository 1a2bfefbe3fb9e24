package project

import (
	"fmt"

	"github.com/goccy/go-yaml"
)

// Config is a project's configuration as it is in force: what the project wrote, with the
// defaults where it wrote nothing.
type Config struct {
	ID       string         `yaml:"id" json:"id"`
	Identity IdentityConfig `yaml:"identity" json:"identity"`
	Password PasswordConfig `yaml:"password" json:"password"`
	AdminAPI AdminAPIConfig `yaml:"admin_api" json:"admin_api"`
}

// IdentityConfig says by what users of the project are known.
type IdentityConfig struct {
	LoginIDKeys []LoginIDKey `yaml:"login_id_keys" json:"login_id_keys"`
}

// LoginIDKey is one kind of login id.
type LoginIDKey struct {
	Key string `yaml:"key" json:"key"`
	// Type is email, phone or username.
	Type string `yaml:"type" json:"type"`
	// MaxLength bounds the value, in characters.
	MaxLength int `yaml:"max_length" json:"max_length"`
}

// PasswordConfig is the policy for users' passwords.
type PasswordConfig struct {
	MinLength int `yaml:"min_length" json:"min_length"`
	// UppercaseRequired and the next three ask for at least one such character.
	UppercaseRequired bool `yaml:"uppercase_required" json:"uppercase_required"`
	LowercaseRequired bool `yaml:"lowercase_required" json:"lowercase_required"`
	DigitRequired     bool `yaml:"digit_required" json:"digit_required"`
	SymbolRequired    bool `yaml:"symbol_required" json:"symbol_required"`
	// HistorySize is how many former passwords may not be used again; 0 allows all.
	HistorySize int `yaml:"history_size" json:"history_size"`
}

// AdminAPIConfig limits the project's Admin API.
type AdminAPIConfig struct {
	// RequestsPerSecond and Burst limit each key.
	RequestsPerSecond float64 `yaml:"requests_per_second" json:"requests_per_second"`
	Burst             int     `yaml:"burst" json:"burst"`
}

func defaultConfig(id string) Config {
	return Config{
		ID: id,
		Identity: IdentityConfig{LoginIDKeys: []LoginIDKey{
			{Key: "email", Type: "email", MaxLength: 320},
			{Key: "phone", Type: "phone", MaxLength: 40},
			{Key: "username", Type: "username", MaxLength: 40},
		}},
		Password: PasswordConfig{MinLength: 8, HistorySize: 3},
		AdminAPI: AdminAPIConfig{RequestsPerSecond: 100, Burst: 200},
	}
}

// effective reads a project's YAML over the defaults.
func effective(id, text string) (Config, error) {
	c := defaultConfig(id)
	if err := yaml.Unmarshal([]byte(text), &c); err != nil {
		return Config{}, fmt.Errorf("project: configuration of %q: %w", id, err)
	}
	return c, nil
}
