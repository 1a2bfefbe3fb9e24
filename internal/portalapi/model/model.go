// Package model holds what the Portal API's generated code binds: a project as the graph
// shows it.
package model

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/settings"
)

// App is a project.
type App struct{ Project project.Project }

// IsNode makes it a node.
func (App) IsNode() {}

// AppID writes the global id of a project: base64url (RFC 4648, section 5), unpadded, of
// "App:" and its id.
func AppID(id string) string { return base64.RawURLEncoding.EncodeToString([]byte("App:" + id)) }

// ParseAppID is the inverse of AppID.
func ParseAppID(global string) (string, bool) {
	text, err := base64.RawURLEncoding.Strict().DecodeString(global)
	id, ok := strings.CutPrefix(string(text), "App:")
	return id, err == nil && ok && len(global) <= 128 && AppID(id) == global && project.CheckID(id) == nil
}

// ID is the project's global id.
func (a App) ID() string { return AppID(a.Project.ID) }

// Name is what people call it.
func (a App) Name() string { return a.Project.Title() }

// PlanName is the plan that applies.
func (a App) PlanName() string { return a.Project.Plan.Name }

// RawAppConfig is what the project says, as JSON.
func (a App) RawAppConfig() (json.RawMessage, error) {
	var said any
	if err := yaml.Unmarshal([]byte(a.Project.ConfigYML), &said); err != nil {
		return nil, fmt.Errorf("portalapi: configuration of %q: %w", a.Project.ID, err)
	}
	return json.Marshal(said)
}

// EffectiveAppConfig is what is in force.
func (a App) EffectiveAppConfig() (json.RawMessage, error) { return json.Marshal(a.Project.Config) }

// RawAppConfigChecksum is the checksum of the configuration as it is written.
func (a App) RawAppConfigChecksum() string { return settings.Checksum(a.Project.ConfigYML) }
