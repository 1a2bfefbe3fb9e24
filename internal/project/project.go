// Package project keeps the projects: their configuration, their Admin API keys, and who
// administers them.
//
// Invariant: a project, its log and its first key come to be in one transaction, and its
// log's name never changes. The reserved project event.PortalProject is made by Bootstrap.
//
// Start reading at Service.Create.
package project

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/limit"
	"github.com/sealog/sealog/internal/settings"
	"github.com/sealog/sealog/internal/store"
)

// Project is a tenant.
type Project struct {
	ID        string
	Name      string
	LogID     string          // "<host>/log/<32 hex digits>"
	ConfigYML string          // as it was written
	Config    settings.Config // as it is in force; what it points to is shared and stays as it is
	Version   int64           // counts the changes of the configuration, from 1
	Plan      Plan            // what it may have
	CreatedAt time.Time
	// EditorsMayExport is whether its owners let editors take the log away.
	EditorsMayExport bool
}

// Title is what people call the project: its name, or its id when it has none.
func (p Project) Title() string {
	if p.Name == "" {
		return p.ID
	}
	return p.Name
}

const columns = `project_id, name, log_id, config, version, plan, created_at, editors_may_export`

// HeldBytes is what the project takes in memory, about: its configuration as text and as read.
func (p *Project) HeldBytes() int { return 3 * len(p.ConfigYML) }

func (p *Project) fields() []any {
	return []any{&p.ID, &p.Name, &p.LogID, &p.ConfigYML, &p.Version, &p.Plan.Name, store.Time(&p.CreatedAt), &p.EditorsMayExport}
}

// Service makes and finds projects.
type Service struct {
	Settings
	db *store.DB
	// read are configurations as they were read last: every request needs its project's, and
	// reading YAML takes longer than all else of a short one.
	read *lru.Cache[configText, settings.Config]
}

type configText struct{ project, text string }

// maxRead is how many configurations are kept.
const maxRead = 1000

// Settings is what the projects of an installation have in common.
type Settings struct {
	// PublicURL is where people reach the Portal: links in mails begin with it, and the names
	// of the logs of projects made from now on with its host.
	PublicURL *url.URL
	// Plans are what projects can choose of; nil is DefaultPlans.
	Plans Plans
	// Ceilings are the operator's, above what projects set for themselves.
	Ceilings Ceilings
	// Resolver asks for the TXT records of domains; nil is the system's.
	Resolver *net.Resolver
}

// New returns the service.
func New(db *store.DB, s Settings) *Service {
	if len(s.Plans) == 0 {
		s.Plans = DefaultPlans()
	}
	if s.Resolver == nil {
		s.Resolver = net.DefaultResolver
	}
	read, err := lru.New[configText, settings.Config](maxRead)
	if err != nil {
		panic(err) // never: the size is above 0
	}
	return &Service{s, db, read}
}

var validID = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,38}[a-z0-9]$`)

// CheckID returns an error (ProjectIDInvalid) unless id can name a project: 3 to 40 lower-case
// letters, digits and dashes, no dash at either end.
func CheckID(id string) error {
	if !validID.MatchString(id) {
		return fault.New(fault.Invalid, "ProjectIDInvalid",
			"A project id has 3 to 40 lower-case letters, digits and dashes, and no dash at either end.").On("id")
	}
	return nil
}

// Bootstrap makes the reserved project of the Portal unless it is there.
func (s *Service) Bootstrap(ctx context.Context) (err error) {
	defer fault.Wrap(&err, "project.Bootstrap")
	if _, err := s.get(ctx, s.db, event.PortalProject); !fault.Is(err, "ProjectNotFound") {
		return err
	}
	_, err = store.Record(ctx, s.db, event.BySystem("bootstrap"), event.InProject(event.PortalProject),
		func(ctx context.Context, tx *store.Tx) (event.ProjectAppCreated, error) {
			err := s.insert(ctx, tx, event.PortalProject, "Portal")
			if store.IsUnique(err) {
				err = store.ErrNoChange // another process was faster
			}
			return event.ProjectAppCreated{Name: "Portal"}, err
		})
	if errors.Is(err, store.ErrNoChange) {
		return nil
	}
	return err
}

// firstConfig is the configuration of a new project.
func firstConfig(id string) string { return "id: " + id + "\n" }

func (s *Service) insert(ctx context.Context, tx *store.Tx, id, name string) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO projects (project_id, name, log_id, config, version, plan, created_at)
		VALUES ($1, $2, $3, $4, 1, $5, $6)`,
		id, name, s.PublicURL.Host+"/log/"+tx.NewID().Hex(), firstConfig(id), s.Plans[0].Name, store.Micros(tx.Now()))
	if err != nil {
		return err
	}
	return insertVersion(ctx, tx, id, 1, firstConfig(id))
}

