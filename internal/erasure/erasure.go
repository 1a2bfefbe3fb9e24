package erasure

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/store"
)

const (
	// maxPasses bounds how often the log is gone through for one request, and wait is for how
	// much longer before each pass those events are waited for that are not derived yet.
	maxPasses = 10
	wait      = 50 * time.Millisecond
)

// Service erases.
type Service struct {
	db     *store.DB
	settle func(context.Context) error
	log    *slog.Logger
}

// New returns the service. settle gives positions to what was recorded, and derives and signs
// it, as sequencer.Service.Finish does.
func New(db *store.DB, settle func(context.Context) error, log *slog.Logger) *Service {
	return &Service{db: db, settle: settle, log: log}
}

// Erased is an event that has lost something.
type Erased struct {
	ID       event.ID
	Position int64
	Fields   []string // the names of its disclosures that are gone, such as "context~personal"
}

// Result is what an erasure did.
type Result struct {
	Events []Erased // in the order of their positions
	// Recorded are the events of type audit.redacted that say so, Earlier those about the same
	// user that were there before.
	Recorded, Earlier []event.ID
	At                time.Time
	// Certificate is the signed text that says all this (see certificate.go), and Verifier the
	// key with which it is verified, as C2SP signed-note writes keys.
	Certificate []byte
	Verifier    string
	// Leftover is why the bytes may still stand in the database's files, although no query
	// gives them any more: it was not possible to clean those up. Nil when it was.
	Leftover error
}

// Fields is how many disclosures are gone.
func (r Result) Fields() int {
	n := 0
	for _, e := range r.Events {
		n += len(e.Fields)
	}
	return n
}

// request is one call of Erase.
type request struct {
	by      event.By
	project string
	user    event.ID
	reason  string
}

// Erase removes what is personal about an end user, whose id is a UUID, from the log of a
// project. The reason is one line of 1 to 1,000 characters; it is public and stays, so it must
// not repeat what is removed. When nothing is left to remove, the request alone is recorded.
//
// What an event says about an administrator who acted, or another user, stays.
//
// Errors: UserIDInvalid, ReasonMissing, ProjectNotFound, UserStillExists (neither deleted nor
// anonymized), NothingToErase (no event is about the user), EventUnreadable (somebody has changed an event about the user; the others are erased),
// LogBusy (events kept coming, or were not derived in time; what was erased stays erased, and on
// the record).
func (s *Service) Erase(ctx context.Context, by event.By, project, user, reason string) (_ Result, err error) {
	defer fault.Wrap(&err, "erasure.Erase(%q)", project)
	refuse := func(about event.Target, err error) (Result, error) {
		return Result{}, store.Refuse[event.AuditRedacted](ctx, s.db, by, about, err)
	}
	id, err := event.ParseID(user)
	if err != nil || id.IsZero() {
		// What was given instead of an id may be somebody's address: it is not recorded.
		return refuse(event.InProject(project), fault.New(fault.Invalid, "UserIDInvalid", "A user's id is a UUID.").On("userID"))
	}
	about := event.AboutUser(project, id)
	if reason = strings.TrimSpace(reason); !isReason(reason) {
		return refuse(about, fault.New(fault.Invalid, "ReasonMissing",
			"Say in one line of 1 to 1,000 characters on what ground the data is erased.").On("reason"))
	}
	logs, err := store.Column[string](ctx, s.db, `SELECT log_id FROM projects WHERE project_id = $1`, project)
	if err != nil {
		return Result{}, err
	}
	if len(logs) == 0 {
		return refuse(about, fault.New(fault.NotFound, "ProjectNotFound", "There is no such project."))
	}
	users, err := store.Column[int64](ctx, s.db, `SELECT 1 FROM users WHERE project_id = $1 AND id = $2 AND NOT is_anonymized`, project, id)
	if err != nil {
		return Result{}, err
	}
	if len(users) > 0 {
		return refuse(about, fault.New(fault.Conflict, "UserStillExists",
			"The user still exists, and their data would be in the events to come. Delete or anonymize the user first, then erase.").On("userID"))
	}
	r := request{by, project, id, reason}
	result, err := s.all(ctx, r)
	if err != nil {
		return refuse(about, err)
	}
	s.finish(ctx, project)
	if err := s.certify(ctx, r, logs[0], &result); err != nil {
		return Result{}, err
	}
	if result.Leftover = store.Compact(ctx, s.db); result.Leftover != nil {
		s.log.WarnContext(ctx, "what was erased may still stand in the database's files", "project", project, "error", result.Leftover)
	}
	return result, nil
}

// isReason reports whether a text can stand in the log as a reason, and on one line of a note.
func isReason(text string) bool {
	n := utf8.RuneCountInString(text)
	return n >= 1 && n <= 1000 && utf8.ValidString(text) &&
		!strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' })
}

// all makes passes until one finds nothing to erase.
func (s *Service) all(ctx context.Context, r request) (Result, error) {
	var result Result
	var unsettled error
	for n := range maxPasses {
		sleep(ctx, time.Duration(n)*wait)
		if unsettled = s.settle(ctx); unsettled != nil {
			// It may be another project that is in trouble; the transactions see for themselves.
			s.log.WarnContext(ctx, "the log was not settled before an erasure", "project", r.project, "error", unsettled)
		}
		p := pass{s: s, request: r}
		err := p.run(ctx)
		result.Events = append(result.Events, p.erased...)
		result.Recorded = append(result.Recorded, p.recorded...)
		switch {
		case err != nil:
			return result, err
		case p.seen == 0 && n == 0:
			return result, fault.New(fault.NotFound, "NothingToErase", "No event of this project is about that user.")
		case len(p.erased) > 0 || p.early > 0:
			continue
		case len(p.unreadable) > 0:
			return result, fault.New(fault.Conflict, "EventUnreadable",
				"%d events about the user, such as %s, are not what was recorded, so that nobody can tell what in them is personal; everything else is erased.",
				len(p.unreadable), p.unreadable[0])
		}
		if len(result.Events) == 0 {
			if err := s.recordNothing(ctx, r, &result); err != nil {
				return result, err
			}
		}
		slices.SortFunc(result.Events, func(a, b Erased) int { return cmp.Compare(a.Position, b.Position) })
		return result, nil
	}
	return result, fault.New(fault.Unavailable, "LogBusy",
		"Not everything could be erased: events about the user keep coming, or have no position yet. What was erased is on the record. Try again.").Because(unsettled)
}

// recordNothing records that somebody asked, and nothing was left.
func (s *Service) recordNothing(ctx context.Context, r request, result *Result) error {
	_, err := store.Record(ctx, s.db, r.by, event.AboutUser(r.project, r.user),
		func(_ context.Context, tx *store.Tx) (event.AuditRedacted, error) {
			result.Recorded = []event.ID{tx.EventID()}
			return event.AuditRedacted{UserID: r.user, Reason: r.reason, Events: []event.RedactedEvent{}}, nil
		})
	return err
}

// finish has what was recorded sealed and signed: until it is, nothing proves that the fields
// that are missing were erased. The sequencer does it anyway, a little later.
func (s *Service) finish(ctx context.Context, project string) {
	if err := s.settle(ctx); err != nil {
		s.log.WarnContext(ctx, "an erasure was not sealed at once", "project", project, "error", err)
	}
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
