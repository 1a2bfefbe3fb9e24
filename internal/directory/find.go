package directory

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/store"
)

// Get returns a user, or UserNotFound.
func (s *Service) Get(ctx context.Context, project string, id event.ID) (_ User, err error) {
	defer fault.Wrap(&err, "directory.Get(%q, %s)", project, id)
	return get(ctx, s.db, project, id)
}

// GetMany returns those of the users that there are, in one statement.
func (s *Service) GetMany(ctx context.Context, project string, ids []event.ID) (_ map[event.ID]User, err error) {
	defer fault.Wrap(&err, "directory.GetMany(%q)", project)
	found := map[event.ID]User{}
	if len(ids) == 0 {
		return found, nil
	}
	list, args := store.InList(ids, project)
	users, err := store.Collect(ctx, s.db, (*User).fields, `
		SELECT `+userColumns+`, `+derived+`
		FROM users
		WHERE project_id = $1 AND id IN (`+list+`)`, args...)
	for _, u := range users {
		found[u.ID] = u
	}
	return found, err
}

// ByLoginID returns the user with a login id, and whether there is one. The value need not
// be canonical.
//
// Errors: GetUsersInvalidArgument (the project does not have the key, or no such value).
func (s *Service) ByLoginID(ctx context.Context, p project.Project, key, value string) (_ User, _ bool, err error) {
	defer fault.Wrap(&err, "directory.ByLoginID(%q, %q)", p.ID, key)
	i, err := identify(p.Config.Identity, LoginID{key, value})
	if err != nil {
		return User{}, false, errArgument(err, "loginIDValue", "%q is no value of the login id key %q.", shortened(value), shortened(key))
	}
	return store.One(ctx, s.db, (*User).fields, `
		SELECT `+userColumns+`, `+derived+`
		FROM users
		WHERE project_id = $1 AND id = (
			SELECT user_id
			FROM identities
			WHERE project_id = $1 AND type = $2 AND unique_key = $3 AND login_id_key = $4)`,
		p.ID, i.Type, i.UniqueKey, i.LoginIDKey)
}

// ByOAuth returns the user with an account elsewhere, and whether there is one: alias names
// the provider, subject is the account's id there.
//
// Errors: GetUsersInvalidArgument (no such provider).
func (s *Service) ByOAuth(ctx context.Context, p project.Project, alias, subject string) (_ User, _ bool, err error) {
	defer fault.Wrap(&err, "directory.ByOAuth(%q, %q)", p.ID, alias)
	if checkText("", alias+subject, maxSearch) != nil || subject == "" {
		return User{}, false, errArgument(nil, "oauthProviderUserID", "The alias and the user id must be text of at most %d characters.", maxSearch)
	}
	if known, err := s.knowsProvider(ctx, p.ID, alias); err != nil {
		return User{}, false, err
	} else if !known {
		return User{}, false, errArgument(nil, "oauthProviderAlias", "There is no OAuth provider with the alias %q.", shortened(alias))
	}
	return store.One(ctx, s.db, (*User).fields, `
		SELECT `+userColumns+`, `+derived+`
		FROM users
		WHERE project_id = $1 AND id = (
			SELECT user_id
			FROM identities
			WHERE project_id = $1 AND type = 'oauth' AND unique_key = $2)`, p.ID, alias+":"+subject)
}

// providers are the OAuth providers that the contract names.
var providers = []string{"adfs", "apple", "azureadb2c", "azureadv2", "facebook", "github", "google", "linkedin", "wechat"}

// knowsProvider reports whether an alias is that of a provider, or of one that some user has an
// account with.
func (s *Service) knowsProvider(ctx context.Context, projectID, alias string) (bool, error) {
	if slices.Contains(providers, alias) {
		return true, nil
	}
	found, err := store.Column[string](ctx, s.db, `
		SELECT unique_key
		FROM identities
		WHERE project_id = $1 AND type = 'oauth' AND unique_key >= $2 AND unique_key < $3
		LIMIT 1`, projectID, alias+":", alias+";")
	return len(found) > 0, err
}

// errArgument is a question that no user can be the answer to, because of its words: a program that
// asks it is configured wrongly, and must not conclude that there is no such user.
func errArgument(cause error, field, format string, args ...any) error {
	return fault.New(fault.Invalid, "GetUsersInvalidArgument", format, args...).On(field).Because(cause)
}

// shortened is what somebody sent, fit to be cited.
func shortened(text string) string {
	if r := []rune(text); len(r) > 64 {
		return string(r[:64]) + "…"
	}
	return text
}

