package project

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/store"
)

// maxConfig bounds a project's configuration, in bytes.
const maxConfig = 256 << 10

// ConfigInfo lists what is wrong with a configuration.
type ConfigInfo struct {
	Problems []ConfigProblem `json:"problems"`
}

// ConfigProblem is one thing that is wrong. Path is a JSON Pointer (RFC 6901), Line counts
// from 1 and is 0 where that is not known.
type ConfigProblem struct {
	Path    string `json:"path"`
	Line    int    `json:"line,omitempty"`
	Message string `json:"message"`
}

func errConfig(problems ...ConfigProblem) error {
	if len(problems) == 0 {
		return nil
	}
	words := make([]string, len(problems))
	for i, p := range problems {
		words[i] = p.Message
		if p.Path != "" {
			words[i] = p.Path + ": " + words[i]
		}
		if p.Line > 0 {
			words[i] = fmt.Sprintf("line %d: %s", p.Line, words[i])
		}
	}
	return fault.New(fault.Invalid, "ConfigInvalid", "The configuration is invalid: %s", strings.Join(words, "; ")).
		On("config").With(ConfigInfo{problems})
}

// Configure replaces a project's configuration by YAML that is kept as it was written.
// version is that of the configuration that was changed; 0 does not ask.
//
// Errors: ConfigInvalid (with ConfigInfo), ConfigChanged (somebody else was faster), ProjectNotFound.
func (s *Service) Configure(ctx context.Context, by event.By, id, text string, version int64) (_ Project, err error) {
	defer fault.Wrap(&err, "project.Configure(%q)", id)
	config, err := parseConfig(id, text)
	if err != nil {
		return Project{}, store.Refuse[event.ProjectAppUpdated](ctx, s.db, by, event.InProject(id), err)
	}
	_, err = store.Record(ctx, s.db, by, event.InProject(id),
		func(ctx context.Context, tx *store.Tx) (fact event.ProjectAppUpdated, err error) {
			if _, err := store.Column[string](ctx, tx, `
				SELECT project_id FROM projects WHERE project_id = $1`+tx.ForUpdate(), id); err != nil {
				return fact, err
			}
			p, err := s.get(ctx, tx, id)
			if err != nil {
				return fact, err
			}
			if version != 0 && version != p.Version {
				return fact, fault.New(fault.Conflict, "ConfigChanged", "Somebody else has changed the configuration; look again and repeat.")
			}
			if fact, err = configChanged(p.Config, config); err != nil {
				return fact, err
			}
			_, err = tx.Exec(ctx, `
				UPDATE projects SET config = $2, version = version + 1 WHERE project_id = $1`, id, text)
			return fact, err
		})
	if err != nil {
		return Project{}, err
	}
	return s.Get(ctx, id)
}

func configChanged(before, after Config) (event.ProjectAppUpdated, error) {
	was, err := json.Marshal(before)
	if err != nil {
		return event.ProjectAppUpdated{}, fmt.Errorf("project: %w", err)
	}
	is, err := json.Marshal(after)
	if err != nil {
		return event.ProjectAppUpdated{}, fmt.Errorf("project: %w", err)
	}
	diff, changes, err := compare(was, is)
	return event.ProjectAppUpdated{
		ConfigOld: was, ConfigNew: is, ConfigDiff: diff, Changes: changes, UpdatedSecrets: []string{}, UpdatedResources: []string{},
	}, err
}

// parseConfig reads a configuration and reports everything that is wrong with it.
func parseConfig(id, text string) (Config, error) {
	if len(text) > maxConfig {
		return Config{}, errConfig(ConfigProblem{Message: fmt.Sprintf("it has more than %d bytes", maxConfig)})
	}
	if strings.ContainsRune(text, 0) {
		return Config{}, errConfig(ConfigProblem{Message: "it holds a NUL character"})
	}
	file, err := parser.ParseBytes([]byte(text), 0)
	if err != nil {
		return Config{}, errConfig(problemOf(err))
	}
	if len(file.Docs) > 1 {
		return Config{}, errConfig(ConfigProblem{Message: "it has more than one document"})
	}
	var references references
	for _, doc := range file.Docs {
		if doc.Body != nil {
			ast.Walk(&references, doc.Body)
		}
	}
	if references.line > 0 {
		return Config{}, errConfig(ConfigProblem{Line: references.line, Message: "anchors and aliases are not taken"})
	}
	c := defaultConfig(id)
	c.ID = ""
	if err := yaml.NewDecoder(bytes.NewReader([]byte(text)), yaml.Strict()).Decode(&c); err != nil {
		return Config{}, errConfig(problemOf(err))
	}
	problems := c.problems(id)
	for i := range problems {
		problems[i].Line = lineOf(file, problems[i].Path)
	}
	return c, errConfig(problems...)
}

// references finds the first anchor or alias.
type references struct{ line int }

// Visit implements ast.Visitor.
func (r *references) Visit(n ast.Node) ast.Visitor {
	switch n.(type) {
	case *ast.AnchorNode, *ast.AliasNode:
		if r.line == 0 {
			r.line = n.GetToken().Position.Line
		}
	}
	return r
}

// problemOf reads what the YAML library says.
func problemOf(err error) ConfigProblem {
	p := ConfigProblem{Message: "it is not YAML of this form"}
	if said, ok := errors.AsType[yaml.Error](err); ok {
		p.Message = said.GetMessage()
		if at := said.GetToken(); at != nil && at.Position != nil {
			p.Line = at.Position.Line
		}
	}
	return p
}

