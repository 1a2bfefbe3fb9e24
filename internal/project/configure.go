package project

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/settings"
	"github.com/sealog/sealog/internal/store"
)

// Update is a change of a project's configuration, of its secrets, or of both at once.
type Update struct {
	// Text is the new configuration as YAML, which is kept as it is written; nil leaves it.
	Text *string
	// Version and Checksum are those of the configuration that was changed; 0 and "" don't ask.
	Version  int64
	Checksum string
	Secrets  []SecretChange
}

// Configure replaces a project's configuration by YAML that is kept as it was written.
// version is that of the configuration that was changed; 0 does not ask.
//
// Errors: as Update.
func (s *Service) Configure(ctx context.Context, by event.By, id, text string, version int64) (_ Project, err error) {
	defer fault.Wrap(&err, "project.Configure(%q)", id)
	if err := s.Update(ctx, by, id, Update{Text: &text, Version: version}); err != nil {
		return Project{}, err
	}
	return s.Get(ctx, id)
}

// Update makes a change, all of it or nothing. It records project.app.updated.
//
// Errors: ConfigInvalid (with settings.Problems), ConfigChanged (somebody else was faster),
// ProjectNotFound, NothingToUpdate, and those of the changes of secrets.
func (s *Service) Update(ctx context.Context, by event.By, id string, u Update) (err error) {
	defer fault.Wrap(&err, "project.Update(%q)", id)
	about := event.InProject(id)
	if len(u.Secrets) == 1 && u.Text == nil {
		about = u.Secrets[0].about(id)
	}
	refused := func(err error) error {
		return store.Refuse[event.ProjectAppUpdated](ctx, s.db, by, about, err)
	}
	if u.Text == nil && len(u.Secrets) == 0 {
		return refused(fault.New(fault.Invalid, "NothingToUpdate", "Nothing was asked to be changed."))
	}
	var config settings.Config
	if u.Text != nil {
		if config, err = settings.Parse(id, *u.Text); err != nil {
			return refused(err)
		}
	}
	_, err = store.Record(ctx, s.db, by, about,
		func(ctx context.Context, tx *store.Tx) (event.ProjectAppUpdated, error) {
			fact := event.ProjectAppUpdated{UpdatedSecrets: []string{}, UpdatedResources: []string{}, Changes: []event.Change{}}
			if err := lockProject(ctx, tx, id); err != nil {
				return fact, err
			}
			if u.Text != nil {
				if err := s.writeConfig(ctx, tx, id, u, config, &fact); err != nil {
					return fact, err
				}
			}
			for _, change := range u.Secrets {
				if err := change.write(ctx, tx); err != nil {
					return fact, err
				}
				fact.SecretChanges = append(fact.SecretChanges, change.fact)
				fact.UpdatedSecrets = append(fact.UpdatedSecrets, change.fact.Secret)
			}
			return fact, nil
		})
	return err
}

// writeConfig replaces the configuration of a project that is locked, and notes what changed.
func (s *Service) writeConfig(ctx context.Context, tx *store.Tx, id string, u Update, config settings.Config, fact *event.ProjectAppUpdated) error {
	p, err := s.get(ctx, tx, id)
	if err != nil {
		return err
	}
	if u.Version != 0 && u.Version != p.Version || u.Checksum != "" && u.Checksum != settings.Checksum(p.ConfigYML) {
		return fault.New(fault.Conflict, "ConfigChanged", "Somebody else has changed the configuration; look again and repeat.")
	}
	if fact.ConfigOld, fact.ConfigNew, fact.ConfigDiff, fact.Changes, err = difference(p.Config, config); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `
		UPDATE projects SET config = $2, version = $3 WHERE project_id = $1`, id, *u.Text, p.Version+1); err != nil {
		return err
	}
	if err := insertVersion(ctx, tx, id, p.Version+1, *u.Text); err != nil {
		return err
	}
	return blame(ctx, tx, id, p.Version+1, fact.Changes)
}

func difference(before, after settings.Config) (was, is json.RawMessage, text string, changes []event.Change, err error) {
	if was, err = json.Marshal(before); err == nil {
		is, err = json.Marshal(after)
	}
	if err != nil {
		return nil, nil, "", nil, fmt.Errorf("project: %w", err)
	}
	text, changes, err = settings.Compare(was, is)
	return was, is, text, changes, err
}

// Preview is what Update would change and record.
type Preview struct {
	Diff    string // as app_config_diff has it
	Changes []event.Change
}

// Preview looks at a configuration without taking it.
//
// Errors: ConfigInvalid (with settings.Problems).
func (s *Service) Preview(p Project, text string) (_ Preview, err error) {
	defer fault.Wrap(&err, "project.Preview(%q)", p.ID)
	config, err := settings.Parse(p.ID, text)
	if err != nil {
		return Preview{}, err
	}
	_, _, diff, changes, err := difference(p.Config, config)
	return Preview{diff, changes}, err
}
