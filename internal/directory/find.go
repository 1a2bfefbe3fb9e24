package directory

import (
	"context"
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
// be canonical; a key that the project does not have and a value that is none find nobody.
func (s *Service) ByLoginID(ctx context.Context, p project.Project, key, value string) (_ User, _ bool, err error) {
	defer fault.Wrap(&err, "directory.ByLoginID(%q, %q)", p.ID, key)
	i, err := normalise(p.Config.Identity, LoginID{key, value})
	if err != nil {
		return User{}, false, nil // nobody can have it
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
// the provider in the project's configuration, subject is the account's id there.
func (s *Service) ByOAuth(ctx context.Context, p project.Project, alias, subject string) (_ User, _ bool, err error) {
	defer fault.Wrap(&err, "directory.ByOAuth(%q, %q)", p.ID, alias)
	if checkText("", alias+subject, maxSearch) != nil {
		return User{}, false, nil // nobody can have it
	}
	return store.One(ctx, s.db, (*User).fields, `
		SELECT `+userColumns+`, `+derived+`
		FROM users
		WHERE project_id = $1 AND id = (
			SELECT user_id
			FROM identities
			WHERE project_id = $1 AND type = 'oauth' AND unique_key = $2)`, p.ID, alias+":"+subject)
}

// ByStandardAttribute returns the users with an e-mail address, phone number or username
// among their identities, oldest first; name is email, phone_number or preferred_username.
//
// Errors: Invalid (another name).
func (s *Service) ByStandardAttribute(ctx context.Context, p project.Project, name, value string) (_ []User, err error) {
	defer fault.Wrap(&err, "directory.ByStandardAttribute(%q, %q)", p.ID, name)
	loginIDType := ""
	for t, attribute := range attributeOf {
		if attribute == name {
			loginIDType = t
		}
	}
	if loginIDType == "" {
		return nil, fault.New(fault.Invalid, "Invalid", "Users are found by email, phone_number or preferred_username.").On("attributeName")
	}
	canonical := ""
	for _, kind := range p.Config.Identity.LoginIDKeys {
		if kind.Type != loginIDType || canonical != "" {
			continue
		}
		if i, err := normalise(p.Config.Identity, LoginID{kind.Key, value}); err == nil {
			canonical = i.Value
		}
	}
	if canonical == "" {
		return []User{}, nil // nobody can have it
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
