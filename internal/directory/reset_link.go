package directory

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/message"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/session"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/vault"
)

// ResetPath is the page that the links in messages lead to; the token is the parameter token.
const ResetPath = "/reset-password"

func errForgot(cause, message string) *fault.Error {
	return fault.New(fault.Invalid, "ForgotPasswordFailed", "%s", message).On("loginID").With(CauseInfo{Cause{cause}})
}

// SendResetPasswordMessage sends a user a link with which they set a new password: by e-mail,
// or by SMS if the login id is a phone number.
//
// Errors: ForgotPasswordFailed (FeatureDisabled, UserNotFound), RateLimited.
func (s *Service) SendResetPasswordMessage(ctx context.Context, by event.By, p project.Project, loginID string) (err error) {
	defer fault.Wrap(&err, "directory.SendResetPasswordMessage(%q)", p.ID)
	refused := func(about event.Target, err error) error {
		return store.Refuse[event.SendResetPasswordMessageExecuted](ctx, s.db, by, about, err)
	}
	if !p.Config.ForgotPassword.Enabled {
		return refused(event.InProject(p.ID), errForgot("FeatureDisabled", "The project sends no such messages."))
	}
	kind, address, err := addressOf(loginID)
	if err != nil {
		return refused(event.InProject(p.ID), errForgot("UserNotFound", "No user has this e-mail address or phone number."))
	}
	owner, ok, err := ownerOf(ctx, s.db, p.ID, kind, address)
	if err == nil && !ok {
		err = errForgot("UserNotFound", "No user has this e-mail address or phone number.")
	}
	if err != nil {
		return refused(event.InProject(p.ID), err)
	}
	about := event.AboutUser(p.ID, owner.UserID)
	token, id := vault.NewToken(), event.NewID()
	mail := s.resetMessage(by, p, owner, token)
	_, err = store.Record(ctx, s.db, by, about,
		func(ctx context.Context, tx *store.Tx) (fact event.SendResetPasswordMessageExecuted, err error) {
			fact.LoginID = address
			user, err := lock(ctx, tx, p.ID, owner.UserID)
			if err != nil {
				return fact, err
			}
			object := user.Object(tx.Now())
			fact.User = &object
			recent, err := store.Column[int64](ctx, tx, `
				SELECT count(*)
				FROM password_resets
				WHERE project_id = $1 AND user_id = $2 AND created_at > $3`, p.ID, user.ID, store.Micros(tx.Now().Add(-time.Hour)))
			if err != nil {
				return fact, err
			}
			if recent[0] >= int64(p.Config.ForgotPassword.PerHour) {
				return fact, fault.New(fault.Exhausted, "RateLimited", "The user was sent too many such messages within an hour.")
			}
			until := tx.Now().Add(time.Duration(p.Config.ForgotPassword.ValidSeconds) * time.Second)
			_, err = tx.Exec(ctx, `
				INSERT INTO password_resets (project_id, id, user_id, token_hash, created_at, expires_at)
				VALUES ($1, $2, $3, $4, $5, $6)`,
				p.ID, id, user.ID, vault.HashToken(token), store.Micros(tx.Now()), store.Micros(until))
			if err != nil {
				return fact, err
			}
			return fact, mail.Enqueue(ctx, tx)
		})
	return err
}

func (s *Service) resetMessage(by event.By, p project.Project, to Identity, token string) *message.Message {
	link := s.links.JoinPath(ResetPath)
	link.RawQuery = url.Values{"token": {token}}.Encode()
	draft := message.Draft{
		Project: p.ID, Channel: message.Email, Kind: "forgot-password", Recipient: to.Value, By: by, User: to.UserID,
		Subject: "Set a new password for " + p.Title(),
		Text: fmt.Sprintf("Open this link to set a new password for %s:\n\n%s\n\nIt can be used once, within %s. If you did not expect it, do nothing.\n",
			p.Title(), link, time.Duration(p.Config.ForgotPassword.ValidSeconds)*time.Second),
	}
	if to.LoginIDType == phoneType {
		draft.Channel, draft.Subject = message.SMS, ""
		draft.Text = fmt.Sprintf("Set a new password for %s: %s", p.Title(), link)
	}
	return message.Seal(s.db.Vault(), draft)
}

