package directory

import (
	"fmt"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/message"
	"github.com/sealog/sealog/internal/project"
)

// The messages about passwords, as email.sent names them.
const (
	toNewUser      = "send-password-to-new-user"
	toExistingUser = "send-password-to-existing-user"
)

// passwordMail makes the mail that tells a user their password. It is made before the
// transaction, since encryption takes randomness.
func (s *Service) passwordMail(kind string, p project.Project, recipient, password string, by event.By, user event.ID) *message.Message {
	subject := "Your password for " + p.Title()
	if kind == toExistingUser {
		subject = "Your new password for " + p.Title()
	}
	return message.Seal(s.db.Vault(), message.Draft{
		Project: p.ID, Channel: message.Email, Kind: kind, Recipient: recipient, Subject: subject, By: by, User: user,
		Text: fmt.Sprintf("An administrator of %s has set your password.\n\nYour password is: %s\n", p.Title(), password),
	})
}
