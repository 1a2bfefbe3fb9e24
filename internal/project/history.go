package project

import (
	"context"
	"strings"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/store"
)

// Version is a configuration that a project had, or has.
type Version struct {
	Number int64
	// Event is the event that made it; zero for what is older than this history.
	Event     event.ID
	CreatedAt time.Time
}

func (v *Version) fields() []any { return []any{&v.Number, &v.Event, store.Time(&v.CreatedAt)} }

func insertVersion(ctx context.Context, tx *store.Tx, project string, number int64, text string) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO config_versions (project_id, version, event_id, config, created_at)
		VALUES ($1, $2, $3, $4, $5)`, project, number, tx.EventID(), text, store.Micros(tx.Now()))
	return err
}

// likeEscaper makes text stand for itself in a pattern of LIKE … ESCAPE '!'.
var likeEscaper = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")

// blame notes which version last changed each setting: what was noted of the parts of a
// changed one is gone with them.
func blame(ctx context.Context, tx *store.Tx, project string, number int64, changes []event.Change) error {
	for _, change := range changes {
		if _, err := tx.Exec(ctx, `
			DELETE FROM config_blame
			WHERE project_id = $1 AND path LIKE $2 ESCAPE '!'`, project, likeEscaper.Replace(change.Path)+"/%"); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `
			INSERT INTO config_blame (project_id, path, version)
			VALUES ($1, $2, $3)
			ON CONFLICT (project_id, path) DO UPDATE SET version = excluded.version`, project, change.Path, number); err != nil {
			return err
		}
	}
	return nil
}

// Blame tells who last changed the settings of a project.
type Blame struct {
	byPath map[string]Version
	first  Version
}

// Of returns the version that last changed a setting, by its JSON Pointer: the note on it or
// on the nearest thing that holds it, else the oldest version that is known.
func (b Blame) Of(path string) Version {
	for path != "" {
		if v, ok := b.byPath[path]; ok {
			return v
		}
		path = path[:strings.LastIndexByte(path, '/')]
	}
	return b.first
}

// blamed is a noted path.
type blamed struct {
	path    string
	version Version
}

func (b *blamed) fields() []any { return append([]any{&b.path}, b.version.fields()...) }

// Blame returns who last changed each setting.
func (s *Service) Blame(ctx context.Context, project string) (_ Blame, err error) {
	defer fault.Wrap(&err, "project.Blame(%q)", project)
	notes, err := store.Collect(ctx, s.db, (*blamed).fields, `
		SELECT b.path, v.version, v.event_id, v.created_at
		FROM config_blame b
		JOIN config_versions v ON v.project_id = b.project_id AND v.version = b.version
		WHERE b.project_id = $1
		LIMIT 100000`, project)
	if err != nil {
		return Blame{}, err
	}
	first, _, err := store.One(ctx, s.db, (*Version).fields, `
		SELECT version, event_id, created_at
		FROM config_versions
		WHERE project_id = $1
		ORDER BY version
		LIMIT 1`, project)
	found := Blame{byPath: make(map[string]Version, len(notes)), first: first}
	for _, n := range notes {
		found.byPath[n.path] = n.version
	}
	return found, err
}

// Versions returns versions of a project's configuration, the newest first: those before a
// number, or the newest when it is 0.
func (s *Service) Versions(ctx context.Context, project string, before int64, limit int) (_ []Version, err error) {
	defer fault.Wrap(&err, "project.Versions(%q)", project)
	return store.Collect(ctx, s.db, (*Version).fields, `
		SELECT version, event_id, created_at
		FROM config_versions
		WHERE project_id = $1 AND ($2 = 0 OR version < $2)
		ORDER BY version DESC
		LIMIT $3`, project, before, min(limit, 1000))
}

// ConfigAt returns the configuration as it was when an event was recorded, after what that
// event changed.
//
// Errors: VersionNotFound (the event is older than the history).
func (s *Service) ConfigAt(ctx context.Context, project string, at event.ID) (_ string, _ Version, err error) {
	defer fault.Wrap(&err, "project.ConfigAt(%q, %s)", project, at)
	type row struct {
		text    string
		version Version
	}
	fields := func(r *row) []any { return append([]any{&r.text}, r.version.fields()...) }
	found, ok, err := store.One(ctx, s.db, fields, `
		SELECT config, version, event_id, created_at
		FROM config_versions
		WHERE project_id = $1 AND event_id <= $2
		ORDER BY event_id DESC
		LIMIT 1`, project, at)
	if err == nil && !ok {
		// What the history began with has no event, only a time.
		found, ok, err = store.One(ctx, s.db, fields, `
			SELECT config, version, event_id, created_at
			FROM config_versions
			WHERE project_id = $1 AND event_id IS NULL AND created_at <= $2
			ORDER BY version
			LIMIT 1`, project, store.Micros(at.Time()))
	}
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "VersionNotFound", "The project's configuration at that time is not known.")
	}
	return found.text, found.version, err
}