// ResetLink is a link with which a user can set a new password now.
type ResetLink struct {
	Project string
	ID      event.ID
	UserID  event.ID
}

type resetRow struct {
	ResetLink
	expiresAt time.Time
	usedAt    *time.Time
}

func (r *resetRow) fields() []any {
	return []any{&r.Project, &r.ID, &r.UserID, store.Time(&r.expiresAt), store.TimeOrNull(&r.usedAt)}
}

// FindResetLink returns what a link's token stands for.
//
// Errors: ResetLinkInvalid (unknown, used, too old).
func (s *Service) FindResetLink(ctx context.Context, token string) (_ ResetLink, err error) {
	defer fault.Wrap(&err, "directory.FindResetLink")
	return findResetLink(ctx, s.db, `token_hash = $1`, s.now(), vault.HashToken(token))
}

func findResetLink(ctx context.Context, q store.Querier, which string, now time.Time, args ...any) (ResetLink, error) {
	row, ok, err := store.One(ctx, q, (*resetRow).fields, `
		SELECT project_id, id, user_id, expires_at, used_at FROM password_resets WHERE `+which, args...)
	if err == nil && (!ok || row.usedAt != nil || !now.Before(row.expiresAt)) {
		err = fault.New(fault.Denied, "ResetLinkInvalid", "The link was used already or is too old.")
	}
	return row.ResetLink, err
}

// ResetByLink sets the password of the user whom a link was sent to, uses up all links of
// that user, and ends their sessions. by is that user.
//
// Errors: ResetLinkInvalid, UserIsAnonymized, ValidationFailed, PasswordPolicyViolated, DataRace.
func (s *Service) ResetByLink(ctx context.Context, by event.By, p project.Project, link ResetLink, password string) (err error) {
	defer fault.Wrap(&err, "directory.ResetByLink(%q)", p.ID)
	if password == "" {
		return errInvalid(ValidationCause{Location: "/password", Kind: "required"})
	}
	r, err := s.prepareReset(ctx, by, p, link.UserID, ResetPasswordInput{Password: &password})
	if err != nil {
		return err // the user can try again
	}
	about := event.AboutUser(p.ID, link.UserID)
	_, err = store.Record(ctx, s.db, by, about,
		func(ctx context.Context, tx *store.Tx) (fact event.UserPasswordReset, err error) {
			user, err := lock(ctx, tx, p.ID, link.UserID)
			if err != nil {
				return fact, err
			}
			if _, err := findResetLink(ctx, tx, `project_id = $1 AND id = $2`, tx.Now(), p.ID, link.ID); err != nil {
				return fact, err
			}
			if user.IsAnonymized {
				return fact, errAnonymized()
			}
			if _, err := r.check(ctx, tx, user); err != nil {
				return fact, err
			}
			if err := r.replace(ctx, tx, user, p.Config.Password); err != nil {
				return fact, err
			}
			_, err = tx.Exec(ctx, `
				UPDATE password_resets
				SET used_at = $3
				WHERE project_id = $1 AND user_id = $2 AND used_at IS NULL`, p.ID, user.ID, store.Micros(tx.Now()))
			if err != nil {
				return fact, err
			}
			ended, err := session.EndAll(ctx, tx, p.ID, user.ID)
			if err != nil {
				return fact, err
			}
			user.HasPassword = true
			if fact.User, err = user.touched(ctx, tx); err != nil {
				return fact, err
			}
			return fact, alsoTerminated(ctx, tx, about, fact.User, ended, "all")
		})
	return err
}