// Create makes a project with its log and a first Admin API key, owned by an account. It
// records project.app.created in the project's own log.
//
// Errors: ProjectIDInvalid, ProjectNameInvalid, ProjectExists.
func (s *Service) Create(ctx context.Context, by event.By, id, name string, owner event.AccountObject) (_ Project, err error) {
	defer fault.Wrap(&err, "project.Create(%q)", id)
	// A refused attempt stands in the Portal's log: the project of that id may be somebody else's.
	refused := func(err error) error {
		return store.Refuse[event.ProjectAppCreated](ctx, s.db, by, event.About(event.PortalProject, "project", id), err)
	}
	if name == "" {
		name = id
	}
	if err := errors.Join(CheckNewID(id), limit.ProjectName.CheckName(name)); err != nil {
		return Project{}, refused(err)
	}
	if _, err := s.get(ctx, s.db, id); !fault.Is(err, "ProjectNotFound") {
		if err == nil {
			err = errExists()
		}
		return Project{}, refused(err)
	}
	if err := s.mayOwnMore(ctx, s.db, by, owner.ID); err != nil {
		return Project{}, refused(err)
	}
	config, err := json.Marshal(settings.Default(id))
	if err != nil {
		return Project{}, fmt.Errorf("project: %w", err)
	}
	key, err := newKey(s.db.Vault(), id, "")
	if err != nil {
		return Project{}, err
	}
	var exceeded error
	_, err = store.Record(ctx, s.db, by, event.InProject(id),
		func(ctx context.Context, tx *store.Tx) (event.ProjectAppCreated, error) {
			fact := event.ProjectAppCreated{AppConfig: config, Name: name, Owner: owner}
			if err := lockOwner(ctx, tx, owner.ID); err != nil {
				return fact, err
			}
			if exceeded = s.mayOwnMore(ctx, tx, by, owner.ID); fault.Is(exceeded, "QuotaExceeded") {
				return fact, store.ErrNoChange // the attempt is recorded in the Portal's log
			} else if exceeded != nil {
				return fact, exceeded
			}
			if err := s.insert(ctx, tx, id, name); err != nil {
				if store.IsUnique(err) {
					err = store.ErrNoChange // somebody was faster; it is their log
				}
				return fact, err
			}
			if err := insertKey(ctx, tx, key); err != nil {
				return fact, err
			}
			return fact, insertCollaborator(ctx, tx, id, owner.ID, "OWNER")
		})
	if exceeded != nil {
		return Project{}, refused(exceeded)
	}
	if errors.Is(err, store.ErrNoChange) {
		return Project{}, refused(errExists())
	}
	if err != nil {
		return Project{}, err
	}
	return s.Get(ctx, id)
}

func errExists() *fault.Error {
	return fault.New(fault.Conflict, "ProjectExists", "There is already a project of that id.").On("id")
}

func errNoProject() error {
	return fault.New(fault.NotFound, "ProjectNotFound", "There is no such project.")
}

// Get returns a project, or ProjectNotFound.
func (s *Service) Get(ctx context.Context, id string) (_ Project, err error) {
	defer fault.Wrap(&err, "project.Get(%q)", id)
	return s.get(ctx, s.db, id)
}

func (s *Service) get(ctx context.Context, q store.Querier, id string) (Project, error) {
	p, ok, err := store.One(ctx, q, (*Project).fields, `SELECT `+columns+` FROM projects WHERE project_id = $1`, id)
	if err != nil {
		return Project{}, err
	}
	if !ok {
		return Project{}, errNoProject()
	}
	p.Plan = s.Plans.applying(p.Plan.Name)
	p.Config, err = s.config(p.ID, p.ConfigYML)
	return p, err
}

// config reads a configuration, unless it has been read before.
func (s *Service) config(project, text string) (settings.Config, error) {
	key := configText{project, text}
	if c, ok := s.read.Get(key); ok {
		return c, nil
	}
	c, err := settings.Read(project, text)
	if err == nil {
		s.read.Add(key, c)
	}
	return c, err
}

// Rename gives a project another name. It records project.app.renamed.
//
// Errors: ProjectNameInvalid.
func (s *Service) Rename(ctx context.Context, by event.By, project, name string) (err error) {
	defer fault.Wrap(&err, "project.Rename(%q)", project)
	name = strings.TrimSpace(name)
	if err := limit.ProjectName.CheckName(name); err != nil {
		return store.Refuse[event.ProjectAppRenamed](ctx, s.db, by, event.InProject(project), err)
	}
	_, err = store.Record(ctx, s.db, by, event.InProject(project),
		func(ctx context.Context, tx *store.Tx) (fact event.ProjectAppRenamed, err error) {
			if err := lockProject(ctx, tx, project); err != nil {
				return fact, err
			}
			p, err := s.get(ctx, tx, project)
			if err != nil {
				return fact, err
			}
			_, err = tx.Exec(ctx, `UPDATE projects SET name = $2 WHERE project_id = $1`, project, name)
			return event.ProjectAppRenamed{Name: name, NameBefore: p.Name}, err
		})
	return err
}
