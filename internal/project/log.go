package project

import (
	"context"

	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/store"
)

// ByLog returns the id of the project whose log's id ends in these 32 hexadecimal digits, and
// whether there is one. The host before them is that of the public URL at the time when the
// project was made, so it is not looked at.
func (s *Service) ByLog(ctx context.Context, digits string) (_ string, _ bool, err error) {
	defer fault.Wrap(&err, "project.ByLog(%q)", digits)
	return store.One(ctx, s.db, func(id *string) []any { return []any{id} }, `
		SELECT project_id
		FROM projects
		WHERE substr(log_id, length(log_id) - 31) = $1`, digits)
}
