package export

import (
	"context"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/store"
)

// checkPage is how many events are read at once.
const checkPage = 512

// checker checks one project in one state of the database. It belongs to one goroutine. Its
// memory grows with the events of one day, the actors of the log, and the events of which
// values were erased, and not with the log.
type checker struct {
	db       *store.DB
	q        *store.Snapshot
	project  string
	log      string // the log's id
	rep      *Report
	progress func(done, total int64)

	epochs    []auditlog.Epoch
	size      int64 // positions that the log says it has given
	projected int64 // below it, events are counted and have their references
	total     int64 // for progress

	erased  *erasures
	counted *tally
	refs    *references
	actors  map[event.Actor]bool // that events name, but for end users
	placed  int64                // positions that were read beside the events
}

// Check compares what the database keeps beside the events of a project with what the events
// say: columns, positions, the tree with its tiles and checkpoints, counts, references and
// actors; and the events' values with their digests. It reads one state of the database, and changes nothing.
// progress, which may be nil, is told how many events were looked at, and how many there are.
//
// Errors: ProjectNotFound; the database cannot be read. What differs is in the report.
func Check(ctx context.Context, db *store.DB, project string, progress func(done, total int64)) (_ *Report, err error) {
	defer fault.Wrap(&err, "export.Check(%q)", project)
	c := &checker{db: db, project: project, rep: newReport(project), progress: progress}
	err = store.InSnapshot(ctx, db, func(ctx context.Context, q *store.Snapshot) error {
		c.q = q
		return c.run(ctx)
	})
	if err != nil {
		return nil, err
	}
	c.rep.Sound = c.rep.Total() == 0
	return c.rep, nil
}

func (c *checker) run(ctx context.Context) error {
	if err := c.begin(ctx); err != nil {
		return err
	}
	// The tree first: it is short, and says most.
	for _, step := range []func(context.Context) error{c.tree, c.events, c.checkCounts, c.checkReferences, c.checkActors} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// begin reads what the log says of itself.
func (c *checker) begin(ctx context.Context) error {
	logs, err := store.Column[string](ctx, c.q, `SELECT log_id FROM projects WHERE project_id = $1`, c.project)
	if err != nil {
		return err
	}
	if len(logs) == 0 {
		return fault.New(fault.NotFound, "ProjectNotFound", "There is no such project.")
	}
	c.log = logs[0]
	if c.epochs, err = auditlog.Epochs(ctx, c.q, c.project); err != nil {
		return err
	}
	c.rep.Checked.Epochs = int64(len(c.epochs))
	if n := len(c.epochs); n > 0 {
		c.size, c.projected = c.epochs[n-1].Size, c.epochs[n-1].Projected
	}
	if c.projected > c.size {
		c.rep.add(KindTree, none, "%d events are counted, and the log has %d", c.projected, c.size)
	}
	c.total, err = c.count(ctx, `SELECT count(*) FROM events WHERE project_id = $1`)
	return err
}

// count runs a query of one number about the project.
func (c *checker) count(ctx context.Context, query string, args ...any) (int64, error) {
	n, err := store.Column[int64](ctx, c.q, query, append([]any{c.project}, args...)...)
	if err != nil {
		return 0, err
	}
	return n[0], nil
}

// Projects lists all projects, the Portal's own among them, in the order of their ids.
func Projects(ctx context.Context, db *store.DB) (_ []string, err error) {
	defer fault.Wrap(&err, "export.Projects")
	return store.Column[string](ctx, db, `SELECT project_id FROM projects ORDER BY project_id`)
}
