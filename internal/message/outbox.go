package message

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/store"
)

// The states of a message.
const (
	Queued = "queued" // waits to be sent, perhaps again
	Sent   = "sent"   // handed over; its body is erased
	Dead   = "dead"   // given up
)

// Entry is a row of the outbox, without its body.
type Entry struct {
	Project       string
	ID            event.ID
	Channel       Channel
	Kind          string
	State         string
	CreatedAt     time.Time
	NextAttemptAt time.Time
	SentAt        *time.Time
	Attempts      int
	// LastError is why the last attempt failed, in words that can be shown.
	LastError string
	User      event.ID
}

const entryColumns = `project_id, id, channel, message, state, created_at, next_attempt_at, sent_at, attempts, last_error, user_id`

func (e *Entry) fields() []any {
	return []any{
		&e.Project, &e.ID, (*string)(&e.Channel), &e.Kind, &e.State, store.Time(&e.CreatedAt), store.Time(&e.NextAttemptAt),
		store.TimeOrNull(&e.SentAt), &e.Attempts, &e.LastError, &e.User,
	}
}

// ForPortal reports whether the message is to somebody who signs in to the Portal.
func (e Entry) ForPortal() bool { return isForPortal(e.Kind) }

// Service looks after the outbox.
type Service struct{ db *store.DB }

// New returns the service.
func New(db *store.DB) *Service { return &Service{db} }

// List returns messages of a project, newest first: those before an id (zero for the
// newest), in a state ("" for all).
func (s *Service) List(ctx context.Context, project, state string, before event.ID, limit int) (_ []Entry, err error) {
	defer fault.Wrap(&err, "message.List(%q)", project)
	query, args := `
		SELECT `+entryColumns+`
		FROM outbox
		WHERE project_id = $1`, []any{project, min(limit, 1000)}
	if state != "" {
		args = append(args, state)
		query += fmt.Sprintf(` AND state = $%d`, len(args))
	}
	if !before.IsZero() {
		args = append(args, before)
		query += fmt.Sprintf(` AND id < $%d`, len(args))
	}
	return store.Collect(ctx, s.db, (*Entry).fields, query+`
		ORDER BY id DESC
		LIMIT $2`, args...)
}

// Get returns a message, or MessageNotFound.
func (s *Service) Get(ctx context.Context, project string, id event.ID) (_ Entry, err error) {
	defer fault.Wrap(&err, "message.Get(%q, %s)", project, id)
	return get(ctx, s.db, project, id)
}

func get(ctx context.Context, q store.Querier, project string, id event.ID) (Entry, error) {
	e, ok, err := store.One(ctx, q, (*Entry).fields, `
		SELECT `+entryColumns+` FROM outbox WHERE project_id = $1 AND id = $2`, project, id)
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "MessageNotFound", "There is no such message.")
	}
	return e, err
}

// Content is what a message says, to whom, and who caused it.
type Content struct {
	Recipient, Subject, Text string
	By                       event.By
}

// Open decrypts a message's content.
//
// Errors: MessageBodyErased (it was sent).
func Open(ctx context.Context, q store.Querier, db *store.DB, project string, id event.ID) (Content, error) {
	sealed, err := store.Column[[]byte](ctx, q, `SELECT body FROM outbox WHERE project_id = $1 AND id = $2`, project, id)
	if err != nil {
		return Content{}, err
	}
	if len(sealed) == 0 || sealed[0] == nil {
		return Content{}, fault.New(fault.NotFound, "MessageBodyErased", "The message was sent, and its text is erased.")
	}
	plain, err := db.Vault().Open(place(project, id), sealed[0])
	if err != nil {
		return Content{}, err
	}
	var b body
	if err := json.Unmarshal(plain, &b); err != nil {
		return Content{}, fmt.Errorf("message: body of %s: %w", id, err)
	}
	if string(b.By.Claimed) == "null" {
		b.By.Claimed = nil // no claims, as JSON has them
	}
	if b.By.Actor.ID == "" {
		b.By = event.BySystem("outbox") // the first version did not keep who caused it in this form
	}
	return Content(b), nil
}

func (e Entry) target() event.Target {
	if e.User.IsZero() {
		return event.About(e.Project, "message", e.ID.String())
	}
	return event.AboutUser(e.Project, e.User)
}

// Read lets somebody read a message. It may hold a password or a link, so it leaves this
// function only after the event of that very reading has committed.
//
// Errors: MessageNotFound, MessageBodyErased, MessagePrivate (it opens an account to whoever reads it).
func (s *Service) Read(ctx context.Context, by event.By, project string, id event.ID) (_ Content, err error) {
	defer fault.Wrap(&err, "message.Read(%q, %s)", project, id)
	e, err := get(ctx, s.db, project, id)
	if err != nil {
		return Content{}, store.Refuse[event.MessageRead](ctx, s.db, by, event.About(project, "message", id.String()), err)
	}
	if e.ForPortal() {
		return Content{}, store.Refuse[event.MessageRead](ctx, s.db, by, e.target(),
			fault.New(fault.Denied, "MessagePrivate", "What is in this message opens an account to whoever reads it, so only its recipient does."))
	}
	var c Content
	_, err = store.Record(ctx, s.db, by, e.target(),
		func(ctx context.Context, tx *store.Tx) (fact event.MessageRead, err error) {
			c, err = Open(ctx, tx, s.db, project, id)
			return event.MessageRead{Message: e.Kind, Channel: string(e.Channel), MessageID: id}, err
		})
	if err != nil {
		return Content{}, err
	}
	return c, nil
}

// Retry puts a message that was given up back into the queue.
//
// Errors: MessageNotFound, MessageNotDead.
func (s *Service) Retry(ctx context.Context, by event.By, project string, id event.ID) (err error) {
	defer fault.Wrap(&err, "message.Retry(%q, %s)", project, id)
	e, err := get(ctx, s.db, project, id)
	if err != nil {
		return store.Refuse[event.MessageRequeued](ctx, s.db, by, event.About(project, "message", id.String()), err)
	}
	_, err = store.Record(ctx, s.db, by, e.target(),
		func(ctx context.Context, tx *store.Tx) (fact event.MessageRequeued, err error) {
			n, err := tx.Exec(ctx, `
				UPDATE outbox
				SET state = 'queued', attempts = 0, next_attempt_at = $3, leased_until = 0
				WHERE project_id = $1 AND id = $2 AND state = 'dead'`, project, id, store.Micros(tx.Now()))
			if err == nil && n == 0 {
				err = fault.New(fault.Conflict, "MessageNotDead", "The message was not given up.")
			}
			return event.MessageRequeued{Message: e.Kind, Channel: string(e.Channel), MessageID: id}, err
		})
	return err
}