// lineOf finds the line of what a JSON Pointer points at, or 0.
func lineOf(file *ast.File, pointer string) int {
	path := "$"
	for _, step := range strings.Split(strings.TrimPrefix(pointer, "/"), "/") {
		if step == "" {
			continue
		}
		if strings.Trim(step, "0123456789") == "" {
			path += "[" + step + "]"
		} else {
			path += "." + step
		}
	}
	found, err := yaml.PathString(path)
	if err != nil {
		return 0
	}
	node, err := found.FilterFile(file)
	if err != nil || node == nil || node.GetToken() == nil {
		return 0
	}
	return node.GetToken().Position.Line
}

// problems is everything that a schema of types cannot say.
func (c Config) problems(id string) []ConfigProblem {
	var found []ConfigProblem
	wrong := func(ok bool, message, path string, args ...any) {
		if !ok {
			found = append(found, ConfigProblem{Path: fmt.Sprintf(path, args...), Message: message})
		}
	}
	oneOf := func(value string, of []string, path string, args ...any) {
		wrong(slices.Contains(of, value), "must be one of "+strings.Join(of, ", "), path, args...)
	}
	between := func(n, low, high int, path string) {
		wrong(n >= low && n <= high, fmt.Sprintf("must be between %d and %d", low, high), "%s", path)
	}
	wrong(c.ID == id, "must be the project's id, "+id, "/id")
	wrong(len(c.Identity.LoginIDKeys) > 0, "must not be empty", "/identity/login_id_keys")
	keys := map[string]bool{}
	for i, key := range c.Identity.LoginIDKeys {
		wrong(key.Key != "" && !keys[key.Key], "must be there, and once", "/identity/login_id_keys/%d/key", i)
		keys[key.Key] = true
		oneOf(key.Type, []string{"email", "phone", "username"}, "/identity/login_id_keys/%d/type", i)
	}
	for i, name := range c.Authentication.PrimaryAuthenticators {
		oneOf(name, []string{"password", "oob_otp_email", "oob_otp_sms"}, "/authentication/primary_authenticators/%d", i)
	}
	oneOf(c.Authentication.Lockout.Type, []string{"per_user", "per_user_per_ip"}, "/authentication/lockout/type")
	between(c.Authentication.Lockout.MaxAttempts, 0, 1000, "/authentication/lockout/max_attempts")
	between(c.Authentication.Lockout.DurationSeconds, 1, 31_536_000, "/authentication/lockout/duration_seconds")
	between(c.Authentication.CodeValidSeconds, 10, 86_400, "/authentication/code_valid_seconds")
	between(c.Authentication.CodeAttempts, 1, 100, "/authentication/code_attempts")
	between(c.Password.MinLength, 1, 200, "/password/min_length")
	between(c.Password.MinimumGuessableLevel, 0, 5, "/password/minimum_guessable_level")
	between(c.Password.HistorySize, 0, 50, "/password/history_size")
	between(c.Password.HistoryDays, 0, 3650, "/password/history_days")
	between(c.ForgotPassword.ValidSeconds, 60, 86_400, "/forgot_password/valid_seconds")
	between(c.ForgotPassword.PerHour, 1, 1000, "/forgot_password/per_hour")
	between(c.AccountDeletion.GracePeriodDays, 1, 180, "/account_deletion/grace_period_days")
	between(c.AccountAnonymization.GracePeriodDays, 1, 180, "/account_anonymization/grace_period_days")
	types := []string{"string", "number", "integer", "enum", "phone_number", "email", "url", "country_code"}
	for i, a := range c.UserProfile.CustomAttributes {
		oneStep := strings.HasPrefix(a.Pointer, "/") && len(a.Pointer) > 1 && !strings.Contains(a.Pointer[1:], "/")
		wrong(oneStep, "must be a JSON Pointer of one step", "/user_profile/custom_attributes/%d/pointer", i)
		oneOf(a.Type, types, "/user_profile/custom_attributes/%d/type", i)
		wrong(a.Type != "enum" || len(a.Enum) > 0, "an enum needs its values", "/user_profile/custom_attributes/%d/enum", i)
	}
	for i, a := range c.UserProfile.AccessControl {
		wrong(strings.HasPrefix(a.Pointer, "/"), "must be a JSON Pointer", "/user_profile/access_control/%d/pointer", i)
		oneOf(a.AdminAPI, []string{"readwrite", "readonly", "hidden"}, "/user_profile/access_control/%d/admin_api", i)
	}
	clients := map[string]bool{}
	for i, client := range c.OAuth.Clients {
		wrong(client.ClientID != "" && !clients[client.ClientID], "must be there, and once", "/oauth/clients/%d/client_id", i)
		clients[client.ClientID] = true
	}
	events := []string{"user.pre_create", "user.profile.pre_update", "user.pre_schedule_deletion", "user.pre_schedule_anonymization"}
	for i, hook := range c.Hook.BlockingHandlers {
		oneOf(hook.Event, events, "/hook/blocking_handlers/%d/event", i)
		u, err := url.Parse(hook.URL)
		ok := err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http")
		wrong(ok, "must begin with https:// or http://", "/hook/blocking_handlers/%d/url", i)
	}
	wrong(c.AdminAPI.RequestsPerSecond > 0 && c.AdminAPI.Burst > 0, "must be above zero", "/admin_api")
	return found
}
