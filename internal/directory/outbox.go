package directory

import (
	"context"
	"fmt"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/vault"
)

// The messages, as email.sent names them.
const (
	toNewUser      = "send-password-to-new-user"
	toExistingUser = "send-password-to-existing-user"
)

// messageBody is what is encrypted of a message in the outbox.
type messageBody struct {
	Recipient string      `json:"recipient"`
	Subject   string      `json:"subject"`
	Text      string      `json:"text"`
	By        event.Actor `json:"by"`
	UserID    event.ID    `json:"user_id"`
}

// message is a message to be put into the outbox. Nil is none.
type message struct {
	project, kind string
	id            event.ID
	sealed        []byte
}

// passwordMail makes the mail that tells a user their password. It is made before the
// transaction, since encryption takes randomness.
func (s *Service) passwordMail(kind string, p project.Project, recipient, password string, by event.By, user event.ID) *message {
	name := p.Name
	if name == "" {
		name = p.ID
	}
	subject := "Your password for " + name
	if kind == toExistingUser {
		subject = "Your new password for " + name
	}
	m := &message{project: p.ID, kind: kind, id: event.NewID()}
	m.sealed = s.db.Vault().Seal(vault.Place{Project: p.ID, Table: "outbox", ID: m.id.String()}, mustEncode(messageBody{
		Recipient: recipient, Subject: subject, By: by.Actor, UserID: user,
		Text: fmt.Sprintf("An administrator of %s has set your password.\n\nYour password is: %s\n", name, password),
	}))
	return m
}

// enqueue puts the message into the outbox in the transaction of what caused it; package
// delivery sends it.
func (m *message) enqueue(ctx context.Context, tx *store.Tx) error {
	if m == nil {
		return nil
	}
	_, err := tx.Exec(ctx, `
		INSERT INTO outbox (project_id, id, channel, message, body, state, created_at)
		VALUES ($1, $2, 'email', $3, $4, 'queued', $5)`, m.project, m.id, m.kind, m.sealed, store.Micros(tx.Now()))
	return err
}
