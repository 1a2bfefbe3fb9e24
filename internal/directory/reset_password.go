package directory

import (
	"context"
	"github.com/sealog/sealog/internal/settings"
	"slices"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/message"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/store"
)

// ResetPasswordInput is a new password for a user.
type ResetPasswordInput struct {
	// Password is generated when nil or "".
	Password           *string
	SendPassword       bool
	SetPasswordExpired bool
}

// reset is a ResetPasswordInput that was checked against a user as they were before the
// transaction, with everything that is slow or random done.
type reset struct {
	generated, expired bool
	hash               string // that of the present password when it is the same
	mail               *message.Message
	recipient          string
	present            []Authenticator // the primary passwords that were compared
}

// ResetPassword replaces a user's password. It is in no event and ends no session.
//
// Errors: UserNotFound, UserIsAnonymized, ValidationFailed, PasswordPolicyViolated (also
// PasswordReused), PasswordGenerateError, SendPasswordNoTarget, DataRace (the password was
// changed at the same time).
func (s *Service) ResetPassword(ctx context.Context, by event.By, p project.Project, id event.ID, in ResetPasswordInput) (_ User, err error) {
	defer fault.Wrap(&err, "directory.ResetPassword(%q, %s)", p.ID, id)
	about := event.AboutUser(p.ID, id)
	r, err := s.prepareReset(ctx, by, p, id, in)
	if err != nil {
		return User{}, store.Refuse[event.ResetPasswordExecuted](ctx, s.db, by, about, err)
	}
	var user User
	_, err = store.Record(ctx, s.db, by, about,
		func(ctx context.Context, tx *store.Tx) (fact event.ResetPasswordExecuted, err error) {
			user, err = lock(ctx, tx, p.ID, id)
			if err != nil {
				return fact, err
			}
			if user.IsAnonymized {
				return fact, errAnonymized()
			}
			identities, err := r.check(ctx, tx, user)
			if err != nil {
				return fact, err
			}
			if err := r.replace(ctx, tx, user, p.Config.Password); err != nil {
				return fact, err
			}
			user.UpdatedAt, user.HasPassword = store.Updated(user.UpdatedAt, tx.Now()), true
			if err := user.save(ctx, tx, identities); err != nil {
				return fact, err
			}
			return event.ResetPasswordExecuted{
				User: user.Object(tx.Now()), Generated: r.generated, Sent: r.mail != nil, Expired: r.expired,
			}, r.mail.Enqueue(ctx, tx)
		})
	if err != nil {
		return User{}, err
	}
	return user, nil
}

func (s *Service) prepareReset(ctx context.Context, by event.By, p project.Project, id event.ID, in ResetPasswordInput) (r reset, err error) {
	user, err := get(ctx, s.db, p.ID, id)
	if err != nil {
		return r, err
	}
	if user.IsAnonymized {
		return r, errAnonymized()
	}
	r.expired = in.SetPasswordExpired
	password, generated, err := choosePassword(p.Config.Password, in.Password)
	if err != nil {
		return r, err
	}
	r.generated = generated
	if in.SendPassword {
		identities, err := identitiesOf(ctx, s.db, p.ID, id)
		if err != nil {
			return r, err
		}
		if r.recipient = emailOf(identities); r.recipient == "" {
			return r, errNoTarget()
		}
		r.mail = s.passwordMail(toExistingUser, p, r.recipient, password, by, id)
	}
	if r.present, err = passwordsOf(ctx, s.db, p.ID, id); err != nil {
		return r, err
	}
	if !generated {
		if r.hash, err = s.compare(ctx, p, id, r.present, password); err != nil {
			return r, err
		}
	}
	if r.hash == "" {
		r.hash, err = s.passwords.Hash(ctx, password)
	}
	return r, err
}

// compare refuses a password that the user has or had (PasswordReused). In a project that
// keeps no history it returns the hash of the present password if that is the same.
func (s *Service) compare(ctx context.Context, p project.Project, user event.ID, present []Authenticator, password string) (string, error) {
	hashes := make([]string, 0, len(present))
	for _, a := range present {
		hashes = append(hashes, a.secret)
	}
	size, days := p.Config.Password.HistorySize, p.Config.Password.HistoryDays
	if size > 0 || days > 0 {
		former, err := formerPasswords(ctx, s.db, p, user, s.now())
		if err != nil {
			return "", err
		}
		hashes = append(hashes, former...)
	}
	i, err := s.matchesAny(ctx, hashes, password)
	switch {
	case err != nil || i < 0:
		return "", err
	case size > 0 || days > 0:
		return "", errPassword(PasswordCause{"PasswordReused", &PasswordRule{HistorySize: &size, HistoryDays: &days}})
	default:
		return hashes[i], nil
	}
}

// check makes sure that the locked user is still the one that was looked at.
func (r reset) check(ctx context.Context, tx *store.Tx, user User) ([]Identity, error) {
	identities, err := identitiesOf(ctx, tx, user.Project, user.ID)
	if err != nil {
		return nil, err
	}
	present, err := passwordsOf(ctx, tx, user.Project, user.ID)
	if err != nil {
		return nil, err
	}
	same := slices.EqualFunc(present, r.present, func(a, b Authenticator) bool { return a.ID == b.ID && a.secret == b.secret })
	if !same || r.mail != nil && emailOf(identities) != r.recipient {
		return nil, errDataRace()
	}
	return identities, nil
}

// replace writes the password in place when there is exactly one, else removes all and makes one.
func (r reset) replace(ctx context.Context, tx *store.Tx, user User, policy settings.PasswordConfig) error {
	for _, old := range r.present {
		if old.secret == r.hash {
			continue
		}
		if err := remember(ctx, tx, old, policy); err != nil {
			return err
		}
	}
	if len(r.present) == 1 {
		a := r.present[0]
		a.expire(tx.Now(), r.expired)
		_, err := tx.Exec(ctx, `
			UPDATE authenticators
			SET secret = $4, expire_after = $5, `+store.SetUpdated("", "$6")+`
			WHERE project_id = $1 AND user_id = $2 AND id = $3`,
			a.Project, a.UserID, a.ID, r.hash, store.MicrosOrNull(a.ExpireAfter), store.Micros(tx.Now()))
		return err
	}
	_, err := tx.Exec(ctx, `
		DELETE FROM authenticators
		WHERE project_id = $1 AND user_id = $2 AND type = 'password' AND kind = 'primary'`, user.Project, user.ID)
	if err != nil {
		return err
	}
	return insertAuthenticator(ctx, tx, newPassword(tx, user, r.hash, r.expired))
}
