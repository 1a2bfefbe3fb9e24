package project

import (
	"context"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/store"
)

// SetEditorsMayExport says whether editors of a project may take its log away, as owners always
// may. That whoever says so is an owner is looked at before (access.Export). It records
// project.export_access.updated.
//
// Errors: ProjectNotFound.
func (s *Service) SetEditorsMayExport(ctx context.Context, by event.By, project string, may bool) (err error) {
	defer fault.Wrap(&err, "project.SetEditorsMayExport(%q, %t)", project, may)
	_, err = store.Record(ctx, s.db, by, event.InProject(project),
		func(ctx context.Context, tx *store.Tx) (event.ProjectExportAccessUpdated, error) {
			fact := event.ProjectExportAccessUpdated{EditorsMayExport: may}
			if err := lockProject(ctx, tx, project); err != nil {
				return fact, err
			}
			_, err := tx.Exec(ctx, `UPDATE projects SET editors_may_export = $2 WHERE project_id = $1`, project, may)
			return fact, err
		})
	return err
}
