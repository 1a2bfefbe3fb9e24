// Package message is what is to be told to users and collaborators: mails and text messages,
// put into the outbox in the transaction of what caused them.
//
// Invariant: a body stands nowhere but in its outbox row, encrypted, and is erased when it
// was sent. Package delivery sends. Start reading at Draft.
package message

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/vault"
)

// Channel is how a message goes out.
type Channel string

// The channels.
const (
	Email Channel = "email"
	SMS   Channel = "sms"
)

// The kinds of messages to people who sign in to the Portal. Nobody else reads them: what
// they hold opens an account or a project to whoever has it.
const (
	KindInvitation    = "collaborator-invitation"
	KindPasswordReset = "account-password-reset"
)

func isForPortal(kind string) bool { return kind == KindInvitation || kind == KindPasswordReset }

// Draft is a message before it is encrypted.
type Draft struct {
	Project string
	Channel Channel
	// Kind is the message's type, as email.sent names it: "forgot-password".
	Kind                     string
	Recipient, Subject, Text string
	// By is who caused it.
	By event.By
	// User is whom it is for, or zero.
	User event.ID
}

// body is what is encrypted of a message.
type body struct {
	Recipient string   `json:"recipient"`
	Subject   string   `json:"subject"`
	Text      string   `json:"text"`
	By        event.By `json:"by"`
}

// Message is an encrypted message. Nil is none.
type Message struct {
	project, kind string
	channel       Channel
	id, user      event.ID
	sealed        []byte
}

// Seal encrypts a message for its row. It is done before the transaction, since encryption
// takes randomness.
func Seal(v *vault.Vault, d Draft) *Message {
	m := &Message{project: d.Project, kind: d.Kind, channel: d.Channel, id: event.NewID(), user: d.User}
	text, err := json.Marshal(body{d.Recipient, d.Subject, d.Text, d.By})
	if err != nil {
		panic(fmt.Sprintf("message: %v", err)) // texts, and a claim that was JSON before
	}
	m.sealed = v.Seal(place(m.project, m.id), text)
	return m
}

func place(project string, id event.ID) vault.Place {
	return vault.Place{Project: project, Table: "outbox", ID: id.String()}
}

// Enqueue puts the message into the outbox in the transaction of what caused it.
func (m *Message) Enqueue(ctx context.Context, tx *store.Tx) error {
	if m == nil {
		return nil
	}
	forPortal := 0
	if isForPortal(m.kind) {
		forPortal = 1
	}
	_, err := tx.Exec(ctx, `
		INSERT INTO outbox (project_id, id, channel, message, body, state, created_at, user_id, next_attempt_at, for_portal)
		VALUES ($1, $2, $3, $4, $5, 'queued', $6, $7, $6, $8)`,
		m.project, m.id, string(m.channel), m.kind, m.sealed, store.Micros(tx.Now()), m.user, forPortal)
	return err
}

// Forget removes the messages of a user who is deleted or anonymized.
func Forget(ctx context.Context, tx *store.Tx, project string, user event.ID) error {
	_, err := tx.Exec(ctx, `DELETE FROM outbox WHERE project_id = $1 AND user_id = $2`, project, user)
	return err
}