// ByStandardAttribute returns the users with an e-mail address, phone number or username
// among their identities, oldest first; name is email, phone_number or preferred_username.
//
// Errors: GetUsersInvalidArgument (another name, no such value).
func (s *Service) ByStandardAttribute(ctx context.Context, p project.Project, name, value string) (_ []User, err error) {
	defer fault.Wrap(&err, "directory.ByStandardAttribute(%q, %q)", p.ID, name)
	loginIDType := ""
	for t, attribute := range attributeOf {
		if attribute == name {
			loginIDType = t
		}
	}
	if loginIDType == "" {
		return nil, errArgument(nil, "attributeName", "Users are found by email, phone_number or preferred_username, not by %q.", shortened(name))
	}
	canonical := ""
	for _, kind := range p.Config.Identity.LoginIDKeys {
		if kind.Type != loginIDType || canonical != "" {
			continue
		}
		if i, err := identify(p.Config.Identity, LoginID{kind.Key, value}); err == nil {
			canonical = i.Value
		}
	}
	if canonical == "" {
		return nil, errArgument(nil, "attributeValue", "%q is no value of %s that a user of this project can have.", shortened(value), name)
	}
	return store.Collect(ctx, s.db, (*User).fields, `
		SELECT `+userColumns+`, `+derived+`
		FROM users
		WHERE project_id = $1 AND id IN (
			SELECT user_id
			FROM identities
			WHERE project_id = $1 AND login_id_type = $2 AND value = $3)
		ORDER BY created_at, id
		LIMIT 100`, p.ID, loginIDType, canonical)
}

// SortBy is what a list of users is sorted by.
type SortBy uint8

// The orders.
const (
	ByCreatedAt SortBy = iota
	// ByLastLoginAt takes those who never signed in for the ones who did so first of all.
	ByLastLoginAt
)

// ListInput says which users are listed, and in which order.
type ListInput struct {
	// Search is looked for in ids, login ids and names, without regard to case; "" finds all.
	Search        string
	SortBy        SortBy
	Descending    bool
	Offset, Limit int // Limit at most 1000
}

// listDeadline bounds how long a list or a count of users is looked for.
const listDeadline = 20 * time.Second

// maxSearch bounds what is searched for, in characters.
const maxSearch = 500

// matching is the condition that finds users, and its arguments.
func matching(project, search string) (string, []any, error) {
	search = strings.ToLower(strings.TrimSpace(search))
	if err := refusal(checkText("/searchKeyword", search, maxSearch)); err != nil {
		return "", nil, err
	}
	if search == "" {
		return `project_id = $1`, []any{project}, nil
	}
	pattern := "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(search) + "%"
	return `project_id = $1 AND search LIKE $2 ESCAPE '\'`, []any{project, pattern}, nil
}

// List returns users in a total order.
//
// Errors: ValidationFailed (Search is no text or too long; Offset or Limit below zero).
func (s *Service) List(ctx context.Context, project string, in ListInput) (_ []User, err error) {
	defer fault.Wrap(&err, "directory.List(%q)", project)
	ctx, cancel := context.WithTimeout(ctx, listDeadline)
	defer cancel()
	where, args, err := matching(project, in.Search)
	if err != nil {
		return nil, err
	}
	if in.Offset < 0 || in.Limit < 0 {
		return nil, errInvalid(general("/first", "below zero"))
	}
	column, direction := `created_at`, ` ASC`
	if in.SortBy == ByLastLoginAt {
		column = `COALESCE(last_login_at, -9223372036854775807)`
	}
	if in.Descending {
		direction = ` DESC`
	}
	users, err := store.Collect(ctx, s.db, (*User).fields, `
		SELECT `+userColumns+`, `+derived+`
		FROM users
		WHERE `+where+`
		ORDER BY `+column+direction+`, id`+direction+`
		`+limitOffset(len(args)), append(args, min(in.Limit, 1000), in.Offset)...)
	return users, err
}

// Count returns how many users a search finds.
func (s *Service) Count(ctx context.Context, project, search string) (_ int64, err error) {
	defer fault.Wrap(&err, "directory.Count(%q)", project)
	ctx, cancel := context.WithTimeout(ctx, listDeadline)
	defer cancel()
	where, args, err := matching(project, search)
	if err != nil {
		return 0, err
	}
	n, _, err := store.One(ctx, s.db, func(n *int64) []any { return []any{n} }, `SELECT count(*) FROM users WHERE `+where, args...)
	return n, err
}

func limitOffset(args int) string {
	if args == 1 {
		return `LIMIT $2 OFFSET $3`
	}
	return `LIMIT $3 OFFSET $4`
}
